"""Conversations in HTTP/2 for protocol_rules.py: each is a list of (0: client, 1: server; bytes). Frames and header blocks
are written out here (RFC 9113, RFC 7541), right and wrong ones."""
import base64
import gzip
import struct
import zlib

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY, SETTINGS_ACK = 1, 4, 8, 32, 1


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def integer(value, bits, first=0):
    """RFC 7541 5.1"""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return integer(len(value), 7) + value


def literal(name, value, first=0x40, bits=6):
    """A field with a name of its own; indexed, unless first is 0 (bits 4) or 0x10 (never)."""
    return integer(0, bits, first) + text(name) + text(value)


def named(index, value, first=0x40, bits=6):
    return integer(index, bits, first) + text(value)


def indexed(index):
    return integer(index, 7, 0x80)


def settings(*pairs):
    return b"".join(struct.pack("!HI", *p) for p in pairs)


GET, POST, ROOT, HTTP, OK = indexed(2), indexed(3), indexed(4), indexed(6), indexed(8)


def request(path="/a/b.html?x=%41", host="www.Example.org:8080", method=GET, more=b""):
    return method + named(4, path) + HTTP + named(1, host) + more


CLIENT = (0, PREFACE + frame(SETTINGS, 0, 0, settings((1, 4096), (2, 0), (3, 100), (4, 65535))))
SERVER = (1, frame(SETTINGS, 0, 0, settings((5, 16384), (6, 9000), (9, 1))) + frame(SETTINGS, SETTINGS_ACK))
FIELDS = (literal("user-agent", "Lab/1.0", 0, 4) + literal("Accept", "text/*") + literal("accept-language", "de") +
          literal("accept-encoding", "gzip, br") + literal("cookie", "a=1") + literal("cookie", "b=2") +
          literal("referer", "http://r/") + literal("connection", "x") + literal("x-odd", "a: b") + literal("x:colon", "v:w"))
ANSWER = (OK + literal("server", "lab") + literal("set-cookie", "s=1") + literal("content-type", "text/plain; charset=x") +
          literal("location", "/there") + literal("content-length", "5"))


def talk(*said, server=SERVER):
    return [CLIENT, server] + list(said)


def get(stream=1, block=None, flags=END_STREAM | END_HEADERS):
    return 0, frame(HEADERS, flags, stream, request(more=FIELDS) if block is None else block)


def answer(stream=1, block=ANSWER, flags=END_HEADERS):
    return 1, frame(HEADERS, flags, stream, block)


def data(way, stream, payload, flags=END_STREAM):
    return way, frame(DATA, flags, stream, payload)


UPGRADE = (b"GET /up?q=1 HTTP/1.1\r\nHost: Up.example\r\nUser-Agent: lab\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
           b"HTTP2-Settings: " + base64.urlsafe_b64encode(settings((3, 77), (4, 1000))).rstrip(b"=") + b"\r\n\r\n")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

TALKS = {
    "get": talk(get(), answer(), data(1, 1, b"hello")),
    "get_no_body": talk(get(), answer(flags=END_HEADERS | END_STREAM)),
    "get_unanswered": talk(get()),
    "post": talk(get(block=request(method=POST, more=FIELDS), flags=END_HEADERS), data(0, 1, b"name=", 0), data(0, 1, b"value"),
                 answer(), data(1, 1, b"done!")),
    "two_streams": talk(get(1), get(3, request("/other", "b.example")), answer(3), answer(1), data(1, 3, b"three"),
                        data(1, 1, b"first")),
    "dynamic": talk(get(1), get(3, indexed(2) + indexed(62) + indexed(63) + indexed(64)), answer(1), data(1, 1, b"first"),
                    answer(3, OK + indexed(62)), data(1, 3, b"three")),
    "padded": talk(get(block=b"\3" + request() + b"\0\0\0", flags=END_STREAM | END_HEADERS | PADDED), answer(),
                   data(1, 1, b"\4body\0\0\0\0", END_STREAM | PADDED)),
    "priority_flag": talk(get(block=struct.pack("!IB", 0x80000003, 41) + request(), flags=37), answer(), data(1, 1, b"x")),
    "priority": talk((0, frame(PRIORITY, 0, 3, struct.pack("!IB", 1, 200))), get(), answer(), data(1, 1, b"x")),
    "continuation": talk((0, frame(HEADERS, END_STREAM, 1, request()[:9]) + frame(CONTINUATION, 0, 1, request()[9:20]) +
                          frame(CONTINUATION, END_HEADERS, 1, request()[20:] + FIELDS)), answer(), data(1, 1, b"x")),
    "trailers": talk(get(), answer(), data(1, 1, b"body", 0), answer(1, literal("x-trailer", "last"), END_HEADERS | END_STREAM)),
    "gzip": talk(get(), answer(1, ANSWER + literal("content-encoding", "gzip")), data(1, 1, gzip.compress(b"unpacked " * 40, mtime=0))),
    "deflate": talk(get(), answer(1, ANSWER + literal("content-encoding", "deflate")), data(1, 1, zlib.compress(b"unpacked " * 40))),
    "bad_gzip": talk(get(), answer(1, ANSWER + literal("content-encoding", "gzip")), data(1, 1, b"this is not gzip")),
    "reset_client": talk(get(), (0, frame(RST, 0, 1, struct.pack("!I", 8)))),
    "reset_server": talk(get(flags=END_HEADERS), (1, frame(RST, 0, 1, struct.pack("!I", 7)))),
    "goaway": talk(get(), answer(), data(1, 1, b"x"), (1, frame(GOAWAY, 0, 0, struct.pack("!II", 1, 11) + b"debug"))),
    "ping_window": talk((0, frame(PING, 0, 0, b"12345678")), (0, frame(WINDOW, 0, 0, struct.pack("!I", 70000))), get(),
                        (0, frame(WINDOW, 0, 1, struct.pack("!I", 80000))), answer(), data(1, 1, b"x")),
    "push": talk(get(), (1, frame(PUSH, END_HEADERS, 1, struct.pack("!I", 2) + request("/pushed", "p.example"))), answer(),
                 data(1, 1, b"x"), answer(2), data(1, 2, b"pushed")),
    "size_update": talk(get(block=integer(0, 5, 0x20) + integer(4000, 5, 0x20) + request()), answer(), data(1, 1, b"x")),
    "size_update_large": talk(get(block=integer(1 << 20, 5, 0x20) + request()), answer(), data(1, 1, b"x")),
    "bad_index": talk(get(block=request() + indexed(99)), answer(), data(1, 1, b"x")),
    "index_zero": talk(get(block=request() + b"\x80"), answer(), data(1, 1, b"x")),
    "integer_overflow": talk(get(block=request() + b"\xff" + b"\xff" * 12), answer(), data(1, 1, b"x")),
    "cut_literal": talk(get(block=request() + b"\x40\x05abc"), answer(), data(1, 1, b"x")),
    "bad_huffman": talk(get(block=request() + b"\x40\x01a\x84\xff\xff\xff\xff"), answer(), data(1, 1, b"x")),
    "reuse": talk(get(), answer(), data(1, 1, b"x"), get(), answer(), data(1, 1, b"y")),
    "late_window": talk(get(), answer(), data(1, 1, b"x"), (0, frame(WINDOW, 0, 1, struct.pack("!I", 9)))),
    "userinfo": talk(get(block=request(host="user:pass@h.example")), answer(), data(1, 1, b"x")),
    "userinfo_at": talk(get(block=request(host="user@h.example")), answer(), data(1, 1, b"x")),
    "host_differs": talk(get(block=request() + literal("host", "other.example")), answer(), data(1, 1, b"x")),
    "host_same": talk(get(block=request() + literal("host", "www.example.org:8080")), answer(), data(1, 1, b"x")),
    "host_only": talk(get(block=GET + ROOT + HTTP + literal("host", "Only.example:81")), answer(), data(1, 1, b"x")),
    "unknown_frame": talk((0, frame(0x20, 0, 0, b"abc")), get(), answer(), data(1, 1, b"x")),
    "short_settings": talk((0, frame(SETTINGS, 0, 0, b"\0\1\0")), get(), answer(), data(1, 1, b"x")),
    "short_goaway": talk((1, frame(GOAWAY, 0, 0, b"\0\1\0")), get(), answer(), data(1, 1, b"x")),
    "short_rst": talk(get(), (1, frame(RST, 0, 1, b"\0\1\0"))),
    "short_window": talk((0, frame(WINDOW, 0, 0, b"\0\1\0")), get(), answer(), data(1, 1, b"x")),
    "short_priority": talk((0, frame(PRIORITY, 0, 1, b"\0\1\0")), get(), answer(), data(1, 1, b"x")),
    "long_rst": talk(get(), (1, frame(RST, 0, 1, b"\0\0\0\1\0"))),
    "pad_too_long": talk(get(block=b"\xff" + request(), flags=END_STREAM | END_HEADERS | PADDED), answer(), data(1, 1, b"x")),
    "lone_continuation": talk((0, frame(CONTINUATION, END_HEADERS, 1, request())), answer(), data(1, 1, b"x")),
    "data_stream_zero": talk((0, frame(DATA, 0, 0, b"abc")), get(), answer(), data(1, 1, b"x")),
    "reserved_bit": talk(get(1 << 31 | 1), answer(), data(1, 1, b"x")),
    "bad_magic": [(0, PREFACE[:-2] + b"xx" + CLIENT[1][24:]), SERVER, get(), answer(), data(1, 1, b"x")],
    "no_authority": talk(get(block=GET + ROOT + HTTP), answer(), data(1, 1, b"x")),
    "range": talk(get(), answer(1, indexed(10) + literal("content-range", "bytes 0-4/10")), data(1, 1, b"hello")),
    "bad_range": talk(get(), answer(1, indexed(10) + literal("content-range", "bytes no")), data(1, 1, b"hello")),
    "same_name": talk(get(block=request() + literal("x-two", "1") + literal("x-two", "2") + literal("X-Two", "3") +
                          literal("user-agent", "a") + literal("user-agent", "b")), answer(), data(1, 1, b"x")),
    "big_body": talk(get(), answer(), *[data(1, 1, b"0123456789abcdef" * 1000, 0) for _ in range(9)], data(1, 1, b"endmark")),
    "connect": talk(get(block=literal(":method", "CONNECT") + named(1, "c.example:443"), flags=END_HEADERS), answer(),
                    data(0, 1, b"tunnel", 0), data(1, 1, b"back", 0)),
    "interim": talk(get(), answer(1, literal(":status", "103")), answer(), data(1, 1, b"hello")),
    "empty_data": talk(get(), answer(), data(1, 1, b"hel", 0), data(1, 1, b"lo", 0), data(1, 1, b"")),
    "empty_settings": talk((0, frame(SETTINGS)), get(), answer(), data(1, 1, b"x")),
    "ping_ack": talk((0, frame(PING, 0, 0, b"12345678")), (1, frame(PING, 1, 0, b"12345678")), get(), answer(), data(1, 1, b"x")),
    "settings_ack_data": talk((0, frame(SETTINGS, 1, 0, settings((1, 1)))), get(), answer(), data(1, 1, b"x")),
    "empty_headers": talk((0, frame(HEADERS, END_STREAM | END_HEADERS, 1)), answer(), data(1, 1, b"x")),
    "settings_stream": talk((0, frame(SETTINGS, 0, 3, settings((1, 1)))), get(), answer(), data(1, 1, b"x")),
    "post_trailers": talk(get(block=request(method=POST), flags=END_HEADERS), data(0, 1, b"upload", 0),
                          get(block=literal("x-late", "1")), answer(), data(1, 1, b"x")),
    "reset_after_body": talk(get(), answer(), data(1, 1, b"part", 0), (0, frame(RST, 0, 1, struct.pack("!I", 8)))),
    "headers_unfinished": talk((0, frame(HEADERS, END_STREAM, 1, request())), answer(), data(1, 1, b"x")),
    "interleaved": talk((0, frame(HEADERS, END_STREAM, 1, request()[:9]) + frame(PING, 0, 0, b"12345678") +
                         frame(CONTINUATION, END_HEADERS, 1, request()[9:])), answer(), data(1, 1, b"x")),
    "unknown_settings": talk((0, frame(SETTINGS, 0, 0, settings((8, 1), (77, 2)))), get(), answer(), data(1, 1, b"x")),
    "text_status": talk(get(), answer(1, literal(":status", "20x") + literal("content-length", "x")), data(1, 1, b"x")),
    "binary_value": talk(get(block=request() + literal("x-bin", b"a\0b\xff")), answer(), data(1, 1, b"x")),
    "empty_value": talk(get(block=request() + literal("x-none", "") + literal("", "v")), answer(), data(1, 1, b"x")),
    "cleartext": [CLIENT, (0, b"GET / HTTP/1.1\r\n\r\n"), SERVER],
    "frame_too_long": talk((0, struct.pack("!I", 1 << 20)[1:] + b"\x01\x04\0\0\0\1"), (0, b"x" * 3000)),
    "upgrade": [(0, UPGRADE), (1, SWITCH + SERVER[1]), CLIENT, answer(), data(1, 1, b"hello")],
    "upgrade_bad_settings": [(0, UPGRADE.replace(b"HTTP2-Settings: ", b"HTTP2-Settings: !!!")), (1, SWITCH + SERVER[1]), CLIENT,
                             answer(), data(1, 1, b"hello")],
    "upgrade_post": [(0, UPGRADE.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\nbody")),
                     (1, SWITCH + SERVER[1]), CLIENT, answer(), data(1, 1, b"hello")],
}
for _talk in TALKS.values():  # acknowledgements of what the server said
    _talk.append((0, frame(SETTINGS, SETTINGS_ACK)))
