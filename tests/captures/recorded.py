#!/usr/bin/env python3
"""Captures of real tools (tests/captures/tools, made by record.py): what the sensor says about each is what is written
down beside it, default configuration, by detector, victim and attacker, with one worker and with three.

usage: recorded.py TOCSIN [CASE...]
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools")
EXPECTED = os.path.join(FOLDER, "expected.json")


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


def main():
    tocsin, expected, bad = sys.argv[1], read(), 0
    cases = sys.argv[2:] or sorted(expected)
    unknown = {os.path.basename(p).removesuffix(".pcap.gz") for p in glob.glob(FOLDER + "/*.pcap.gz")} - set(expected)
    for case in cases:
        for workers in (1, 3):
            said = findings(tocsin, os.path.join(FOLDER, case + ".pcap.gz"), workers)
            if said != expected[case] or not said:
                bad += 1
                print("%s with %d workers:\n  expected %s\n  got      %s" % (case, workers, expected[case], said))
    print("%d captures, %d differ%s" % (len(cases), bad, "; nothing expected of " + ", ".join(unknown) if unknown else ""))
    return 1 if bad or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
