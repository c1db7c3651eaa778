"""Situations of a patient and of his DMP, the whole way to the strict referee: minors, flags, entries that moved."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.flow import index
from gateway.flow.delivering.to_dmp import _why_closed
from gateway.flow.planning import plan
from gateway.ledger import deliveries, jobs, revisions
from gateway.ledger.views import Line
from gateway.model.documents import Visibility
from gateway.model.identity import INS_NIR, Ins
from gateway.model.reasons import Reason
from tests import pki as keys
from tests.crash.house import House, build
from tests.protocol import between, referees
from tests.protocol.between import Run, fed, running
from tests.protocol.referees import Referee
from tests.samples import REFEREE_ROW, ZOE, Samples
from tests.unit.formats import builders

CHILD = replace(ZOE, ipp="00799999", ins=Ins("212017511600130", INS_NIR), birth_date="20120114", birth_place="75116")
CHILD_ROW = {
    **REFEREE_ROW,
    "ipp": CHILD.ipp,
    "ins": "212017511600130",
    "birth_date": "20120114",
    "birth_place": "75116",
}
HIDDEN = ("N", "INVISIBLE_REPRESENTANTS_LEGAUX")


@dataclass(frozen=True)
class Stage:
    """The referee, a folder for this test alone, and what it had judged before."""

    folder: Path
    pki: keys.Pki
    dmp: Referee
    state: Path
    tag: str
    since: int

    def house(self, more: str = "") -> House:
        tables = between.DESTINATIONS.format(record=1, dmp=self.dmp.base, pki=self.pki.folder, timeout="10s")
        return build(self.folder / "house", f"[dmp]{tables.partition('[dmp]')[2]}{more}")

    def fed(self) -> list[dict[str, Any]]:
        return [entry for entry in self.dmp.journal(self.since) if entry["transaction"] == "TD2.1"]

    def warned(self) -> set[str]:
        return {w["id"] for entry in self.dmp.journal(self.since) for w in entry["warnings"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[keys.Pki, Referee, Path]]:
    folder = tmp_path_factory.mktemp("situations")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    with referees.dmp(folder / "dmp", [REFEREE_ROW, CHILD_ROW], pki) as dmp:
        yield pki, dmp, folder / "dmp" / "state"


@pytest.fixture
def stage(server: tuple[keys.Pki, Referee, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Stage:
    pki, dmp, state = server
    last = max((entry["seq"] for entry in dmp.journal()), default=0)
    return Stage(tmp_path, pki, dmp, state, request.node.name, last)


@pytest.mark.parametrize(
    ("settings", "patient", "dmp", "reason"),
    [
        ("", CHILD, "not-fed", "minor-rule"),
        ("minor_secret = true\n", CHILD, "fed", None),
        ("minor_secret = true\n", ZOE, "fed", None),
        ("age_of_majority = 12\n", CHILD, "fed", None),
    ],
    ids=["a minor", "a minor, in secret", "an adult", "a minor where the age is another"],
)
async def test_what_the_representatives_must_not_see(
    stage: Stage, settings: str, patient: Any, dmp: str, reason: str | None
) -> None:
    async with running(stage.house(settings)) as run:
        line = await _takes(run, _mail(stage.tag, patient, HIDDEN))
    assert (line.dmp, line.dmp_reason) == (dmp, reason)
    assert [entry["confidentialityCodes"] for entry in stage.fed()] == ([[list(HIDDEN)]] if dmp == "fed" else [])
    assert not [v for entry in stage.dmp.journal(stage.since) for v in entry["violations"]]
    assert "V34" not in stage.warned(), "an attribute that the DMP does not know"


async def test_what_the_representatives_may_see_is_no_secret(stage: Stage) -> None:
    async with running(stage.house("minor_secret = true\n")) as run:
        line = await _takes(run, _mail(stage.tag, CHILD, ("N",)))
    assert line.dmp == "fed"
    assert [entry["confidentialityCodes"] for entry in stage.fed()] == [[["N"]]]


async def test_what_nobody_would_see_does_not_leave(stage: Stage) -> None:
    """Hidden from the patient and masked to professionals: the DMP's own parameter forbids it."""
    async with running(stage.house()) as run:
        await _hold(run, held=True)
        line = await _takes(run, _mail(stage.tag, ZOE, ("N",)))
        unseen = Visibility(masked_to_professionals=True, invisible_to_patient=True)
        write = run.gateway.house.ledger.write
        await write("revision", lambda c: revisions.add(c, line.id, "mask", unseen, 4e9, by="test"))
        await _hold(run, held=False)
        (line,) = await run.quiet()
        (entry,) = await run.entries()
    assert (line.dmp, line.dmp_reason, stage.fed()) == ("refused", "masked-and-invisible", [])
    assert entry.reason is Reason.DMP_REFUSED
    assert "personne ne le verrait plus" in entry.detail


async def test_of_several_entries_the_one_that_stands_is_replaced(stage: Stage) -> None:
    author = Samples(stage.tag)
    async with running(stage.house()) as run:
        one = await _takes(run, author.new())
        _twin(stage, one.fed_unique_id, "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated")
        await run.take(author.replacement())
        two = (await run.quiet())[-1]
    assert (two.action, two.dmp) == ("replace", "fed")
    assert fed(stage.dmp, one.fed_unique_id or "") == ["Deprecated", "Deprecated"]
    assert [entry["errorCode"] for entry in stage.fed()] == ["", "XDSRegistryDeprecatedDocumentError", ""]


@pytest.mark.parametrize("first", ["fed", "not-fed"])
async def test_a_correction_that_is_not_fed_leaves_the_first_version_to_somebody(stage: Stage, first: str) -> None:
    author, opposed = Samples(stage.tag), replace(ZOE, opposed=True)
    async with running(stage.house()) as run:
        await _knows(run, ZOE if first == "fed" else opposed)
        await run.take(author.new())
        assert (await run.quiet())[-1].dmp == first
        await _knows(run, opposed)
        await run.take(author.replacement())
        line = (await run.quiet())[-1]
        entries = await run.entries()
    assert (line.action, line.outcome, line.dmp, line.dmp_reason) == ("replace", "filed", "not-fed", "opposed")
    assert [entry.reason for entry in entries] == ([Reason.DMP_REFUSED] if first == "fed" else [])
    assert all("garde la précédente" in entry.detail for entry in entries)


@pytest.mark.parametrize(("state", "reason"), [("closed", "dmp-closed"), ("none", "no-dmp")])
async def test_no_dmp_to_feed_is_an_answer(stage: Stage, state: str, reason: str) -> None:
    stage.dmp.set_dmp_state(REFEREE_ROW["ins"], state)
    try:
        async with running(stage.house()) as run:
            line = await _takes(run, _mail(stage.tag, ZOE, ("N",)))
            assert await run.entries() == []
    finally:
        stage.dmp.set_dmp_state(REFEREE_ROW["ins"], "active")
    assert (line.outcome, line.dmp, line.dmp_reason, stage.fed()) == ("filed", "not-fed", reason, [])


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("terminated", ""),
        ("terminated 20240131", "DMP fermé le 31/01/2024"),
        ("terminated 20240131 DEMANDE", "DMP fermé le 31/01/2024 (motif : DEMANDE)"),
        ("terminated DECES", "DMP fermé (motif : DECES)"),
    ],
)
def test_when_and_why_a_dmp_was_closed_is_told(said: str, text: str) -> None:
    assert _why_closed(said) == text


def _mail(tag: str, patient: Any, flags: tuple[str, ...]) -> bytes:
    """One document in an XDM archive, with the flags of METADATA.XML."""
    author = Samples(tag)
    document = author.document(patient=patient)
    sheet = builders.metadata(
        builders.listed(document, unique=author.oid("first"), flags=flags)
        .replace("284057812345678", patient.ins.number)
        .replace("MARTINEAU^LEONIE", "CHAUVELIN^ZOE")
        .replace("DURANDAL", "CHAUVELIN")
        .replace("19840512", patient.birth_date)
        .replace("11490-0", "11488-4")
    )
    return author._mail("nouveau", builders.attached(builders.xdm(document, sheet), "IHE_XDM.zip", "application/zip"))


async def _knows(run: Run, patient: Any) -> None:
    await run.gateway.house.ledger.write("index", lambda c: index.put_all(c, [patient], 4e9))


async def _takes(run: Run, mail: bytes) -> Line:
    await run.gateway.house.ledger.write("index", lambda c: index.put_all(c, [CHILD], 4e9))
    await run.take(mail)
    return (await run.quiet())[-1]


async def _hold(run: Run, *, held: bool) -> None:
    house = run.gateway.house

    def write(c: Connection) -> None:
        deliveries.set_destination(c, plan.DMP, held=held, hold_reason="moi" if held else "")
        if not held:
            jobs.wake_lane(c, plan.DMP, house.now, "held")

    await house.ledger.write("hold", write)
    house.news.set()


def _twin(stage: Stage, unique_id: str | None, status: str) -> None:
    """Another entry of the same document, as a change of metadata leaves one behind."""
    with sqlite3.connect(stage.state / "registry.sqlite") as registry:
        row = registry.execute("SELECT * FROM entries WHERE unique_id = ?", (unique_id,)).fetchone()
        twin = (f"urn:uuid:{'0' * 8}{row[0][17:]}", *row[1:5], status, *row[6:])
        registry.execute(f"INSERT INTO entries VALUES ({','.join('?' * len(twin))})", twin)
