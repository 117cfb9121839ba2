"""Conversations in IKE (RFC 7296, RFC 2408, RFC 2409) for protocol_rules.py: each is a list of (0: initiator, 1: responder;
datagram)."""
import struct

SA, KE, NONCE, NOTIFY, VENDOR, ENCRYPTED = 33, 34, 40, 41, 43, 46
INIT, AUTH = 34, 35
ISPI, RSPI, NONE = bytes(range(1, 9)), bytes(range(17, 25)), bytes(8)


def message(payloads, exchange=INIT, flags=0x08, version=0x20, spis=(ISPI, NONE), ident=0, length=None):
    """payloads: [(type, body)]"""
    body = b""
    for i, (_, b) in enumerate(payloads):
        body += struct.pack("!BBH", payloads[i + 1][0] if i + 1 < len(payloads) else 0, 0, len(b) + 4) + b
    head = spis[0] + spis[1] + struct.pack("!BBBBI", payloads[0][0] if payloads else 0, version, exchange, flags, ident)
    return head + struct.pack("!I", 28 + len(body) if length is None else length) + body


def transform(kind, ident, key=None, last=False):
    attr = struct.pack("!HH", 0x800e, key) if key else b""
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attr), kind, 0, ident) + attr


def proposals(*lists, proto=1):
    out = b""
    for n, transforms in enumerate(lists):
        body = b"".join(transform(*t[:3], last=i + 1 == len(transforms)) for i, t in enumerate([tuple(t) + (None,) * (3 - len(t)) for t in transforms]))
        out += struct.pack("!BBHBBBB", 0 if n + 1 == len(lists) else 2, 0, 8 + len(body), n + 1, proto, 0, len(transforms)) + body
    return out


GOOD = [(1, 12, 256), (2, 5), (3, 12), (4, 14)]  # AES-CBC, PRF_HMAC_SHA2_256, AUTH_HMAC_SHA2_256_128, 2048-bit MODP


def ask(*lists, more=((KE, b"\0\x0e\0\0" + b"k" * 32), (NONCE, b"n" * 24))):
    return 0, message([(SA, proposals(*(lists or (GOOD,))))] + list(more))


def answer(*lists, more=((KE, b"\0\x0e\0\0" + b"K" * 32), (NONCE, b"N" * 24))):
    return 1, message([(SA, proposals(*(lists or (GOOD,))))] + list(more), flags=0x20, spis=(ISPI, RSPI))


def notify(kind, proto=0, spi=b"", data=b""):
    return NOTIFY, struct.pack("!BBH", proto, len(spi), kind) + spi + data


def instead(kind, ident):
    return [t for t in GOOD if t[0] != kind] + [(kind, ident)]


# RFC 2409: attributes with 16 bits of value, and one with four bytes
def v1_transform(attrs, last=True, number=1):
    body = b"".join(struct.pack("!HH", 0x8000 | t, v) if v < 65536 else struct.pack("!HHI", t, 4, v) for t, v in attrs)
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(body), number, 1, 0) + body


def v1_sa(*lists, doi=1):
    body = b"".join(v1_transform(a, i + 1 == len(lists), i + 1) for i, a in enumerate(lists))
    return struct.pack("!II", doi, 1) + struct.pack("!BBHBBBB", 0, 0, 8 + len(body), 1, 1, 0, len(lists)) + body


V1 = [(1, 7), (14, 128), (2, 2), (4, 2), (3, 1), (11, 1), (12, 86400)]
V1_OLD = [(1, 5), (2, 1), (4, 1), (3, 3), (11, 1), (12, 900)]


def v1(way, payloads, exchange=2, flags=0, ident=0, spis=None):
    return way, message(payloads, exchange, flags, 0x10, spis or ((ISPI, RSPI) if way else (ISPI, NONE)), ident)


V1_TALK = [v1(0, [(1, v1_sa(V1, V1_OLD)), (13, b"vendor-one-xxxxx"), (13, b"vendor-two-xxxxx")]), v1(1, [(1, v1_sa(V1)), (13, b"answering-vendor")]),
           v1(0, [(4, b"k" * 128), (10, b"n" * 20)], spis=(ISPI, RSPI)), v1(1, [(4, b"K" * 128), (10, b"N" * 20)]),
           v1(0, [(5, b"encrypted")], flags=1, spis=(ISPI, RSPI)), v1(1, [(5, b"encrypted")], flags=1)]
TALKS = {
    "v2": [ask(), answer(), (0, message([(ENCRYPTED, b"e" * 60)], AUTH, spis=(ISPI, RSPI), ident=1)),
           (1, message([(ENCRYPTED, b"E" * 60)], AUTH, 0x20, spis=(ISPI, RSPI), ident=1))],
    "v2_notify": [ask(more=[notify(16388, data=b"x" * 20), notify(16389), notify(14), notify(40000)])],
    "v2_refused": [ask(), (1, message([notify(14)], flags=0x20, spis=(ISPI, RSPI)))],
    "v2_vendor": [ask(more=[(VENDOR, b"strongSwan-vendor")])],
    "v2_two_proposals": [ask(GOOD, instead(4, 2))],
    "v2_two_answers": [ask(), answer(GOOD, GOOD)],
    "v2_no_dh": [ask([t for t in GOOD if t[0] != 4])],
    "v2_no_auth": [ask([t for t in GOOD if t[0] != 3])],
    "v2_no_enc": [ask([t for t in GOOD if t[0] != 1])],
    "v2_no_prf": [ask([t for t in GOOD if t[0] != 2])],
    "v2_aead": [ask([(1, 20, 256), (2, 5), (4, 14)])],
    "v2_aead_auth_none": [ask([(1, 20, 256), (2, 5), (3, 0), (4, 14)])],
    "v2_esn": [ask(GOOD + [(5, 1)])],
    "v2_type_9": [ask(GOOD + [(9, 1)])],
    "v2_weak_answer": [ask(), answer(instead(4, 2))],
    "v2_esp": [(0, message([(SA, proposals(GOOD, proto=3))]))],
    "v2_cut_payload": [(0, message([(SA, proposals(GOOD))])[:-4])],
    "v2_short_payload": [(0, message([(SA, b"\0")]))],
    "v2_payload_0": [(0, message([]))],
    "v2_wrong_length": [(0, message([(SA, proposals(GOOD))], length=5000))],
    "v2_unknown_payload": [ask(more=[(99, b"abc")])],
    "v2_exchange_40": [(0, message([(SA, proposals(GOOD))], exchange=40))],
    "v1": V1_TALK,
    "v1_aggressive": [v1(0, [(1, v1_sa(V1)), (4, b"k" * 64), (10, b"n" * 16), (5, b"identity")], 4),
                      v1(1, [(1, v1_sa(V1)), (4, b"K" * 64), (10, b"N" * 16), (5, b"identity"), (8, b"hash")], 4)],
    "v1_two_answers": [v1(0, [(1, v1_sa(V1))]), v1(1, [(1, v1_sa(V1, V1_OLD))])],
    "v1_unknown_values": [v1(0, [(1, v1_sa([(1, 99), (2, 99), (3, 99), (4, 99), (11, 9), (16, 1), (99, 1)]))]),
                          v1(1, [(1, v1_sa([(1, 99), (2, 99), (3, 99), (4, 99), (11, 9), (16, 1), (99, 1)]))])],
    "v1_info": [v1(0, [(11, struct.pack("!IBBH", 1, 1, 0, 24))], 5, spis=(ISPI, RSPI))],
    "v1_cut": [(0, v1(0, [(1, v1_sa(V1))])[1][:-6])],
    "v1_doi_0": [v1(0, [(1, v1_sa(V1, doi=0))])],
    "v1_responder_first": V1_TALK[1:2],
    "v1_nat_d": [v1(0, [(20, b"h" * 20), (130, b"h" * 20)], spis=(ISPI, RSPI))],
}
for _kind, _idents in ((1, range(32)), (2, range(9)), (3, range(16)), (4, range(33))):
    for _ident in _idents:
        TALKS["v2_%d_%d" % (_kind, _ident)] = [ask(instead(_kind, _ident)), answer(instead(_kind, _ident))]
for _kind, _idents in ((1, range(1, 10)), (2, range(1, 8)), (3, range(1, 10)), (4, range(1, 22)), (11, range(1, 4)), (16, range(1, 5)), (13, (1,)), (15, (5,))):
    for _ident in _idents:
        TALKS["v1_%d_%d" % (_kind, _ident)] = [v1(0, [(1, v1_sa([(_kind, _ident)]))]), v1(1, [(1, v1_sa([(_kind, _ident)]))])]
