"""Who goes along with whom: bounded sets of one patient, and nobody left behind when they part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from gateway.flow.delivering import outcomes
from gateway.flow.planning import together
from gateway.ledger import deliveries, jobs
from gateway.ledger.engine import Ledger
from gateway.ledger.jobs import Job, Lease
from gateway.ledger.tables import job
from gateway.model.delivery import Answer, Outcome
from gateway.model.documents import Action
from gateway.model.ports import Silent
from gateway.model.settings import Establishment, Retry, Seconds, Settings
from gateway.model.states import DeliveryEvent, DeliveryState
from tests.unit.ledger.rows import document, put

OURS = Establishment(name="Clinique", structure_id="1750000018", sector="SA01", oid_root="1.2.3.1", ipp_oid="1.2.3.2")
LEASE = Lease("t", 2e9)
HOUSE: Any = SimpleNamespace(
    now=1000.0,
    settings=Settings(establishment=OURS, retry=Retry(first=Seconds(5), max=Seconds(3600))),
    chance=SimpleNamespace(fraction=lambda: 0.0),
    observer=Silent(),
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(f"sqlite:///{tmp_path}/ledger.db", Silent())
    yield found
    found.close()


def orders(
    c: Connection, patients: str, *, purpose: Action = Action.CREATE, lane: str = "dmp", sizes: int = 1
) -> tuple[list[Job], dict[int, int]]:
    """A delivery, with its job in hand, for each letter: that patient's; and the sizes of the documents."""
    made, known = [], {}
    for place, ipp in enumerate(patients):
        number = document(c, f"{lane}{purpose}{place}", ipp=ipp)
        known[number] = sizes
        planned = deliveries.plan(c, lane, 1.0, document_id=number, purpose=purpose)
        made.append(jobs.enqueue(c, "deliver", lane, planned, 0.0, LEASE))
    return made, known


def gathered(c: Connection, patients: str, **more: Any) -> dict[int, int | None]:
    """Each delivery with the one that it goes along with, after checking that those alone have a job."""
    made, sizes = orders(c, patients, **more)
    left = together.gather(c, made, "dmp", sizes)
    rows = [deliveries.get_delivery(c, order.subject) for order in made]
    assert {order.subject for order in left} == {one.id for one in rows if one.lead_id is None} == working(c)
    return {one.id: one.lead_id for one in rows}


def working(c: Connection) -> set[int]:
    """The deliveries that have a job."""
    return set(c.execute(select(job.c.subject)).scalars())


@pytest.mark.parametrize(
    ("patients", "leads"),
    [
        ("a", [None]),
        ("aaa", [None, 1, 1]),
        ("abab", [None, None, 1, 2]),
        ("a" * 12, [None, *[1] * 9, None, 11]),
    ],
)
def test_new_documents_of_one_patient_go_along_with_the_first(
    ledger: Ledger, patients: str, leads: list[int | None]
) -> None:
    found = put(ledger, lambda c: gathered(c, patients))
    assert list(found.values()) == leads


def test_a_set_is_bounded_in_size_and_the_largest_document_goes_alone(ledger: Ledger) -> None:
    found = put(ledger, lambda c: gathered(c, "aaa", sizes=together.LARGEST // 2))
    assert list(found.values()) == [None, 1, None]


@pytest.mark.parametrize("more", [{"purpose": Action.REPLACE}, {"purpose": Action.DELETE}, {"lane": "dpi"}])
def test_nothing_else_goes_along(ledger: Ledger, more: dict[str, Any]) -> None:
    assert set(put(ledger, lambda c: gathered(c, "aaa", **more)).values()) == {None}


def test_when_the_lead_ends_the_next_one_leads(ledger: Ledger) -> None:
    first, second, third = put(ledger, lambda c: gathered(c, "aaa"))

    def part(c: Connection) -> list[int | None]:
        together.part(c, HOUSE, deliveries.get_delivery(c, first))
        assert working(c) == {first, second}
        return [deliveries.get_delivery(c, number).lead_id for number in (second, third)]

    assert put(ledger, part) == [None, second]


def test_what_left_with_it_goes_on_alone_each_by_itself(ledger: Ledger) -> None:
    first, second, third = put(ledger, lambda c: gathered(c, "aaa"))

    def part(c: Connection) -> set[int]:
        for number in (first, second, third):
            deliveries.move(c, deliveries.get_delivery(c, number), DeliveryEvent.SEND, 1.0, payload="p")
        lead = deliveries.get_delivery(c, first)
        assert [one.id for one in together.aboard(c, lead)] == [second, third]
        together.part(c, HOUSE, lead)
        return working(c)

    assert put(ledger, part) == {first, second, third}


def test_what_ends_goes_along_with_nothing_any_more(ledger: Ledger) -> None:
    _, second = put(ledger, lambda c: gathered(c, "aa"))

    def end(c: Connection) -> int | None:
        return deliveries.move(c, deliveries.get_delivery(c, second), DeliveryEvent.SKIP, 1.0).lead_id

    assert put(ledger, end) is None


def test_a_companion_that_was_caught_on_its_way_waits_for_a_person(ledger: Ledger) -> None:
    """The answer that comes for its set is not stored for it: it is looked up once the person has spoken."""
    first, second = put(ledger, lambda c: gathered(c, "aa"))

    def answered(c: Connection) -> list[DeliveryState]:
        sending = []
        for number in (first, second):
            moved = deliveries.move(c, deliveries.get_delivery(c, number), DeliveryEvent.SEND, 1.0, payload="p")
            sending.append((moved, deliveries.begin_attempt(c, number, "t", "p", "key", 1.0)))
        deliveries.change(c, sending[1][0], held=True, hold_reason="identity-changed")
        (mine,) = [Job(row.id, "deliver", "dmp", first, 0, "t") for row in c.execute(select(job.c.id))]
        outcomes.conclude(c, HOUSE, mine, sending[0][0], sending[0][1], Outcome(Answer.DONE), None, 1.0)
        assert working(c) == {second}
        return [deliveries.get_delivery(c, number).state for number in (first, second)]

    assert put(ledger, answered) == [DeliveryState.DONE, DeliveryState.SENDING]


@pytest.mark.parametrize("code", ["TD0.2", "other-patient", "XDSRegistryError"])
def test_a_question_that_the_dmp_never_answers_is_for_a_person_in_the_end(ledger: Ledger, code: str) -> None:
    said = Outcome(Answer.RETRY_LATER, code, "Le DMP n'a pas pu répondre.")
    (number,) = put(ledger, lambda c: gathered(c, "a"))

    def ask(c: Connection) -> DeliveryState:
        found = deliveries.get_delivery(c, number)
        mine = jobs.enqueue(c, "deliver", "dmp", number, 0.0)
        c.execute(job.update().values(token="t"))
        outcomes.conclude(c, HOUSE, Job(mine.id, "deliver", "dmp", number, 0, "t"), found, None, said, None, 1.0)
        return deliveries.get_delivery(c, number).state

    states = [put(ledger, ask) for _ in range(outcomes.AMBIGUOUS_TRIES)]
    assert states == [*[DeliveryState.WAITING] * (outcomes.AMBIGUOUS_TRIES - 1), DeliveryState.REFUSED]
