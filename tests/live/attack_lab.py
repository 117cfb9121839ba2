"""The site's servers, what each attack needs beside its own command, and the ordinary load."""
import os
import shutil
import signal
import subprocess
import sys
import time

from attack_cases import CASES
from attack_site import REMOTES, remote, victim

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = "10.66.0.10"
DEBIAN_PYTHON = "/usr/bin/python3"  # has Debian's modules
SIP = next(c.victim for c in CASES if c.name == "hydra_sip")
KDC_CONF = """[kdcdefaults]
 kdc_listen = 88
[realms]
 SITE.TEST = {
  database_name = %(d)s/principal
  key_stash_file = %(d)s/stash
  acl_file = %(d)s/acl
  default_principal_flags = +preauth
 }
"""
CHECK_PASSWORD = """#!/bin/sh
tail -1 "$1" | grep -qx correct-horse
"""


def script(name, *arguments):
    return [DEBIAN_PYTHON if name == "smb.py" else sys.executable, os.path.join(HERE, name)] + list(arguments)


class Lab:
    def __init__(self, site, folder):
        self.site, self.folder, self.started = site, folder, 0
        wrong = ["wrong-%d" % i for i in range(40)]
        self.lists = {"{words}": wrong, "{good}": wrong[:15] + ["correct-horse"], "{right}": ["correct-horse"],
                      "{servers}": [victim(208 + i) for i in range(16)]}
        for name, lines in self.lists.items():
            self.write(name.strip("{}"), "\n".join(lines) + "\n")

    def write(self, name, text, mode=0o644):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(f.name, mode)
        return f.name

    def start(self, host, command, **more):
        words = command if isinstance(command, list) else command.split()
        self.started += 1
        with open(os.path.join(self.folder, "%02d-%s.log" % (self.started, os.path.basename(words[0]))), "wb") as log:
            return self.site.start(host, words, cwd=self.folder, **{"stdout": log, "stderr": subprocess.STDOUT, **more})

    def make(self, command, **more):
        """Something a server needs, such as a key."""
        subprocess.run(command.split(), check=True, capture_output=True, timeout=30, cwd=self.folder, **more)

    def start_services(self):
        site, servers = self.site, "dnsmasq -k --conf-file=/dev/null --pid-file= "
        self.start("server", script("services.py", "--sip", SIP))
        self.start("gateway", script("services.py", "--reflect", *(remote(n + 1) for n in range(REMOTES))))
        self.start("server", servers + "-p 53 -R -h -z -a %s --address=/site.test/10.66.0.10" % SERVER)
        self.write("router-confg", "hostname router\n")
        self.start("gateway", servers + "-p 0 --user=root --enable-tftp --tftp-root=" + self.folder)
        self.start("gateway", servers + "-p 0 --leasefile-ro -i eth0 --no-ping --dhcp-authoritative "
                   "--dhcp-range=10.66.8.10,10.66.8.200,60")
        self.start_remote_names()
        for host, port in (("server", "5201"), ("gateway", "5201"), ("gateway", "4444")):
            self.start(host, "iperf3 -s -p " + port)
        if shutil.which("dropbear"):
            self.make("dropbearkey -t ed25519 -f host-key")
            self.start("server", "dropbear -F -E -r host-key -p 22 -p 443")
        if os.path.exists("/usr/lib/python3/dist-packages/impacket"):
            self.start("server", script("smb.py", "serve"))
        self.start_kerberos()
        self.start_tls_and_vpn()
        if not site.wait_for_port("server", 80) or not site.wait_for_port("gateway", 80):
            sys.exit("the services did not come up")

    def start_remote_names(self):
        """A resolver on the Internet: nothing exists in com, one name has very many addresses, one a long text."""
        flux = ["shop.flux.test,%d.%d.%d.%d" % (11 + i, 3 * i + 1, i, i + 1) for i in range(40)]
        self.start("gateway", ["dnsmasq", "-k", "-p", "53", "--conf-file=/dev/null", "--pid-file=", "-R", "-h", "-z", "--local=/com/",
                               "--local-ttl=60", "--txt-record=big.test" + (",%s" % ("x" * 200)) * 5,
                               "--address=/site.test/203.0.113.20"] + ["--host-record=" + f for f in flux] +
                   ["--listen-address=" + remote(n + 1) for n in range(REMOTES)])

    def start_kerberos(self):
        if not (shutil.which("krb5kdc") and shutil.which("kadmin.local")):
            return
        config = self.write("krb5.conf", "[libdefaults]\ndefault_realm = SITE.TEST\n")
        env = dict(os.environ, KRB5_CONFIG=config, KRB5_KDC_PROFILE=self.write("kdc.conf", KDC_CONF % {"d": self.folder}))
        self.make("kdb5_util create -s -P master -r SITE.TEST", env=env)
        self.make("kadmin.local addprinc -pw correct-horse admin", env=env)
        self.start("server", "krb5kdc -n", env=env)

    def start_tls_and_vpn(self):
        if not shutil.which("openssl"):
            return
        self.make("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=site "
                  "-keyout vpn-key.pem -out vpn-cert.pem")
        tls = "openssl s_server -quiet -www -cert vpn-cert.pem -key vpn-key.pem "
        self.start("server", tls + "-accept 8443 -tls1_2 -cipher NULL-SHA256:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")
        self.start("server", tls + "-accept 8444")
        if shutil.which("openvpn") and os.path.exists("/dev/net/tun"):
            check = self.write("check-password", CHECK_PASSWORD, 0o755)
            self.start("server", "openvpn --dev tun --mode server --tls-server --proto udp --port 1194 --multihome --dh none "
                       "--ca vpn-cert.pem --cert vpn-cert.pem --key vpn-key.pem --verify-client-cert none "
                       "--username-as-common-name --script-security 2 --auth-user-pass-verify %s via-file "
                       "--ifconfig 172.31.8.1 172.31.8.2 --ifconfig-pool 172.31.8.4 172.31.8.200" % check)

    def words(self, command):
        out = [os.path.join(self.folder, w.strip("{}")) if w in self.lists else w for w in command]
        return script(*out) if out[0].endswith(".py") else out

    def prepare(self, case):
        """What a case needs on the other side."""
        site = self.site
        if case.name == "iodine":
            site.start("server", ["iodined", "-f", "-c", "-P", "tunnel", "-l", case.victim, "172.31.7.1/24", "t.example.org"])
        elif case.name == "ptunnel":
            site.start("server", "ptunnel-ng -v0 -r127.0.0.1 -R80 -o/dev/null".split())
        elif case.name == "worm":
            site.run("attacker", ["nmap", "-n", "-Pn", "-sT", "-p", "23", case.victim], 5)
        elif case.name == "rogue_dhcp":
            site.start("client", script("senders.py", "dhcp_clients", "30", "0.4"))
        elif case.name == "rogue_ra":
            site.start("gateway", script("senders.py", "router", "10", "0.5"))
        if case.name in ("rogue_dhcp", "rogue_ra", "ptunnel"):
            time.sleep(0.6)  # what belongs here is seen first
        elif case.name == "neighbour_spoof":
            site.run("client", ["ping", "-6", "-c", "2", "-i", "0.2", case.victim], 3)
        elif case.name == "arpspoof":
            site.run("client", ["ping", "-c", "2", "-i", "0.2", "10.66.0.1"], 3)

    def begin(self, case):
        """Starts a case; returns its process and when it must be over."""
        self.prepare(case)
        with open(os.path.join(self.folder, case.name + ".log"), "wb") as log:
            return self.start(case.host, self.words(case.command), stdout=log), time.monotonic() + case.seconds

    def finish(self, running):
        child, end = running
        while child.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        self.site.end(child, signal.SIGINT, 2)

    def finish_all(self, running):
        for one in running:
            self.finish(one)


CLIENT_LOAD = [
    "wrk -t 1 -c 16 -d 4 http://10.66.0.10/index.html",
    "iperf3 -c 10.66.0.10 -t 2 -b 100M",
    "curl -s -o /dev/null --rate 20/s http://10.66.0.10/[1-40] ftp://admin:correct-horse@10.66.0.10/",
    "curl -s -o /dev/null --rate 5/s -k https://10.66.0.10:8444/[1-10] http://203.0.113.9/[1-10]",
    "dig +tries=1 +time=1 @10.66.0.10 " + " ".join("host%d.site.test" % i for i in range(40)),
    "dig +tries=1 +time=1 @203.0.113.10 " + " ".join("www%d.site.test" % i for i in range(20)),
    "iperf3 -c 203.0.113.11 -n 20M -b 100M",
    "ping -c 20 -i 0.2 -s 200 10.66.0.10",
    "senders.py dhcp_clients 4 0.5",
    "smb.py login 10.66.0.10 {right}",
    "loops.py kinit 10.66.0.10 {right}",
    "loops.py openvpn 10.66.0.10 {right}",
    "hydra -I -q -t 1 -w 3 -l admin -p correct-horse sip://" + SIP,
] + ["hydra -I -q -t 1 -w 3 -l admin -p correct-horse %s://10.66.0.10" % service for service in (
    "ftp", "pop3", "imap", "smtp", "mysql", "postgres", "ldap2", "mssql")]


def ordinary_load(lab):
    """Everyday use of the services, a right login at each among it."""
    jobs = [lab.start("gateway", script("senders.py", "router", "4", "1"))]
    for load in CLIENT_LOAD:
        words = lab.words(load.split())
        if shutil.which(words[0]):
            jobs.append(lab.start("client", words))
        else:
            print("skipped load by %s: it is not installed" % words[0])
    lab.finish_all([(job, time.monotonic() + 8) for job in jobs])
    if shutil.which("iperf3"):
        lab.site.run("client", "iperf3 -c 10.66.0.10 -u -b 30M -l 1200 -t 1".split(), 5)
