#!/usr/bin/env python3
"""scripts/bench fails on a loss of more than 15 %, and on nothing else. Made-up figures, nothing is measured."""

import json
import os
import subprocess
import sys
import tempfile

BENCH = sys.argv[1]
BASE = {"udp-64k": 500.0, "syn-64k": 800.0}


def run(folder, figures, baseline, *words):
    paths = []
    for name, content in (("now.json", figures), ("base.json", baseline)):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "w") as f:
            json.dump(content, f)
    command = [sys.executable, BENCH, "--figures", paths[0], "--baseline", paths[1], *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    with open(paths[1]) as f:
        return done.returncode, done.stdout, json.load(f)


CASES = [
    # name, figures, exit code, text that must be there
    ("an equal run passes", BASE, 0, "ok"),
    ("14 % more passes", {"udp-64k": 570.0, "syn-64k": 800.0}, 0, "1.140 ok"),
    ("16 % more in one load fails", {"udp-64k": 580.0, "syn-64k": 800.0}, 1, "1.160 WORSE"),
    ("what one load gains does not make up for another", {"udp-64k": 580.0, "syn-64k": 400.0}, 1, "WORSE"),
    ("a gain passes and asks for a new baseline", {"udp-64k": 400.0, "syn-64k": 800.0}, 0, "better"),
    ("a load without a baseline fails", {**BASE, "new": 1.0}, 1, "no baseline"),
    ("a load that was not measured fails", {"udp-64k": 500.0}, 1, "not measured"),
]


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, figures, code, text in CASES:
            got, out, kept = run(folder, figures, BASE)
            if got != code or text not in out or kept != BASE:
                print(f"FAIL {name}: exit {got}, expected {code} with {text!r}\n{out}")
                bad += 1
        got, _, kept = run(folder, {"udp-64k": 1.0}, BASE, "--update")
        if got != 0 or kept != {"udp-64k": 1.0}:
            print(f"FAIL --update writes the figures: exit {got}, {kept}")
            bad += 1
    print(f"bench_compare.py: {len(CASES) + 1} cases, {bad} problems")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
