#!/usr/bin/env python3
"""Packaged tools that do one thing at a time, run again and again: bounded in number, in the folder of attack_servers.py.

usage: loops.py KIND [ARGUMENT...]
"""
import os
import random
import subprocess
import sys
import time


def run(*words, **more):
    more = {"stdin": subprocess.DEVNULL, **more}
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, **more)


def lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().split()


def kinit(kdc, passwords):
    """A ticket for the one user; asked for with each password."""
    with open("krb5-%s.conf" % kdc, "w", encoding="utf-8") as f:
        f.write("[libdefaults]\ndefault_realm = SITE.TEST\ndns_lookup_kdc = false\n"
                "[realms]\nSITE.TEST = {\n kdc = %s\n}\n" % kdc)
    env = dict(os.environ, KRB5_CONFIG=f.name)
    for password in lines(passwords):
        run("kinit", "-c", f.name + ".cache", "admin", env=env, stdin=None, input=password.encode())


def openvpn(server, passwords):
    for password in lines(passwords)[:20]:
        with open("vpn-login", "w", encoding="utf-8") as f:
            f.write("admin\n%s\n" % password)
        # a login that works is held for a second
        run("timeout", "1", "openvpn", "--dev", "tun", "--ifconfig-noexec", "--route-noexec", "--client", "--nobind",
            "--remote", server, "1194", "udp", "--ca", "vpn-cert.pem", "--auth-user-pass", f.name, "--connect-retry-max", "1")


def ike(server, groups):
    """Aggressive mode (RFC 2409 section 5.4), which tells whether there is such a group."""
    for group in lines(groups)[:20]:
        run("ike-scan", "-A", "--id=" + group, "-r", "1", "-t", "150", server)


def worm(source, network):
    """Somebody comes by telnet; then the host tries telnet on others."""
    time.sleep(0.5)
    run("nmap", "-n", "-Pn", "-sS", "-S", source, "-e", "eth0", "-p", "23", "--max-retries", "0", "--send-ip",
        "--host-timeout", "5s", network)


def beacon(source, url, count, seconds, jitter):
    begin = time.monotonic()
    for i in range(int(count)):
        time.sleep(max(0, begin + float(seconds) * (i + random.uniform(-1, 1) * float(jitter)) - time.monotonic()))
        run("curl", "-s", "-m", "2", "--interface", source, url)


def names(source, resolver, count):
    """Names as they come out of an algorithm; none of them exists."""
    letters = random.Random(7)
    labels = ["".join(letters.choices("bcdfghjklmnpqrstvwxyzaeiou0123456789", k=14)) + ".com" for _ in range(int(count))]
    run("dig", "+tries=1", "+time=1", "-b", source, "@" + resolver, *labels)


def flux(source, resolver):
    """One name, asked for over a few seconds."""
    for _ in range(4):
        run("dig", "+tries=1", "+time=1", "-b", source, "@" + resolver, "shop.flux.test")
        time.sleep(0.3)


def ptunnel(proxy, port):
    """A web page through a tunnel of pings."""
    tunnel = subprocess.Popen(["ptunnel-ng", "-v0", "-p" + proxy, "-r127.0.0.1", "-R80", "-l" + port, "-o/dev/null"],
                              stdin=subprocess.DEVNULL)
    time.sleep(1)  # a look at its port would be a connection through it
    run("curl", "-s", "-m", "8", "-o", "/dev/null", "http://127.0.0.1:%s/page" % port)
    tunnel.kill()
    tunnel.wait()


KINDS = {f.__name__: f for f in (kinit, openvpn, ike, worm, beacon, names, flux, ptunnel)}
KINDS[sys.argv[1]](*sys.argv[2:])
