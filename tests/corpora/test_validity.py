"""By the ANS's own rules: what we make is valid, whatever its type, body, author and patient; what is broken is not."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import cycle

import pytest
from lxml import etree

from gateway.formats.clinical import cda as reader
from gateway.formats.limits import DEFAULT
from gateway.formats.validity import package
from gateway.formats.validity.judge import MINIMAL, Judge
from gateway.formats.validity.verdict import in_french
from gateway.model.documents import Code
from gateway.protocols import cda
from gateway.protocols.cda_transform import Completion, transform
from gateway.terminology.types import all_types
from tests.outside import corpora
from tests.samples import HOUSE, IPP_OID, SENDER, ZOE
from tests.unit.formats import builders

HL7 = "{urn:hl7-org:v3}"
BODIES = {
    "application/pdf": builders.pdf("Compte rendu"),
    "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(200),
    "image/tiff": b"II*\x00" + bytes(200),
    "text/rtf": rb"{\rtf1\ansi Compte rendu}",
    "text/plain": "Compte rendu détaillé".encode(),
}
REQUEST = cda.WrapRequest(
    id="1.2.250.1.999.7.1.1",
    set_id="1.2.250.1.999.7.1.2",
    version=1,
    patient=ZOE,
    ipp_oid=IPP_OID,
    author=SENDER,
    establishment=HOUSE,
    type=Code("11488-4", "2.16.840.1.113883.6.1", "CR ou fiche de consultation ou de visite"),
    title="Compte rendu de consultation",
    effective_time="20260603090000+0200",
    media_type="application/pdf",
    body=BODIES["application/pdf"],
    act_date="20260603",
)
#: E1762 is the type of the signature of a set, never a document's.
TYPES = sorted(code for code, one in all_types().items() if one.in_dmp and code != "E1762")
#: Header elements that CDA itself leaves optional and the "structuration minimale" demands.
DEMANDED = ("realmCode", "title", "languageCode", "setId", "versionNumber", "legalAuthenticator", "documentationOf")


@lru_cache(maxsize=1)
def judge() -> Judge:
    return Judge(package.find(corpora("cda-validation")))


def test_whatever_we_wrap_is_valid_for_every_type_of_the_dmp_and_every_body() -> None:
    for number, (code, media_type) in enumerate(zip(TYPES, cycle(BODIES), strict=False)):
        kind = all_types()[code]
        request = replace(
            REQUEST,
            type=Code(kind.code, kind.system, kind.label),
            title=kind.label,
            media_type=media_type,
            body=BODIES[media_type],
            parent="1.2.250.1.999.7.1.9" if number % 2 else "",
            version=1 + number % 2,
        )
        verdict = judge().judge(cda.build(request)[0])
        assert verdict.valid, (code, in_french(verdict))
        assert MINIMAL in verdict.judged


@pytest.mark.parametrize(
    "changes",
    [
        {"patient": replace(ZOE, sex="U", used_name="", given_names="")},
        {"patient": replace(ZOE, sex="M", birth_name="D'ORTEGA & FILS", used_name="PÉREZ-NÚÑEZ")},
        {"author": replace(SENDER, given="", title="", civility="", specialty_code="")},
        {"author": replace(SENDER, name="Müller <Zoé>", structure='Cabinet "A & B"')},
        {"act_date": "202606030915+0200"},
        {"act_date": ""},
        {"title": "é" * 300},
        {"effective_time": "20261231235959+0100"},
    ],
)
def test_whoever_writes_of_whom_and_when(changes: dict[str, object]) -> None:
    verdict = judge().judge(cda.build(replace(REQUEST, **changes))[0])  # type: ignore[arg-type]
    assert verdict.valid, in_french(verdict)


@pytest.mark.parametrize("parent", ["", "1.2.250.1.999.7.1.9"])
@pytest.mark.parametrize(
    "name",
    [
        "DOC_NON_STRUCTURE_CDA-R2-N1",
        "BIO-CR-BIO_2021.01_Auto-Presentable",
        "BIO-TROD_2024.01_Angine",
        "SDM-MR_2024.01_nouveau-ne",
        "VAC_2023.01",
    ],
)
def test_what_we_complete_is_valid(name: str, parent: str) -> None:
    data = corpora("cda-fr", "ExemplesCDA", f"{name}.xml").read_bytes()
    header = reader.read(data, DEFAULT).header
    made, _ = transform(data, Completion(header, "1.2.250.1.999.7.1.3", ZOE, parent))
    verdict = judge().judge(made)
    assert verdict.valid, in_french(verdict)


@pytest.mark.parametrize("gone", DEMANDED)
def test_what_lacks_an_element_is_not_valid_and_is_not_quoted(gone: str) -> None:
    root = etree.fromstring(cda.build(REQUEST)[0])
    element = root.find(f"{HL7}{gone}")
    assert element is not None
    root.remove(element)
    verdict = judge().judge(etree.tostring(root))
    assert not verdict.valid
    said = in_french(verdict)
    assert not any(word in said for word in (ZOE.birth_name, "ZOE", SENDER.name, "256089932695080"))
    assert all(fault.place.startswith("/ClinicalDocument") for fault in verdict.faults)


def test_a_document_that_names_a_model_must_follow_it() -> None:
    data = corpora("cda-fr", "ExemplesCDA", "LDL-SES_2022.01.xml").read_bytes()
    root = etree.fromstring(data)
    section = next(root.iter(f"{HL7}section")).getparent()
    assert section is not None
    body = section.getparent()
    assert body is not None
    body.remove(section)
    verdict = judge().judge(etree.tostring(root))
    assert {fault.source for fault in verdict.faults} == {"CI-SIS_LDL-SES_2022.01"}
