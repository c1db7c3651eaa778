"""Several documents of one mail for one patient, before the strict referee: one set, and nobody waits for another.

Truth is the referee's journal and registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.flow import index
from gateway.flow.planning import plan, revise
from gateway.ledger import deliveries, documents, jobs
from gateway.ledger.rows import Delivery
from gateway.model.documents import Visibility
from gateway.model.identity import InsStatus
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryState
from gateway.review.release import release
from tests import pki as keys
from tests.crash.house import House, build
from tests.protocol import between, feeding, referees
from tests.protocol.between import Run, effects, fed, running
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, SENDER, ZOE, Samples
from tests.unit.formats import builders

ALWAYS = 1_000_000


@dataclass(frozen=True)
class Stage:
    """The referee, a folder for this test alone, and the three documents of its mail."""

    folder: Path
    pki: keys.Pki
    dmp: Referee
    tag: str
    since: int

    def house(self, more: str = "") -> House:
        tables = between.DESTINATIONS.format(record=1, dmp=self.dmp.base, pki=self.pki.folder, timeout="5s")
        return build(self.folder / "house", f"[dmp]{tables.partition('[dmp]')[2]}{more}")

    def document(self, place: int) -> bytes:
        return Samples(f"{self.tag}/{place}").document()

    @property
    def ids(self) -> list[str]:
        return [Samples(f"{self.tag}/{place}").oid("first") for place in range(3)]

    def mail(self, count: int = 3) -> bytes:
        files = [builders.attached(self.document(n), f"{n}.xml", "text/xml") for n in range(count)]
        raw = builders.mail(builders.text(), *files, head="Date: Wed, 03 Jun 2026 10:00:00 +0200\r\n")
        named = raw.replace(b"Ada.Exemple@Cabinet.mssante.fr", SENDER.address.encode())
        return named.replace(b"<1@x>", f"<{self.tag}@exemple.mssante.fr>".encode())

    def sent(self) -> list[dict[str, Any]]:
        """The submissions that the referee read, in order."""
        return [entry for entry in self.dmp.journal(self.since) if entry["transaction"] == "TD2.1"]

    def together(self) -> list[list[str]]:
        return [sorted(entry["documentUniqueIds"]) for entry in self.sent()]

    def all_fed_once(self) -> None:
        for unique_id in self.ids:
            assert fed(self.dmp, unique_id) == ["Approved"]
            assert effects(self.dmp, self.since, "TD2.1")[unique_id] == 1
        assert not [v for entry in self.dmp.journal(self.since) for v in entry["violations"]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[keys.Pki, Referee]]:
    folder = tmp_path_factory.mktemp("sets")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    with referees.dmp(folder / "dmp", [REFEREE_ROW], pki) as dmp:
        yield pki, dmp


@pytest.fixture
def stage(server: tuple[keys.Pki, Referee], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    pki, dmp = server
    yield Stage(tmp_path, pki, dmp, request.node.name, max((entry["seq"] for entry in dmp.journal()), default=0))
    dmp.disarm()


async def test_the_documents_of_a_mail_are_one_set(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        lines = await run.quiet()
    assert [(line.dmp, line.fed_unique_id) for line in lines] == [("fed", one) for one in stage.ids]
    assert stage.together() == [sorted(stage.ids)]
    stage.all_fed_once()


@pytest.mark.parametrize("place", [0, 1], ids=["the lead", "a companion"])
async def test_what_is_there_already_does_not_keep_the_others_apart(stage: Stage, place: int) -> None:
    await _feed(stage, place)
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        lines = await run.quiet()
    others = [one for one in stage.ids if one != stage.ids[place]]
    assert [line.dmp for line in lines].count("already-there") == 1
    assert lines[place].dmp == "already-there"
    assert stage.together() == [[stage.ids[place]], sorted(others)]
    stage.all_fed_once()


@pytest.mark.parametrize("kind", ["accept_then_reset", "wrong_content_type"])
async def test_a_lost_answer_is_looked_up_for_the_whole_set(stage: Stage, kind: str) -> None:
    stage.dmp.arm(kind, match={"service": "repository"})
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        assert [line.dmp for line in await run.quiet()] == ["fed"] * 3
        rows = await run.gateway.house.ledger.read(_dmp_rows)
    assert [(one.state, one.lead_id) for one in rows] == [(DeliveryState.DONE, None)] * 3
    assert len({one.payload for one in rows}) == 1
    assert len(stage.sent()) == 1
    stage.all_fed_once()


async def test_a_set_that_surely_is_not_there_leaves_again_the_same(stage: Stage) -> None:
    stage.dmp.arm("html_body", match={"service": "repository"})
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        assert [line.dmp for line in await run.quiet()] == ["fed"] * 3
    first, second = stage.sent()
    assert first["submissionSetUniqueId"] == second["submissionSetUniqueId"]
    assert stage.together() == [sorted(stage.ids)] * 2
    stage.all_fed_once()


async def test_a_busy_registry_gets_the_same_set_later(stage: Stage) -> None:
    stage.dmp.arm("registry_busy", count=2, match={"service": "repository"})
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        assert [line.dmp for line in await run.quiet()] == ["fed"] * 3
    assert len({entry["submissionSetUniqueId"] for entry in stage.sent()}) == 1
    assert stage.together() == [sorted(stage.ids)] * 3
    stage.all_fed_once()


@pytest.mark.parametrize("place", [0, 1], ids=["the lead", "a companion"])
async def test_of_a_doubtful_set_of_which_one_is_there_the_others_go_alone(stage: Stage, place: int) -> None:
    stage.dmp.arm("html_body", match={"service": "repository"})
    stage.dmp.arm("http503", count=2, match={"service": "registry"}, after=3)  # the time to feed one by hand
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        await run.until("in doubt", lambda lines: [line.dmp for line in lines] == ["unknown"] * 3)
        await _feed(stage, place)
        lines = await run.quiet()
    assert [line.dmp for line in lines] == ["fed"] * 3
    alone = sorted(stage.together()[-2:])
    assert alone == sorted([one] for one in stage.ids if one != stage.ids[place])
    stage.all_fed_once()


@pytest.mark.parametrize("place", [0, 2], ids=["the lead", "a companion"])
async def test_one_bad_document_blocks_no_other(stage: Stage, place: int) -> None:
    bad = stage.ids[place]
    match = {"documentUniqueId": bad, "transaction": "TD2.1"}
    stage.dmp.arm("registry_error", code="XDSRepositoryMetadataError", match=match, count=ALWAYS)
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        lines = await run.quiet()
        entries = await run.entries()
    good = [one for one in stage.ids if one != bad]
    assert {line.unique_id: line.dmp for line in lines} == {bad: "refused", **dict.fromkeys(good, "fed")}
    assert [(entry.reason, entry.document_id) for entry in entries] == [(Reason.DMP_REFUSED, lines[place].id)]
    assert stage.together()[0] == sorted(stage.ids)
    assert sorted(stage.together()[1:]) == sorted([one] for one in stage.ids)
    assert fed(stage.dmp, bad) == []
    assert all(effects(stage.dmp, stage.since, "TD2.1")[one] == 1 for one in good)


async def test_an_ambiguous_error_of_a_set_parts_it(stage: Stage) -> None:
    stage.dmp.arm("registry_error", code="XDSRegistryError", match={"service": "repository"})
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        assert [line.dmp for line in await run.quiet()] == ["fed"] * 3
    assert [len(one) for one in stage.together()] == [3, 1, 1, 1]
    stage.all_fed_once()


async def test_what_a_person_holds_or_lifts_concerns_no_other(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await _hold(run, held=True)
        await run.take(stage.mail())
        await run.until("waiting", lambda lines: [line.dmp for line in lines] == ["waiting"] * 3)
        for status in (InsStatus.RECUPEREE, InsStatus.QUALIFIEE):
            await run.gateway.house.ledger.write("adt", lambda c, s=status: _change_identity(c, s))  # type: ignore[misc]
        await _hold(run, held=False)
        assert [line.dmp for line in await run.quiet()] == ["waiting"] * 3
        assert stage.sent() == []
        for entry in sorted(await run.entries(), key=lambda entry: -entry.document_id):
            await _lift(run, entry.id)
            lines = await run.quiet()
            assert [line.dmp for line in lines if line.id == entry.document_id] == ["fed"]
    stage.all_fed_once()


@pytest.mark.parametrize("place", [0, 1], ids=["the lead", "a companion"])
async def test_what_is_taken_back_before_it_leaves_lets_the_others_go(stage: Stage, place: int) -> None:
    async with running(stage.house()) as run:
        await _hold(run, held=True)
        await run.take(stage.mail())
        lines = await run.until("waiting", lambda lines: [line.dmp for line in lines] == ["waiting"] * 3)
        house, number = run.gateway.house, lines[place].id
        await house.ledger.write("withdraw", lambda c: revise.withdraw(c, house, number, plan.DMP, 2))
        await _hold(run, held=False)
        lines = await run.quiet()
    others = [one for one in stage.ids if one != stage.ids[place]]
    assert lines[place].dmp == "withdrawn"
    assert stage.together() == [sorted(others)]
    assert fed(stage.dmp, stage.ids[place]) == []


async def test_a_destination_that_is_held_keeps_the_set_together(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await _hold(run, held=True)
        await run.take(stage.mail())
        await run.quiet()
        await _hold(run, held=False)
        assert [line.dmp for line in await run.quiet()] == ["fed"] * 3
    assert stage.together() == [sorted(stage.ids)]


async def test_a_closed_dmp_is_said_of_each(stage: Stage) -> None:
    stage.dmp.set_dmp_state(REFEREE_ROW["ins"], "closed")
    try:
        async with running(stage.house()) as run:
            await run.take(stage.mail())
            lines = await run.quiet()
    finally:
        stage.dmp.set_dmp_state(REFEREE_ROW["ins"], "active")
    assert [(line.dmp, line.dmp_reason) for line in lines] == [("not-fed", "dmp-closed")] * 3
    assert stage.sent() == []


async def test_after_the_record_each_goes_when_its_own_has_gone(stage: Stage, tmp_path: Path) -> None:
    with referees.dpi(tmp_path / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]) as record:
        table = f'order = "after-dpi"\n[dpi]\nkind = "mllp"\nurl = "mllp://127.0.0.1:{record.port}"\ntimeout = "5s"\n'
        async with running(stage.house(table)) as run:
            await run.take(stage.mail())
            lines = await run.quiet()
    assert [(line.dpi, line.dmp) for line in lines] == [("delivered", "fed")] * 3
    stage.all_fed_once()


async def test_a_large_mail_makes_sets_of_a_bounded_size(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.flow.planning.together.MOST", 2)
    async with running(stage.house()) as run:
        await run.take(stage.mail())
        assert [line.dmp for line in await run.quiet()] == ["fed"] * 3
    assert sorted(len(one) for one in stage.together()) == [1, 2]
    stage.all_fed_once()


async def _feed(stage: Stage, place: int) -> None:
    """As the author himself would."""
    dmp = feeding.adapter(stage.dmp.base, stage.pki)
    one = feeding.document(stage.document(place))
    outcome = await dmp.send(
        dmp.prepare(one.data, one.header, one.patient, Visibility(), seed=stage.tag, instant=feeding.now())
    )
    await dmp.aclose()
    assert outcome.answer == "done", outcome


async def _lift(run: Run, entry: int) -> None:
    house = run.gateway.house
    await house.ledger.write("lift", lambda c: release(c, house, entry, "moi"))
    house.news.set()


async def _hold(run: Run, *, held: bool) -> None:
    house = run.gateway.house

    def write(c: Connection) -> None:
        deliveries.set_destination(c, plan.DMP, held=held, hold_reason="moi" if held else "")
        if not held:
            jobs.wake_lane(c, plan.DMP, house.now, "held")

    await house.ledger.write("hold", write)
    house.news.set()


def _change_identity(c: Connection, status: InsStatus) -> None:
    index.put_all(c, [replace(ZOE, ins_status=status)], 4e9)


def _dmp_rows(c: Connection) -> list[Delivery]:
    arrived = documents.of_arrival(c, 1)
    return [one for found in arrived for one in deliveries.of_document(c, found.id) if one.destination == plan.DMP]
