#!/usr/bin/env python3
"""The traffic generator keeps its word: same seed, same bytes; an attack adds packets and changes none; mistakes are named.

usage: generator.py GENERATOR
"""
import os
import struct
import subprocess
import sys
import tempfile


def run(generator, *args):
    return subprocess.run([generator, *args], capture_output=True, text=True, check=False)


def records(path):
    """Every record of a nanosecond pcap, header and bytes together, in file order."""
    data, at, out = open(path, "rb").read(), 24, []
    assert struct.unpack("<I", data[:4])[0] == 0xA1B23C4D
    while at < len(data):
        size = struct.unpack("<I", data[at + 8:at + 12])[0]
        out.append(data[at:at + 16 + size])
        at += 16 + size
    return out


def check(what, ok):
    print("%-60s %s" % (what, "ok" if ok else "FAILED"))
    return ok


def main():
    generator = sys.argv[1]
    good = True
    with tempfile.TemporaryDirectory() as tmp:
        def make(name, *args):
            path = os.path.join(tmp, name)
            result = run(generator, "-q", "-d", "20", "-f", "60", "-o", path, *args)
            assert result.returncode == 0 and result.stderr == "", result.stderr
            return records(path)

        plain, again, other = make("a"), make("b"), make("c", "-s", "2")
        attacked = make("d", "-a", "port_scan:rate=20:duration=2:start=1")
        good &= check("the same seed gives the same packets", plain == again)
        good &= check("another seed gives others", plain != other)
        good &= check("an attack leaves the ordinary traffic as it was", set(plain) <= set(attacked))
        good &= check("an attack adds its packets", len(attacked) - len(plain) >= 80)
        times = [struct.unpack("<II", r[:8]) for r in attacked]
        good &= check("packets are in order of time", times == sorted(times))
        kinds = [line.split()[0] for line in run(generator, "--list").stdout.split("attacks")[1].splitlines()
                 if line.startswith("  ") and line[2] != " "]
        good &= check("every listed attack makes packets",
                      all(len(make(k, "-f", "0", "-a", k + ":start=0:duration=8")) > 0 for k in kinds))
    for args, said in ((["-o", "x", "-a", "nonsense"], "--list"), (["-o", "x", "-a", "dga:rate=0"], "a number from"),
                       (["-o", "x", "-a", "dga:victim=home"], "an IPv4 address"), (["-o", "x", "-d", "0"], "a number from"),
                       (["-o", "x", "-a", "dga:speed=1"], "rate, start"), ([], "a file to write"),
                       (["-o", "/nonexistent/x"], "cannot write"), (["-o", "/dev/full", "-q"], "disk full")):
        result = run(generator, *args)
        good &= check("mistake named: " + " ".join(args), result.returncode == 1 and said in result.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
