#!/usr/bin/env python3
"""What rule files nobody should have written cost: time, memory, the words said and the exit code, as a table.

usage: rule_costs.py TOCSIN [--full] [--suricata] [CASE...]

The suite runs it small; --full is the size that docs/rules.md quotes. Each case is checked with -T and, where it is a
rule set, brought into a running sensor by a reload. A case fails when the sensor crashes, runs longer than LIMIT_S, takes
more than SPACE_MB or says nothing of what is wrong. --suricata asks Suricata the same.
"""
import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sensor import pcap, tcp_frame  # noqa: E402

LIMIT_S, SPACE_MB, PEER_LIMIT_S = 60, 2048, 60
RULE = 'alert tcp any any -> any any (msg:"r"; %s sid:%d;)\n'
KEPT, ANSWER = b"the rules stay as they are", re.compile(b"rules reloaded|the rules stay as they are")
OLD = RULE % ('content:"marker";', 1)


class Case:
    """One rule set: its files, what to run on it, and the words that have to be said of it."""

    def __init__(self, name, rules, said, loaded, traffic=b"", args=(), reload_too=True):
        self.name, self.rules, self.said, self.loaded = name, rules, said, loaded
        self.traffic, self.args, self.reload_too = traffic, args, reload_too


def write(path, data):
    with open(path, "wb") as out:
        for part in data if not isinstance(data, (bytes, str)) else [data]:
            out.write(part.encode() if isinstance(part, str) else part)
    return path


def words(seed):
    rnd = random.Random(seed)
    while True:
        yield "".join(rnd.choice("abcdefghijklmnop") for _ in range(8))


def cases(work, full):
    """full: the sizes of docs/rules.md; else a fiftieth."""
    def n(count):
        return count if full else count // 50
    rnd, word = random.Random(1), words(1)
    long_rules = (RULE % ('content:"pattern%d"; reference:url,%s;' % (i, "a" * 1950), i + 1) for i in range(n(50000)))
    yield Case("%d MB of rules" % n(100), long_rules, "", n(50000))
    yield Case("%d MB of lines that are none" % n(100), ('alert tcp any any -> any any (msg:"broken\n' for _ in range(n(2400000))),
               "';'", 0)
    ports = ('alert tcp any any -> any %d (content:"%s"; sid:%d;)\n' % (1 + rnd.randrange(65535), next(word), i + 1)
             for i in range(n(100000)))
    yield Case("%d rules" % n(100000), ports, "", n(100000))
    yield Case("a line of 1 MB", [RULE % ('content:"%s";' % ("a" * (1 << 20)), 1), OLD.replace("sid:1", "sid:2")], "65536 bytes", 1)
    yield Case("%d MB of junk" % n(50), (rnd.randbytes(1 << 20) for _ in range(n(50))), "expected", 0)
    yield Case("%d rules of one sid" % n(100000), (RULE % ('content:"%s";' % next(word), 5) for _ in range(n(100000))), "also in line 1", 1)
    backtracks = RULE % ('content:"aaa"; pcre:"/^(a+)+$/";', 77)
    yield Case("a pcre that backtracks for ever", backtracks, "sid 77", 1, traffic=b"a" * 1000 + b"!")
    thousand = RULE % ('content:"a"; ' + 'content:"a"; distance:0; ' * 999 + 'content:"b"; distance:0;', 2)
    yield Case("a thousand contents", thousand, "", 1, traffic=b"a" * 1400)
    values = write(os.path.join(work, "values.lst"), ("%d.%d.%d.%d\n" % (11 + (i >> 24), i >> 16 & 255, i >> 8 & 255, i & 255)
                                                      for i in range(n(1000000))))
    yield Case("a dataset of %d values" % n(1000000), "alert ip any any -> any any (ip.src; dataset:isset,many,type ip,load %s; sid:1;)\n" %
               values, "", 1, traffic=b"x")
    yield Case("a dataset that is not there", "alert ip any any -> any any (ip.src; dataset:isset,m,type ip,load none.lst; sid:1;)\n",
               "none.lst", 0)
    config = write(os.path.join(work, "include.yaml"), "%YAML 1.1\n---\ninclude: missing.yaml\n")
    yield Case("an include that is not there", OLD, "missing.yaml", None, args=("-c", config), reload_too=False)
    config = write(os.path.join(work, "loop.yaml"), "%YAML 1.1\n---\ninclude: loop.yaml\n")
    yield Case("an include of itself", OLD, "loop.yaml", None, args=("-c", config), reload_too=False)


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


class Run:
    """A program that has ended: seconds, seconds of CPU, MB at most, exit code, what it said."""

    def __init__(self, command, limit_s, env=None, preexec=None):
        with tempfile.TemporaryFile() as out:
            start = time.monotonic()
            child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env, preexec_fn=preexec)
            signal.signal(signal.SIGALRM, lambda *_: child.kill())
            signal.alarm(limit_s)
            _, status, usage = os.wait4(child.pid, 0)
            signal.alarm(0)
            self.seconds, self.mb = time.monotonic() - start, usage.ru_maxrss / 1024
            self.cpu = usage.ru_utime + usage.ru_stime
            child.returncode = self.code = os.waitstatus_to_exitcode(status)
            out.seek(0)
            self.said = out.read().decode("utf-8", "replace")


def first_word_of_trouble(said, case):
    lines = [re.sub(r"\S*/", "", line) for line in said.splitlines() if case.said and case.said in line]
    return lines[0][:100] if lines else ""


class Bench:
    def __init__(self, program, work):
        self.program, self.work = os.path.abspath(program), work
        self.env = dict(os.environ, XDG_CACHE_HOME=os.path.join(work, "cache"), NO_COLOR="1")
        self.wrong = []

    def expect(self, case, what, good):
        if not good:
            self.wrong.append("%s: %s" % (case.name, what))

    def judge(self, case, run, mode):
        self.expect(case, "%s ends (code %d)" % (mode, run.code), run.code in (0, 1))
        self.expect(case, "%s in time and memory (%.1f s, %.0f MB)" % (mode, run.seconds, run.mb), run.seconds < LIMIT_S and run.mb < SPACE_MB)
        return run

    def check(self, case, path):
        run = self.judge(case, Run([self.program, "-T", "-S", path, *case.args], LIMIT_S, self.env, limits), "-T")
        last = (run.said.strip().splitlines() or [""])[-1]
        loaded = re.findall(r"^rules: (\d+) loaded", run.said, re.M)
        if case.loaded is not None:
            self.expect(case, "%d rules load: %s" % (case.loaded, last[:200]), loaded == [str(case.loaded)])
        if not case.traffic:
            self.expect(case, "it is said what is wrong", case.said in run.said)
        return run

    def traffic(self, case, path):
        frames = pcap([tcp_frame(case.traffic, 1000 + i, 80) for i in range(200)])
        capture, logs = write(os.path.join(self.work, "t.pcap"), frames), os.path.join(self.work, "logs")
        os.makedirs(logs, exist_ok=True)
        run = self.judge(case, Run([self.program, "-r", capture, "-S", path, "-l", logs], LIMIT_S, self.env, limits), "-r")
        self.expect(case, "the end of the run says it", case.said in run.said)
        return run

    def reload(self, case, path):
        """The set is brought into a sensor that reads a capture that does not end. Returns the seconds to the answer, and the run."""
        rules, logs = write(os.path.join(self.work, "live.rules"), OLD), os.path.join(self.work, "live")
        shutil.rmtree(logs, ignore_errors=True)
        os.makedirs(logs)
        child = subprocess.Popen([self.program, "-r", "-", "-S", rules, "-l", logs], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, env=self.env, preexec_fn=limits)
        frame, marked = tcp_frame(b"", 1000, 80), tcp_frame(b"marker", 1001, 80)
        record = [struct.pack("<IIII", 1600000000, 0, len(f), len(f)) + f for f in (frame, marked)]
        os.set_blocking(child.stderr.fileno(), False)
        said, start = b"", time.monotonic()
        try:
            child.stdin.write(pcap([]) + record[0] * 20000)
            shutil.copyfile(path, rules)
            child.send_signal(signal.SIGUSR2)
            while not ANSWER.search(said) and time.monotonic() - start < LIMIT_S:
                child.stdin.write(record[0] * 2000)
                said += child.stderr.read() or b""
            seconds = time.monotonic() - start
            child.stdin.write(record[1])
            child.stdin.close()
        except BrokenPipeError:
            seconds = time.monotonic() - start
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        os.set_blocking(child.stderr.fileno(), True)
        said = said + child.stderr.read()
        refused, said = KEPT in said, said.decode("utf-8", "replace")
        self.expect(case, "a sensor in use goes on (code %d): %s" % (child.returncode, said[-300:]), child.returncode == 0 and ANSWER.search(said.encode()))
        self.expect(case, "a set with more bad rules than the one in use is refused", refused == (bool(case.said) and not case.traffic))
        with open(os.path.join(logs, "eve.json"), encoding="utf-8") as events:
            alerts = sum(e["event_type"] == "alert" and e["alert"]["gid"] == 1 for e in map(json.loads, events))
        self.expect(case, "after a refusal the old rules alert", alerts == 1 or not refused)
        return seconds, usage.ru_maxrss / 1024, "kept the old rules" if refused else "changed over"

    def cache(self, name, path, spoil):
        """The cache is spoiled; nothing but time may change."""
        logs = os.path.join(self.work, "logs")
        folder = os.path.join(self.work, "cache")
        case = Case(name, "", "", None)
        for root, _, files in os.walk(folder):
            for f in files:
                spoil(os.path.join(root, f))
        shutil.rmtree(logs, ignore_errors=True)
        os.makedirs(logs)
        capture = write(os.path.join(self.work, "t.pcap"), pcap([tcp_frame(b"marker", 1000, 80)]))
        run = self.judge(case, Run([self.program, "-q", "-r", capture, "-S", path, "-l", logs], LIMIT_S, self.env, limits), "-r")
        with open(os.path.join(logs, "eve.json"), encoding="utf-8") as events:
            alerts = sum(e["event_type"] == "alert" and e["alert"]["gid"] == 1 for e in map(json.loads, events))
        self.expect(case, "the rule that matches alerts (%d)" % alerts, alerts == 1 and run.code == 0)
        return run


def flip(path):
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        for i in range(len(data) // 2, len(data), 97):
            data[i] ^= 0x55
        f.seek(0)
        f.write(data)


def peer(case, path, work):
    args = [] if not case.args else ["-c", case.args[1]]
    if case.traffic:
        args += ["-r", os.path.join(work, "t.pcap"), "--runmode", "single"]
    run = Run(["suricata"] + ([] if case.traffic else ["-T"]) + ["-S", path, "-l", work] + args, PEER_LIMIT_S)
    return "%s%.1f s, %.0f MB, %s" % ("more than " if run.seconds >= PEER_LIMIT_S else "", run.cpu, run.mb,
                                      "exit %d" % run.code if run.code >= 0 else "stopped")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("tocsin")
    ap.add_argument("--full", action="store_true")
    ap.add_argument("--suricata", action="store_true")
    ap.add_argument("case", nargs="*", help="part of a case's name")
    args = ap.parse_intermixed_args()
    row = "| %-36s | %7s | %6s | %4s | %-22s | %s"
    print(row % ("what", "cpu s", "MB", "exit", "reload", "said"))
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(args.tocsin, work)
        for case in cases(work, args.full):
            if args.case and not any(c in case.name for c in args.case):
                continue
            path = write(os.path.join(work, "r.rules"), case.rules)
            run = bench.traffic(case, path) if case.traffic else bench.check(case, path)
            again = "%.1f s, %.0f MB, %s" % bench.reload(case, path) if case.reload_too else ""
            print(row % (case.name, "%.1f" % run.cpu, "%.0f" % run.mb, run.code, again, first_word_of_trouble(run.said, case)) +
                  (" | Suricata: " + peer(case, path, work) if args.suricata else ""), flush=True)
        if not args.case:
            many = write(os.path.join(work, "r.rules"), [OLD] + [RULE % ('content:"%s";' % w, i + 2) for i, w in zip(range(20000 if args.full else 400), words(2))])
            for name, spoil in (("no cache", os.unlink), ("its own cache", lambda _: None), ("a damaged cache", flip), ("a cache cut short", lambda f: os.truncate(f, os.path.getsize(f) // 2)),
                                ("a cache of others", lambda f: shutil.copyfile(args.tocsin, f))):
                run = bench.cache(name, many, spoil)
                print(row % (name, "%.1f" % run.cpu, "%.0f" % run.mb, run.code, "", run.said.strip()[:100]))
    for wrong in bench.wrong:
        print("FAILED  " + wrong)
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
