"""The confined readers reach the schema that is configured, and nothing else of the house."""

from __future__ import annotations

from pathlib import Path

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.model.ports import Silent
from tests.crash.house import build
from tests.outside import corpora
from tests.samples import Samples


async def test_reads_with_the_schema(tmp_path: Path) -> None:
    house = build(tmp_path / "house", f'[dmp]\nschemas = "{corpora("cda-validation")}"\n')
    async with open_house(load(house.config), Silent()) as opened:
        await opened.readers.start()
        try:
            ref = opened.vault.put([Samples("schema").new()])
            reading, parts = await opened.readers.read(ref.address)
        finally:
            await opened.readers.close()
    assert len(reading.documents) == 2
    assert parts
