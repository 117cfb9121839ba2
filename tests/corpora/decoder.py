#!/usr/bin/env python3
"""Compares stats.decoder of tocsin with Suricata's over the shared captures: packets by kind, events by name, malformed.

usage: decoder.py TOCSIN [--every N] [--jobs N] [--list]

The captures are those of $TOCSIN_SHARED (default: ../shared beside the repository). Where docs/decode.md says that tocsin
looks into what Suricata does not, a counter of tocsin's shows it, and a difference there is on purpose. Exit 1 when a
capture differs without such a reason.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

CONFIG = """%YAML 1.1
---
vars:
  port-groups: {VXLAN_PORTS: 4789, GENEVE_PORTS: 6081, TEREDO_PORTS: 3544}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [{stats: {totals: yes}}]}
stats: {enabled: yes, decoder-events: yes, decoder-events-prefix: decoder.event}
decoder:
  teredo: {enabled: true, ports: $TEREDO_PORTS}
  vxlan: {enabled: true, ports: $VXLAN_PORTS}
  geneve: {enabled: true, ports: $GENEVE_PORTS}
"""
# Counters of tocsin's that explain a difference when they are not zero.
REASONS = ("gtpu", "ipv4_in_ipv4", "ipv6_in_ipv6", "llc", "teredo", "vxlan", "wlan", "nflog", "etag")
# Names of ours that Suricata has nothing for, or says in other places.
OURS = ("arp.", "ipv4.frag_", "ipv6.frag_", "llc.", "too_many_")
# bytes: libpcap cuts a record to the snapshot length its file states
SKIPPED = {"bytes", "avg_pkt_size", "max_pkt_size", "max_mac_addrs_src", "max_mac_addrs_dst"}
# Suricata remembers 15 events a packet, tocsin counts them all.
SATURATES = 14


def numbers(tree, prefix=""):
    out = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            out.update(numbers(value, prefix + key + "."))
        elif key not in SKIPPED:
            out[prefix + key] = value
    return out


def decoder_stats(directory):
    last = None
    with open(os.path.join(directory, "eve.json")) as lines:
        for line in lines:
            if '"event_type":"stats"' in line:
                last = json.loads(line)["stats"]["decoder"]
    return numbers(last)


def compare(tocsin, path):
    """Returns (differing counters, reason or None), or None when Suricata cannot read the file."""
    with tempfile.TemporaryDirectory() as top:
        ours, theirs = os.path.join(top, "a"), os.path.join(top, "b")
        os.mkdir(ours), os.mkdir(theirs)
        with open(os.path.join(top, "s.yaml"), "w") as config:
            config.write(CONFIG)
        subprocess.run([tocsin, "-q", "-k", "none", "-r", path, "-l", ours], capture_output=True, timeout=120)
        subprocess.run(["suricata", "-c", os.path.join(top, "s.yaml"), "-r", path, "-S", "/dev/null", "-l", theirs, "-k",
                        "none", "--runmode", "single"], capture_output=True, timeout=120)
        a, b = decoder_stats(ours), decoder_stats(theirs)
    if b["pkts"] == 0:
        return None
    differ = {}
    for key in sorted(set(a) & set(b)):
        name = key[len("event."):] if key.startswith("event.") else ""
        if key == "invalid" and a.get("event.tcp.opt_invalid_len"):
            continue  # Suricata counts such a segment as invalid and inspects it; for us it is not invalid
        if a[key] != b[key] and not name.startswith(OURS) and not (name and b[key] >= SATURATES and a[key] > b[key]):
            differ[key] = (b[key], a[key])
    reason = next((r for r in REASONS if a.get(r)), None)
    return differ, reason


def captures(shared):
    for folder in ("attacks", "agreement/captures"):
        top = os.path.join(shared, "corpora", folder)
        for name in sorted(os.listdir(top)):
            if ".pcap" in name:
                yield os.path.join(top, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tocsin")
    parser.add_argument("--every", type=int, default=1, help="take each Nth capture only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="say what differs on purpose, too")
    args = parser.parse_args()
    shared = os.environ.get("TOCSIN_SHARED", os.path.join(os.path.dirname(__file__), "../../../shared"))
    if not os.path.isdir(shared) or not shutil.which("suricata"):
        print("skipped: %s" % ("suricata is not installed" if os.path.isdir(shared) else shared + " is absent"))
        sys.exit(77)
    paths = list(captures(shared))[::args.every]
    count = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, result in zip(paths, pool.map(lambda p: compare(args.tocsin, p), paths)):
            if result is None:
                kind = "not read by Suricata"
            else:
                kind = "same" if not result[0] else "differ on purpose" if result[1] else "DIFFER"
            count[kind] += 1
            if kind == "DIFFER" or (args.list and result and result[0]):
                print("%s: %s %s" % (os.path.basename(path), result[1] or "", result[0]))
    print(", ".join("%d %s" % (n, kind) for kind, n in count.most_common()))
    sys.exit(1 if count["DIFFER"] else 0)


if __name__ == "__main__":
    main()
