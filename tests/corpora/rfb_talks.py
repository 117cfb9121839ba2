"""Conversations in RFB (RFC 6143) for protocol_rules.py: each is a list of (0: client, 1: server; bytes)."""
import struct

NAME = b"desk top"


def init(name=NAME, width=800, height=600):
    return struct.pack("!HHBBBBHHHBBB3xI", width, height, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0, len(name)) + name


HELLO = [(1, b"RFB 003.008\n"), (0, b"RFB 003.008\n")]
CHALLENGE, RESPONSE = bytes(range(16)), bytes(range(16, 32))
VNC = HELLO + [(1, b"\2\1\2"), (0, b"\2"), (1, CHALLENGE), (0, RESPONSE)]
TALKS = {
    "vnc": VNC + [(1, b"\0\0\0\0"), (0, b"\1"), (1, init()), (0, b"\0" * 20)],
    "none": HELLO + [(1, b"\1\1"), (0, b"\1"), (1, b"\0\0\0\0"), (0, b"\0"), (1, init(b"x"))],
    "vnc_fail": VNC + [(1, b"\0\0\0\1" + struct.pack("!I", 6) + b"wrong!")],
    "vnc_many": VNC + [(1, b"\0\0\0\2" + struct.pack("!I", 4) + b"many")],
    "vnc_other": VNC + [(1, b"\0\0\0\7" + struct.pack("!I", 4) + b"what")],
    "no_types": HELLO + [(1, b"\0" + struct.pack("!I", 4) + b"none")],
    "type_19": HELLO + [(1, b"\1\x13"), (0, b"\x13"), (1, b"\0\0")],
    "old_vnc": [(1, b"RFB 003.003\n"), (0, b"RFB 003.003\n"), (1, b"\0\0\0\2"), (1, CHALLENGE), (0, RESPONSE), (1, b"\0\0\0\0"), (0, b"\1"),
                (1, init())],
    "old_none": [(1, b"RFB 003.003\n"), (0, b"RFB 003.003\n"), (1, b"\0\0\0\1"), (0, b"\1"), (1, init())],
    "old_fail": [(1, b"RFB 003.003\n"), (0, b"RFB 003.003\n"), (1, b"\0\0\0\0" + struct.pack("!I", 4) + b"none")],
    "middle": [(1, b"RFB 003.007\n"), (0, b"RFB 003.007\n"), (1, b"\1\2"), (0, b"\2"), (1, CHALLENGE), (0, RESPONSE), (1, b"\0\0\0\0"),
               (0, b"\1"), (1, init())],
    "middle_none": [(1, b"RFB 003.007\n"), (0, b"RFB 003.007\n"), (1, b"\1\1"), (0, b"\1"), (0, b"\1"), (1, init())],
    "apple": [(1, b"RFB 003.889\n"), (0, b"RFB 003.889\n"), (1, b"\4\x1e\x21\x24\x23"), (0, b"\x1e"), (1, b"\0" * 30)],
    "other_version": [(1, b"RFB 004.001\n"), (0, b"RFB 004.001\n"), (1, b"\1\2"), (0, b"\2"), (1, CHALLENGE)],
    "client_lower": [(1, b"RFB 003.008\n"), (0, b"RFB 003.003\n"), (1, b"\0\0\0\2"), (1, CHALLENGE), (0, RESPONSE), (1, b"\0\0\0\0"),
                     (0, b"\1"), (1, init())],
    "not_a_line": [(1, b"RFB 0x3.008\n"), (0, b"RFB 003.008\n"), (1, b"\1\1")],
    "server_only": [(1, b"RFB 003.008\n")],
    "long_name": VNC + [(1, b"\0\0\0\0"), (0, b"\1"), (1, init(b"n" * 3000))],
    "empty_name": VNC + [(1, b"\0\0\0\0"), (0, b"\1"), (1, init(b""))],
    "choice_not_offered": HELLO + [(1, b"\1\1"), (0, b"\2"), (1, CHALLENGE), (0, RESPONSE), (1, b"\0\0\0\0"), (0, b"\1"), (1, init())],
}
