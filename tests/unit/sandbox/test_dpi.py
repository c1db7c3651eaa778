"""The sandbox record reads what the gateway may send it: each character set, each form of a CDA."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.protocols import mdm, oru
from gateway.protocols.hl7_charset import CHARSETS
from gateway.sandbox.dpi import read
from tests.unit.formats import builders
from tests.unit.protocols.test_mdm import HEADER, request

CDA = builders.cda(unique="1.2.250.1.999.7.5")
SELF_PRESENTABLE = (
    b'<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:variable name="cda">'
    + CDA[CDA.index(b"<ClinicalDocument") :]
    + b"</xsl:variable></xsl:stylesheet>"
)


@pytest.mark.parametrize("charset", CHARSETS.values())
@pytest.mark.parametrize("build", [mdm.build, oru.build])
def test_numbers_in_any_character_set(charset: str, build: object) -> None:
    header = replace(HEADER, patient_ids=(*HEADER.patient_ids, ("1.2.3", "dossier é7")))
    sent = b"".join(build(request(header=header, charset=charset)))  # type: ignore[operator]
    assert "dossier é7" in read(sent).patient_ids


def test_a_cda_inside_its_style_sheet_is_named_in_an_oru() -> None:
    sent = b"".join(oru.build(request(document=SELF_PRESENTABLE)))
    assert read(sent).document_id == "1.2.250.1.999.7.5"
