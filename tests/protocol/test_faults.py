"""Faults of the referees, the whole way: each ends delivered once, or with a person and the right reason.

Truth is what the referees hold and have written down; what the gateway says of itself is compared with that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.views import Line
from gateway.model.reasons import Reason
from tests import pki as keys
from tests.crash.house import House
from tests.protocol import between, referees
from tests.protocol.between import Run, door, effects, fed, held, running
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, ZOE, Samples, original_of

ALWAYS = 1_000_000
HANGS = 2.5
SHORT = "1s"


@dataclass(frozen=True)
class Stage:
    """Both referees, and a folder for this test alone."""

    folder: Path
    pki: keys.Pki
    record: Referee
    dmp: Referee
    samples: Samples
    since: tuple[int, int]

    def house(self, *, record: int = 0, dmp: str = "", timeout: str = "20s") -> House:
        folder = self.folder / "house"
        return between.settle(folder, self.pki.folder, record or self.record.port, dmp or self.dmp.base, timeout)

    @property
    def first(self) -> str:
        return self.samples.oid("first")

    def told(self, line: Line) -> None:
        """What ``results`` says of a document is what the referees hold, and no document is there twice."""
        sent = line.unique_id or line.fed_unique_id or ""
        kept = line.unique_id or original_of((one["document_id"] for one in self.record.documents()), sent)
        assert (line.dpi == "delivered") == (held(self.record, kept) != []), line
        assert (line.dmp == "fed") == (fed(self.dmp, sent) in (["Approved"], ["Deprecated"])), line
        assert effects(self.record, self.since[0])[kept] <= 1, "one effect"
        assert effects(self.dmp, self.since[1], "TD2.1")[sent] <= 1, "one effect"

    def once(self, line: Line) -> None:
        """Filed, at both, once."""
        assert (line.outcome, line.dpi, line.dmp) == ("filed", "delivered", "fed"), line
        assert held(self.record, line.unique_id or "") == ["current"]
        assert fed(self.dmp, line.unique_id or "") == ["Approved"]
        self.told(line)


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[keys.Pki, Referee, Referee]]:
    folder = tmp_path_factory.mktemp("faults")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    with (
        referees.dpi(folder / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]) as record,
        referees.dmp(folder / "dmp", [REFEREE_ROW], pki) as dmp,
    ):
        yield pki, record, dmp


@pytest.fixture
def stage(both: tuple[keys.Pki, Referee, Referee], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    pki, record, dmp = both
    since = tuple(max((entry["seq"] for entry in one.journal()), default=0) for one in (record, dmp))
    yield Stage(tmp_path, pki, record, dmp, Samples(request.node.nodeid), (since[0], since[1]))
    for referee in (record, dmp):
        referee.disarm()


@dataclass(frozen=True)
class Fault:
    """What is armed. ``down``: three of them open the breaker; a lost answer does not, as the look-up is answered."""

    kind: str
    down: bool = True
    more: tuple[tuple[str, Any], ...] = ()

    def arm(self, referee: Referee, count: int, **match: str) -> None:
        matching = {"match": match} if match else {}
        referee.arm(self.kind, count=count, **dict(self.more), **matching)

    def __str__(self) -> str:
        return "-".join((self.kind, *(str(value) for _, value in self.more)))


def _hang(kind: str, *, down: bool = True) -> Fault:
    return Fault(kind, down, (("seconds", HANGS),))


RECORD_FAULTS = (
    Fault("ar"),
    Fault("reset"),
    _hang("hang"),
    Fault("ack_lost"),
    Fault("ack_lost", more=(("reset", True),)),
    Fault("garbage_ack"),
    Fault("wrong_msa_id"),
)
FEEDING_FAULTS = (
    Fault("http503"),
    Fault("soap_fault_busy"),
    Fault("registry_busy"),
    Fault("invalid_certificate_fault"),
    _hang("hang"),
    Fault("accept_then_reset", down=False),
    _hang("accept_then_hang", down=False),
    Fault("html_body"),
    Fault("html_body", down=False, more=(("commit", True),)),
    Fault("html_body", more=(("status", 403),)),
    Fault("wrong_content_type", down=False),
)
BEFORE_READING = (Fault("reset_before_read"), Fault("reset_mid_body"))
ASKING_FAULTS = (
    Fault("http503"),
    Fault("soap_fault_busy"),
    Fault("accept_then_reset"),
    _hang("hang"),
    Fault("html_body"),
    Fault("wrong_content_type"),
)


@pytest.mark.parametrize("fault", RECORD_FAULTS, ids=str)
async def test_the_record_fails_three_times(stage: Stage, fault: Fault) -> None:
    fault.arm(stage.record, 3, documentId=stage.first)
    async with running(stage.house(timeout=SHORT if fault.kind == "hang" else "20s")) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        stage.once(line)
        assert run.watch.of("dmp") == []
        assert run.watch.of("dpi") == (["down", "up"] if fault.down else [])
        assert await run.entries() == []


@pytest.mark.parametrize("fault", FEEDING_FAULTS, ids=str)
async def test_the_dmp_fails_while_it_is_fed(stage: Stage, fault: Fault) -> None:
    fault.arm(stage.dmp, 3, transaction="TD2.1")
    await _fails_and_recovers(stage, fault)


@pytest.mark.parametrize("fault", BEFORE_READING, ids=str)
async def test_the_dmp_hangs_up_before_it_has_read(stage: Stage, fault: Fault) -> None:
    fault.arm(stage.dmp, 3, service="repository")
    await _fails_and_recovers(stage, fault)


@pytest.mark.parametrize("transaction", ["TD0.2", "TD3.1b"])
@pytest.mark.parametrize("fault", ASKING_FAULTS, ids=str)
async def test_the_dmp_fails_while_it_is_asked(stage: Stage, fault: Fault, transaction: str) -> None:
    fault.arm(stage.dmp, 3, transaction=transaction)
    await _fails_and_recovers(stage, fault)


async def _fails_and_recovers(stage: Stage, fault: Fault) -> None:
    async with running(stage.house(timeout=SHORT if "hang" in fault.kind else "20s")) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        stage.once(line)
        assert run.watch.of("dpi") == []
        assert run.watch.of("dmp") == (["down", "up"] if fault.down else [])
        assert await run.entries() == []


async def test_an_answer_in_drops_is_an_answer(stage: Stage) -> None:
    stage.dmp.arm("slow_response", count=2, bytesPerSecond=4000, match={"transaction": "TD2.1"})
    stage.record.arm("slow", count=1, bytesPerSecond=400, match={"documentId": stage.first})
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        stage.once(line)
        assert run.watch.said == []


@pytest.mark.parametrize("fault", [Fault("http503"), Fault("registry_busy"), Fault("accept_then_reset")], ids=str)
async def test_a_dmp_that_stays_down_holds_nobody_but_itself(stage: Stage, fault: Fault) -> None:
    fault.arm(stage.dmp, ALWAYS)
    async with running(stage.house()) as run:
        await run.take(stage.samples.new(), stage.samples.letter())
        lines = await run.until("delivered to the record", lambda found: [x.dpi for x in found] == ["delivered"] * 2)
        await _down(run, "dmp")
        lines = await run.lines()
        assert all(line.dmp in ("waiting", "unknown") for line in lines)
        stage.dmp.disarm()
        lines = await run.quiet()
        assert [line.dmp for line in lines] == ["fed", "fed"]
        stage.once(lines[0])
        stage.told(lines[1])
        assert run.watch.said == [("dmp", "down"), ("dmp", "up")]


async def test_a_record_that_stays_down_holds_nobody_but_itself(stage: Stage) -> None:
    stage.record.arm("ar", count=ALWAYS)
    async with running(stage.house()) as run:
        await run.take(stage.samples.new(), stage.samples.letter())
        await run.until("fed", lambda found: [x.dmp for x in found] == ["fed", "fed"])
        await _down(run, "dpi")
        assert [line.dpi for line in await run.lines()] == ["waiting", "waiting"]
        stage.record.disarm()
        lines = await run.quiet()
        assert [line.dpi for line in lines] == ["delivered", "delivered"]
        stage.once(lines[0])
        assert run.watch.said == [("dpi", "down"), ("dpi", "up")]


@pytest.mark.parametrize("destination", ["dpi", "dmp"])
async def test_a_port_that_is_closed_then_opened(stage: Stage, destination: str) -> None:
    async with door(stage.record.port) as record, door(stage.dmp.port) as dmp:
        shut = {"dpi": record, "dmp": dmp}[destination]
        base = stage.dmp.base.replace(str(stage.dmp.port), str(dmp.port))
        await shut.close()
        async with running(stage.house(record=record.port, dmp=base)) as run:
            await run.take(stage.samples.new())
            await _down(run, destination)
            other = "dmp" if destination == "dpi" else "dpi"
            done = {"dmp": "fed", "dpi": "delivered"}[other]
            await run.until("at the other", lambda found: getattr(found[0], other) == done)
            assert getattr((await run.lines())[0], destination) == "waiting"
            await shut.open()
            (line,) = await run.quiet()
            stage.once(line)
            assert run.watch.said == [(destination, "down"), (destination, "up")]


async def test_connections_broken_in_the_middle_of_everything(stage: Stage) -> None:
    async with door(stage.record.port) as record, door(stage.dmp.port) as dmp:
        base = stage.dmp.base.replace(str(stage.dmp.port), str(dmp.port))
        async with running(stage.house(record=record.port, dmp=base)) as run:
            await run.take(stage.samples.new(), stage.samples.replacement(), stage.samples.letter())
            for _ in range(8):
                await asyncio.sleep(0.15)
                await record.open()
                await dmp.open()
            lines = await run.quiet()
            assert [(x.dpi, x.dmp) for x in lines] == [("delivered", "fed")] * 3
            for line in lines:
                stage.told(line)


@pytest.mark.parametrize("wrong", ["server", "client"])
async def test_a_certificate_of_another_authority(stage: Stage, wrong: str) -> None:
    other = keys.make(stage.folder / "other")
    options = {"server": [], "client": ["--client-ca", str(other.ca)]}[wrong]
    server = {"server": other, "client": stage.pki}[wrong]
    asking = {"server": ["--client-ca", str(stage.pki.ca)], "client": options}[wrong]
    with referees.dmp(stage.folder / "wrong", [REFEREE_ROW], server, asking) as stranger:
        async with door(stranger.port) as dmp:
            base = stage.dmp.base.replace(str(stage.dmp.port), str(dmp.port))
            async with running(stage.house(dmp=base)) as run:
                await run.take(stage.samples.new())
                await _down(run, "dmp")
                (line,) = await run.until("delivered", lambda found: found[0].dpi == "delivered")
                assert line.dmp == "waiting"
                await dmp.open(stage.dmp.port)
                (line,) = await run.quiet()
                stage.once(line)
                assert run.watch.said == [("dmp", "down"), ("dmp", "up")]


@pytest.mark.parametrize("code", ["902", "903", "904", "905"])
async def test_the_record_refuses_the_patient_of_what_was_fed(stage: Stage, code: str) -> None:
    stage.record.arm("ar", count=ALWAYS)
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        await run.until("fed", lambda found: found[0].dmp == "fed")
        stage.record.disarm()
        stage.record.arm("ae", code=code, match={"documentId": stage.first})
        (line,) = await run.quiet()
        assert (line.outcome, line.dpi, line.dmp) == ("filed", "refused", "withdrawn")
        assert fed(stage.dmp, stage.first) == ["Deleted"]
        await _asked(run, (Reason.DPI_REFUSED, "dpi", True))


async def test_a_letter_is_looked_up_and_withdrawn_under_the_id_that_was_fed(stage: Stage) -> None:
    """Its PDF/A has another id than the record's document (docs/adr/0025)."""
    stage.record.arm("ar", count=ALWAYS)
    stage.dmp.arm("accept_then_reset", count=1, match={"transaction": "TD2.1"})
    async with running(stage.house()) as run:
        await run.take(stage.samples.letter())
        (line,) = await run.until("fed", lambda found: found[0].dmp == "fed")
        archived = line.fed_unique_id or ""
        assert fed(stage.dmp, archived) == ["Approved"]
        stage.record.disarm()
        stage.record.arm("ae", code="905")
        (line,) = await run.quiet()
        assert (line.outcome, line.dpi, line.dmp) == ("filed", "refused", "withdrawn")
        assert fed(stage.dmp, archived) == ["Deleted"]


async def test_the_record_refuses_the_patient_of_what_is_not_fed_yet(stage: Stage) -> None:
    stage.dmp.arm("http503", count=ALWAYS)
    stage.record.arm("ae", code="902", match={"documentId": stage.first})
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        await run.until("refused", lambda found: found[0].dpi == "refused")
        stage.dmp.disarm()
        (line,) = await run.quiet()
        assert (line.dpi, line.dmp, line.dmp_reason) == ("refused", "not-fed", "dpi-refused")
        assert fed(stage.dmp, stage.first) == []
        await _asked(run, (Reason.DPI_REFUSED, "dpi", True))


@pytest.mark.parametrize("kind", ["accept_then_hang", "hang"])
async def test_the_record_refuses_the_patient_while_the_dmp_is_being_fed(stage: Stage, kind: str) -> None:
    stage.dmp.arm(kind, seconds=HANGS, match={"transaction": "TD2.1"})
    stage.record.arm("ae", code="902", match={"documentId": stage.first})
    async with running(stage.house(timeout=SHORT)) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        assert (line.dpi, line.dmp in ("withdrawn", "not-fed")) == ("refused", True), line
        assert fed(stage.dmp, stage.first) in (["Deleted"], [])
        await _asked(run, (Reason.DPI_REFUSED, "dpi", True))


async def test_the_record_refuses_for_another_reason(stage: Stage) -> None:
    stage.record.arm("ae", code="906", match={"documentId": stage.first})
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        assert (line.outcome, line.dpi, line.dmp) == ("filed", "refused", "fed")
        stage.told(line)
        await _asked(run, (Reason.DPI_REFUSED, "dpi", False))


async def test_the_record_finds_the_message_malformed(stage: Stage) -> None:
    stage.record.arm("ae", code="101", match={"documentId": stage.first})
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        assert (line.dpi, line.dmp) == ("refused", "fed")
        stage.told(line)
        await _asked(run, (Reason.DPI_REFUSED, "dpi", False))


async def test_the_dmp_refuses_the_metadata(stage: Stage) -> None:
    stage.dmp.arm("registry_error", code="XDSRegistryMetadataError", match={"transaction": "TD2.1"})
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        assert (line.outcome, line.dpi, line.dmp, line.dmp_reason) == (
            "filed",
            "delivered",
            "refused",
            "XDSRegistryMetadataError",
        )
        stage.told(line)
        await _asked(run, (Reason.DMP_REFUSED, "dmp", False))


async def test_an_internal_error_of_the_dmp_passes_or_ends_with_a_person(stage: Stage) -> None:
    stage.dmp.arm("registry_error", code="XDSRegistryError", count=2, match={"transaction": "TD2.1"})
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        stage.once(line)
        stage.dmp.arm("registry_error", code="XDSRegistryError", count=ALWAYS, match={"transaction": "TD2.1"})
        await run.take(stage.samples.letter())
        lines = await run.quiet()
        assert (lines[1].dpi, lines[1].dmp) == ("delivered", "refused")
        await _asked(run, (Reason.DMP_REFUSED, "dmp", False))


async def test_the_dmp_is_closed_meanwhile(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        stage.once((await run.quiet())[0])
        assert ZOE.ins is not None
        stage.dmp.set_dmp_state(ZOE.ins.number, "closed")
        try:
            await run.take(stage.samples.letter())
            lines = await run.quiet()
        finally:
            stage.dmp.set_dmp_state(ZOE.ins.number, "active")
        assert (lines[1].dpi, lines[1].dmp, lines[1].dmp_reason) == ("delivered", "not-fed", "dmp-closed")


async def test_what_is_replaced_was_said_to_have_moved(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        await run.quiet()
        stage.dmp.arm("registry_error", code="XDSRegistryDeprecatedDocumentError", match={"transaction": "TD2.1"})
        await run.take(stage.samples.replacement())
        lines = await run.quiet()
        stage.once(lines[1])
        assert fed(stage.dmp, stage.first) == ["Deprecated"], "it still replaces: an RPLC, not a new document"
        assert await run.entries() == []


async def test_what_is_replaced_was_replaced_by_somebody_else(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        await run.quiet()
        stage.dmp.arm(
            "registry_error", count=ALWAYS, code="XDSRegistryDeprecatedDocumentError", match={"transaction": "TD2.1"}
        )
        await run.take(stage.samples.replacement())
        lines = await run.quiet()
        assert (lines[1].dpi, lines[1].dmp) == ("delivered", "refused")
        assert lines[1].dmp_reason == "XDSRegistryDeprecatedDocumentError"
        assert fed(stage.dmp, stage.first) == ["Approved"]
        await _asked(run, (Reason.DMP_REFUSED, "dmp", False))


async def test_what_is_replaced_has_left_the_dmp(stage: Stage) -> None:
    """Deleted there by somebody else: nothing of it is approved, the new version is fed as new."""
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        await run.quiet()
        await _deleted_by_another(stage, run)
        await run.take(stage.samples.replacement())
        lines = await run.quiet()
        stage.told(lines[1])
        assert (lines[1].dpi, lines[1].dmp) == ("delivered", "fed"), await run.entries()


async def test_a_deletion_that_the_dmp_refuses(stage: Stage) -> None:
    with referees.dmp(stage.folder / "author", [REFEREE_ROW], stage.pki, ["--delete-right", "author"]) as dmp:
        async with running(stage.house(dmp=dmp.base)) as run:
            await run.take(stage.samples.new(), stage.samples.replacement(), stage.samples.deletion())
            lines = await run.quiet()
            assert [(x.action, x.dpi, x.dmp) for x in lines] == [
                ("create", "delivered", "fed"),
                ("replace", "delivered", "fed"),
                ("delete", "delivered", "refused"),
            ]
            assert held(stage.record, stage.samples.oid("second")) == ["deleted"]
            assert fed(dmp, stage.samples.oid("second")) == ["Approved"]
            await _asked(run, (Reason.DMP_REFUSED, "dmp", True))
            await _fallback(run)


async def test_a_withdrawal_that_the_dmp_refuses(stage: Stage) -> None:
    with referees.dmp(stage.folder / "author", [REFEREE_ROW], stage.pki, ["--delete-right", "author"]) as dmp:
        stage.record.arm("ar", count=ALWAYS)
        async with running(stage.house(dmp=dmp.base)) as run:
            await run.take(stage.samples.new())
            await run.until("fed", lambda found: found[0].dmp == "fed")
            stage.record.disarm()
            stage.record.arm("ae", code="904", match={"documentId": stage.first})
            (line,) = await run.quiet()
            assert (line.dpi, line.dmp) == ("refused", "fed"), "it is still there, and that is said"
            assert fed(dmp, stage.first) == ["Approved"]
            await _asked(run, (Reason.DPI_REFUSED, "dpi", True), (Reason.DMP_REFUSED, "dmp", True))
            await _fallback(run)


async def test_stopped_while_everything_is_down_and_started_again(stage: Stage) -> None:
    stage.dmp.arm("accept_then_reset", count=ALWAYS, match={"transaction": "TD2.1"})
    stage.record.arm("ack_lost", count=ALWAYS)
    house = stage.house()
    async with running(house) as run:
        await run.take(stage.samples.new())
        await _down(run, "dpi")
        await asyncio.sleep(0.2)
    stage.record.disarm()
    stage.dmp.disarm()
    async with running(house) as run:
        (line,) = await run.quiet()
        stage.once(line)


async def _down(run: Run, destination: str) -> None:
    await run.until(f"{destination} down", lambda _: run.watch.of(destination)[:1] == ["down"])


async def _asked(run: Run, *wanted: tuple[Reason, str, bool]) -> None:
    """The worklist holds exactly these entries."""
    found = await run.entries()
    assert sorted((e.reason, e.destination, e.urgent) for e in found) == sorted(wanted)
    assert all(entry.detail for entry in found)


async def _fallback(run: Run) -> None:
    """The entry says what to do when the DMP keeps a document."""
    entry = next(e for e in await run.entries() if e.reason is Reason.DMP_REFUSED)
    assert all(words in entry.detail for words in ("l'auteur", "Web-PS", "support du DMP", "informer le patient"))


async def _deleted_by_another(stage: Stage, run: Run) -> None:
    """The first version is deleted in the DMP, behind the gateway's back."""
    legs: Any = run.gateway.worker._handlers["deliver"]
    dmp = legs.__self__.legs["dmp"].destination
    assert ZOE.ins is not None
    entry = await dmp.find(stage.first, ZOE.ins)
    instant = run.gateway.house.clock.now()
    payload = dmp.prepare_deletion(stage.first, entry, ZOE.ins, seed=f"else/{stage.first}", instant=instant)
    said = await dmp.send(payload)
    assert said.answer == "done", said


async def test_a_dmp_that_is_back_and_has_the_document_already(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await run.take(stage.samples.new())
        stage.once((await run.quiet())[0])
    again = between.settle(stage.folder / "again", stage.pki.folder, stage.record.port, stage.dmp.base)
    stage.dmp.arm("http503", count=3)
    async with running(again) as run:
        await run.take(stage.samples.new())
        (line,) = await run.quiet()
        assert (line.dpi, line.dmp) == ("delivered", "already-there")
        assert fed(stage.dmp, stage.first) == ["Approved"]
        assert run.watch.said == [("dmp", "down"), ("dmp", "up")]


async def test_a_dmp_that_is_back_and_closed_for_this_patient(stage: Stage) -> None:
    assert ZOE.ins is not None
    stage.dmp.set_dmp_state(ZOE.ins.number, "closed")
    stage.dmp.arm("http503", count=3)
    try:
        async with running(stage.house()) as run:
            await run.take(stage.samples.new())
            (line,) = await run.quiet()
            assert (line.dpi, line.dmp, line.dmp_reason) == ("delivered", "not-fed", "dmp-closed")
            assert run.watch.said == [("dmp", "down"), ("dmp", "up")]
    finally:
        stage.dmp.set_dmp_state(ZOE.ins.number, "active")
