#!/usr/bin/env python3
"""What rules mean where it is easy to get wrong: a capture made here, rules on it, and how often each alerts.

usage: rule_traps.py TOCSIN             the sensor gives the expected counts
       rule_traps.py TOCSIN --suricata  asks Suricata 7.0.10 instead, which is where the counts come from

A rule's sid is a hundred times its section, and a number. Sections talk on a TCP port of their own, 1000 and the section.
"""
import collections
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpora"))
from rule_traffic import ACK, FIN, PSH, SYN, Side, write_pcap  # noqa: E402

CLIENT, SERVER = 0, 1
FRAMES = []


class Talk:
    """A TCP conversation on a section's port. Hosts may be of either IP version."""

    count = 0

    def __init__(self, section, client="192.168.1.5", server="203.0.113.7", handshake=True):
        rng = random.Random(0)
        Talk.count += 1
        self.ends = Side(rng, client, server, False), Side(rng, server, client, False)
        self.ports, self.seq = (20000 + Talk.count, 1000 + section), [1000, 70000]
        if handshake:
            self.send(CLIENT, SYN)
            self.send(SERVER, SYN | ACK)
            self.send(CLIENT, ACK)

    def send(self, way, flags, payload=b""):
        FRAMES.append(self.ends[way].tcp(self.ports[way], self.ports[1 - way], self.seq[way],
                                         self.seq[1 - way] if flags & ACK else 0, flags, payload))
        self.seq[way] += len(payload) + bool(flags & (SYN | FIN))

    def say(self, way, *segments):
        """Each segment, then an acknowledgement of all; earlier ones of what is long, to stay within the window."""
        for segment in segments:
            for n, at in enumerate(range(0, len(segment), 1400)):
                self.send(way, PSH | ACK, segment[at:at + 1400])
                if n % 16 == 15:
                    self.send(1 - way, ACK)
        self.send(1 - way, ACK)
        return self

    def close(self):
        self.send(CLIENT, FIN | ACK)
        self.send(SERVER, FIN | ACK)
        self.send(CLIENT, ACK)


def response(body, *headers):
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body)) + headers) + b"\r\n\r\n" + body


def gzipped(data, layers):
    for _ in range(layers):
        data = gzip.compress(data, mtime=0)
    return data


def traffic():
    """The capture, section by section."""
    Talk(1).say(CLIENT, b"abcdefgh XX yz").close()
    Talk(2).say(CLIENT, b"user=aab user=xyz id=7").close()
    Talk(3).say(CLIENT, b"k=1 k=2v end; aXbXc").close()
    Talk(4, handshake=False).say(CLIENT, b"midstream").say(SERVER, b"answer")
    Talk(4).say(CLIENT, b"midstream").say(SERVER, b"answer").close()
    Talk(5).say(CLIENT, b"first half,", b"second half").say(CLIENT, b"third").close()
    Talk(6).say(CLIENT, b"GET /raw HTTP/1.1\r\nHost: a\r\n\r\n").say(SERVER, response(b"hello")).close()
    Talk(6).say(CLIENT, b"no protocol: GET /raw").close()
    Talk(7, client="192.168.7.7").say(CLIENT, b"one").say(SERVER, b"two").say(CLIENT, b"three").close()
    talk = Talk(8)
    for _ in range(4):
        talk.say(CLIENT, b"again")
    talk.say(SERVER, b"reader").close()
    Talk(9).say(CLIENT, b"many and more").close()
    Talk(9).say(CLIENT, b"many but let pass").close()
    talk = Talk(10)
    for path in (b"/a/../b%41?x=1", b"/second"):
        talk.say(CLIENT, b"POST " + path + b" HTTP/1.1\r\nHost: EXAMPLE.org\r\nCookie: secret\r\nX-Odd: 1\r\n"
                 b"Content-Length: 4\r\n\r\nbody")
        talk.say(SERVER, response(gzipped(b"plain text", 1), b"Content-Encoding: gzip"))
    talk.close()
    talk = Talk(11).say(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.say(SERVER, response(b"." * 99000 + b"within" + b"." * 8000 + b"beyond"))
    talk.say(SERVER, response(gzipped(b"two layers", 2), b"Content-Encoding: gzip, gzip"))
    talk.say(SERVER, response(gzipped(b"three layers", 3), b"Content-Encoding: gzip, gzip, gzip")).close()
    talk = Talk(11).say(CLIENT, b"#" * 1048500 + b"at the depth")
    talk.say(CLIENT, b"." * 100, b"behind the depth", b"and further").close()
    for client, server in (("10.1.2.3", "8.8.8.8"), ("10.1.9.9", "8.8.8.8"), ("fd00::5", "2001:db8::8")):
        Talk(12, client, server).say(CLIENT, b"who").close()
    Talk(13).say(CLIENT, b'a;b"c:d\\e|f ABCabc').close()


def tcp(section, options, header=None):
    return header or "alert tcp any any -> any %d" % (1000 + section), options


def http(section, options, way="any any -> any %d"):
    return "alert http " + way % (1000 + section), options


# (header, options) and the alerts, by section.
SECTIONS = {
    1: [  # the prefilter changes nothing
        (tcp(1, 'content:"abc"; content:"yz"; fast_pattern'), 1), (tcp(1, 'content:"abc"; fast_pattern:only; content:"XX"'), 1),
        (tcp(1, 'content:"abcdefgh"; fast_pattern:2,3; content:"y"'), 1), (tcp(1, 'content:"X"'), 1),
        (tcp(1, 'content:"abc"; content:"nope"; fast_pattern'), 0), (tcp(1, 'content:!"nope"; content:"z"'), 1),
        (tcp(1, 'flow:to_server; content:!"nope"'), 1), (tcp(1, 'content:!"abc"; content:"z"'), 0)],
    2: [  # pcre, relative, with what Hyperscan cannot do
        (tcp(2, r'content:"user="; pcre:"/^(\w)\1/R"'), 1), (tcp(2, r'pcre:"/(?<=user=)xyz/"'), 1),
        (tcp(2, r'content:"user="; pcre:"/^xyz id=\d$/R"'), 1), (tcp(2, r'content:"user="; pcre:"/^zzz/R"'), 0),
        (tcp(2, r'pcre:"/USER=A+B/i"'), 1), (tcp(2, r'content:"id="; pcre:!"/^8/R"'), 1)],
    3: [  # a relative chain tries the next occurrence of its anchor
        (tcp(3, 'content:"k="; content:"v"; distance:1; within:1'), 1),
        (tcp(3, 'content:"k="; content:"e"; distance:1; within:1'), 0),
        (tcp(3, 'content:"end"; content:"k="; distance:-9; within:6'), 1),
        (tcp(3, 'content:"k="; content:!"v"; distance:1; within:1'), 1),
        (tcp(3, 'content:"X"; content:"X"; distance:1; within:1; isdataat:1,relative; isdataat:!2,relative'), 1),
        (tcp(3, 'content:"k=1"; depth:3; content:"k="; offset:4; depth:2'), 2),  # stream, then packet
        (tcp(3, r'content:"k="; byte_test:1,=,0x32,0,relative; content:"v"; distance:1; within:1'), 1)],
    4: [  # established wants a handshake, from_server is to_client
        (tcp(4, 'flow:established,to_server; content:"midstream"'), 1), (tcp(4, 'flow:not_established; content:"midstream"'), 1),
        (tcp(4, 'content:"midstream"'), 2),
        (tcp(4, 'flow:established,from_server; content:"answer"', "alert tcp any 1004 -> any any"), 1),
        (tcp(4, 'flow:established,to_client; content:"answer"', "alert tcp any 1004 -> any any"), 1),
        (tcp(4, 'flow:established,from_client; content:"answer"', "alert tcp any any -> any any"), 0)],
    5: [  # the stream, then the packet
        (tcp(5, 'content:"half,second"'), 1), (tcp(5, 'content:"second"; depth:6'), 1), (tcp(5, 'content:"half,second"; dsize:>1'), 0),
        (tcp(5, 'content:"third"; dsize:5'), 1), (tcp(5, 'content:"first"; depth:5; content:"third"'), 1),
        (tcp(5, 'content:"third"; startswith'), 1), (tcp(5, 'flow:only_stream; content:"second"'), 1),
        (tcp(5, 'flow:no_stream; content:"third"'), 1)],
    6: [  # raw bytes behind a protocol, on any port
        (http(6, 'content:"/raw"'), 1), (http(6, 'content:"/raw"; http.method; content:"GET"'), 1),
        (http(6, 'flow:to_client; content:"hello"', "any %d -> any any"), 1), (tcp(6, 'content:"/raw"'), 2),
        (tcp(6, 'content:"/raw"; app-layer-protocol:http'), 1), (http(6, 'content:"hello"; http.method; content:"GET"'), 0)],
    7: [  # of addresses alone: once a flow and direction
        (("alert ip 192.168.7.7 any -> any any", None), 1), (("alert ip any any -> 192.168.7.7 any", None), 1),
        (("alert tcp 192.168.7.7 any -> any any", "flow:established,to_server; ttl:>0"), 5)],
    8: [  # thresholds act behind the match
        (tcp(8, 'dsize:5; content:"again"; threshold:type limit,track by_src,count 1,seconds 60; flowbits:set,seen8'), 1),
        (tcp(8, 'flowbits:isset,seen8; content:"reader"', "alert tcp any 1008 -> any any"), 1),
        (tcp(8, 'dsize:5; content:"again"; threshold:type threshold,track by_src,count 2,seconds 60'), 2),
        (tcp(8, 'dsize:5; content:"again"; detection_filter:track by_src,count 2,seconds 60'), 2),
        (tcp(8, 'dsize:5; content:"again"; threshold:type both,track by_src,count 2,seconds 60'), 1)],
    # the order within a packet, and its limit of 15: the first fourteen and the reader of a bit that a later one sets
    9: [(tcp(9, 'content:"many"; priority:%d' % (p + 1)), int(p < 14)) for p in range(18)] + [
        (tcp(9, 'content:"let pass"', "pass tcp any any -> any 1009"), 0),
        (tcp(9, 'flowbits:isset,bit9; content:"many"; priority:1'), 1),
        (tcp(9, 'content:"many"; flowbits:set,bit9; flowbits:noalert; priority:9'), 0)],
    10: [  # once a transaction, on buffers as they are meant
        (http(10, 'http.host; content:"example.org"; bsize:11'), 2), (http(10, 'http.host.raw; content:"EXAMPLE.org"; bsize:11'), 2),
        (http(10, 'http.uri; content:"/bA?x=1"; bsize:7'), 1), (http(10, 'http.uri.raw; content:"/a/../b%41"; startswith'), 1),
        (http(10, 'http.header; content:"X-Odd|3a| 1|0d 0a|"'), 2), (http(10, 'http.header; content:"secret"'), 0),
        (http(10, 'http.cookie; content:"secret"; bsize:6'), 2),
        (http(10, 'http.header_names; content:"|0d 0a|Host|0d 0a|Cookie|0d 0a|"; startswith'), 2),
        (http(10, 'file.data; content:"plain text"; bsize:10', "any %d -> any any"), 2),
        (http(10, 'http.uri; content:"second"; http.request_body; content:"body"'), 1),
        (http(10, 'http.uri; content:"second"; file.data; content:"plain"'), 0)],
    11: [  # limits decide
        (http(11, 'file.data; content:"within"', "any %d -> any any"), 1), (http(11, 'file.data; content:"beyond"', "any %d -> any any"), 0),
        (http(11, 'file.data; content:"two layers"', "any %d -> any any"), 1),
        (http(11, 'file.data; content:"three layers"', "any %d -> any any"), 0),
        (tcp(11, 'content:"at the depth"'), 1), (tcp(11, 'content:"behind the depth"'), 1),
        (tcp(11, 'content:"behind the depth"; depth:16'), 1), (tcp(11, 'content:"behind"; content:"and further"'), 0)],
    12: [  # variables and lists
        (tcp(12, 'content:"who"', "alert tcp $HOME_NET any -> $EXTERNAL_NET 1012"), 2),
        (tcp(12, 'content:"who"', "alert tcp [10.0.0.0/8,![10.1.2.0/24]] any -> any [1000:2000,!1013]"), 1),
        (tcp(12, 'content:"who"', "alert tcp !$HOME_NET any -> any 1012"), 0),  # says nothing of IPv6
        (tcp(12, 'content:"who"', "alert tcp [fd00::/8,10.1.9.9] any -> any !1:1011"), 2),
        (tcp(12, 'content:"who"', "alert tcp any 1012 <> any any"), 3), (tcp(12, 'content:"who"', "alert tcp any 1012 -> any any"), 0)],
    13: [  # what is escaped
        (tcp(13, r'content:"a\;b\"c\:d\\e"'), 1), (tcp(13, 'content:"a|3b|b|22|c"'), 1), (tcp(13, 'content:"|41|B|43|abc"'), 1),
        (tcp(13, r'pcre:"/a\x3bb.c:d\\e\|f/"'), 1), (tcp(13, 'content:"e|7c|f"'), 1)],
}
REFUSED = [tcp(13, "http.uri; file.data"), tcp(13, 'http.uri'), tcp(13, 'content:"a;b"'), tcp(13, 'content:"|4"'), tcp(13, 'content:""')]


def rule(header, options, sid):
    return "%s (%ssid:%d;)\n" % (header, options + "; " if options else "", sid)


def rules():
    """The text of all rules and the alerts of each sid."""
    text, expected = "", {}
    for section, entries in SECTIONS.items():
        for i, ((header, options), count) in enumerate(entries):
            text += rule(header, options, 100 * section + i)
            expected[100 * section + i] = count
    return text, expected


def alerts(program, capture, text, folder):
    path = os.path.join(folder, "traps.rules")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    subprocess.run(program + ["-S", path, "-r", capture, "-l", folder], check=True, stdout=subprocess.DEVNULL)
    counts = collections.Counter()
    with open(os.path.join(folder, "eve.json"), encoding="utf-8") as eve:
        for line in eve:
            event = json.loads(line)
            if event["event_type"] == "alert":
                counts[event["alert"]["signature_id"]] += 1
    return counts


def refused(program, header, options, folder):
    path = os.path.join(folder, "bad.rules")
    with open(path, "w", encoding="utf-8") as out:
        out.write(rule(header, options, 1))
    done = subprocess.run(program + ["-T", "-S", path, "-l", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode != 0


def main():
    oracle = "--suricata" in sys.argv
    program = ["suricata", "--runmode", "single", "--set", "stream.reassembly.randomize-chunk-size=no", "-v"] if oracle else [sys.argv[1], "-q"]
    text, expected = rules()
    traffic()
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "traps.pcap")
        write_pcap(capture, ((1700000000000000 + 1000 * i, frame) for i, frame in enumerate(FRAMES)))
        counts = alerts(program, capture, text, folder)
        by_sid = {int(line.rsplit("sid:", 1)[1].rstrip(";)\n")): line for line in text.splitlines()}
        for sid, count in expected.items():
            if counts[sid] != count:
                bad.append("%d alerts, expected %d: %s" % (counts[sid], count, by_sid[sid]))
        for header, options in REFUSED:
            if not refused(program, header, options, folder):
                bad.append("not refused: %s (%s)" % (header, options))
    print("\n".join(bad + ["rule_traps.py: %d rules, %d problems" % (len(expected) + len(REFUSED), len(bad))]))
    return 1 if bad else 0


sys.exit(main())
