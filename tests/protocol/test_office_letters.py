"""Letters of word processors on the whole way: what the record gets of them, and what the DMP does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from tests import pki as keys
from tests.protocol import living, referees
from tests.protocol.living import Living, to_dmp, to_dpi
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, SENDER, write
from tests.unit.formats import builders
from tests.unit.formats.office_files import docx, odt, p, picture, table

LINES = (
    "Docteur Marc Durand, le 3 juin 2026",
    "Compte rendu de consultation",
    "Patient : Mme CHAUVELIN Zoé, née le 19/08/1956",
    "Examen sans particularité.",
)
PDF = "application/pdf"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Referee]:
    with referees.dpi(tmp_path / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]) as started:
        yield started


@pytest.fixture
def dmp(tmp_path: Path) -> Iterator[Referee]:
    with referees.dmp(tmp_path / "dmp", [REFEREE_ROW], keys.make(tmp_path / "pki")) as started:
        yield started


def letter(data: bytes, name: str) -> bytes:
    head = "Date: Wed, 03 Jun 2026 10:00:00 +0200\r\n"
    raw = builders.mail(builders.text(), builders.attached(data, name), head=head)
    return raw.replace(b"Ada.Exemple@Cabinet.mssante.fr", SENDER.address.encode()).replace(
        b"<1@x>", f"<{name}@exemple.mssante.fr>".encode()
    )


LETTERS = {
    "a.docx": docx(*map(p, LINES), table(("Hémoglobine", "13,2 g/dL"))),
    "b.odt": odt("".join(f"<text:p>{line}</text:p>" for line in LINES), image=picture()),
    "c.html": f"<html><body>{''.join(f'<p>{line}</p>' for line in LINES)}</body></html>".encode("cp1252"),
    "d.txt": "\r\n".join(LINES).encode("cp1252"),
    "e.rtf": ("{\\rtf1\\ansi " + "\\par ".join(LINES) + "}").encode("cp1252"),
}


def ingested(house: Living, folder: Path) -> dict[str, tuple[str, str, str | None]]:
    """By file: what became of it in the record and in the DMP, once all is quiet."""
    paths = write(folder, {name.partition(".")[0]: letter(data, name) for name, data in LETTERS.items()})
    house.call("ingest", "--wait", "--timeout", "90", *map(str, paths))
    return {line["filename"]: (line["dpi"], line["dmp"], line["dmp_reason"]) for line in house.results()}


def test_the_record_gets_a_pdf_and_the_dmp_only_what_came_in_a_form_that_it_takes(
    record: Referee, dmp: Referee, tmp_path: Path
) -> None:
    tables = {"dpi": to_dpi(record.port), "dmp": to_dmp(dmp.base, keys.Pki(tmp_path / "pki"))}
    drawn, as_carried = ("delivered", "not-fed", "format"), ("delivered", "fed", None)
    assert ingested(living.build(tmp_path / "house", tables), tmp_path / "mails") == {
        "a.docx": drawn,
        "b.odt": drawn,
        "c.html": drawn,
        "d.txt": as_carried,
        "e.rtf": as_carried,
    }
    assert len(record.documents()) == 5
    assert {entry["verdict"] for entry in record.journal()} == {"accepted"}


def test_a_folder_gets_what_its_sheet_says(tmp_path: Path) -> None:
    inlet = tmp_path / "inlet"
    inlet.mkdir()
    house = living.build(tmp_path / "house", {"dpi": {"kind": "folder", "path": inlet}})
    ingested(house, tmp_path / "mails")
    sheets = {said["filename"]: said for said in map(json.loads, (f.read_text() for f in inlet.glob("*.json")))}
    assert {name: said["media_type"] for name, said in sheets.items()} == {
        "a.pdf": PDF,
        "b.pdf": PDF,
        "c.pdf": PDF,
        "d.txt": "text/plain",
        "e.rtf": "application/rtf",
    }
    for name, said in sheets.items():
        data = (inlet / said["document"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == said["sha256"]
        assert Path(said["document"]).suffix == Path(name).suffix
    shown = pypdfium2.PdfDocument(inlet / sheets["a.pdf"]["document"])[0].get_textpage().get_text_range()
    assert shown.split() == [*" ".join(LINES).split(), "Hémoglobine", "13,2", "g/dL"]
    assert (inlet / sheets["d.txt"]["document"]).read_text("utf-8") == "\n".join(LINES)
