"""What is there is compared with what should be: mailboxes with the ledger, the vault with the rows (DESIGN §3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

from sqlalchemy import Connection, exists, func, select, update

from gateway.flow import receive
from gateway.flow.house import House
from gateway.flow.receive import Sighting
from gateway.flow.takers import SLACK
from gateway.intake.imap.port import Listed
from gateway.ledger import deliveries, jobs, mails, patients, trail
from gateway.ledger.tables import arrival, delivery, destination, document, mail
from gateway.model.settings import Mailbox
from gateway.model.states import MailState

#: Objects that nothing refers to are kept this long (seconds): an intake may be about to refer to them.
UNREFERENCED = 24 * 3600.0
RESTORE = "restore"
DAY = 86400.0


class Folders(Protocol):
    """The folders of one mailbox, visited (gateway.intake.imap.folders)."""

    def list_folder(self, folder: str, since_days: int) -> AsyncIterator[Listed]:
        """The mails of the last days."""

    def list_older(self, folder: str, days: int) -> AsyncIterator[Listed]:
        """The mails before the last days."""

    def fetch(self, folder: str, mail: Listed) -> AsyncIterator[bytes]:
        """A mail's raw bytes."""

    async def delete(self, folder: str, mails: list[Listed]) -> int:
        """Remove mails for good; how many."""


async def take_again(house: House, mailbox: Mailbox, folders: Folders, compared: set[str]) -> int:
    """Take again what lies in ``done_folder`` and the ledger lacks (a backup was restored); how many.

    A mail is known by its Message-ID and size once it is read; before, or without, by its bytes: ``compared`` are the
    places whose bytes need not be fetched again.
    """
    taken, folder = 0, mailbox.done_folder
    async for listed in folders.list_folder(folder, mailbox.reconcile_days):
        place = _place(mailbox.name, folder, listed)
        if place in compared or await house.ledger.read(partial(_knows, place=place, one=listed)):
            continue
        seen = Sighting("imap", place, place, mailbox=mailbox.name, again=True)
        chunks = folders.fetch(folder, listed)
        received = await receive.take(house, seen, chunks, mailbox.max_size + SLACK)
        compared.add(place)
        taken += received.new
    house.observer.event("reconcile.mailbox", mailbox=mailbox.name, count=taken)
    return taken


async def purge_done_folder(house: House, mailbox: Mailbox, folders: Folders) -> int:
    """Remove from ``done_folder`` what is old, settled, and in a completed backup; how many."""
    noted = await house.ledger.read(lambda c: patients.get_meta(c, "backup_at"))
    backup = float(noted or 0)
    old = [one async for one in folders.list_older(mailbox.done_folder, mailbox.done_keep_days)]
    settled = [one for one in old if await house.ledger.read(partial(_settled_before, one=one, backup=backup))]
    return await folders.delete(mailbox.done_folder, settled) if settled else 0


async def release_restored(house: House) -> None:
    """After a restore, once every mailbox is compared: destinations that were held for it go on."""
    await house.ledger.write("restored", lambda c: _release(c, house.now))


async def sweep(house: House) -> int:
    """Forget old bytes: of mails settled long ago, and objects that nothing refers to; how many objects."""
    before = house.now - house.settings.ledger.retention_days * DAY
    for old in await house.ledger.read(lambda c: mails.purgeable(c, before)):
        await house.ledger.write("purge", partial(_purge, number=old.id, now=house.now))
    kept = await house.ledger.read(_referred)
    return await asyncio.to_thread(_sweep, house, kept)


def _sweep(house: House, kept: set[str]) -> int:
    limit = house.now - UNREFERENCED
    gone = sum(house.vault.delete(address, limit) for address, _ in list(house.vault.refs()) if address not in kept)
    return gone + house.vault.sweep_drafts(limit)


def balance(c: Connection) -> bool:
    """Whether arrivals are the sum over the states that exist, each with its documents (DESIGN §4.8)."""
    total = c.execute(select(func.count()).select_from(arrival)).scalar_one()
    counts = mails.count_states(c)
    without = select(func.count()).select_from(arrival).where(arrival.c.state != MailState.RECEIVED)
    without = without.where(~exists().where(document.c.arrival_seq == arrival.c.seq))
    return total == sum(counts.get(state, 0) for state in MailState) and not c.execute(without).scalar_one()


def _knows(c: Connection, place: str, one: Listed) -> bool:
    if mails.arrival_by_key(c, place) is not None:
        return True
    return bool(one.message_id) and mails.known_message(c, one.message_id, one.size)


def _place(mailbox: str, folder: str, one: Listed) -> str:
    return f"imap:{mailbox}/{folder}:{one.uidvalidity}:{one.uid}"


def _settled_before(c: Connection, one: Listed, backup: float) -> bool:
    if not one.message_id:
        return False
    same = (arrival.c.message_id == one.message_id) & (arrival.c.size == one.size)
    rows = c.execute(select(arrival.c.state, mail.c.settled_at).join(mail).where(same)).all()
    return bool(rows) and all(r.state == MailState.SETTLED and (r.settled_at or backup) < backup for r in rows)


def _purge(c: Connection, number: int, now: float) -> None:
    mails.purged(c, number, now)
    its = select(arrival.c.seq).where(arrival.c.mail_id == number)
    documents = select(document.c.id).where(document.c.arrival_seq.in_(its))
    which = delivery.c.document_id.in_(documents) | delivery.c.arrival_seq.in_(its)
    c.execute(update(delivery).where(which).values(payload=None))
    trail.append(c, now, "gateway", "purge", f"mail {number}", {})


def _referred(c: Connection) -> set[str]:
    kept = set(c.execute(select(mail.c.digest).where(mail.c.purged_at.is_(None))).scalars())
    return kept | deliveries.payloads(c)


def _release(c: Connection, now: float) -> None:
    held = c.execute(select(destination.c.name).where(destination.c.hold_reason == RESTORE)).scalars().all()
    for name in held:
        deliveries.set_destination(c, name, held=False, hold_reason="")
        jobs.wake_lane(c, name, now, "held")
    patients.set_meta(c, "restored", "0")
    if held:
        trail.append(c, now, "gateway", "resume", "destinations", {"after": RESTORE, "names": list(held)})
