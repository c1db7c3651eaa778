"""An entry with all that a person needs to settle it: what, from whom, why, the evidence, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from gateway.decision.engine import explain
from gateway.flow.decide import Decided, reading_of
from gateway.ledger import deliveries, documents, mails, patients
from gateway.ledger.rows import Arrival, Delivery, Entry
from gateway.model.documents import DocumentReading, MailReading
from gateway.model.identity import Candidate, Claim
from gateway.model.reasons import hl7_code
from gateway.operate.messages import REASONS
from gateway.review.assign import NEVER_FILED
from gateway.review.entries import PARIS


class Trait(Struct, frozen=True):
    """One trait compared; ``likeness`` is the code of model.identity."""

    trait: str
    likeness: str
    claimed: str | None
    held: str | None


class Proposed(Struct, frozen=True):
    """A patient proposed, best first; ``score`` only ranks."""

    ipp: str
    name: str
    birth_date: str
    score: float
    traits: tuple[Trait, ...]


class Ruled(Struct, frozen=True):
    """A decision of the past. ``lines`` are what the rules said, in French; ``by`` is empty for the rules."""

    at: str
    by: str
    outcome: str
    ipp: str | None
    match_rule: str
    not_fed: str | None
    lines: tuple[str, ...]


class Sent(Struct, frozen=True):
    """One destination so far."""

    destination: str
    purpose: str
    state: str
    held: bool
    reason: str
    code: str
    text: str
    tries: int


class Case(Struct, frozen=True):
    """Everything about one entry. Instants are ISO 8601 in Paris; ``hl7`` is the code of table 0533 (900 to 906).

    ``signature`` is the state of the mail's electronic signature (model/documents.py, Envelope).
    """

    id: int
    version: int
    document: int
    destination: str
    reason: str
    hl7: str
    urgent: bool
    opened_at: str
    closed_at: str | None
    closed_by: str
    closed_how: str
    title: str
    why: str
    next_step: str
    detail: str
    actions: tuple[str, ...]
    source: str
    mailbox: str
    message_id: str
    received_at: str
    sender: str
    sender_name: str
    signature: str
    subject: str
    part: str
    filename: str
    media_type: str
    size: int
    sha256: str
    unique_id: str | None
    action: str
    document_title: str
    problem: str | None
    mail_digest: str
    patient_ipp: str | None
    claims: tuple[Claim, ...]
    candidates: tuple[Proposed, ...]
    decisions: tuple[Ruled, ...]
    deliveries: tuple[Sent, ...]


def worklist(c: Connection) -> list[Case]:
    """Every open entry: urgent first, then oldest first."""
    return [case_of(c, one) for one in documents.open_entries(c)]


def case_of(c: Connection, entry: Entry) -> Case:
    """One entry, open or closed."""
    found = documents.get_document(c, entry.document_id)
    seen = mails.get_arrival(c, found.arrival_seq)
    reading, digest = _read(c, seen)
    one = reading_of(reading, found.ordinal) if reading is not None else None
    message = REASONS[entry.reason]
    envelope = reading.envelope if reading is not None else None
    return Case(
        id=entry.id,
        version=entry.version,
        document=found.id,
        destination=entry.destination,
        reason=entry.reason,
        hl7=hl7_code(entry.reason),
        urgent=entry.urgent,
        opened_at=iso(entry.opened_at),
        closed_at=iso(entry.closed_at) if entry.closed_at else None,
        closed_by=entry.closed_by,
        closed_how=entry.closed_how,
        title=message.title,
        why=message.why,
        next_step=message.next_step,
        detail=entry.detail,
        actions=actions(entry, one),
        source=seen.source,
        mailbox=seen.mailbox,
        message_id=seen.message_id,
        received_at=iso(seen.at),
        sender=envelope.sender if envelope else "",
        sender_name=envelope.sender_name if envelope else "",
        signature=envelope.signature if envelope else "",
        subject=envelope.subject if envelope else "",
        part=one.part if one else "",
        filename=found.filename,
        media_type=one.media_type if one else "",
        size=one.size if one else seen.size,
        sha256=found.sha256,
        unique_id=found.unique_id or None,
        action=found.action,
        document_title=one.title if one else "",
        problem=one.problem if one else None,
        mail_digest=digest,
        patient_ipp=found.ipp,
        claims=one.claims if one else (),
        candidates=_candidates(c, entry),
        decisions=tuple(ruled(at, text) for at, text in documents.decisions_of(c, found.id)),
        deliveries=tuple(sent(c, one) for one in deliveries.of_document(c, found.id)),
    )


def actions(entry: Entry, one: DocumentReading | None) -> tuple[str, ...]:
    """What a person may do with the entry: assign, release, reject."""
    if entry.closed_at is not None:
        return ()
    if entry.destination:
        return ("release", "reject")
    if one is None or entry.reason in NEVER_FILED or one.problem in NEVER_FILED:
        return ("reject",)
    return ("assign", "release", "reject")


def ruled(at: float, text: str) -> Ruled:
    """A stored decision, readable."""
    decided = msgspec.json.decode(text, type=Decided)
    match = decided.match
    return Ruled(
        at=iso(at),
        by=decided.by,
        outcome="file" if decided.file else decided.reason or "set-aside",
        ipp=match.ipp if match else None,
        match_rule=match.rule if match else "",
        not_fed=decided.not_fed,
        lines=(*(explain(decided.ruling) if decided.ruling else ()), *_author(decided)),
    )


def _author(decided: Decided) -> Iterator[str]:
    """Who signs in the sender's place, and whom a person named."""
    for signed in decided.signatories:
        rpps = f", RPPS {signed.rpps}" if signed.rpps else ""
        yield f"Signé par {f'{signed.given} {signed.family}'.strip()}{rpps}, qui n'est pas l'expéditeur"
    if decided.signatories:
        yield "Pour le DMP, confirmez l'auteur : gateway quarantine author DOCUMENT --by QUI"
    if decided.author:
        yield f"Auteur confirmé : {decided.author}"


def iso(at: float) -> str:
    """An instant as people of the house read it, to the second."""
    return datetime.fromtimestamp(at, PARIS).isoformat(timespec="seconds")


def _read(c: Connection, seen: Arrival) -> tuple[MailReading | None, str]:
    mail = mails.get_mail(c, seen.mail_id) if seen.mail_id is not None else None
    if mail is None or mail.reading is None:
        return None, ""
    return mail.decoded(), mail.digest


def _candidates(c: Connection, entry: Entry) -> tuple[Proposed, ...]:
    if not entry.evidence.startswith("["):
        return ()
    found = msgspec.json.decode(entry.evidence, type=tuple[Candidate, ...])
    return tuple(_proposed(c, one) for one in found)


def _proposed(c: Connection, one: Candidate) -> Proposed:
    patient = patients.get_patient(c, one.ipp)
    name = f"{patient.birth_name} {patient.given_names}" if patient else ""
    traits = tuple(Trait(t.trait, t.likeness, t.claimed, t.held) for t in one.evidence)
    return Proposed(one.ipp, name, patient.birth_date if patient else "", one.score, traits)


def sent(c: Connection, one: Delivery) -> Sent:
    """A delivery, readable."""
    tries = len(deliveries.attempts(c, one.id))
    return Sent(one.destination, one.purpose, one.state, one.held, one.reason, one.code, one.text, tries)
