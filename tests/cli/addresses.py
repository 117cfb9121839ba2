#!/usr/bin/env python3
"""iprep and geoip: rules on what is known of an address, from files as Suricata reads them.

usage: addresses.py TOCSIN [CASE...]
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sensor import expect, main, pcap, tcp_frame  # noqa: E402

PAIRS = [("10.1.1.1", "192.168.1.9"), ("10.1.2.5", "192.168.1.9"), ("192.168.1.9", "10.1.1.1"), ("10.9.9.9", "192.168.1.9"),
         ("10.1.1.1", "10.1.2.5")]
CATEGORIES = "1,BadHosts,Known bad hosts\n2,CnC,Command and control\n"
SCORES = "# a host, and a network within another\n10.1.1.1,1,100\n10.1.2.0/24,2,40\n10.1.2.0/28,2,50\n"
# What Suricata 7.0.10 says of these packets (counted from 1).
IPREP = [("src,BadHosts,>,50", [1, 5]), ("src,CnC,<,10", [1, 5]), ("src,CnC,>,39", [2]), ("src,CnC,>,49", [2]),
         ("any,BadHosts,=,100", [1, 3, 5]), ("both,CnC,>=,0", [5]), ("dst,BadHosts,<=,100", [3]),
         ("src,BadHosts,isset", [1, 5]), ("src,BadHosts,isnotset", [2, 3, 4]), ("src,BadHosts,<,10", []),
         ("src,CnC,isnotset", [1, 3, 4, 5]), ("src,CnC,isset", [1, 2, 5]), ("both,CnC,isnotset", [4]),
         ("any,BadHosts,isnotset", [1, 2, 3, 4, 5])]
COUNTRIES = {"10.1.1.0/24": "DE", "10.1.2.0/23": "RU", "10.9.9.9/32": "CN"}
GEOIP = [("src,DE", [1, 5]), ("DE", [1, 3, 5]), ("any,RU,CN", [2, 4, 5]), ("src,!DE", [2, 4]), ("both,DE,RU", [5]),
         ("dst,!DE,!RU", []), ("both,de", [])]


def capture(s):
    return s.write("pairs.pcap", pcap([tcp_frame(b"hello", 1000 + i, 9999, src=a, dst=b) for i, (a, b) in enumerate(PAIRS)]))


def verdicts(s, keyword, cases, *settings):
    rules = s.write("k.rules", "".join("alert tcp any any -> any any (msg:\"%d\"; %s:%s; content:\"hello\"; sid:%d;)\n" %
                                       (i, keyword, arg, i + 1) for i, (arg, _) in enumerate(cases)))
    run = s.run("-q", "-r", capture(s), "-S", rules, "-l", s.dir, *(w for v in settings for w in ("--set", v)))
    expect(run.returncode == 0, run.err)
    got = {}
    for a in s.alerts():
        if a["alert"]["gid"] == 1:
            got.setdefault(a["alert"]["signature_id"], []).append(a["pcap_cnt"])
    for i, (arg, want) in enumerate(cases):
        expect(got.get(i + 1, []) == want, "%s:%s alerts on packets %s, expected %s" % (keyword, arg, got.get(i + 1, []), want))


def reputation(s, scores=SCORES):
    s.write("bad.list", scores)
    return ("reputation-categories-file=" + s.write("categories.txt", CATEGORIES), "default-reputation-path=" + s.dir,
            "reputation-files=bad.list")


def cli_iprep_says_what_suricata_says(s):
    verdicts(s, "iprep", IPREP, *reputation(s))


def cli_iprep_waits_without_files_and_names_what_is_wrong_in_them(s):
    rules = s.write("k.rules", 'alert ip any any -> any any (iprep:src,BadHosts,>,50; sid:1;)\n')
    run = s.run("-T", "-S", rules)
    expect(run.returncode == 0 and "1 waiting" in run.out, run.out + run.err)
    settings = [w for v in reputation(s, SCORES + "10.1.1.1,1,128\n") for w in ("--set", v)]
    run = s.run("-T", "-S", rules, *settings)
    expect("bad.list:5" in run.err and "score" in run.err and "1 loaded" in run.out, run.out + run.err)
    rules = s.write("u.rules", 'alert ip any any -> any any (iprep:src,Unknown,>,50; sid:1;)\n')
    run = s.run("-T", "-S", rules, *settings)
    expect(run.returncode == 1 and "Unknown" in run.err and "u.rules:1" in run.err, run.out + run.err)


def control(kind, size):
    """The byte before a value of the MaxMind DB format, section "data field format"."""
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def value(v):
    if isinstance(v, dict):
        return control(7, len(v)) + b"".join(value(k) + value(x) for k, x in v.items())
    if isinstance(v, list):
        return control(11, len(v)) + b"".join(value(x) for x in v)
    if isinstance(v, int):
        raw = v.to_bytes((v.bit_length() + 7) // 8, "big")
        return control(6, len(raw)) + raw
    return control(2, len(v)) + v.encode()


def country_database(networks):
    """A MaxMind DB of IPv4 networks and their countries, by the format's public description (version 2.0)."""
    nodes, data, at = [[None, None]], b"", {}
    for net, code in networks.items():
        if code not in at:
            at[code] = len(data)
            data += value({"country": {"iso_code": code}})
        ip, bits = net.split("/")
        number = int.from_bytes(bytes(int(x) for x in ip.split(".")), "big")
        node = 0
        for depth in range(int(bits)):
            side = number >> (31 - depth) & 1
            if depth + 1 == int(bits):
                nodes[node][side] = ("data", at[code])
                break
            if nodes[node][side] is None:
                nodes.append([None, None])
                nodes[node][side] = len(nodes) - 1
            node = nodes[node][side]
    count = len(nodes)
    number = lambda r: count if r is None else r if isinstance(r, int) else count + 16 + r[1]  # noqa: E731
    tree = b"".join(number(left).to_bytes(3, "big") + number(right).to_bytes(3, "big") for left, right in nodes)
    meta = {"node_count": count, "record_size": 24, "ip_version": 4, "database_type": "Test-Country", "languages": ["en"],
            "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1600000000,
            "description": {"en": "test"}}
    short = ("record_size", "ip_version", "binary_format_major_version", "binary_format_minor_version")
    packed = control(7, len(meta))
    for k, v in meta.items():
        packed += value(k)
        if k in short:  # of 16 bits
            packed += struct.pack("!BH", 5 << 5 | 2, v)
        elif k == "build_epoch":  # of 64
            packed += control(9, 8) + struct.pack("!Q", v)
        else:
            packed += value(v)
    return tree + b"\0" * 16 + data + b"\xab\xcd\xefMaxMind.com" + packed


def cli_geoip_knows_the_country_of_either_side(s):
    verdicts(s, "geoip", GEOIP, "geoip-database=" + s.write("country.mmdb", country_database(COUNTRIES)))


def cli_geoip_waits_without_a_database_and_refuses_one_that_is_none(s):
    rules = s.write("k.rules", "alert ip any any -> any any (geoip:src,DE; sid:1;)\n")
    run = s.run("-T", "-S", rules)
    expect(run.returncode == 0 and "1 waiting" in run.out, run.out + run.err)
    run = s.run("-T", "-S", rules, "--set", "geoip-database=" + s.write("bad.mmdb", b"\0" * 1000))
    expect(run.returncode == 1 and "bad.mmdb" in run.err, run.out + run.err)
    whole = country_database(COUNTRIES)
    for cut in range(0, len(whole), 37):  # a damaged database is refused or answers nothing; it never ends the run badly
        path = s.write("cut.mmdb", whole[:cut] + b"\xff" * 20 + whole[cut + 20:])
        run = s.run("-q", "-r", capture(s), "-S", rules, "-l", s.dir, "--set", "geoip-database=" + path)
        expect(run.returncode in (0, 1), "damaged at %d: exit %d: %s" % (cut, run.returncode, run.err))


main(__name__)
