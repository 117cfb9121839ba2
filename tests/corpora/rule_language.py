#!/usr/bin/env python3
"""Random rules over random traffic: tocsin beside Suricata 7, alert by alert. Run by hand; the differences that are meant
are in docs/keywords.md.

usage: rule_language.py TOCSIN [--batches N] [--rules N] [--seed N] [--only FAMILY,...] [--counts] [--keep DIR]

A batch is some hundred rules (rule_random.py) and some hundred packets (rule_traffic.py). Both engines read the same files,
each batch with one of `-k none`, `-k all` and no `-k`. Compared are which rules were accepted and, of every alert, the rule,
the packet, the action and the addresses. --keep leaves the files of the batches that differ in DIR. Exits 1 on any
difference, 77 without Suricata.
"""
import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import rule_random
import rule_traffic

CONFIG = """%%YAML 1.1
---
vars:
  address-groups: {HOME_NET: "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]", EXTERNAL_NET: "!$HOME_NET"}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [alert]}
default-log-dir: .
packet-alert-max: 255
stream: {checksum-validation: yes, reassembly: {depth: 1mb, toserver-chunk-size: 2560, toclient-chunk-size: 2560,
  randomize-chunk-size: no}}
detect: {profile: medium}
app-layer: {protocols: {%s}}
classification-file: /dev/null
reference-config-file: /dev/null
""" % ", ".join("%s: {enabled: no}" % p for p in (
    "http tls dcerpc ftp ssh smtp imap smb dns krb5 ike tftp ntp dhcp snmp sip rfb mqtt rdp telnet nfs modbus dnp3 enip "
    "bittorrent-dht pgsql quic http2 template").split())


def alerts(directory, counts):
    """{rule: how often each (packet, action, source, destination) alerted}, with counts: {rule: how often}"""
    out = collections.defaultdict(collections.Counter)
    with open(os.path.join(directory, "eve.json")) as lines:
        for line in lines:
            e = json.loads(line)
            if e.get("event_type") == "alert" and e["alert"]["gid"] == 1:
                out[e["alert"]["signature_id"]][() if counts else (e.get("pcap_cnt", 0), e["alert"]["action"], e["src_ip"], e.get("src_port", 0),
                                                 e["dest_ip"], e.get("dest_port", 0))] += 1
    return out


def run(command, directory):
    os.mkdir(directory)
    r = subprocess.run(command + ["-l", directory], capture_output=True, text=True, check=False, timeout=300)
    return r.stdout + r.stderr


def suricata(work, flags, counts):
    out = run(["suricata", "-c", os.path.join(work, "oracle.yaml"), "--runmode", "single", "-S", os.path.join(work, "r.rules"), "-r",
               os.path.join(work, "t.pcap")] + flags, os.path.join(work, "suricata"))
    refused = {int(n): why for why, n in re.findall(r"(.*)\n.*error parsing signature .* at line (\d+)", out)}
    return refused, alerts(os.path.join(work, "suricata"), counts)


def tocsin(program, work, flags, counts):
    rules, packets = ["-S", os.path.join(work, "r.rules")], ["-r", os.path.join(work, "t.pcap"), "--set", "packet-alert-max=255"]
    check = subprocess.run([program, "-T"] + rules, capture_output=True, text=True, check=False)
    out = run([program, "-q"] + rules + packets + flags, os.path.join(work, "tocsin"))
    if not os.path.exists(os.path.join(work, "tocsin", "eve.json")):
        sys.exit("tocsin: " + out)
    refused = {int(n): why for n, why in re.findall(r"r\.rules:(\d+):(?! sid \d+: not used)(.*)", check.stdout + check.stderr)}
    return refused, alerts(os.path.join(work, "tocsin"), counts)


def show(counter, most=6):
    items = sorted(counter.elements())
    if not items or not items[0]:
        return str(len(items))
    return " ".join("%d:%s:%s:%d>%s:%d" % i for i in items[:most]) + (" and %d more" % (len(items) - most) if len(items) > most else "")


def batch(program, seed, args, work):
    """Prints what differs. Returns (rules, rules that alerted, differences)."""
    rng = random.Random(seed)
    families = args.only.split(",") if args.only else list(rule_random.FAMILIES)
    rules = [rule_random.rule(rng, sid, rng.choice(families)) for sid in range(1, args.rules + 1)]
    with open(os.path.join(work, "r.rules"), "w") as out:
        out.write("\n".join(rules) + "\n")
    with open(os.path.join(work, "oracle.yaml"), "w") as out:
        out.write(CONFIG)
    rule_traffic.write_pcap(os.path.join(work, "t.pcap"), rule_traffic.frames(rng, 60, odd=True))
    flags = rng.choice((["-k", "none"], ["-k", "all"], []))
    bad_s, theirs = suricata(work, flags, args.counts)
    bad_t, ours = tocsin(program, work, flags, args.counts)
    differ = 0
    for sid, text in enumerate(rules, 1):
        if (sid in bad_s) != (sid in bad_t):
            print("seed %d: refused by %s: %s\n    %s" % (
                seed, "suricata" if sid in bad_s else "tocsin", text, bad_s.get(sid, bad_t.get(sid))))
        elif ours[sid] != theirs[sid]:
            print("seed %d %s: %s\n    suricata only: %s\n    tocsin only:   %s" % (
                seed, " ".join(flags), text, show(theirs[sid] - ours[sid]), show(ours[sid] - theirs[sid])))
        else:
            continue
        differ += 1
    return len(rules), sum(1 for a in theirs.values() if a), differ


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("tocsin")
    ap.add_argument("--batches", type=int, default=10)
    ap.add_argument("--rules", type=int, default=300)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--only", help="families: " + " ".join(rule_random.FAMILIES))
    ap.add_argument("--counts", action="store_true", help="compare how many alerts a rule gave, not on which packets")
    ap.add_argument("--keep")
    args = ap.parse_args()
    if not shutil.which("suricata"):
        print("SKIPPED: no suricata to compare with")
        return 77
    total = [0, 0, 0]
    for seed in range(args.seed, args.seed + args.batches):
        with tempfile.TemporaryDirectory() as work:
            got = batch(args.tocsin, seed, args, work)
            if got[2] and args.keep:
                shutil.copytree(work, os.path.join(args.keep, str(seed)), dirs_exist_ok=True)
        total = [a + b for a, b in zip(total, got)]
    print("%d rules, %d of them alerted, %d differ" % tuple(total))
    return 1 if total[2] else 0


if __name__ == "__main__":
    sys.exit(main())
