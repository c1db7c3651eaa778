"""What the hospital's own record is told of its documents: planned with what it tells of (``delivering.to_zam``)."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.judgement.judge import is_patient
from gateway.flow.planning import mailing, posted
from gateway.flow.planning.tidings import of_dmp, of_rejection, orders_of
from gateway.ledger import deliveries, documents, jobs, outgoing
from gateway.ledger.rows import Arrival, Delivery, Document
from gateway.model.documents import MailReading
from gateway.model.orders import Orders, Tidings
from gateway.model.reasons import Reason
from gateway.model.states import ENDED, DeliveryState

ACK, DMP = "ack", "dmp"

_NO_MAILBOX = "Aucune boîte d'envoi n'est configurée ([submission] mailbox) : rien n'est parti par MSSanté."


def of_dmp_to_all(c: Connection, house: House, found: Document, ended: Delivery | None, orders: Orders | None) -> None:
    """The DMP's answer, to each message of the record that handed the document over."""
    if orders is None or ended is None:
        return
    _of_dmp(c, house, found.id, ended, orders)
    for copy in documents.repeats(c, found.id):
        _of_dmp(c, house, copy.id, ended, orders_of(c, copy))


def of_mail(c: Connection, house: House, ended: Delivery, orders: Orders | None) -> None:
    """A mail has left, or will not."""
    number = ended.document_id
    if number is None or orders is None:
        return
    row = outgoing.of_delivery(c, ended.id)
    news = posted.of_end(ended, orders, row.recipient if row else "")
    if news is not None:
        tell(c, house, number, news)
    if ended.state is DeliveryState.NOT_APPLICABLE:
        _mail_failed(c, house, number, _NO_MAILBOX)


def heard(c: Connection, house: House, seen: Arrival, reading: MailReading) -> None:
    """A report came back of mails of ours: the record is told, and of a failure a person."""
    if reading.report is None or not seen.trusted:
        return
    for row, fate in mailing.reported(c, reading):
        about = deliveries.get_delivery(c, row.delivery_id)
        if about.document_id is None:
            continue
        orders = orders_of(c, documents.get_document(c, about.document_id))
        news = posted.of_fate(reading.report.kind, fate, orders, row.recipient) if orders is not None else None
        if news is not None and not _told(c, about.document_id, news):
            tell(c, house, about.document_id, news)
        wrong = posted.failed(reading.report.kind, fate)
        if wrong:
            whose = "le patient" if is_patient(row.recipient) else row.recipient
            _mail_failed(c, house, about.document_id, f"Pour {whose} : {wrong}.")


def rejected(c: Connection, house: House, found: Document) -> None:
    """A person has put a document aside: its record, if it waits for the DMP's answer, is told."""
    orders = orders_of(c, found)
    if orders is not None and orders.to_dmp and orders.receipt_wanted:
        tell(c, house, found.id, of_rejection(found))


def repeated(c: Connection, house: House, copy: Document) -> None:
    """The record handed a document over once more: what became of it is told to that message too, once it ended."""
    orders = orders_of(c, copy)
    sent = deliveries.first_of(c, copy.duplicate_of, DMP) if orders is not None and copy.duplicate_of else None
    if sent is not None and sent.state in ENDED:
        _of_dmp(c, house, copy.id, sent, orders)


def tell(c: Connection, house: House, number: int, news: Tidings) -> None:
    """Plan to tell the hospital's own record what became of a document of its own (``flow.delivering.to_zam``)."""
    says = msgspec.json.encode(news).decode()
    values: dict[str, object] = {"document_id": number, "purpose": news.event, "says": says}
    if house.settings.ack is None:
        values |= {"reason": "not-configured", "ended_at": house.now}
        deliveries.plan(c, ACK, house.now, state=DeliveryState.NOT_APPLICABLE, **values)
        return
    planned = deliveries.plan(c, ACK, house.now, **values)
    jobs.enqueue(c, "deliver", ACK, planned, house.now)


def _of_dmp(c: Connection, house: House, number: int, ended: Delivery, orders: Orders | None) -> None:
    """The same, for who asked for the DMP and for its answer."""
    if orders is not None and orders.to_dmp and orders.receipt_wanted:
        tell(c, house, number, of_dmp(ended))


def _mail_failed(c: Connection, house: House, number: int, detail: str) -> None:
    documents.open_entry(c, number, Reason.MSSANTE_REFUSED, house.now, destination=mailing.MSSANTE, detail=detail)


def _told(c: Connection, number: int, news: Tidings) -> bool:
    """Whether the record was told the same before: servers repeat themselves."""
    says = msgspec.json.encode(news).decode()
    return any(one.destination == ACK and one.says == says for one in deliveries.of_document(c, number))
