"""Everything that is known of one document when it is delivered, read at that moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.flow.decide import Decided, context_of, reading_of
from gateway.flow.house import House
from gateway.flow.judgement.judge import Context, travels_as
from gateway.flow.planning import standing
from gateway.flow.planning.standing import Version
from gateway.flow.reading.originals import Originals
from gateway.ledger import deliveries, documents, mails, patients
from gateway.ledger.rows import Arrival, Delivery, Document, Mail
from gateway.model.decision import Ruling
from gateway.model.documents import CdaHeader, DocumentReading, Visibility
from gateway.model.identity import Patient
from gateway.model.people import Sender
from gateway.protocols import cda, oids
from gateway.terminology import type_code

PARIS = ZoneInfo("Europe/Paris")
#: No mail was written before this year: a date that says so is none.
_OLDEST = 1970


class NoPatientError(Exception):
    """The index no longer knows the patient of a filed document."""


@dataclass(frozen=True, slots=True)
class Papers:
    """One document with its mail, its decision, its patient as the index knows him now, and its parent's fate.

    ``version``: which of our versions of it goes, or, to be taken back, stands at the destination.
    """

    document: Document
    arrival: Arrival
    mail: Mail
    reading: DocumentReading
    context: Context
    decided: Decided
    ruling: Ruling
    patient: Patient
    parent: Document | None
    parent_visibility: Visibility | None
    parent_fed: Delivery | None
    version: Version

    @property
    def visibility(self) -> Visibility:
        """The flags that hold."""
        return self.version.visibility

    @property
    def seed(self) -> str:
        """What every id that we make for this document derives from."""
        return f"{self.mail.digest}/{self.reading.part}"

    @property
    def instant(self) -> datetime:
        """The time that what we make carries: the mail's own date, never later than its arrival. UTC."""
        arrived = datetime.fromtimestamp(int(self.arrival.at), UTC)
        try:
            stated = parsedate_to_datetime(self.context.envelope.date)
            stated = stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return arrived
        return min(stated.replace(microsecond=0), arrived) if stated.year >= _OLDEST else arrived

    @property
    def stamp(self) -> str:
        """The same as an HL7 time stamp of the establishment: YYYYMMDDhhmmss+hhmm."""
        return _stamp(self.instant)

    @property
    def asked(self) -> datetime:
        """When this version was asked for: the mail's time, or that of a person's word. UTC."""
        return self.instant if self.version.at is None else datetime.fromtimestamp(int(self.version.at), UTC)

    @property
    def asked_stamp(self) -> str:
        """The same as an HL7 time stamp."""
        return _stamp(self.asked)

    @property
    def title(self) -> str:
        """What the document is called."""
        known = type_code(self.ruling.type.code)
        return self.reading.title or (known.label if known else self.ruling.type.label)

    @property
    def media_type(self) -> str:
        """In what it travels."""
        return travels_as(self.reading)

    @property
    def recipient(self) -> str:
        """The address of the mailbox that received it."""
        configured = next((m.address for m in self.context.settings.mailbox if m.name == self.arrival.mailbox), "")
        return configured or next(iter(self.context.envelope.recipients), self.arrival.place)

    def control_id(self, purpose: str) -> str:
        """A key of 20 characters by which a destination recognises a repetition."""
        return hashlib.sha256(f"{self.seed}/{purpose}".encode()).hexdigest()[:20]


def load(c: Connection, house: House, delivery: Delivery) -> Papers:
    """Read all that a delivery of a document needs. NoPatientError."""
    number = delivery.document_id or 0
    found = documents.get_document(c, number)
    arrival = mails.get_arrival(c, found.arrival_seq)
    mail = mails.get_mail(c, arrival.mail_id or 0)
    reading = mail.decoded()
    decided = msgspec.json.decode(documents.decision_content(c, found.decision_id or 0), type=Decided)
    named = patients.get_sender(c, decided.author) if decided.author else None
    patient = patients.surviving(c, found.ipp or "")
    if patient is None or decided.ruling is None:
        raise NoPatientError(f"document {number}")
    parent = documents.get_document(c, found.parent_id) if found.parent_id else None
    shown, name = decided.visibility, delivery.destination
    version = standing.held(c, number, shown, name) if delivery.purpose == "withdraw" else None
    return Papers(
        document=found,
        arrival=arrival,
        mail=mail,
        reading=reading_of(reading, found.ordinal),
        context=replace(context_of(c, house, arrival, reading), author=named),
        decided=decided,
        ruling=decided.ruling,
        patient=patient,
        parent=parent,
        parent_visibility=_visibility(c, parent),
        parent_fed=_fed(c, parent.id) if parent else None,
        version=version or standing.newest(c, number, shown, name),
    )


async def body_of(house: House, originals: Originals, papers: Papers) -> bytes:
    """The bytes that go out: as carried, or the rendition; a CDA not in UTF-8 goes in its canonical form."""
    header = papers.reading.header
    if papers.reading.rendition:
        return await house.readers.render(papers.mail.digest, papers.reading.part)
    if header is not None and header.encoding:
        return await house.readers.in_utf8(papers.mail.digest, papers.reading.part)
    return await originals.get(papers.mail.digest, papers.reading.part)


def wrap(house: House, papers: Papers, body: bytes, *, archived: bool = False) -> tuple[bytes, CdaHeader]:
    """A document that has no CDA, made one; the same bytes each time (DESIGN §5). Raises CdaError.

    ``archived``: the body is not the original but its PDF/A. Other bytes are another document, with an id of its own.
    """
    root, version = house.settings.establishment.oid_root, papers.version
    number = oids.derive(root, "document", papers.seed, str(version.number))
    request = cda.WrapRequest(
        id=oids.derive(root, "archive", number) if archived else number,
        set_id=oids.derive(root, "set", papers.seed),
        version=version.number,
        patient=papers.patient,
        ipp_oid=house.settings.establishment.ipp_oid,
        author=papers.context.author or papers.context.sender or _nobody(papers),
        establishment=house.settings.establishment,
        type=papers.ruling.type,
        title=papers.title,
        effective_time=papers.stamp,
        media_type={"application/rtf": "text/rtf"}.get(papers.media_type, papers.media_type),
        body=body,
        act_date=papers.reading.act_date,
        parent=version.before.unique_id if version.before else "",
    )
    return cda.build(request)


def _stamp(instant: datetime) -> str:
    return instant.astimezone(PARIS).strftime("%Y%m%d%H%M%S%z")


def _fed(c: Connection, number: int) -> Delivery | None:
    """What the DMP holds of a document; else how it stands with it."""
    taken = deliveries.held_by(c, number, "dmp")
    return taken[-1] if taken else deliveries.last_of(c, number, "dmp")


def _visibility(c: Connection, parent: Document | None) -> Visibility | None:
    if parent is None or parent.decision_id is None:
        return None
    return msgspec.json.decode(documents.decision_content(c, parent.decision_id), type=Decided).visibility


def _nobody(papers: Papers) -> Sender:
    """An author of whom only the mailbox is known: enough for the record, never for the DMP."""
    address = papers.context.envelope.sender
    name = papers.context.envelope.sender_name or address
    return Sender(address, "", "", "", "", name, "", "", "", "", "", authorised=True)
