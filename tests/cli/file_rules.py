#!/usr/bin/env python3
"""Keywords on files: for each what matches, what nearly does, and what is malformed; on an HTTP response and a form.

usage: file_rules.py TOCSIN [CASE...]
"""
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sensor import expect, main, pcap, tcp_frame  # noqa: E402

PDF = b"%PDF-1.4\n" + b"1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 30
FORM = b"\r\n".join((b"--B", b'Content-Disposition: form-data; name="f"; filename="a.txt"', b"", b"first", b"--B",
                     b'Content-Disposition: form-data; name="g"; filename="b.bin"', b"", b"the second", b"--B--", b""))


def talk(messages):
    """Handshake, then (from the client?, bytes) in turns, acknowledged as they go, and an orderly end."""
    ends = ({"sport": 4000, "dport": 80}, {"sport": 80, "dport": 4000, "src": "192.0.2.7", "dst": "10.0.0.1"})
    seq = [101, 501]
    frames = [tcp_frame(b"", seq=100, flags=2, ack=0, **ends[0]), tcp_frame(b"", seq=500, flags=0x12, ack=101, **ends[1]),
              tcp_frame(b"", seq=101, flags=0x10, ack=501, **ends[0])]
    for client, data in messages:
        side = 0 if client else 1
        for at in range(0, len(data), 1000):
            part = data[at:at + 1000]
            frames.append(tcp_frame(part, seq=seq[side], ack=seq[1 - side], **ends[side]))
            seq[side] += len(part)
            frames.append(tcp_frame(b"", seq=seq[1 - side], flags=0x10, ack=seq[side], **ends[1 - side]))
    for side in (0, 1):
        frames.append(tcp_frame(b"", seq=seq[side], flags=0x11, ack=seq[1 - side], **ends[side]))
        seq[side] += 1
    return frames


def http(body, length=None):
    return [(True, b"GET /d/r.pdf?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"),
            (False, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (length or len(body)) + body)]


def fired(s, messages, options, *more):
    """Which of these options of rules had an alert, once each."""
    rules = s.write("r.rules", "".join('alert http any any -> any any (%s; sid:%d;)\n' % (o, i)
                                       for i, o in enumerate(options, 1)))
    run = s.run("-q", "-S", rules, "-r", s.write("c.pcap", pcap(talk(messages))), "-l", s.dir, "--set",
                "packet-alert-max=255", *more)
    expect(run.returncode == 0, run.out + run.err)
    os.rename(s.path("eve.json"), s.path("now.json"))  # a run appends
    sids = [e["alert"]["signature_id"] for e in s.alerts("now.json")]
    expect(len(sids) == len(set(sids)), "an alert twice: %s" % sids)
    return [options[i - 1] for i in sorted(sids)]


def holds(s, messages, yes, no):
    found = fired(s, messages, yes + no)
    expect(found == yes, "expected %s, found %s" % (yes, found))


def cli_size_of_a_file_that_is_over(s):
    n = len(PDF)
    holds(s, http(PDF),
          ["filesize:%d" % n, "filesize:>%d" % (n - 1), "filesize:<2kb", "filesize:!1", "filesize:%d<>%d" % (n - 1, n + 1)],
          ["filesize:%d" % (n - 1), "filesize:>%d" % n, "filesize:<%d" % n, "filesize:!%d" % n])


def cli_size_of_a_file_cut_short_is_only_more(s):
    body = b"x" * 3000
    found = fired(s, http(body), ["filesize:>1000", "filesize:<4000", "filesize:2000", "filesize:>2000"], "--set",
                  "app-layer.protocols.http.libhtp.default-config.response-body-limit=2000")
    expect(found == ["filesize:>1000"], found)


def cli_digests_of_a_whole_file_in_lists(s):
    yes, no = [], []
    for name in ("md5", "sha1", "sha256"):
        good = hashlib.new(name, PDF).hexdigest()
        s.write(name + ".in", "# bad files\n\n%s  r.pdf\n%s\n" % (good.upper(), "0" * len(good)))
        s.write(name + ".out", good[:-1] + ("0" if good[-1] != "0" else "1") + "\n")
        yes += ["file%s:%s.in" % (name, name), "file%s:!%s.out" % (name, name)]
        no += ["file%s:!%s.in" % (name, name), "file%s:%s.out" % (name, name)]
    holds(s, http(PDF), yes, no)


def cli_tests_hold_of_the_same_file(s):
    head = b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: %d\r\n\r\n"
    s.write("first", hashlib.md5(b"first").hexdigest())
    holds(s, [(True, head % len(FORM) + FORM), (False, b"HTTP/1.1 204 No\r\n\r\n")],
          ["filesize:5; filemd5:first", "filesize:10; filemd5:!first", 'filename:"a.txt"; filesize:10'],
          ["filesize:10; filemd5:first", "filesize:5; filemd5:!first"])


def cli_names_with_and_without_quotes(s):
    holds(s, http(PDF),
          ['filename:"R.pdf"', "filename:r.pdf", 'fileext:"PDF"', "fileext:pdf", 'fileext:!"exe"', 'file.name; content:"r.pdf"; endswith'],
          ['filename:"s.pdf"', 'fileext:"df"', 'fileext:!"pdf"', 'filename:!r.pdf', 'file.name; content:"R.PDF"'])


def cli_what_libmagic_says(s):
    holds(s, http(PDF),
          ['filemagic:"pdf DOCUMENT"', 'filemagic:!"JPEG"', 'file.magic; content:"PDF"; startswith', 'file_data; content:"Catalog"; filemagic:"PDF"',
           'file.magic; content:"PDF"; fast_pattern; filesize:>1000'],
          ['filemagic:"JPEG"', 'filemagic:!"PDF"', 'file.magic; content:"pdf document"', 'file_data; content:"JFIF"; filemagic:"PDF"',
           'flow:to_server; filemagic:"PDF"'])


def cli_there_is_a_file(s):
    options = ["filestore", "filestore:response", "filestore:both,ssn", "filestore:request,file"]
    holds(s, http(PDF), options, ["filestore; filesize:<10"])
    holds(s, http(b"", 0), [], options)


def cli_malformed_keywords_are_named(s):
    s.write("empty", "# nothing\n")
    s.write("short", "00ff\n")
    bad = {"filesize:x": "filesize", "filesize:9<>2": "filesize", "filemd5:absent": "absent", "filemd5:empty": "empty",
           "filesha1:short": "short line 1", "filestore:,tx": "filestore", 'filestore:"response"': "filestore",
           'filemagic:""': "filemagic", "filemagic:PDF": "filemagic", 'fileext:""': "fileext", 'filename:r.p"df': "filename"}
    for option, word in bad.items():
        run = s.run("-T", "-S", s.write("r.rules", "alert http any any -> any any (%s; sid:1;)\n" % option))
        expect(run.returncode == 1 and "r.rules:1:" in run.err and word in run.err, "%s: %s" % (option, run.err))


def cli_without_captures_libmagic_is_not_asked_and_rules_say_so(s):
    rules = s.write("r.rules", 'alert http any any -> any any (filemagic:"PDF"; sid:1;)\n')
    run = s.run("-T", "-S", rules)
    expect("waiting for a parser: file.magic" in run.out + run.err, run.out + run.err)


main(__name__)
