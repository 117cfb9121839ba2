#!/usr/bin/env python3
"""Frames that no packaged tool sends in a bounded way: DHCP clients, bridges, neighbours, routers, a crowd of browsers.

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
    for i in range(int(count)):
        out.send(discover(b"\x02\x99" + struct.pack("!I", i)))
        time.sleep(float(pause))


def bpdu(priority, bridge):
    mac = b"\x02\0\0\0\x01" + bytes([bridge])
    ident = struct.pack("!H", priority) + mac
    body = b"\x42\x42\x03\0\0\0\0\0" + ident + b"\0" * 4 + ident + struct.pack("!HHHHH", 0x8001, 0, 20 << 8, 2 << 8, 15 << 8)
    return b"\x01\x80\xc2\0\0\0" + mac + struct.pack("!H", len(body)) + body + b"\0" * 8


def bridges(count, pause):
    """The site's bridge says hello; then another takes over."""
    out = wire()
    for i in range(int(count)):
        out.send(bpdu(0x8000, 1) if i < int(count) // 2 else bpdu(0, 0x66))
        time.sleep(float(pause))


def neighbours(count, pause):
    out = wire()
    for i in range(int(count)):
        mac = b"\x02\x88" + struct.pack("!I", i)
        out.send(b"\x01\x80\xc2\0\0\x0e" + mac + b"\x88\xcc\x02\x07\x04" + mac + b"\x04\x02\x07p\x06\x02\0\x78" + b"\0" * 30)
        time.sleep(float(pause))


def router(count, pause):
    """The site's own router advertises itself (RFC 4861)."""
    mac = b"\x02\x66\0\0\0\x01"
    src, dst = socket.inet_pton(socket.AF_INET6, "fe80::66:1"), socket.inet_pton(socket.AF_INET6, "ff02::1")
    icmp = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\x01\x01" + mac
    total = checksum(src + dst + struct.pack("!II", len(icmp), 58) + icmp)
    icmp = icmp[:2] + struct.pack("!H", total) + icmp[4:]
    frame = b"\x33\x33\0\0\0\x01" + mac + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(icmp), 58, 255) + src + dst + icmp
    out = wire()
    for _ in range(int(count)):
        out.send(frame)
        time.sleep(float(pause))


def crowd(host, count, pause):
    """One page, asked for by many clients (10.66.3.0/24), a connection each."""
    request = b"GET /index.html HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n"
    waiting = []
    for i in range(int(count)):
        s = socket.socket()
        s.bind(("10.66.3.%d" % (1 + i % 200), 0))
        s.settimeout(2)
        s.connect((host, 80))
        s.send(request)
        waiting.append(s)
        time.sleep(float(pause))
    for s in waiting:
        s.close()


KINDS = {f.__name__: f for f in (dhcp_clients, bridges, neighbours, router, crowd)}
KINDS[sys.argv[1]](*sys.argv[2:])
