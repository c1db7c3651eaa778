"""The mails that we send by MSSanté: what a report that comes back may speak of."""

from __future__ import annotations

from sqlalchemy import Connection, insert, or_, select

from gateway.ledger.rows import Outgoing, as_value, as_values
from gateway.ledger.tables import outgoing


def add(c: Connection, message_id: str, recipient: str, delivery: int, at: float) -> None:
    """A mail that delivery ``delivery`` sends to ``recipient``."""
    c.execute(insert(outgoing).values(message_id=message_id, recipient=recipient, delivery_id=delivery, at=at))


def of_delivery(c: Connection, number: int) -> Outgoing | None:
    """What a delivery sends."""
    row = c.execute(select(outgoing).where(outgoing.c.delivery_id == number)).one_or_none()
    return None if row is None else as_value(Outgoing, row)


def to(c: Connection, message_id: str, recipient: str) -> Outgoing | None:
    """The mail of this id to this recipient."""
    same = (outgoing.c.message_id == message_id) & (outgoing.c.recipient == recipient)
    row = c.execute(select(outgoing).where(same)).one_or_none()
    return None if row is None else as_value(Outgoing, row)


def of_message(c: Connection, message_id: str, envelope_id: str) -> list[Outgoing]:
    """The mails of this id, or whose id begins with the one that the envelope carried; empty: it names none."""
    wanted = [outgoing.c.message_id == message_id] if message_id else []
    if envelope_id:
        wanted.append(outgoing.c.message_id.startswith(f"<{envelope_id}@", autoescape=True))
    if not wanted:
        return []
    query = select(outgoing).where(or_(*wanted)).order_by(outgoing.c.id)
    return as_values(Outgoing, c.execute(query).all())
