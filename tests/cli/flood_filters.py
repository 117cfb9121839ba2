#!/usr/bin/env python3
"""The matches that flood findings carry are what nft and BIRD understand.

usage: flood_filters.py TEST_FLOOD_FILTERS

The test program writes the matches of every kind of flood into a table and a configuration. nft checks the table,
without setting anything, in a network namespace of its own; BIRD reads the flow specifications where it is installed
(package bird2, which the project does not ask for: what they select is checked by the test program). Exit 77 where
nft or namespaces are not to be had.
"""
import os
import shutil
import subprocess
import sys
import tempfile


def main():
    nft = shutil.which("nft") or "/usr/sbin/nft"
    if not os.path.exists(nft):
        print("SKIPPED: nft is not installed (package nftables)")
        return 77
    with tempfile.TemporaryDirectory() as tmp:
        table = os.path.join(tmp, "matches.nft")
        flows = os.path.join(tmp, "bird.conf")
        subprocess.run([sys.argv[1], table, flows], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        apart = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if subprocess.run(apart + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
            print("SKIPPED: no network namespace can be made")
            return 77
        with open(table, encoding="ascii") as f:
            matches = f.read().count("counter")
        done = subprocess.run(apart + [nft, "-c", "-f", table], stderr=subprocess.PIPE, text=True)
        if done.returncode != 0 or matches < 30:
            print("%d matches\n%s" % (matches, done.stderr))
            return 1
        bird = shutil.which("bird") or "/usr/sbin/bird"
        if not os.path.exists(bird):
            print("bird is not installed: the flow specifications were not read by it")
            return 0
        done = subprocess.run([bird, "-p", "-c", flows], stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            print(done.stderr)
            return 1
    return 0


sys.exit(main())
