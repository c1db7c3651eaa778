"""The worklist of what its patient does not see yet: since when, by which rule, and what is to be done."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from gateway.flow.decide import Decided, reading_of
from gateway.ledger import deliveries, documents, mails, revisions, views
from gateway.ledger.rows import Document, Revision
from gateway.model.documents import DocumentReading, Visibility
from gateway.review.case import Sent, iso, sent
from gateway.review.entries import ReviewError
from gateway.terminology import type_code

DAY = 86_400


class Hidden(Struct, frozen=True):
    """One document. ``since`` ISO 8601 in Paris; ``overdue``: for longer than the rules' reminder; ``carried``: wrapped
    (its versions are ours) or received (they are its author's); ``dpi`` and ``dmp`` as in ``gateway results``.
    """

    document: int
    patient_ipp: str | None
    type_code: str | None
    type_label: str
    title: str
    since: str
    age_days: int
    overdue: bool
    rule: str
    carried: str
    dpi: str
    dmp: str
    dmp_reason: str | None


class Made(Struct, frozen=True):
    """A version that we made."""

    version: int
    at: str
    change: str
    by: str
    on_request_of: str
    reason: str


class Sheet(Struct, frozen=True):
    """One filed document, all told. ``invisible_to_…`` and ``masked`` hold now; ``deliveries`` in order.

    ``standing``: current, replaced or deleted (by the document ``other``, or by a person when there is none), deletion
    (the author's demand to delete the document ``other``).
    """

    document: int
    patient_ipp: str | None
    type_code: str | None
    type_label: str
    title: str
    carried: str
    standing: str
    other: int | None
    masked_to_professionals: bool
    invisible_to_patient: bool
    invisible_to_representatives: bool
    waits_since: str | None
    fed_unique_id: str | None
    dpi: str
    dmp: str
    dmp_reason: str | None
    versions: tuple[Made, ...]
    deliveries: tuple[Sent, ...]


class Count(Struct, frozen=True):
    """How many wait, the oldest one's age in seconds, and how many are to be reminded of."""

    waiting: int
    oldest_age: float | None
    overdue: int


def worklist(c: Connection, now: float, reminder_days: int) -> list[Hidden]:
    """What waits for a professional, oldest first."""
    return [_hidden(c, number, since, now, reminder_days) for number, since in revisions.hidden(c)]


def count(c: Connection, now: float, reminder_days: int) -> Count:
    """The same in three numbers."""
    ages = [now - since for _, since in revisions.hidden(c)]
    return Count(len(ages), max(ages, default=None), sum(age >= reminder_days * DAY for age in ages))


def sheet(c: Connection, number: int) -> Sheet:
    """One filed document. ReviewError."""
    found = documents.known_document(c, number)
    if found is None or found.decision_id is None or found.type_code is None:
        raise ReviewError(f"il n'y a pas de document classé sous le numéro {number} ; voir gateway results")
    line, one = views.result(c, number), _reading(c, found)
    decided = msgspec.json.decode(documents.decision_content(c, found.decision_id), type=Decided)
    made = revisions.of_document(c, number)
    shown = made[-1].shown if made else decided.visibility
    standing, other = _standing(c, found, made)
    return Sheet(
        document=number,
        patient_ipp=found.ipp,
        type_code=found.type_code,
        type_label=_label(found),
        title=_title(found, one),
        carried=_carried(one),
        standing=standing,
        other=other,
        masked_to_professionals=shown.masked_to_professionals,
        invisible_to_patient=shown.invisible_to_patient,
        invisible_to_representatives=shown.invisible_to_representatives,
        waits_since=iso(found.hidden_since) if found.hidden_since is not None else None,
        fed_unique_id=line.fed_unique_id,
        dpi=line.dpi,
        dmp=line.dmp,
        dmp_reason=line.dmp_reason,
        versions=tuple(Made(r.number, iso(r.at), r.change, r.by, r.on_request_of, r.reason) for r in made),
        deliveries=tuple(sent(c, row) for row in deliveries.of_document(c, number)),
    )


def _hidden(c: Connection, number: int, since: float, now: float, reminder_days: int) -> Hidden:
    found, line = documents.get_document(c, number), views.result(c, number)
    one, age = _reading(c, found), max(0, int((now - since) // DAY))
    return Hidden(
        document=number,
        patient_ipp=found.ipp,
        type_code=found.type_code,
        type_label=_label(found),
        title=_title(found, one),
        since=iso(since),
        age_days=age,
        overdue=now - since >= reminder_days * DAY,
        rule=_why(c, found, one),
        carried=_carried(one),
        dpi=line.dpi,
        dmp=line.dmp,
        dmp_reason=line.dmp_reason,
    )


def _why(c: Connection, found: Document, one: DocumentReading | None) -> str:
    """Who or what hides it, in French."""
    made = revisions.of_document(c, found.id)
    if made:
        return f"demandé par {made[-1].by}"
    decided = msgspec.json.decode(documents.decision_content(c, found.decision_id or 0), type=Decided)
    spoke = decided.ruling.spoke if decided.ruling else ()
    rule = next((s for s in spoke if s.question == "visible_patient" and s.answer == "non"), None)
    if rule is not None:
        return f"règle « {rule.rule} » ({rule.file})"
    asked = one.visibility if one is not None else Visibility()
    return "demandé par l'expéditeur" if asked.invisible_to_patient else "type de document à confirmer"


def _standing(c: Connection, found: Document, made: Sequence[Revision]) -> tuple[str, int | None]:
    if found.action == "delete":
        return "deletion", found.parent_id
    if found.superseded_by is not None:
        by = documents.get_document(c, found.superseded_by)
        return "deleted" if by.action == "delete" else "replaced", by.id
    return "deleted" if made and made[-1].change == "delete" else "current", None


def _reading(c: Connection, found: Document) -> DocumentReading | None:
    seen = mails.get_arrival(c, found.arrival_seq)
    mail = mails.get_mail(c, seen.mail_id) if seen.mail_id is not None else None
    return None if mail is None or mail.reading is None else reading_of(mail.decoded(), found.ordinal)


def _carried(one: DocumentReading | None) -> str:
    return "received" if one is not None and one.header is not None else "wrapped"


def _label(found: Document) -> str:
    known = type_code(found.type_code or "")
    return known.label if known else ""


def _title(found: Document, one: DocumentReading | None) -> str:
    return (one.title if one is not None else "") or found.filename
