"""Files of other people's test suites: each is read, or refused with a reason; nothing else may happen."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from gateway.formats import mail
from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from gateway.model.documents import Carrier
from tests.outside import corpora

_HEAD = b"From: a@b.fr\r\nContent-Disposition: attachment; filename=piece\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def _files(name: str) -> list[Path]:
    return [file for file in sorted(corpora(name).rglob("*")) if file.is_file()]


def _outcomes(raws: list[bytes]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for raw in raws:
        reading = mail.read(raw)
        for document in reading.documents:
            assert mail.extract(raw, document.part) is not None
            outcomes[f"{document.carrier} {document.problem or document.ignored or 'read'}"] += 1
        outcomes[f"mail {reading.problem or reading.ignored or 'read'}"] += 1
    return outcomes


@pytest.mark.parametrize("name", ["xdm-nist", "xdm-direct", "cda-fr", "pdf-pypdf", "pdf-pdfjs", "pdf-misc"])
def test_attachments(name: str) -> None:
    files = _files(name)
    outcomes = _outcomes([_HEAD + base64.encodebytes(file.read_bytes()) for file in files])
    print(name, len(files), dict(outcomes))
    assert sum(count for outcome, count in outcomes.items() if outcome.startswith("mail ")) == len(files)


def test_every_french_cda_is_read_with_its_patient() -> None:
    for file in _files("cda-fr"):
        data = file.read_bytes()
        reading = cda.read(data, DEFAULT)
        assert reading.header.unique_id, file.name
        assert len(reading.claims) >= 1, file.name
        assert reading.header.authors, file.name


def test_schema_of_the_cda() -> None:
    schema = etree.XMLSchema(file=str(corpora("cda-validation", "infrastructure", "cda", "CDA_extended.xsd")))
    checked = Counter(bool(cda.read(file.read_bytes(), DEFAULT, schema).schema_errors) for file in _files("cda-fr"))
    print("schema errors:", dict(checked))
    assert checked[False] > checked[True]


def test_xdm_archives_of_other_vendors_give_documents() -> None:
    for folder in ("xdm-nist", "xdm-direct"):
        for file in (one for one in _files(folder) if one.suffix.lower() == ".zip"):
            documents = mail.read(_HEAD + base64.encodebytes(file.read_bytes())).documents
            assert documents, file.name
            assert all(one.carrier is Carrier.XDM or one.problem or one.unique_id for one in documents), file.name
