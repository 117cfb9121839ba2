"""Servers of binary protocols for live tests: databases, a directory, remote desktops, a telephone registrar, and services
that answer anybody with much more than was asked. Started by services.py; who knows PASSWORD is let in.
"""
import asyncio
import hashlib
import os
import re
import struct

PASSWORD = b"correct-horse"
SALT = b"abcdefghijklmnopqrst"


def sha1(*parts):
    return hashlib.sha1(b"".join(parts)).digest()


async def mysql(reader, writer):
    """Protocol 10, mysql_native_password (MySQL internals manual, connection phase)."""
    hello = b"\x0a8.0.30\0" + struct.pack("<I", 7) + SALT[:8] + b"\0" + struct.pack("<HBHHB", 0xA200, 33, 2, 0x0008, 21)
    hello += b"\0" * 10 + SALT[8:] + b"\0mysql_native_password\0"
    writer.write(struct.pack("<I", len(hello)) + hello)
    login = await reader.readexactly(int.from_bytes((await reader.readexactly(4))[:3], "little"))
    once = sha1(PASSWORD)
    token = bytes(a ^ b for a, b in zip(once, sha1(SALT, sha1(once))))
    good = b"\0\0\0\2\0\0\0"
    wrong = b"\xff\x15\x04#28000Access denied for user"
    answer = good if token in login else wrong
    writer.write(struct.pack("<I", len(answer) | 2 << 24) + answer)
    await reader.read(64)


async def postgres(reader, writer):
    """Protocol 3.0 with a password in clear text; neither TLS nor GSS."""
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        if code >> 16 == 3:
            break
        writer.write(b"N")
    writer.write(b"R\0\0\0\x08\0\0\0\x03")
    length = struct.unpack("!xI", await reader.readexactly(5))[0]
    if await reader.readexactly(length - 4) == PASSWORD + b"\0":
        writer.write(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
        await reader.read(64)
    else:
        text = b"SFATAL\0C28P01\0Mpassword authentication failed\0\0"
        writer.write(b"E" + struct.pack("!I", 4 + len(text)) + text)


async def ldap(reader, writer):
    """Simple binds (RFC 4511 section 4.2), messages under 128 bytes."""
    while True:
        body = await reader.readexactly((await reader.readexactly(2))[1])
        if body[3] != 0x60:
            return
        result = 0 if body.endswith(PASSWORD) else 49
        writer.write(b"\x30\x0c\x02\x01" + body[2:3] + b"\x61\x07\x0a\x01" + bytes([result]) + b"\x04\0\x04\0")


async def mssql(reader, writer):
    """A login packet of any TDS version, answered with error 18456 or with the change of database."""
    while True:
        length = struct.unpack("!H", (await reader.readexactly(8))[2:4])[0]
        good = PASSWORD in await reader.readexactly(length - 8)
        token = b"\xe3\x0b\0\x01\x06m\0a\0s\0\0\0" if good else b"\xaa\x14\0\x18\x48\0\0\x01\x0e\x0cLogin failed"
        writer.write(struct.pack("!BBHHBB", 4, 1, 8 + len(token), 0, 1, 0) + token)


async def rdp(reader, writer):
    """The connection's first exchange (MS-RDPBCGR 2.2.1.2), then the end: what a refused client sees."""
    await reader.readexactly(struct.unpack("!xxH", await reader.readexactly(4))[0] - 4)
    writer.write(b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x03\0\x08\0\x05\0\0\0")


class Sip(asyncio.DatagramProtocol):
    """A registrar with digest authentication (RFC 3261 section 22)."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        text = data.decode("latin-1")
        if not text.startswith("REGISTER "):
            return
        copied = [line for line in text.splitlines() if re.match(r"(Via|From|To|Call-ID|CSeq):", line, re.I)]
        status, more = "401 Unauthorized", ['WWW-Authenticate: Digest realm="site.test", nonce="%s"' % os.urandom(8).hex()]
        said = dict(re.findall(r'(\w+)="?([^",\s]+)', text.partition("Authorization:")[2]))
        if "response" in said:
            def md5(*parts):
                return hashlib.md5(":".join(parts).encode("latin-1")).hexdigest()
            want = md5(md5(said["username"], said["realm"], PASSWORD.decode()), said["nonce"], md5("REGISTER", said["uri"]))
            status, more = ("200 OK", []) if said["response"] == want else ("403 Forbidden", [])
        answer = ["SIP/2.0 " + status] + copied + more + ["Content-Length: 0", "", ""]
        self.transport.sendto("\r\n".join(answer).encode("latin-1"), address)


# port: what a request begins with, and the answer to it
REFLECTED = {
    19: (b"", bytes(range(33, 105)) * 5),
    123: (b"\x17\0\x03\x2a", b"\xd7\0\x03\x2a\0\x06\0\x48" + b"\0" * 432),  # monlist: six clients
    1900: (b"M-SEARCH ", b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: http://192.0.2.1:5000/root.xml\r\n"
           b"SERVER: Linux UPnP/1.0\r\nUSN: uuid:0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0::upnp:rootdevice\r\n\r\n"),
    11211: (b"\0\0\0\0\0\x01\0\0get big", b"\0\0\0\0\0\x01\0\0VALUE big 0 1300\r\n" + b"x" * 1300 + b"\r\nEND\r\n"),
}
TCP = {389: ldap, 1433: mssql, 3306: mysql, 3389: rdp, 5432: postgres}


class Reflector(asyncio.DatagramProtocol):
    def __init__(self, port):
        self.asked, self.answer = REFLECTED[port]

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if data.startswith(self.asked):
            self.transport.sendto(self.answer, address)
