"""The style sheet around a self-presentable CDA: what the DMP forbids in it (EX_2.1-1115)."""

from __future__ import annotations

import pytest

from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from tests import outside
from tests.unit.formats import builders

DOCUMENT = builders.cda().decode()
INNER = DOCUMENT[DOCUMENT.index("<ClinicalDocument") :]
CALM = (
    '<xsl:template match="/"><html><a href="#fin">fin</a><img src="data:image/png;base64,AA=="/></html></xsl:template>'
)
SCRIPT, LINK, SHEET = "contient un script", "contient un lien externe", "en appelle une autre"


def said(more: str = "", *, before: str = "", inner: str = INNER) -> tuple[str, ...]:
    sheet = (
        f'{before}<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">{more}{CALM}{inner}'
        "</xsl:stylesheet>"
    )
    return cda.read(sheet.encode(), DEFAULT).schema_errors


def test_a_calm_sheet_is_one() -> None:
    assert said() == ()
    assert said(before='<?xml-stylesheet type="text/xsl" href="#feuille"?>') == ()
    assert said('<xsl:variable name="self" select="document(\'\')"/>') == ()


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("<script>alert(1)</script>", SCRIPT),
        ('<p onclick="x()">a</p>', SCRIPT),
        ('<a href="JavaScript:x()">a</a>', SCRIPT),
        ('<xsl:element name="script">x()</xsl:element>', SCRIPT),
        ('<a><xsl:attribute name="onload">x()</xsl:attribute></a>', SCRIPT),
        ('<iframe src="#a"/>', SCRIPT),
        ('<a href="https://ailleurs.example/x">a</a>', LINK),
        ('<img src="//ailleurs.example/x.png"/>', LINK),
        ('<a><xsl:attribute name="href">http://ailleurs.example</xsl:attribute></a>', LINK),
        ("<xsl:copy-of select=\"document('autre.xml')\"/>", LINK),
        ('<xsl:import href="autre.xsl"/>', SHEET),
        ('<xsl:include href="autre.xsl"/>', SHEET),
    ],
)
def test_what_it_may_not_hold_is_said_in_french(more: str, what: str) -> None:
    (fault,) = said(more)
    assert what in fault


def test_another_sheet_beside_it() -> None:
    (fault,) = said(before='<?xml-stylesheet type="text/xsl" href="cda.xsl"?>')
    assert SHEET in fault


def test_the_document_itself_and_one_without_a_sheet_are_another_matter() -> None:
    linked = INNER.replace("<title>", "<!-- <script> --><title>")
    assert said(inner=linked) == ()
    beside = f'<?xml-stylesheet type="text/xsl" href="cda.xsl"?>{INNER}'
    assert cda.read(beside.encode(), DEFAULT).schema_errors == ()


def test_the_official_example_is_calm() -> None:
    path = outside.corpora("cda-fr", "ExemplesCDA", "BIO-CR-BIO_2021.01_Auto-Presentable.xml")
    assert cda.read(path.read_bytes(), DEFAULT).schema_errors == ()
