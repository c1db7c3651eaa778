"""A mail comes in: bytes into the vault, then arrival, mail and job in one commit; only then is its place touched."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.intake.errors import IntakeStopped
from gateway.ledger import documents, jobs, mails
from gateway.ledger.engine import LedgerError
from gateway.ledger.rows import Transport
from gateway.model.documents import Action
from gateway.model.reasons import Reason
from gateway.model.states import DocumentEvent
from gateway.vault.errors import StorageFailed
from gateway.vault.files import Ref

#: Below this much free space (bytes) nothing more is taken in: what is there must still be able to finish.
LOW_DISK = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sighting:
    """A mail seen at a place, before it has a number. ``key`` is unique to the sighting; None: made of the bytes.

    ``again``: seen where we put mails that are ours; only bytes that its mailbox never had make an arrival.
    """

    place: str
    source: str
    key: str | None
    mailbox: str = ""
    uidvalidity: int | None = None
    uid: int | None = None
    transport: Transport = Transport()
    trusted: bool = True
    again: bool = False


class Turn:
    """The place of a mail among those in hand together: however long each takes, they are numbered as they came."""

    def __init__(self, before: Turn | None = None) -> None:
        while before is not None and before.over.is_set():
            before = before.before
        self.before: Turn | None = before
        self.over: asyncio.Event = asyncio.Event()

    async def comes(self) -> None:
        """Wait until those before are numbered, or given up."""
        while self.before is not None:
            await self.before.over.wait()
            self.before = self.before.before


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a sighting: its arrival, whether it was new, and the folder where the mail belongs.

    ``same`` is False when its key was known, with other bytes: then nothing was taken.
    """

    seq: int
    new: bool
    target: str
    same: bool = True


async def take(
    house: House, seen: Sighting, chunks: AsyncIterable[bytes], limit: int, turn: Turn | None = None
) -> Received:
    """Keep a mail for good, in its turn. TooLarge past ``limit`` bytes; IntakeStopped when it could not be kept."""
    turn = turn or Turn()
    try:
        require_room(house)
        ref = await house.vault.put_stream(chunks, limit)
        await turn.comes()
        written = house.ledger.submit("receive", lambda c: _record(c, house, seen, ref))
        turn.over.set()  # the ledger writes in the order of its orders
        received = await asyncio.wrap_future(written)
    except (StorageFailed, LedgerError) as error:
        raise IntakeStopped(str(error)) from error
    finally:
        turn.over.set()
    house.news.set()
    house.observer.event("mail.received", place=seen.place, arrival=received.seq, size=ref.size)
    return received


async def refuse(house: House, seen: Sighting, size: int, why: Reason, detail: str) -> Received:
    """Keep an entry for a mail that cannot be taken: nothing of it is stored, its place keeps it."""
    try:
        return await house.ledger.write("refuse", lambda c: _record_refusal(c, house, seen, size, why, detail))
    except LedgerError as error:
        raise IntakeStopped(str(error)) from error


def require_room(house: House) -> None:
    """IntakeStopped when the disk of the ledger is nearly full."""
    folder = house.ledger.path.parent if house.ledger.path else house.settings.ledger.vault
    space = os.statvfs(folder)
    if space.f_bavail * space.f_frsize < LOW_DISK:
        raise IntakeStopped("disque presque plein")


def _record(c: Connection, house: House, seen: Sighting, ref: Ref) -> Received:
    key = seen.key or f"{seen.place}:{seen.source}:{ref.address}"
    known = mails.arrival_by_key(c, key)
    if known is None and seen.again:
        known = mails.arrival_of_bytes(c, seen.mailbox, ref.address)
    if known is not None:
        same = known.mail_id is None or mails.get_mail(c, known.mail_id).digest == ref.address
        return Received(known.seq, new=False, target=known.target, same=same)
    found = mails.add_mail(c, ref.address, ref.size, house.now)
    seq = mails.add_arrival(c, {**_values(house, seen, key), "mail_id": found.id, "size": ref.size})
    jobs.enqueue(c, "read", "read", seq, house.now)
    return Received(seq, new=True, target="done")


def _record_refusal(c: Connection, house: House, seen: Sighting, size: int, why: Reason, detail: str) -> Received:
    key = seen.key or f"{seen.place}:{seen.source}:{size}"
    known = mails.arrival_by_key(c, key)
    if known is not None:
        return Received(known.seq, new=False, target=known.target)
    seq = mails.add_arrival(c, {**_values(house, seen, key), "size": size, "target": "review"})
    mails.arrival_read(c, mails.get_arrival(c, seq), "")
    number = documents.add_document(c, seq, 0, {"action": Action.CREATE, "found_at": house.now})
    documents.move(c, documents.get_document(c, number), DocumentEvent.QUARANTINE, reason=why)
    documents.open_entry(c, number, why, house.now, detail=detail)
    return Received(seq, new=True, target="review")


def _values(house: House, seen: Sighting, key: str) -> dict[str, object]:
    return {
        "key": key,
        "place": seen.place,
        "mailbox": seen.mailbox,
        "uidvalidity": seen.uidvalidity,
        "uid": seen.uid,
        "source": seen.source,
        "envelope": msgspec.json.encode(seen.transport).decode(),
        "trusted": seen.trusted,
        "at": house.now,
    }
