#!/usr/bin/env python3
"""Attacks by real tools on a site in network namespaces: the right detector says so, with the right victim and attacker.

First ordinary load (wrk, curl, dig, iperf3, a right login at each service) on the same services: no heuristic may speak.
Then every attack (attack_cases.py), bounded in packets and seconds, each on a victim address of its own: its detector must
name that victim, and no other detector may (but those the row allows). Default configuration. What is not installed is
skipped and said.

usage: attacks.py TOCSIN [--record DIR] [--keep DIR] [CASE...]

--record runs the cases one after the other and writes what was on the wire to DIR/<case>.pcap (tests/captures/record).
"""
import argparse
import ipaddress
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from attack_cases import CASES, NOT_RECORDED, missing  # noqa: E402
from attack_lab import Lab, ordinary_load  # noqa: E402
from attack_site import SWITCH, TAP, Site  # noqa: E402

READY_SECONDS = 30
PCAP_HEADER = 24  # bytes
SKIP = 77


class Sensor:
    def __init__(self, site, program, folder, port):
        self.site, self.folder = site, folder
        os.makedirs(folder, exist_ok=True)
        self.log = open(os.path.join(folder, "sensor.log"), "w+", encoding="utf-8")
        self.child = site.start(SWITCH, [os.path.abspath(program), "-v", "-l", folder] + port, stderr=self.log,
                                env=dict(os.environ, XDG_CACHE_HOME=folder, NO_COLOR="1"), cwd=folder)
        end = time.monotonic() + READY_SECONDS
        while "tocsin: listening" not in self.said():
            if self.child.poll() is not None or time.monotonic() > end:
                sys.exit("the sensor did not come up: " + self.said())
            time.sleep(0.05)

    def said(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def stop(self):
        """Its exit code."""
        return self.site.end(self.child, signal.SIGTERM, 20)

    def findings(self):
        with open(os.path.join(self.folder, "eve.json"), encoding="utf-8") as f:
            events = [json.loads(line) for line in f if line.endswith("\n")]
        return [e for e in events if e["event_type"] == "alert" and e["alert"]["gid"] == 901]


def is_about(finding, case):
    """Is the case's victim, or with a network one of it, the finding's?"""
    named = finding["tocsin"].get("victim")
    if not case.victim:
        return True
    return named is not None and ipaddress.ip_address(named) in ipaddress.ip_network(case.victim)


def same(named, address):
    return named is not None and ipaddress.ip_address(named) == ipaddress.ip_address(address)


def problem(findings, case):
    """What is wrong with what was said about a case, or None."""
    about = [f for f in findings if is_about(f, case)]
    right = [f for f in about if f["tocsin"]["detector"] == case.detector]
    if not right:
        return "%s says nothing about %s" % (case.detector, case.victim or "it")
    if case.attacker and not any(same(f["tocsin"].get("attacker"), case.attacker) and same(f["src_ip"], case.attacker)
                                 for f in right):
        return "the attacker is not %s but %s" % (case.attacker, {f["tocsin"].get("attacker") for f in right})
    if case.victim and "/" not in case.victim and case.detector != "arp_spoof" and \
            not any(same(f.get("dest_ip"), case.victim) for f in right):
        return "dest_ip is not %s but %s" % (case.victim, {f.get("dest_ip") for f in right})
    others = {f["tocsin"]["detector"] for f in about} - {case.detector} - case.allowed
    if others and case.victim.startswith(("10.66.1.", "10.67.", "fd66::1:")):
        return "%s also named %s" % (", ".join(sorted(others)), case.victim)
    if case.name == "hydra_ftp" and not any(f["alert"]["severity"] == 1 for f in right):
        return "the login that worked was not told"
    return None


def run_attacks(lab, cases):
    """All but those that run from the beginning."""
    long = [lab.begin(c) for c in cases if c.when == "long"]
    scans = [c for c in cases if c.when == "scan"]
    for i in range(0, len(scans), 3):
        lab.finish_all([lab.begin(c) for c in scans[i:i + 3]])
    lab.finish_all(long)
    lab.finish_all([lab.begin(c) for c in cases if c.when == "light"])
    for case in (c for c in cases if c.when == "flood"):
        lab.finish(lab.begin(case))
        time.sleep(0.7)


def record(lab, cases, folder):
    """One case at a time, with what is on the wire written to a file."""
    os.makedirs(folder, exist_ok=True)
    for case in (c for c in cases if c.name not in NOT_RECORDED):
        path = os.path.join(folder, case.name + ".pcap")
        dump = lab.site.start(SWITCH, ["tcpdump", "-i", TAP, "-n", "-U", "--immediate-mode", "-w", path, "-s", "0"])
        end = time.monotonic() + 10
        while time.monotonic() < end and not (os.path.exists(path) and os.path.getsize(path) >= PCAP_HEADER):
            time.sleep(0.05)
        lab.finish(lab.begin(case))
        time.sleep(0.5)
        lab.site.end(dump, signal.SIGINT)
        print("%-18s %7d bytes" % (case.name, os.path.getsize(path)))


def choose(wanted):
    cases, skipped = [], 0
    for case in CASES:
        if wanted and case.name not in wanted:
            continue
        why = missing(case)
        if why:
            print("skipped %s: %s" % (case.name, why))
            skipped += 1
        else:
            cases.append(case)
    return cases, skipped


def describe(findings, case):
    return [re.sub(r"\s+", " ", json.dumps(f["tocsin"]))[:300] for f in findings if is_about(f, case)][:4]


def test(lab, program, cases):
    sensor = Sensor(lab.site, program, lab.folder, ["-i", TAP])
    cases = [c for c in cases if c.when != "capture"]
    whole = [lab.begin(c) for c in cases if c.when == "all"]  # what it says of these comes later
    ordinary_load(lab)
    time.sleep(0.5)
    failed = 0
    for f in sensor.findings():
        failed += 1
        print("FAILED  ordinary load was taken for an attack: %s" % json.dumps(f["tocsin"])[:300])
    print("%s      ordinary load" % ("ok" if not failed else "--"))
    run_attacks(lab, cases)
    lab.finish_all(whole)
    time.sleep(0.5)
    code = sensor.stop()
    if code != 0:
        failed += 1
        print("FAILED  the sensor ended with %s: %s" % (code, sensor.said()[-500:]))
    findings = sensor.findings()
    for case in cases:
        why = problem(findings, case)
        print("%s %s%s" % ("FAILED " if why else "ok     ", case.name, ": " + why if why else ""))
        failed += bool(why)
        for line in describe(findings, case) if why else []:
            print("        " + line)
    return failed


def main():
    # ended from outside, the namespaces still go
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--record", metavar="DIR")
    parser.add_argument("--keep", metavar="DIR", help="copy what the sensor and the tools said there")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_intermixed_args()
    need = [t for t in ("ip", "dnsmasq", "iperf3", "ss") if not shutil.which(t)]
    if os.geteuid() != 0 or need:
        print("SKIPPED: live attacks need root and network namespaces%s" % (", and " + ", ".join(need) if need else ""))
        return SKIP
    cases, skipped = choose(args.cases)
    with tempfile.TemporaryDirectory(prefix="tocsin-attacks-") as folder, Site() as site:
        lab = Lab(site, folder)
        lab.start_services()
        failed = record(lab, cases, args.record) if args.record else test(lab, args.tocsin, cases)
        if args.keep:
            shutil.copytree(folder, args.keep, dirs_exist_ok=True)
    print("%d cases, %d failed, %d skipped" % (len(cases), failed or 0, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
