#!/usr/bin/env python3
"""Delivery from sensor to store when daemons die, disks fill and others talk nonsense.

usage: delivery.py TOCSIND TOCSINCTL EVE_FEED [CASE...]

Every case ends with the store's own numbers: each event once, what was lost counted. Needs no network
and no root; the two cases that fill a disk need a small tmpfs and are skipped with a line without root.
KILLS=100 sets how often the daemon is killed (default 12), SECONDS=60 how long the rate case runs (default 5).
"""
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

TOCSIND, TOCSINCTL, FEED = sys.argv[1:4]
KILLS = int(os.environ.get("KILLS", "12"))
SECONDS = int(os.environ.get("SECONDS", "5"))


class Skip(Exception):
    pass


class Site:
    """One directory with a daemon's sockets and store, and any number of spools."""

    def __init__(self, path):
        self.path = path
        self.daemon = None
        self.log = ""
        self.store_dir = path

    def at(self, name):
        return os.path.join(self.path, name)

    @property
    def store(self):
        return os.path.join(self.store_dir, "events.db")

    def start(self, *more):
        self.logfile = open(self.at("daemon.log"), "a+")
        begin = self.logfile.tell()
        self.daemon = subprocess.Popen(
            [TOCSIND, "-s", self.store, "-e", self.at("e.sock"), "-a", self.at("a.sock"), *more],
            stderr=self.logfile)
        self.wait(lambda: "ready" in self.said()[begin:], "the daemon does not start: " + self.said())

    def said(self):
        with open(self.at("daemon.log")) as f:
            return f.read()

    def stop(self, sig=signal.SIGTERM):
        self.daemon.send_signal(sig)
        code = self.daemon.wait(20)
        self.daemon = None
        return code

    def kill(self):
        self.stop(signal.SIGKILL)

    def wait(self, what, why, seconds=20):
        end = time.time() + seconds
        while not what():
            if time.time() > end:
                raise AssertionError(why)
            time.sleep(0.02)

    def feed(self, count, rate=0, key="-", linger=20000, spool="spool", max_bytes=0, wait=True):
        p = subprocess.Popen([FEED, self.at("e.sock"), self.at(spool), str(count), str(rate), key, str(linger), str(max_bytes)],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not wait:
            return p
        out, err = p.communicate(timeout=180)
        return p.returncode, err

    def numbers(self):
        """Sequence numbers in the store, by sensor."""
        db = sqlite3.connect("file:%s?mode=ro" % self.store, uri=True)
        got = {}
        for key, seq in db.execute("SELECT s.key, e.seq FROM events e JOIN sensors s ON s.id = e.sensor ORDER BY 1, 2"):
            got.setdefault(key, []).append(seq)
        db.close()
        return got

    def once_each(self, count):
        got = self.numbers()
        assert len(got) == 1, "%d sensors" % len(got)
        seqs = next(iter(got.values()))
        assert seqs == list(range(1, count + 1)), "%d events, %d different, of %d" % (len(seqs), len(set(seqs)), count)

    def ctl(self, *args):
        p = subprocess.run([TOCSINCTL, "--api", self.at("a.sock"), *args], capture_output=True, text=True, timeout=60)
        return p.returncode, p.stdout, p.stderr

    def status(self):
        code, out, err = self.ctl("status", "--json")
        assert code == 0, err
        return json.loads(out)


def every_event_arrives_once(site):
    site.start()
    code, err = site.feed(5000)
    assert code == 0 and not err, err
    site.once_each(5000)
    assert site.stop() == 0
    assert not os.path.exists(site.at("e.sock")), "the socket file stays behind"


def without_a_daemon_events_wait_on_disk_and_go_in_order(site):
    code, err = site.feed(3000, linger=100)
    assert code == 0 and "3000 events wait on disk" in err, err
    code, err = site.feed(2000, linger=100)
    assert "5000 events wait on disk" in err, err
    site.start()
    code, err = site.feed(1000)
    assert code == 0 and not err, err
    site.once_each(6000)


def what_earlier_readings_left_on_disk_goes_with_a_later_run(site):
    for key, count in (("first reading", 3000), ("second reading", 500)):
        code, err = site.feed(count, key=key, linger=100)
        assert code == 0 and "%d events wait on disk" % count in err, err
    left = [d for d in os.listdir(site.at("spool")) if d.startswith("run-")]
    assert len(left) == 2, left
    site.start()
    code, err = site.feed(100)  # a live sensor
    assert code == 0 and err.count("an earlier reading left on disk have reached the daemon") == 2, err
    got = site.numbers()
    assert sorted(len(seqs) for seqs in got.values()) == [100, 500, 3000], {k: len(v) for k, v in got.items()}
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in got.values())
    assert not [d for d in os.listdir(site.at("spool")) if d.startswith("run-")], "delivered spools are gone"
    code, err = site.feed(3000, key="first reading")
    assert code == 0 and site.numbers() == got, "the same reading again stores nothing twice: " + err


def the_daemon_is_killed_again_and_again(site):
    rate, seconds = 2000, KILLS * 0.6 + 2
    count = int(rate * seconds)
    site.start()
    feeder = site.feed(count, rate, linger=60000, wait=False)
    rnd = random.Random(7)
    for _ in range(KILLS):
        time.sleep(0.3 + rnd.random() * 0.3)
        site.kill()
        site.start()
    out, err = feeder.communicate(timeout=180)
    assert feeder.returncode == 0, err
    site.once_each(count)
    duplicates = site.status()["ingest"]["duplicates"]
    assert site.status()["sensors"][0]["missing"] == 0
    print("  %d kills, %d events, each stored once (%d came twice to the last daemon)" % (KILLS, count, duplicates))


def a_killed_sensor_reads_again_and_nothing_is_stored_twice(site):
    site.start()
    for _ in range(8):
        p = site.feed(20000, 20000, key="capture-1", wait=False)
        time.sleep(0.1 + random.random() * 0.3)
        p.kill()
        p.communicate()
    code, err = site.feed(20000, key="capture-1")
    assert code == 0, err
    site.once_each(20000)
    assert not glob.glob(site.at("spool/run-*")), "the spool of a finished reading stays behind"


def the_sensor_is_killed_while_it_reads_captures(site):
    """The program itself, 20 times with -9 at any moment, then once to the end: the store equals eve.json."""
    shared = os.environ.get("TOCSIN_SHARED", os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared"))
    captures = sorted(glob.glob(os.path.join(shared, "corpora", "agreement", "captures", "*")), key=os.path.getsize)
    if not os.environ.get("TOCSIN") or not captures:
        raise Skip("needs TOCSIN=path of the program, and the shared corpora (TOCSIN_SHARED)")
    with open(site.at("any.rules"), "w") as f:
        f.write('alert ip any any -> any any (msg:"any"; sid:1; rev:1;)\n')
    args = [os.environ["TOCSIN"], "-S", site.at("any.rules"), "-k", "none", "-q", "--set", "daemon.enabled=yes",
            "--set", "daemon.socket=" + site.at("e.sock"), "--set", "daemon.spool-dir=" + site.at("spool"),
            "--set", "daemon.linger=60s"]
    for c in captures[:1000]:
        args += ["-r", c]
    site.start()
    for n in range(20):
        p = subprocess.Popen(args + ["-l", site.at("log%d" % n)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.2 + n * 0.12)  # from before it has begun to about its end, however busy the machine
        p.kill()
        p.wait()
    partial = len(sum(site.numbers().values(), []))
    p = subprocess.run(args + ["-l", site.at("log")], capture_output=True, text=True, timeout=120)
    assert p.returncode == 0, p.stderr
    with open(site.at("log/eve.json")) as f:
        want = [line for line in f if json.loads(line)["event_type"] != "stats"]
    site.once_each(len(want))
    db = sqlite3.connect(site.store)
    assert [row[0] + "\n" for row in db.execute("SELECT eve FROM events ORDER BY seq")] == want
    db.close()
    print("  20 kills, %d events stored by then, %d at the end, each once and as in eve.json" % (partial, len(want)))


def a_killed_live_sensor_never_uses_a_number_twice(site):
    site.start()
    for _ in range(6):
        p = site.feed(5000, 10000, wait=False)
        time.sleep(0.1 + random.random() * 0.2)
        p.kill()
        p.communicate()
    assert site.feed(1000)[0] == 0
    seqs = next(iter(site.numbers().values()))
    assert len(seqs) == len(set(seqs)) and seqs[-1] - seqs[0] + 1 == len(seqs), "numbers twice, or missing"


def a_full_spool_drops_the_oldest_and_counts_them(site):
    code, err = site.feed(40000, linger=100, max_bytes=1)  # the least: two segments
    lost = int(re.search(r"(\d+) records for the daemon were lost \(spool full\): \1 alert", err).group(1))
    assert code == 2 and lost > 10000, err
    site.start()
    assert site.feed(0)[0] == 0
    seqs = next(iter(site.numbers().values()))
    assert seqs == list(range(lost + 1, 40001)), "%d stored, %d lost" % (len(seqs), lost)
    assert site.status()["sensors"][0]["missing"] == lost


def tmpfs(path, size):
    os.makedirs(path, exist_ok=True)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", path],
                                      capture_output=True).returncode:
        raise Skip("needs root and mount to make a small disk")


def a_full_disk_under_the_store_stops_says_and_resumes(site):
    disk = site.at("disk")
    tmpfs(disk, "6m")
    try:
        site.store_dir = disk
        site.start()
        feeder = site.feed(20000, linger=60000, wait=False)
        site.wait(lambda: "cannot be written" in site.said(), "a full disk is not said")
        assert "make room on its disk" in site.said(), site.said()
        time.sleep(2.5)
        assert site.status()["store"]["failing"] is True
        assert site.said().count("cannot be written") <= 2, site.said()  # the last free pages may take a batch
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        out, err = feeder.communicate(timeout=90)
        assert feeder.returncode == 0, err
        assert "is written again" in site.said(), site.said()
        site.once_each(20000)
        site.stop()
    finally:
        if site.daemon:
            site.kill()
        subprocess.run(["umount", "-l", disk], check=False)


def a_full_disk_under_the_spool_counts_what_it_could_not_keep(site):
    disk = site.at("disk")
    tmpfs(disk, "3m")
    try:
        code, err = site.feed(20000, linger=100, spool="disk/spool")
        assert code == 2 and err.count("No space left on device") == 1, err
        lost = int(re.search(r"(\d+) records for the daemon were lost", err).group(1))
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        site.start()
        code, err = site.feed(10, spool="disk/spool")
        assert code == 0, err
        seqs = next(iter(site.numbers().values()))
        assert len(seqs) == 20010 - lost and len(set(seqs)) == len(seqs), "%d stored, %d lost" % (len(seqs), lost)
        site.stop()
    finally:
        if site.daemon:
            site.kill()
        subprocess.run(["umount", "-l", disk], check=False)


def fake_daemon(path, answer):
    """A program that is no tocsind: answers every connection with the same bytes."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(8)
    server.settimeout(0.2)
    stop = threading.Event()

    def run():
        while not stop.is_set():
            try:
                c, _ = server.accept()
                c.settimeout(1)
                c.recv(4096)
                c.sendall(answer)
                time.sleep(0.05)
                c.close()
            except OSError:
                pass
        server.close()
        os.unlink(path)
    t = threading.Thread(target=run)
    t.start()
    return lambda: (stop.set(), t.join())


def garbage_from_the_daemon_costs_nothing(site):
    for n, answer in enumerate([b"\0\xff\xfe garbage\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 10000, b"{\"ack\":5}\n",
                                b"{\"hello\":\"tocsind\",\"have\":-1}\n", b"{\"hello\":\"tocsind\",\"have\":\"7\"}\n", b"[]\n", b""]):
        end = fake_daemon(site.at("e.sock"), answer)
        code, err = site.feed(100, 400, linger=300)
        end()
        assert code == 0 and "%d events wait on disk" % (100 * (n + 1)) in err, "%r: %s" % (answer, err)
        assert err.count("the daemon at") == 2, err  # said once, and once at the end
    site.start()
    assert site.feed(0)[0] == 0
    site.once_each(800)


def garbage_from_a_sensor_ends_its_connection_alone(site):
    site.start()
    feeder = site.feed(4000, 4000, wait=False)
    hello = b'{"hello":"tocsin","protocol":1,"sensor":"bad-%d","name":"bad"}\n'
    for n, lines in enumerate([
            b"nonsense\n", b"\0" * 100 + b"\n", b"{}\n", b'{"hello":"tocsin","protocol":99,"sensor":"x"}\n',
            b'{"hello":"tocsin","protocol":1,"sensor":"../../etc"}\n', b'{"hello":"tocsin","protocol":1}\n',
            hello % 1 + b"nonsense\n", hello % 2 + b'{"timestamp":"2009-11-13T21:32:05","event_type":"alert"}\n',
            hello % 3 + b'{"sensor_seq":1}\n', hello % 4 + b'{"sensor_seq":-5,"timestamp":"2009-11-13T21:32:05","event_type":"x"}\n',
            hello % 5 + b"[" * 200000 + b"\n", hello % 6 + b"y" * (3 << 20)]):
        s = socket.socket(socket.AF_UNIX)
        s.connect(site.at("e.sock"))
        s.settimeout(5)
        got = b""
        try:
            s.sendall(lines)
            while True:
                part = s.recv(4096)
                if not part:
                    break
                got += part
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()
        assert b'"error"' in got or n == 11, "%r: %r" % (lines[:60], got)
    out, err = feeder.communicate(timeout=60)
    assert feeder.returncode == 0, err
    assert len([1 for seqs in site.numbers().values() for _ in seqs]) == 4000
    assert site.status()["ingest"]["rejected"] >= 12
    assert site.stop() == 0


def a_record_that_is_not_sound_does_not_hold_up_the_others(site):
    site.start()
    s = socket.socket(socket.AF_UNIX)
    s.connect(site.at("e.sock"))
    s.settimeout(5)
    record = '{"sensor_seq":%d,"timestamp":"2009-11-13T21:32:05","event_type":"alert","x":"%s"}\n'
    s.sendall(b'{"hello":"tocsin","protocol":1,"sensor":"odd","name":"odd"}\n' +
              b"".join((record % (n, t)).encode("latin-1") for n, t in [(1, "a"), (2, "\xff"), (3, '"'), (4, "\\u0000"), (5, "b")]))
    got = b""
    while b'"ack":5' not in got:
        got += s.recv(4096)
    s.close()
    assert site.numbers() == {"odd": [1, 4, 5]}
    assert site.status()["sensors"][0]["missing"] == 2
    code, out, err = site.ctl("events", "--json")
    assert code == 0 and len(out.splitlines()) == 3, err


def two_sensors_on_one_socket_keep_apart(site):
    site.start()
    feeders = [site.feed(5000, 5000, spool="spool%d" % i, wait=False) for i in range(3)]
    for f in feeders:
        out, err = f.communicate(timeout=60)
        assert f.returncode == 0, err
    got = site.numbers()
    assert len(got) == 3 and all(seqs == list(range(1, 5001)) for seqs in got.values())


def two_sensors_with_one_spool_or_one_id_are_told(site):
    site.start()
    first = site.feed(3000, 1000, key="same", wait=False)
    time.sleep(0.5)
    code, err = site.feed(10, key="same", linger=100)
    assert code == 1 and "another sensor spools here" in err, err
    code, err = site.feed(10, key="same", spool="other", linger=500)
    assert "connected already" in err and "its own spool directory" in err, err
    assert first.wait(60) == 0


def a_stale_socket_is_replaced_a_live_one_is_not(site):
    site.start()
    site.kill()
    assert os.path.exists(site.at("e.sock"))
    site.start()
    p = subprocess.run([TOCSIND, "-s", site.at("other.db"), "-e", site.at("e.sock"), "-a", site.at("b.sock")],
                       capture_output=True, text=True, timeout=10)
    assert p.returncode == 1 and "another program listens there already" in p.stderr, p.stderr
    open(site.at("file"), "w").close()
    p = subprocess.run([TOCSIND, "-s", site.at("other.db"), "-e", site.at("file"), "-a", site.at("b.sock")],
                       capture_output=True, text=True, timeout=10)
    assert p.returncode == 1 and "no socket is in the way" in p.stderr, p.stderr
    assert os.path.exists(site.at("file"))
    assert site.feed(10)[0] == 0


def what_cannot_start_says_why(site):
    for args, why in [(["-s", "/nonexistent/x.db", "-e", site.at("e"), "-a", site.at("a")], "/nonexistent/x.db"),
                      (["-s", site.at("x.db"), "-e", "/nonexistent/e", "-a", site.at("a")], "/nonexistent/e"),
                      (["-s", site.at("x.db"), "-e", site.at("e"), "-a", site.at("a"), "--http", "0.0.0.0:9901"], "loopback"),
                      (["-s", site.at("x.db"), "-e", "/" + "x" * 200, "-a", site.at("a")], "at most 107 bytes"),
                      (["--max-events", "many"], "expected a number"), (["--frobnicate"], "--help"), (["x"], "options only")]:
        p = subprocess.run([TOCSIND, *args], capture_output=True, text=True, timeout=10)
        assert p.returncode == 1 and why in p.stderr, "%s: %d %s" % (args, p.returncode, p.stderr)
    with open(site.at("notdb"), "w") as f:
        f.write("this is no database, but it is long enough to be looked at as one" * 100)
    p = subprocess.run([TOCSIND, "-s", site.at("notdb"), "-e", site.at("e"), "-a", site.at("a")],
                       capture_output=True, text=True, timeout=10)
    assert p.returncode == 1 and "not a database" in p.stderr, p.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def questions_are_answered(site):
    http = "127.0.0.1:%d" % free_port()
    site.start("--http", http)
    assert site.feed(2000)[0] == 0
    over_tcp = subprocess.run([TOCSINCTL, "--api", "http://" + http, "status"], capture_output=True, text=True, timeout=30)
    assert over_tcp.returncode == 0 and "2000 events" in over_tcp.stdout, over_tcp
    code, out, err = site.ctl("events", "--json", "-n", "10")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(lines) == 10 and lines[-1]["flow_id"] == 2000, err
    for args, n in [(["--flow", "17"], 1), (["--sid", "2001219"], 1000), (["--sid", "5"], 0), (["--severity", "1"], 0),
                    (["--severity", "2", "-n", "2000"], 2000), (["--dst", "10.0.0.2", "-n", "7"], 7), (["--dst", "10.0.0.3"], 0),
                    (["--src", "0.0.0.0/0", "-n", "5000"], 2000), (["--src", "::/0"], 0), (["--detector", "syn_flood"], 0),
                    (["--type", "flow"], 0), (["--type", "all", "-n", "3000"], 2000), (["--sensor", "feed"], 1000),
                    (["--since", "2009-11-13T21:32:05.001"], 1000), (["--since", "2009-11-13T21:32:05.001", "-n", "9999"], 1000),
                    (["--until", "2009-11-13T21:32:05.001", "-n", "9999"], 1000), (["--since", "1h"], 0), (["--until", "1h"], 1000)]:
        code, out, err = site.ctl("events", "--json", *args)
        assert code == 0 and len(out.splitlines()) == n, "%s: %d lines, %s" % (args, len(out.splitlines()), err)
    src = lines[0]["src_ip"]
    code, out, err = site.ctl("events", "--json", "--addr", src)
    assert [json.loads(x)["src_ip"] for x in out.splitlines()] == [src]
    code, out, err = site.ctl("events", "-n", "1")
    assert re.fullmatch(r"2009-11-13 21:32:05.001  MEDIUM  1:2001219  TEST ssh scan  TCP [0-9.]+:34567 -> 10.0.0.2:22\n", out), out
    for args in [["--src", "nonsense"], ["--since", "yesterday"], ["--severity", "high"], ["--type", "dns"], ["-n", "0"], ["x"],
                 ["--nope"], ["--sid", "1;DROP TABLE events"]]:
        code, out, err = site.ctl("events", *args)
        assert code == 1 and err and not out, "%s: %d %s" % (args, code, err)
    code, out, err = site.ctl("status")
    assert code == 0 and "2000 events" in out and "2000 alerts" in out, out
    assert site.ctl("--help")[0] == 0 and site.ctl("events", "--help")[0] == 0 and site.ctl("nope")[0] == 1
    site.stop()
    code, out, err = site.ctl("status")
    assert code == 2 and "is tocsind running?" in err, err


def following_survives_a_restart_of_the_daemon(site):
    site.start()
    assert site.feed(5)[0] == 0
    p = subprocess.Popen([TOCSINCTL, "--api", site.at("a.sock"), "events", "--json", "--follow", "-n", "2"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        got = [json.loads(p.stdout.readline())["flow_id"] for _ in range(2)]
        assert site.feed(3)[0] == 0
        got += [json.loads(p.stdout.readline())["flow_id"] for _ in range(3)]
        site.kill()
        site.start()
        assert site.feed(4)[0] == 0
        got += [json.loads(p.stdout.readline())["flow_id"] for _ in range(4)]
        assert got == [4, 5, 1, 2, 3, 1, 2, 3, 4], got
    finally:
        p.kill()
        p.wait()


def a_page_elsewhere_cannot_use_the_api(site):
    site.start()
    for request, status in [(b"GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
                            (b"POST /api/v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", b"405"),
                            (b"GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
                            (b"GET /api/v1/events?limit=1 HTTP/1.1\r\nHost: 127.0.0.1:9901\r\n\r\n", b"200"),
                            (b"GET /api/v1/events?src=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400")]:
        s = socket.socket(socket.AF_UNIX)
        s.connect(site.at("a.sock"))
        s.settimeout(5)
        s.sendall(request)
        first = s.recv(4096).split(b"\r\n")[0]
        s.close()
        assert status in first, "%r: %r" % (request, first)
    assert site.status()["version"]


def old_events_go_when_the_store_is_full(site):
    site.start("--max-events", "1000")
    assert site.feed(5000, 5000)[0] == 0
    site.wait(lambda: (site.feed(1), len(sum(site.numbers().values(), [])) <= 1001)[1], "the store is not trimmed")
    assert max(sum(site.numbers().values(), [])) > 5000


def twenty_thousand_events_a_second(site):
    count = 20000 * SECONDS
    site.start()
    start = time.time()
    code, err = site.feed(count, 20000, linger=60000)
    took = time.time() - start
    assert code == 0, err
    site.once_each(count)
    with open("/proc/%d/stat" % site.daemon.pid) as f:
        ticks = f.read().rsplit(")", 1)[1].split()
    cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    print("  %d events at 20,000/s: all stored %.1f s after the start; the daemon used %.1f s of a core" % (count, took, cpu))
    if took > SECONDS + 10:
        print("  (the machine is too busy to hold the rate: load %.1f)" % os.getloadavg()[0])


CASES = [every_event_arrives_once, without_a_daemon_events_wait_on_disk_and_go_in_order,
         what_earlier_readings_left_on_disk_goes_with_a_later_run, the_daemon_is_killed_again_and_again,
         a_killed_sensor_reads_again_and_nothing_is_stored_twice, the_sensor_is_killed_while_it_reads_captures,
         a_killed_live_sensor_never_uses_a_number_twice,
         a_full_spool_drops_the_oldest_and_counts_them, a_full_disk_under_the_store_stops_says_and_resumes,
         a_full_disk_under_the_spool_counts_what_it_could_not_keep, garbage_from_the_daemon_costs_nothing,
         garbage_from_a_sensor_ends_its_connection_alone,
         a_record_that_is_not_sound_does_not_hold_up_the_others, two_sensors_on_one_socket_keep_apart,
         two_sensors_with_one_spool_or_one_id_are_told, a_stale_socket_is_replaced_a_live_one_is_not, what_cannot_start_says_why,
         questions_are_answered, following_survives_a_restart_of_the_daemon, a_page_elsewhere_cannot_use_the_api,
         old_events_go_when_the_store_is_full, twenty_thousand_events_a_second]


def too_long(signum, frame):
    raise TimeoutError("the case hangs")


def main():
    failed = 0
    signal.signal(signal.SIGALRM, too_long)
    for case in CASES:
        if sys.argv[4:] and case.__name__ not in sys.argv[4:]:
            continue
        path = tempfile.mkdtemp(prefix="tocsin-delivery-")
        site = Site(path)
        signal.alarm(150 + KILLS + 3 * SECONDS)
        try:
            case(site)
            print("ok      " + case.__name__.replace("_", " "), flush=True)
        except Skip as why:
            print("SKIPPED " + case.__name__.replace("_", " ") + ": " + str(why), flush=True)
        except Exception as why:  # any failure is this case's
            failed += 1
            print("FAILED  %s: %s: %s" % (case.__name__.replace("_", " "), type(why).__name__, why), flush=True)
        finally:
            signal.alarm(0)
            if site.daemon:
                site.kill()
            shutil.rmtree(path, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
