"""Documents of one mail for one patient go to the DMP in one submission set (REC_2.1-1160, docs/adr/0033).

One delivery leads and has the job. Those that go along name it in ``lead_id`` and have none: what becomes of the lead's
attempt becomes of them, in the same commit. Whatever parts them (an end, a refusal, a person's hold, a document that
must not go or is there already) gives each its own job, so that nobody ever waits for another's trouble.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.ledger import deliveries, documents, jobs
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery
from gateway.model.documents import Action
from gateway.model.states import DeliveryState

#: Documents of a set, and their bytes as carried. A set fails whole, is held in memory whole, and its answer must come
#: within ``dmp.timeout``: beyond that, one more set is the smaller evil.
MOST = 10
LARGEST = 10_000_000

QUIET = (DeliveryState.PLANNED, DeliveryState.WAITING)


@dataclass(slots=True)
class _Set:
    lead: int
    count: int
    size: int

    def has_room(self, size: int) -> bool:
        return self.count < MOST and self.size + size <= LARGEST


def gather(c: Connection, orders: Sequence[Job], lane: str, sizes: Mapping[int, int]) -> list[Job]:
    """Of the deliveries of one mail just planned, new documents of one patient go along with the first of them.

    ``sizes``: bytes by document. Those that go along have no job any more; the jobs that remain.
    """
    if sum(order.lane == lane for order in orders) < 2:
        return list(orders)
    sets: dict[str, _Set] = {}
    return [order for order in orders if order.lane != lane or not _goes_along(c, order, sets, sizes)]


def _goes_along(c: Connection, order: Job, sets: dict[str, _Set], sizes: Mapping[int, int]) -> bool:
    one = deliveries.get_delivery(c, order.subject)
    if one.purpose != Action.CREATE or one.document_id is None:
        return False
    size, patient = sizes[one.document_id], documents.get_document(c, one.document_id).ipp or ""
    known = sets.get(patient)
    if known is None or not known.has_room(size):
        sets[patient] = _Set(one.id, 1, size)
        return False
    known.count, known.size = known.count + 1, known.size + size
    deliveries.change(c, one, lead_id=known.lead)
    return jobs.finish(c, order)


def boarding(c: Connection, lead: Delivery) -> list[Delivery]:
    """Those that would go along with it now."""
    return [one for one in deliveries.led_by(c, lead.id) if one.state in QUIET]


def aboard(c: Connection, lead: Delivery) -> list[Delivery]:
    """Those that left with it, in the payload that it left with."""
    if lead.state in QUIET:
        return []
    return [one for one in deliveries.led_by(c, lead.id) if (one.state, one.payload) == (lead.state, lead.payload)]


def part(c: Connection, house: House, lead: Delivery) -> None:
    """It leads no more: the next of those not yet on their way leads the others; those that left go on alone."""
    led = deliveries.led_by(c, lead.id)
    for one in led:
        if one.state not in QUIET:
            alone(c, house, one)
    for place, one in enumerate(quiet := [one for one in led if one.state in QUIET]):
        if place == 0:
            alone(c, house, one)
        else:
            deliveries.change(c, one, lead_id=quiet[0].id)


def alone(c: Connection, house: House, one: Delivery, due: float | None = None) -> None:
    """It goes on by itself, now or at ``due``."""
    deliveries.change(c, one, lead_id=None)
    jobs.enqueue(c, "deliver", one.destination, one.id, house.now if due is None else due)


def caught(c: Connection, house: House, one: Delivery) -> bool:
    """Whether a person or a patient's change has caught it on its way: then it goes on by itself."""
    if one.held:
        alone(c, house, one)
    return one.held
