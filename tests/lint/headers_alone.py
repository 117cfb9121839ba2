#!/usr/bin/env python3
"""Every header compiles alone: it includes what it uses.

usage: headers_alone.py COMPILER...    (the words that start the compiler)
"""
import concurrent.futures
import os
import shlex
import subprocess
import sys

from common import ROOT, c_files, finish

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-I" + ROOT, "-Wall", "-Wextra", "-Wno-unused-parameter",
         "-Wno-unused-function", "-Wno-address-of-packed-member", "-Werror", "-fsyntax-only", "-x", "c", "-"]


def dpdk_flags():
    try:
        out = subprocess.run(["pkg-config", "--cflags", "libdpdk"], check=True, capture_output=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return []
    return [w.replace("-I", "-isystem", 1) if w.startswith("-I") else w for w in shlex.split(out)]


def check(compiler, extra, name):
    # twice, so that a missing include guard shows
    text = '#include "%s"\n#include "%s"\n' % (name, name)
    run = subprocess.run(compiler + extra + FLAGS, input=text.encode(), capture_output=True, cwd=ROOT)
    return None if run.returncode == 0 else "%s does not compile alone:\n%s" % (name, run.stderr.decode())


def main():
    compiler, extra = sys.argv[1:] or ["cc"], dpdk_flags()
    headers = [n for n in c_files(suffixes=(".h",))]
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        problems = [p for p in pool.map(lambda n: check(compiler, extra, n), headers) if p]
    finish(problems, "%d headers" % len(headers))


main()
