"""How long a delivery waits after each answer: ever longer, capped, whatever kind of failure repeats itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from gateway.flow.breaker import backoff
from gateway.flow.delivering import outcomes
from gateway.ledger import deliveries, jobs
from gateway.ledger.engine import Ledger
from gateway.ledger.jobs import Lease
from gateway.ledger.tables import job
from gateway.model.delivery import Answer, Outcome
from gateway.model.ports import Silent
from gateway.model.settings import Establishment, Retry, Seconds, Settings
from gateway.model.states import DeliveryEvent, DeliveryState
from tests.unit.ledger.rows import delivery, put

RETRY = Retry(first=Seconds(5), max=Seconds(3600))
OURS = Establishment(name="Clinique", structure_id="1750000018", sector="SA01", oid_root="1.2.3.1", ipp_oid="1.2.3.2")


class Never:
    """Chance that takes nothing off."""

    def fraction(self) -> float:
        return 0.0

    def token(self) -> str:
        return "0" * 32


HOUSE: Any = SimpleNamespace(
    now=1000.0, settings=Settings(establishment=OURS, retry=RETRY), chance=Never(), observer=Silent()
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(f"sqlite:///{tmp_path}/ledger.db", Silent())
    yield found
    found.close()


def test_backoff_doubles_to_its_cap() -> None:
    waits = [backoff(RETRY, failures, Never()) for failures in range(40)]
    assert waits[:4] == [5.0, 5.0, 10.0, 20.0]
    assert waits == sorted(waits)
    assert waits[-1] == 3600.0


@pytest.mark.parametrize("answer", [Answer.RETRY_LATER, Answer.UNKNOWN])
def test_a_failure_that_repeats_itself_is_tried_less_and_less(ledger: Ledger, answer: Answer) -> None:
    number = put(ledger, delivery)
    put(ledger, lambda c: jobs.enqueue(c, "deliver", "dpi", number, 0.0))
    waits = [put(ledger, lambda c: _attempt(c, number, Outcome(answer, "ack"))) for _ in range(14)]
    assert waits == sorted(waits)
    assert (waits[0], waits[5], waits[-1]) == (5.0, 160.0, 3600.0)


def test_an_unknown_outcome_waits_at_least_as_long_as_the_destination_needs(ledger: Ledger) -> None:
    number = put(ledger, lambda c: delivery(c, name="dmp"))
    put(ledger, lambda c: jobs.enqueue(c, "deliver", "dmp", number, 0.0))
    assert put(ledger, lambda c: _attempt(c, number, Outcome(Answer.UNKNOWN), lane="dmp", unknown_wait=120.0)) == 120.0


@pytest.mark.parametrize(("asked", "waits"), [(90.0, 90.0), (1.0, 5.0), (1e9, 3600.0)])
def test_what_the_destination_asks_for_is_kept_within_our_cap(ledger: Ledger, asked: float, waits: float) -> None:
    number = put(ledger, delivery)
    put(ledger, lambda c: jobs.enqueue(c, "deliver", "dpi", number, 0.0))
    busy = Outcome(Answer.RETRY_LATER, "HTTP 503", wait=asked)
    assert put(ledger, lambda c: _attempt(c, number, busy)) == waits


def _attempt(c: Connection, number: int, said: Outcome, *, lane: str = "dpi", unknown_wait: float = 5.0) -> float:
    """One attempt that ends so; how long the next one has to wait."""
    (mine,) = jobs.claim(c, 1e9, Lease("t", 2e9), {lane: 1})
    found = deliveries.get_delivery(c, number)
    if found.state is DeliveryState.UNKNOWN:
        found = deliveries.move(c, found, DeliveryEvent.RETRY, HOUSE.now)
    sending = deliveries.move(c, found, DeliveryEvent.SEND, HOUSE.now)
    attempt = deliveries.begin_attempt(c, number, "t", "ref", "key", HOUSE.now)
    outcomes.conclude(c, HOUSE, mine, sending, attempt, said, None, unknown_wait)
    due: float = c.execute(select(job.c.due)).scalar_one()
    return due - float(HOUSE.now)
