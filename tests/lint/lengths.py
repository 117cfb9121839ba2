#!/usr/bin/env python3
"""No function over 90 lines, no file over 1000 (and a list of those over 700). Prints the distribution."""
import json
import shutil
import statistics
import subprocess

from common import ROOT, c_files, finish, read, skip

MAX_FUNCTION, MAX_FILE, LONG_FILE = 90, 1000, 700


def functions(names):
    run = subprocess.run(
        ["ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "--output-format=json", "-f", "-"] + names,
        cwd=ROOT, capture_output=True)
    for line in run.stdout.decode().splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["end"] - tag["line"] + 1, tag["path"], tag["line"], tag["name"]


def main():
    if not shutil.which("ctags"):
        skip("universal-ctags is not installed")
    names = c_files()
    found = sorted(functions(names), reverse=True)
    if not found:
        skip("this ctags gives no JSON; universal-ctags does")
    lengths = [f[0] for f in found]
    print("functions: %d, median %d lines, 95%% under %d" % (
        len(found), statistics.median(lengths), lengths[len(lengths) // 20] + 1))
    for length, path, line, name in found[:10]:
        print("  %4d  %s:%d %s" % (length, path, line, name))
    problems = ["%s:%d: %s has %d lines; %d is the limit" % (p, n, f, l, MAX_FUNCTION)
                for l, p, n, f in found if l > MAX_FUNCTION]
    for name in names:
        lines = read(name).count("\n")
        if lines > MAX_FILE:
            problems.append("%s: %d lines; what second job does it have?" % (name, lines))
        elif lines > LONG_FILE:
            print("  note: %s has %d lines" % (name, lines))
    finish(problems, "%d functions in %d files" % (len(found), len(names)))


main()
