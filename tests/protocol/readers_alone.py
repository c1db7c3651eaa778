"""Start the readers, let one work, and say as JSON what they and the daemon could do. Started by test_systemd.py."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gateway.isolation.limits import Limits
from gateway.isolation.pool import Pool
from gateway.model.ports import Silent
from gateway.trust.context import client_context


def work(request: bytes, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    return request, [b"network" if _opens("AF_INET") else b"", b"files" if _readable(Path("/etc/passwd")) else b""]


async def main() -> dict[str, object]:
    pool = Pool("tests.protocol.readers_alone:work", 2, Limits(memory=512 << 20), Silent())
    await pool.start()
    try:
        reply = await pool.call(b"bonjour")
        memory = [reader.memory() for reader in pool._idle]
    finally:
        await pool.close()
    return {
        "reply": reply.body.decode(),
        "left_to_readers": [part.decode() for part in reply.parts if part],
        "memory_seen": all(memory) and bool(memory),
        "families": [name for name in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK") if _opens(name)],
        "database": _database(),
        "tls": client_context(None, None).minimum_version.name,
        "chroot_refused": _refused(),
    }


def _opens(name: str) -> bool:
    try:
        socket.socket(getattr(socket, name), socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def _readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except PermissionError:
        return False


def _database() -> str:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "x.db")
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        connection.execute("CREATE TABLE t (a)")
        connection.close()
    return str(mode)


def _refused() -> bool:
    try:
        os.chroot("/")
    except PermissionError:
        return True
    return False


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
