#!/usr/bin/env python3
"""A sensor answers questions on DPDK's telemetry socket while it listens; tocsinctl asks them.

usage: telemetry.py TOCSIN [CASE...], with TOCSINCTL in the environment
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Live, fixture, until  # noqa: E402
from sensor import expect, main  # noqa: E402

TOCSINCTL = os.path.abspath(os.environ["TOCSINCTL"])
PREFIX = "tocsin-test-%d" % os.getpid()


def ask(*words, sensor=PREFIX):
    run = subprocess.run([TOCSINCTL, "--sensor", str(sensor)] + list(words), capture_output=True, text=True, timeout=30)
    return run.returncode, run.stdout, run.stderr


def answer(*words, sensor=PREFIX):
    code, out, err = ask("sensor", "--json", *words, sensor=sensor)
    expect(code == 0, "%s: exit code %d: %s" % (words, code, err))
    return json.loads(out)


def listen(s, *args, name="eve.json"):
    return Live(s, *args, "--set", "telemetry.file-prefix=" + PREFIX, "--set", "eve-log.filename=" + name,
                "--set", "flow.memory=16mb", namespace=None).wait_ready()


def reads_a_capture(s, **more):
    """A sensor whose port is a capture file: what it must have seen is known to the frame."""
    path, frames = fixture(s)
    live = listen(s, "--port", "net_pcap0,rx_pcap=" + path, **more)
    until(lambda: answer("stats")["decoder/pkts"] == frames)
    return live, frames


def cli_counters_are_those_of_the_stats_record(s):
    live, frames = reads_a_capture(s)
    told = answer("stats")
    expect(told["tocsin/ledger/offered"] == told["tocsin/ledger/inspected"] == frames, "%s" % told)
    expect(told["tocsin/ledger/dropped/missed"] == "unknown", "net_pcap cannot count drops: never shown as 0")
    expect(told["flow/active"] == frames // 3, "a flow a session: %s" % told["flow/active"])
    expect(all(name.startswith("tocsin/events") for name in answer("stats", "tocsin/events")), "a parameter selects")
    live.stop().ledger()
    last = [e for e in s.events() if e["event_type"] == "stats"][-1]["stats"]
    expect(last["tcp"]["sessions"] == told["tcp/sessions"], "%s" % last["tcp"])


def cli_ports_flows_workers_and_drops_are_answered(s):
    live, frames = reads_a_capture(s)
    port = answer("ports")["0"]
    expect(port["name"] == "net_pcap0" and port["packets"] == frames and port["missed"] == "unknown", "%s" % port)
    expect(port["send_queues"] == 0 and port["link"] == "up", "%s" % port)
    one = answer("ports", "net_pcap0")
    expect(one["xstats"]["rx_good_packets"] == frames, "%s" % one)
    flows = answer("flows")
    expect(flows["created"] == flows["active"] == frames // 3 and flows["room"] > 1000, "%s" % flows)
    expect(answer("workers")["0"]["frames"] == frames, "frames of the one worker")
    expect(answer("drops") == {"missed": {"frames": "unknown", "what": "lost before the sensor could take them"}},
           "nothing else was dropped: %s" % answer("drops"))
    info = answer("info")
    expect(info["pid"] == live.child.pid and info["rules"] == 1 and info["ports"] == 1, "%s" % info)
    live.stop().ledger()


def cli_shutdown_ends_the_run_cleanly(s):
    live, frames = reads_a_capture(s)
    answer("shutdown")
    live.child.wait(timeout=30)
    ledger = live.stop().ledger()
    expect(ledger["offered"] == frames and len(s.alerts()) == frames // 3, "%s" % ledger)


def cli_what_is_not_known_is_said(s):
    live = listen(s, "--port", "net_ring0")
    for words, code, said in [(["nope"], 1, "no such command"), (["ports", "eth7"], 2, "no port is called eth7"),
                              (["stats", "nope"], 2, "no counter begins with nope")]:
        got, _, err = ask("sensor", *words)
        expect(got == code and said in err and err.count("\n") == 1, "%s: %d %s" % (words, got, err))
    code, out, _ = ask("sensor")
    expect(code == 0 and all(w in out for w in ("stats", "ports", "flows", "workers", "drops", "shutdown")), out)
    live.stop()
    code, _, err = ask("sensor", "stats")
    expect(code == 2 and "no sensor answers" in err and err.count("\n") == 1, err)


def cli_two_sensors_of_one_name_are_told_apart_by_process(s):
    first, second = listen(s, "--port", "net_ring0", name="a.json"), listen(s, "--port", "net_ring1", name="b.json")
    code, _, err = ask("sensor", "info")
    expect(code == 2 and str(first.child.pid) in err and str(second.child.pid) in err, err)
    expect(answer("ports", sensor=first.child.pid)["0"]["name"] == "net_ring0", "the first by its process id")
    expect(answer("ports", sensor=second.child.pid)["0"]["name"] == "net_ring1", "the second by its process id")
    first.stop()
    expect(answer("ports")["0"]["name"] == "net_ring1", "one is left: its name is enough")
    second.stop()


def cli_without_telemetry_there_is_no_socket(s):
    live = listen(s, "--port", "net_ring0", "--set", "telemetry.enabled=no")
    code, _, err = ask("sensor", "info")
    live.stop()
    expect(code == 2 and "no sensor answers" in err, err)


def cli_top_shows_what_goes_on(s):
    live, frames = reads_a_capture(s)
    code, out, err = ask("top", "--json", "-n", "2", "-d", "0.2")
    looks = [json.loads(line) for line in out.splitlines()]
    expect(code == 0 and len(looks) == 2 and looks[1]["stats"]["decoder/pkts"] == frames, err)
    code, out, err = ask("top", "-n", "1")
    expect(code == 0 and re.search(r"%d offered, 100.0000 %% inspected, missed unknown" % frames, out), out + err)
    expect(re.search(r"^net_pcap0 +net_pcap +up .* unknown ", out, re.M), out)
    for bad in (["-d", "0"], ["-n", "x"], ["x"], ["--nope"]):
        code, out, err = ask("top", *bad)
        expect(code == 1 and not out and err, "%s: %d %s" % (bad, code, err))
    live.stop()


main(__name__)
