"""Arrivals and mails: what was seen, where, and its bytes' address."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from gateway.ledger.rows import Arrival, Mail, as_value, as_values, new_id
from gateway.ledger.tables import arrival, delivery, document, job, mail
from gateway.model.states import CLOSED, ENDED, MAIL, DocumentState, MailEvent, MailState, advance

# Made once: building a statement costs SQLAlchemy more than running it.
_ARRIVAL_BY_KEY = select(arrival).where(arrival.c.key == bindparam("of"))
_ARRIVAL = select(arrival).where(arrival.c.seq == bindparam("number"))
_MAIL_BY_DIGEST = select(mail).where(mail.c.digest == bindparam("of"))
_MAIL = select(mail).where(mail.c.id == bindparam("number"))
_NEW_ARRIVAL, _NEW_MAIL = insert(arrival), insert(mail)
_CHANGE_ARRIVAL = update(arrival).where(arrival.c.seq == bindparam("row_seq"))
_CHANGE_MAIL = update(mail).where(mail.c.id == bindparam("row_id"))
_SETTLE_MAIL = update(mail).where(mail.c.id == bindparam("row_id"), mail.c.state == MailState.READ)
_UNSETTLED = select(exists().where(arrival.c.mail_id == bindparam("of"), arrival.c.state != MailState.SETTLED))
_UNREAD = (arrival.c.seq < bindparam("number")) & (arrival.c.state == MailState.RECEIVED)
_FAILING = exists().where((job.c.kind == "read") & (job.c.subject == arrival.c.seq) & (job.c.failures > 0))
_ANY_UNREAD = select(exists().where(_UNREAD))
_ANY_UNREAD_BUT_FAILING = select(exists().where(_UNREAD & ~_FAILING))


def arrival_by_key(c: Connection, key: str) -> Arrival | None:
    """The arrival of a place, if it was seen before."""
    row = c.execute(_ARRIVAL_BY_KEY, {"of": key}).one_or_none()
    return None if row is None else as_value(Arrival, row)


def arrival_of_bytes(c: Connection, mailbox: str, digest: str) -> Arrival | None:
    """The first arrival of these bytes in a mailbox, if they were seen there before."""
    same = (arrival.c.mailbox == mailbox) & (mail.c.digest == digest)
    row = c.execute(select(arrival).join(mail).where(same).order_by(arrival.c.seq).limit(1)).one_or_none()
    return None if row is None else as_value(Arrival, row)


def get_arrival(c: Connection, seq: int) -> Arrival:
    """An arrival that exists."""
    return as_value(Arrival, c.execute(_ARRIVAL, {"number": seq}).one())


def seen_in(c: Connection, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, str]:
    """Of the UIDs of a mailbox, those already taken, with the folder where each belongs (done, review)."""
    known: dict[int, str] = {}
    for start in range(0, len(uids), 500):
        query = select(arrival.c.uid, arrival.c.target).where(
            arrival.c.mailbox == mailbox,
            arrival.c.uidvalidity == uidvalidity,
            arrival.c.uid.in_(uids[start : start + 500]),
        )
        known |= {row.uid: row.target for row in c.execute(query)}
    return known


def mail_by_digest(c: Connection, digest: str) -> Mail | None:
    """The mail of these bytes, if it was received before."""
    row = c.execute(_MAIL_BY_DIGEST, {"of": digest}).one_or_none()
    return None if row is None else as_value(Mail, row)


def get_mail(c: Connection, number: int) -> Mail:
    """A mail that exists."""
    return as_value(Mail, c.execute(_MAIL, {"number": number}).one())


def known_message(c: Connection, message_id: str, size: int) -> bool:
    """Whether a mail with this Message-ID and size was received, at whatever place."""
    same = (arrival.c.message_id == message_id) & (arrival.c.size == size)
    return bool(c.execute(select(exists().where(same))).scalar_one())


def add_arrival(c: Connection, values: dict[str, object]) -> int:
    """A new arrival; its number."""
    return new_id(c, _NEW_ARRIVAL, {"state": MailState.RECEIVED, **values})


def add_mail(c: Connection, digest: str, size: int, at: float) -> Mail:
    """The mail of these bytes: the row known, or a new one."""
    known = mail_by_digest(c, digest)
    if known is not None and known.purged_at is None:
        return known
    if known is not None:  # its bytes had been purged: it is read anew
        state = advance(MAIL, known.state, MailEvent.RETURN)
        c.execute(_CHANGE_MAIL, {"row_id": known.id, "state": state, "purged_at": None})
        return get_mail(c, known.id)
    values = {"digest": digest, "size": size, "state": MailState.RECEIVED, "received_at": at}
    return get_mail(c, new_id(c, _NEW_MAIL, values))


def keep_reading(c: Connection, found: Mail, reading: str, reader: str) -> None:
    """Store what reading yielded."""
    state = advance(MAIL, found.state, MailEvent.READ)
    c.execute(_CHANGE_MAIL, {"row_id": found.id, "state": state, "reading": reading, "reader": reader})


def arrival_read(c: Connection, seen: Arrival, message_id: str) -> None:
    """The arrival's documents are recorded."""
    state = advance(MAIL, seen.state, MailEvent.READ)
    c.execute(_CHANGE_ARRIVAL, {"row_seq": seen.seq, "state": state, "message_id": message_id})


def arrival_settled(c: Connection, seen: Arrival, at: float) -> None:
    """Nothing of the arrival needs anybody any more; nor of its mail, when it was the last."""
    state = advance(MAIL, seen.state, MailEvent.SETTLE)
    c.execute(_CHANGE_ARRIVAL, {"row_seq": seen.seq, "state": state})
    if seen.mail_id is None:
        return
    if not c.execute(_UNSETTLED, {"of": seen.mail_id}).scalar_one():
        c.execute(_SETTLE_MAIL, {"row_id": seen.mail_id, "state": MailState.SETTLED, "settled_at": at})


def count_death(c: Connection, number: int) -> int:
    """A reader process died over this mail; how often by now."""
    c.execute(update(mail).where(mail.c.id == number).values(deaths=mail.c.deaths + 1))
    return int(c.execute(select(mail.c.deaths).where(mail.c.id == number)).scalar_one())


def earlier_unread(c: Connection, seq: int, *, failing_too: bool) -> bool:
    """Whether an arrival before ``seq`` is not read yet; those whose reading keeps failing count only if asked."""
    query = _ANY_UNREAD if failing_too else _ANY_UNREAD_BUT_FAILING
    return bool(c.execute(query, {"number": seq}).scalar_one())


def purgeable(c: Connection, settled_before: float) -> list[Mail]:
    """Mails settled long enough ago whose bytes are still kept; not while a person's word reopened a document, nor
    while a professional is waited for, whose word makes a new version, nor before its sender has his answer."""
    old = (mail.c.state == MailState.SETTLED) & (mail.c.settled_at < settled_before) & mail.c.purged_at.is_(None)
    needed = document.c.state.not_in(CLOSED) | (
        document.c.hidden_since.is_not(None) & (document.c.state == DocumentState.SETTLED)
    )
    reopened = (arrival.c.mail_id == mail.c.id) & needed
    old &= ~exists().where(document.c.arrival_seq == arrival.c.seq, reopened)
    unanswered = (delivery.c.arrival_seq == arrival.c.seq) & delivery.c.state.not_in(ENDED)
    old &= ~exists().where(arrival.c.mail_id == mail.c.id, unanswered)
    return as_values(Mail, c.execute(select(mail).where(old)).all())


def purged(c: Connection, number: int, at: float) -> None:
    """The bytes of a mail and the words read in them are gone; the rows stay."""
    c.execute(update(mail).where(mail.c.id == number).values(purged_at=at, reading=None))


def count_states(c: Connection) -> dict[str, int]:
    """How many arrivals are in each state."""
    query = select(arrival.c.state, func.count()).group_by(arrival.c.state)
    return {row[0]: row[1] for row in c.execute(query)}
