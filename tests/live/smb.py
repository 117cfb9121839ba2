#!/usr/bin/env python3
"""SMB by Debian's impacket, for live tests: a server with one account, and who works his way from server to server.

usage: smb.py serve               (on all addresses, until it is ended)
       smb.py login ADDRESS FILE  (with each password of a file)
       smb.py move ADDRESS...     (logs in and asks each for its service control, as remote execution begins)
"""
import contextlib
import logging
import sys

from impacket import smbserver
from impacket.dcerpc.v5 import scmr, transport
from impacket.ntlm import compute_lmhash, compute_nthash
from impacket.smbconnection import SessionError, SMBConnection

USER, PASSWORD = "admin", "correct-horse"


def serve():
    logging.disable(logging.CRITICAL)
    server = smbserver.SimpleSMBServer(listenAddress="0.0.0.0", listenPort=445)
    server.addCredential(USER, 0, compute_lmhash(PASSWORD), compute_nthash(PASSWORD))
    server.setSMB2Support(True)
    server.start()


def login(host, passwords):
    with open(passwords, encoding="utf-8") as f:
        words = f.read().split()
    for password in words:
        with contextlib.suppress(SessionError):
            SMBConnection(host, host).login(USER, password)


def move(*hosts):
    for host in hosts:
        pipe = transport.SMBTransport(host, 445, r"\svcctl", USER, PASSWORD)
        with contextlib.suppress(SessionError):  # it has no such pipe
            pipe.get_dce_rpc().connect()
            pipe.get_dce_rpc().bind(scmr.MSRPC_UUID_SCMR)


{"serve": serve, "login": login, "move": move}[sys.argv[1]](*sys.argv[2:])
