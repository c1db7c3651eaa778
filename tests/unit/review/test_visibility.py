"""A professional's word on who sees a document, with a folder for the record."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import Connection

from gateway.flow.planning import revise
from gateway.ledger import deliveries, documents, jobs, mails, revisions, trail
from gateway.ledger.rows import Delivery
from gateway.ledger.views import Line
from gateway.model.states import DeliveryState, DocumentState
from gateway.review import hidden, visibility
from gateway.review.entries import Done, ReviewError
from gateway.review.hidden import DAY, Hidden
from gateway.review.release import retry
from gateway.review.visibility import Wish
from tests.samples import ZOE, Samples
from tests.unit.formats import builders
from tests.unit.review.desk import Desk, resent, sit

WISH = Wish("Secrétariat", "10107507153", "consultation faite")


def letter(*words: str) -> bytes:
    """A letter of the known sender."""
    lines = ("COMPTE RENDU DE CONSULTATION", "Patient : Mme CHAUVELIN Zoe", "nee le 19/08/1956", *words)
    return Samples("v")._mail("lettre", builders.attached(builders.pdf(*lines), "lettre.pdf", "application/pdf"))


HIDDEN, SHOWN = letter("Lesion maligne a l'examen."), letter("Examen sans particularite.")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sit(tmp_path / "house") as found:
        yield found


async def only(desk: Desk) -> Line:
    (line,) = await desk.lines()
    return line


async def says(desk: Desk, verb: str, wish: Wish = WISH) -> Done:
    number = (await only(desk)).id
    return await desk.act(word(desk, number, verb, wish))


def word(desk: Desk, number: int, verb: str, wish: Wish = WISH) -> Callable[[Connection], Done]:
    house = desk.house
    ends = {"delete": visibility.delete, "announced": visibility.announced}
    if verb in ends:
        return lambda c: ends[verb](c, house, number, wish)
    return lambda c: visibility.change(c, house, number, verb, wish)


async def waiting(desk: Desk, later: float = 0) -> list[Hidden]:
    return await desk.look(lambda c: hidden.worklist(c, desk.house.now + later, 30))


async def hold(desk: Desk) -> None:
    """Nothing leaves for the record."""
    await desk.house.ledger.write("hold", lambda c: deliveries.set_destination(c, "dpi", held=True))


async def let_go(desk: Desk) -> None:
    await desk.house.ledger.write("go", lambda c: deliveries.set_destination(c, "dpi", held=False))
    await desk.house.ledger.write("wake", lambda c: jobs.wake_lane(c, "dpi", desk.house.now, "held"))
    await desk.quiet()


def sheets(desk: Desk) -> list[dict[str, Any]]:
    """What the record was given, in order."""
    found = [json.loads(path.read_bytes()) for path in (desk.folder / "dpi").glob("*.json")]
    return sorted(found, key=lambda sheet: (sheet["revision"], sheet["action"] == "delete"))


async def test_what_a_rule_hides_waits_with_its_age_until_it_is_shown(desk: Desk) -> None:
    await desk.take(HIDDEN)
    (one,) = await waiting(desk)
    assert (one.carried, one.patient_ipp, one.age_days, one.overdue, one.dmp) == ("wrapped", ZOE.ipp, 0, False, "off")
    assert one.rule == "règle « Cancer » (annonce.toml)"
    assert [(o.age_days, o.overdue) for days in (29, 31) for o in await waiting(desk, days * DAY)] == [
        (29, False),
        (31, True),
    ]
    done = await says(desk, "make-visible")
    assert (done.what, "version 2" in done.text) == ("revised", True)
    assert await waiting(desk) == []
    first, second = sheets(desk)
    assert (first["action"], first["revision"], first["invisible_to_patient"]) == ("create", 1, True)
    assert (second["action"], second["revision"], second["invisible_to_patient"]) == ("replace", 2, False)
    assert (first["replaces_key"], second["replaces_key"]) == (None, first["key"])
    assert second["sha256"] == first["sha256"]
    await says(desk, "make-invisible")
    (one,) = await waiting(desk)
    assert one.rule == "demandé par Secrétariat"
    assert sheets(desk)[-1]["replaces_key"] == second["key"]


async def test_the_oldest_comes_first_and_is_counted(desk: Desk) -> None:
    await desk.take(HIDDEN, SHOWN, letter("Soins palliatifs."))
    await desk.house.ledger.write("age", lambda c: documents.change(c, documents.get_document(c, 3), hidden_since=1.0))
    assert [one.document for one in await waiting(desk)] == [3, 1]
    counted = await desk.look(lambda c: hidden.count(c, 1.0 + 31 * DAY, 30))
    assert (counted.waiting, counted.oldest_age, counted.overdue) == (2, 31 * DAY, 1)


async def test_the_same_wish_twice_changes_nothing(desk: Desk) -> None:
    await desk.take(HIDDEN)
    await says(desk, "make-visible")
    before = await desk.look(lambda c: list(trail.lines(c)))
    done = await says(desk, "make-visible", Wish("autre", "10107507153"))
    assert (done.what, "déjà le cas" in done.text) == ("already", True)
    assert await desk.look(lambda c: list(trail.lines(c))) == before
    assert len(sheets(desk)) == 2


async def test_the_word_and_its_line_in_the_trail_are_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.take(HIDDEN)
    number = (await only(desk)).id

    def fails(*_: object) -> None:
        raise RuntimeError

    before = await desk.look(lambda c: list(trail.lines(c)))
    with monkeypatch.context() as broken:
        broken.setattr(revise, "revise", fails)
        with pytest.raises(RuntimeError):
            await desk.act(word(desk, number, "make-visible"))
    assert await desk.look(lambda c: revisions.of_document(c, number)) == []
    assert await desk.look(lambda c: list(trail.lines(c))) == before
    assert len(await waiting(desk)) == 1
    await says(desk, "make-visible")
    (made,) = await desk.look(lambda c: revisions.of_document(c, number))
    (line,) = [one for one in await desk.look(lambda c: list(trail.lines(c))) if one.action == "make-visible"]
    assert (made.number, made.by, made.on_request_of, made.reason) == (2, line.who, "10107507153", "consultation faite")
    assert (line.subject, json.loads(line.detail)["version"]) == (f"document {number}", 2)
    assert json.loads(line.detail)["on_request_of"] == "10107507153"


async def test_a_wish_before_it_leaves_leaves_with_it(desk: Desk) -> None:
    await hold(desk)
    await desk.take(SHOWN)
    await says(desk, "make-invisible")
    assert sheets(desk) == []
    await let_go(desk)
    (sheet,) = sheets(desk)
    assert (sheet["action"], sheet["revision"], sheet["invisible_to_patient"]) == ("create", 2, True)
    assert (await only(desk)).dpi == "delivered"


async def test_what_is_masked_is_masked_in_a_folder_too_and_never_hidden_besides(desk: Desk) -> None:
    await desk.take(HIDDEN)
    with pytest.raises(ReviewError, match="à la fois masqué"):
        await says(desk, "mask")
    await says(desk, "make-visible")
    await says(desk, "mask")
    assert sheets(desk)[-1]["masked_to_professionals"] is True
    with pytest.raises(ReviewError, match="à la fois masqué"):
        await says(desk, "make-invisible")
    settings = desk.house.settings
    desk.house.settings = structs.replace(settings, dmp=structs.replace(settings.dmp, allow_masked_and_invisible=True))
    assert (await says(desk, "make-invisible")).what == "revised"


async def test_the_representatives_are_another_matter_than_the_patient(desk: Desk) -> None:
    await desk.take(HIDDEN)
    of_parents = Wish("x", "810107507153", representatives=True)
    assert (await says(desk, "make-visible", of_parents)).what == "already"
    await says(desk, "make-invisible", of_parents)
    last = sheets(desk)[-1]
    assert (last["invisible_to_patient"], last["invisible_to_representatives"]) == (True, True)
    made = (await desk.look(lambda c: revisions.of_document(c, 1)))[-1]
    assert (made.change, made.on_request_of) == ("make-invisible-representatives", "10107507153")
    assert len(await waiting(desk)) == 1


async def test_who_and_why_are_asked(desk: Desk) -> None:
    await desk.take(HIDDEN)
    for wish, complaint in (
        (Wish("  ", "10107507153"), "qui vous êtes"),
        (Wish("x"), "RPPS"),
        (Wish("x", "1010750715"), "RPPS"),
        (Wish("x", "101075071AB"), "RPPS"),
    ):
        with pytest.raises(ReviewError, match=complaint):
            await says(desk, "make-visible", wish)
    with pytest.raises(ReviewError, match="--reason"):
        await says(desk, "delete", Wish("x"))
    assert len(sheets(desk)) == 1


async def test_a_received_cda_is_its_authors_and_is_ticked(desk: Desk) -> None:
    raw = Samples("v").new()
    await desk.take(raw)
    number = next(line.id for line in await desk.lines() if line.outcome == "filed")
    await desk.house.ledger.write(
        "hide", lambda c: documents.change(c, documents.get_document(c, number), hidden_since=5.0)
    )
    (one,) = await waiting(desk)
    assert one.carried == "received"
    for verb in ("make-visible", "mask", "delete"):
        with pytest.raises(ReviewError, match=r"appartient à son auteur.*web-ps"):
            await desk.act(word(desk, number, verb))
    assert (await desk.act(word(desk, number, "announced"))).what == "announced"
    assert await waiting(desk) == []
    assert (await desk.act(word(desk, number, "announced"))).what == "already"
    lines = await desk.look(lambda c: list(trail.lines(c)))
    assert [one.who for one in lines if one.action == "announced"] == ["Secrétariat"]
    await desk.take(resent(raw))
    assert len(sheets(desk)) == 1


async def test_what_we_wrapped_is_shown_and_not_only_ticked(desk: Desk) -> None:
    await desk.take(HIDDEN)
    with pytest.raises(ReviewError, match="make-visible"):
        await says(desk, "announced")


async def test_the_link_names_the_patient_to_who_asks_alone(desk: Desk) -> None:
    await desk.take(HIDDEN)
    house = desk.house
    with pytest.raises(ReviewError, match="web_ps"):
        await house.ledger.write("link", lambda c: visibility.web_ps(c, house, 1, WISH))
    address = structs.replace(house.settings.dmp, web_ps="https://www.dmp.exemple.fr/")
    house.settings = structs.replace(house.settings, dmp=address)
    link = await house.ledger.write("link", lambda c: visibility.web_ps(c, house, 1, WISH))
    assert ZOE.ins is not None
    assert link == f"https://www.dmp.exemple.fr/AccesDirect/Documents/{ZOE.ins.number}"
    (line,) = [one for one in await desk.look(lambda c: list(trail.lines(c))) if one.action == "web-ps"]
    assert (line.who, line.subject, line.detail) == ("Secrétariat", "document 1", "{}")
    kept = (desk.folder / "gateway.db").read_bytes() + (desk.folder / "gateway.db-wal").read_bytes()
    assert b"AccesDirect" not in kept


async def test_a_document_is_taken_back_and_then_nothing_more_is_done_to_it(desk: Desk) -> None:
    await desk.take(HIDDEN)
    await says(desk, "make-visible")
    await says(desk, "delete")
    line = await only(desk)
    assert (line.outcome, line.dpi, line.dmp) == ("filed", "withdrawn", "off")
    shown = sheets(desk)
    assert [sheet["action"] for sheet in shown] == ["create", "replace", "delete"]
    assert (shown[-1]["document"], shown[-1]["replaces_key"]) == (None, shown[1]["key"])
    assert await waiting(desk) == []
    for verb in ("make-invisible", "delete"):
        with pytest.raises(ReviewError, match="déjà été supprimé par Secrétariat"):
            await says(desk, verb)


async def test_a_document_taken_back_is_not_sent_by_what_comes_after(desk: Desk) -> None:
    """Refused by the record before, and tried again by somebody who did not know; the same letter in another mail."""
    await desk.take(SHOWN)
    await desk.house.ledger.write("refused", lambda c: _refused(c, deliveries.first_of(c, 1, "dpi")))
    await says(desk, "delete")
    row = await desk.look(lambda c: deliveries.first_of(c, 1, "dpi"))
    assert row is not None
    await desk.house.ledger.write("reopen", lambda c: revise.reopen(c, 1))
    await desk.house.ledger.write("again", lambda c: retry(c, desk.house, row))
    await desk.quiet()
    assert (await only(desk)).dpi == "withdrawn"
    await desk.take(resent(SHOWN))
    assert [line.reason for line in await desk.lines()] == [None, "duplicate"]
    assert len(sheets(desk)) == 1


def _refused(c: Connection, found: Delivery | None) -> None:
    """As if the record had refused it."""
    assert found is not None
    deliveries.change(c, found, state=DeliveryState.REFUSED)


async def test_what_has_not_left_does_not_leave_once_it_is_taken_back(desk: Desk) -> None:
    await hold(desk)
    await desk.take(SHOWN)
    await says(desk, "delete")
    await let_go(desk)
    assert sheets(desk) == []
    assert (await only(desk)).dpi == "withdrawn"
    assert (await desk.look(lambda c: documents.get_document(c, 1))).state is DocumentState.SETTLED


async def test_what_stands_where_nothing_is_sent_any_more_is_not_left_behind(desk: Desk) -> None:
    await desk.take(HIDDEN)
    settings = desk.house.settings
    desk.house.settings = structs.replace(settings, dpi=structs.replace(settings.dpi, kind="none"))
    for verb in ("make-visible", "delete"):
        with pytest.raises(ReviewError, match="plus rien n'y est envoyé"):
            await says(desk, verb)
    assert await desk.look(lambda c: revisions.of_document(c, 1)) == []


async def test_what_is_not_a_filed_document_is_told(desk: Desk) -> None:
    raw = Samples("v")
    await desk.take(raw.new(), raw.replacement(), raw.deletion(), raw.unknown_patient())
    numbers = {line.action if line.outcome == "filed" else line.outcome: line.id for line in await desk.lines()}
    for name, complaint in (
        ("create", "a été remplacé"), ("delete", "demande de suppression"),
        ("ignored", "pas de document classé"), ("quarantined", "pas de document classé"),
    ):  # fmt: skip
        with pytest.raises(ReviewError, match=complaint):
            await desk.act(word(desk, numbers[name], "make-visible"))
    with pytest.raises(ReviewError, match="pas de document classé"):
        await desk.act(word(desk, 999, "make-visible"))


async def test_what_waits_for_a_professional_is_not_purged(desk: Desk) -> None:
    await desk.take(HIDDEN)
    assert await desk.look(lambda c: mails.purgeable(c, 9e9)) == []
    await says(desk, "make-visible")
    (old,) = await desk.look(lambda c: mails.purgeable(c, 9e9))
    await desk.house.ledger.write("purge", lambda c: mails.purged(c, old.id, 1.0))
    with pytest.raises(ReviewError, match="ne sont plus gardés"):
        await says(desk, "make-invisible")


async def test_the_sheet_of_a_document_tells_it_all(desk: Desk) -> None:
    await desk.take(HIDDEN)
    await says(desk, "make-visible")
    sheet = await desk.look(lambda c: hidden.sheet(c, 1))
    assert (sheet.invisible_to_patient, sheet.waits_since, sheet.dpi) == (False, None, "delivered")
    assert [(made.version, made.change, made.by) for made in sheet.versions] == [(2, "make-visible", "Secrétariat")]
    assert [(one.destination, one.state) for one in sheet.deliveries if one.destination == "dpi"] == [
        ("dpi", "done"),
        ("dpi", "done"),
    ]
    assert re.match(r"\d{4}-\d\d-\d\dT", sheet.versions[0].at)
    with pytest.raises(ReviewError, match="numéro 77"):
        await desk.look(lambda c: hidden.sheet(c, 77))
