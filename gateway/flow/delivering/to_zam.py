"""The leg to the hospital's own record of what became of its documents: ZAM messages over MLLP."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.flow.delivering.legs import Go, Ready, Skip, Wait
from gateway.flow.house import House
from gateway.flow.planning.tidings import orders_of
from gateway.ledger import documents, mails
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Destination, Frozen
from gateway.model.documents import Action
from gateway.model.orders import Tidings
from gateway.protocols import zam

PARIS = ZoneInfo("Europe/Paris")
GONE = "purged"


@dataclass(frozen=True, slots=True)
class ToZam:
    """What is particular to these messages. The record knows them by MSH-10: after a doubt it gets the same again."""

    house: House
    destination: Destination
    unknown_wait: float
    look_ups: int = 1

    async def still(self, delivery: Delivery) -> Skip | Wait | None:  # noqa: ARG002 - the leg's signature
        """Nothing changes what the record is told."""
        return None

    async def ready(self, delivery: Delivery) -> Ready:
        """Freeze the message; its id derives from the document, and from what is told of it and since when."""
        frozen = await self.house.ledger.read(lambda c: _message(c, delivery))
        return Skip(GONE) if frozen is None else Go(frozen, "")


def _message(c: Connection, delivery: Delivery) -> Frozen | None:
    """None when the message that asked is no longer kept."""
    found = documents.get_document(c, delivery.document_id or 0)
    orders = orders_of(c, found)
    if orders is None:
        return None
    mail = mails.get_mail(c, mails.get_arrival(c, found.arrival_seq).mail_id or 0)
    seed = f"{mail.digest}/{found.ordinal}/{delivery.planned_at:.0f}/{delivery.says}"
    control_id = hashlib.sha256(seed.encode()).hexdigest()[:20]
    time = datetime.fromtimestamp(delivery.planned_at, PARIS).strftime("%Y%m%d%H%M%S%z")
    body = zam.build(orders.origin, msgspec.json.decode(delivery.says, type=Tidings), control_id, time)
    head = msgspec.json.encode({"control_id": control_id})
    return Frozen(control_id, Action.CREATE, head, body)
