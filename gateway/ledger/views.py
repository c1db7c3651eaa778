"""The ledger as others look at it: what became of each document, what is on its way (DESIGN §7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, select

from gateway.ledger.rows import Arrival, Delivery, Document, as_value
from gateway.ledger.tables import arrival, attempt, delivery, document, entry, job
from gateway.model.documents import Action
from gateway.model.states import ENDED, DeliveryState, DocumentState, MailState


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


class Queued(Struct, frozen=True):
    """A delivery that has not ended. Instants are seconds since 1970; ``next_try`` None: nothing is due by itself."""

    delivery: int
    destination: str
    document: int | None
    purpose: str
    state: str
    held: bool
    since: float
    tries: int
    next_try: float | None
    parked: str | None
    code: str
    text: str


class Standing(Struct, frozen=True):
    """The numbers of an operator. ``waiting`` are deliveries that move by themselves; ``today`` those done, by
    destination; ``unread`` arrivals not read yet; ``oldest`` when the oldest open entry was opened.
    """

    to_review: int
    oldest: float | None
    waiting: int
    waiting_since: float | None
    unread: int
    backlog: dict[str, int]
    today: dict[str, int]


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


def result(c: Connection, number: int) -> Line:
    """The line of one document."""
    its = as_value(Document, c.execute(select(document).where(document.c.id == number)).one())
    seen = as_value(Arrival, c.execute(select(arrival).where(arrival.c.seq == its.arrival_seq)).one())
    rows = c.execute(select(delivery).where(delivery.c.document_id == number).order_by(delivery.c.id))
    return _line(seen, its, [as_value(Delivery, row) for row in rows])


def queue(c: Connection, name: str | None = None) -> list[Queued]:
    """What has not ended, oldest first; of one destination, or of all."""
    tries = select(func.count()).where(attempt.c.delivery_id == delivery.c.id).scalar_subquery()
    order = (job.c.kind == "deliver") & (job.c.subject == func.coalesce(delivery.c.lead_id, delivery.c.id))
    query = (
        select(delivery, job.c.due, job.c.parked, tries.label("tries"))
        .join(job, order, isouter=True)
        .where(delivery.c.state.not_in(ENDED))
        .order_by(delivery.c.id)
    )
    if name is not None:
        query = query.where(delivery.c.destination == name)
    return [
        Queued(
            delivery=row.id,
            destination=row.destination,
            document=row.document_id,
            purpose=row.purpose,
            state=row.state,
            held=row.held,
            since=row.planned_at,
            tries=row.tries,
            next_try=None if row.parked in ("held", "after") else row.due,
            parked=row.parked,
            code=row.code,
            text=row.text,
        )
        for row in c.execute(query)
    ]


def standing(c: Connection, midnight: float) -> Standing:
    """How things stand; "today" begins at ``midnight``."""
    still = delivery.c.state.not_in(ENDED)
    moving = still & ~delivery.c.held
    today = (delivery.c.state == DeliveryState.DONE) & (delivery.c.ended_at >= midnight)
    to_review, oldest = c.execute(
        select(func.count(), func.min(entry.c.opened_at)).where(entry.c.closed_at.is_(None))
    ).one()
    waiting, since = c.execute(select(func.count(), func.min(delivery.c.planned_at)).where(moving)).one()
    unread = select(func.count()).select_from(arrival).where(arrival.c.state == MailState.RECEIVED)
    return Standing(
        to_review=to_review,
        oldest=oldest,
        waiting=waiting,
        waiting_since=since,
        unread=c.execute(unread).scalar_one(),
        backlog=_by_destination(c, still),
        today=_by_destination(c, today),
    )


def _by_destination(c: Connection, which: ColumnElement[bool]) -> dict[str, int]:
    query = select(delivery.c.destination, func.count()).where(which).group_by(delivery.c.destination)
    return {row[0]: row[1] for row in c.execute(query)}


def _line(seen: Arrival, its: Document, deliveries: list[Delivery]) -> Line:
    dpi, dmp = _speaks(deliveries, "dpi"), _speaks(deliveries, "dmp")
    held = [
        d for d in deliveries if d.destination == "dmp" and d.purpose != "withdraw" and d.state is DeliveryState.DONE
    ]
    outcome = _OUTCOMES[its.state]
    off = dmp is not None and dmp.state is DeliveryState.NOT_APPLICABLE and dmp.reason == "off"
    return Line(
        id=its.id,
        source=seen.source,
        message_id=seen.message_id,
        filename=its.filename,
        sha256=its.sha256,
        unique_id=its.unique_id or None,
        fed_unique_id=(held[-1].unique_id if held else "") or None,
        action=its.action,
        outcome=outcome,
        reason=(its.ignored if outcome == "ignored" else its.reason) or None,
        patient_ipp=its.ipp if outcome == "filed" else None,
        type_code=its.type_code,
        dpi="off" if dpi is None else _kept_back(dpi) or (_DPI | _BOTH)[dpi.state],
        dmp="off" if dmp is None or off else _fed(dmp),
        dmp_reason=_why(outcome, its, dmp),
    )


def _speaks(deliveries: list[Delivery], name: str) -> Delivery | None:
    """The delivery that tells how a destination stands: the newest, but a version that does not go there leaves the one
    before in its place.
    """
    rows = [d for d in deliveries if d.destination == name and d.purpose != "withdraw"]
    taken = [d for d in rows if d.state is not DeliveryState.NOT_APPLICABLE] or rows
    return taken[-1] if taken else None


def _kept_back(one: Delivery) -> str | None:
    """A person took the document back before it left."""
    return "withdrawn" if one.state is DeliveryState.NOT_APPLICABLE and one.reason == "withdrawn" else None


def _fed(dmp: Delivery) -> str:
    if dmp.state is DeliveryState.DONE and dmp.reason == "already-there":
        return "already-there"
    return _kept_back(dmp) or (_DMP | _BOTH)[dmp.state]


def _why(outcome: str, its: Document, dmp: Delivery | None) -> str | None:
    if outcome == "quarantined":
        return "quarantined"
    if outcome == "ignored":
        return its.ignored
    if dmp is None or dmp.state is DeliveryState.DONE or _kept_back(dmp):
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
