"""The ledger as others look at it: what became of each document (DESIGN §7, ``gateway results``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import Connection, select

from gateway.ledger.rows import Arrival, Delivery, Document, as_value
from gateway.ledger.tables import arrival, delivery, document
from gateway.model.documents import Action
from gateway.model.states import DeliveryState, DocumentState


class Line(Struct, frozen=True):
    """One document of one arrival, in the words of the contract."""

    id: int
    source: str
    message_id: str
    filename: str
    sha256: str
    unique_id: str | None
    fed_unique_id: str | None
    action: str
    outcome: str
    reason: str | None
    patient_ipp: str | None
    type_code: str | None
    dpi: str
    dmp: str
    dmp_reason: str | None


_OUTCOMES = {
    DocumentState.FOUND: "pending",
    DocumentState.READ: "pending",
    DocumentState.DECIDED: "filed",
    DocumentState.SETTLED: "filed",
    DocumentState.SUPERSEDED: "filed",
    DocumentState.QUARANTINED: "quarantined",
    DocumentState.IGNORED: "ignored",
    DocumentState.REJECTED: "rejected",
}

_DPI = {DeliveryState.DONE: "delivered", DeliveryState.NOT_APPLICABLE: "off"}
_DMP = {DeliveryState.DONE: "fed", DeliveryState.NOT_APPLICABLE: "not-fed"}
_BOTH = {
    DeliveryState.PLANNED: "waiting",
    DeliveryState.WAITING: "waiting",
    DeliveryState.SENDING: "waiting",
    DeliveryState.UNKNOWN: "unknown",
    DeliveryState.REFUSED: "refused",
    DeliveryState.WITHDRAWN: "withdrawn",
}


def results(c: Connection) -> Iterator[Line]:
    """Every document of every arrival, in order; a mail not yet read has one line of its own."""
    delivered = defaultdict(list)
    for row in c.execute(select(delivery).where(delivery.c.document_id.is_not(None)).order_by(delivery.c.id)):
        one = as_value(Delivery, row)
        delivered[one.document_id].append(one)
    found = defaultdict(list)
    for row in c.execute(select(document).order_by(document.c.ordinal)):
        its = as_value(Document, row)
        found[its.arrival_seq].append(its)
    for row in c.execute(select(arrival).order_by(arrival.c.seq)):
        seen = as_value(Arrival, row)
        for its in found[seen.seq]:
            yield _line(seen, its, delivered[its.id])
        if not found[seen.seq]:
            yield _unread(seen)


def _line(seen: Arrival, its: Document, deliveries: list[Delivery]) -> Line:
    dpi = next((d for d in reversed(deliveries) if d.destination == "dpi"), None)
    dmp = next((d for d in deliveries if d.destination == "dmp" and d.purpose != "withdraw"), None)
    outcome = _OUTCOMES[its.state]
    off = dmp is not None and dmp.state is DeliveryState.NOT_APPLICABLE and dmp.reason == "off"
    return Line(
        id=its.id,
        source=seen.source,
        message_id=seen.message_id,
        filename=its.filename,
        sha256=its.sha256,
        unique_id=its.unique_id or None,
        fed_unique_id=dmp.unique_id if dmp and dmp.state is DeliveryState.DONE and dmp.unique_id else None,
        action=its.action,
        outcome=outcome,
        reason=(its.ignored if outcome == "ignored" else its.reason) or None,
        patient_ipp=its.ipp if outcome == "filed" else None,
        type_code=its.type_code,
        dpi="off" if dpi is None else (_DPI | _BOTH)[dpi.state],
        dmp="off" if dmp is None or off else _fed(dmp),
        dmp_reason=_why(outcome, its, dmp),
    )


def _fed(dmp: Delivery) -> str:
    if dmp.state is DeliveryState.DONE and dmp.reason == "already-there":
        return "already-there"
    return (_DMP | _BOTH)[dmp.state]


def _why(outcome: str, its: Document, dmp: Delivery | None) -> str | None:
    if outcome == "quarantined":
        return "quarantined"
    if outcome == "ignored":
        return its.ignored
    if dmp is None or dmp.state is DeliveryState.DONE:
        return None
    return dmp.reason or dmp.code or None


def _unread(seen: Arrival) -> Line:
    return Line(
        id=0,
        source=seen.source,
        message_id=seen.message_id,
        filename="",
        sha256="",
        unique_id=None,
        fed_unique_id=None,
        action=Action.CREATE,
        outcome="pending",
        reason=None,
        patient_ipp=None,
        type_code=None,
        dpi="off",
        dmp="off",
        dmp_reason=None,
    )
