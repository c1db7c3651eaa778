"""The hospital's own documents, the whole way: from its record by MLLP to the strict DMP, and back as ZAM."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.app import daemon
from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.flow import index
from gateway.ledger import documents, trail
from gateway.ledger.rows import Entry
from gateway.ledger.views import Line, results
from gateway.model.identity import InsStatus, Patient
from gateway.model.ports import Silent
from gateway.model.reasons import Reason
from gateway.review.reject import reject
from tests import hospital, outside
from tests import pki as keys
from tests.crash.driver import InlineReaders
from tests.hospital import TO_DMP, Told, answers, hand_over, mdm, oru, pid
from tests.protocol import feeding, living, referees
from tests.protocol.between import Watch
from tests.protocol.feeding import Document, variant
from tests.protocol.referees import Referee
from tests.samples import IPP_OID

N1 = "DOC_NON_STRUCTURE_CDA-R2-N1.xml"
N3 = "BIO-CR-BIO_2024.01_Electrophorese.xml"


@dataclass(frozen=True)
class Stage:
    """The DMP, the real documents, and the one patient of whom they speak."""

    dmp: Referee
    pki: keys.Pki
    n1: bytes
    n3: bytes
    of: Document
    tag: str

    def first(self, name: str = "first") -> Document:
        return variant(self.n1, f"{self.tag}-{name}/1")

    def structured(self) -> Document:
        return variant(self.n3, f"{self.tag}-structured/1")

    def second(self, before: Document) -> Document:
        return variant(self.n1, f"{self.tag}-first/2", version=2, replaces=before.header.id_root)

    def fed(self, one: Document) -> list[str]:
        found = [d for d in self.dmp.documents() if d["unique_id"] == one.header.id_root]
        return [d["status"].rpartition(":")[2] for d in found]


@dataclass
class Run:
    """A gateway at work, its inlet, and where its record is told."""

    life: daemon.Running
    told: Told
    watch: Watch

    @property
    def port(self) -> int:
        return self.life.hospital_port

    async def lines(self) -> list[Line]:
        return await self.life.gateway.house.ledger.read(lambda c: list(results(c)))

    async def entries(self) -> list[Entry]:
        return await self.life.gateway.house.ledger.read(documents.open_entries)

    async def settled(self, count: int) -> list[Line]:
        """Wait until there are so many documents and nothing is left to do for them."""
        limit = asyncio.get_running_loop().time() + 20
        while True:
            lines = await self.lines()
            left = [(x.outcome, x.reason, x.dpi, x.dmp, x.dmp_reason) for x in lines]
            assert not self.watch.crashes, self.watch.crashes
            assert asyncio.get_running_loop().time() < limit, left
            waits = any(line.outcome == "pending" or line.dmp in ("waiting", "unknown") for line in lines)
            if len(lines) >= count and not waits and await self.life.gateway.worker.quiet():
                return lines
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Referee, keys.Pki, bytes, bytes, Document]]:
    folder = tmp_path_factory.mktemp("hospital")
    pki = keys.make(folder / "pki")
    examples = outside.corpora("cda-fr", "ExemplesCDA")
    n1, n3 = (examples / N1).read_bytes(), (examples / N3).read_bytes()
    rows = {one.patient: one.patient_row() for one in map(feeding.document, (n1, n3))}
    assert len(rows) == 1, "the two examples speak of one patient"
    with referees.dmp(folder / "dmp", rows.values(), pki) as dmp:
        yield dmp, pki, n1, n3, feeding.document(n1)


@pytest.fixture
def stage(play: tuple[Referee, keys.Pki, bytes, bytes, Document], request: pytest.FixtureRequest) -> Iterator[Stage]:
    since = max((entry["seq"] for entry in play[0].journal()), default=0)
    yield Stage(*play, tag=request.node.name)
    play[0].disarm()
    broken = [entry["violations"] for entry in play[0].journal(since) if entry["violations"]]
    assert broken == [], "the referee finds nothing to say"


@asynccontextmanager
async def running(folder: Path, stage: Stage, **tables: dict[str, Any]) -> AsyncIterator[Run]:
    async with hospital.told() as told:
        shared: dict[str, dict[str, Any]] = {
            "establishment": {"test": True},
            "hospital": {"listen": "127.0.0.1:0"},
            "ack": {"url": f"mllp://127.0.0.1:{told.port}"},
            "dmp": living.to_dmp(stage.dmp.base, stage.pki),
        }
        for name, table in tables.items():
            shared[name] = {**shared.get(name, {}), **table}
        house = living.build(folder, shared)
        known(house, stage.of)
        watch = Watch()
        async with daemon.running(load(house.config), watch, InlineReaders) as life:
            yield Run(life, told, watch)
            assert not watch.crashes
            assert life.gateway.worker.failed is None
            assert await life.gateway.house.ledger.read(trail.verify) > 0


def known(house: living.Living, one: Document) -> None:
    """Put the patient of a document into the index."""
    h = one.header
    patient = Patient("770001", one.patient, InsStatus.QUALIFIEE, h.birth_name, h.used_name, h.given_names,
                      h.first_given, h.birth_date, h.sex, h.birth_place)  # fmt: skip
    ledger, _ = open_ledger(load(house.config), Silent())
    ledger.submit("import", lambda c: index.put_all(c, [patient], 4e9)).result()
    ledger.close()


async def test_a_life_of_a_document(tmp_path: Path, stage: Stage) -> None:
    first = stage.first()
    second = stage.second(first)
    who = pid(first.header)
    async with running(tmp_path, stage) as run:
        sent = mdm(first.data, who, number="1", flags={**TO_DMP, "INVISIBLE_PATIENT": "Y"})
        (ack,) = await hand_over(run.port, sent)
        assert (ack.code, ack.control_id) == ("AA", "1")
        (line,) = await run.settled(1)
        assert (line.outcome, line.action, line.dpi, line.dmp) == ("filed", "create", "off", "fed")
        assert (line.source, line.message_id) == ("hospital:1", "1")
        assert line.unique_id == line.fed_unique_id == first.header.id_root
        assert stage.dmp.journal()[-1]["confidentialityCodes"] == [["N", "INVISIBLE_PATIENT"]]
        await hand_over(run.port, mdm(second.data, who, number="2", status="C"))
        await run.settled(2)
        assert (stage.fed(first), stage.fed(second)) == (["Deprecated"], ["Approved"])
        assert stage.dmp.journal()[-1]["confidentialityCodes"] == [["N"]]
        await hand_over(run.port, mdm(second.data, who, number="3", status="D"))
        lines = await run.settled(3)
        assert [line.action for line in lines] == ["create", "replace", "delete"]
        assert stage.fed(second) in ([], ["Deleted"])
        told = await run.told.until(3)
        assert [m.field("OBX", 4) for m in told] == ["1", "2", "3"]
        assert [m.field("OBX", 5) for m in told] == ["Y", "Y", "Y"]
        assert len({m.control_id for m in told}) == 3
        assert await run.entries() == []


async def test_a_burst_ends_as_its_order_has_it(tmp_path: Path, stage: Stage) -> None:
    first = stage.first()
    second = stage.second(first)
    who = pid(first.header)
    async with running(tmp_path, stage) as run:
        life = (mdm(first.data, who, number="1"), mdm(second.data, who, number="2", status="C"))
        acks = await hand_over(run.port, *life, mdm(second.data, who, number="3", status="D"))
        assert [ack.code for ack in acks] == ["AA"] * 3
        lines = await run.settled(3)
        assert [line.outcome for line in lines] == ["filed"] * 3
        assert stage.fed(second) in ([], ["Deleted"])
        assert sorted(m.field("OBX", 4) for m in await run.told.until(3)) == ["1", "2", "3"]
        assert run.told.errors() == [""] * 3


async def test_both_forms_in_one_oru_are_fed_and_told_one_by_one(tmp_path: Path, stage: Stage) -> None:
    level1, level3 = stage.first(), stage.structured()
    async with running(tmp_path, stage) as run:
        (ack,) = await hand_over(run.port, oru([level1.data, level3.data], pid(level1.header), number="7"))
        assert ack.code == "AA"
        lines = await run.settled(2)
        assert [(line.outcome, line.dmp) for line in lines] == [("filed", "fed")] * 2
        assert (stage.fed(level1), stage.fed(level3)) == (["Approved"], ["Approved"])
        told = await run.told.until(2)
        assert [(m.field("OBX", 4), m.field("OBX", 5)) for m in told] == [("7", "Y")] * 2
        assert len({m.control_id for m in told}) == 2


async def test_a_message_again_has_one_effect_and_the_same_answer(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    sent = mdm(one.data, pid(one.header), number="4")
    async with running(tmp_path, stage) as run:
        acks = await hand_over(run.port, sent, sent)
        assert [ack.code for ack in acks] == ["AA", "AA"]
        other = mdm(one.data, pid(one.header), number="4", flags={})
        (ack,) = await hand_over(run.port, other)
        assert (ack.code, ack.errors[0].condition, ack.errors[0].location) == ("AE", "199", "MSH^1^10")
        (again,) = await hand_over(run.port, mdm(one.data, pid(one.header), number="4", time="20260606101500"))
        assert again.code == "AA", "another day, another message"
        lines = await run.settled(2)
        assert [(line.outcome, line.reason) for line in lines] == [("filed", None), ("ignored", "duplicate")]
        assert await run.entries() == []
        assert stage.fed(one) == ["Approved"]
        told = await run.told.until(2)
        assert [(m.field("OBX", 4), m.field("OBX", 5)) for m in told] == [("4", "Y")] * 2, "each message is answered"


async def test_a_document_again_that_asks_for_something_else_is_not_passed_over(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    who = pid(one.header)
    hidden = {**TO_DMP, "INVISIBLE_PATIENT": "Y"}
    async with running(tmp_path, stage) as run:
        await hand_over(run.port, mdm(one.data, who, number="20", flags={"ACK_RECEPTION": "Y"}))
        await hand_over(run.port, mdm(one.data, who, number="21"), mdm(one.data, who, number="22", flags=hidden))
        lines = await run.settled(3)
        assert [(line.outcome, line.reason) for line in lines] == [
            ("filed", None),
            ("quarantined", "version-conflict"),
            ("quarantined", "version-conflict"),
        ]
        assert stage.fed(one) == []


@pytest.mark.parametrize(
    ("state", "code", "label"),
    [("closed", "DMPClosed", "DMP fermé"), ("none", "XDSUnknownPatientId", "Le patient n'a pas de DMP")],
)
async def test_what_is_not_fed_is_told_with_its_reason(
    tmp_path: Path, stage: Stage, state: str, code: str, label: str
) -> None:
    one = stage.first()
    stage.dmp.set_dmp_state(one.patient.number, state)
    try:
        async with running(tmp_path, stage) as run:
            await hand_over(run.port, mdm(one.data, pid(one.header), number="5"))
            (told,) = await run.told.until(1)
            assert [told.field("OBX", 5), told.field("ERR", 5), told.field("ERR", 5, component=2)] == ["N", code, label]
            (line,) = await run.settled(1)
            assert (line.outcome, line.dpi, line.dmp) == ("filed", "off", "not-fed")
    finally:
        stage.dmp.set_dmp_state(one.patient.number, "active")


async def test_what_is_not_for_the_dmp_goes_nowhere_and_nobody_is_told(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    async with running(tmp_path, stage) as run:
        await hand_over(run.port, mdm(one.data, pid(one.header), number="6", flags={"ACK_RECEPTION": "Y"}))
        await hand_over(run.port, mdm(stage.structured().data, pid(one.header), number="8", flags={"DESTDMP": "Y"}))
        lines = await run.settled(2)
        assert [(line.outcome, line.dmp) for line in lines] == [("filed", "off"), ("filed", "fed")]
        assert run.told.frames == []


async def test_a_refusal_is_for_a_person_and_told_with_its_code(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    stage.dmp.arm("registry_error", code="XDSRegistryMetadataError", match={"transaction": "TD2.1"})
    async with running(tmp_path, stage) as run:
        await hand_over(run.port, mdm(one.data, pid(one.header), number="9"))
        (told,) = await run.told.until(1)
        assert (told.field("OBX", 5), told.field("ERR", 5)) == ("N", "XDSRegistryMetadataError")
        (entry,) = await run.entries()
        assert (entry.reason, entry.destination) == (Reason.DMP_REFUSED, "dmp")


async def test_an_answer_lost_on_the_way_is_told_once_it_is_known(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    stage.dmp.arm("accept_then_reset", match={"transaction": "TD2.1"})
    async with running(tmp_path, stage) as run:
        await hand_over(run.port, mdm(one.data, pid(one.header), number="18"))
        (told,) = await run.told.until(1)
        assert told.field("OBX", 5) == "Y"
        assert stage.fed(one) == ["Approved"]
        assert len(run.told.frames) == 1


async def test_a_patient_of_whom_nobody_knows_waits_and_its_rejection_is_told(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    stranger = one.data.replace(one.patient.number.encode(), b"199112233445566")
    who = pid(feeding.document(stranger).header)
    async with running(tmp_path, stage) as run:
        (ack,) = await hand_over(run.port, mdm(stranger, who, number="10"))
        assert ack.code == "AA", "what only a person can decide is ours"
        await run.settled(1)
        (entry,) = await run.entries()
        house = run.life.gateway.house
        await house.ledger.write("reject", lambda c: reject(c, house, entry.id, "autre patient", "Cécile"))
        (told,) = await run.told.until(1)
        assert (told.field("OBX", 5), told.field("ERR", 5)) == ("N", entry.reason)
        assert stage.fed(one) == []


async def test_a_pid_of_somebody_else_files_nothing(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    other = pid(one.header).replace(one.header.first_given, "ALBERTINE").replace(one.patient.number, "158075612345629")
    async with running(tmp_path, stage) as run:
        await hand_over(run.port, mdm(one.data, other, number="11"))
        (line,) = await run.settled(1)
        assert (line.outcome, line.reason) == ("quarantined", "identity-conflict")


async def test_our_own_number_of_another_patient_is_a_conflict(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    async with running(tmp_path, stage) as run:
        wrong = pid(one.header, more=f"~00712345^^^DPI&{IPP_OID}&ISO^PI")
        right = pid(one.header, more=f"~770001^^^DPI&{IPP_OID}&ISO^PI")
        await hand_over(run.port, mdm(one.data, wrong, number="12"))
        await hand_over(run.port, mdm(stage.structured().data, right, number="13"))
        lines = await run.settled(2)
        assert [(line.outcome, line.reason) for line in lines] == [
            ("quarantined", "identity-conflict"),
            ("filed", None),
        ]


async def test_the_record_down_or_unwilling_is_told_later_with_the_same_message(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    async with running(tmp_path, stage) as run:
        run.told.answers[:] = ["", "AR"]
        await hand_over(run.port, mdm(one.data, pid(one.header), number="14"))
        await run.told.until(3)
        await run.settled(1)
        assert len(set(run.told.frames)) == 1, "byte for byte the same"
        assert await run.entries() == []


async def test_an_acknowledgement_that_the_record_refuses_is_for_a_person(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    async with running(tmp_path, stage) as run:
        run.told.answers[:] = ["AE"]
        await hand_over(run.port, mdm(one.data, pid(one.header), number="15"))
        (line,) = await run.settled(1)
        assert line.dmp == "fed", "the document itself is where it belongs"
        (entry,) = await run.entries()
        assert (entry.reason, entry.destination) == (Reason.DPI_REFUSED, "ack")


async def test_both_ways_by_tls_with_certificates(tmp_path: Path, stage: Stage) -> None:
    one, keys = stage.first(), stage.pki
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=keys.ca)
    tls.load_cert_chain(keys.cert("server"), keys.key("server"))
    tls.verify_mode = ssl.CERT_REQUIRED
    inlet = {"cert": keys.cert("server"), "key": keys.key("server"), "client_ca": keys.ca}
    client = {"ca": keys.ca, "client_cert": keys.cert("client"), "client_key": keys.key("client")}
    sent = mdm(one.data, pid(one.header), number="17")
    async with hospital.told(tls) as told:
        ack = {"url": f"mllps://localhost:{told.port}", **client}
        async with running(tmp_path, stage, hospital=inlet, ack=ack) as run:
            with pytest.raises((OSError, AssertionError)):
                await answers(run.port, sent, tls=keys.client_context(""))
            assert await run.lines() == [], "nobody without a certificate is heard"
            (answer,) = await answers(run.port, sent, tls=keys.client_context("client"))
            assert answer.field("MSA", 1) == "AA"
            await told.until(1)
            assert told.errors() == [""]


async def test_a_slow_peer_delays_nobody(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    async with running(tmp_path, stage) as run:
        _, slow = await asyncio.open_connection("127.0.0.1", run.port)
        slow.write(b"\x0bMSH|^~\\&|")
        await slow.drain()
        (ack,) = await hand_over(run.port, mdm(one.data, pid(one.header), number="16"))
        assert ack.code == "AA"
        slow.close()


async def test_what_cannot_be_taken_is_answered_with_where_and_why(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    who = pid(one.header)
    async with running(tmp_path, stage, establishment={"test": False}) as run:
        for message, condition in (
            (mdm(one.data, who, number="20", version="2.5", processing="P"), "203"),
            (mdm(b"words", who, number="21", processing="P"), "102"),
            (mdm(one.data, who, number="22"), "202"),
            (b"hello", "100"),
        ):
            (answer,) = await answers(run.port, message)
            assert (answer.field("MSA", 1), answer.field("ERR", 3)) == ("AE", condition)
            assert one.header.birth_name not in answer.field("ERR", 3, component=2)
        assert await run.lines() == []


async def test_a_daemon_killed_after_its_answer_feeds_once_and_tells_once(tmp_path: Path, stage: Stage) -> None:
    one = stage.first()
    port = living.free_port()
    async with hospital.told() as told:
        tables: dict[str, dict[str, Any]] = {
            "establishment": {"test": True},
            "hospital": {"listen": f"127.0.0.1:{port}"},
            "ack": {"url": f"mllp://127.0.0.1:{told.port}"},
            "dmp": living.to_dmp(stage.dmp.base, stage.pki),
        }
        house = living.build(tmp_path, tables)
        known(house, stage.of)
        stage.dmp.arm("accept_then_hang", seconds=3, match={"transaction": "TD2.1"})
        first = await asyncio.to_thread(_started, house)
        sent = mdm(one.data, pid(one.header), number="30")
        (ack,) = await hand_over(port, sent)
        first.kill()
        assert ack.code == "AA"
        second = await asyncio.to_thread(_started, house)
        try:
            (again,) = await hand_over(port, sent)
            assert again.code == "AA", "the record, which lost our answer, asks again"
            await told.until(1)
            await asyncio.to_thread(living.until, lambda: not any(map(living.waiting, house.results())), "settled")
            assert await asyncio.to_thread(second.stop) == 0
        finally:
            second.kill()
        (line,) = house.results()
        assert (line["outcome"], line["dpi"], line["dmp"]) == ("filed", "off", "fed")
        assert stage.fed(one) == ["Approved"]
        assert len(set(told.frames)) == 1
        assert one.header.birth_name not in house.folder.joinpath("daemon.log").read_text()


def _started(house: living.Living) -> living.Daemon:
    daemon = house.start()
    daemon.ready()
    return daemon
