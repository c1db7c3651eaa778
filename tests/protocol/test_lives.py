"""Lives of documents drawn by lot, a few of each record; and the endings that such lives had that they should not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app.backup import back_up, restore
from gateway.app.config import load
from gateway.flow import index, reconcile
from gateway.ledger import deliveries
from gateway.model.identity import InsStatus
from gateway.review import visibility
from gateway.review.entries import ReviewError, act
from gateway.review.reject import reject
from gateway.review.release import release
from tests.protocol import lives
from tests.protocol.between import Run, effects, fed, held, running, settle
from tests.protocol.lives import WISH, Stage
from tests.samples import ZOE, Samples


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with lives.staged(tmp_path_factory.mktemp("lives")) as found:
        yield found


@pytest.mark.timeout(150)
@pytest.mark.parametrize("kind", lives.KINDS)
def test_whatever_happens_the_sums_are_right(stage: Stage, tmp_path: Path, kind: str) -> None:
    asyncio.run(lives.live(stage, tmp_path, kind, 3, 15))


async def test_the_successor_of_what_the_record_refused_is_new_there(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    samples, since = Samples(request.node.name), _last(stage)
    stage.record.arm("ae", code=906)
    async with running(_house(stage, tmp_path)) as run:
        await run.take(samples.new())
        await run.quiet()
        await run.take(samples.replacement())
        lines = await run.quiet()
    assert [(line.action, line.dpi) for line in lines] == [("create", "refused"), ("replace", "delivered")]
    assert [(e["event"], e["parentId"]) for e in stage.record.journal(since)] == [("T02", ""), ("T02", "")]
    assert not [v for e in stage.record.journal(since) for v in e["violations"]]
    assert held(stage.record, samples.oid("second")) == ["current"]


async def test_what_the_record_never_took_is_not_deleted_there(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    samples, since = Samples(request.node.name), _last(stage)
    stage.record.arm("ae", code=906, count=2)
    async with running(_house(stage, tmp_path)) as run:
        await run.take(samples.new())
        await run.quiet()
        await run.take(samples.replacement())
        await run.quiet()
        await run.take(samples.deletion())
        lines = await run.quiet()
        assert {entry.document_id for entry in await run.entries()} == {line.id for line in lines[:2]}
    assert [line.dpi for line in lines] == ["refused", "refused", "off"]
    assert [e["event"] for e in stage.record.journal(since)] == ["T02", "T02"]
    assert fed(stage.dmp, samples.oid("second")) == ["Deleted"]


async def test_what_its_author_has_deleted_is_not_sent_again(
    stage: Stage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The record had refused it; the DMP has yet to be told."""
    samples = Samples(request.node.name)
    stage.record.arm("ae", code=906, count=2)
    async with running(_house(stage, tmp_path)) as run:
        house = run.gateway.house
        await run.take(samples.new())
        await run.quiet()
        await run.take(samples.replacement())
        await run.quiet()
        await _hold(run, held=True, name="dmp")
        await run.take(samples.deletion())
        lines = await run.until(
            "off", lambda found: [(one.outcome, one.dpi) for one in found[2:]] == [("filed", "off")]
        )
        entry = next(one for one in await run.entries() if one.document_id == lines[1].id)
        with pytest.raises(ReviewError, match="supprimé depuis"):
            await act(house, lambda c: release(c, house, entry.id, "moi"))
        assert (await act(house, lambda c: reject(c, house, entry.id, "supprimé", "moi"))).what == "handled"
    assert held(stage.record, samples.oid("second")) == []


@pytest.mark.parametrize("status", [InsStatus.QUALIFIEE, InsStatus.RECUPEREE], ids=["the same", "changed"])
async def test_a_message_made_anew_is_another_message_when_it_says_something_else(
    stage: Stage, tmp_path: Path, status: InsStatus
) -> None:
    """A record answers a known MSH-10 as it did before, and refuses it with other bytes."""
    since = _last(stage)
    async with running(_house(stage, tmp_path)) as run:
        house = run.gateway.house
        stage.record.arm("ae", code=906)
        await run.take(lives._letters(str(tmp_path), [False]))
        await run.until("refused", lambda lines: [one.dpi for one in lines] == ["refused"])
        await run.quiet()
        await house.ledger.write("adt", lambda c: index.put_all(c, [replace(ZOE, ins_status=status)], 4e9))
        for entry in [one for one in await run.entries() if one.destination == "dpi"]:
            await act(house, lambda c, n=entry.id: release(c, house, n, "moi"))  # type: ignore[misc]
        (line,) = await run.quiet()
    assert line.dpi == "delivered"
    first, again = stage.record.journal(since)
    assert first["documentId"] == again["documentId"]
    assert (first["controlId"] == again["controlId"]) == (status is InsStatus.QUALIFIEE)


async def test_what_was_masked_before_it_left_goes_to_the_record_once_it_is_shown(stage: Stage, tmp_path: Path) -> None:
    since = _last(stage)
    async with running(_house(stage, tmp_path)) as run:
        await _hold(run, held=True)
        await run.take(lives._letters(str(tmp_path), [False]))
        await run.until("fed", lambda lines: [line.dmp for line in lines] == ["fed"])
        await _says(run, "mask")
        await _hold(run, held=False)
        (line,) = await run.quiet()
        assert line.dpi == "off"
        await _says(run, "unmask")
        (line,) = await run.quiet()
        assert line.dpi == "delivered"
    assert [e["event"] for e in stage.record.journal(since)] == ["T02"]


@pytest.mark.parametrize("first", [True, False], ids=["never took it", "took the first version"])
async def test_what_is_being_taken_back_from_the_dmp_waits_for_that(stage: Stage, tmp_path: Path, first: bool) -> None:
    """The record has just refused the patient: a word on who sees the document puts it there no more by itself."""
    async with running(_house(stage, tmp_path)) as run:
        await _hold(run, held=first)
        await run.take(lives._letters(str(tmp_path), [False]))
        await run.until("fed", lambda lines: [one.dmp for one in lines] == ["fed"])
        await run.quiet()
        await _hold(run, held=True, name="dmp")
        stage.record.arm("ae", code=904)
        await (_hold(run, held=False) if first else _says(run, "make-invisible"))
        await run.until("refused", lambda lines: [one.dpi for one in lines] == ["refused"])
        await _says(run, "make-visible" if not first else "make-invisible")
        await _hold(run, held=False, name="dmp")
        (line,) = await run.quiet()
        rows = await run.gateway.house.ledger.read(lambda c: deliveries.of_document(c, line.id))
        went = [row.unique_id for row in rows if row.destination == "dmp" and row.purpose != "withdraw"]
        assert (line.dpi, line.dmp) == (("refused", "withdrawn") if first else ("delivered", "fed"))
        assert [fed(stage.dmp, one) for one in went] == ([["Deleted"]] if first else [["Deleted"], [], ["Approved"]])
        assert len(await run.entries()) == int(first)


async def test_a_backup_taken_with_a_set_and_a_version_on_their_way_has_no_second_effect(
    stage: Stage, tmp_path: Path
) -> None:
    """All left after the backup; the restored ledger knows nothing of it, and makes the same messages."""
    since, seen = _last(stage), max((entry["seq"] for entry in stage.dmp.journal()), default=0)
    house = _house(stage, tmp_path)
    async with running(house) as run:
        await run.take(lives._letters(f"{tmp_path}a", [True]))
        await run.quiet()
        for name in ("dpi", "dmp"):
            await _hold(run, held=True, name=name)
        await _says(run, "make-visible")
        await run.take(lives._letters(f"{tmp_path}b", [False, True]))
        await run.until("filed", lambda lines: len(lines) == 3 and all(one.outcome == "filed" for one in lines))
        ours = run.gateway.house
        await asyncio.to_thread(back_up, load(house.config), ours.ledger, ours.vault, tmp_path / "copy", "moi")
        for name in ("dpi", "dmp"):
            await _hold(run, held=False, name=name)
        lines = await run.quiet()
    keys = load(house.config).ledger.key_file
    kept = keys.read_bytes()
    shutil.rmtree(house.folder / "vault")
    for path in house.folder.glob("gateway.db*"):
        path.unlink()
    keys.write_bytes(kept)
    restore(load(house.config), tmp_path / "copy", "moi")
    async with running(house) as run:
        await reconcile.release_restored(run.gateway.house)
        run.gateway.house.news.set()
        again = await run.quiet()
        assert await run.entries() == []
    assert [(x.dpi, x.dmp, x.fed_unique_id) for x in again] == [(x.dpi, x.dmp, x.fed_unique_id) for x in lines]
    assert set(effects(stage.dmp, seen, "TD2.1").values()) | set(effects(stage.record, since).values()) == {1}
    assert [fed(stage.dmp, one.fed_unique_id or "") for one in again] == [["Approved"]] * 3


def _house(stage: Stage, folder: Path) -> Any:
    return settle(folder / "house", stage.pki, stage.record.port, stage.dmp.base)


def _last(stage: Stage) -> int:
    return max((entry["seq"] for entry in stage.record.journal()), default=0)


async def _says(run: Run, verb: str) -> None:
    house, (line,) = run.gateway.house, await run.lines()
    await act(house, lambda c: visibility.change(c, house, line.id, verb, replace(WISH, by="moi")))


async def _hold(run: Run, *, held: bool, name: str = "dpi") -> None:
    house = run.gateway.house
    await house.ledger.write("hold", lambda c: lives._hold(c, name, house.now, held=held))
    house.news.set()
