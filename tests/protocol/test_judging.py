"""The processes that judge: as confined as the readers, and yet Saxon works there; rules once compiled are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from gateway.flow.reading.readers import JUDGING, JUDGING_LIMITS, JUDGING_READS, ReaderProcesses
from gateway.formats.validity.verdict import in_french
from gateway.isolation import landlock
from gateway.isolation.errors import ReaderRefused, ReaderTimedOut
from gateway.isolation.pool import Pool
from gateway.model.ports import Silent
from gateway.vault.files import Vault
from tests.outside import corpora

EXAMPLE = "LDL-SES_2022.01.xml"


class Heard(Silent):
    """What happens to the processes."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    def event(self, name: str, **facts: object) -> None:
        self.events.append((name, facts.get("state") or facts.get("why")))


@asynccontextmanager
async def running(folder: Path, heard: Heard, seconds: float = 60) -> AsyncIterator[ReaderProcesses]:
    limits = replace(JUDGING_LIMITS, seconds=seconds)
    judges = Pool(JUDGING, 1, limits, heard, readable=(folder, JUDGING_READS))
    readers = ReaderProcesses(cast("Pool", _None()), cast("Vault", None), folder, judges)
    await readers.start()
    try:
        yield readers
    finally:
        await readers.close()


class _None:
    """No readers of mails."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


async def test_one_confined_process_judges_one_document_after_another() -> None:
    data = corpora("cda-fr", "ExemplesCDA", EXAMPLE).read_bytes()
    heard = Heard()
    async with running(corpora("cda-validation"), heard) as readers:
        good = await readers.judge(data)
        bad = await readers.judge(data.replace(b"<versionNumber", b"<versionNombre"))
        headless = await readers.judge(data.replace(b'<signatureCode code="S"', b'<signatureCode code="X"'))
        again = await readers.judge(data)
    assert good.judged == ("schéma CDA", "structuration minimale", "CI-SIS_LDL-SES_2022.01")
    assert good.valid
    assert again == good
    assert "cet élément n'est pas attendu ici. Attendu : " in in_french(bad)
    assert {fault.source for fault in headless.faults} == {"structuration minimale"}
    assert heard.events == [("reader.started", "confined" if landlock.version() else "files-readable")]


async def test_what_is_no_cda_is_refused_and_the_process_lives_on() -> None:
    heard = Heard()
    async with running(corpora("cda-validation"), heard) as readers:
        for data in (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"%PDF-1.4", b""):
            with pytest.raises(ReaderRefused):
                await readers.judge(data)
        assert not (await readers.judge(b"<x/>")).valid
    assert len(heard.events) == 1


async def test_rules_without_end_are_ended(tmp_path: Path) -> None:
    (tmp_path / "STRUC-MIN.sch").write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern><rule context="/"><assert test="'
        'count(for $a in 1 to 999999, $b in 1 to 999999 return string($a * $b)[contains(., string($b))]) = 1">x'
        "</assert></rule></pattern></schema>"
    )
    async with running(tmp_path, Heard(), seconds=2) as readers:
        with pytest.raises(ReaderTimedOut):
            await readers.judge(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>')


async def test_without_a_package_nothing_is_judged() -> None:
    readers = ReaderProcesses(cast("Pool", _None()), cast("Vault", None), None)
    verdict = await readers.judge(b"<x/>")
    assert verdict.valid
    assert verdict.judged == ()
