"""What follows from a decision, and from the end of a delivery: planned in the same commit as its cause."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.judgement.judge import Judgement
from gateway.flow.planning import answers, chain, mailing, standing, telling, together
from gateway.flow.planning.tidings import orders_of
from gateway.ledger import deliveries, documents, jobs, mails
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery, Document
from gateway.model.documents import Action, DocumentReading
from gateway.model.reasons import Ignored, NotFed, Reason
from gateway.model.states import ENDED, DeliveryState, DocumentEvent, DocumentState, MailState

DPI, DMP, RECEIPT, ACK, MSSANTE = answers.DPI, telling.DMP, answers.RECEIPT, telling.ACK, mailing.MSSANTE

_STAYS = (
    "Cette version n'a pas été versée au DMP ({reason}), qui garde la précédente, que son auteur a corrigée. À faire : "
    "demander à l'auteur de la remplacer ou de la supprimer par Web-PS, puis clore cette entrée (reject)."
)
#: Nobody meant the replacement for the DMP, or the record refused it and keeps the version before too.
_NOT_MEANT = frozenset({NotFed.OFF, Reason.DPI_REFUSED, standing.WITHDRAWN})


def file(
    c: Connection, house: House, found: Document, judgement: Judgement, one: DocumentReading, decision: int
) -> list[Job]:
    """File a document: its deliveries, planned together; their jobs are already in hand."""
    match, ruling = judgement.match, judgement.ruling
    assert match is not None and ruling is not None, "what is filed has a patient and a type"  # noqa: S101, PT018
    parent = _parent(c, one)
    filed = documents.move(
        c,
        found,
        DocumentEvent.DECIDE,
        ipp=match.ipp,
        type_code=ruling.type.code,
        decision_id=decision,
        reason=None,
        parent_id=parent.id if parent else None,
        hidden_since=hidden_since(house, found, judgement),
    )
    for copy in documents.joined(c, filed.id):
        documents.move(c, copy, DocumentEvent.IGNORE, ignored=Ignored.DUPLICATE, reason=None)
        settle_arrival(c, house, copy.arrival_seq)
    dpi = _plan_dpi(c, house, filed, parent, one)
    dmp = _plan_dmp(c, house, filed, parent, one, judgement.not_fed, dpi)
    if dmp is None:
        telling.of_dmp_to_all(c, house, filed, deliveries.last_of(c, filed.id, DMP), one.orders)
    mailed = mailing.plan_mails(c, house, filed, parent, one)
    for one_mail in mailed:
        if one_mail.state in ENDED:
            telling.of_mail(c, house, one_mail, one.orders)
    sent = [one_mail.id for one_mail in mailed if one_mail.state not in ENDED]
    orders = [order for order in (dpi, dmp, *sent) if order is not None]
    if not orders:
        close(c, house, filed.id)
    return [_order(c, house, number) for number in orders]


def hidden_since(house: House, found: Document, judgement: Judgement) -> float | None:
    """Now, for what the patient shall not see before a professional has spoken to him."""
    hidden = judgement.visibility.invisible_to_patient and found.action is not Action.DELETE
    return house.now if hidden else None


def ended(c: Connection, house: House, done: Delivery) -> None:
    """A delivery has ended: who waited for it, or went along, may go on; its document and mail may be settled."""
    together.part(c, house, done)
    jobs.wake(c, "deliver", deliveries.waiting_for(c, done.id), house.now)
    if done.document_id is not None:
        found = documents.get_document(c, done.document_id)
        if done.destination == DMP and done.purpose == found.action and done.revision == 1:
            telling.of_dmp_to_all(c, house, found, done, orders_of(c, found))
        elif done.destination == MSSANTE:
            telling.of_mail(c, house, done, orders_of(c, found))
        close(c, house, done.document_id)


def close(c: Connection, house: House, number: int) -> None:
    """Settle a document when nothing is left to do for it; then what it replaces, and its mail."""
    if not documents.settle_if_ended(c, number):
        return
    found = documents.get_document(c, number)
    if found.parent_id is not None and found.state is DocumentState.SETTLED:
        _tell_what_stays(c, house, documents.get_document(c, found.parent_id), found)
        _supersede(c, found.parent_id, found)
    settle_arrival(c, house, found.arrival_seq)


def settle_arrival(c: Connection, house: House, seq: int) -> None:
    """Settle an arrival when each of its documents is closed, and answer the sender."""
    seen = mails.get_arrival(c, seq)
    if seen.state is not MailState.READ:
        return
    if documents.all_closed(c, seq):
        mails.arrival_settled(c, seen, house.now)
        answers.answer(c, house, seen, answers.worst_code(c, seq))
        return
    if answers.sender_mends(c, seq):
        answers.answer(c, house, seen, answers.worst_code(c, seq))
    elif answers.addressees(c, house, seen, "906"):
        due = seen.at + house.settings.receipt.max_wait
        order = jobs.enqueue(c, "overdue", RECEIPT, seq, due)
        jobs.park(c, order, "timer")


def overdue(c: Connection, house: House, job: Job) -> None:
    """The sender has waited long enough: he is told so, once."""
    seen = mails.get_arrival(c, job.subject)
    if jobs.finish(c, job) and seen.state is not MailState.SETTLED:
        answers.answer(c, house, seen, answers.worst_code(c, seen.seq) or "906")


def _plan_dpi(
    c: Connection, house: House, filed: Document, parent: Document | None, one: DocumentReading
) -> int | None:
    values: dict[str, object] = {"document_id": filed.id, "purpose": filed.action}
    if house.settings.dpi.kind == "none" or one.orders is not None:
        deliveries.plan(c, DPI, house.now, state=DeliveryState.NOT_APPLICABLE, reason=NotFed.OFF, **values)
        return None
    return deliveries.plan(c, DPI, house.now, after_id=_predecessor(c, parent, DPI), **values)


def _plan_dmp(
    c: Connection,
    house: House,
    filed: Document,
    parent: Document | None,
    one: DocumentReading,
    not_fed: NotFed | None,
    dpi: int | None,
) -> int | None:
    values: dict[str, object] = {"document_id": filed.id, "purpose": filed.action}
    if not house.settings.dmp.enabled or (one.orders is not None and not one.orders.to_dmp):
        not_fed = NotFed.OFF
    elif filed.action is Action.DELETE:
        not_fed = None  # what was fed is taken back whatever has changed since
    if not_fed is not None:
        values |= {"reason": not_fed, "ended_at": house.now}
        deliveries.plan(c, DMP, house.now, state=DeliveryState.NOT_APPLICABLE, **values)
        return None
    after = _predecessor(c, parent, DMP)
    if house.settings.dmp.order == "after-dpi" and dpi is not None:
        return deliveries.plan(c, DMP, house.now, state=DeliveryState.PLANNED, after_id=after or dpi, **values)
    return deliveries.plan(c, DMP, house.now, after_id=after, **values)


def _predecessor(c: Connection, parent: Document | None, name: str) -> int | None:
    """The delivery of the version before, when it has not ended."""
    before = deliveries.last_of(c, parent.id, name) if parent else None
    return before.id if before is not None and before.state not in ENDED else None


def _order(c: Connection, house: House, number: int) -> Job:
    planned = deliveries.get_delivery(c, number)
    return jobs.enqueue(c, "deliver", planned.destination, number, house.now, house.lease)


def _parent(c: Connection, one: DocumentReading) -> Document | None:
    if one.action is Action.CREATE:
        return None
    wanted = one.unique_id if one.action is Action.DELETE else one.header.parent_id if one.header else ""
    return documents.filed_with_id(c, wanted) if wanted else None


def _tell_what_stays(c: Connection, house: House, parent: Document, successor: Document) -> None:
    """A replacement that was not fed leaves in the DMP the version that its author corrected: somebody must know."""
    fed = deliveries.last_of(c, successor.id, DMP)
    kept_away = fed is not None and fed.state is DeliveryState.NOT_APPLICABLE and fed.reason not in _NOT_MEANT
    if fed is None or not kept_away or successor.action is not Action.REPLACE:
        return
    if chain.standing(c, parent, successor, DMP) is not None:
        detail = _STAYS.format(reason=fed.reason)
        documents.open_entry(c, successor.id, Reason.DMP_REFUSED, house.now, destination=DMP, detail=detail)


def _supersede(c: Connection, number: int, successor: Document) -> None:
    """The version before is superseded once its successor is settled; if the record refused, it stands."""
    dpi = deliveries.last_of(c, successor.id, DPI)
    before = documents.get_document(c, number)
    standing = before.state in (DocumentState.DECIDED, DocumentState.SETTLED)
    if standing and (dpi is None or dpi.state is not DeliveryState.REFUSED):
        documents.move(c, before, DocumentEvent.SUPERSEDE, superseded_by=successor.id)
