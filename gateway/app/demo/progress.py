"""How far each document has come, with the instant of each step, as the ledger holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.app.samples import Expected, Sample
from gateway.ledger import views
from gateway.ledger.tables import arrival, decision, delivery, document
from gateway.ledger.views import Line
from gateway.model.states import DeliveryState


@dataclass(frozen=True, slots=True)
class Way:
    """One document's way. Instants are seconds since 1970, None: not yet, or not on this way."""

    line: Line
    received: float
    read: float | None = None
    decided: float | None = None
    dpi: float | None = None
    dmp: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing moves it by itself any more."""
        line = self.line
        return line.outcome != "pending" and not {"waiting", "unknown"} & {line.dpi, line.dmp}


@dataclass(frozen=True, slots=True)
class Followed:
    """A document with the sample that it belongs to (None: a mail that is not ours). ``part`` counts from 0."""

    way: Way
    sample: Sample | None
    part: int

    @property
    def as_expected(self) -> bool:
        """Whether it has ended where its sample says."""
        return self.sample is None or (
            self.part < len(self.sample.expected) and _outcome(self.way.line) == self.sample.expected[self.part]
        )


def ways(c: Connection) -> list[Way]:
    """Every document in the order of arrival; a mail not yet read has one way of its own."""
    at = {row.source: row.at for row in c.execute(select(arrival.c.source, arrival.c.at))}
    found = {row.id: row.found_at for row in c.execute(select(document.c.id, document.c.found_at))}
    first = select(decision.c.document_id, func.min(decision.c.at).label("at")).group_by(decision.c.document_id)
    decided = {row.document_id: row.at for row in c.execute(first)}
    done = (delivery.c.state == DeliveryState.DONE) & (delivery.c.purpose != "withdraw")
    ends: dict[tuple[int, str], float] = {}
    for row in c.execute(select(delivery.c.document_id, delivery.c.destination, delivery.c.ended_at).where(done)):
        ends[row.document_id, row.destination] = row.ended_at
    return [
        Way(
            line,
            at[line.source],
            found.get(line.id),
            decided.get(line.id),
            ends.get((line.id, "dpi")),
            ends.get((line.id, "dmp")),
        )
        for line in views.results(c)
    ]


def follow(found: Sequence[Way], samples: Sequence[Sample]) -> list[Followed]:
    """Each way with its sample: by its Message-ID, and before it is read by its turn, mails being sent one by one."""
    by_id = {sample.message_id: sample for sample in samples}
    turns: dict[str, Sample | None] = {}
    parts: dict[str, int] = {}
    followed = []
    for way in found:
        source = way.line.source
        if source not in turns:
            expected = samples[len(turns)] if len(turns) < len(samples) else None
            turns[source] = by_id.get(way.line.message_id) if way.line.message_id else expected
        followed.append(Followed(way, turns[source], parts.get(source, 0)))
        parts[source] = parts.get(source, 0) + 1
    return followed


def astray(followed: Sequence[Followed], samples: Sequence[Sample]) -> list[Sample]:
    """The samples that did not end where they should, in order."""
    wrong = []
    for sample in samples:
        mine = [one for one in followed if one.sample is sample]
        if len(mine) != len(sample.expected) or not all(one.as_expected for one in mine):
            wrong.append(sample)
    return wrong


def _outcome(line: Line) -> Expected:
    return Expected(line.outcome, line.reason, line.dpi, line.dmp, line.dmp_reason)
