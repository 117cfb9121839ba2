#!/usr/bin/env python3
"""What is written down agrees with the program: docs/configuration.md with the schema, tocsin(8) with --help.

usage: docs.py CONFIG_DOCS TOCSIN
"""
import difflib
import re
import shutil
import subprocess
import sys

from common import ROOT, finish, read

MAN = "packaging/man/tocsin.8"


def configuration(program):
    want = subprocess.run([program], check=True, capture_output=True).stdout.decode()
    diff = list(difflib.unified_diff(read("docs/configuration.md").splitlines(), want.splitlines(), lineterm="", n=0))
    return ["docs/configuration.md is out of date, run scripts/gen-docs:"] + diff[:12] if diff else []


def help_options(program):
    text = subprocess.run([program, "--help"], check=True, capture_output=True).stdout.decode()
    found = set()
    for line in text.splitlines():
        match = re.match(r"^  (?:-(\w))?(?:, |    )?(?:--([\w-]+))?", line)
        if match:
            found |= {o for o in match.groups() if o}
    return found


def man_options():
    found = set()
    for line in read(MAN).splitlines():
        if line.startswith(".It Fl "):
            for word in line[len(".It Fl "):].replace(",", " ").split():
                if word in ("Ar", "Fl"):
                    if word == "Ar":
                        break
                    continue
                found.add(word.lstrip("-"))
    return found


def main():
    problems = configuration(sys.argv[1])
    helped, manual = help_options(sys.argv[2]), man_options()
    problems += ["%s does not describe option %s" % (MAN, o) for o in sorted(helped - manual)]
    problems += ["%s describes option %s, which --help does not know" % (MAN, o) for o in sorted(manual - helped)]
    if shutil.which("mandoc"):
        run = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MAN], cwd=ROOT, capture_output=True)
        problems += run.stdout.decode().splitlines()
    finish(problems, "%d options" % len(helped))


main()
