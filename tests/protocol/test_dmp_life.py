"""The life of a document in the DMP, before the strict referee with its schematron and both rights to delete.

A colleague's CDA: new, replaced twice, deleted, its ids plain OIDs or with an extension. A letter that we wrapped: new,
hidden from the patient, shown again, taken back. Nothing may be found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from gateway.ledger import deliveries, patients
from gateway.ledger.tables import delivery
from gateway.ledger.views import Line
from gateway.model.documents import Visibility
from gateway.model.reasons import NotFed, Reason
from gateway.model.states import DeliveryState
from gateway.review import visibility
from gateway.review.entries import act
from gateway.review.visibility import Wish
from tests import pki as keys
from tests.crash.house import House, build
from tests.protocol import between, feeding, referees
from tests.protocol.between import Run, fed, running
from tests.protocol.referees import Referee
from tests.samples import HOUSE, REFEREE_ROW, SENDER, Samples
from tests.unit.formats import builders

ONE_RIGHT = pytest.mark.parametrize("server", ["feeder"], indirect=True)
WISH = Wish("Secrétariat", "10107507153", "consultation d'annonce faite")
OURS = replace(SENDER, structure=HOUSE.name, structure_id=HOUSE.structure_id)


@dataclass(frozen=True)
class Author(Samples):
    """A colleague of our own structure; with ``extension`` his software numbers its documents under one root."""

    extension: bool = False

    def unique(self, name: str) -> str:
        """The id of a document as his mails give it."""
        return f"{self.oid(name)}^V-{name}" if self.extension else self.oid(name)

    def document(self, name: str = "first", **more: Any) -> bytes:
        made = super().document(name, **more)
        for old, new in ((SENDER.structure_id, OURS.structure_id), (SENDER.structure, OURS.structure)):
            made = made.replace(old.encode(), new.encode())
        if self.extension:
            for one in ("first", "second", "third"):
                plain = f'<id root="{self.oid(one)}">'
                made = made.replace(plain.encode(), f'<id extension="V-{one}" root="{self.oid(one)}">'.encode())
        return made

    def version(self, name: str, version: int, parent: str, action: str = "C") -> bytes:
        """The mail that carries a later version, or (D) takes it back."""
        document = self.document(name, version=version, parent=parent)
        return self._mail(f"{name}-{action}", self._xdm(name, document, action=action))

    def _xdm(self, name: str, document: bytes, *, action: str = "") -> bytes:
        sheet = builders.metadata(
            builders.listed(document, unique=self.unique(name), action=action)
            .replace("284057812345678", REFEREE_ROW["ins"])
            .replace("MARTINEAU^LEONIE", "CHAUVELIN^ZOE")
            .replace("DURANDAL", "CHAUVELIN")
            .replace("19840512", REFEREE_ROW["birth_date"])
            .replace("11490-0", "11488-4")
        )
        return builders.attached(builders.xdm(document, sheet), "IHE_XDM.zip", "application/zip")


@dataclass(frozen=True)
class Stage:
    """The referee, a folder for this test alone, and what it had judged before."""

    folder: Path
    pki: keys.Pki
    dmp: Referee
    state: Path
    right: str
    since: int

    def house(self) -> House:
        tables = between.DESTINATIONS.format(record=1, dmp=self.dmp.base, pki=self.pki.folder, timeout="10s")
        return build(self.folder / "house", f"[dmp]{tables.partition('[dmp]')[2]}")

    def judged(self) -> list[dict[str, Any]]:
        return self.dmp.journal(self.since)

    def nothing_to_say(self) -> None:
        assert [v for entry in self.judged() for v in entry["violations"]] == []

    def holds(self, *lines: str | None) -> list[list[str]]:
        return [fed(self.dmp, one or "") for one in lines]


@pytest.fixture(scope="module", params=["feeder", "author"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("life")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    options = ["--schematron", "--delete-right", request.param]
    with referees.dmp(folder / "dmp", [REFEREE_ROW], pki, options) as dmp:
        yield pki, dmp, folder / "dmp" / "state", request.param


@pytest.fixture
def stage(server: Any, tmp_path: Path) -> Stage:
    pki, dmp, state, right = server
    return Stage(tmp_path, pki, dmp, state, right, max((entry["seq"] for entry in dmp.journal()), default=0))


@pytest.mark.parametrize("extension", [False, True], ids=["plain ids", "ids with an extension"])
async def test_a_colleagues_document(stage: Stage, extension: bool) -> None:
    author = Author(f"{stage.right}/{extension}", extension)
    async with running(stage.house()) as run:
        one = await _takes(run, author._mail("new", author._xdm("first", author.document())))
        two = await _takes(run, author.version("second", 2, "first"))
        three = await _takes(run, author.version("third", 3, "second"))
        assert [(line.action, line.dmp) for line in (one, two, three)] == [
            ("create", "fed"),
            ("replace", "fed"),
            ("replace", "fed"),
        ]
        ids = one.fed_unique_id, two.fed_unique_id, three.fed_unique_id
        assert stage.holds(*ids) == [["Deprecated"], ["Deprecated"], ["Approved"]]
        assert not any("^" in (unique or "^") for unique in ids)
        gone = await _takes(run, author.version("third", 3, "second", "D"))
    assert (gone.action, gone.dmp) == ("delete", "fed")
    assert stage.holds(*ids) == [["Deprecated"], ["Deprecated"], ["Deleted"]]
    stage.nothing_to_say()


async def test_a_letter_of_ours(stage: Stage) -> None:
    async with running(stage.house()) as run:
        await run.gateway.house.ledger.write("directory", lambda c: patients.put_senders(c, [OURS], 4e9))
        line = await _takes(run, Samples(f"letter/{stage.right}").letter())
        house = run.gateway.house
        for verb in ("make-invisible", "make-visible"):
            await act(house, lambda c, v=verb: visibility.change(c, house, line.id, v, WISH))  # type: ignore[misc]
            await run.quiet()
        await act(house, lambda c: visibility.delete(c, house, line.id, WISH))
        await run.quiet()
        rows = await house.ledger.read(lambda c: deliveries.of_document(c, line.id))
    sent = [entry for entry in stage.judged() if entry["transaction"] == "TD2.1"]
    flags = [entry["confidentialityCodes"] for entry in sent]
    assert flags == [[["N"]], [["N", "INVISIBLE_PATIENT"]], [["N"]]]
    versions = [one for entry in sent for one in entry["documentUniqueIds"]]
    assert stage.holds(*versions) == [["Deprecated"], ["Deprecated"], ["Deleted"]]
    assert {row.state for row in rows if row.purpose != "withdraw" and row.destination == "dmp"} == {
        DeliveryState.WITHDRAWN
    }
    stage.nothing_to_say()


@ONE_RIGHT
async def test_a_parent_that_was_archived_meanwhile_is_deleted_all_the_same(stage: Stage) -> None:
    author = Author(f"archived/{stage.right}")
    async with running(stage.house()) as run:
        one = await _takes(run, author._mail("new", author._xdm("first", author.document())))
        _set_status(stage, one.fed_unique_id, "urn:asip:ci-sis:2010:StatusType:Archived")
        gone = await _takes(run, author._mail("gone", author._xdm("first", author.document(), action="D")))
    assert gone.dmp == "fed"
    assert stage.holds(one.fed_unique_id) == [["Deleted"]]
    violations = [v["id"] for entry in stage.judged() for v in entry["violations"]]
    assert violations == ["D11"], "we cannot know its status before we are told"


async def test_what_a_colleague_elsewhere_wrote_is_deleted_where_the_dmp_lets_us(stage: Stage) -> None:
    author = Samples(f"elsewhere/{stage.right}")
    async with running(stage.house()) as run:
        one = await _takes(run, author.new())
        gone = await _takes(run, author._mail("gone", author._xdm("first", author.document(), action="D")))
        entries = await run.entries()
    if stage.right == "feeder":
        assert (gone.dmp, stage.holds(one.fed_unique_id), entries) == ("fed", [["Deleted"]], [])
        return
    assert (gone.dmp, stage.holds(one.fed_unique_id)) == ("refused", [["Approved"]])
    (entry,) = entries
    assert (entry.reason, entry.urgent) == (Reason.DMP_REFUSED, True)
    assert "Web-PS" in entry.detail


@ONE_RIGHT
@pytest.mark.parametrize("extension", [False, True], ids=["plain ids", "ids with an extension"])
async def test_the_version_between_never_went_there(stage: Stage, extension: bool) -> None:
    author = Author(f"between/{stage.right}/{extension}", extension)
    async with running(stage.house()) as run:
        await _takes(run, author._mail("new", author._xdm("first", author.document())))
        await _oppose(run, opposed=True)
        two = await _takes(run, author.version("second", 2, "first"))
        await _oppose(run, opposed=False)
        three = await _takes(run, author.version("third", 3, "second"))
        first = (await run.lines())[0]
    assert (two.dmp, two.dmp_reason, three.dmp) == ("not-fed", NotFed.OPPOSED, "fed")
    assert three.fed_unique_id != three.unique_id, "its header names a parent that the DMP does not have"
    assert stage.holds(first.fed_unique_id, three.fed_unique_id) == [["Deprecated"], ["Approved"]]
    stage.nothing_to_say()


@ONE_RIGHT
async def test_the_parent_was_taken_back(stage: Stage) -> None:
    author = Author(f"taken/{stage.right}")
    async with running(stage.house()) as run:
        one = await _takes(run, author._mail("new", author._xdm("first", author.document())))
        await run.gateway.house.ledger.write("withdrawn", lambda c: _withdraw(c, one.id))
        _set_status(stage, one.fed_unique_id, "urn:asip:ci-sis:2010:StatusType:Deleted")
        two = await _takes(run, author.version("second", 2, "first"))
    assert two.dmp == "fed"
    assert [entry["replaces"] for entry in stage.judged() if entry["transaction"] == "TD2.1"] == [[], []]
    assert stage.holds(one.fed_unique_id, two.fed_unique_id) == [["Deleted"], ["Approved"]]
    stage.nothing_to_say()


@ONE_RIGHT
async def test_the_author_has_already_replaced_it_himself(stage: Stage) -> None:
    author = Author(f"himself/{stage.right}")
    async with running(stage.house()) as run:
        one = await _takes(run, author._mail("new", author._xdm("first", author.document())))
        await _feed(stage, author.document("second", version=2, parent="first"))
        three = await _takes(run, author.version("third", 3, "first"))
        entries = await run.entries()
    assert (three.dmp, three.dmp_reason) == ("refused", "XDSRegistryDeprecatedDocumentError")
    assert stage.holds(one.fed_unique_id, author.oid("second"), three.unique_id) == [["Deprecated"], ["Approved"], []]
    assert [entry.reason for entry in entries] == [Reason.DMP_REFUSED]


async def _takes(run: Run, mail: bytes) -> Line:
    """A mail comes, and all that follows; what became of its document."""
    await run.take(mail)
    return (await run.quiet())[-1]


async def _oppose(run: Run, *, opposed: bool) -> None:
    def write(c: Connection) -> None:
        known = patients.get_patient(c, REFEREE_ROW["ipp"])
        assert known is not None
        patients.put_patient(c, replace(known, opposed=opposed), patients.next_revision(c, 4e9))

    await run.gateway.house.ledger.write("opposition", write)


async def _feed(stage: Stage, data: bytes) -> None:
    """As the author himself would, replacing what his document names."""
    dmp, one = feeding.adapter(stage.dmp.base, stage.pki), feeding.document(data)
    target = await dmp.find(one.header.parent_id, one.patient)
    payload = dmp.prepare(
        one.data, one.header, one.patient, Visibility(), seed="himself", instant=feeding.now(), replaces=target
    )
    assert (await dmp.send(payload)).answer == "done"
    await dmp.aclose()


def _withdraw(c: Connection, number: int) -> None:
    """As when the record had refused the patient."""
    rows = [one.id for one in deliveries.of_document(c, number) if one.destination == "dmp"]
    c.execute(update(delivery).where(delivery.c.id.in_(rows)).values(state=DeliveryState.WITHDRAWN))


def _set_status(stage: Stage, unique_id: str | None, status: str) -> None:
    """What somebody else did in the registry."""
    with sqlite3.connect(stage.state / "registry.sqlite") as registry:
        registry.execute("UPDATE entries SET status = ? WHERE unique_id = ?", (status, unique_id))
