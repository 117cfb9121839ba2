"""Conversations in MQTT for protocol_rules.py: each is a list of (0: client, 1: server; bytes). OASIS MQTT 3.1.1 and 5.0."""
import struct

(CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT,
 AUTH) = range(1, 16)


def packet(kind, body=b"", flags=0):
    n, size = len(body), b""
    while True:
        size += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return bytes([kind << 4 | flags]) + size + body


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack("!H", len(s)) + s


def connect(version=4, flags=0xc2, more=None, name="MQTT", props=b"\0", ident="client-1"):
    body = text(name) + bytes([version, flags]) + struct.pack("!H", 60) + (props if version == 5 else b"") + text(ident)
    return 0, packet(CONNECT, body + (text("user") + text("pass") if more is None else more))


def connack(version=4, code=0, present=0, props=b"\0"):
    return 1, packet(CONNACK, bytes([present, code]) + (props if version == 5 else b""))


def publish(way=0, topic="a/b", message=b"hello", qos=0, ident=7, flags=0, props=b""):
    return way, packet(PUBLISH, text(topic) + (struct.pack("!H", ident) if qos else b"") + props + message, flags | qos << 1)


def ack(way, kind, ident=7, more=b"", flags=0):
    return way, packet(kind, struct.pack("!H", ident) + more, flags)


def subscribe(topics=(("a/b", 0),), ident=9, props=b""):
    return 0, packet(SUBSCRIBE, struct.pack("!H", ident) + props + b"".join(text(t) + bytes([q]) for t, q in topics), 2)


def unsubscribe(topics=("a/b",), ident=10, props=b""):
    return 0, packet(UNSUBSCRIBE, struct.pack("!H", ident) + props + b"".join(text(t) for t in topics), 2)


BYE = (0, packet(DISCONNECT))


def talk(*said, version=4):
    return [connect(version), connack(version)] + list(said)


PROPS = (b"\x11\0\0\0\x05\x15" + text("method") + b"\x26" + text("k") + text("v") + b"\x21\0\x14")
TALKS = {
    "connect": talk(BYE),
    "connect5": talk((0, packet(DISCONNECT, b"\x04\0")), version=5),
    "connect_props": [connect(5, props=bytes([len(PROPS)]) + PROPS), connack(5, props=b"\x03\x22\0\x0a"), BYE],
    "connect_will": [connect(4, 0x2e, text("will/t") + text("will message")), connack(), BYE],
    "connect_will5": [connect(5, 0x2e, b"\x05\x18\0\0\0\x05" + text("will/t") + text("will message")), connack(5), BYE],
    "connect_31": [connect(3, 0x02, b"", "MQIsdp"), connack(), BYE],
    "refused": [connect(), connack(code=5)],
    "refused5": [connect(5), connack(5, code=0x87)],
    "session_present": [connect(), connack(present=1), BYE],
    "publish0": talk(publish(), BYE),
    "publish1": talk(publish(qos=1), ack(1, PUBACK), BYE),
    "publish2": talk(publish(qos=2), ack(1, PUBREC), ack(0, PUBREL, flags=2), ack(1, PUBCOMP), BYE),
    "publish5": talk(publish(props=b"\x02\x01\x01"), publish(qos=1, props=b"\0"), ack(1, PUBACK, more=b"\x10\0"), BYE, version=5),
    "publish_to_client": talk(publish(1), publish(1, qos=1, ident=3), ack(0, PUBACK, 3), BYE),
    "publish_retain_dup": talk(publish(qos=1, flags=9), ack(1, PUBACK), BYE),
    "publish_binary": talk(publish(message=bytes(range(200, 256))), BYE),
    "publish_empty": talk(publish(message=b""), BYE),
    "publish_qos3": talk((0, packet(PUBLISH, text("a/b") + b"\0\x05zzz", 6)), BYE),
    "puback_alone": talk(ack(1, PUBACK, 99), BYE),
    "pubrel_alone": talk(ack(0, PUBREL, 99, flags=2), BYE),
    "subscribe": talk(subscribe(), (1, packet(SUBACK, b"\0\x09\0")), BYE),
    "subscribe_two": talk(subscribe((("a/b", 0), ("c/#", 2))), (1, packet(SUBACK, b"\0\x09\0\x02")), BYE),
    "subscribe5": talk(subscribe(props=b"\0"), (1, packet(SUBACK, b"\0\x09\0\x87")), BYE, version=5),
    "suback_alone": talk((1, packet(SUBACK, b"\0\x63\0")), BYE),
    "unsubscribe": talk(unsubscribe(("a/b", "c")), (1, packet(UNSUBACK, b"\0\x0a")), BYE),
    "unsubscribe5": talk(unsubscribe(props=b"\0"), (1, packet(UNSUBACK, b"\0\x0a\0\x11")), BYE, version=5),
    "unsuback_alone": talk((1, packet(UNSUBACK, b"\0\x63")), BYE),
    "ping": talk((0, packet(PINGREQ)), (1, packet(PINGRESP)), BYE),
    "auth": talk((0, packet(AUTH, b"\x18\0")), BYE, version=5),
    "disconnect5": talk((1, packet(DISCONNECT, b"\x8b\0")), version=5),
    "no_connect": [publish(), BYE],
    "no_connect_server": [(1, packet(CONNACK, b"\0\0")), publish()],
    "two_connects": talk(connect(), BYE),
    "type_0": talk((0, b"\x00\x02ab"), BYE),
    "type_15": talk((0, packet(AUTH, b"\x18\0")), BYE),
    "cut_connect": [(0, packet(CONNECT, text("MQTT") + b"\x04\xc2\0\x3c\0\x20abc")), connack()],
    "cut_publish": talk((0, packet(PUBLISH, b"\0\x50abc")), BYE),
    "cut_subscribe": talk((0, packet(SUBSCRIBE, b"\0\x09\0\x50abc", 2)), BYE),
    "long_length": talk((0, b"\x30\xff\xff\xff\xff\x7f" + b"x" * 50), BYE),
    "several": talk((0, publish()[1] + publish(topic="c/d", message=b"second")[1] + BYE[1])),
}
