"""A mail is read in a reader process; its documents are recorded and claimed in one commit."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, update

from gateway.flow.house import House
from gateway.flow.reading.look import with_pictures
from gateway.flow.reading.originals import Originals
from gateway.flow.reading.screen import screen, set_aside
from gateway.isolation.errors import ReaderDied, ReaderRefused, ReaderTimedOut
from gateway.ledger import documents, jobs, mails
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Arrival, Mail
from gateway.ledger.tables import document
from gateway.model.documents import Action, DocumentReading, Envelope, MailReading
from gateway.model.orders import PLACE
from gateway.model.reasons import Reason
from gateway.model.states import DocumentState

#: A mail over which so many reader processes died, each alone with it, is set aside.
DEATHS = 3

POISON = "La lecture de ce message a fait échouer trois fois le programme de lecture : ouvrez-le avec prudence."

DEFECT = (
    "Le programme de lecture n'a pas su lire ce message : signalez-le à l'éditeur, et ouvrez-le dans la messagerie."
)


async def read(house: House, originals: Originals, job: Job) -> list[Job]:
    """Read the mail of arrival ``job.subject``; the follow-up is its decision."""
    seen, found = await house.ledger.read(lambda c: _load(c, job.subject))
    if found.reading is not None:
        reading = found.decoded()
    else:
        attempt = await _attempt(house, originals, job, found, message=seen.place == PLACE)
        if attempt is None:
            return []
        reading = attempt
    text = msgspec.json.encode(reading).decode()
    return await house.ledger.write("read", lambda c: _record(c, house, job, seen, reading, text))


async def _attempt(house: House, originals: Originals, job: Job, found: Mail, *, message: bool) -> MailReading | None:
    """The reading of a mail, or of a ``message`` of the record; None when the job comes again.

    The antivirus is asked first, where there is one.
    """
    if house.scanner is not None:
        scan = await screen(house, house.scanner, job, found)
        if scan is None:
            return None
        refused = set_aside(house, found, scan)
        if refused is not None:
            return refused
    return await _read_isolated(house, originals, job, found, message=message)


async def _read_isolated(
    house: House, originals: Originals, job: Job, found: Mail, *, message: bool
) -> MailReading | None:
    """The reading; None when a reader died over it and it will be tried again."""
    try:
        reading, parts = await house.readers.read(found.digest, message=message)
    except (ReaderDied, ReaderTimedOut) as error:
        house.observer.event("reader.died", mail=found.id, reason=type(error).__name__)
        deaths = await house.ledger.write("death", lambda c: _count_death(c, house, job, found))
        if deaths < DEATHS:
            return None
        return MailReading("", Envelope(), (), problem=Reason.POISON, detail=POISON)
    except ReaderRefused as error:  # our own defect: the mail is kept, and a person looks
        house.observer.event("reader.failed", mail=found.id, reason=str(error))
        return MailReading("", Envelope(), (), problem=Reason.UNREADABLE, detail=DEFECT)
    originals.keep(found.digest, parts)
    return await with_pictures(house, found, reading)


def _load(c: Connection, seq: int) -> tuple[Arrival, Mail]:
    seen = mails.get_arrival(c, seq)
    assert seen.mail_id is not None, "an arrival with a read job has a mail"  # noqa: S101 - our own invariant
    return seen, mails.get_mail(c, seen.mail_id)


def _count_death(c: Connection, house: House, job: Job, found: Mail) -> int:
    deaths = mails.count_death(c, found.id)
    if deaths < DEATHS:
        jobs.give_back(c, job, house.now, failed=True)
    return deaths


def _record(c: Connection, house: House, job: Job, seen: Arrival, reading: MailReading, text: str) -> list[Job]:
    if not jobs.finish(c, job):
        return []
    found = mails.get_mail(c, seen.mail_id or 0)
    if found.reading is None:
        mails.keep_reading(c, found, text, reading.reader)
    _add_all(c, house, seen, reading)
    mails.arrival_read(c, seen, reading.envelope.message_id)
    jobs.wake(c, "decide", None, house.now)
    return [jobs.enqueue(c, "decide", "decide", seen.seq, house.now, house.lease)]


def _add_all(c: Connection, house: House, seen: Arrival, reading: MailReading) -> None:
    """The documents, and the mail itself (ordinal 0) when it has none or only a logo beside what somebody wrote."""
    for one in reading.documents:
        _add(c, house, seen, one)
    if not reading.documents or reading.problem is not None:
        documents.add_document(c, seen.seq, 0, {"action": Action.CREATE, "found_at": house.now})


def _add(c: Connection, house: House, seen: Arrival, one: DocumentReading) -> None:
    claim = claim_of(one)
    held = documents.owner(c, claim) if claim else None
    values: dict[str, object] = {
        "unique_id": one.unique_id,
        "sha256": one.sha256,
        "action": one.action,
        "filename": one.filename,
        "type_code": one.type.code if one.type else None,
        "found_at": house.now,
    }
    if held is None:
        documents.add_document(c, seen.seq, one.ordinal, {**values, "claim": claim})
    elif held.state is DocumentState.READ and held.arrival_seq > seen.seq:
        _change_owner(c, held.id, None, None)
        number = documents.add_document(c, seen.seq, one.ordinal, {**values, "claim": claim})
        _change_owner(c, held.id, None, number)
        c.execute(update(document).where(document.c.duplicate_of == held.id).values(duplicate_of=number))
    else:
        documents.add_document(c, seen.seq, one.ordinal, {**values, "duplicate_of": held.id})


def claim_of(one: DocumentReading) -> str | None:
    """What is unique about a document: its id, else its bytes; a deletion claims apart from what it deletes."""
    if one.ignored is not None or not one.sha256:
        return None
    if one.unique_id:
        return f"{'delete' if one.action is Action.DELETE else 'id'}:{one.unique_id}"
    return f"bytes:{one.sha256}"


def _change_owner(c: Connection, number: int, claim: str | None, duplicate_of: int | None) -> None:
    values = {"claim": claim, "duplicate_of": duplicate_of}
    c.execute(update(document).where(document.c.id == number).values(**values))
