"""The life of a letter that we wrapped, between both referees: hidden, shown, hidden, masked, shown, taken back.

What each got is read in the referees' own journals and stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.flow.planning import revise
from gateway.ledger import deliveries, jobs, patients, trail
from gateway.ledger.rows import Delivery
from gateway.ledger.views import Line
from gateway.model.states import DeliveryState
from gateway.review import visibility
from gateway.review.entries import Done, ReviewError, act
from gateway.review.release import release, retry
from gateway.review.visibility import Wish
from tests import pki as keys
from tests.protocol import referees
from tests.protocol.between import Run, fed, held, running, settle
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, ZOE, Samples
from tests.unit.formats import builders

WISH = Wish("Secrétariat", "10107507153", "consultation d'annonce faite")


@dataclass(frozen=True)
class Stage:
    record: Referee
    dmp: Referee
    pki: Path


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    with (
        referees.dpi(folder / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]) as record,
        referees.dmp(folder / "dmp", [REFEREE_ROW], pki) as dmp,
    ):
        yield Stage(record, dmp, folder / "pki")


@dataclass
class Life:
    """A running gateway with one letter, and the journals since."""

    run: Run
    stage: Stage
    begins: tuple[int, int]

    async def says(self, verb: str, *, by: Wish = WISH) -> Done:
        """A professional's word, then all that follows."""
        done = await self.word(verb, by=by)
        await self.run.quiet()
        return done

    async def word(self, verb: str, *, by: Wish = WISH) -> Done:
        house, number = self.run.gateway.house, (await self.line()).id
        if verb == "delete":
            return await act(house, lambda c: visibility.delete(c, house, number, by))
        return await act(house, lambda c: visibility.change(c, house, number, verb, by))

    async def line(self) -> Line:
        (line,) = await self.run.lines()
        return line

    def record(self) -> list[dict[str, Any]]:
        """What the record was told, in order."""
        return self.stage.record.journal(self.begins[0])

    def feeds(self) -> list[dict[str, Any]]:
        """What the DMP was fed or made to delete, in order."""
        all_of_them = self.stage.dmp.journal(self.begins[1])
        return [one for one in all_of_them if one["transaction"] in ("TD2.1", "TD3.3c")]

    def nothing_to_say(self) -> None:
        """No referee found anything, not even to remark on the flags."""
        for entry in (*self.record(), *self.stage.dmp.journal(self.begins[1])):
            assert entry["violations"] == []
            assert {"META-MOD", "META-PS"}.isdisjoint(w["id"] for w in entry["warnings"])


def last(journal: list[dict[str, Any]]) -> int:
    return max((entry["seq"] for entry in journal), default=0)


def letter(tag: str, *words: str) -> bytes:
    """A letter of one run; « Lesion maligne » is a word that rules/annonce.toml hides."""
    written = builders.pdf(*_lines(*words, tag))
    return Samples(tag)._mail("lettre", builders.attached(written, "lettre.pdf", "application/pdf"))


def _lines(*words: str) -> tuple[str, ...]:
    return "COMPTE RENDU DE CONSULTATION", "Patient : Mme CHAUVELIN Zoe", "nee le 19/08/1956", *words


def hides(tag: str) -> bytes:
    return letter(tag, "Lesion maligne a l'examen.")


async def begun(run: Run, stage: Stage, mail: bytes) -> Life:
    life = Life(run, stage, (last(stage.record.journal()), last(stage.dmp.journal())))
    await run.take(mail)
    await run.quiet()
    return life


def flags(message: dict[str, Any]) -> tuple[str, str, str]:
    """MASQUE_PS, INVISIBLE_PATIENT, MODIF_CONF_CODE."""
    said = message["flags"]
    return said["MASQUE_PS"], said["INVISIBLE_PATIENT"], said["MODIF_CONF_CODE"]


async def test_the_life_of_a_letter(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        life = await begun(run, stage, hides(request.node.nodeid))
        line = await life.line()
        assert (line.dpi, line.dmp) == ("delivered", "fed")
        for verb in ("make-visible", "make-invisible", "make-visible", "mask", "unmask"):
            assert (await life.says(verb)).what == "revised", verb
            assert (await life.says(verb)).what == "already", verb
            line = await life.line()
            assert (line.dpi, line.dmp, line.dmp_reason) == ("delivered", "fed", None)
            assert fed(stage.dmp, line.fed_unique_id or "") == ["Approved"]
        told = life.record()
        assert [(m["event"], *flags(m)) for m in told] == [
            ("T02", "N", "Y", "N"),
            ("T10", "N", "N", "Y"),
            ("T10", "N", "Y", "Y"),
            ("T10", "N", "N", "Y"),
            ("T10", "N", "N", "N"),  # it never heard of the mask
        ]
        assert [m["parentId"] for m in told[1:]] == [m["documentId"] for m in told[:-1]]
        given = [one["confidentialityCodes"][0] for one in life.feeds()]
        assert given == [
            ["N", "INVISIBLE_PATIENT"], ["N"], ["N", "INVISIBLE_PATIENT"], ["N"], ["N", "MASQUE_PS"], ["N"],
        ]  # fmt: skip
        ids = [one["documentUniqueIds"][0] for one in life.feeds()]
        assert len(set(ids)) == 6
        assert [fed(stage.dmp, one) for one in ids] == [["Deprecated"]] * 5 + [["Approved"]]
        assert (await life.says("delete")).what == "deleted"
        line = await life.line()
        assert (line.outcome, line.dpi, line.dmp, line.fed_unique_id) == ("filed", "withdrawn", "withdrawn", None)
        assert fed(stage.dmp, ids[-1]) == ["Deleted"]
        assert held(stage.record, told[-1]["documentId"]) == ["deleted"]
        assert life.record()[-1]["event"] == "T04"
        life.nothing_to_say()
        with pytest.raises(ReviewError, match="déjà été supprimé"):
            await life.word("make-visible")
        lines = await run.gateway.house.ledger.read(lambda c: list(trail.lines(c)))
        said = [(one.who, one.action) for one in lines if one.subject == f"document {line.id}" and one.who != "gateway"]
        assert [action for _, action in said] == [
            "make-visible", "make-invisible", "make-visible", "mask", "unmask", "delete",
        ]  # fmt: skip
        assert all('"on_request_of":"10107507153"' in one.detail for one in lines if one.action == "unmask")


async def test_a_refusal_waits_for_a_person_and_the_wish_stands(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        life = await begun(run, stage, hides(request.node.nodeid))
        first = (await life.line()).fed_unique_id or ""
        stage.dmp.arm("registry_error", code="XDSRepositoryMetadataError", match={"transaction": "TD2.1"})
        await life.says("make-visible")
        line = await life.line()
        assert (line.dpi, line.dmp, line.fed_unique_id) == ("delivered", "refused", first)
        (entry,) = await run.entries()
        assert (entry.reason, entry.destination) == ("dmp-refused", "dmp")
        assert (await life.says("make-visible")).what == "already"
        house = run.gateway.house
        await act(house, lambda c: release(c, house, entry.id, "x"))
        await run.quiet()
        line = await life.line()
        assert (line.dmp, await run.entries()) == ("fed", [])
        assert fed(stage.dmp, line.fed_unique_id or "") == ["Approved"]
        assert [one["confidentialityCodes"][0] for one in life.feeds() if one["committed"]][-1] == ["N"]


async def test_a_new_wish_overtakes_a_refusal(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        life = await begun(run, stage, hides(request.node.nodeid))
        stage.record.arm("ae", code=906)
        stage.dmp.arm("registry_error", code="XDSRepositoryMetadataError", match={"transaction": "TD2.1"})
        await life.says("make-visible")
        assert {entry.reason for entry in await run.entries()} == {"dpi-refused", "dmp-refused"}
        await life.says("mask")
        line = await life.line()
        assert ([e.reason for e in await run.entries()], line.dmp) == (["dpi-refused"], "fed")
        await life.says("unmask")
        assert (await run.entries(), (await life.line()).dpi) == ([], "delivered")
        assert [(m["event"], *flags(m)) for m in life.record() if m["committed"]] == [
            ("T02", "N", "Y", "N"), ("T10", "N", "N", "Y"),
        ]  # fmt: skip


async def test_what_the_dmp_no_longer_has_is_not_put_back(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        life = await begun(run, stage, hides(request.node.nodeid))
        house, line = run.gateway.house, await life.line()
        dmp = await _at_the_dmp(run, line.id)
        gone = await house.ledger.write(
            "plan", lambda c: deliveries.plan(c, "dmp", house.now, document_id=line.id, purpose="withdraw", revision=2)
        )
        await house.ledger.write("go", lambda c: jobs.enqueue(c, "deliver", "dmp", gone, house.now))
        await run.quiet()
        await house.ledger.write("forget", lambda c: _still_fed(c, dmp))
        await life.says("make-visible")
        (entry,) = await run.entries()
        assert (entry.reason, "n'est plus dans le DMP" in entry.detail) == ("dmp-refused", True)
        assert fed(stage.dmp, line.fed_unique_id or "") == ["Deleted"]
        assert len([one for one in life.feeds() if one["transaction"] == "TD2.1"]) == 1


async def test_what_keeps_a_new_version_away_is_said(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The patient's DMP is closed since: what stands there is still shown to him, and somebody must know."""
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        life = await begun(run, stage, letter(request.node.nodeid, "Examen sans particularite."))
        house, line = run.gateway.house, await life.line()
        await house.ledger.write("opposed", lambda c: _opposed(c, opposed=True))
        await life.says("make-invisible")
        (entry,) = await run.entries()
        assert (entry.reason, entry.detail.partition(" ")[0]) == ("dmp-refused", "opposed")
        assert (await life.line()).fed_unique_id == line.fed_unique_id
        await house.ledger.write("agrees", lambda c: _opposed(c, opposed=False))
        await act(house, lambda c: release(c, house, entry.id, "x"))
        await run.quiet()
        assert [one["confidentialityCodes"][0][1:] for one in life.feeds()] == [[], ["INVISIBLE_PATIENT"]]


async def test_what_was_not_fed_goes_later_as_it_is_wanted_then(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        house = run.gateway.house
        await house.ledger.write("opposed", lambda c: _opposed(c, opposed=True))
        life = await begun(run, stage, hides(request.node.nodeid))
        done = await life.says("make-visible")
        assert "s'il y est versé plus tard" in done.text
        line = await life.line()
        assert (line.dpi, line.dmp, line.dmp_reason, life.feeds()) == ("delivered", "not-fed", "opposed", [])
        await house.ledger.write("agrees", lambda c: _opposed(c, opposed=False))
        row = await _at_the_dmp(run, line.id)
        await house.ledger.write("reopen", lambda c: revise.reopen(c, line.id))
        await house.ledger.write("again", lambda c: retry(c, house, row))
        await run.quiet()
        (fed_once,) = life.feeds()
        assert (fed_once["confidentialityCodes"], fed_once["replaces"]) == ([["N"]], [])
        await life.says("make-invisible")
        assert [one["confidentialityCodes"][0][1:] for one in life.feeds()] == [[], ["INVISIBLE_PATIENT"]]
        life.nothing_to_say()


async def test_a_professionals_word_on_a_minors_parents_is_what_was_waited_for(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """His word to the patient alone is not: it says nothing of them."""
    house = settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)
    settings = house.config.read_text(encoding="utf-8") + "age_of_majority = 130\n"
    house.config.write_text(settings, encoding="utf-8")
    rules = house.folder / "rules"
    rules.mkdir()
    rule = '[[regle]]\nnom = "Mineur"\nmots = ["contraception"]\nattendre_professionnel = true\n'
    (rules / "a.toml").write_text(rule, encoding="utf-8")
    async with running(house) as run:
        life = await begun(run, stage, letter(request.node.nodeid, "Contraception."))
        assert ((await life.line()).dmp, (await life.line()).dmp_reason) == ("not-fed", "minor-rule")
        await life.says("make-invisible")
        assert (await life.line()).dmp_reason == "minor-rule"
        await life.says("make-visible", by=replace(WISH, representatives=True))
        assert (await life.line()).dmp == "fed"
        assert [one["confidentialityCodes"][0] for one in life.feeds()] == [["N", "INVISIBLE_PATIENT"]]
        life.nothing_to_say()


async def test_what_was_frozen_visible_does_not_leave_so_once_it_is_to_be_hidden(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The DMP was away when it was first sent."""
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        house, begins = run.gateway.house, (last(stage.record.journal()), last(stage.dmp.journal()))
        stage.dmp.arm("http503", count=1000, match={"service": "repository"})
        await run.take(letter(request.node.nodeid, "Examen sans particularite."))
        await run.until("tried", lambda _: len(Life(run, stage, begins).feeds()) > 1)
        life = Life(run, stage, begins)
        await life.word("make-invisible")
        stage.dmp.disarm()
        await house.ledger.write("again", lambda c: jobs.retry(c, None, house.now))
        await run.quiet()
        taken = [one["confidentialityCodes"][0] for one in life.feeds() if one["committed"]]
        assert taken == [["N", "INVISIBLE_PATIENT"]]
        assert ((await life.line()).dmp, await run.entries()) == ("fed", [])


async def test_two_letters_of_one_set_have_each_their_own_word(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """One before the set leaves, the other once it stands there."""
    letters = [builders.pdf(*_lines("Examen sans particularite.", f"{request.node.nodeid} {n}")) for n in "ab"]
    parts = [builders.attached(one, f"{n}.pdf", "application/pdf") for n, one in zip("ab", letters, strict=True)]
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        house, begins = run.gateway.house, (last(stage.record.journal()), last(stage.dmp.journal()))
        await house.ledger.write("hold", lambda c: deliveries.set_destination(c, "dmp", held=True))
        await run.take(Samples(request.node.nodeid)._mail("deux", b"\r\n--=_cut\r\n".join(parts)))
        await run.until("filed", lambda lines: [line.dpi for line in lines] == ["delivered"] * 2)
        first, second = (line.id for line in await run.lines())
        await act(house, lambda c: visibility.change(c, house, second, "make-invisible", WISH))
        await house.ledger.write("go", lambda c: deliveries.set_destination(c, "dmp", held=False))
        await house.ledger.write("wake", lambda c: jobs.wake_lane(c, "dmp", house.now, "held"))
        await run.quiet()
        (together,) = Life(run, stage, begins).feeds()
        assert sorted(together["confidentialityCodes"]) == [["N"], ["N", "INVISIBLE_PATIENT"]]
        await act(house, lambda c: visibility.change(c, house, first, "make-invisible", WISH))
        lines = await run.quiet()
        assert [(line.dpi, line.dmp) for line in lines] == [("delivered", "fed")] * 2
        assert lines[1].fed_unique_id in together["documentUniqueIds"]
        assert lines[0].fed_unique_id not in together["documentUniqueIds"]
        assert [fed(stage.dmp, line.fed_unique_id or "") for line in lines] == [["Approved"]] * 2
        life = Life(run, stage, begins)
        assert [len(one["documentUniqueIds"]) for one in life.feeds()] == [2, 1]
        life.nothing_to_say()


async def test_a_wish_while_nobody_knows_whether_it_arrived(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The answers are lost on both sides: what left is looked for, or sent again, and then its next version goes."""
    async with running(settle(tmp_path / "house", stage.pki, stage.record.port, stage.dmp.base)) as run:
        stage.dmp.arm("accept_then_reset", match={"transaction": "TD2.1"})
        stage.record.arm("ack_lost")
        life = Life(run, stage, (last(stage.record.journal()), last(stage.dmp.journal())))
        await run.take(letter(request.node.nodeid, "Examen sans particularite."))
        await run.until("left", lambda lines: [x.dmp for x in lines] in (["unknown"], ["fed"]))
        await life.says("make-invisible")
        line = await life.line()
        assert (line.dpi, line.dmp, await run.entries()) == ("delivered", "fed", [])
        seen = [one["confidentialityCodes"][0][1:] for one in life.feeds() if one["committed"]]
        assert seen == [[], ["INVISIBLE_PATIENT"]]
        assert fed(stage.dmp, line.fed_unique_id or "") == ["Approved"]
        events = [m["event"] for m in life.record() if m["committed"] and m["outcome"] != "duplicate"]
        assert events in (["T02", "T10"], ["T02"])


async def _at_the_dmp(run: Run, number: int) -> Delivery:
    found = await run.gateway.house.ledger.read(lambda c: deliveries.last_of(c, number, "dmp"))
    assert found is not None
    return found


def _still_fed(c: Connection, before: Delivery) -> None:
    """As if somebody else had deleted it there: we do not know."""
    now = deliveries.get_delivery(c, before.id)
    deliveries.change(c, now, state=DeliveryState.DONE)


def _opposed(c: Connection, *, opposed: bool) -> None:
    patients.put_patient(c, replace(ZOE, opposed=opposed), patients.next_revision(c, 4e9))
