#!/usr/bin/env python3
"""Rules are changed while traffic runs: every packet's alert is there, no packet is lost, a bad file changes nothing.

usage: reload.py TOCSIN [CASE...], with TOCSINCTL in the environment. RELOADS=50 sets how often rules are changed to
see that memory does not grow. The case with traffic at rate needs root, iproute2 and tcpreplay.
"""
import collections
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import FAR, Live, Wire, until  # noqa: E402
from sensor import expect, main, pcap  # noqa: E402

TOCSINCTL = os.path.abspath(os.environ["TOCSINCTL"])
PREFIX = "tocsin-reload-%d" % os.getpid()
PPS, SECONDS = 4000, 6
RELOADS = int(os.environ.get("RELOADS", "50"))
EVERY = 'alert udp any any -> any 9999 (msg:"every packet"; content:"marker"; sid:1;)\n'


def rules_ctl(*words):
    run = subprocess.run([TOCSINCTL, "--sensor", PREFIX, "rules"] + list(words), capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


class listen:
    """A sensor that is gone when the case is over, however that went."""

    def __init__(self, s, *args, **where):
        self.live = Live(s, *args, "--set", "telemetry.file-prefix=" + PREFIX, "--set", "flow.memory=16mb", **where)

    def __enter__(self):
        return self.live.wait_ready()

    def __exit__(self, *_):
        if self.live.child.poll() is None:
            self.live.child.kill()
            self.live.child.wait()


def udp_frame(i, payload):
    udp = struct.pack("!HHHH", 1024 + i % 50000, 9999, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i & 0xFFFF, 0x4000, 64, 17, 0, bytes([10, 0, 0, 1 + i % 200]),
                     bytes([192, 0, 2, 7]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + ip[12:]
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0" + ip + udp


def many_rules(seed, count):
    """Rules that take a moment to compile and never match."""
    rnd = random.Random(seed)
    words = ["".join(rnd.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(12)) for _ in range(count)]
    return "".join('alert udp any any -> any any (msg:"never"; content:"%s"; sid:%d;)\n' % (w, 1000 + i)
                   for i, w in enumerate(words))


def sids(s):
    return [a["alert"]["signature_id"] for a in s.alerts() if a["alert"]["gid"] == 1]


def resident_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def cli_veth_rules_change_under_traffic(s):
    if os.geteuid() != 0 or not shutil.which("tcpreplay"):
        print("skipped: needs root and tcpreplay")
        return
    second = EVERY + 'alert udp any any -> any 9999 (msg:"new"; content:"marker"; sid:2;)\n' + many_rules(1, 3000)
    s.rules = s.write("live.rules", EVERY)
    path = s.write("rate.pcap", pcap([udp_frame(i, b"a marker") for i in range(PPS)]))
    sent = []
    with Wire() as wire, listen(s, "-i", "f0", "--workers", "2", namespace=FAR) as live:
        sender = threading.Thread(target=lambda: sent.append(wire.send(path, pps=PPS, loops=SECONDS)))
        sender.start()
        time.sleep(0.5)
        changed = 0
        while sender.is_alive() and changed < 12:
            s.write("live.rules", EVERY if changed % 2 else second)
            code, out, err = rules_ctl("reload")
            expect(code == 0, "reload: %s%s" % (out, err))
            changed += 1
        s.write("live.rules", EVERY + "alert udp any any -> any any (content:broken; sid:3;)\n")
        code, out, err = rules_ctl("reload")
        expect(code == 2 and "live.rules:2" in err and "content" in err, "a bad file is named with its line: %s%s" % (out, err))
        os.unlink(s.path("live.rules"))
        code, out, err = rules_ctl("reload")
        expect(code == 2 and "live.rules" in err, "a file that is gone is named: %s%s" % (out, err))
        sender.join()
        time.sleep(0.5)
        ledger = live.stop().ledger()
    alerts = collections.Counter(sids(s))
    expect(ledger["dropped"]["missed"] == 0 and ledger["offered"] == sent[0], "no packet is lost: %s" % ledger)
    expect(alerts[1] == sent[0], "%d alerts of %d packets" % (alerts[1], sent[0]))
    expect(0 < alerts[2] < sent[0], "the new rule alerts while it is there: %d" % alerts[2])
    expect(changed > 2, "%d changes while traffic ran" % changed)
    print("  %d packets at %d/s, %d changes, 2 refusals" % (sent[0], PPS, changed))


def cli_memory_does_not_grow_with_reloads(s):
    s.rules = s.write("live.rules", EVERY + many_rules(2, 500))
    path = s.write("few.pcap", pcap([udp_frame(i, b"a marker") for i in range(10)]))
    with listen(s, "--port", "net_pcap0,rx_pcap=" + path, namespace=None) as live:
        first = 0
        for i in range(RELOADS):
            code, out, err = rules_ctl("reload", "--json")
            expect(code == 0, out + err)
            if i == 9:  # by then the allocator has what it keeps
                first = resident_kb(live.child.pid)
        last = resident_kb(live.child.pid)
        code, out, err = rules_ctl("status", "--json")
        status = json.loads(out)
        expect(status["reloads"] == RELOADS and status["refused"] == 0 and status["loaded"] == 501, "%s" % status)
        live.stop().ledger()
        expect(len(sids(s)) == 10, "%d alerts" % len(sids(s)))
        expect(last <= first * 1.03 + 1024, "%d kB after ten, %d kB after %d" % (first, last, RELOADS))
        print("  resident: %d kB after 10 reloads, %d kB after %d" % (first, last, RELOADS))


def cli_the_rules_that_cost_most_are_told(s):
    s.rules = s.write("live.rules", EVERY + 'alert udp any any -> any any (msg:"slow"; content:"mark"; pcre:"/m.*k.*z/"; '
                      'sid:2;)\n' + many_rules(3, 20))
    path = s.write("few.pcap", pcap([udp_frame(i, b"a marker") for i in range(2000)]))
    with listen(s, "--port", "net_pcap0,rx_pcap=" + path, namespace=None) as live:
        until(lambda: '"matches":2000' in rules_ctl("top", "--json", "--by", "matches")[1].replace(" ", ""))
        top = json.loads(rules_ctl("top", "--json", "--by", "checks")[1])
        expect(top["001"]["checks"] == 2000 and top["002"]["checks"] == 2000 and len(top) == 2, "%s" % top)
        expect(top["001"]["cycles"] > 0, "%s" % top)
        code, out, _ = rules_ctl("top", "-n", "1")
        expect(code == 0 and "slow" in out + rules_ctl("top", "-n", "2")[1], out)
        expect(rules_ctl("top", "--by", "colour")[0] == 2, "what to sort by is checked")
        live.stop()


def cli_a_capture_that_is_being_read_changes_rules_too(s):
    rules = s.write("r.rules", 'alert udp any any -> any any (msg:"old"; content:"marker"; sid:1;)\n')
    child = subprocess.Popen([s.program, "-r", "-", "-S", rules, "-l", s.dir], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             env=dict(os.environ, XDG_CACHE_HOME=s.dir, NO_COLOR="1"))
    frame = udp_frame(0, b"")
    record = struct.pack("<IIII", 1600000000, 0, len(frame), len(frame)) + frame
    marked = udp_frame(0, b"marker")
    marked = struct.pack("<IIII", 1600000000, 0, len(marked), len(marked)) + marked
    os.set_blocking(child.stderr.fileno(), False)
    said = b""
    child.stdin.write(pcap([]) + marked + record * 40000)
    s.write("r.rules", 'alert udp any any -> any any (msg:"new"; content:"marker"; sid:2;)\n')
    child.send_signal(signal.SIGUSR2)
    for _ in range(200):
        child.stdin.write(record * 40000)
        said += child.stderr.read() or b""
        if b"rules reloaded" in said:
            break
    child.stdin.write(marked)
    child.stdin.close()
    code = child.wait(60)
    os.set_blocking(child.stderr.fileno(), True)
    said += child.stderr.read()
    expect(code == 0 and b"rules reloaded" in said, "exit code %s: %s" % (code, said.decode()))
    expect(sids(s) == [1, 2], "the old rule before, the new one after: %s" % sids(s))


main(__name__)
