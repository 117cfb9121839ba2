"""A small site in network namespaces of its own, for tests that attack it: hosts on a hub, where a sensor listens.

Nothing here has a way out: the namespaces are joined to each other only, and are deleted with everything in them.
"""
import os
import signal
import subprocess
import time

HOSTS = {"gateway": 1, "server": 10, "client": 20, "attacker": 66}
VICTIMS = 230  # addresses 10.66.1.1 .. of the server, one an attack
VICTIMS6 = 60
INSIDERS = 20  # addresses 10.66.2.1 .. of the client, for hosts that are said to be infected
REMOTES = 20  # public addresses of the gateway, which stand for hosts on the Internet (TEST-NET-3, RFC 5737)
# nobody is there; the server is the way to them and throws it away
NOWHERE, NOWHERE6 = "10.67.0.0/16", "fd67::/64"
SWITCH, TAP = "switch", "mon1"
FAR = "far"  # a host behind the gateway: what it sends there the sensor does not see, only the gateway's answers


def victim(n):
    return "10.66.1.%d" % n


def victim6(n):
    return "fd66::1:%x" % n


def insider(n):
    return "10.66.2.%d" % n


def remote(n):
    return "203.0.113.%d" % n


class Site:
    """Context of namespaces <host>-<pid>; processes started in them end with it."""

    def __init__(self):
        self.children = []

    def name(self, host):
        return "tocsin-%s-%d" % (host, os.getpid())

    def ip(self, *words, check=True):
        return subprocess.run(["ip"] + list(words), check=check, capture_output=True, text=True, timeout=30).stdout

    def _sysctl(self, host, **values):
        text = "; ".join("echo %s >/proc/sys/net/%s" % (v, k.replace("__", "/")) for k, v in values.items())
        subprocess.run(self.enter(host) + ["sh", "-c", text], check=True, capture_output=True, timeout=30)

    def _host(self, host, number):
        port = "p-" + host
        self.ip("netns", "add", self.name(host))
        self.ip("-n", self.name(SWITCH), "link", "add", port, "type", "veth", "peer", "name", "eth0",
                "address", "02:66:00:00:00:%02x" % number, "netns", self.name(host))
        self._sysctl(host, ipv6__conf__all__accept_dad=0, ipv6__conf__default__accept_dad=0, ipv6__conf__eth0__accept_dad=0,
                     ipv6__conf__eth0__router_solicitations=0, ipv4__icmp_ratelimit=0)
        self.ip("-n", self.name(SWITCH), "link", "set", port, "master", "br0", "up")
        for link in ("lo", "eth0"):
            self.ip("-n", self.name(host), "link", "set", link, "up")
        self.ip("-n", self.name(host), "address", "add", "10.66.0.%d/16" % number, "dev", "eth0")
        self.ip("-n", self.name(host), "address", "add", "fd66::%x/64" % number, "dev", "eth0", "nodad")
        # every host computes its checksums itself, so that the sensor sees whole packets
        subprocess.run(self.enter(host) + ["ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off"],
                       check=False, capture_output=True, timeout=30)

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        self.ip("netns", "add", self.name(SWITCH))
        self._sysctl(SWITCH, ipv6__conf__all__disable_ipv6=1, ipv6__conf__default__disable_ipv6=1)
        switch = ["-n", self.name(SWITCH), "link"]
        # a hub: nothing is learned, neighbour announcements are passed on
        self.ip(*switch, "add", "br0", "type", "bridge", "ageing_time", "0", "stp_state", "0", "mcast_snooping", "0",
                "group_fwd_mask", "0x4000")
        self.ip(*switch, "set", "br0", "up")
        self.ip(*switch, "add", "mon0", "type", "veth", "peer", "name", TAP)
        self.ip(*switch, "set", "mon0", "master", "br0", "up")
        self.ip(*switch, "set", TAP, "up", "promisc", "on")
        for host, number in HOSTS.items():
            self._host(host, number)
        self._far_host()
        self.configure("server", ["address add %s/16 dev eth0" % victim(n + 1) for n in range(VICTIMS)] +
                       ["address add %s/64 dev eth0 nodad" % victim6(n + 1) for n in range(VICTIMS6)] +
                       ["route add blackhole " + NOWHERE, "route add blackhole " + NOWHERE6,
                        "route add default via 10.66.0.1", "route add 10.66.3.0/24 via 10.66.0.66"])
        # the attacker may speak as a crowd
        self.configure("attacker", ["route add %s via 10.66.0.10" % NOWHERE, "route add %s via fd66::a" % NOWHERE6,
                                    "route add local 10.66.3.0/24 dev lo"])
        self.configure("client", ["address add %s/16 dev eth0" % insider(n + 1) for n in range(INSIDERS)] +
                       ["route add default via 10.66.0.1"])
        self.configure("gateway", ["address add %s/32 dev lo" % remote(n + 1) for n in range(REMOTES)])

    def configure(self, host, lines):
        """ip(8) commands of one host, in one go."""
        done = subprocess.run(["ip", "-n", self.name(host), "-batch", "-"], input="\n".join(lines), text=True, check=False,
                              capture_output=True, timeout=30)
        if done.returncode:
            raise OSError("ip -n %s: %s" % (self.name(host), done.stderr))

    def _far_host(self):
        self.ip("netns", "add", self.name(FAR))
        self.ip("-n", self.name(FAR), "link", "add", "eth0", "type", "veth", "peer", "name", "far", "netns",
                self.name("gateway"))
        # forged sources are let through
        self._sysctl("gateway", ipv4__conf__all__rp_filter=0, ipv4__conf__far__rp_filter=0)
        self.configure("gateway", ["link set far up", "address add 198.51.100.1/24 dev far"])
        self.configure(FAR, ["link set lo up", "link set eth0 up", "address add 198.51.100.2/24 dev eth0",
                             "route add default via 198.51.100.1"])

    def __exit__(self, *_):
        for child in self.children:
            self.end(child)
        for host in [SWITCH, FAR] + list(HOSTS):
            self.ip("netns", "del", self.name(host), check=False)

    def enter(self, host):
        return ["ip", "netns", "exec", self.name(host)]

    def start(self, host, words, **more):
        """A process in a host's namespace and a session of its own, so that end() reaches what it starts."""
        more = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL, **more}
        child = subprocess.Popen(self.enter(host) + list(words), start_new_session=True, **more)
        self.children.append(child)
        return child

    @staticmethod
    def end(child, sig=signal.SIGTERM, patience=3):
        """Ends a process and its children."""
        for s in (sig, signal.SIGKILL):
            if child.poll() is not None:
                break
            try:
                os.killpg(child.pid, s)
                child.wait(timeout=patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        return child.returncode

    def run(self, host, words, seconds=10):
        """Runs to its end or for so many seconds. Returns what it said."""
        child = self.start(host, words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            return child.communicate(timeout=seconds)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            self.end(child, patience=1)
            return (child.stdout.read() or b"").decode("utf-8", "replace")

    def wait_for_port(self, host, port, seconds=10):
        """Until something listens on the TCP port."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            out = subprocess.run(self.enter(host) + ["ss", "-Hltn", "sport = :%d" % port], capture_output=True, timeout=10)
            if out.stdout.strip():
                return True
            time.sleep(0.05)
        return False
