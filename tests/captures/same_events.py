#!/usr/bin/env python3
"""The events of a capture do not depend on the number of workers: eve.json is the same, byte for byte.

usage: same_events.py TOCSIN GENERATOR [MAX_CORPUS_CAPTURES]

Reads one generated capture with attacks, once more with rules that remember hosts, pairs and rules over all
traffic (each of which must speak), and captures of the shared corpora where they are present
(TOCSIN_SHARED, or ../shared beside the repository), each with 1, 2 and 4 workers. Stats records are left
out: they say how long the run took. Exit 77 is never used: the generated capture is always there.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

# Every way in which one packet's alert can depend on packets of other address pairs.
RULES = """
alert tcp any any -> any any (msg:"limit"; flags:S; threshold:type limit,track by_src,count 3,seconds 5; sid:1;)
alert tcp any any -> any any (msg:"nth"; flags:S; threshold:type threshold,track by_dst,count 7,seconds 60; sid:2;)
alert ip any any -> any any (msg:"both"; ttl:>1; threshold:type both,track by_rule,count 50,seconds 10; sid:3;)
alert tcp any any -> any any (msg:"filter"; flags:S; detection_filter:track by_src,count 40,seconds 10; sid:4;)
alert tcp any any -> any any (msg:"often"; flags:S; threshold:type backoff,track by_src,count 2,multiplier 3; sid:5;)
alert tcp any any -> any any (msg:"set"; flags:S; xbits:set,syn,track ip_src,expire 3; noalert; sid:6;)
alert udp any any -> any any (msg:"read"; dsize:>0; xbits:isset,syn,track ip_src; sid:7;)
alert udp any any -> any any (msg:"not"; dsize:>0; xbits:isnotset,syn,track ip_src; sid:8;)
alert tcp any any -> any any (msg:"host"; flags:SA; hostbits:toggle,up,dst; sid:9;)
alert tcp any any -> any any (msg:"ends"; flags:FA; hostbits:isset,up,src; hostbits:unset,up,src; sid:10;)
alert tcp any any -> any any (msg:"pair"; flags:S; threshold:type limit,track by_both,count 1,seconds 60; sid:11;)
alert tcp any any -> any any (msg:"rate"; flags:S; sid:12;)
alert tcp any any -> any any (msg:"tag"; flags:SA; tag:session,4,packets; threshold:type limit,track by_dst,count 1,seconds 2; sid:13;)
alert udp any any -> any any (msg:"tag"; dsize:>0; tag:host,9,packets,src; threshold:type limit,track by_src,count 1,seconds 1; sid:14;)
"""
THRESHOLDS = "rate_filter gen_id 1, sig_id 12, track by_dst, count 5, seconds 60, new_action drop, timeout 3\n"

HERE = os.path.dirname(os.path.abspath(__file__))


def events(tocsin, capture, workers, *more):
    with tempfile.TemporaryDirectory() as tmp:
        p = subprocess.run([tocsin, "-q", "-r", capture, "-l", tmp, "--workers", str(workers), *more],
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


def silent_rules(lines):
    """Rules of RULES that never alerted, and the rate filter when it never changed an action."""
    alerts = [json.loads(line) for line in lines if '"event_type":"alert"' in line]
    spoke = {a["alert"]["signature_id"] for a in alerts}
    blocked = {a["alert"]["signature_id"] for a in alerts if a["alert"]["action"] == "blocked"}
    if '"event_type":"packet"' not in "".join(lines):
        return ["tag"]
    return sorted(set(range(1, 15)) - {6} - spoke) + ([] if blocked == {12} else ["rate_filter"])


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
        subprocess.run([generator, "--seed", "7", "--attack", "syn_flood", "--attack", "port_scan", "--attack",
                        "host_scan", "-o", made],
                       check=True, stdout=subprocess.DEVNULL)
        rules, thresholds = os.path.join(tmp, "state.rules"), os.path.join(tmp, "threshold.config")
        with open(rules, "w") as f:
            f.write(RULES)
        with open(thresholds, "w") as f:
            f.write(THRESHOLDS)
        more = ("-S", rules, "--set", "threshold-file=" + thresholds)
        one = events(tocsin, made, 1, *more)
        if silent_rules(one):
            bad += 1
            print("rules that say nothing of the generated capture: %s" % silent_rules(one))
        for n in (2, 4):
            other = events(tocsin, made, n, *more)
            if one != other:
                bad += 1
                print("with state across hosts and %d workers: %s" % (n, first_difference(one, other)))
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
