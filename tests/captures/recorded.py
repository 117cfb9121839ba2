#!/usr/bin/env python3
"""Captures of real tools (tests/captures/tools, made by record.py): what the sensor says about each is what is written
down beside it, default configuration, by detector, victim and attacker, with one worker and with three.

usage: recorded.py TOCSIN [CASE...]
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "tools")
EXPECTED = os.path.join(FOLDER, "expected.json")
sys.path.insert(0, os.path.join(HERE, "..", "live"))
from attack_cases import CASES, NOT_RECORDED  # noqa: E402


def findings(tocsin, capture, workers=1):
    """What is said, as sorted lines "detector: variant, victim, attacker"; a flood's end does not count."""
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([tocsin, "-q", "-r", capture, "-l", tmp, "--workers", str(workers)], check=True, timeout=60)
        said = set()
        with open(os.path.join(tmp, "eve.json"), encoding="utf-8") as lines:
            for t in (json.loads(line).get("tocsin", {}) for line in lines):
                if "detector" in t and t.get("stage") not in ("update", "end"):
                    said.add("%s: %s, %s, %s" % (t["detector"], t.get("variant", "-"), t.get("victim", "-"),
                                                 t.get("attacker", "-")))
    return sorted(said)


def read():
    with open(EXPECTED, encoding="utf-8") as f:
        return json.load(f)


def write(case, said):
    every = read() if os.path.exists(EXPECTED) else {}
    every[case] = said
    with open(EXPECTED, "w", encoding="utf-8") as f:
        json.dump(every, f, indent=1, sort_keys=True)
        f.write("\n")


def left_out(expected):
    """Detectors that no case of tests/live/attack_cases.py is for, cases without a capture, captures of no case."""
    with open(os.path.join(HERE, "..", "..", "docs", "detections.md"), encoding="utf-8") as f:
        detectors = set(re.findall(r"^\| `(\w+)` \(90100\d\d\)", f.read(), re.M))
    files = {os.path.basename(p).removesuffix(".pcap.gz") for p in glob.glob(FOLDER + "/*.pcap.gz")}
    return sorted((detectors - {c.detector for c in CASES}) | ({c.name for c in CASES} - NOT_RECORDED - set(expected)) |
                  (files ^ set(expected)))


def main():
    tocsin, expected, bad = sys.argv[1], read(), 0
    cases = sys.argv[2:] or sorted(expected)
    out = left_out(expected)
    runs = [(case, workers) for case in cases for workers in (1, 3)]
    with ThreadPoolExecutor(max_workers=3) as pool:  # a third of a run waits for the clock to be measured
        every = pool.map(lambda r: findings(tocsin, os.path.join(FOLDER, r[0] + ".pcap.gz"), r[1]), runs)
        for (case, workers), said in zip(runs, every):
            if said != expected[case] or not said:
                bad += 1
                print("%s with %d workers:\n  expected %s\n  got      %s" % (case, workers, expected[case], said))
    print("%d captures, %d differ%s" % (len(cases), bad, "; without case or capture: " + ", ".join(out) if out else ""))
    return 1 if bad or out else 0


if __name__ == "__main__":
    sys.exit(main())
