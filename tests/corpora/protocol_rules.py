#!/usr/bin/env python3
"""A protocol's rules, events and EVE records beside Suricata 7, over conversations written out in <protocol>_talks.py.

usage: protocol_rules.py PROTOCOL TOCSIN [--only NAME,...] [--keep DIR] [-v]

Every conversation is a connection of its own, all in one capture. Suricata reads it first, with rules whose pcre puts what a
buffer holds into the alert; then both read it with a rule for each such value, whole, for each keyword, and for each event.
Compared are, by conversation: rule, direction and how often; and the records. Exits 1 on any difference, 77 without Suricata.
"""
import argparse
import collections
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import rule_traffic

KEYWORDS = {
    "http2": {"ports": 80, "proto": "http2", "log": "http",
              "to_server": "http.uri http.uri.raw http.method http.protocol http.header http.header.raw http.header_names http.host "
                           "http.host.raw http.user_agent http.cookie http.referer http.accept http.accept_enc http.accept_lang "
                           "http.connection http.content_type http.content_len http.request_header http2.header_name http.request_body "
                           "http.request_line file.data",
              "to_client": "http.protocol http.header http.header.raw http.header_names http.stat_code http.stat_msg http.cookie "
                           "http.content_type http.content_len http.location http.server http.response_header http2.header_name "
                           "http.response_body http.response_line http.connection file.data",
              "tests": ["http2.frametype:" + n for n in ("DATA", "headers", "PRIORITY", "RSTSTREAM", "4", "PUSHPROMISE", "PING",
                                                         "GOAWAY", "WINDOWUPDATE", "CONTINUATION", "32")] +
                       ["http2.errorcode:CANCEL", "http2.errorcode:7", "http2.errorcode:ENHANCE_YOUR_CALM", "http2.priority:200",
                        "http2.priority:>40", "http2.window:70000", "http2.window:>75000", "http2.size_update:>4000",
                        "http2.size_update:0-10", "http2.settings:SETTINGS_ENABLE_PUSH=0", "http2.settings:SETTINGS_HEADER_TABLE_SIZE",
                        "http2.settings:SETTINGS_MAX_CONCURRENT_STREAMS >80", "urilen:>10"]},
    "mqtt": {"ports": 1883, "proto": "mqtt", "log": "mqtt",
             "to_server": "mqtt.connect.clientid mqtt.connect.username mqtt.connect.password mqtt.connect.willtopic mqtt.connect.willmessage "
                          "mqtt.publish.topic mqtt.publish.message mqtt.subscribe.topic mqtt.unsubscribe.topic",
             "to_client": "mqtt.publish.topic mqtt.publish.message mqtt.connect.clientid mqtt.subscribe.topic",
             "tests": ["mqtt.type:" + n for n in ("CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
                                                  "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
                                                  "UNASSIGNED")] +
                      ["mqtt.flags:" + n for n in ("dup", "retain", "!dup", "!retain", "retain,dup", "!retain,!dup", "!dup,retain")] +
                      ["mqtt.qos:%d" % n for n in range(4)] + ["mqtt.protocol_version:" + n for n in ("3", "4", "5", ">3", "<5")] +
                      ["mqtt.reason_code:%d" % n for n in (0, 4, 5, 16, 17, 24, 135, 139)] +
                      ["mqtt.connect.flags:" + n for n in ("username", "password", "will", "will_retain", "clean_session", "!will",
                                                           "username,password,!will", "!clean_session", "!username")] +
                      ["mqtt.connack.session_present:" + n for n in ("yes", "no", "true", "false")]},
    "rfb": {"ports": 5900, "proto": "rfb", "log": "rfb", "to_server": "", "to_client": "rfb.name",
            "tests": ["rfb.sectype:" + n for n in ("1", "2", ">2", "0", "19")] +
                     ["rfb.secresult:" + n for n in ("ok", "fail", "toomany", "unknown")]},
    "ike": {"ports": 500, "proto": "ike", "log": "ike", "over": "udp", "events_in": "ipsec",
            "to_server": "ike.init_spi ike.resp_spi ike.vendor ike.nonce_payload ike.key_exchange_payload",
            "to_client": "ike.init_spi ike.resp_spi ike.vendor ike.nonce_payload ike.key_exchange_payload",
            "tests": ["ike.exchtype:" + n for n in ("2", "34", ">34", "4")] +
                     ["ike.chosen_sa_attribute:" + n for n in ("alg_enc=7", "alg_hash=2", "alg_auth=1", "alg_dh=2", "sa_life_type=1",
                                                               "sa_life_duration=86400", "sa_key_length=128", "alg_enc=99")] +
                     ["ike.key_exchange_payload_length:" + n for n in (">100", "64", "32")] +
                     ["ike.nonce_payload_length:" + n for n in ("20", "<20")]},
}


def numbered(proto, bodies):
    """Rules of [(name, options)]."""
    return "".join('alert %s any any -> any any (msg:"%s"; %s sid:%d;)\n' % (proto, name.replace(":", " ").replace(">", "above "), body, sid)
                   for sid, (name, body) in enumerate(bodies, 1))


def asking(told):
    """[(name, options)] of rules that dump each buffer into a variable of the flow."""
    return [("%s %s" % (way, kw), 'flow:%s; %s; pcre:"/^(?P<flow_d%s%s>.*)/s";' % (way, kw, way[3], kw.replace(".", "").replace("_", "")))
            for way in ("to_server", "to_client") for kw in told[way].split()]


def rules(proto, told, values):
    """[(name, options)]; values: {(way and keyword, value)}"""
    out = []
    for way in ("to_server", "to_client"):
        out += [("%s %s" % (way, kw), 'flow:%s; %s; pcre:"/^/s";' % (way, kw)) for kw in told[way].split()]
        out += [("%s %s" % (way, test), "flow:%s; %s;" % (way, test)) for test in told["tests"]]
    for what, value in sorted(values):
        way, kw = what.split()
        out.append(("%s is %s" % (what, value.encode("unicode_escape").decode().translate(str.maketrans('\\";:', "////"))[:60]),
                    'flow:%s; %s; content:"|%s|"; bsize:%d;' % (way, kw, value.encode().hex(" "), len(value.encode()))))
    return out + [("event " + event, "app-layer-event:%s.%s;" % (proto, event)) for event in told["events"]]


def events(path, proto):
    """Names of the protocol's events, of Suricata's rules file."""
    found = []
    with open(path) as lines:
        for line in lines:
            if "app-layer-event:" + proto + "." in line:
                found.append(line.split("app-layer-event:" + proto + ".")[1].split(";")[0].split(",")[0].strip())
    return sorted(set(found))


def frames(talks, port, over):
    """(time in microseconds, frame) of all conversations, one behind the other; the nth from client port 20000 + n."""
    rng, now = random.Random(1), 1700000000 * 1000000
    for n, said in enumerate(talks):
        ends = [rule_traffic.Side(rng, a, b, False) for a, b in (("192.168.1.5", "8.8.8.8"), ("8.8.8.8", "192.168.1.5"))]
        ports, seq = (20000 + n, port), [1000, 5000]

        def send(way, flags, payload=b""):
            f = ends[way].tcp(ports[way], ports[not way], seq[way], seq[not way] if flags & 16 else 0, flags, payload)
            seq[way] += len(payload) + bool(flags & 3)
            return f

        out = [send(0, 2), send(1, 18), send(0, 16)] if over == "tcp" else []
        for way, payload in said:
            if over == "udp":
                out.append(ends[way].udp(ports[way], ports[not way], payload))
                continue
            for at in range(0, len(payload), 1400):
                out.append(send(way, 24, payload[at:at + 1400]))
            out.append(send(1 - way, 16))
        for f in out + ([send(0, 17), send(1, 17), send(0, 16)] if over == "tcp" else []):
            now += 1000
            yield now, f


def talk_of(e, names):
    for port in (e.get("src_port", 0), e.get("dest_port", 0)):
        if port >= 20000:
            return names[port - 20000]
    return None


def lines(directory):
    with open(os.path.join(directory, "eve.json")) as text:
        yield from map(json.loads, text)


def dumped(directory):
    """{(way and keyword, value)} of Suricata's variables, and the fields of HTTP records."""
    values = set()
    for e in lines(directory):
        rule = e.get("alert", {}).get("signature")
        for v in e.get("metadata", {}).get("flowvars", []) if rule else []:
            for name, value in v.items():
                if name == "d" + rule[3] + rule.split()[1].replace(".", "").replace("_", "") and value:
                    values.add((rule, value))
        for side, way in ("request", "to_server"), ("response", "to_client"):
            for h in e.get("http", {}).get(side + "_headers", []):
                if "name" in h and h["name"]:
                    values.add(("%s http.%s_header" % (way, side), h["name"] + ": " + h["value"]))
                    values.add((way + " http2.header_name", h["name"]))
    return {(rule, value) for rule, value in values if len(value) < 200}


def told_of(directory, names, log):
    """({conversation: {(rule, packet's way): count}}, {conversation: records})"""
    alerts, records = (collections.defaultdict(collections.Counter) for _ in range(2))
    for e in lines(directory):
        talk = talk_of(e, names)
        if e["event_type"] == "alert":
            alerts[talk][e["alert"]["signature"] + (" >" if e["src_port"] >= 20000 else " <")] += 1
        elif e["event_type"] == log:
            records[talk][json.dumps([e["src_port"], e.get("tx_id"), e[log]], sort_keys=True)] += 1
    return alerts, records


def run(command, directory):
    os.mkdir(directory)
    r = subprocess.run(command + ["-l", directory, "-k", "none"], capture_output=True, text=True, check=False, timeout=300)
    if not os.path.exists(os.path.join(directory, "eve.json")):
        sys.exit("%s: %s" % (command[0], r.stdout + r.stderr))
    return r.stdout + r.stderr


def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument("protocol", choices=KEYWORDS)
    ap.add_argument("tocsin")
    ap.add_argument("--only")
    ap.add_argument("--keep")
    ap.add_argument("-v", action="store_true", help="what Suricata says of each conversation")
    a = ap.parse_args()
    if not shutil.which("suricata"):
        print("SKIPPED: no suricata to compare with")
        return 77
    told = KEYWORDS[a.protocol]
    told["events"] = events("/etc/suricata/rules/%s-events.rules" % told.get("events_in", a.protocol), a.protocol)
    talks = importlib.import_module(a.protocol + "_talks").TALKS
    names = [n for n in talks if not a.only or n in a.only.split(",")]
    with tempfile.TemporaryDirectory() as work:
        rule_traffic.write_pcap(work + "/t.pcap", frames([talks[n] for n in names], told["ports"], told.get("over", "tcp")))
        read = ["-r", work + "/t.pcap", "-S", work + "/r.rules", "--set", "packet-alert-max=255"]
        oracle = ["suricata", "-c", "/etc/suricata/suricata.yaml", "--runmode", "single"] + read
        with open(work + "/r.rules", "w") as out:
            out.write(numbered(told["proto"], asking(told)))
        run(oracle, work + "/dump")
        with open(work + "/r.rules", "w") as out:
            out.write(numbered(told["proto"], rules(a.protocol, told, dumped(work + "/dump"))))
        said = run(oracle, work + "/suricata") + run([a.tocsin, "-q"] + read, work + "/tocsin")
        print("".join(line + "\n" for line in said.splitlines() if "rror" in line or "rules:" in line), end="")
        theirs, ours = (told_of(work + "/" + who, names, told["log"]) for who in ("suricata", "tocsin"))
        if a.keep:
            shutil.copytree(work, a.keep, dirs_exist_ok=True)
    differ = same = 0
    for talk in [None] + names:
        for what, t, o in zip(("alert", "record"), theirs, ours):
            same += sum((t[talk] & o[talk]).values())
            differ += sum((t[talk] - o[talk]).values()) + sum((o[talk] - t[talk]).values())
            for sign, extra in ((" ", t[talk] & o[talk]) if a.v else (" ", {}), ("-", t[talk] - o[talk]), ("+", o[talk] - t[talk])):
                for text, n in sorted(extra.items()):
                    print("%s %s %s %dx %s" % (sign, talk, what, n, text))
    print("%s: %d conversations, %d the same, %d differ (- only Suricata, + only here)" % (a.protocol, len(names), same, differ))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
