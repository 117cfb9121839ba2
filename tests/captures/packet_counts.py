#!/usr/bin/env python3
"""Every capture of the shared corpora is read to its last packet: the sensor's count is what capinfos counts.

usage: packet_counts.py TOCSIN [DIR]
DIR: the shared folder (default: $TOCSIN_SHARED, then ../shared beside the repository). Without it, or without
capinfos, the test says so and is skipped (exit 77). Each folder is one run of the sensor (-r DIR).
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

FOLDERS = ["corpora/agreement/captures", "corpora/rule-cases/captures", "corpora/attacks"]
MAGIC = {b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a",
         b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34"}


def is_capture(path):
    with open(path, "rb") as f:
        return f.read(4) in MAGIC


def counted_by_capinfos(paths):
    """Packets of all files; capinfos prints no row for a damaged one, but says how far it came."""
    run = subprocess.run(["capinfos", "-M", "-T", "-r", "-c"] + paths, capture_output=True, text=True, check=False)
    rows = [line.split("\t")[-1] for line in run.stdout.splitlines() if "\t" in line]
    cut = re.findall(r"after reading (\d+) packets", run.stderr)
    if len(rows) + len(cut) != len(paths):
        sys.exit("capinfos told of %d of %d captures" % (len(rows) + len(cut), len(paths)))
    return sum(int(n) for n in rows + cut)


def counted_by_sensor(tocsin, folder):
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([tocsin, "-q", "-k", "none", "-r", folder, "-l", tmp], check=True, stderr=subprocess.DEVNULL)
        with open(os.path.join(tmp, "eve.json"), encoding="utf-8") as lines:
            stats = [json.loads(line)["stats"] for line in lines if '"event_type":"stats"' in line]
    return stats[-1]["decoder"]["pkts"]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    shared = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("TOCSIN_SHARED", os.path.join(here, "../../../shared"))
    if not shutil.which("capinfos") or not os.path.isdir(os.path.join(shared, FOLDERS[0])):
        print("SKIPPED: no capinfos or no shared corpora at", shared)
        return 77
    bad = 0
    for name in FOLDERS:
        folder = os.path.join(shared, name)
        paths = [os.path.join(folder, f) for f in sorted(os.listdir(folder))]
        paths = [p for p in paths if os.path.isfile(p) and is_capture(p)]
        want, got = counted_by_capinfos(paths), counted_by_sensor(sys.argv[1], folder)
        print("%-30s %5d captures, capinfos %7d packets, tocsin %7d" % (name, len(paths), want, got))
        bad += want != got
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
