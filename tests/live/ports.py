#!/usr/bin/env python3
"""Live ports over veth pairs in network namespaces of its own, and over DPDK's virtual devices.

Every frame that is sent stands in the ledger, alerts are those of `-r`, and nothing leaves a port.
Needs root, iproute2 and tcpreplay for the interfaces; without them only the virtual devices are tested.

usage: ports.py TOCSIN [CASE...]
"""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import FAR, NEAR, Live, Wire, alerts_of_a_capture_run, facts, fixture, frames_of_shared_captures, sh  # noqa: E402
from sensor import expect, main, pcap, session, tcp_frame  # noqa: E402

PPS_OF_OTHERS = 4000


def cli_veth_every_frame_is_in_the_ledger_and_alerts_equal_a_capture_run(s):
    path, frames = fixture(s)
    with Wire() as wire:
        live = Live(s, "-i", "f0").wait_ready()
        sent = wire.send(path)
        time.sleep(0.5)
        ledger = live.stop().ledger()
    expect(sent == frames == ledger["offered"], "sent %d, offered %d" % (sent, ledger["offered"]))
    expect(ledger["dropped"]["missed"] == 0, "drops are counted, and there are none")
    expect(facts(s.alerts()) == alerts_of_a_capture_run(s, path), "the alerts of -r")
    expect(all(a["in_iface"] == "f0" and "pcap_cnt" not in a for a in s.alerts()), "in_iface names the interface")


def cli_veth_captures_of_others_alert_as_when_read(s):
    frames = frames_of_shared_captures(12000)
    if not frames:
        print("skipped: the shared corpora are absent")
        return
    s.rules = os.path.join(os.environ["TOCSIN_SHARED"], "rules", "etopen.rules")
    path = s.write("shared.pcap", pcap(frames, pps=PPS_OF_OTHERS))
    expected = alerts_of_a_capture_run(s, path, "-k", "none")
    expect(len(expected) > 20, "captures that alert: %d alerts" % len(expected))
    for workers in ("1", "2"):
        name = "%s.json" % workers
        with Wire() as wire:
            live = Live(s, "-i", "f0", "-k", "none", "--workers", workers, "--set", "eve-log.filename=" + name).wait_ready()
            sent = wire.send(path, pps=PPS_OF_OTHERS)
            time.sleep(0.5)
            ledger = live.stop().ledger(name)
        expect(sent == len(frames) == ledger["offered"], "sent %d of %d, ledger %s" % (sent, len(frames), ledger))
        got = facts(s.alerts(name))
        expect(got == expected, "the alerts of -r; %d, expected %d: %s" % (
            len(got), len(expected), sorted(set(got) ^ set(expected))[:5]))


def cli_veth_fragments_are_seen_as_they_are_on_the_wire(s):
    whole = session(0)[2]
    header, payload = bytearray(whole[14:34]), whole[34:]
    frames = []
    for ident in range(1, 6):  # all but the last lack their second half
        for offset, more in ((0, 1), (2, 0))[:2 if ident == 5 else 1]:
            piece = payload[:16] if more else payload[16:]
            header[2:6] = struct.pack(">HH", 20 + len(piece), ident)
            header[6:8] = struct.pack(">H", more << 13 | offset)
            frames.append(whole[:14] + bytes(header) + piece)
    with Wire() as wire:
        live = Live(s, "-i", "f0", "-k", "none").wait_ready()
        sent = wire.send(s.write("fragments.pcap", pcap(frames)))
        time.sleep(0.5)
        ledger = live.stop().ledger()
    stats = [e for e in s.events() if e["event_type"] == "stats"][-1]["stats"]
    expect(sent == 6 == ledger["offered"], "sent %d, ledger %s" % (sent, ledger))
    expect(stats["defrag"]["ipv4"] == {"fragments": 6, "reassembled": 1}, "%s" % stats["defrag"])


def cli_veth_two_workers_find_the_same(s):
    path, frames = fixture(s)
    with Wire() as wire:
        live = Live(s, "-i", "f0", "--workers", "2").wait_ready()
        sent = wire.send(path)
        time.sleep(0.5)
        ledger = live.stop().ledger()
    expect(sent == frames == ledger["offered"], "sent %d, offered %d" % (sent, ledger["offered"]))
    expect(facts(s.alerts()) == alerts_of_a_capture_run(s, path), "the alerts of -r")


def cli_veth_waiting_for_interrupts_loses_nothing(s):
    path, frames = fixture(s)
    expected = alerts_of_a_capture_run(s, path)
    for workers in ("1", "2"):
        with Wire() as wire:
            live = Live(s, "-i", "f0", "--workers", workers, "--set", "threading.idle=interrupt", "--set",
                        "eve-log.filename=%s.json" % workers).wait_ready()
            time.sleep(0.3)  # everybody sleeps
            sent = wire.send(path)
            time.sleep(0.5)
            ledger = live.stop().ledger("%s.json" % workers)
        expect(sent == frames == ledger["offered"], "sent %d, ledger %s" % (sent, ledger))
        expect("woken by the kernel's socket" in live.err, live.err)
        expect(facts(s.alerts("%s.json" % workers)) == expected, "the alerts of -r")


def cli_veth_two_directions_of_a_tap_on_two_ports_meet(s):
    s.rules = s.write("established.rules", 'alert tcp any any -> any any (msg:"in an established flow"; flow:established,'
                      'to_server; content:"tocsin-marker"; sid:9;)\n')
    halves = [[], []]
    for i in range(50):
        syn, synack, data = session(i)
        halves[0] += [syn, data]
        halves[1].append(synack)
    # the handshakes first, then what they carry
    there = s.write("there.pcap", pcap(halves[0][0::2]))
    back = s.write("back.pcap", pcap(halves[1]))
    data = s.write("data.pcap", pcap(halves[0][1::2]))
    with Wire(pairs=2) as wire:
        live = Live(s, "-i", "f0", "-i", "f1", "--workers", "2").wait_ready()
        sent = wire.send(there, "n0") + wire.send(back, "n1") + wire.send(data, "n0")
        time.sleep(0.5)
        ledger = live.stop().ledger()
    expect(sent == 150 == ledger["offered"], "sent %d, offered %d" % (sent, ledger["offered"]))
    expect(len(s.alerts()) == 50, "%d alerts in established flows, expected 50" % len(s.alerts()))


def cli_veth_nothing_leaves_a_port_whatever_is_asked(s):
    mac, broadcast = b"\x02\0\0\0\0\x01", b"\xff" * 6
    arp = broadcast + mac + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + mac + bytes([10, 0, 0, 1]) + b"\0" * 6 + bytes([10, 0, 0, 2])
    echo = broadcast + mac + b"\x08\0" + bytes.fromhex("4500001c000100004001 66dd 0a000001 0a000002".replace(" ", "")) + \
        bytes.fromhex("0800f7fe00010000")
    solicit = bytes.fromhex("3333ff000002") + mac + b"\x86\xdd" + bytes.fromhex("6000000000183aff") + \
        bytes.fromhex("fe800000000000000000000000000001") + bytes.fromhex("ff0200000000000000000001ff000002") + \
        bytes.fromhex("8700 0000 00000000 fe800000000000000000000000000002".replace(" ", ""))
    path = s.write("ask.pcap", pcap([arp, echo, solicit, tcp_frame(b"", 40000, 80, 1, 0x02)] * 50))
    with Wire() as wire:
        before = wire.received_back()
        live = Live(s, "-i", "f0").wait_ready()
        sent = wire.send(path)
        time.sleep(0.5)
        ledger = live.stop().ledger()
        after = wire.received_back()
    expect(sent == ledger["offered"] == 200, "sent %d, offered %d" % (sent, ledger["offered"]))
    expect(after == before, "%d frames came out of the port the sensor listens on" % (after - before))
    expect("0 send queues" in live.err, live.err)


class Watcher:
    """tcpdump on the far end: what comes out of the sensor's interface."""

    def __init__(self, s, interface="n0"):
        self.child = subprocess.Popen(
            ["ip", "netns", "exec", NEAR, "tcpdump", "--immediate-mode", "-n", "-Q", "in", "-i", interface, "-w", s.path("seen.pcap")],
            stderr=subprocess.PIPE)
        line = b""
        while b"listening on" not in line:
            line = self.child.stderr.readline()
            expect(line, "tcpdump does not start")

    def frames(self):
        time.sleep(0.5)  # for what lies in its buffer
        self.child.send_signal(signal.SIGINT)
        said = self.child.communicate(timeout=30)[1].decode()
        return int(said.split(" packets captured")[0].split()[-1])


def cli_veth_nothing_leaves_a_port_though_a_detector_misbehaves(s):
    inside = os.environ.get("INSIDE")
    if not inside or not shutil.which("tcpdump"):
        print("note: INSIDE is not set or tcpdump is missing; nobody misbehaves")
        return
    path, frames = fixture(s)
    with Wire() as wire:
        # the watcher sees what comes out of that end: a frame of the kernel's own proves it
        watcher = Watcher(s)
        sh("ip", "netns", "exec", FAR, "tcpreplay", "-q", "-i", "f0", s.capture)
        expect(watcher.frames() == 6, "tcpdump sees what leaves the far end")
        watcher = Watcher(s)
        live = Live(s, "-i", "f0", inside={"LD_PRELOAD": inside, "INSIDE_SEND": "1"}).wait_ready()
        time.sleep(1.5)
        sent = wire.send(path)
        time.sleep(0.5)
        ledger = live.stop().ledger()
        left = watcher.frames()
    attempts = [e for e in s.events() if e["event_type"] == "stats"][-1]["stats"]["tocsin"]["send_attempts"]
    expect(left == 0 and attempts > 0, "%d frames left the port in %d attempts" % (left, attempts))
    expect(sent == frames == ledger["offered"] and len(s.alerts()) == frames // 3, "the sensor goes on: %s" % ledger)


def cli_veth_what_the_kernel_drops_is_counted(s):
    path = s.write("small.pcap", pcap([tcp_frame(b"", 1000 + i, 80, 1, 0x10) for i in range(1000)]))
    with Wire() as wire:
        live = Live(s, "-i", "f0").wait_ready()
        # the sensor stands still while more comes than the kernel's ring of 16,384 frames holds
        os.kill(sensor_pid(live), signal.SIGSTOP)
        sent = wire.send(path, pps=200000, loops=40)
        os.kill(sensor_pid(live), signal.SIGCONT)
        time.sleep(1)
        ledger = live.stop().ledger()
    expect(ledger["dropped"]["missed"] > 10000, "drops are seen: %s" % ledger)
    expect(ledger["offered"] == sent, "sent %d, ledger %s" % (sent, ledger))


def sensor_pid(live):
    """`ip netns exec` becomes the sensor."""
    return live.child.pid


def cli_veth_vlan_tags_are_seen(s):
    frames = [f[:12] + b"\x81\0\0\x2a" + f[12:] for f in session(0)]
    path = s.write("vlan.pcap", pcap(frames))
    with Wire() as wire:
        live = Live(s, "-i", "f0").wait_ready()
        wire.send(path)
        time.sleep(0.5)
        live.stop().ledger()
    expect([a.get("vlan") for a in s.alerts()] == [[42]], "one alert with vlan 42: %s" % s.alerts())


def cli_veth_a_link_that_goes_and_comes_back_is_said(s):
    path, _ = fixture(s, 1)
    with Wire() as wire:
        live = Live(s, "-i", "f0").wait_ready()
        sh("ip", "-n", FAR, "link", "set", "f0", "down")
        time.sleep(0.6)
        sh("ip", "-n", FAR, "link", "set", "f0", "up")
        time.sleep(0.6)
        wire.send(path)
        time.sleep(0.5)
        live.stop().ledger()
    expect("f0: the link is down" in live.err and "f0: the link is up again" in live.err, live.err)
    expect(len(s.alerts()) == 1, "frames after the link came back are read")


def cli_veth_an_interface_that_vanishes_is_said_and_the_run_ends_cleanly(s):
    path, _ = fixture(s, 1)
    with Wire() as wire:
        live = Live(s, "-i", "f0").wait_ready()
        wire.send(path)
        time.sleep(0.5)
        sh("ip", "-n", FAR, "link", "del", "f0")
        time.sleep(0.6)
        live.stop()
    expect(live.child.returncode == 0, "exit code %d: %s" % (live.child.returncode, live.err))
    expect("f0: the link is down" in live.err, live.err)
    expect(len(s.alerts()) == 1, "what was found before stays")


def cli_veth_an_interface_that_gets_another_name_is_listened_to_all_the_same(s):
    path, _ = fixture(s, 1)
    with Wire() as wire:
        live = Live(s, "-i", "f0").wait_ready()
        for words in (["down"], ["name", "renamed0"], ["up"]):
            sh("ip", "-n", FAR, "link", "set", "renamed0" if words == ["up"] else "f0", *words)
        time.sleep(1.2)
        sent = wire.send(path)
        time.sleep(0.5)
        ledger = live.stop().ledger()
        refused(s, ["-i f0", "no interface has this name"], "-i", "f0")
    expect(sent == ledger["offered"], "sent %d, ledger %s" % (sent, ledger))
    expect("f0: the link is down" in live.err, live.err)
    expect(len(s.alerts()) == 1, "frames under the other name are read")


def cli_veth_without_the_capability_the_command_that_grants_it_is_said(s):
    with Wire():
        run = subprocess.run(["ip", "netns", "exec", FAR, "setpriv", "--bounding-set", "-net_raw", s.program, "-l", s.dir,
                              "-i", "f0"], capture_output=True, timeout=30)
    said = run.stderr.decode()
    expect(run.returncode == 1 and len(said.splitlines()) == 1, "exit code %d, said: %s" % (run.returncode, said))
    expect("CAP_NET_RAW" in said and "setcap" in said, said)


def cli_device_pcap_reads_as_a_capture_does(s):
    path, frames = fixture(s)
    live = Live(s, "--port", "net_pcap0,rx_pcap=" + path, namespace=None).wait_ready()
    time.sleep(1)
    ledger = live.stop().ledger()
    expect(ledger["offered"] == frames, "%s of %d" % (ledger, frames))
    expect(ledger["dropped"]["missed"] is None, "a driver that cannot count drops says null, not 0")
    expect("not counted by this driver" in live.err, live.err)
    expect(facts(s.alerts()) == alerts_of_a_capture_run(s, path), "the alerts of -r")


def cli_device_pcap_with_two_files_has_two_queues(s):
    frames = [f for i in range(100) for f in session(i)]
    halves = [s.write("%d.pcap" % h, pcap(frames[h * 150:h * 150 + 150])) for h in (0, 1)]
    live = Live(s, "--port", "net_pcap0," + ",".join("rx_pcap=" + h for h in halves), "--workers", "2",
                namespace=None).wait_ready()
    time.sleep(1)
    ledger = live.stop().ledger()
    expect("2 receive queues" in live.err and "reads net_pcap0 queue 0, net_pcap0 queue 1" in live.err, live.err)
    expect("worker 1: CPU " in live.err and "NUMA node" in live.err, "core and queue map: " + live.err)
    expect(ledger["offered"] == 300, "%s" % ledger)
    port = [e for e in s.events() if e["event_type"] == "stats"][-1]["stats"]["tocsin"]["ports"]["net_pcap0"]
    expect([port["queues"]["q%d" % q]["packets"] for q in (0, 1)] == [150, 150], "by queue: %s" % port)
    expect(port["xstats"]["rx_q1_packets"] == 150 and port["missed"] is None and port["counts_drops"] == 0, "%s" % port)
    expect(facts(s.alerts()) == alerts_of_a_capture_run(s, s.write("all.pcap", pcap(frames))), "the alerts of -r")


def cli_device_null_is_all_received_by_two_ports(s):
    live = Live(s, "--port", "net_null0,size=64", "--port", "net_null1,size=64", namespace=None).wait_ready()
    time.sleep(1)
    ledger = live.stop(signal.SIGINT).ledger()
    expect(ledger["offered"] > 1000 and ledger["offered"] == ledger["inspected"], "%s" % ledger)


def cli_device_ring_with_nobody_at_the_other_end_is_quiet(s):
    before = time.monotonic()
    live = Live(s, "--port", "net_ring0", "--set", "threading.idle=sleep", namespace=None).wait_ready()
    time.sleep(2)
    ledger = live.stop().ledger()
    expect(ledger["offered"] == 0 and time.monotonic() - before < 40, "%s" % ledger)


def through_rings(s, queues):
    inside = os.environ.get("INSIDE")
    if not inside:
        print("note: INSIDE is not set; nobody fills the rings")
        return
    path, frames = fixture(s)
    live = Live(s, "--port", "net_ring0", "--workers", str(queues), namespace=None,
                inside={"LD_PRELOAD": inside, "INSIDE_RING": path}).wait_ready()
    time.sleep(2)
    ledger = live.stop().ledger()
    expect("%d receive queue" % queues in live.err and ledger["offered"] == frames, "%s; %s" % (ledger, live.err))
    expect(facts(s.alerts()) == alerts_of_a_capture_run(s, path), "the alerts of -r")


def cli_device_ring_with_one_queue(s):
    through_rings(s, 1)


def cli_device_ring_with_two_queues(s):
    through_rings(s, 2)


def cli_device_tap_receives_what_the_kernel_sends(s):
    if os.geteuid() != 0:
        return
    through_tap(s, 1)


def cli_device_tap_with_two_queues_waiting_for_interrupts(s):
    if os.geteuid() != 0:
        return
    live = through_tap(s, 2, "--workers", "2", "--set", "threading.idle=interrupt")
    expect("2 receive queues" in live.err and "woken by interrupt" in live.err, live.err)
    # the kernel spreads a tap's frames its own way, whatever key the driver has taken
    expect("the device does not show that it hashes with the symmetric key" in live.err, live.err)


def through_tap(s, queues, *args):
    name = "tx%d" % (os.getpid() % 100000)
    live = Live(s, "--port", "net_tap0,iface=" + name, *args, namespace=None).wait_ready()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((name, 0))
        for i in range(50):
            for frame in session(i):
                out.send(frame)
    time.sleep(0.7)
    live.stop().ledger()
    expect(len(s.alerts()) == 50, "%d queues: %d alerts, expected 50" % (queues, len(s.alerts())))
    return live


def bypass(s, port, peer, queues, *args):
    """Frames from another process over shared memory; alerts and ledger as ever."""
    sender = os.environ.get("FRAME_SEND")
    if not sender:
        print("note: FRAME_SEND is not set; nothing is sent over " + port)
        return
    path, frames = fixture(s)
    live = Live(s, "--port", port, "--workers", str(queues), *args, namespace=None).wait_ready()
    sent = int(sh(sender, path, peer, str(queues)))
    time.sleep(0.5)
    ledger = live.stop().ledger()
    expect(sent == frames == ledger["offered"], "sent %d, ledger %s; %s" % (sent, ledger, live.err))
    expect(facts(s.alerts()) == alerts_of_a_capture_run(s, path), "the alerts of -r")
    expect("the driver wants them; nothing can reach them" in live.err, live.err)
    return live


def cli_device_memif_between_two_processes(s):
    where = "socket=%s,socket-abstract=no" % s.path("m.sock")
    bypass(s, "net_memif0,role=server," + where, "net_memif0,role=client," + where, 1)


def cli_device_memif_with_two_queues(s):
    where = "socket=%s,socket-abstract=no" % s.path("m.sock")
    bypass(s, "net_memif0,role=server," + where, "net_memif0,role=client," + where, 2)


def cli_device_vhost_with_one_queue(s):
    bypass(s, "net_vhost0,iface=%s,queues=1" % s.path("v.sock"), "net_virtio_user0,path=%s,queues=1" % s.path("v.sock"), 1)


def cli_device_vhost_with_two_queues(s):
    bypass(s, "net_vhost0,iface=%s,queues=2" % s.path("v.sock"), "net_virtio_user0,path=%s,queues=2" % s.path("v.sock"), 2)


def cli_device_vhost_waiting_for_interrupts(s):
    live = bypass(s, "net_vhost0,iface=%s,queues=1" % s.path("v.sock"),
                  "net_virtio_user0,path=%s,queues=1" % s.path("v.sock"), 1, "--set", "threading.idle=interrupt")
    expect("woken by interrupt" in live.err, live.err)


def refused(s, words, *args):
    run = s.run("-l", s.dir, *args, timeout=30)
    lines = run.err.splitlines()
    expect(run.returncode == 1 and len(lines) == 1, "exit code %d, said: %s" % (run.returncode, run.err))
    for word in words:
        expect(word in lines[0], "%r is not in %r" % (word, lines[0]))


def cli_refusal_of_an_interface_that_is_not_there(s):
    refused(s, ["-i nope0", "no interface has this name"], "-i", "nope0")


def cli_refusal_of_a_pci_address_of_nothing(s):
    refused(s, ["--port 0000:ff:1f.7", "no PCI device"], "--port", "0000:ff:1f.7")


def cli_refusal_of_a_device_that_fails(s):
    refused(s, ["--port net_nope0", "DPDK cannot make this device"], "--port", "net_nope0")
    refused(s, ["--port eth0", "-i takes interfaces"], "--port", "eth0")


def cli_refusal_of_cpus_that_are_not_there(s):
    refused(s, ["threading.lcores 1023", "not one this process may use"], "--port", "net_null0",
            "--lcores", "1023")
    refused(s, ["threading.lcores 0", "1 CPU for 2 workers"], "--port", "net_null0", "--lcores", "0", "--workers", "2")
    refused(s, ["expected CPUs as in 1-3,6"], "--port", "net_null0", "--lcores", "one")


def cli_refusal_of_hugepages_that_are_not_there(s):
    refused(s, ["dpdk.hugepages: ", "MiB are free", "MiB are needed", "nr_hugepages"], "--port", "net_null0", "--set",
            "dpdk.hugepages=yes", "--set", "dpdk.mempool-size=16000000")


def cli_refusal_of_eal_arguments_that_contradict_or_are_unknown(s):
    refused(s, ["DPDK did not start", "--bogus"], "--port", "net_null0", "--set", "dpdk.eal-args=--bogus")
    refused(s, ["DPDK did not start", "not compatible"], "--port", "net_null0", "--set", "dpdk.hugepages=no", "--set",
            "dpdk.eal-args=--in-memory")
    refused(s, ["DPDK did not start", "begin with -", "\"bogus\""], "--port", "net_null0", "--set", "dpdk.eal-args=bogus")


def cli_refusal_of_captures_and_ports_together(s):
    refused(s, ["-r reads captures, --port listens"], "-r", s.capture, "--port", "net_null0")
    refused(s, ["given twice"], "--port", "net_null0", "--port", "net_null0")


def cli_refusal_of_an_interface_that_is_down(s):
    if os.geteuid() != 0:
        return
    name = "td%d" % (os.getpid() % 100000)
    sh("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p")
    try:
        refused(s, ["is down", "ip link set %s up" % name], "-i", name)
    finally:
        sh("ip", "link", "del", name)


if os.geteuid() != 0 or not shutil.which("tcpreplay") or not shutil.which("ip"):
    print("note: interfaces are not tested: root, iproute2 and tcpreplay are needed")
    for gone in [n for n in globals() if n.startswith("cli_veth")]:
        del globals()[gone]
main(__name__)
