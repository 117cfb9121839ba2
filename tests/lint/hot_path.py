#!/usr/bin/env python3
"""Nothing on the packet path allocates, locks, waits, logs or calls the system.

Reads the objects of a build (objdump -dr), follows every reference from the roots in hot_path.txt from
function to function, and prints the way to each function outside the tree that is not allowed there. Of objects that
a `table` names, every function whose address stands in their data is a root: those of parsers. Before that a parser is
made up that allocates, and has to be found.

usage: hot_path.py BUILD_DIR
"""
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from common import ROOT, finish, skip

FUNCTION = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")
DIRECT = re.compile(r"\s(?:call|jmp|j[a-z]+|lea)\b.*<([^>+]+)(?:\+0x[0-9a-f]+)?>")
RELOC = re.compile(r"R_(?:X86_64|AARCH64)_\S+\s+([^\s+-]+)([+-]0x[0-9a-f]+)?")
SECTION = re.compile(r"^Disassembly of section (\S+):$")
DATA = re.compile(r"^RELOCATION RECORDS FOR \[(\.data[^\]]*)\]:$")
ENTRY = re.compile(r"^[0-9a-f]+ R_\S+\s+([^\s+-]+)([+-]0x[0-9a-f]+)?$")


def rules():
    out = collections.defaultdict(list)
    with open(os.path.join(ROOT, "tests/lint/hot_path.txt"), encoding="utf-8") as f:
        for line in f:
            line = line.split("#", 1)[0].strip()
            if line:
                kind, pattern = line.split(None, 1)
                out[kind].append(pattern)
    return {k: re.compile("(?:%s)" % "|".join(v)) for k, v in out.items()}


def objects(build):
    """Objects of the libraries that hold the packet path."""
    found = []
    for folder in ("dataplane", "detectors"):
        found += glob.glob(os.path.join(build, folder, "**", "*.o"), recursive=True)
    return sorted(found)


class Object:
    """One object file: its functions and what each of them refers to."""

    def __init__(self, path):
        self.path = path
        self.starts = collections.defaultdict(list)  # section -> [(offset, name)]
        self.refs = collections.defaultdict(set)     # function -> names, or (section, offset)
        text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", path], check=True,
                              capture_output=True).stdout.decode("utf-8", "replace")
        self.parse(text)

    def table_entries(self):
        """Names of this object's functions whose addresses stand in its data."""
        text = subprocess.run(["objdump", "-r", self.path], check=True, capture_output=True).stdout.decode()
        own, inside = {n for fs in self.starts.values() for _, n in fs}, False
        for line in text.splitlines():
            entry = ENTRY.match(line)
            if line.startswith("RELOCATION"):
                inside = DATA.match(line)
            elif inside and entry:
                at = (entry.group(1), int(entry.group(2) or "0", 16)) if entry.group(1).startswith(".text") else entry.group(1)
                name = self.resolve(at)
                if name in own:
                    yield name

    def parse(self, text):
        section, here = "", None
        for line in text.splitlines():
            match = SECTION.match(line) or FUNCTION.match(line)
            if match and match.re is SECTION:
                section = match.group(1)
            elif match:
                here = match.group(2).split(".")[0] if ".cold" in match.group(2) else match.group(2)
                self.starts[section].append((int(match.group(1), 16), here))
            elif here:
                self.reference(here, line)

    def reference(self, here, line):
        reloc = RELOC.search(line)
        if reloc and reloc.group(1).startswith(".text"):
            # the displacement counts from the next instruction: 4 bytes back from the field's end
            self.refs[here].add((reloc.group(1), int(reloc.group(2) or "0", 16) + 4))
        elif reloc:
            self.refs[here].add(reloc.group(1).split("@")[0])
        else:
            direct = DIRECT.search(line)
            if direct and direct.group(1) != here:
                self.refs[here].add(direct.group(1).split(".cold")[0])

    def resolve(self, ref):
        """The name of the function at a section's offset."""
        if isinstance(ref, str):
            return ref
        best = None
        for offset, name in self.starts.get(ref[0], []):
            if offset <= ref[1]:
                best = name
        return best


def build_graph(paths):
    """(object, function) -> [(object or None, name)], and which object defines each name."""
    parsed = [Object(p) for p in paths]
    defined = collections.defaultdict(list)
    for o in parsed:
        for functions in o.starts.values():
            for _, name in functions:
                defined[name].append(o)
    return parsed, defined


def is_data(name):
    return name.startswith((".", "__func__", "_GLOBAL_OFFSET_TABLE_"))


def undefined_functions(path):
    """Names an object takes from elsewhere."""
    out = subprocess.run(["nm", "-u", path], check=True, capture_output=True).stdout.decode()
    return {line.split()[-1] for line in out.splitlines() if line.strip()}


def walk(parsed, defined, rule):
    globals_needed = {o.path: undefined_functions(o.path) for o in parsed}
    roots = [(o, n) for o in parsed for fs in o.starts.values() for _, n in fs if rule["root"].fullmatch(n)]
    roots += [(o, n) for o in parsed if rule["table"].search(o.path) for n in o.table_entries()]
    seen, queue, found = {(o.path, n): None for o, n in roots}, collections.deque(roots), {}
    while queue:
        o, name = queue.popleft()
        for ref in o.refs.get(name, ()):
            target = o.resolve(ref)
            if not target or is_data(target) or rule["cold"].fullmatch(target):
                continue
            local = any(target == n for fs in o.starts.values() for _, n in fs)
            homes = [o] if local else defined.get(target, [])
            if not homes and target in globals_needed[o.path] and not rule["allow"].fullmatch(target):
                found.setdefault(target, (o.path, name))
            for home in homes:
                if (home.path, target) not in seen:
                    seen[(home.path, target)] = (o.path, name)
                    queue.append((home, target))
    return roots, seen, found


def chain(seen, at):
    names = []
    while at:
        names.append(at[1])
        at = seen.get(at)
    return " <- ".join(names)


def data_symbols(build_dirs):
    """Names of variables the tree defines: a reference to one is no call."""
    names = set()
    for path in build_dirs:
        out = subprocess.run(["nm", "--defined-only", path], check=True, capture_output=True).stdout.decode()
        names |= {f[2] for f in (line.split() for line in out.splitlines()) if len(f) == 3 and f[1] in "bBdDrRVvC"}
    return names


MADE_UP = """
#include <stdlib.h>
struct parser { const char *name; void *(*parse)(unsigned long n); };
static void *parse(unsigned long n) { return malloc(n); }
const struct parser parser_made_up = {"made-up", parse};
"""


def finds_a_made_up_parser(rule):
    """Whether a parser that allocates, and is reached through its table alone, is found."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = os.path.join(folder, "made_up.c"), os.path.join(folder, "parsers_made_up.c.o")
        with open(source, "w", encoding="utf-8") as f:
            f.write(MADE_UP)
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-fPIC", "-c", source, "-o", made], check=True)
        return "malloc" in walk(*build_graph([made]), rule)[2]


def main():
    if not shutil.which("objdump"):
        skip("objdump is not installed")
    paths = objects(sys.argv[1] if len(sys.argv) > 1 else "build")
    if not paths:
        skip("no objects are built")
    if any("__asan_init" in undefined_functions(p) for p in paths[:5]):
        skip("a sanitizer build calls its run-time everywhere")
    rule = rules()
    if not finds_a_made_up_parser(rule):
        finish(["a parser made up to call malloc was not found: tables are not walked"], "")
    parsed, defined = build_graph(paths)
    roots, seen, found = walk(parsed, defined, rule)
    variables = data_symbols(paths)
    if not roots:
        finish(["no root of hot_path.txt was found in %d objects" % len(paths)], "0 roots")
    problems = ["%s is called on the packet path: %s" % (name, chain(seen, at))
                for name, at in sorted(found.items()) if name not in variables]
    finish(problems, "%d functions reached from %d roots" % (len(seen), len(roots)))


main()
