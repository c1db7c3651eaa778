"""What every action of a person begins with: the entry, its document, and how it was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.flow import decide
from gateway.flow.house import House
from gateway.flow.judgement.judge import Context, Judgement
from gateway.flow.planning import plan
from gateway.ledger import documents, jobs, mails, trail
from gateway.ledger.documents import StaleError
from gateway.ledger.rows import Arrival, Document, Entry
from gateway.model.documents import DocumentReading, MailReading
from gateway.operate import messages

PARIS = ZoneInfo("Europe/Paris")
STALE = "quelqu'un d'autre vient de régler cette entrée : relisez-la avant d'agir"

T = TypeVar("T")


class ReviewError(Exception):
    """The action cannot be done, and nothing was changed. The text is French: why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Done:
    """What happened, in French. ``what``: filed, ignored, kept, rejected, reopened, again, handled, checked."""

    entry: int
    document: int
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """A document as it was read, with what its judgement needs."""

    seen: Arrival
    reading: MailReading
    one: DocumentReading
    context: Context


async def act(house: House, work: Callable[[Connection], T]) -> T:
    """Run an action in one transaction. ReviewError, also when somebody else was faster."""
    try:
        done = await house.ledger.write("review", work)
    except StaleError:
        raise ReviewError(STALE) from None
    house.news.set()
    return done


def waiting(c: Connection, number: int, version: int | None = None) -> tuple[Entry, Document]:
    """An open entry and its document. ``version`` is the one that the person saw. ReviewError, StaleError."""
    entry = known(c, number)
    if entry.closed_at is not None:
        when = datetime.fromtimestamp(entry.closed_at, PARIS)
        raise ReviewError(f"l'entrée {number} a déjà été réglée par {entry.closed_by} le {when:%d/%m/%Y à %H:%M}")
    if version is not None and entry.version != version:
        raise StaleError(f"entry {number}")
    return entry, documents.get_document(c, entry.document_id)


def known(c: Connection, number: int) -> Entry:
    """An entry, open or closed. ReviewError."""
    entry = documents.get_entry(c, number)
    if entry is None:
        raise ReviewError(f"il n'y a pas d'entrée {number} ; voir gateway quarantine list")
    return entry


def dossier(c: Connection, house: House, found: Document) -> Dossier | None:
    """How a document was read; None when its mail was never kept, or its bytes are purged."""
    seen = mails.get_arrival(c, found.arrival_seq)
    mail = mails.get_mail(c, seen.mail_id) if seen.mail_id is not None else None
    if mail is None or mail.reading is None:
        return None
    reading = mail.decoded()
    one = decide.reading_of(reading, found.ordinal)
    return Dossier(seen, reading, one, decide.context_of(c, house, seen, reading))


def file(
    c: Connection, house: House, entry: Entry, found: Document, read: Dossier, judgement: Judgement, who: str, how: str
) -> Done:
    """The document goes on its way: a decision beside the old ones, deliveries for whoever works, the entry closed."""
    documents.close_entry(c, entry, house.now, who, how)
    number = decide.keep(c, house, found, judgement, read.reading.reader, by=who)
    for order in plan.file(c, house, found, judgement, read.one, number):
        jobs.give_back(c, order, house.now)
    jobs.wake(c, "decide", None, house.now)  # a replacement may have waited for it
    ipp = judgement.match.ipp if judgement.match else None
    tell(c, house, who, how, entry, {"document": found.id, "ipp": ipp, "reason": entry.reason, "decision": number})
    return Done(entry.id, found.id, "filed", _filed(judgement))


def tell(c: Connection, house: House, who: str, action: str, entry: Entry, detail: dict[str, object]) -> None:
    """The line of the trail, in the transaction of the action."""
    trail.append(c, house.now, who, action, f"entry {entry.id}", detail)


def _filed(judgement: Judgement) -> str:
    ipp = judgement.match.ipp if judgement.match else ""
    text = f"document classé chez le patient {ipp}"
    return text if judgement.not_fed is None else f"{text} ; pas de DMP : {messages.not_fed(judgement.not_fed)}"
