"""The least that the same work can cost, one process: ``python -m tests.bench.floor`` with an order as JSON on stdin.

The same mails fetched from the same Dovecot, as many kept-alive requests and frames of prebuilt bytes of the same
sizes, as many durable commits of one row. It prints the seconds it took and the CPU seconds it used.
"""

from __future__ import annotations

import imaplib
import json
import resource
import socket
import sqlite3
import ssl
import sys
import time
from pathlib import Path
from typing import Any

_FRAME = b"\x0bMSH|^~\\&|A|A|B|B|20260101000000||MDM^T02^MDM_T02|floor|P|2.6\r"


def fetch(order: dict[str, Any]) -> int:
    """Fetch every mail of the mailbox, whole; how many."""
    context = ssl.create_default_context(cafile=order["ca"])
    client = imaplib.IMAP4_SSL("localhost", order["imaps"], ssl_context=context)
    client.login(f'"{order["user"]}"', order["password"])
    client.select("INBOX", readonly=True)
    numbers = client.search(None, "ALL")[1][0].split()
    for number in numbers:
        client.fetch(number.decode(), "(BODY.PEEK[])")
    client.logout()
    return len(numbers)


def post(order: dict[str, Any]) -> None:
    """Send each request and read its answer, over one connection with a client certificate."""
    context = ssl.create_default_context(cafile=order["ca"])
    context.load_cert_chain(order["cert"], order["key"])
    with (
        socket.create_connection(("127.0.0.1", order["dmp"])) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        for service, size in order["requests"]:
            head = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
            tls.sendall(head % (service.encode(), size) + bytes(size))
            answer = b""
            while not answer.endswith(b":Envelope>"):
                answer += tls.recv(65536)


def send(order: dict[str, Any]) -> None:
    """Send each frame and read its acknowledgement, over one connection."""
    with socket.create_connection(("127.0.0.1", order["dpi"])) as plain:
        for size in order["frames"]:
            plain.sendall(_FRAME + b" " * max(0, size - len(_FRAME) - 2) + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                answer += plain.recv(65536)


def commit(folder: Path, times: int) -> None:
    """Commit one row at a time, each of them durable."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS row (at REAL, text TEXT)")
    for _ in range(times):
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO row VALUES (?, ?)", (time.time(), "x" * 200))
        database.execute("COMMIT")
    database.close()


def main() -> None:
    """Do it all, one thing after the other."""
    order = json.load(sys.stdin)
    began, used = time.perf_counter(), _cpu()
    mails = fetch(order)
    post(order)
    send(order)
    commit(Path(order["folder"]), order["commits"])
    print(json.dumps({"mails": mails, "seconds": time.perf_counter() - began, "cpu": _cpu() - used}))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
