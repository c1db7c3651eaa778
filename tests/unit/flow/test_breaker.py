"""When a destination is left in peace, and who tries it again."""

from __future__ import annotations

from gateway.flow.breaker import Breakers, backoff
from gateway.model.delivery import Answer, Outcome
from gateway.model.settings import Retry, Seconds

RETRY = Retry(first=Seconds(10), max=Seconds(100), breaker_after=3)
DOWN = Outcome(Answer.RETRY_LATER, "unreachable", down=True)
DONE = Outcome(Answer.DONE)


class NoChance:
    def fraction(self) -> float:
        return 0.0

    def token(self) -> str:
        return "0" * 32


def test_it_opens_after_so_many_failures_and_says_so_once() -> None:
    breakers = Breakers(RETRY, NoChance())
    changes = [breakers.heard("dmp", DOWN, now) for now in (0.0, 1.0, 2.0, 3.0)]
    assert [change is not None and change.opened for change in changes] == [False, False, True, False]
    assert breakers.closed_until("dmp", 4.0) is not None
    assert breakers.closed_until("dpi", 4.0) is None, "the other destination goes on"


def test_what_stops_every_message_opens_it_at_once() -> None:
    breakers = Breakers(RETRY, NoChance())
    change = breakers.heard("dmp", Outcome(Answer.RETRY_LATER, "certificate", down=True, stop=True), 0.0)
    assert change is not None
    assert change.opened


def test_one_delivery_at_a_time_tries_and_its_success_closes_it() -> None:
    breakers = Breakers(RETRY, NoChance())
    for now in (0.0, 1.0, 2.0):
        breakers.heard("dmp", DOWN, now)
    until = breakers.closed_until("dmp", 2.0)
    assert until is not None
    assert breakers.closed_until("dmp", until) is None, "the first to come tries"
    assert breakers.closed_until("dmp", until) is not None, "the second waits for what the first finds"
    closed = breakers.heard("dmp", DONE, until)
    assert closed is not None
    assert closed.closed
    assert breakers.closed_until("dmp", until) is None


def test_a_refusal_speaks_of_the_document_and_not_of_the_destination() -> None:
    breakers = Breakers(RETRY, NoChance())
    assert all(breakers.heard("dpi", Outcome(Answer.REFUSED, "902"), 0.0) is None for _ in range(10))
    assert breakers.closed_until("dpi", 0.0) is None


def test_backoff_doubles_up_to_its_cap() -> None:
    waits = [backoff(RETRY, failures, NoChance()) for failures in (1, 2, 3, 4, 5, 60)]
    assert waits == [10, 20, 40, 80, 100, 100]
