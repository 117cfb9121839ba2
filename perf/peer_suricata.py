#!/usr/bin/env python3
"""What the same packets cost Suricata in its DPDK mode: packets a second and cycles a packet of one worker.

tocsin-perf writes the flood to a capture, DPDK's net_pcap device keeps it in memory and hands it round
(infinite_rx), one Suricata worker polls that device. No rules, no EVE, no checksums. What counts is the processor time
of the worker's own thread; the device's copy of each frame is part of it. Needs 700 MB of hugepages for the frames."""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FRAMES = 131072  # net_pcap holds each in an mbuf of its own
CONFIG = """%YAML 1.1
---
stats: {{enabled: yes, interval: 1}}
outputs:
  - stats: {{enabled: yes, filename: stats.log, append: no}}
logging:
  default-log-level: notice
  outputs:
    - console: {{enabled: yes}}
dpdk:
  eal-params:
    proc-type: primary
    in-memory: ""
    no-pci: ""
    file-prefix: tocsin_peer_{pid}
    vdev: net_pcap0,rx_pcap={capture},infinite_rx=1
  interfaces:
    - interface: net_pcap0
      threads: 1
      promisc: true
      multicast: true
      checksum-checks: false
      checksum-checks-offload: false
      mtu: 1500
      mempool-size: 262143
      mempool-cache-size: 511
      rx-descriptors: 1024
      tx-descriptors: 1024
      copy-mode: none
      copy-iface: none
threading:
  set-cpu-affinity: yes
  cpu-affinity:
    - management-cpu-set: {{cpu: [0]}}
    - worker-cpu-set: {{cpu: [{cpu}], mode: exclusive}}
"""


def write_capture(build, kind, flows, path):
    program = os.path.join(os.path.abspath(build), "perf", "tocsin-perf")
    subprocess.run([program, "flood", "--kind", kind, "--flows", str(flows), "--packets", str(FRAMES), "--write", path],
                   stdout=subprocess.DEVNULL, check=True)


def worker_seconds(pid):
    """Processor time of the worker's thread so far, 0 before it runs."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as f:
            name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
        if name.startswith("W#"):
            fields = rest.split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0


def packets_of(log):
    with open(log, encoding="ascii") as f:
        counts = re.findall(r"^decoder\.pkts\s*\|[^|]*\|\s*(\d+)", f.read(), re.M)
    return int(counts[-1]) if counts else 0


def run(folder, seconds):
    """Runs Suricata for that long. Returns packets and the worker's processor seconds."""
    suricata = subprocess.Popen(["suricata", "-c", f"{folder}/suricata.yaml", "--dpdk", "--runmode", "workers", "-S",
                                 "/dev/null", "-l", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    used, begun, deadline = 0.0, None, time.monotonic() + 30
    while suricata.poll() is None and time.monotonic() < (begun + seconds if begun else deadline):
        time.sleep(0.05)
        used = worker_seconds(suricata.pid)
        begun = begun or (time.monotonic() if used else None)
    if suricata.poll() is None:
        used = worker_seconds(suricata.pid)
        suricata.send_signal(signal.SIGINT)
    said = suricata.communicate(timeout=30)[0]
    packets = packets_of(f"{folder}/stats.log")
    if not packets or not used:
        sys.exit(f"peer_suricata: no packets came through; expected Suricata 7 built with DPDK, and hugepages. It said:\n{said}")
    return packets, used


def tsc_hz():
    with open("/proc/cpuinfo", encoding="ascii") as f:
        return float(re.search(r"^cpu MHz\s*:\s*([\d.]+)", f.read(), re.M).group(1)) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="udp", help="kind of flood, as of tocsin-perf [udp]")
    parser.add_argument("--flows", type=int, default=65536, help="flows of it [65536]")
    parser.add_argument("--seconds", type=int, default=10, help="how long the worker runs [10]")
    parser.add_argument("build", nargs="?", default=os.path.join(ROOT, "build"), help="build directory [build]")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        capture = f"{folder}/flood.pcap"
        write_capture(args.build, args.kind, args.flows, capture)
        with open(f"{folder}/suricata.yaml", "w", encoding="ascii") as f:
            f.write(CONFIG.format(pid=os.getpid(), capture=capture, cpu=max(os.sched_getaffinity(0))))
        packets, used = run(folder, args.seconds)
    print(f"suricata in DPDK mode, {args.kind} over {args.flows} flows: {packets / used / 1e6:.3f} million packets a "
          f"processor second, {used * tsc_hz() / packets:.0f} cycles a packet ({packets} packets, {used:.2f} s)")


if __name__ == "__main__":
    main()
