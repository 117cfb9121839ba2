#!/usr/bin/env python3
"""cppcheck finds no error and no portability trap. Bounded: no more than SECONDS, then what was found so far counts."""
import os
import shutil
import subprocess

from common import ROOT, c_files, finish, skip

SECONDS = 150
# Each with the reason it does not help here.
SUPPRESS = [
    "missingInclude", "missingIncludeSystem",  # DPDK's headers are not ours to read
    "unknownMacro", "preprocessorErrorDirective", "syntaxError",  # X-macro lists and cmocka's macros confuse it
    "uninitvar",  # does not see that a function in another file fills what it is given; the compilers and ASan look
    "nullPointerRedundantCheck", "normalCheckLevelMaxBranches", "internalAstError",
]


def main():
    if not shutil.which("cppcheck"):
        skip("cppcheck is not installed")
    names = c_files(suffixes=(".c",))
    command = ["cppcheck", "-q", "-j", str(min(2, os.cpu_count() or 1)), "--std=c11", "--enable=portability",
               "--inline-suppr", "--max-configs=1", "-I", ROOT, "--error-exitcode=0",
               "--template={file}:{line}: {id}: {message}"] + ["--suppress=" + s for s in SUPPRESS]
    out = ""
    try:
        run = subprocess.run(command + names, cwd=ROOT, capture_output=True, timeout=SECONDS)
        out = run.stderr.decode()
    except subprocess.TimeoutExpired as slow:
        out = (slow.stderr or b"").decode()
        print("analysis.py: stopped after %d s" % SECONDS)
    finish([line for line in out.splitlines() if ": " in line], "%d files" % len(names))


main()
