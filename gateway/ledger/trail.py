"""The trail: who did what, when and why. Each line holds the hash of the one before, so that a change shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, insert, select

from gateway.ledger.tables import trail

FIRST = "0" * 64

_LAST = select(trail.c.hash).order_by(trail.c.seq.desc()).limit(1)
_NEW = insert(trail)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail. ``detail`` is JSON as written; ``at`` seconds since 1970."""

    seq: int
    at: float
    who: str
    action: str
    subject: str
    detail: str
    hash: str


class TrailError(Exception):
    """The chain is broken: a line was changed or taken away."""


def append(c: Connection, at: float, who: str, action: str, subject: str, detail: object) -> None:
    """Write a line, in the transaction of the effect that it tells of."""
    last = c.execute(_LAST).scalar_one_or_none() or FIRST
    text = msgspec.json.encode(detail, order="deterministic").decode()
    link = chain(last, at, who, action, subject, text)
    c.execute(_NEW, {"at": at, "who": who, "action": action, "subject": subject, "detail": text, "hash": link})


def chain(before: str, at: float, who: str, action: str, subject: str, detail: str) -> str:
    """The hash of a line: SHA-256 over the previous hash and every column, each prefixed by its length."""
    digest = hashlib.sha256()
    for part in (before, repr(at), who, action, subject, detail):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def lines(c: Connection) -> Iterator[Line]:
    """Every line, in order."""
    for row in c.execute(select(trail).order_by(trail.c.seq)):
        yield Line(*row)


def verify(c: Connection) -> int:
    """Count the lines after checking the chain. TrailError names the first line that does not fit."""
    before, count = FIRST, 0
    for line in lines(c):
        if line.hash != chain(before, line.at, line.who, line.action, line.subject, line.detail):
            raise TrailError(f"line {line.seq}")
        before, count = line.hash, count + 1
    return count
