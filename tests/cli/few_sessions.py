#!/usr/bin/env python3
"""More connections than stream.memcap has sessions for: who is refused, what is counted, and who gets one later.

usage: few_sessions.py TOCSIN [CASE...]
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sensor import expect, main, pcap, tcp_frame  # noqa: E402

CONNECTIONS = 300
ROUNDS = 5
RULE = 'alert tcp any any -> any any (msg:"m"; flow:established,to_server; content:"tocsin-marker"; sid:1;)\n'


def handshake(port):
    return [
        tcp_frame(b"", port, 80, 100, 0x02, ack=0),
        tcp_frame(b"", 80, port, 500, 0x12, "192.0.2.7", "10.0.0.1", ack=101),
        tcp_frame(b"", port, 80, 101, 0x10, ack=501),
    ]


def counters(s):
    stats = [e["stats"] for e in s.events() if e["event_type"] == "stats"]
    return stats[-1]["tcp"], stats[-1]["flow"]


def cli_refused_connections_are_counted_and_get_sessions_of_silent_ones(s):
    ports = range(20000, 20000 + CONNECTIONS)
    frames = [f for port in ports for f in handshake(port)]
    for i in range(ROUNDS):
        frames += [tcp_frame(b"x", port, 80, 101 + i, 0x18, ack=501) for port in ports]
    marker = b"tocsin-marker"
    for port in ports:  # twice: the first segment of a connection that gets its session here ends no handshake
        for at in range(2):
            frames.append(tcp_frame(marker, port, 80, 101 + ROUNDS + at * len(marker), 0x18, ack=501))
    run = s.run("-r", s.write("many.pcap", pcap(frames)), "-S", s.write("m.rules", RULE), "-l", s.dir,
                "--set", "stream.memcap=64kb", "--set", "eve-log.types=alert,anomaly,stats,flow")
    expect(run.returncode == 0, run.err)
    tcp, flow = counters(s)
    notes = [e["src_port"] for e in s.events()
             if e["event_type"] == "anomaly" and e["anomaly"]["event"] == "stream.memcap_no_session"]
    expect(tcp["ssn_memcap_drop"] == len(notes), "%s %d" % (tcp, len(notes)))
    refused = set(notes)
    expect(CONNECTIONS // 2 < len(refused) < CONNECTIONS, "%d refused" % len(refused))
    expect(tcp["ssn_memcap_segments"] > 0, "%s" % tcp)
    # one of 93 sessions a tick changes hands
    seconds = len(frames) / 1000
    expect(seconds * 5 < tcp["ssn_evicted"] <= seconds * 10 + 1, "%s in %.1f s" % (tcp, seconds))
    expect(tcp["ssn_evicted"] == flow["end"]["reason"]["evicted"], "%s %s" % (tcp, flow))
    forced = [e for e in s.events() if e["event_type"] == "flow" and e["flow"]["reason"] == "forced"]
    expect(len(forced) == tcp["ssn_evicted"], "%d records" % len(forced))
    found = {e["src_port"] for e in s.events() if e["event_type"] == "alert"}
    expect(found & refused, "no connection that was refused has got a session")


main(__name__)
