#!/usr/bin/env python3
"""Random conversations over TCP, and rules on their raw bytes: tocsin beside Suricata 7, packet by packet.

usage: stream_alerts.py TOCSIN [--batches N] [--talks N] [--rules N] [--seed N] [--only PROTOCOL,...] [--counts] [--keep DIR] [-v]

A batch is some conversations (HTTP, SMTP, FTP and text nobody knows; sent whole or in pieces, acknowledged at once, late or
never, pipelined, closed, reset or left open) and some rules (a content with or without a place, with and without buffers, for
several protocols). Compared is of each rule and conversation on which of its packets it alerts; with --counts how often.
--keep leaves the files of the last batch in DIR. Exits 1 on any difference, 77 without Suricata.
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import rule_traffic
from rule_traffic import ACK, FIN, PSH, SYN

RST = 4
MARKS = ["kwa", "kwb", "kwc", "kwd", "kwe"]
CONFIG = """%YAML 1.1
---
vars: {address-groups: {HOME_NET: any, EXTERNAL_NET: any}}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [alert]}
default-log-dir: .
packet-alert-max: 255
stream: {checksum-validation: no, reassembly: {depth: 1mb, toserver-chunk-size: 2560, toclient-chunk-size: 2560,
  randomize-chunk-size: no}}
detect: {profile: medium}
app-layer: {protocols: {http: {enabled: yes, libhtp: {default-config: {personality: IDS, request-body-limit: 100kb,
  response-body-limit: 100kb, randomize-inspection-sizes: no}}}, smtp: {enabled: yes}, ftp: {enabled: yes}, tls: {enabled: yes}}}
classification-file: /dev/null
reference-config-file: /dev/null
"""


def marks(rng, most=2):
    return " ".join(rng.choice(MARKS) for _ in range(rng.randint(0, most)))


def http_talk(rng):
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        body = rng.choice(("", "", "id=%s&x=%s" % (marks(rng), "y" * rng.choice((1, 50, 3000, 9000)))))
        head = "%s /%s HTTP/1.1\r\nHost: %s.example\r\nX-Mark: %s\r\n" % (
            "POST" if body else "GET", marks(rng).replace(" ", "/"), rng.choice(MARKS), marks(rng))
        yield 0, head + ("Content-Length: %d\r\n\r\n%s" % (len(body), body) if body else "\r\n")
        body = marks(rng) + "z" * rng.choice((0, 10, 200, 4000, 9000)) + marks(rng)
        yield 1, "HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Length: %d\r\n\r\n%s" % (marks(rng), len(body), body)


def smtp_talk(rng):
    yield 1, "220 mail.example ESMTP %s\r\n" % marks(rng)
    yield 0, "EHLO %s.example\r\n" % rng.choice(MARKS)
    yield 1, "250 mail.example %s\r\n" % marks(rng)
    for _ in range(rng.choice((1, 1, 2))):
        yield 0, "MAIL FROM:<%s@a.example>\r\n" % rng.choice(MARKS)
        yield 1, "250 ok\r\n"
        yield 0, "RCPT TO:<%s@b.example>\r\n" % rng.choice(MARKS)
        yield 1, "250 ok\r\n"
        yield 0, "DATA\r\n"
        yield 1, "354 go\r\n"
        yield 0, "Subject: %s\r\n\r\n%s\r\n%s\r\n.\r\n" % (marks(rng), "x" * rng.choice((1, 200, 4000)), marks(rng))
        yield 1, "250 taken %s\r\n" % marks(rng)
    if rng.random() < 0.6:
        yield 0, "QUIT\r\n"
        yield 1, "221 bye %s\r\n" % marks(rng)


def ftp_talk(rng):
    yield 1, "220 ready %s\r\n" % marks(rng)
    yield 0, "USER %s\r\n" % rng.choice(MARKS)
    yield 1, "331 password please\r\n"
    yield 0, "PASS %s\r\n" % rng.choice(MARKS)
    yield 1, "230 welcome %s\r\n" % marks(rng)
    for _ in range(rng.randint(0, 3)):
        yield 0, "%s %s\r\n" % (rng.choice(("CWD", "MKD", "DELE")), marks(rng))
        yield 1, "250 done %s\r\n" % marks(rng)


def text_talk(rng):
    for _ in range(rng.randint(1, 6)):
        yield int(rng.random() < 0.4), marks(rng) + "q" * rng.choice((1, 5, 100, 2600, 6000)) + marks(rng)


PROTOCOLS = {"http": (http_talk, 80), "smtp": (smtp_talk, 25), "ftp": (ftp_talk, 21), "text": (text_talk, 7777)}


def pipelined(rng, said):
    """Neighbours of one side may go together, and a client may not wait."""
    out = []
    for way, text in said:
        if out and out[-1][0] == way:
            out[-1] = (way, out[-1][1] + text) if rng.random() < 0.5 else out[-1]
            if out[-1][1].endswith(text):
                continue
        out.append((way, text))
    if rng.random() < 0.15:  # both requests before both answers
        out.sort(key=lambda s: s[0])
    return out


def pieces(rng, text):
    data = text.encode()
    if rng.random() < 0.3:
        cuts = sorted({rng.randrange(1, len(data)) for _ in range(rng.randint(1, 3))}) if len(data) > 1 else []
        parts = [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)])]
    else:
        parts = [data]
    return [p[at:at + 1400] for p in parts for at in range(0, len(p), 1400)]


def talk_frames(rng, port, protocol):
    """([frame], what they are as text) of one conversation."""
    talk, server_port = PROTOCOLS[protocol]
    ends = [rule_traffic.Side(rng, a, b, False) for a, b in (("192.168.1.5", "8.8.8.8"), ("8.8.8.8", "192.168.1.5"))]
    ports, seq, acked, out, told = (port, server_port), [1000, 5000], [1000, 5000], [], []

    def send(way, flags, payload=b"", late=False):
        if flags & ACK and not late:
            acked[1 - way] = seq[1 - way]
        out.append(ends[way].tcp(ports[way], ports[1 - way], seq[way], acked[1 - way] if flags & ACK else 0, flags, payload))
        told.append("%s%s%s" % ("<" if way else ">", "".join(c for c, f in zip("SPFRA", (SYN, PSH, FIN, RST, ACK)) if flags & f),
                                " a-%d" % (seq[1 - way] - acked[1 - way]) if seq[1 - way] != acked[1 - way] else "") +
                    (" %d %s" % (len(payload), payload[:60]) if payload else ""))
        seq[way] += len(payload) + bool(flags & (SYN | FIN))

    send(0, SYN)
    send(1, SYN | ACK)
    send(0, ACK)
    manner = rng.choice(("each", "message", "none", "mixed", "late"))
    for way, text in pipelined(rng, talk(rng)):
        for part in pieces(rng, text):
            send(way, PSH | ACK, part, manner == "late" and rng.random() < 0.5)
            if manner == "each" or (manner == "mixed" and rng.random() < 0.3):
                send(1 - way, ACK)
        if manner == "message" or (manner == "mixed" and rng.random() < 0.3):
            send(1 - way, ACK)
    end = rng.choice(("fin", "fin", "server", "rst", "reset by server", "open", "half"))
    first = 1 if end in ("server", "reset by server") else 0
    if end in ("fin", "server"):
        send(first, FIN | ACK)
        if rng.random() < 0.5:
            send(1 - first, ACK)
        send(1 - first, FIN | ACK)
        send(first, ACK)
    elif end == "half":
        send(0, FIN | ACK)
    elif end != "open":
        send(first, RST | ACK)
    return out, told


def content(rng, mark):
    text = 'content:"%s";' % mark
    kind = rng.random()
    if kind < 0.35:
        return text
    if kind < 0.45:
        return text + " nocase;"
    if kind < 0.6:
        return text + " depth:%d;" % rng.choice((3, 20, 100, 3000))
    if kind < 0.66:
        return text + " offset:%d;" % rng.choice((1, 8, 40))
    if kind < 0.7:
        return text + " startswith;"
    if kind < 0.74:
        return text + " endswith;"
    if kind < 0.84:
        return text + ' content:"%s"; distance:%d;' % (rng.choice(MARKS), rng.choice((0, 1, -2)))
    if kind < 0.9:
        return text + " isdataat:%d,relative;" % rng.choice((1, 40, 500))
    if kind < 0.95:
        return 'content:!"%s"; content:"%s";' % (rng.choice(MARKS), mark)
    return text + ' pcre:"/%s.*%s/s";' % (mark, rng.choice(MARKS))


BUFFERS = {"http": ("to_server http.uri", "to_server http.header", "to_server http.method", "to_server http.request_body", "to_client http.stat_code",
                    "to_client file.data", "to_client http.server"), "smtp": ("to_server file.data",), "ftp": (), "text": ()}
ALWAYS = {"http.method": "T", "http.uri": "/", "http.header": ":", "http.stat_code": "200", "http.request_body": "id", "file.data": "z",
          "http.server": "k"}


def rule(rng, sid, protocol):
    """A rule, and its form without numbers."""
    name = rng.choice((protocol, protocol, "tcp", "tcp-pkt", "tcp-stream", "ip")) if protocol != "text" else rng.choice(
        ("tcp", "tcp", "tcp-pkt", "tcp-stream", "ip"))
    options = [rng.choice(("", "", "flow:established;", "flow:established,to_server;", "flow:established,to_client;", "flow:to_server;",
                           "flow:to_client;") + (() if "-" in name else ("flow:only_stream;", "flow:no_stream;")))]
    kind = rng.random()
    if kind < 0.12 and name == protocol and BUFFERS[protocol]:
        way, buffer = rng.choice(BUFFERS[protocol]).split()
        options = ["flow:established,%s;" % way, '%s; content:"%s";' % (buffer, rng.choice((ALWAYS[buffer], rng.choice(MARKS))))]
        if rng.random() < 0.6:
            options.insert(1, content(rng, rng.choice(MARKS)))
    else:
        options.append(content(rng, rng.choice(MARKS)))
        if kind > 0.92 and "stream" not in name + options[0]:
            options.append("dsize:%s;" % rng.choice((">10", "<200", "1400", ">1000")))
    return "alert %s any any -> any any (%s sid:%d;)" % (name, " ".join(o for o in options if o), sid)


def alerts(directory, starts):
    """{(rule, conversation): [packet of the conversation and its way]}"""
    out = collections.defaultdict(list)
    with open(os.path.join(directory, "eve.json")) as lines:
        for e in map(json.loads, lines):
            if e.get("event_type") != "alert" or e["alert"]["gid"] != 1:
                continue
            talk = next(p for p in (e["src_port"], e["dest_port"]) if p >= 20000) - 20000
            at = e.get("pcap_cnt")
            out[e["alert"]["signature_id"], talk].append((at - starts[talk] if at else 10000, ">" if e["src_port"] >= 20000 else "<"))
    return {k: ["%s%s" % (at if at < 10000 else "end", way) for at, way in sorted(v)] for k, v in out.items()}


def run(command, directory):
    os.mkdir(directory)
    r = subprocess.run(command + ["-l", directory, "-k", "none"], capture_output=True, text=True, check=False, timeout=300)
    if not os.path.exists(os.path.join(directory, "eve.json")):
        sys.exit("%s: %s" % (command[0], r.stdout + r.stderr))
    print("".join(line + "\n" for line in (r.stdout + r.stderr).splitlines() if "rror" in line), end="")


def batch(args, seed, work, tally):
    rng = random.Random(seed)
    names = args.only.split(",") if args.only else list(PROTOCOLS)
    kinds = [rng.choice(names) for _ in range(args.talks)]
    talks = [talk_frames(rng, 20000 + n, kind) for n, kind in enumerate(kinds)]
    starts, total = [], 0
    for frames, _ in talks:
        starts.append(total)
        total += len(frames)
    texts = [rule(rng, sid, rng.choice(names)) for sid in range(1, args.rules + 1)]
    rule_traffic.write_pcap(work + "/t.pcap", [(1700000000 * 1000000 + 1000 * n, f) for n, f in enumerate(f for t in talks for f in t[0])])
    for name, text in ("r.rules", "\n".join(texts) + "\n"), ("oracle.yaml", CONFIG):
        with open(os.path.join(work, name), "w") as out:
            out.write(text)
    read = ["-r", work + "/t.pcap", "-S", work + "/r.rules"]
    run(["suricata", "-c", work + "/oracle.yaml", "--runmode", "single"] + read, work + "/suricata")
    run([args.tocsin, "-q", "--set", "packet-alert-max=255"] + read, work + "/tocsin")
    theirs, ours = alerts(work + "/suricata", starts), alerts(work + "/tocsin", starts)
    for sid, talk in sorted(set(theirs) | set(ours)):
        a, b = theirs.get((sid, talk), []), ours.get((sid, talk), [])
        tally["pairs"] += 1
        if a == b:
            tally["same"] += 1
            continue
        kind = "count" if len(a) != len(b) else "packet"
        tally["%s differs" % kind] += 1
        if kind == "count" or not args.counts:
            tally["differ"] += 1
            print("seed %d %s talk %d (%s) suricata %s tocsin %s: %s" % (seed, kind, talk, kinds[talk], " ".join(a) or "-", " ".join(b) or "-",
                                                                texts[sid - 1]))
            if args.v:
                print("".join("    %2d %s\n" % line for line in enumerate(talks[talk][1], 1)), end="")


def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument("tocsin")
    ap.add_argument("--batches", type=int, default=5)
    ap.add_argument("--talks", type=int, default=60)
    ap.add_argument("--rules", type=int, default=150)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--only", help="protocols: " + " ".join(PROTOCOLS))
    ap.add_argument("--counts", action="store_true")
    ap.add_argument("--keep")
    ap.add_argument("-v", action="store_true", help="the conversations that differ")
    args = ap.parse_args()
    if not shutil.which("suricata"):
        print("SKIPPED: no suricata to compare with")
        return 77
    tally = collections.Counter()
    for seed in range(args.seed, args.seed + args.batches):
        with tempfile.TemporaryDirectory() as work:
            batch(args, seed, work, tally)
            if args.keep:
                shutil.copytree(work, args.keep, dirs_exist_ok=True)
    print(", ".join("%s: %d" % item for item in sorted(tally.items())))
    return 1 if tally["differ"] or not tally["same"] else 0


if __name__ == "__main__":
    sys.exit(main())
