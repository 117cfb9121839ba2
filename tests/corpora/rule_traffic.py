"""Small random traffic for rule_language.py: UDP, ICMP and TCP conversations over IPv4 and IPv6, with odd headers here
and there, of payloads made from a short list of words that the random rules know too.
"""
import ipaddress
import struct

WORDS = [b"abc", b"abcd", b"ABC", b"XYZ", b"xyz", b"id=", b"7", b"12", b"007", b"0x1f", b"\x00\x00", b"\x00\x10", b"\x03\x00",
         b"\xff\xfe", b"\x04\x82", b" ", b"\t ", b"\r\n", b"foo", b"bar", b"Foobar", b"login", b"cmd", b"c2VjcmV0", b"YWJj\nZGVm",
         b"/", b";", b"%41", b"aaaa", b"--", b"z"]
HOSTS4 = ["192.168.1.5", "192.168.1.77", "10.0.0.9", "8.8.8.8", "203.0.113.7"]
HOSTS6 = ["fd00::5", "2001:db8::8", "2001:db8:1::7"]
PORTS = [7777, 9999, 30001, 40000, 51000]
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def words(rng, most=12):
    return b"".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))


class Side:
    """One way of a conversation: builds frames from it to the other side."""

    def __init__(self, rng, src, dst, odd):
        self.wrong_sums = odd
        self.rng, self.src, self.dst, self.odd = rng, ipaddress.ip_address(src), ipaddress.ip_address(dst), odd
        self.ttl, self.tos, self.ident = rng.choice((64, 128, 1, 255)), rng.choice((0, 0, 8, 0x10)), rng.choice((0, 1, 31337))
        self.vlans = rng.choice(((), (), (), (5,), (5, 300))) if odd else ()
        self.options = rng.choice((b"", b"", b"", b"\x07\x07\x04\0\0\0\0\0", b"\x94\x04\0\0", b"\1\1\1\0")) if odd else b""

    def frame(self, proto, body, place):
        """place: offset of the checksum in body, None without one. Now and then a checksum is wrong."""
        pseudo = self.src.packed + self.dst.packed
        pseudo += struct.pack("!BBH", 0, proto, len(body)) if self.src.version == 4 else struct.pack("!II", len(body), proto)
        if place is not None:
            whole = body if proto == 1 else pseudo + body
            wrong = self.wrong_sums and self.rng.random() < 0.05
            body = body[:place] + struct.pack("!H", (checksum(whole) ^ 0x1234 if wrong else checksum(whole)) or 0xffff) + body[place + 2:]
        ether = b"\2\0\0\0\0\1\2\0\0\0\0\2"
        for vid in self.vlans:
            ether += struct.pack("!HH", 0x8100, vid)
        if self.src.version == 6:
            head = struct.pack("!IHBB", 6 << 28 | self.tos << 20, len(body), proto, self.ttl) + self.src.packed + self.dst.packed
            return ether + b"\x86\xdd" + head + body
        self.ident = self.ident + 1 & 0xffff
        flags = self.rng.choice((0, 0x4000, 0x4000, 0x8000)) if self.odd else 0x4000
        head = struct.pack("!BBHHHBBH", 0x45 + len(self.options) // 4, self.tos, 20 + len(self.options) + len(body), self.ident,
                           flags, self.ttl, proto, 0) + self.src.packed + self.dst.packed + self.options
        wrong = self.wrong_sums and self.rng.random() < 0.03
        total = checksum(head) ^ (0x4321 if wrong else 0)
        return ether + b"\x08\0" + head[:10] + struct.pack("!H", total) + head[12:] + body

    def udp(self, sport, dport, payload):
        return self.frame(17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload, 6)

    def icmp(self, kind, code, rest, payload):
        return self.frame(1 if self.src.version == 4 else 58, struct.pack("!BBH", kind, code, 0) + rest + payload, 2)

    def tcp(self, sport, dport, seq, ack, flags, payload=b"", window=65000):
        options = b"\2\4\5\xb4" if flags & SYN else b""
        if flags & SYN and self.odd:
            options = self.rng.choice((options, b"", b"\2\4\2\x18", options + b"\1\1\4\2"))
        head = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff, 0x50 + len(options) * 4, flags, window,
                           0, 0)
        return self.frame(6, head + options + payload, 16)


def sides(rng, odd):
    hosts = HOSTS4 if rng.random() < 0.75 else HOSTS6
    a, b = rng.sample(hosts, 2)
    return Side(rng, a, b, odd), Side(rng, b, a, odd)


def udp_talk(rng, odd):
    ends, ports = sides(rng, odd), (rng.randrange(20000, 60000), rng.choice(PORTS))
    for i in range(rng.randint(1, 6)):
        way = i & 1 if rng.random() < 0.6 else 0
        yield ends[way].udp(ports[way], ports[not way], words(rng) if rng.random() < 0.95 else b"")


def icmp_talk(rng, odd):
    ends = sides(rng, odd)
    six = ends[0].src.version == 6
    number = struct.pack("!HH", rng.choice((0, 258, 7)), rng.choice((0, 1, 772)))
    for way in range(rng.randint(1, 4)):
        kind = rng.random()
        if kind < 0.7:
            yield ends[way & 1].icmp((129 if way & 1 else 128) if six else (0 if way & 1 else 8), 0, number, words(rng))
        elif six:
            yield ends[way & 1].icmp(2, 0, struct.pack("!I", rng.choice((1000, 1280, 1500))), ends[way & 1].udp(1, 2, b"q" * 8)[-56:])
        else:
            yield ends[way & 1].icmp(13, 0, number, b"\0" * 12)


def other_talk(rng, odd):
    ends = sides(rng, odd)
    for _ in range(rng.randint(1, 3)):
        yield ends[0].frame(rng.choice((99, 103, 253)), words(rng), None)


def tcp_talk(rng, odd):
    ends, ports = sides(rng, odd), (rng.randrange(20000, 60000), rng.choice(PORTS))
    seq = [rng.choice((1000, 0, 0xfffffff0)), rng.randrange(1 << 32)]

    def send(way, flags, payload=b""):
        out = ends[way].tcp(ports[way], ports[not way], seq[way], seq[not way] if flags & ACK else 0, flags, payload,
                            rng.choice((65000, 8192)) if odd else 65000)
        seq[way] += len(payload) + bool(flags & (SYN | FIN))
        return out

    ends[0].wrong_sums = ends[1].wrong_sums = odd and rng.random() < 0.1  # no session: a lost segment would change its stream
    if not ends[0].wrong_sums:
        yield from (send(0, SYN), send(1, SYN | ACK), send(0, ACK))
    size = rng.choice((1, 1, 1, 20))
    for _ in range(rng.randint(1, 7)):
        way = int(rng.random() < 0.35)
        payload = b"".join(words(rng) for _ in range(size))
        for at in range(0, len(payload), 1200):
            yield send(way, PSH | ACK, payload[at:at + 1200])
        yield send(1 - way, ACK)
    if rng.random() < 0.8:
        yield from (send(0, FIN | ACK), send(1, FIN | ACK), send(0, ACK))


def frames(rng, talks, odd):
    """Yields (time in microseconds, frame) of that many conversations, three of them at a time."""
    kinds, weights = (udp_talk, tcp_talk, icmp_talk, other_talk), (5, 6, 2, 0.5)
    now, running = 1700000000 * 1000000, []
    while talks or running:
        while talks and len(running) < 3:
            running.append(rng.choices(kinds, weights)[0](rng, odd))
            talks -= 1
        talk = rng.choice(running)
        frame = next(talk, None)
        if frame is None:
            running.remove(talk)
            continue
        now += rng.choice((1000, 50000, 400000, 2000000))
        yield now, frame


def write_pcap(path, records):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for time_us, frame in records:
            out.write(struct.pack("<IIII", time_us // 1000000, time_us % 1000000, len(frame), len(frame)) + frame)
