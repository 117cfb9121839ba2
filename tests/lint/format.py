#!/usr/bin/env python3
"""clang-format 14 has nothing to change."""
import os
import re
import shutil
import subprocess

from common import ROOT, c_files, finish, skip


def main():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        skip("clang-format is not installed")
    version = subprocess.run([tool, "--version"], capture_output=True).stdout.decode()
    if not re.search(r"version 14\.", version):
        skip("another clang-format would lay out differently: " + version.strip())
    names = c_files(("dataplane", "detectors", "ctl", "perf", "tests"))
    run = subprocess.run([tool, "--dry-run", "-Werror"] + names, cwd=ROOT, capture_output=True)
    bad = sorted({line.split(":", 1)[0] for line in run.stderr.decode().splitlines() if ": error:" in line})
    finish(["%s: run clang-format -i" % os.path.normpath(n) for n in bad], "%d files" % len(names))


main()
