#!/usr/bin/env python3
"""Runs tocsin without rules over the labelled captures and says what the heuristics found, missed and made up.

usage: heuristics.py TOCSIN [--agreement] [--jobs N] [--list]

The captures are those of $TOCSIN_SHARED (default: ../shared beside the repository). A capture whose class the
heuristics answer for must get a finding of one of that class's detectors; a benign capture must get none but
those that docs/detections.md owns up to. --agreement also counts findings in the captures of corpora/agreement,
which nobody has labelled: for information.
"""
import argparse
import collections
import concurrent.futures
import csv
import json
import os
import subprocess
import sys

# What must be found, by class of labels.tsv.
ANSWERS = {
    "c2-beacon": {"beacon"},
    "cred-bruteforce": {"brute_force"},
    "dga": {"dga"},
    "dns-tunnel": {"dns_tunnel"},
    "dos-amplification": {"amplification"},
    "dos-http-flood": {"http_flood"},
    "dos-http2": {"http_flood"},
    "dos-icmp": {"icmp_flood"},
    "dos-ipv6": {"icmp_flood"},
    "dos-quic": {"udp_flood"},
    "dos-slow": {"slow_dos"},
    "dos-syn": {"syn_flood"},
    "dos-udp": {"udp_flood"},
    "dual-ec-extrandom": {"weak_crypto"},
    "gre-redirect": {"tunnel_redirect"},
    "hw-implant": {"device_tampering"},
    "icmp-tunnel": {"icmp_tunnel"},
    "iot-telnet": {"brute_force", "host_scan", "worm_spread"},
    "l2-attack": {"arp_spoof", "rogue_dhcp"},
    "scan": {"port_scan", "host_scan"},
    "ta18-106a-smartinstall": {"device_tampering"},
    "typosquat": {"lookalike_domain"},
}
OWNED_UP_MAX = 5


def run(tocsin, path):
    """Returns the set of detectors that found something, or an error text."""
    done = subprocess.run([tocsin, "-q", "-k", "none", "--stdout", "-r", path], capture_output=True, timeout=120)
    if done.returncode not in (0, 2):
        return None, "exit %d: %s" % (done.returncode, done.stderr.decode(errors="replace")[:200])
    found = collections.Counter()
    for line in done.stdout.splitlines():
        if b'"gid":901' not in line:
            continue
        event = json.loads(line)
        if event.get("tocsin", {}).get("stage") not in ("update", "end"):
            found[event["tocsin"]["detector"]] += 1
    return found, None


def run_all(tocsin, paths, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip(paths, pool.map(lambda p: run(tocsin, p), paths)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--agreement", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print every capture, not just the misses")
    args = parser.parse_args()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    shared = os.environ.get("TOCSIN_SHARED", os.path.join(os.path.dirname(root), "shared"))
    attacks = os.path.join(shared, "corpora", "attacks")
    if not os.path.isdir(attacks):
        print("SKIPPED: the shared corpora are absent (%s); set TOCSIN_SHARED" % attacks)
        return 77
    with open(os.path.join(attacks, "labels.tsv"), newline="") as f:
        labels = [r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]
    rows = [r for r in labels if r["class"] in ANSWERS or r["label"] == "benign"]
    results = run_all(args.tocsin, [os.path.join(attacks, r["file"]) for r in rows], args.jobs)
    table = collections.defaultdict(lambda: [0, 0])
    missed, false, broken = [], [], []
    for r in rows:
        found, error = results[os.path.join(attacks, r["file"])]
        if error:
            broken.append((r["file"], error))
        elif r["label"] == "benign":
            if found:
                false.append((r["file"], found))
        else:
            hit = bool(ANSWERS[r["class"]] & set(found))
            table[r["class"]][hit] += 1
            if not hit:
                missed.append((r["file"], r["expect"]))
        if args.list:
            print("%-70s %s" % (r["file"], dict(found or {})))
    print("%-26s %5s %6s" % ("class", "found", "missed"))
    for name in sorted(table):
        print("%-26s %5d %6d" % (name, table[name][1], table[name][0]))
    benign = sum(r["label"] == "benign" for r in rows)
    print("found %d of %d attacks; findings in %d of %d benign captures" %
          (sum(t[1] for t in table.values()), sum(sum(t) for t in table.values()), len(false), benign))
    for name, expect in missed:
        print("MISSED %s: %s" % (name, expect))
    for name, found in false:
        print("benign %s: %s" % (name, ", ".join(sorted(found))))
    for name, error in broken:
        print("BROKEN %s: %s" % (name, error))
    if args.agreement:
        folder = os.path.join(shared, "corpora", "agreement", "captures")
        paths = [os.path.join(folder, n) for n in sorted(os.listdir(folder))]
        count = collections.Counter()
        for path, (found, _) in run_all(args.tocsin, paths, args.jobs).items():
            count.update(set(found or ()))
            if found and args.list:
                print("%s %s" % (os.path.basename(path), dict(found)))
        print("captures of corpora/agreement with findings, of %d:" % len(paths),
              ", ".join("%s %d" % c for c in count.most_common()) or "none")
    return 1 if missed or broken or len(false) > OWNED_UP_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
