"""The antivirus before the readers, with a real clamd: what it finds, or did not look at, is not opened."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from gateway.app import connect
from gateway.model.ports import Silent
from gateway.model.settings import Antivirus, Settings
from gateway.review.case import worklist
from gateway.screening.clamd import Clamd, Scan, ScreeningError, Verdict
from tests.protocol import clamav, feeding, living
from tests.protocol.clamav import EICAR, LIMIT, NAME, ClamAv
from tests.samples import Samples, write
from tests.unit.formats import builders
from tests.unit.review import desk
from tests.unit.review.desk import Desk

CLEAN, TOO_LARGE, FOUND = Scan(Verdict.CLEAN), Scan(Verdict.TOO_LARGE), Scan(Verdict.FOUND, NAME)


@pytest.fixture(scope="module")
def scanner() -> Iterator[ClamAv]:
    with clamav.running() as running:
        yield running


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lettre.txt", content)
    return file.getvalue()


def infected() -> bytes:
    return desk.carrying(builders.attached(zipped(EICAR), "lettre.zip", "application/zip"))


def heavy(size: int) -> bytes:
    return desk.carrying(builders.attached(bytes(size), "image.bin", "application/octet-stream"))


CASES = [
    (b"", CLEAN),
    (b"rien", CLEAN),
    (EICAR, FOUND),
    (infected(), FOUND),
    (bytes(LIMIT + 1), TOO_LARGE),
    (bytes(20 * LIMIT), TOO_LARGE),
]


@pytest.mark.parametrize("way", ["unix", "tcp"])
async def test_what_clamd_says_is_understood(scanner: ClamAv, way: str) -> None:
    clamd = Clamd(getattr(scanner, way), 20, Silent())
    assert [await clamd.scan([raw]) for raw, _ in CASES] == [said for _, said in CASES]


def test_and_on_the_loop_of_the_service(scanner: ClamAv) -> None:
    async def scans() -> list[Scan]:
        clamd = Clamd(scanner.unix, 20, Silent())
        return [await clamd.scan([raw]) for raw, _ in CASES]

    assert uvloop.run(scans()) == [said for _, said in CASES]


async def test_what_clamd_did_not_look_at_whole_is_not_clean(scanner: ClamAv) -> None:
    """Below StreamMaxLength, above MaxFileSize."""
    said = await Clamd(scanner.unix, 20, Silent()).scan([bytes(LIMIT - 1)])
    assert said.verdict is Verdict.TOO_LARGE


async def test_a_mail_is_shown_in_pieces(scanner: ClamAv) -> None:
    raw = infected()
    pieces = [raw[at : at + 7] for at in range(0, len(raw), 7)]
    assert await Clamd(scanner.unix, 20, Silent()).scan(pieces) == FOUND


def section(clamd: str) -> str:
    return f'[antivirus]\nclamd = "{clamd}"\ntimeout = "20s"\n'


async def test_what_is_found_is_set_aside_unopened(scanner: ClamAv, tmp_path: Path) -> None:
    async with desk.sit(tmp_path / "house", desk.FOLDER + section(scanner.unix)) as here:
        await here.take(infected(), heavy(900_000), Samples("clean").new())
        lines = {(line.source, line.outcome, line.reason) for line in await here.lines()}
        assert lines == {
            ("0.eml", "quarantined", "unsafe"),
            ("1.eml", "quarantined", "too-large"),
            ("2.eml", "filed", None),
            ("2.eml", "ignored", "copy"),
        }
        unsafe, large = await details(here)
        assert NAME in unsafe
        assert "StreamMaxLength" in large
        for name in ("CHAUVELIN", "Zoe", "divers", "lettre"):
            assert name not in unsafe + large


async def details(here: Desk) -> tuple[str, str]:
    cases = {case.reason: case for case in await here.look(worklist)}
    assert cases["unsafe"].subject == cases["too-large"].subject == "", "its fields were not read"
    return cases["unsafe"].detail, cases["too-large"].detail


def test_while_clamd_is_silent_mails_wait_across_restarts(tmp_path: Path) -> None:
    """Nothing is read, nothing is lost, an operator sees it; once it answers, all goes on."""
    with clamav.prepared() as away:
        folder = tmp_path / "house"
        (folder / "dpi").mkdir(parents=True)
        tables = {"dpi": {"kind": "folder", "path": "dpi"}, "antivirus": {"clamd": away.unix, "timeout": "5s"}}
        house = living.build(folder, tables)
        mails = write(folder / "mails", {"propre": Samples("away").new(), "infecte": infected()})
        with house.daemon() as daemon:
            house.call("ingest", *map(str, mails))
            living.until(lambda: len(daemon.events("antivirus.unavailable")) >= 2, "both were tried")
            said = house.call("status").stdout
            assert "Antivirus : en panne depuis le" in said
            assert "les messages attendent" in said
        assert {line["outcome"] for line in house.results()} == {"pending"}
        assert not list((folder / "dpi").iterdir())
        with house.daemon() as daemon:
            living.until(lambda: bool(daemon.events("antivirus.unavailable")), "tried again after the restart")
            away.start()
            living.until(lambda: not any(map(living.waiting, house.results())), "all is settled")
            assert len(daemon.events("antivirus.back")) >= 1
            assert "Antivirus : en service" in house.call("status").stdout
        outcomes = {(line["outcome"], line["reason"]) for line in house.results()}
        assert outcomes == {("filed", None), ("ignored", "copy"), ("quarantined", "unsafe")}


async def test_check_says_what_clamd_is(scanner: ClamAv) -> None:
    lines = await connect.check(settings(scanner.unix))
    assert lines[0][0] == "warning"
    assert "ClamAV 1" in lines[0][1]
    assert "sans base de signatures datée" in lines[0][1]


async def test_check_says_that_it_is_away() -> None:
    with clamav.prepared() as away:
        level, text = (await connect.check(settings(away.unix)))[0]
    assert level == "error"
    assert text.startswith("[antivirus] unix:")
    assert "vérifier qu'il est démarré" in text


async def test_one_that_is_away_is_an_error_never_an_answer() -> None:
    with clamav.prepared() as away:
        for address in (away.unix, away.tcp):
            with pytest.raises(ScreeningError) as failed:
                await Clamd(address, 5, Silent()).scan([EICAR])
            assert failed.value.code == "unreachable"


def settings(clamd: str) -> Settings:
    return Settings(establishment=feeding.ESTABLISHMENT, antivirus=Antivirus(clamd=clamd))
