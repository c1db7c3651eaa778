"""The hospital's own documents by MSSanté: to whom each goes, and what comes of what the recipients' servers and the
recipients themselves report (docs/adr/0039).

One mail a kind of recipient, the same bytes for each of them; a delivery for each, so that one who cannot be reached
keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.judgement.judge import is_patient
from gateway.ledger import deliveries, mails, outgoing, patients
from gateway.ledger.rows import Delivery, Document, Outgoing
from gateway.model.documents import DocumentReading, MailReading
from gateway.model.identity import Patient
from gateway.model.orders import Orders
from gateway.model.reports import Fate, ReportKind
from gateway.model.settings import Mailbox, Settings
from gateway.model.states import ENDED, DeliveryState
from gateway.protocols.outgoing import Audience, message_id, patient_address

MSSANTE = "mssante"


def plan_mails(
    c: Connection, house: House, filed: Document, parent: Document | None, one: DocumentReading
) -> list[Delivery]:
    """A delivery for each recipient whom the record names; without a mailbox to send from, one that says so."""
    orders = one.orders
    if orders is None or not (orders.to_professionals or orders.to_patient):
        return []
    values: dict[str, object] = {"document_id": filed.id, "purpose": filed.action}
    box = sending_mailbox(house.settings)
    if box is None:
        values |= {"state": DeliveryState.NOT_APPLICABLE, "reason": "not-configured", "ended_at": house.now}
        return [deliveries.get_delivery(c, deliveries.plan(c, MSSANTE, house.now, **values))]
    planned = []
    after = _predecessor(c, parent)
    seen = mails.get_arrival(c, filed.arrival_seq)
    digest = mails.get_mail(c, seen.mail_id or 0).digest
    for audience, recipient in recipients(orders, patients.surviving(c, filed.ipp or "")):
        known = message_id(seed(digest, one.part, audience), box.address)
        if outgoing.to(c, known, recipient) is None:
            number = deliveries.plan(c, MSSANTE, house.now, after_id=after, **values)
            outgoing.add(c, known, recipient, number, house.now)
            planned.append(deliveries.get_delivery(c, number))
    return planned


def recipients(orders: Orders, patient: Patient | None) -> Iterator[tuple[Audience, str]]:
    """Each recipient once; an empty address when none is known, so that the missing one is seen."""
    stated = dict.fromkeys(one.address for one in orders.recipients if one.address)
    if orders.to_professionals:
        others = [address for address in stated if not is_patient(address)]
        yield from ((Audience.PROFESSIONALS, address) for address in others or [""])
    if orders.to_patient:
        own = patient_address(patient.ins) if patient is not None and patient.qualified and patient.ins else ""
        yield Audience.PATIENT, own


def seed(digest: str, part: str, audience: Audience) -> str:
    """What the ids of a mail derive from."""
    return f"{digest}/{part}/mssante/{audience}"


def audience_of(recipient: str, orders: Orders) -> Audience:
    """To whom a delivery goes; without address, to whom of the two something was to go."""
    patient = is_patient(recipient) or (not recipient and not orders.to_professionals)
    return Audience.PATIENT if patient else Audience.PROFESSIONALS


def sending_mailbox(settings: Settings) -> Mailbox | None:
    """In whose name documents leave; None when none does."""
    if settings.submission is None:
        return None
    return next((box for box in settings.mailbox if box.name == settings.submission.mailbox), None)


def reported(c: Connection, reading: MailReading) -> Iterator[tuple[Outgoing, Fate]]:
    """What a report says of mails of ours: whoever speaks of a mail or a recipient that we did not have, or for
    somebody else than himself, is not heard.
    """
    report = reading.report
    if report is None:
        return
    ours = outgoing.of_message(c, report.message_id, report.envelope_id)
    sent = {row.recipient: row for row in ours if row.recipient}
    for fate in report.fates:
        named = fate.recipient if fate.recipient in sent else fate.original_recipient
        sender = reading.envelope.sender
        own = sender == named or (report.kind is ReportKind.DELIVERY and sender not in sent)
        if named in sent and own:
            yield sent[named], fate


def _predecessor(c: Connection, parent: Document | None) -> int | None:
    """The last mail of the version before that has not ended: versions arrive in their order."""
    before = deliveries.of_document(c, parent.id) if parent is not None else []
    return max((one.id for one in before if one.destination == MSSANTE and one.state not in ENDED), default=None)
