#!/usr/bin/env python3
"""The tree holds nothing that belongs to one machine, nothing half done, nothing too large to review."""
import os
import re

from common import ROOT, finish, tree_files

MAX_BYTES = 1 << 20
# Spelled in parts, so that this file does not find itself.
FORBIDDEN = [
    (r"(?<![\w.])/(?:wor" r"k|ho" r"me|ro" r"ot)/\w", "a path of one machine"),
    (r"\b(?:TO" r"DO|FIX" r"ME)\b", "work left undone; write it or leave it out"),
    (r"\b(?:cla" r"ude|anthro" r"pic|chat" r"gpt|cop" r"ilot|open" r"ai)\b", "a word about tools, not about the project"),
    (r"\b(?:py" r"pi\.org|registry\.npm" r"js\.org|crates" r"\.io|deb\.deb" r"ian\.org)\b", "a registry's host name"),
    (r"^(?:<{7}|>{7})(?: |$)", "a merge conflict"),
]
PATTERNS = [(re.compile(p, re.I | re.M), why) for p, why in FORBIDDEN]
BINARY = (".pcap", ".pcapng", ".gz", ".png", ".bin")


def main():
    problems, names = [], tree_files()
    for name in names:
        path = os.path.join(ROOT, name)
        size = os.path.getsize(path)
        if size > MAX_BYTES:
            problems.append("%s: %d bytes; files of the tree have at most %d" % (name, size, MAX_BYTES))
        if name.endswith(BINARY) or "/corpus/" in name:
            continue
        with open(path, "rb") as f:
            data = f.read()
        if b"\0" in data:
            problems.append("%s: not a text file" % name)
            continue
        text = data.decode("utf-8", "replace")
        for pattern, why in PATTERNS:
            for match in pattern.finditer(text):
                line = text[:match.start()].count("\n") + 1
                problems.append("%s:%d: %s: %s" % (name, line, match.group(0).strip(), why))
        if text and not text.endswith("\n"):
            problems.append("%s: no newline at the end" % name)
        if name.endswith((".c", ".h", ".py", ".build", ".def")) and re.search(r"[ \t]+$", text, re.M):
            problems.append("%s: blanks at the end of a line" % name)
    finish(problems, "%d files" % len(names))


main()
