"""Who is answered about a mail, with which code: planned once it is settled, or cannot be (docs/adr/0040)."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.judgement.judge import is_patient
from gateway.ledger import deliveries, documents, jobs, mails
from gateway.ledger.rows import Arrival, Document
from gateway.model.documents import Envelope, MailReading
from gateway.model.orders import PLACE
from gateway.model.reasons import SENDER_MENDS, hl7_code
from gateway.model.states import DeliveryState, DocumentState
from gateway.protocols.mdn import worst

DPI, RECEIPT = "dpi", "receipt"

#: To whom an answer goes, as its delivery's purpose says: who asked; who did not ask; somebody of the hospital.
ASKED, UNASKED, HOUSE = "receipt", "notice", "error-mailbox"


def answer(c: Connection, house: House, seen: Arrival, code: str) -> None:
    """Plan the one answer to a mail. ``code`` is empty when all is well."""
    jobs.drop(c, "overdue", seen.seq)
    planned = {one.purpose for one in deliveries.answers_of(c, seen.seq)}
    for purpose in addressees(c, house, seen, code):
        if purpose not in planned:
            _plan_answer(c, house, seen, code, purpose)


def addressees(c: Connection, house: House, seen: Arrival, code: str) -> list[str]:
    """Who is answered: who asked, in the way that may be answered without a person (RFC 8098 §2.1); else, of what
    failed, those whom the hospital wants told. Machines and patients never are (RFC 3834 §2).
    """
    if seen.mail_id is None or seen.place == PLACE:
        return []
    found = mails.get_mail(c, seen.mail_id)
    reading = found.decoded() if found.reading else MailReading("", Envelope(), ())
    envelope, receipt = reading.envelope, house.settings.receipt
    back = seen.transport.sender.lower() or envelope.return_path or ""
    if envelope.automatic:
        return []
    if envelope.receipt_to and envelope.receipt_to == back:
        return [ASKED]
    documents_in = any(one.ignored is None for one in reading.documents)
    ours = envelope.sender == receipt.error_mailbox.lower()
    nobody = envelope.return_path == "" or is_patient(envelope.sender) or ours
    if not code or nobody or not documents_in:
        return []
    told = receipt.notify_sender and bool(back) and not envelope.receipt_to and not envelope.listed
    return [*([HOUSE] if receipt.error_mailbox else []), *([UNASKED] if told else [])]


def worst_code(c: Connection, seq: int) -> str:
    """Empty when the record took all that is settled; else the code of the worst."""
    return worst(fate_code(c, found) for found in documents.of_arrival(c, seq))


def fate_code(c: Connection, found: Document) -> str:
    """The volet's code of a document that is not integrated, for good or until its sender mends it; else empty."""
    mends = found.state is DocumentState.QUARANTINED and found.reason in SENDER_MENDS
    if mends or found.state is DocumentState.REJECTED:
        return hl7_code(found.reason) if found.reason else "906"
    dpi = deliveries.first_of(c, found.id, DPI)
    return (dpi.code or "906") if dpi is not None and dpi.state is DeliveryState.REFUSED else ""


def sender_mends(c: Connection, seq: int) -> bool:
    """Whether a document waits that only the sender can mend."""
    found = documents.of_arrival(c, seq)
    return any(one.state is DocumentState.QUARANTINED and one.reason in SENDER_MENDS for one in found)


def _plan_answer(c: Connection, house: House, seen: Arrival, code: str, purpose: str) -> None:
    values: dict[str, object] = {"arrival_seq": seen.seq, "purpose": purpose, "code": code}
    if house.settings.submission is None:
        values |= {"reason": "not-configured", "ended_at": house.now}
        deliveries.plan(c, RECEIPT, house.now, state=DeliveryState.NOT_APPLICABLE, **values)
        return
    number = deliveries.plan(c, RECEIPT, house.now, **values)
    jobs.enqueue(c, "deliver", RECEIPT, number, house.now)
