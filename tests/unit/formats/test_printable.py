"""The PDF of a CDA: its own where it carries one, else its header and words drawn, each of them."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gateway.formats import mail
from gateway.formats.clinical import cda
from gateway.formats.clinical.printable import pdf_of
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.pages import pdf
from gateway.formats.pdfa.check import problems
from gateway.formats.pdfa.content import Bounds
from gateway.model.reasons import Ignored
from tests import outside
from tests.unit.formats import builders

PDF = builders.pdf("Compte rendu", "un autre texte que le document")
COPY = (
    '<component><section><templateId root="1.2.250.1.213.1.1.2.243"/><entry><organizer><component><observationMedia>'
    '<value mediaType="application/pdf" representation="B64">{}</value>'
    "</observationMedia></component></organizer></entry></section></component>"
)


def structured(text: str, more: str = "") -> bytes:
    raw = builders.cda(body="PLACE")
    narrative = raw.decode().replace("PLACE", text)
    return narrative.replace("</structuredBody>", f"{more}</structuredBody>").encode()


def words(data: bytes) -> str:
    return " ".join(pdf.read(data, DEFAULT).text.split())


def test_its_own_comes_first() -> None:
    assert pdf_of(builders.cda(body=PDF)) == PDF
    coded = COPY.format(base64.b64encode(PDF).decode())
    assert pdf_of(structured("Bonjour", coded)) == PDF
    assert cda.read(structured("Bonjour", coded), DEFAULT).copies == (hashlib.sha256(PDF).hexdigest(),)


@pytest.mark.parametrize(
    "wrong",
    [
        COPY.format("!!"),
        COPY.format(base64.b64encode(b"GIF89a").decode()),
        COPY.replace("2.243", "2.244").format(base64.b64encode(PDF).decode()),
    ],
)
def test_what_is_no_copy_is_not_taken_for_one(wrong: str) -> None:
    drawn = pdf_of(structured("Bonjour", wrong))
    assert drawn.startswith(b"%PDF-")
    assert drawn != PDF


def test_a_body_that_is_neither() -> None:
    assert pdf_of(builders.cda(body=b"GIF89a")) == b""
    with pytest.raises(FormatError):
        pdf_of(b"<oops")


NARRATIVE = (
    '<paragraph>Bon<content styleCode="Bold">jour</content> &lt;Zoé&gt;</paragraph>'
    '<list listType="ordered"><item>un</item><item>deux<list><item>deux bis</item></list></item></list>'
    "<table><caption>Bilan</caption>"
    '<thead><tr><th>Analyse</th><th colspan="2">Valeur</th></tr></thead>'
    "<tbody><tr><td>CRP<sub>1</sub></td><td>4<br/>mg/L</td><td>normal</td></tr></tbody></table>"
    "queue<!-- rien -->fin"
)
SAID = (
    "Lettre de liaison, MARTINEAU, LÉONIE, 12/05/1984, 284057812345678, 03/06/2026, Bonjour <Zoé>, un, deux bis, "
    "Bilan, Analyse, Valeur, CRP, mg/L, normal, queue, fin"
)


def test_header_and_narrative_are_drawn() -> None:
    drawn = pdf_of(structured(NARRATIVE))
    said = words(drawn)
    for word in SAID.split(", "):
        assert word in said, word
    assert pdf_of(structured(NARRATIVE)) == drawn, "the same bytes"


def test_what_is_drawn_can_be_archived() -> None:
    assert problems(pdf_of(structured(NARRATIVE)), Bounds()) == []


@pytest.mark.parametrize("carries", [False, True])
def test_beside_the_document_it_is_known_for_its_copy(carries: bool) -> None:
    document = structured(
        "Consultation de suivi sans particularité ce jour, traitement inchangé et revu dans six mois.",
        COPY.format(base64.b64encode(PDF).decode()) if carries else "",
    )
    parts = (
        builders.text(),
        builders.attached(document, "DOC0001.XML", "text/xml"),
        builders.attached(pdf_of(document), "20260603_Lettre.pdf", "application/pdf"),
    )
    first, second = mail.read(builders.mail(*parts)).documents
    assert (first.ignored, second.ignored) == (None, Ignored.COPY)


def test_every_word_of_the_french_examples_is_drawn() -> None:
    """Letters in their order, whatever a narrow cell breaks."""
    folder = outside.corpora("cda-fr", "ExemplesCDA")
    for name in ("CSE-CS8_2024.01.xml", "OPH-BRE_2022.02.xml", "BIO-CR-BIO_2021.01_Electrophorese.xml"):
        data = (folder / name).read_bytes()
        read = cda.read(data, DEFAULT)
        letters = "".join(words(pdf_of(data)).split())
        wanted = {word for word in read.text.split() if len(word) > 3 and word.isalpha()}
        assert wanted
        assert {word for word in wanted if word not in letters} == set(), name
