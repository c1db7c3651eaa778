"""Arrivals are the sum over states, and it is said (DESIGN §4.8); what is not settled never expires (DESIGN §4.10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, update

from gateway.app import daemon
from gateway.app.config import load
from gateway.flow import receive, reconcile
from gateway.flow.receive import Sighting
from gateway.ledger import deliveries, jobs
from gateway.ledger.tables import arrival, document, mail
from gateway.model.ports import Silent
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryState, MailState
from tests.crash.driver import InlineReaders
from tests.crash.house import build
from tests.samples import Samples
from tests.unit.review.desk import Desk, sit

DAY = 86400.0
YEARS = 20 * 365 * DAY


@dataclass
class Heard(Silent):
    """What the gateway said of its housekeeping."""

    events: list[str] = field(default_factory=list)

    def event(self, name: str, **facts: str | int | float | None) -> None:
        del facts
        if name.startswith("reconcile."):
            self.events.append(name)


class Later:
    """The machine's clock, twenty years ahead."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + YEARS, UTC)

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sit(tmp_path / "site") as one:
        yield one


async def _write(desk: Desk, work: object) -> None:
    await desk.house.ledger.write("test", work)  # type: ignore[arg-type]


def _digests(c: Connection) -> list[str]:
    return list(c.execute(select(mail.c.digest)).scalars())


async def test_a_mail_that_was_read_and_has_no_document_breaks_the_sum(desk: Desk) -> None:
    await desk.take(Samples("sum").new(), Samples("more").unknown_patient())
    assert await desk.look(reconcile.balance)
    every = await desk.look(lambda c: c.execute(select(func.count()).select_from(arrival)).scalar_one())
    assert every == 2
    elsewhere = update(document).where(document.c.arrival_seq == 2).values(arrival_seq=1, ordinal=9)
    await _write(desk, lambda c: c.execute(elsewhere))
    assert not await desk.look(reconcile.balance), "its document has gone elsewhere"


@pytest.mark.parametrize(("state", "said"), [(MailState.SETTLED, "reconcile.done"), ("lost", "reconcile.broken")])
async def test_the_housekeeping_says_whether_the_sum_holds(tmp_path: Path, state: str, said: str) -> None:
    built, heard = build(tmp_path / "house", ""), Heard()
    async with daemon.running(load(built.config), heard, InlineReaders) as life:
        house = life.gateway.house
        await receive.take(house, Sighting("file", "1.eml", None), _whole(Samples("said").new()), 1 << 24)
        while not await life.gateway.worker.quiet():  # noqa: ASYNC110 - the worker tells nobody
            await asyncio.sleep(0.005)
        await house.ledger.write("test", lambda c: c.execute(update(arrival).values(state=state)))
        heard.events.clear()
        await daemon._keep_house(life.gateway, reconcile.take_again)  # type: ignore[arg-type]
    assert heard.events[0] == said


async def test_what_waits_for_a_person_is_there_after_twenty_years(desk: Desk) -> None:
    await desk.take(Samples("wait").unknown_patient())
    (digest,) = await desk.look(_digests)
    desk.house.clock = Later()
    await reconcile.sweep(desk.house)
    await desk.quiet()
    assert desk.house.vault.exists(digest)
    assert await desk.waiting() == [Reason.PATIENT_UNKNOWN]


async def test_what_waits_for_its_destination_is_delivered_after_twenty_years(desk: Desk) -> None:
    held = {"held": True, "hold_reason": "operator"}
    await _write(desk, lambda c: deliveries.set_destination(c, "dpi", **held))
    await desk.take(Samples("held").new())
    (digest,) = await desk.look(_digests)
    desk.house.clock = Later()
    await reconcile.sweep(desk.house)
    await desk.quiet()
    (waits,) = await desk.look(lambda c: [one for one in deliveries.of_document(c, 1) if one.destination == "dpi"])
    assert waits.state in (DeliveryState.PLANNED, DeliveryState.WAITING)
    assert desk.house.vault.exists(digest)
    await _write(desk, lambda c: deliveries.set_destination(c, "dpi", held=False, hold_reason=""))
    await _write(desk, lambda c: jobs.wake_lane(c, "dpi", desk.house.now, "held"))
    await desk.quiet()
    (line,) = [one for one in await desk.lines() if one.outcome == "filed"]
    assert line.dpi == "delivered"


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
