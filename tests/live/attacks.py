#!/usr/bin/env python3
"""Attacks by real tools on a site in network namespaces: the right detector says so, with the right victim and attacker.

First ordinary load (wrk, curl, dig, iperf3) on the same services: no heuristic may speak. Then every attack, bounded in
packets and seconds, each on a victim address of its own: its detector must name that victim, and no other detector may
(but those the row allows). Default configuration. What is not installed is skipped and said.

usage: attacks.py TOCSIN [--record DIR] [--keep DIR] [CASE...]

--record runs the cases one after the other and writes what was on the wire to DIR/<case>.pcap (tests/captures/record).
"""
import argparse
import collections
import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from attack_site import TAP, SWITCH, Site, victim, victim6  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ATTACKER, ATTACKER6 = "10.66.0.66", "fd66::42"
CLIENT, SERVER = "10.66.0.20", "10.66.0.10"
READY_SECONDS = 30
PCAP_HEADER = 24  # bytes
SKIP = 77

# name; when: "long" (all at once, beside the scans), "scan" (three at a time), "flood" (one at a time, last);
# detector; victim, attacker (None: not looked at); seconds it may take; what else may name the victim; the words of
# the command. {v} is the victim, {words} a list of 40 wrong passwords, {good} one that ends with the right one.
Case = collections.namedtuple("Case", "name when detector victim attacker seconds allowed command")
NMAP = "nmap -n -Pn --disable-arp-ping --max-retries 0 --host-timeout 9s --min-rate 400 "
HYDRA = "hydra -I -q -t 4 -w 3 "
SLOW = "slowhttptest -r 60 -l 11 -p 9 -u http://{v}/big "
HPING = "hping3 -q -n "


def rows():
    n = iter(range(1, 60))

    def row(name, when, detector, command, who=ATTACKER, seconds=12, allowed="", to=None):
        v = victim(next(n)) if to is None else to
        return Case(name, when, detector, v, who, seconds, set(allowed.split()), command.replace("{v}", v).split())

    yield row("nmap_syn", "scan", "port_scan", NMAP + "-sS -p 1-300 {v}")
    yield row("nmap_connect", "scan", "port_scan", NMAP + "-sT -p 1-300 {v}")
    yield row("nmap_fin", "scan", "port_scan", NMAP + "-sF -p 1-300 {v}")
    yield row("nmap_null", "scan", "port_scan", NMAP + "-sN -p 1-300 {v}")
    yield row("nmap_xmas", "scan", "port_scan", NMAP + "-sX -p 1-300 {v}")
    yield row("nmap_ack", "scan", "port_scan", NMAP + "-sA -p 1-300 {v}")
    yield row("nmap_maimon", "scan", "port_scan", NMAP + "-sM -p 1-300 {v}")
    yield row("nmap_udp", "scan", "port_scan", NMAP + "-sU -p 1-200 {v}")
    yield row("nmap_sctp", "scan", "port_scan", NMAP + "-sY -p 1-200 {v}")
    yield row("nmap_syn_ipv6", "scan", "port_scan", NMAP + "-6 -sS -p 1-300 {v}", who=ATTACKER6, to=victim6(40))
    yield row("nmap_sweep", "scan", "host_scan", NMAP + "-sS -p 445 10.67.1.0/26", to="10.67.1.0/26")
    yield row("nmap_ping_sweep", "scan", "host_scan", "nmap -n -sn -PE --max-retries 0 --min-rate 200 10.67.2.0/26",
              to="10.67.2.0/26")

    for service in ("ftp", "pop3", "imap", "smtp", "redis", "vnc", "snmp", "ssh", "telnet"):
        login = "" if service in ("redis", "vnc", "snmp") else "-l admin "
        passwords = "-P {good} " if service == "ftp" else "-P {words} "
        yield row("hydra_" + service, "long", "brute_force", HYDRA + login + passwords + service + "://{v}", seconds=14)
    yield row("hydra_http", "long", "brute_force", HYDRA + "-l admin -P {words} {v} http-get /private", seconds=14)
    yield row("slow_headers", "long", "slow_dos", SLOW + "-c 60 -H -i 3", seconds=14)
    yield row("slow_body", "long", "slow_dos", SLOW + "-c 60 -B -i 3 -s 8192 -t POST", seconds=14)
    yield row("slow_read", "long", "slow_dos", SLOW + "-c 60 -X -w 10 -y 20 -n 5 -z 1", seconds=14)
    yield row("iodine", "long", "dns_tunnel", "iodine -f -r -P tunnel {v} t.example.org", seconds=12)
    yield row("arpspoof", "long", "arp_spoof", "arpspoof -i eth0 -t 10.66.0.20 10.66.0.1", who=None, seconds=7, to="10.66.0.1")
    yield row("rogue_dhcp", "long", "rogue_dhcp", "dnsmasq -k -p 0 --conf-file=/dev/null --leasefile-ro -i eth0 --no-ping "
              "--dhcp-authoritative --dhcp-range=10.66.9.10,10.66.9.200,60", seconds=12, to="10.66.0.1")
    yield row("rogue_ra", "long", "rogue_ra", "atk6-fake_router26 -A fd66:bad::/64 eth0", who=None, seconds=7, to="ff02::1")
    yield row("neighbour_spoof", "long", "rogue_ra", "atk6-fake_advertise6 eth0 {v} fd66::14 02:66:00:00:00:42", who=None,
              seconds=6, to=victim6(41))
    yield row("root_takeover", "long", "stp_anomaly", "senders.py bridges 16 0.3", who=None, to="")
    yield row("lldp_flood", "long", "lldp_anomaly", "senders.py neighbours 300 0.005", who=None, to="")
    yield row("icmp_redirect", "long", "icmp_redirect",
              HPING + "--icmp --icmptype 5 --icmpcode 1 --icmp-gw 10.66.0.66 -c 12 -i u100000 {v}")

    yield row("dhcp_starvation", "flood", "rogue_dhcp", "senders.py dhcp_clients 200 0.01", who=None, to="255.255.255.255")
    yield row("macof", "flood", "mac_flood", "macof -i eth0 -n 4000", who=None, to="", seconds=6)
    yield row("hping_syn", "flood", "syn_flood", HPING + "-S -p 80 -i u300 -c 6000 --rand-source {v}", who=None)
    yield row("hping_ack", "flood", "syn_flood", HPING + "-A -p 80 --faster -c 20000 --rand-source {v}", who=None)
    yield row("hping_udp", "flood", "udp_flood", HPING + "--udp -p 53 --faster -c 20000 --rand-source {v}", who=None)
    yield row("hping_icmp", "flood", "icmp_flood", HPING + "--icmp -i u300 -c 5000 --rand-source {v}", who=None)
    yield row("hping_fragments", "flood", "fragment_flood", HPING + "--udp -x -d 64 --faster -c 12000 --rand-source {v}",
              who=None)
    yield row("http_crowd", "flood", "http_flood", "senders.py crowd {v} 1500 0.0005", who=None)


TOOLS = {"atk6-fake_router26": "thc-ipv6", "atk6-fake_advertise6": "thc-ipv6", "arpspoof": "dsniff", "macof": "dsniff",
         "dnsmasq": "dnsmasq-base", "dig": "bind9-dnsutils", "dropbear": "dropbear-bin"}


def missing(case):
    """Why a case cannot run here, or None."""
    tool = case.command[0]
    if not tool.endswith(".py") and not shutil.which(tool):
        return "%s is not installed (Debian package %s)" % (tool, TOOLS.get(tool, tool))
    if tool == "iodine" and not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    if case.name in ("arpspoof", "neighbour_spoof") and not shutil.which("ping"):
        return "ping is not installed (Debian package iputils-ping)"
    if case.name == "hydra_ssh" and not shutil.which("dropbear"):
        return "dropbear is not installed (Debian package dropbear-bin)"
    return None


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


class Lab:
    def __init__(self, site, folder):
        self.site, self.folder = site, folder
        self.lists = {"{words}": ["wrong-%d" % i for i in range(40)]}
        self.lists["{good}"] = self.lists["{words}"][:15] + ["correct-horse"]
        for name, lines in self.lists.items():
            with open(os.path.join(folder, name.strip("{}")), "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")

    def start_services(self):
        site = self.site
        site.start("server", [sys.executable, os.path.join(HERE, "services.py")])
        site.start("server", ["dnsmasq", "-k", "-p", "53", "--conf-file=/dev/null", "-R", "-h", "-z", "-a", SERVER,
                              "--address=/site.test/10.66.0.10"])
        site.start("gateway", ["dnsmasq", "-k", "-p", "0", "--conf-file=/dev/null", "--leasefile-ro", "-i", "eth0",
                               "--no-ping", "--dhcp-authoritative", "--dhcp-range=10.66.8.10,10.66.8.200,60"])
        site.start("server", ["iperf3", "-s"])
        if shutil.which("dropbear"):
            key = os.path.join(self.folder, "host-key")
            subprocess.run(["dropbearkey", "-t", "ed25519", "-f", key], check=True, capture_output=True, timeout=30)
            site.start("server", ["dropbear", "-F", "-E", "-r", key, "-p", "22"])
        if not site.wait_for_port("server", 80):
            sys.exit("the services did not come up")

    def words(self, case):
        out = [os.path.join(self.folder, w.strip("{}")) if w in self.lists else w for w in case.command]
        if out[0].endswith(".py"):
            out = [sys.executable, os.path.join(HERE, out[0])] + out[1:]
        return out

    def prepare(self, case):
        """What a case needs on the other side."""
        site = self.site
        if case.name == "iodine":
            site.start("server", ["iodined", "-f", "-c", "-P", "tunnel", "-l", case.victim, "172.31.7.1/24", "t.example.org"])
        elif case.name == "rogue_dhcp":
            site.start("client", [sys.executable, os.path.join(HERE, "senders.py"), "dhcp_clients", "30", "0.4"])
        elif case.name == "rogue_ra":
            site.start("gateway", [sys.executable, os.path.join(HERE, "senders.py"), "router", "10", "0.5"])
        if case.name in ("rogue_dhcp", "rogue_ra"):
            time.sleep(0.6)  # what belongs here is seen first
        elif case.name == "neighbour_spoof":
            site.run("client", ["ping", "-6", "-c", "2", "-i", "0.2", case.victim], 3)
        elif case.name == "arpspoof":
            site.run("client", ["ping", "-c", "2", "-i", "0.2", "10.66.0.1"], 3)

    def begin(self, case):
        """Starts a case; returns its process and when it must be over."""
        self.prepare(case)
        where = os.path.join(self.folder, case.name + ".log")
        child = self.site.start("attacker", self.words(case), stdout=open(where, "wb"), stderr=subprocess.STDOUT,
                                cwd=self.folder)
        return child, time.monotonic() + case.seconds

    def finish(self, running):
        child, end = running
        while child.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        self.site.end(child, signal.SIGINT, 2)

    def finish_all(self, running):
        for one in running:
            self.finish(one)


def ordinary_load(lab):
    """Everyday use of the services. Returns what the tools said that were there."""
    site, jobs = lab.site, []
    load = {
        "wrk": "wrk -t 1 -c 16 -d 4 http://10.66.0.10/index.html",
        "iperf3": "iperf3 -c 10.66.0.10 -t 2 -b 100M",
        "curl": "curl -s -o /dev/null --rate 20/s http://10.66.0.10/[1-40] ftp://admin:correct-horse@10.66.0.10/",
        "dig": "dig +tries=1 +time=1 @10.66.0.10",
    }
    for tool, command in load.items():
        if not shutil.which(tool):
            print("skipped load by %s: it is not installed" % tool)
            continue
        words = command.split() + ["host%d.site.test" % i for i in range(40)] * (tool == "dig")
        jobs.append(site.start("client", words))
    jobs.append(site.start("client", ["ping", "-c", "20", "-i", "0.2", "-s", "200", SERVER]))
    jobs.append(site.start("client", [sys.executable, os.path.join(HERE, "senders.py"), "dhcp_clients", "4", "0.5"]))
    jobs.append(site.start("gateway", [sys.executable, os.path.join(HERE, "senders.py"), "router", "4", "1"]))
    lab.finish_all([(job, time.monotonic() + 8) for job in jobs])
    if shutil.which("iperf3"):
        site.run("client", "iperf3 -c 10.66.0.10 -u -b 30M -l 1200 -t 1".split(), 5)


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
    long = [lab.begin(c) for c in cases if c.when == "long"]
    scans = [c for c in cases if c.when == "scan"]
    for i in range(0, len(scans), 3):
        lab.finish_all([lab.begin(c) for c in scans[i:i + 3]])
    lab.finish_all(long)
    for case in (c for c in cases if c.when == "flood"):
        lab.finish(lab.begin(case))
        time.sleep(0.7)
    time.sleep(0.5)


def record(lab, cases, folder):
    """One case at a time, with what is on the wire written to a file."""
    os.makedirs(folder, exist_ok=True)
    for case in cases:
        path = os.path.join(folder, case.name + ".pcap")
        dump = lab.site.start(SWITCH, ["tcpdump", "-i", TAP, "-n", "-U", "-w", path, "-s", "0"])
        end = time.monotonic() + 10
        while time.monotonic() < end and not (os.path.exists(path) and os.path.getsize(path) >= PCAP_HEADER):
            time.sleep(0.05)
        lab.finish(lab.begin(case))
        time.sleep(0.5)
        lab.site.end(dump, signal.SIGINT)
        print("%-18s %7d bytes" % (case.name, os.path.getsize(path)))


def choose(wanted):
    cases, skipped = [], 0
    for case in rows():
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
    ordinary_load(lab)
    time.sleep(0.5)
    failed = 0
    for f in sensor.findings():
        failed += 1
        print("FAILED  ordinary load was taken for an attack: %s" % json.dumps(f["tocsin"])[:300])
    print("%s      ordinary load" % ("ok" if not failed else "--"))
    run_attacks(lab, cases)
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
