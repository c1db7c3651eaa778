"""A letter in PDF: the record holds it as it came, the DMP holds its PDF/A under an id of its own."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from lxml import etree

from gateway.formats import mail
from gateway.formats.pdfa import check
from gateway.formats.pdfa.content import Bounds
from tests import pki as keys
from tests.pki import Pki
from tests.protocol import living, referees
from tests.protocol.living import Living, to_dmp, to_dpi
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, Samples
from tests.unit.formats import builders

V3 = {"v3": "urn:hl7-org:v3"}


@dataclass(frozen=True)
class Stage:
    folder: Path
    record: Referee
    dmp: Referee
    pki: Pki

    def house(self, name: str, **more: Any) -> Living:
        tables = {"dpi": to_dpi(self.record.port), "dmp": to_dmp(self.dmp.base, self.pki, **more)}
        return living.build(self.folder / name, tables)

    def body(self, where: str, unique_id: str) -> bytes:
        """The body of a CDA level 1 that a referee keeps."""
        (path,) = (self.folder / where).rglob(f"*{unique_id}*")
        text = etree.parse(path).findtext(".//v3:nonXMLBody/v3:text", namespaces=V3)
        return base64.b64decode(text or "")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("pdfa")
    pki = keys.make(folder / "pki")
    with (
        referees.dpi(folder / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]) as record,
        referees.dmp(folder / "dmp", [REFEREE_ROW], pki) as dmp,
    ):
        yield Stage(folder, record, dmp, pki)


def taken(house: Living, raw: bytes) -> dict[str, Any]:
    path = house.folder / "mail.eml"
    path.write_bytes(raw)
    house.call("ingest", "--wait", "--timeout", "60", str(path))
    (line,) = house.results()
    return line


def pdf_of(raw: bytes) -> bytes:
    (part,) = [one.part for one in mail.read(raw).documents if one.media_type == "application/pdf"]
    return mail.extract(raw, part)


def test_the_dmp_holds_a_pdfa_and_the_record_the_original(stage: Stage) -> None:
    raw = Samples("pdfa").letter()
    line = taken(stage.house("convert"), raw)
    assert (line["dpi"], line["dmp"]) == ("delivered", "fed")
    (recorded,) = [one["document_id"] for one in stage.record.documents()]
    assert recorded != line["fed_unique_id"]
    assert stage.body("dpi/state/documents", recorded) == pdf_of(raw)
    archived = stage.body("dmp/state/documents", line["fed_unique_id"])
    assert archived != pdf_of(raw)
    assert check.problems(archived, Bounds()) == []
    assert [entry for entry in stage.dmp.journal() if entry["violations"]] == []


def test_as_it_is_when_the_house_wants_it_so(stage: Stage) -> None:
    raw = Samples("as-is").letter()
    line = taken(stage.house("as-is", pdfa="as-is"), raw)
    assert stage.body("dmp/state/documents", line["fed_unique_id"]) == pdf_of(raw)
    assert stage.body("dpi/state/documents", line["fed_unique_id"]) == pdf_of(raw)


def test_what_cannot_be_archived_reaches_the_record_alone(stage: Stage) -> None:
    """A page of seven metres: no PDF/A-1, and no picture either."""
    samples = Samples("seven-metres")
    large = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of(samples.letter()))) as pdf:
        pdf.pages[0].mediabox = pikepdf.Array([0, 0, 20000, 20000])
        pdf.save(large)
    raw = samples._mail("lettre", builders.attached(large.getvalue(), "lettre.pdf", "application/pdf"))
    line = taken(stage.house("refused"), raw)
    assert (line["outcome"], line["dpi"], line["dmp"], line["dmp_reason"]) == (
        "filed",
        "delivered",
        "not-fed",
        "format",
    )
