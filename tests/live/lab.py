"""What live tests share: two namespaces joined by veth pairs, and a sensor that listens."""
import glob
import json
import os
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from sensor import expect, pcap, session  # noqa: E402

READY_SECONDS = 30
NEAR, FAR = "tocsin-near-%d" % os.getpid(), "tocsin-far-%d" % os.getpid()


def sh(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, timeout=60).stdout.decode()


class Wire:
    """Two namespaces joined by veth pairs; the sensor listens on the far ends. Nobody has an address."""

    def __init__(self, pairs=1):
        self.pairs = pairs

    def __enter__(self):
        for ns in (NEAR, FAR):
            sh("ip", "netns", "add", ns)
            # no neighbour discovery: what is on the wire is what the test sends
            sh("ip", "netns", "exec", ns, "sh", "-c", "for f in all default; do "
               "echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done")
        for i in range(self.pairs):
            sh("ip", "-n", NEAR, "link", "add", "n%d" % i, "type", "veth", "peer", "name", "f%d" % i, "netns", FAR)
            sh("ip", "-n", NEAR, "link", "set", "n%d" % i, "up", "mtu", "1500")
            sh("ip", "-n", FAR, "link", "set", "f%d" % i, "up", "mtu", "1500")
        return self

    def __exit__(self, *_):
        for ns in (NEAR, FAR):
            sh("ip", "netns", "del", ns, check=False)

    def send(self, path, interface="n0", pps=20000, loops=1):
        """Frames sent. tcpreplay counts what the kernel took."""
        out = sh("ip", "netns", "exec", NEAR, "tcpreplay", "-q", "--pps", str(pps), "--loop", str(loops), "-i", interface,
                 path)
        return int(next(line.split(":")[1] for line in out.splitlines() if "Successful packets" in line))

    def received_back(self, interface="n0"):
        """Frames that came out of the sensor's side."""
        stats = json.loads(sh("ip", "-n", NEAR, "-j", "-s", "link", "show", interface))
        return stats[0]["stats64"]["rx"]["packets"]


class Live:
    """A sensor that listens; ready once its ports are open, which -v says."""

    def __init__(self, s, *args, namespace=FAR, inside=None):
        enter = ["ip", "netns", "exec", namespace] if namespace else []
        inside = dict(inside or {}, INSIDE_GO=s.path("go"))
        enter += ["env"] + ["%s=%s" % pair for pair in inside.items()]  # of the sensor alone, not of ip
        self.s = s
        self.child = subprocess.Popen(
            enter + [s.program, "-v", "-l", s.dir, "-S", s.rules] + list(args), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=s.dir, env=dict(os.environ, XDG_CACHE_HOME=s.dir, NO_COLOR="1"))
        self.said = []

    def wait_ready(self):
        os.set_blocking(self.child.stderr.fileno(), False)
        end, text = time.monotonic() + READY_SECONDS, ""
        while time.monotonic() < end and self.child.poll() is None and "tocsin: listening" not in text:
            text += (self.child.stderr.read() or b"").decode()
            time.sleep(0.05)
        self.said.append(text)
        expect("tocsin: listening" in text, "the sensor did not come up (exit code %s): %s" % (self.child.poll(), text))
        self.s.write("go", "")
        return self

    def stop(self, sig=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(sig)
        try:
            self.child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise
        os.set_blocking(self.child.stderr.fileno(), True)
        self.said.append(self.child.stderr.read().decode())
        self.err = "".join(self.said)
        return self

    def ledger(self, name="eve.json"):
        expect(self.child.returncode == 0, "exit code %s: %s" % (self.child.returncode, self.err))
        last = [e for e in self.s.events(name) if e["event_type"] == "stats"][-1]["stats"]
        ledger = last["tocsin"]["ledger"]
        expect(ledger["sum_ok"], "the ledger adds up: %s" % ledger)
        return ledger


def fixture(s, sessions=100):
    frames = [f for i in range(sessions) for f in session(i)]
    return s.write("live.pcap", pcap(frames)), len(frames)


def frames_of_shared_captures(most):
    """Ethernet frames that fit a wire, of whole pcap files of the shared corpora, at most so many."""
    frames = []
    shared = os.environ.get("TOCSIN_SHARED", "")
    for path in sorted(glob.glob(os.path.join(shared, "corpora", "*", "captures", "*.pcap"))):
        with open(path, "rb") as f:
            data = f.read()
        if len(data) < 24 or data[:4] != b"\xd4\xc3\xb2\xa1" or data[20:24] != b"\1\0\0\0":
            continue
        mine, at = [], 24
        while at + 16 <= len(data):
            length = struct.unpack_from("<I", data, at + 8)[0]
            mine.append(data[at + 16:at + 16 + length])
            at += 16 + length
        if all(60 <= len(f) <= 1514 for f in mine) and len(frames) + len(mine) <= most:
            frames += mine
    return frames


def alerts_of_a_capture_run(s, path, *args):
    run = s.run("-q", "-r", path, "-S", s.rules, "--set", "eve-log.filename=read.json", "-l", s.dir, *args)
    expect(run.returncode == 0, run.err)
    return facts(s.alerts("read.json"))


def facts(alerts):
    """What does not depend on when a packet was received: rules' alerts, not those of heuristics."""
    return sorted((a["src_ip"], a.get("src_port", 0), a["dest_ip"], a.get("dest_port", 0), a["alert"]["signature_id"])
                  for a in alerts if a["alert"]["gid"] == 1)


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
