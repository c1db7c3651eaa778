"""HPRIM and HL7 v2 messages of other people: each is read with its patient, or refused saying why."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import pytest

from gateway.formats.containers import MESSAGES
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.messages.message import Message
from gateway.formats.sniff import Kind, sniff
from gateway.model.identity import INS_OIDS
from tests.outside import corpora


def _read(file: Path) -> Message | FormatError | None:
    """None when the file is no message."""
    data = file.read_bytes()
    form = MESSAGES.get(sniff(data))
    if form is None:
        return None
    try:
        assert len(form.split(data, DEFAULT)) == 0, file.name
        return form.read(data, DEFAULT)
    except FormatError as error:
        return error


def _outcomes(files: list[Path]) -> dict[str, Message | FormatError | None]:
    outcomes = {str(file): _read(file) for file in files}
    print(Counter(one.reason if isinstance(one, FormatError) else type(one).__name__ for one in outcomes.values()))
    return outcomes


def test_hprim() -> None:
    files = [file for file in sorted(corpora("hprim-fr").rglob("*")) if file.is_file() and file.suffix == ".hpr"]
    outcomes = _outcomes(files)
    read = {name: one for name, one in outcomes.items() if isinstance(one, Message)}
    assert read
    for name, one in read.items():
        assert one.claims[0].birth_date, name
        assert one.text, name
    for name, found in outcomes.items():
        if "freemedforms" in name and "_full" in name:
            assert isinstance(found, Message), name
        if "_ADM" in name:
            assert isinstance(found, FormatError), name


def test_hl7v2() -> None:
    files = [file for file in sorted(corpora("hl7v2-fr").rglob("*")) if file.suffix in {".er7", ".hl7"}]
    assert all(sniff(file.read_bytes()) is Kind.HL7V2 for file in files)
    outcomes = _outcomes(files)
    read = {name: one for name, one in outcomes.items() if isinstance(one, Message)}
    for name, one in read.items():
        (claim,) = one.claims
        assert claim.ins is not None, name
        assert claim.ins.oid in INS_OIDS, name
        assert claim.birth_name, name
        assert claim.birth_place == "63220", name
        assert one.type is not None, name
    whole = [name for name in outcomes if "Base64" in name or "B64" in name]
    for name in whole:
        found = read[name]
        assert found.cancelled or all(sniff(file.data) is Kind.CDA for file in found.embedded), name
    assert not [name for name in read if "ack" in Path(name).name or "admission" in name]


@pytest.mark.parametrize("family", ["hprim-fr", "hl7v2-fr"])
def test_half_a_message_is_read_or_refused(family: str) -> None:
    for file in sorted(corpora(family).rglob("*")):
        data = file.read_bytes() if file.suffix in {".hpr", ".er7", ".hl7"} else b""
        form = MESSAGES.get(sniff(data[: len(data) // 2]))
        if form is not None:
            with contextlib.suppress(FormatError):
                form.read(data[: len(data) // 2], DEFAULT)
