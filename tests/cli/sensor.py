"""Runs tocsin for tests and makes the captures they need, packet by packet."""
import json
import os
import struct
import subprocess
import sys
import tempfile

RULE = 'alert tcp any any -> any any (msg:"marker seen"; content:"tocsin-marker"; sid:%d; rev:1;)\n'
SKIP = 77


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def tcp_frame(payload, sport=40000, dport=80, seq=1, flags=0x18, src="10.0.0.1", dst="192.0.2.7", ack=1):
    """An Ethernet frame with one TCP segment; both checksums are right."""
    a, b = (bytes(int(x) for x in ip.split(".")) for ip in (src, dst))
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + payload
    tcp = tcp[:16] + struct.pack("!H", checksum(a + b + struct.pack("!HH", 6, len(tcp)) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, 0x4000, 64, 6, 0) + a + b
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0" + ip + tcp


def pcap(frames, start=1600000000, pps=1000):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    for i, frame in enumerate(frames):
        out += struct.pack("<IIII", start + i // pps, i % pps * 1000000 // pps, len(frame), len(frame)) + frame
    return out


def session(i, marker=True):
    """Handshake and one segment of one connection, told apart by its client port."""
    port = 20000 + i
    payload = b"GET / HTTP/1.0\r\n\r\n" + (b"tocsin-marker" if marker else b"nothing")
    return [
        tcp_frame(b"", port, 80, 100, 0x02, ack=0),
        tcp_frame(b"", 80, port, 500, 0x12, "192.0.2.7", "10.0.0.1", ack=101),
        tcp_frame(payload, port, 80, 101, 0x18, ack=501),
    ]


class Sensor:
    """A temporary directory with what a run reads and writes."""

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.holder = tempfile.TemporaryDirectory(prefix="tocsin-cli-")
        self.dir = self.holder.name
        self.rules = self.write("marker.rules", RULE % 1000001)
        self.capture = self.write("good.pcap", pcap(session(0) + session(1)))
        self.empty = self.write("empty.pcap", pcap([]))

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        return self.path(name)

    def run(self, *args, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, **more):
        # the compiled rule sets of a run stay in the temporary directory
        env = dict(os.environ, XDG_CACHE_HOME=self.dir, NO_COLOR="1")
        run = subprocess.run([self.program] + list(args), stdout=stdout, stdin=stdin, stderr=subprocess.PIPE,
                             cwd=self.dir, env=env, timeout=timeout, **more)
        run.out = (run.stdout or b"").decode("utf-8", "replace")
        run.err = run.stderr.decode("utf-8", "replace")
        return run

    def events(self, name="eve.json"):
        with open(self.path(name), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def alerts(self, name="eve.json"):
        return [e for e in self.events(name) if e["event_type"] == "alert"]


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def expect_line(run, code, *words):
    """Exactly one line on standard error that holds every word, and the exit code."""
    lines = run.err.splitlines()
    expect(run.returncode == code, "exit code %d, expected %d; said: %s" % (run.returncode, code, run.err))
    expect(len(lines) == 1, "one line was expected, got %d:\n%s" % (len(lines), run.err))
    for word in words:
        expect(word in lines[0], "%r is not in %r" % (word, lines[0]))


def main(module):
    """Runs every function of a module whose name begins with cli_; each gets a fresh Sensor."""
    cases = [(n, f) for n, f in vars(sys.modules[module]).items() if n.startswith("cli_")]
    wanted, failed = sys.argv[2:], 0
    cases = [(n, f) for n, f in cases if not wanted or n in wanted]
    for name, case in cases:
        sensor = Sensor(sys.argv[1])
        try:
            case(sensor)
            print("ok      " + name)
        except (Failed, subprocess.SubprocessError, OSError, KeyError, ValueError) as why:
            failed += 1
            print("FAILED  %s: %s" % (name, why))
        finally:
            sensor.holder.cleanup()
    print("%d cases, %d failed" % (len(cases), failed))
    sys.exit(1 if failed else 0)
