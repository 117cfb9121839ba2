#!/usr/bin/env python3
"""The events of a capture do not depend on the number of workers: eve.json is the same, byte for byte.

usage: same_events.py TOCSIN GENERATOR [MAX_CORPUS_CAPTURES]

Reads one generated capture with attacks, and captures of the shared corpora where they are present
(TOCSIN_SHARED, or ../shared beside the repository), each with 1, 2 and 4 workers. Stats records are left
out: they say how long the run took. Exit 77 is never used: the generated capture is always there.
"""
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def events(tocsin, capture, workers):
    with tempfile.TemporaryDirectory() as tmp:
        p = subprocess.run([tocsin, "-q", "-r", capture, "-l", tmp, "--workers", str(workers)],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        if p.returncode != 0:
            return ["exit %d: %s" % (p.returncode, p.stdout.decode(errors="replace"))]
        with open(os.path.join(tmp, "eve.json"), encoding="utf-8") as f:
            return [line for line in f if '"event_type":"stats"' not in line]


def first_difference(a, b):
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return "line %d:\n  1 worker: %s  others:   %s" % (i + 1, x, y)
    return "%d lines against %d" % (len(a), len(b))


def main():
    tocsin, generator = sys.argv[1:3]
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 6
    shared = os.environ.get("TOCSIN_SHARED") or os.path.join(HERE, "../../../shared")
    corpus = sorted(glob.glob(os.path.join(shared, "corpora/attacks/*.pcap*")))
    if not corpus:
        print("shared corpora absent: only the generated capture is compared")
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        made = os.path.join(tmp, "made.pcap")
        subprocess.run([generator, "--seed", "7", "--attack", "syn_flood", "--attack", "port_scan", "-o", made],
                       check=True, stdout=subprocess.DEVNULL)
        step = max(1, len(corpus) // most)
        for capture in [made] + corpus[::step][:most]:
            one = events(tocsin, capture, 1)
            for n in (2, 4):
                other = events(tocsin, capture, n)
                if one != other:
                    bad += 1
                    print("%s with %d workers: %s" % (os.path.basename(capture), n, first_difference(one, other)))
    return 1 if bad else 0


sys.exit(main())
