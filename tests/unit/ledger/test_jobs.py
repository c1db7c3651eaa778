"""The queue: nobody works what another holds, nothing is lost, and a lost token changes nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import func, select

from gateway.ledger import jobs
from gateway.ledger.engine import Ledger
from gateway.ledger.jobs import Job, Lease
from gateway.ledger.tables import job
from gateway.model.ports import Silent
from tests.unit.ledger.rows import put

ROOM = {"dpi": 10, "dmp": 10}


def _order(ledger: Ledger, subject: int, due: float = 1.0, lane: str = "dpi") -> Job:
    return put(ledger, lambda c: jobs.enqueue(c, "deliver", lane, subject, due))


def _claim(ledger: Ledger, token: str = "t", now: float = 10.0, room: dict[str, int] | None = None) -> list[Job]:
    return put(ledger, lambda c: jobs.claim(c, now, Lease(token, now + 60), room or ROOM))


def _rows(ledger: Ledger) -> dict[int, tuple[str | None, float, int, str | None]]:
    query = select(job.c.subject, job.c.token, job.c.due, job.c.failures, job.c.parked)
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in ledger.look(lambda c: c.execute(query).all())}


def test_what_is_due_is_claimed_oldest_first_as_far_as_there_is_room(ledger: Ledger) -> None:
    for subject, due in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 11.0)):
        _order(ledger, subject, due)
    _order(ledger, 5, 1.0, "dmp")
    assert [one.subject for one in _claim(ledger, room={"dpi": 2, "dmp": 0})] == [2, 3]
    assert [one.subject for one in _claim(ledger)] == [1, 5]
    assert _claim(ledger) == []
    assert [one.subject for one in _claim(ledger, now=11.0)] == [4]


def test_what_one_holds_no_other_takes(ledger: Ledger) -> None:
    _order(ledger, 1)
    (held,) = _claim(ledger, "one")
    assert held.token == "one"
    assert _claim(ledger, "two") == []


def test_an_order_for_the_same_subject_is_one_row(ledger: Ledger) -> None:
    first = _order(ledger, 1, 50.0)
    second = _order(ledger, 1, 5.0)
    assert first.id == second.id
    assert _rows(ledger) == {1: (None, 5.0, 0, None)}


def test_an_order_for_what_is_in_hand_disturbs_nobody(ledger: Ledger) -> None:
    _order(ledger, 1)
    (held,) = _claim(ledger)
    _order(ledger, 1, 99.0)
    assert _rows(ledger)[1][0] == "t"
    assert put(ledger, lambda c: jobs.finish(c, held))
    assert _rows(ledger) == {}


def test_an_order_already_in_hand(ledger: Ledger) -> None:
    held = put(ledger, lambda c: jobs.enqueue(c, "deliver", "dpi", 1, 1.0, Lease("mine", 70.0)))
    assert _claim(ledger, "other") == []
    assert put(ledger, lambda c: jobs.finish(c, held))


@pytest.mark.parametrize("taken_by", ["nobody", "another", "finished"])
def test_a_lost_token_changes_nothing(ledger: Ledger, taken_by: str) -> None:
    _order(ledger, 1)
    (lost,) = _claim(ledger, "lost")
    put(ledger, lambda c: jobs.free(c, 1000.0, all_of_them=False))
    new = None
    if taken_by != "nobody":
        new = put(ledger, lambda c: jobs.claim_alone(c, 1000.0, Lease("new", 2000.0)))
    assert (new is None) == (taken_by == "nobody")
    if taken_by == "finished" and new is not None:
        assert put(ledger, lambda c: jobs.finish(c, new))
    before = _rows(ledger)
    assert put(ledger, lambda c: jobs.finish(c, lost)) is False
    assert put(ledger, lambda c: jobs.give_back(c, lost, 5.0, failed=True, parked="held")) is False
    put(ledger, lambda c: jobs.renew(c, Lease("lost", 9e9)))
    assert _rows(ledger) == before


def test_a_job_given_back_is_due_again_and_counts_its_failures(ledger: Ledger) -> None:
    _order(ledger, 1)
    (held,) = _claim(ledger)
    assert put(ledger, lambda c: jobs.give_back(c, held, 20.0, failed=True))
    assert _rows(ledger) == {1: (None, 20.0, 1, None)}
    assert _claim(ledger, now=19.0) == []
    (again,) = _claim(ledger, now=20.0)
    assert again.failures == 1


def test_only_leases_that_ran_out_are_freed_and_run_alone(ledger: Ledger) -> None:
    for subject in (1, 2, 3):
        _order(ledger, subject)
    _claim(ledger, "dead", room={"dpi": 2})
    _claim(ledger, "alive", now=500.0)
    assert put(ledger, lambda c: jobs.free(c, 100.0, all_of_them=False)) == 2
    assert ledger.look(lambda c: jobs.any_alone(c, 100.0))
    assert _claim(ledger, now=600.0) == [], "they go one at a time"
    alone = put(ledger, lambda c: jobs.claim_alone(c, 100.0, Lease("t", 200.0)))
    assert alone is not None
    assert put(ledger, lambda c: jobs.finish(c, alone))
    assert put(ledger, lambda c: jobs.free(c, 0.0, all_of_them=True)) == 1, "all, when their worker is known dead"


def test_a_heartbeat_keeps_a_lease(ledger: Ledger) -> None:
    _order(ledger, 1)
    _claim(ledger, "t", now=10.0)
    put(ledger, lambda c: jobs.renew(c, Lease("t", 500.0)))
    assert put(ledger, lambda c: jobs.free(c, 400.0, all_of_them=False)) == 0
    assert put(ledger, lambda c: jobs.free(c, 501.0, all_of_them=False)) == 1


@pytest.mark.parametrize(
    ("parked", "claimable", "waited_for"),
    [
        (None, True, True),
        ("held", False, False),
        ("after", False, False),
        ("breaker", True, False),
        ("timer", True, False),
    ],
)
def test_what_is_parked(ledger: Ledger, parked: str | None, claimable: bool, waited_for: bool) -> None:
    _order(ledger, 1)
    (held,) = _claim(ledger)
    put(ledger, lambda c: jobs.give_back(c, held, 5.0, parked=parked))
    assert ledger.look(jobs.busy) == int(waited_for)
    assert (ledger.look(jobs.next_due) is not None) is claimable
    assert bool(_claim(ledger)) is claimable


def test_who_waits_for_another_is_woken(ledger: Ledger) -> None:
    for subject, parked in ((1, "after"), (2, "held"), (3, "after")):
        one = _order(ledger, subject)
        put(ledger, lambda c, one=one, parked=parked: jobs.park(c, one, parked))  # type: ignore[misc]
    assert put(ledger, lambda c: jobs.wake(c, "deliver", [1, 2], 7.0, parked="after")) == 1
    assert [one.subject for one in _claim(ledger)] == [1]
    assert put(ledger, lambda c: jobs.wake_lane(c, "dpi", 7.0, "held")) == 1
    assert put(ledger, lambda c: jobs.wake_lane(c, "dmp", 7.0, "after")) == 0
    assert put(ledger, lambda c: jobs.wake(c, "deliver", None, 7.0)) == 2


def test_an_order_is_taken_back_only_while_nobody_works_on_it(ledger: Ledger) -> None:
    _order(ledger, 1)
    _order(ledger, 2)
    _claim(ledger, room={"dpi": 1})
    for subject in (1, 2):
        put(ledger, lambda c, subject=subject: jobs.drop(c, "deliver", subject))  # type: ignore[misc]
    assert set(_rows(ledger)) == {1}


class Queue(RuleBasedStateMachine):
    """Two workers, a clock, and whatever they may do, beside a model of six lines."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(f"sqlite:///{Path(self.folder.name)}/ledger.db", Silent())
        self.now = 0.0
        self.open: set[int] = set()
        self.holder: dict[int, tuple[str, float]] = {}
        self.hands: list[Job] = []

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(seconds=st.sampled_from([1.0, 30.0, 90.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(subject=st.integers(1, 4))
    def order(self, subject: int) -> None:
        _order(self.ledger, subject, self.now)
        self.open.add(subject)

    @rule(token=st.sampled_from(["one", "two"]), places=st.integers(0, 3))
    def claim(self, token: str, places: int) -> None:
        taken = _claim(self.ledger, token, self.now, {"dpi": places})
        alone = put(self.ledger, lambda c: jobs.claim_alone(c, self.now, Lease(token, self.now + 60)))
        for one in [*taken, *([alone] if alone else [])]:
            assert one.subject in self.open
            assert one.subject not in self.holder, "nobody else holds it"
            self.holder[one.subject] = (token, self.now + 60)
            self.hands.append(one)

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), back=st.booleans())
    def end(self, data: st.DataObject, back: bool) -> None:
        one = self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))
        ours = self.holder.get(one.subject, ("", 0.0))[0] == one.token and one.id in self._ids()
        if back:
            done = put(self.ledger, lambda c: jobs.give_back(c, one, self.now, failed=True))
        else:
            done = put(self.ledger, lambda c: jobs.finish(c, one))
        assert done == ours
        if done:
            del self.holder[one.subject]
            self.open -= set() if back else {one.subject}

    @rule(token=st.sampled_from(["one", "two"]))
    def beat(self, token: str) -> None:
        put(self.ledger, lambda c: jobs.renew(c, Lease(token, self.now + 60)))
        self.holder = {s: (t, self.now + 60 if t == token else u) for s, (t, u) in self.holder.items()}

    @rule()
    def free(self) -> None:
        put(self.ledger, lambda c: jobs.free(c, self.now, all_of_them=False))
        self.holder = {s: (t, until) for s, (t, until) in self.holder.items() if until >= self.now}

    @invariant()
    def nothing_is_lost_nothing_is_held_twice(self) -> None:
        rows = _rows(self.ledger)
        assert set(rows) == self.open
        assert {subject for subject, row in rows.items() if row[0]} == set(self.holder)

    def _ids(self) -> set[int]:
        return set(self.ledger.look(lambda c: c.execute(select(job.c.id)).scalars().all()))


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_an_empty_queue(ledger: Ledger) -> None:
    assert _claim(ledger) == []
    assert ledger.look(jobs.next_due) is None
    assert ledger.look(jobs.busy) == 0
    assert ledger.look(lambda c: c.execute(select(func.count()).select_from(job)).scalar_one()) == 0
