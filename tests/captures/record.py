#!/usr/bin/env python3
"""Makes the captures in tests/captures/tools: runs the cases of tests/live/attacks.py one by one, cuts what was on the
wire to its first packets and packs it, and writes down what the sensor says about it. What takes ten minutes and more is
recorded in seconds, and its packets' times are spread out (the row's stretch).

usage: record.py TOCSIN [CASE...]    (root; read the difference before you commit it)

Whatever is in these captures was sent by the tools that attacks.py starts, between its own namespaces.
"""
import gzip
import os
import struct
import subprocess
import sys
import tempfile

from recorded import FOLDER, findings, write

MOST_PACKETS = 4000
LIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live")
sys.path.insert(0, LIVE)
from attack_cases import CASES  # noqa: E402


def cut(path, stretch):
    """The first packets of a pcap file, as bytes, their distances so many times as long."""
    with open(path, "rb") as f:
        out, first = [f.read(24)], None
        while len(out) <= MOST_PACKETS and len(head := f.read(16)) == 16:
            s, us, length, wire = struct.unpack("<4I", head)
            first = s * 1000000 + us if first is None else first
            s, us = divmod(first + (s * 1000000 + us - first) * stretch, 1000000)
            out.append(struct.pack("<4I", s, us, length, wire) + f.read(length))
    return b"".join(out)


def main():
    tocsin, cases = sys.argv[1], sys.argv[2:]
    stretch = {c.name: c.stretch for c in CASES}
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([sys.executable, os.path.join(LIVE, "attacks.py"), tocsin, "--record", tmp] + cases, check=True)
        for name in sorted(os.listdir(tmp)):
            case = name.removesuffix(".pcap")
            packed = os.path.join(FOLDER, name + ".gz")
            with open(packed, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", filename="", mtime=0) as out:
                out.write(cut(os.path.join(tmp, name), stretch[case]))
            said = findings(tocsin, packed)
            write(case, said)
            print("%-18s %7d bytes  %s" % (case, os.path.getsize(packed), "; ".join(said) or "NOTHING"))


main()
