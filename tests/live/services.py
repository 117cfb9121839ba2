#!/usr/bin/env python3
"""Small servers that refuse logins and answer web requests, for live tests to attack. They know one password.

usage: services.py [--sip ADDRESS] [--reflect ADDRESS...]

Listens on all addresses until it is ended; for telephones and as a reflector, over UDP, on the addresses given.
"""
import argparse
import asyncio
import base64
import contextlib
import socket

import services_binary
from services_binary import PASSWORD

BIG = b"0123456789abcdef" * 65536  # 1 MiB


def words(line):
    return line.strip().split()


async def ftp(reader, writer):
    writer.write(b"220 test FTP\r\n")
    while line := await reader.readline():
        verb = words(line)[:1]
        if verb == [b"USER"]:
            writer.write(b"331 Password required\r\n")
        elif verb == [b"PASS"]:
            good = words(line)[1:] == [PASSWORD]
            writer.write(b"230 Logged in\r\n" if good else b"530 Login incorrect.\r\n")
        elif verb == [b"QUIT"]:
            writer.write(b"221 Goodbye\r\n")
            return
        else:
            writer.write(b"502 Not here\r\n")


async def pop3(reader, writer):
    writer.write(b"+OK ready\r\n")
    while line := await reader.readline():
        verb = words(line)[:1]
        if words(line) == [b"PASS", PASSWORD]:
            writer.write(b"+OK Logged in.\r\n")
        elif verb == [b"PASS"]:
            writer.write(b"-ERR [AUTH] Authentication failed\r\n")
        elif verb == [b"STAT"]:
            writer.write(b"+OK 0 0\r\n")
        elif verb == [b"LIST"]:
            writer.write(b"+OK\r\n.\r\n")
        elif verb == [b"CAPA"]:
            writer.write(b"+OK\r\nUSER\r\n.\r\n")
        else:
            writer.write(b"+OK\r\n")
        if verb == [b"QUIT"]:
            return


async def imap(reader, writer):
    writer.write(b"* OK IMAP4rev1 ready\r\n")
    while line := await reader.readline():
        tag, verb = (words(line) + [b"*", b""])[:2]
        if verb.upper() == b"CAPABILITY":
            writer.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
        elif verb.upper() == b"LOGIN" and words(line)[3:] in ([PASSWORD], [b'"' + PASSWORD + b'"']):
            writer.write(tag + b" OK Logged in\r\n")
        elif verb.upper() == b"LOGIN":
            writer.write(tag + b" NO [AUTHENTICATIONFAILED] Authentication failed.\r\n")
        else:
            writer.write(tag + b" OK done\r\n")
        if verb.upper() == b"LOGOUT":
            return


SMTP_LOGIN = (b"535 5.7.8 Authentication credentials invalid\r\n", b"235 2.7.0 Authentication successful\r\n")


async def smtp(reader, writer):
    writer.write(b"220 mail.site.test ESMTP\r\n")
    while line := await reader.readline():
        verb = (words(line) + [b""])[0].upper()
        if verb == b"EHLO":
            writer.write(b"250-mail.site.test\r\n250 AUTH LOGIN PLAIN\r\n")
        elif verb == b"AUTH" and len(words(line)) == 2:
            writer.write(b"334 " + base64.b64encode(b"Username:") + b"\r\n")
            await reader.readline()
            writer.write(b"334 " + base64.b64encode(b"Password:") + b"\r\n")
            writer.write(SMTP_LOGIN[base64.b64decode(await reader.readline()) == PASSWORD])
        elif verb == b"AUTH":
            writer.write(SMTP_LOGIN[base64.b64decode(words(line)[-1]).endswith(b"\0" + PASSWORD)])
        elif verb == b"QUIT":
            writer.write(b"221 Bye\r\n")
            return
        else:
            writer.write(b"250 OK\r\n")


async def telnet_line(reader):
    """Telnet ends a line with CR and LF or NUL (RFC 854); some send the CR alone."""
    said = b""
    while not said.strip(b"\0\n").endswith(b"\r") and b"\n" not in said:
        more = await reader.read(256)
        if not more:
            raise asyncio.IncompleteReadError(said, None)
        said += more


async def telnet(reader, writer):
    for _ in range(3):
        writer.write(b"login: ")
        await telnet_line(reader)
        writer.write(b"Password: ")
        await telnet_line(reader)
        writer.write(b"\r\nLogin incorrect\r\n")


async def redis(reader, writer):
    while line := await reader.readline():
        said = [line]
        if line.startswith(b"*"):  # an array of bulk strings: length, text, ...
            said = [await reader.readline() for _ in range(2 * int(line[1:]))][1:]
        login = said[0].upper().startswith(b"AUTH")
        writer.write(b"-ERR invalid password\r\n" if login else b"-NOAUTH Authentication required.\r\n")


async def vnc(reader, writer):
    writer.write(b"RFB 003.008\n")
    await reader.readexactly(12)
    writer.write(b"\x01\x02")
    await reader.readexactly(1)
    writer.write(bytes(range(16)))
    await reader.readexactly(16)
    reason = b"Authentication failure"
    writer.write(b"\0\0\0\x01" + len(reason).to_bytes(4, "big") + reason)


async def http(reader, writer):
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(b":") for line in lines[1:])}
        await reader.readexactly(int(fields.get(b"content-length", b"0")))
        path, body, status = lines[0].split()[1], b"<p>hello\n", b"200 OK"
        good = b"Basic " + base64.b64encode(b"admin:" + PASSWORD)
        if path.startswith(b"/private") and fields.get(b"authorization") != good:
            status = b"401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\""
        elif path.startswith(b"/big"):
            body = BIG
        elif path.startswith(b"/page"):
            body = BIG[:40960]
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        if fields.get(b"connection", b"").lower() == b"close":
            return


def guarded(serve):
    """A client that goes away or talks nonsense is the end of its connection, not of the server."""
    async def run(reader, writer):
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await serve(reader, writer)
            await writer.drain()
        writer.close()
    return run


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sip", metavar="ADDRESS")
    parser.add_argument("--reflect", metavar="ADDRESS", nargs="+", default=[])
    args = parser.parse_args()
    ports = {21: ftp, 23: telnet, 25: smtp, 80: http, 110: pop3, 143: imap, 5900: vnc, 6379: redis}
    for port, serve in {**ports, **services_binary.TCP}.items():
        await asyncio.start_server(guarded(serve), "0.0.0.0", port, backlog=1024)
    for port, serve in {21: ftp, 80: http}.items():
        await asyncio.start_server(guarded(serve), "::", port, family=socket.AF_INET6, backlog=1024)
    loop = asyncio.get_running_loop()
    if args.sip:
        await loop.create_datagram_endpoint(services_binary.Sip, local_addr=(args.sip, 5060))
    for address in args.reflect:
        for port in services_binary.REFLECTED:
            await loop.create_datagram_endpoint(lambda port=port: services_binary.Reflector(port), local_addr=(address, port))
    await asyncio.Event().wait()


asyncio.run(main())
