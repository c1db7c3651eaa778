"""Deliveries, attempts and destinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from gateway.ledger.documents import StaleError
from gateway.ledger.rows import Attempt, Delivery, DestinationRow, as_value, as_values, new_id
from gateway.ledger.tables import arrival, attempt, delivery, destination, document
from gateway.model.delivery import Outcome
from gateway.model.states import DELIVERY, ENDED, DeliveryEvent, DeliveryState, advance

# Made once: building a statement costs SQLAlchemy more than running it.
_NEW = insert(delivery)
_ONE = select(delivery).where(delivery.c.id == bindparam("number"))
_OF_DOCUMENT = select(delivery).where(delivery.c.document_id == bindparam("number")).order_by(delivery.c.id)
_LAST = (
    select(delivery)
    .where(delivery.c.document_id == bindparam("number"), delivery.c.destination == bindparam("name"))
    .order_by(delivery.c.id.desc())
    .limit(1)
)
_LED_BY = select(delivery).where(delivery.c.lead_id == bindparam("number")).order_by(delivery.c.id)
_WAITING_FOR = select(delivery.c.id).where(delivery.c.after_id == bindparam("number"))
_SAME = update(delivery).where(delivery.c.id == bindparam("row_id"), delivery.c.version == bindparam("row_version"))
_NEW_ATTEMPT = insert(attempt)
_END_ATTEMPT = update(attempt).where(attempt.c.id == bindparam("row_id"))
_SIZE_OF_DOCUMENT = select(arrival.c.size).join(document).where(document.c.id == bindparam("number"))
_SIZE_OF_ARRIVAL = select(arrival.c.size).where(arrival.c.seq == bindparam("number"))
_DESTINATION = select(destination).where(destination.c.name == bindparam("of"))


def plan(c: Connection, name: str, at: float, **values: object) -> int:
    """A delivery to make (or, in state not-applicable, the reason why there is none); its number."""
    state = values.pop("state", DeliveryState.WAITING)
    return new_id(c, _NEW, {"destination": name, "planned_at": at, "state": state, **values})


def get_delivery(c: Connection, number: int) -> Delivery:
    """A delivery that exists."""
    return as_value(Delivery, c.execute(_ONE, {"number": number}).one())


def of_document(c: Connection, number: int) -> list[Delivery]:
    """The deliveries of a document, in the order planned."""
    return as_values(Delivery, c.execute(_OF_DOCUMENT, {"number": number}).all())


def last_of(c: Connection, number: int, name: str) -> Delivery | None:
    """The newest delivery of a document to a destination."""
    row = c.execute(_LAST, {"number": number, "name": name}).one_or_none()
    return None if row is None else as_value(Delivery, row)


def first_of(c: Connection, number: int, name: str) -> Delivery | None:
    """The delivery of a document as its sender sent it; those of our own versions come after."""
    return next((one for one in of_document(c, number) if one.destination == name), None)


def held_by(c: Connection, number: int, name: str) -> list[Delivery]:
    """The versions of a document that a destination took, oldest first: it holds the last one."""
    taken = (one for one in of_document(c, number) if one.destination == name and one.purpose in ("create", "replace"))
    return [one for one in taken if one.state is DeliveryState.DONE]


def answers_of(c: Connection, seq: int) -> list[Delivery]:
    """The answers to an arrival, in the order planned."""
    query = select(delivery).where(delivery.c.arrival_seq == seq).order_by(delivery.c.id)
    return as_values(Delivery, c.execute(query).all())


def mail_size(c: Connection, found: Delivery) -> int:
    """The size in bytes of the mail that a delivery comes from."""
    of = _SIZE_OF_ARRIVAL if found.document_id is None else _SIZE_OF_DOCUMENT
    return int(c.execute(of, {"number": found.document_id or found.arrival_seq}).scalar_one())


def waiting_for(c: Connection, number: int) -> list[int]:
    """The deliveries that wait for the end of this one."""
    return list(c.execute(_WAITING_FOR, {"number": number}).scalars())


def led_by(c: Connection, number: int) -> list[Delivery]:
    """The deliveries that go along in the submission of this one, in the order planned."""
    return as_values(Delivery, c.execute(_LED_BY, {"number": number}).all())


def move(c: Connection, found: Delivery, event: DeliveryEvent, at: float, **values: object) -> Delivery:
    """Advance a delivery's state and set columns. StaleError when the row is no longer the one that was read.

    What has ended goes along with nothing any more.
    """
    state = advance(DELIVERY, found.state, event)
    over: dict[str, Any] = {"ended_at": at, "lead_id": None} if state in ENDED else {"ended_at": None}
    return change(c, found, state=state, **over, **values)


def change(c: Connection, found: Delivery, **values: object) -> Delivery:
    """Set columns of a delivery. StaleError when the row is no longer the one that was read."""
    changed: dict[str, Any] = {"version": found.version + 1, **values}
    if c.execute(_SAME, {"row_id": found.id, "row_version": found.version, **changed}).rowcount != 1:
        raise StaleError(f"delivery {found.id}")
    return replace(found, **changed)


def begin_attempt(c: Connection, number: int, token: str, payload: str, key: str, at: float) -> int:
    """An attempt, before its first byte leaves; its number."""
    values = {"delivery_id": number, "token": token, "payload": payload, "key": key, "started_at": at}
    return new_id(c, _NEW_ATTEMPT, values)


def end_attempt(c: Connection, number: int, outcome: Outcome, at: float) -> None:
    """What came of an attempt; a late answer is kept as evidence all the same."""
    values = {"ended_at": at, "answer": outcome.answer, "code": outcome.code, "text": outcome.text}
    c.execute(_END_ATTEMPT, {"row_id": number, **values})


def attempts(c: Connection, number: int) -> list[Attempt]:
    """The attempts of a delivery, in order."""
    query = select(attempt).where(attempt.c.delivery_id == number).order_by(attempt.c.id)
    return as_values(Attempt, c.execute(query).all())


def payloads(c: Connection) -> set[str]:
    """The vault addresses that deliveries still refer to."""
    query = select(delivery.c.payload).where(delivery.c.payload.is_not(None))
    return set(c.execute(query).scalars())


def running_of_patient(c: Connection, ipps: Sequence[str]) -> list[Delivery]:
    """What is queued for these patients and has not ended."""
    query = (
        select(delivery)
        .join(document, document.c.id == delivery.c.document_id)
        .where(document.c.ipp.in_(list(ipps)), delivery.c.state.not_in(ENDED))
    )
    return as_values(Delivery, c.execute(query).all())


def done_of_patient(c: Connection, ipps: Sequence[str]) -> list[Delivery]:
    """What was filed or fed under these patients."""
    query = (
        select(delivery)
        .join(document, document.c.id == delivery.c.document_id)
        .where(document.c.ipp.in_(list(ipps)), delivery.c.state == DeliveryState.DONE)
        .where(delivery.c.purpose.in_(("create", "replace")))
    )
    return as_values(Delivery, c.execute(query).all())


def get_destination(c: Connection, name: str) -> DestinationRow:
    """How a destination does; a quiet row when it was never spoken of."""
    row = c.execute(_DESTINATION, {"of": name}).one_or_none()
    if row is None:
        return DestinationRow(name, False, "", 0, None, None, "", "")
    return as_value(DestinationRow, row)


def set_destination(c: Connection, name: str, **values: object) -> None:
    """Note how a destination does."""
    if c.execute(update(destination).where(destination.c.name == name).values(**values)).rowcount == 0:
        c.execute(insert(destination).values(name=name, **values))


def count_states(c: Connection) -> dict[tuple[str, str], int]:
    """How many deliveries are in each state, by destination."""
    query = select(delivery.c.destination, delivery.c.state, func.count()).group_by(
        delivery.c.destination, delivery.c.state
    )
    return {(row[0], row[1]): row[2] for row in c.execute(query)}
