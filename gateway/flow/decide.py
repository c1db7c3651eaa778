"""The documents of a mail are decided: one commit holds the decisions, the deliveries and their jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.judgement.judge import Context, Judgement, Known, judge, persons_apart
from gateway.flow.planning import plan, telling, together
from gateway.flow.planning.tidings import orders_of
from gateway.identity.identify import Evidence, identify
from gateway.identity.keys import keys
from gateway.identity.match import Policy
from gateway.identity.own import own_number, stated_numbers
from gateway.ledger import deliveries, documents, jobs, mails, patients, trail
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Arrival, Document
from gateway.model.decision import Ruling
from gateway.model.documents import Action, Carrier, DocumentReading, MailReading, Signatory, Visibility
from gateway.model.identity import Match, Patient
from gateway.model.orders import PLACE
from gateway.model.reasons import NotFed, Reason
from gateway.model.states import DeliveryState, DocumentEvent, DocumentState

PARIS = ZoneInfo("Europe/Paris")

#: The carriage of a mail without any document: it stands for the mail itself.
WHOLE_MAIL = DocumentReading(0, Carrier.MAIL, "", "", "message/rfc822", 0, "", "")


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is stored, with its evidence. ``by``: the person, empty for the rules.

    ``signatories``: who signs in the sender's place; ``author``: the address of the one whom a person named as author.
    """

    file: bool
    reason: Reason | None
    match: Match | None
    ruling: Ruling | None
    not_fed: NotFed | None
    visibility: Visibility
    by: str = ""
    signatories: tuple[Signatory, ...] = ()
    author: str = ""


async def decide(house: House, job: Job) -> list[Job]:
    """Decide the documents of arrival ``job.subject``; the follow-ups are their deliveries."""
    return await house.ledger.write("decide", lambda c: _decide(c, house, job))


def _decide(c: Connection, house: House, job: Job) -> list[Job]:
    seen = mails.get_arrival(c, job.subject)
    reading = mails.get_mail(c, seen.mail_id or 0).decoded()
    undecided = [d for d in documents.of_arrival(c, seen.seq) if d.state is DocumentState.READ]
    strict = any(d.action is not Action.CREATE for d in undecided)
    too_early = mails.earlier_unread(c, seen.seq, failing_too=strict)
    if too_early or (strict and jobs.earlier_at_hand(c, "decide", seen.seq, house.now)):
        jobs.give_back(c, job, house.now, parked="after")
        return []
    if not jobs.finish(c, job):
        return []
    if not undecided:
        _wake(c, house, seen, [])
        return []
    telling.heard(c, house, seen, reading)
    context = context_of(c, house, seen, reading)
    judged = judge_all(c, house, undecided, reading, context, seen)
    orders = [
        order
        for found, judgement in zip(undecided, judged, strict=True)
        for order in apply(c, house, found, judgement, reading)
    ]
    follow = together.gather(c, orders, plan.DMP, {d.id: reading_of(reading, d.ordinal).size for d in undecided})
    _wake(c, house, seen, judged)
    if any(judgement.wait for judgement in judged):
        _wait(c, house, seen)
    plan.settle_arrival(c, house, seen.seq)
    return follow


def _wake(c: Connection, house: House, seen: Arrival, judged: list[Judgement]) -> None:
    """Those who wait for a decision, when there is one; else only those whose turn comes after this one: two that wait
    must not wake each other for ever, while a third waits for its turn behind them.
    """
    if all(judgement.wait for judgement in judged):
        jobs.wake_later(c, "decide", seen.seq, house.now)
    else:
        jobs.wake(c, "decide", None, house.now)


def _wait(c: Connection, house: House, seen: Arrival) -> None:
    """Decide again when another decision is made, or when a parent has been waited for long enough."""
    due = seen.at + house.settings.matching.parent_wait
    order = jobs.enqueue(c, "decide", "decide", seen.seq, max(house.now + 1, due))
    if due <= house.now:
        jobs.park(c, order, "after")


def context_of(c: Connection, house: House, seen: Arrival, reading: MailReading) -> Context:
    """What is the same for all documents of a mail."""
    mailbox = next((m for m in house.settings.mailbox if m.name == seen.mailbox), None)
    return Context(
        settings=house.settings,
        book=house.rules(),
        envelope=reading.envelope,
        sender=patients.get_sender(c, reading.envelope.sender),
        trusted_channel=seen.trusted,
        mailbox=seen.mailbox,
        service=mailbox.service if mailbox else "",
        today=house.clock.now().astimezone(PARIS).date(),
        index_fresh=index_fresh(c, house),
        hospital=seen.place == PLACE,
    )


def index_fresh(c: Connection, house: House) -> bool:
    """Whether the patient index was fed within ``patients.max_age``."""
    at = patients.index_at(c)
    return at is not None and house.now - at <= house.settings.patients.max_age


def judge_all(
    c: Connection, house: House, found: list[Document], reading: MailReading, context: Context, seen: Arrival
) -> list[Judgement]:
    """Judge each document, knowing the others of its mail."""
    readings = [reading_of(reading, d.ordinal) for d in found]
    known = [_known(c, house, d, one, seen) for d, one in zip(found, readings, strict=True)]
    real = [i for i, one in enumerate(readings) if one.ignored is None and one.problem is None and one.claims]
    apart = persons_apart([readings[i] for i in real], [known[i].match for i in real])
    pairs = zip(readings, known, strict=True)
    return [judge(one, k, context, alone=not apart) for one, k in pairs]


def reading_of(reading: MailReading, ordinal: int) -> DocumentReading:
    """The reading of one document; of the mail itself when it has none."""
    for one in reading.documents:
        if one.ordinal == ordinal:
            return one
    problem = None if reading.ignored else reading.problem or Reason.NO_DOCUMENT
    return replace(WHOLE_MAIL, ignored=reading.ignored, problem=problem, detail=reading.detail)


def policy(house: House) -> Policy:
    """What the site allows."""
    matching = house.settings.matching
    test = house.settings.establishment.test
    return Policy(test=test, without_ins=matching.without_ins, ocr=matching.ocr, homonym=matching.homonym)


def _known(c: Connection, house: House, found: Document, one: DocumentReading, seen: Arrival) -> Known:
    if one.ignored is not None or one.problem is not None:
        return Known(Match(None, None, ""), None)
    said = _said(one, seen)
    candidates = patients.candidates(c, keys(said.claims, said.metadata, said.text, said.dates))
    matched = identify(said, candidates, policy(house))
    if one.orders is not None:
        matched, candidates = _by_own_number(c, house, one, matched, candidates)
    patient = next((p for p in candidates if p.ipp == matched.ipp), None)
    copy = documents.get_document(c, found.duplicate_of) if found.duplicate_of else None
    known = Known(matched, patient, copy, orders_of(c, copy) if copy and one.orders else None)
    return known if one.action is Action.CREATE else _with_parent(c, house, known, found, one, seen)


def _by_own_number(
    c: Connection, house: House, one: DocumentReading, matched: Match, candidates: list[Patient]
) -> tuple[Match, list[Patient]]:
    """The match, once the IPP that the hospital's own record writes was heard; and the candidates with its holder."""
    ours = stated_numbers(one.claims, house.settings.establishment.ipp_oid)
    holders = {number: patients.surviving(c, number) for number in ours}
    known = {patient.ipp: patient for patient in (*candidates, *holders.values()) if patient is not None}
    return own_number(matched, one.claims, holders), list(known.values())


def _said(one: DocumentReading, seen: Arrival) -> Evidence:
    """What identifies the document; the text of one with a header speaks of the patient in that header alone."""
    on = datetime.fromtimestamp(seen.at, PARIS).date()
    if one.header is not None:
        return Evidence(one.claims, one.metadata_claim, on=on)
    return Evidence(one.claims, one.metadata_claim, one.text, one.dates, one.text_source, on)


def _with_parent(
    c: Connection, house: House, known: Known, found: Document, one: DocumentReading, seen: Arrival
) -> Known:
    parent_id = parent_id_of(one)
    parent = documents.filed_with_id(c, parent_id) if parent_id else None
    if parent is None:
        on_its_way = documents.owner(c, f"id:{parent_id}") if parent_id else None
        undecided = on_its_way is not None and on_its_way.state is DocumentState.READ
        waits = undecided or house.now < seen.at + house.settings.matching.parent_wait
        return Known(known.match, known.patient, known.copy, known.asked, parent_waits=waits)
    its_mail = mails.get_mail(c, mails.get_arrival(c, parent.arrival_seq).mail_id or 0)
    gone = overtaken(c, parent, plan.DPI, found.id)
    if its_mail.reading is None:  # its bytes are purged, and the words read in them
        return Known(known.match, known.patient, known.copy, known.asked, parent, parent_overtaken=gone)
    its_reading = its_mail.decoded()
    before = reading_of(its_reading, parent.ordinal)
    sender = its_reading.envelope.sender
    return Known(known.match, known.patient, known.copy, known.asked, parent, before, sender, gone)


def overtaken(c: Connection, parent: Document, name: str, but: int = 0) -> bool:
    """Whether another version than ``but`` already takes the parent's place; one that destination ``name`` refused does
    not."""
    others = (other for other in documents.successors(c, parent.id) if other.id != but)
    last = (deliveries.last_of(c, other.id, name) for other in others)
    return any(sent is None or sent.state is not DeliveryState.REFUSED for sent in last)


def parent_id_of(one: DocumentReading) -> str:
    """The id of what a document replaces (its parentDocument) or deletes (itself)."""
    if one.action is Action.DELETE:
        return one.unique_id
    return one.header.parent_id if one.header else ""


def apply(c: Connection, house: House, found: Document, judgement: Judgement, reading: MailReading) -> list[Job]:
    """Write what was judged; the follow-ups are the deliveries to make."""
    if judgement.wait:
        return []
    number = keep(c, house, found, judgement, reading.reader)
    if judgement.ignored is not None:
        aside = documents.move(c, found, DocumentEvent.IGNORE, ignored=judgement.ignored, decision_id=number)
        telling.repeated(c, house, aside)
        return []
    if not judgement.file:
        _quarantine(c, house, found, judgement, number)
        return []
    return plan.file(c, house, found, judgement, reading_of(reading, found.ordinal), number)


def keep(
    c: Connection, house: House, found: Document, judgement: Judgement, reader: str, by: str = "", author: str = ""
) -> int:
    """Store a decision beside the old ones, and its line in the trail; its number."""
    decided = Decided(
        judgement.file,
        judgement.reason,
        judgement.match,
        judgement.ruling,
        judgement.not_fed,
        judgement.visibility,
        by,
        judgement.signatories,
        author,
    )
    values = {
        "at": house.now,
        "by": by,
        "reader": reader,
        "rules": judgement.ruling.digest if judgement.ruling else "",
        "index_revision": patients.index_revision(c),
        "content": msgspec.json.encode(decided).decode(),
    }
    number = documents.add_decision(c, found.id, values)
    outcome = "file" if judgement.file else judgement.reason or judgement.ignored or "wait"
    detail = {
        "decision": number,
        "outcome": outcome,
        "rule": judgement.match.rule if judgement.match else "",
        "ipp": judgement.match.ipp if judgement.match else None,
        "not_fed": judgement.not_fed,
    }
    trail.append(c, house.now, by or "gateway", "decide", f"document {found.id}", detail)
    return number


def _quarantine(c: Connection, house: House, found: Document, judgement: Judgement, number: int) -> None:
    values: dict[str, object] = {"reason": judgement.reason, "decision_id": number}
    if judgement.joins is not None:
        values["duplicate_of"] = judgement.joins
    documents.move(c, found, DocumentEvent.QUARANTINE, **values)
    if judgement.joins is None and judgement.reason is not None:
        evidence = msgspec.json.encode(judgement.match.candidates if judgement.match else ()).decode()
        detail = judgement.detail
        documents.open_entry(c, found.id, judgement.reason, house.now, detail=detail, evidence=evidence)
