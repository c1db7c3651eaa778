"""Documents, decisions and the entries that wait for a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from gateway.ledger.rows import Document, Entry, as_value, as_values, new_id
from gateway.ledger.tables import decision, delivery, document, entry
from gateway.model.documents import Action
from gateway.model.reasons import Ignored, Reason
from gateway.model.states import CLOSED, DOCUMENT, ENDED, DocumentEvent, DocumentState, advance

# Made once: building a statement costs SQLAlchemy more than running it.
_NEW = insert(document)
_ONE = select(document).where(document.c.id == bindparam("number"))
_OF_ARRIVAL = select(document).where(document.c.arrival_seq == bindparam("seq")).order_by(document.c.ordinal)
_OWNER = select(document).where(document.c.claim == bindparam("held"))
_JOINED = select(document).where(
    document.c.duplicate_of == bindparam("number"), document.c.state == DocumentState.QUARANTINED
)
_SAME = update(document).where(document.c.id == bindparam("row_id"), document.c.version == bindparam("row_version"))
_NEW_DECISION = insert(decision)
_DECISION = select(decision.c.content).where(decision.c.id == bindparam("number"))
_UNFINISHED = select(
    exists().where(delivery.c.document_id == bindparam("number"), delivery.c.state.not_in(ENDED))
    | exists().where(entry.c.document_id == bindparam("number"), entry.c.closed_at.is_(None))
)
_OPEN = select(exists().where(document.c.arrival_seq == bindparam("seq"), document.c.state.not_in(CLOSED)))
_NEW_ENTRY = insert(entry)


class StaleError(Exception):
    """Somebody else changed the row since it was read: look again, then act."""


def add_document(c: Connection, seq: int, ordinal: int, values: dict[str, object]) -> int:
    """A document found in an arrival and read; its number."""
    state = advance(DOCUMENT, DocumentState.FOUND, DocumentEvent.READ)
    return new_id(c, _NEW, {"arrival_seq": seq, "ordinal": ordinal, "state": state, **values})


def get_document(c: Connection, number: int) -> Document:
    """A document that exists."""
    return as_value(Document, c.execute(_ONE, {"number": number}).one())


def known_document(c: Connection, number: int) -> Document | None:
    """A document by a number that a person gives; None when there is none."""
    row = c.execute(_ONE, {"number": number}).one_or_none()
    return None if row is None else as_value(Document, row)


def of_arrival(c: Connection, seq: int) -> list[Document]:
    """The documents of an arrival, in order."""
    return as_values(Document, c.execute(_OF_ARRIVAL, {"seq": seq}).all())


def owner(c: Connection, claim: str) -> Document | None:
    """The document that owns a claim."""
    row = c.execute(_OWNER, {"held": claim}).one_or_none()
    return None if row is None else as_value(Document, row)


def filed_with_id(c: Connection, unique_id: str) -> Document | None:
    """The newest filed document of a unique id, whatever became of it later; deletions do not count."""
    filed = (DocumentState.DECIDED, DocumentState.SETTLED, DocumentState.SUPERSEDED)
    query = (
        select(document)
        .where(document.c.unique_id == unique_id, document.c.state.in_(filed), document.c.action != Action.DELETE)
        .order_by(document.c.id.desc())
        .limit(1)
    )
    row = c.execute(query).one_or_none()
    return None if row is None else as_value(Document, row)


def successors(c: Connection, number: int) -> list[Document]:
    """The filed replacements and deletions of a document, oldest first."""
    filed = (DocumentState.DECIDED, DocumentState.SETTLED, DocumentState.SUPERSEDED)
    query = select(document).where(document.c.parent_id == number, document.c.state.in_(filed)).order_by(document.c.id)
    return as_values(Document, c.execute(query).all())


def joined(c: Connection, number: int) -> list[Document]:
    """Quarantined copies that follow the fate of a document."""
    return as_values(Document, c.execute(_JOINED, {"number": number}).all())


def repeats(c: Connection, number: int) -> list[Document]:
    """The copies of a document that were set aside because of it."""
    same = (document.c.duplicate_of == number) & (document.c.ignored == Ignored.DUPLICATE)
    return as_values(Document, c.execute(select(document).where(same).order_by(document.c.id)).all())


def move(c: Connection, found: Document, event: DocumentEvent, **values: object) -> Document:
    """Advance a document's state and set columns. StaleError when the row is no longer the one that was read."""
    return change(c, found, state=advance(DOCUMENT, found.state, event), **values)


def change(c: Connection, found: Document, **values: object) -> Document:
    """Set columns of a document in its state. StaleError when the row is no longer the one that was read."""
    changed: dict[str, Any] = {"version": found.version + 1, **values}
    if c.execute(_SAME, {"row_id": found.id, "row_version": found.version, **changed}).rowcount != 1:
        raise StaleError(f"document {found.id}")
    return replace(found, **changed)


def add_decision(c: Connection, number: int, values: dict[str, object]) -> int:
    """A new decision beside the old ones; its number."""
    return new_id(c, _NEW_DECISION, {"document_id": number, **values})


def decision_content(c: Connection, number: int) -> str:
    """What was decided, as JSON."""
    return str(c.execute(_DECISION, {"number": number}).scalar_one())


def decisions_of(c: Connection, number: int) -> list[tuple[float, str]]:
    """Every decision on a document, oldest first: when, and its content as JSON."""
    query = select(decision.c.at, decision.c.content).where(decision.c.document_id == number).order_by(decision.c.id)
    return [(row.at, row.content) for row in c.execute(query)]


def settle_if_ended(c: Connection, number: int) -> bool:
    """Settle a decided document when each delivery has ended and nobody has to look at it; whether it is now closed."""
    found = get_document(c, number)
    if found.state is not DocumentState.DECIDED:
        return found.state in CLOSED
    if c.execute(_UNFINISHED, {"number": number}).scalar_one():
        return False
    move(c, found, DocumentEvent.SETTLE)
    return True


def all_closed(c: Connection, seq: int) -> bool:
    """Whether nothing of an arrival needs time or a person."""
    return not c.execute(_OPEN, {"seq": seq}).scalar_one()


def count_states(c: Connection) -> dict[str, int]:
    """How many documents are in each state."""
    query = select(document.c.state, func.count()).group_by(document.c.state)
    return {row[0]: row[1] for row in c.execute(query)}


def open_entry(c: Connection, number: int, reason: Reason, at: float, **values: object) -> int:
    """A line for the worklist; its number. One open entry a document, reason and destination."""
    destination = str(values.get("destination", ""))
    same = (
        (entry.c.document_id == number)
        & (entry.c.reason == reason)
        & (entry.c.destination == destination)
        & entry.c.closed_at.is_(None)
    )
    known = c.execute(select(entry.c.id).where(same)).scalar_one_or_none()
    if known is not None:
        return int(known)
    return new_id(c, _NEW_ENTRY, {"document_id": number, "reason": reason, "opened_at": at, **values})


def get_entry(c: Connection, number: int) -> Entry | None:
    """An entry, open or closed."""
    row = c.execute(select(entry).where(entry.c.id == number)).one_or_none()
    return None if row is None else as_value(Entry, row)


def open_entries(c: Connection) -> list[Entry]:
    """The worklist: urgent first, then oldest first."""
    query = select(entry).where(entry.c.closed_at.is_(None)).order_by(entry.c.urgent.desc(), entry.c.id)
    return as_values(Entry, c.execute(query).all())


def open_entries_of(c: Connection, number: int) -> list[Entry]:
    """What waits for a person about one document."""
    query = select(entry).where(entry.c.document_id == number, entry.c.closed_at.is_(None)).order_by(entry.c.id)
    return as_values(Entry, c.execute(query).all())


def change_entry(c: Connection, found: Entry, **values: object) -> None:
    """Set columns of an open entry. StaleError when somebody else has just settled or changed it."""
    same = (entry.c.id == found.id) & (entry.c.version == found.version) & entry.c.closed_at.is_(None)
    if c.execute(update(entry).where(same).values(version=found.version + 1, **values)).rowcount != 1:
        raise StaleError(f"entry {found.id}")


def close_entry(c: Connection, found: Entry, at: float, who: str, how: str) -> None:
    """Settle an entry. StaleError when somebody else has just done so."""
    same = (entry.c.id == found.id) & (entry.c.version == found.version) & entry.c.closed_at.is_(None)
    closed = {"closed_at": at, "closed_by": who, "closed_how": how, "version": found.version + 1}
    if c.execute(update(entry).where(same).values(**closed)).rowcount != 1:
        raise StaleError(f"entry {found.id}")
