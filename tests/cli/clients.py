#!/usr/bin/env python3
"""What tocsind and tocsinctl say of a mistake, and where nobody answers: one line, with the right exit code.

usage: clients.py TOCSIND TOCSINCTL
"""
import os
import subprocess
import sys
import tempfile

DAEMON, CLIENT = 0, 1
# program, arguments, exit code, words of the one line
ROWS = [
    (CLIENT, "", 1, ["no command", "tocsinctl --help"]),
    (CLIENT, "nosuch", 1, ["nosuch", "no such command"]),
    (CLIENT, "--nosuch", 1, ["--nosuch", "no such option"]),
    (CLIENT, "rules", 1, ["rules: expected reload, status or top", "tocsinctl rules --help"]),
    (CLIENT, "rules nosuch", 1, ["expected reload, status or top", '"nosuch"']),
    (CLIENT, "--api nobody.sock status", 2, ["nobody.sock", "No such file or directory", "is tocsind running?", "--api"]),
    (CLIENT, "--api dead.sock events", 2, ["dead.sock", "Connection refused", "is tocsind running?"]),
    (CLIENT, "--api http://127.0.0.1:1 status", 2, ["127.0.0.1", "is tocsind running?"]),
    (CLIENT, "--sensor nobody top", 2, ["no sensor answers", "nobody"]),
    (DAEMON, "-x", 1, ["-x", "tocsind --help"]),
    (DAEMON, "--nosuch", 1, ["--nosuch", "tocsind --help"]),
    (DAEMON, "--store", 1, ["--store", "tocsind --help"]),
    (DAEMON, "more", 1, ["more", "options only"]),
    (DAEMON, "--max-events many", 1, ["many", "expected a number"]),
    (DAEMON, "-e none/e.sock", 1, ["none/e.sock", "No such file or directory", "-e"]),
    (DAEMON, "-e e.sock -a none/a.sock", 1, ["none/a.sock", "No such file or directory", "-a"]),
    (DAEMON, "-e e.sock -a a.sock --http 192.0.2.1:99", 1, ["192.0.2.1:99", "loopback"]),
    (DAEMON, "-e e.sock -a a.sock --http 127.0.0.1:0", 1, ["127.0.0.1:0", "loopback address and port"]),
    (DAEMON, "-e e.sock -a a.sock -s text", 1, ["text", "not a database"]),
]


def main():
    programs = [os.path.abspath(p) for p in sys.argv[1:3]]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "text"), "w", encoding="utf-8") as f:
            f.write("this is no store, whatever else it may be\n" * 50)
        # a socket whose listener is gone
        subprocess.run([sys.executable, "-c", "import socket; socket.socket(socket.AF_UNIX).bind('dead.sock')"], cwd=folder,
                       check=True)
        for program, arguments, code, words in ROWS:
            run = subprocess.run([programs[program]] + arguments.split(), cwd=folder, capture_output=True, text=True,
                                 timeout=30)
            lines = run.stderr.splitlines()
            name = os.path.basename(programs[program])
            if run.returncode != code or len(lines) != 1 or not lines[0].startswith(name + ": ") or \
                    not all(w in lines[0] for w in words) or run.stdout:
                failed += 1
                print("%s %s: expected %d and one line with %s\n  got %d: %s%s" %
                      (name, arguments, code, words, run.returncode, run.stdout, run.stderr))
    print("%d mistakes, %d told badly" % (len(ROWS), failed))
    return 1 if failed else 0


sys.exit(main())
