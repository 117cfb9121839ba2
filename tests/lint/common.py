"""What the lint scripts share: the tree's files, and one way to end."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIP = 77  # meson's exit code for a skipped test
SOURCE_DIRS = ("dataplane", "detectors", "ctl", "perf")


def tree_files():
    """Every file of the tree that is or could be committed, relative to the root."""
    try:
        out = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode()
        names = [n for n in out.split("\0") if n]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for top, dirs, files in os.walk(ROOT):
            dirs[:] = [d for d in dirs if d != ".git" and not d.startswith("build")]
            names += [os.path.relpath(os.path.join(top, f), ROOT) for f in files]
    return sorted(n for n in names if os.path.isfile(os.path.join(ROOT, n)))


def c_files(dirs=SOURCE_DIRS, suffixes=(".c", ".h")):
    return [n for n in tree_files() if n.split("/")[0] in dirs and n.endswith(suffixes)]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def finish(problems, checked):
    for p in problems:
        print(p)
    print("%s: %s, %d problem%s" % (
        os.path.basename(sys.argv[0]), checked, len(problems), "" if len(problems) == 1 else "s"))
    sys.exit(1 if problems else 0)
