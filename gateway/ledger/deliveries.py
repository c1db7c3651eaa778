"""Deliveries, attempts and destinations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select, update

from gateway.ledger.documents import StaleError
from gateway.ledger.rows import Attempt, Delivery, DestinationRow, as_value, as_values, new_id
from gateway.ledger.tables import attempt, delivery, destination, document
from gateway.model.delivery import Outcome
from gateway.model.states import DELIVERY, ENDED, DeliveryEvent, DeliveryState, advance


def plan(c: Connection, name: str, at: float, **values: object) -> int:
    """A delivery to make (or, in state not-applicable, the reason why there is none); its number."""
    state = values.pop("state", DeliveryState.WAITING)
    return new_id(c, insert(delivery).values(destination=name, planned_at=at, state=state, **values))


def get_delivery(c: Connection, number: int) -> Delivery:
    """A delivery that exists."""
    return as_value(Delivery, c.execute(select(delivery).where(delivery.c.id == number)).one())


def of_document(c: Connection, number: int) -> list[Delivery]:
    """The deliveries of a document, in the order planned."""
    query = select(delivery).where(delivery.c.document_id == number).order_by(delivery.c.id)
    return as_values(Delivery, c.execute(query).all())


def last_of(c: Connection, number: int, name: str) -> Delivery | None:
    """The newest delivery of a document to a destination."""
    query = (
        select(delivery)
        .where(delivery.c.document_id == number, delivery.c.destination == name)
        .order_by(delivery.c.id.desc())
        .limit(1)
    )
    row = c.execute(query).one_or_none()
    return None if row is None else as_value(Delivery, row)


def receipt_of(c: Connection, seq: int) -> Delivery | None:
    """The newest receipt of an arrival."""
    query = select(delivery).where(delivery.c.arrival_seq == seq).order_by(delivery.c.id.desc()).limit(1)
    row = c.execute(query).one_or_none()
    return None if row is None else as_value(Delivery, row)


def waiting_for(c: Connection, number: int) -> list[int]:
    """The deliveries that wait for the end of this one."""
    return list(c.execute(select(delivery.c.id).where(delivery.c.after_id == number)).scalars())


def move(c: Connection, found: Delivery, event: DeliveryEvent, at: float, **values: object) -> Delivery:
    """Advance a delivery's state and set columns. StaleError when the row is no longer the one that was read."""
    state = advance(DELIVERY, found.state, event)
    ended = at if state in ENDED else None
    return change(c, found, state=state, ended_at=ended, **values)


def change(c: Connection, found: Delivery, **values: object) -> Delivery:
    """Set columns of a delivery. StaleError when the row is no longer the one that was read."""
    same = (delivery.c.id == found.id) & (delivery.c.version == found.version)
    if c.execute(update(delivery).where(same).values(version=found.version + 1, **values)).rowcount != 1:
        raise StaleError(f"delivery {found.id}")
    return get_delivery(c, found.id)


def begin_attempt(c: Connection, number: int, token: str, payload: str, key: str, at: float) -> int:
    """An attempt, before its first byte leaves; its number."""
    values = {"delivery_id": number, "token": token, "payload": payload, "key": key, "started_at": at}
    return new_id(c, insert(attempt).values(**values))


def end_attempt(c: Connection, number: int, outcome: Outcome, at: float) -> None:
    """What came of an attempt; a late answer is kept as evidence all the same."""
    values = {"ended_at": at, "answer": outcome.answer, "code": outcome.code, "text": outcome.text}
    c.execute(update(attempt).where(attempt.c.id == number).values(**values))


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
    row = c.execute(select(destination).where(destination.c.name == name)).one_or_none()
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
