#!/usr/bin/env python3
"""Makes the captures in tests/captures/tools: runs the cases of tests/live/attacks.py one by one, cuts what was on the
wire to its first packets and packs it, and writes down what the sensor says about it.

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

MOST_PACKETS = 6000
LIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live", "attacks.py")


def cut(path):
    """The first packets of a pcap file, as bytes."""
    with open(path, "rb") as f:
        out = [f.read(24)]
        while len(out) <= MOST_PACKETS and len(head := f.read(16)) == 16:
            out.append(head + f.read(struct.unpack("<I", head[8:12])[0]))
    return b"".join(out)


def main():
    tocsin, cases = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([sys.executable, LIVE, tocsin, "--record", tmp] + cases, check=True)
        for name in sorted(os.listdir(tmp)):
            case = name.removesuffix(".pcap")
            packed = os.path.join(FOLDER, name + ".gz")
            with open(packed, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", filename="", mtime=0) as out:
                out.write(cut(os.path.join(tmp, name)))
            said = findings(tocsin, packed)
            write(case, said)
            print("%-18s %7d bytes  %s" % (case, os.path.getsize(packed), "; ".join(said) or "NOTHING"))


main()
