"""The level 1 writer: canonical by construction, valid, faithful to its values."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.formats.clinical import cda as reader
from gateway.formats.limits import Limits
from gateway.protocols.cda import CdaError, build
from tests import outside
from tests.unit.protocols.people import DEPARTMENT, ESTABLISHMENT, PATIENT, SENDER, UNQUALIFIED, wrap_request

NS = {"h": "urn:hl7-org:v3"}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def root_of(document: bytes) -> etree._Element:
    return etree.fromstring(document)


def found(document: bytes, path: str) -> list[str]:
    values = root_of(document).xpath(path, namespaces=NS)
    assert isinstance(values, list)
    return [str(value) for value in values]


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(outside.corpora("cda-validation", "infrastructure", "cda", "CDA_extended.xsd")))


@given(WORDS, WORDS, WORDS)
def test_the_bytes_are_their_own_canonical_form(title: str, name: str, structure: str) -> None:
    patient = replace(PATIENT, birth_name=name, used_name=title)
    document, header = build(wrap_request(title=title, patient=patient, author=replace(SENDER, structure=structure)))
    tree = root_of(document).getroottree()
    assert etree.tostring(tree, method="c14n", with_comments=True) == document
    assert header.canonical_sha1 == hashlib.sha1(document).hexdigest()
    assert header.canonical_sha256 == hashlib.sha256(document).hexdigest()


@given(WORDS, WORDS, WORDS)
def test_the_header_is_the_one_a_reader_finds(title: str, name: str, given_name: str) -> None:
    patient = replace(PATIENT, birth_name=name, given_names=given_name, first_given=title)
    author = replace(SENDER, name=given_name, structure=name)
    document, header = build(wrap_request(title=title, patient=patient, author=author))
    assert reader.read(document, Limits()).header == header
    assert 1 <= len(header.title) <= 128


VARIANTS = pytest.mark.parametrize(
    "changes",
    [
        {},
        {"patient": UNQUALIFIED},
        {"patient": replace(PATIENT, used_name="", birth_place="", birth_date="", sex="U")},
        {"author": DEPARTMENT},
        {"author": replace(DEPARTMENT, structure_id="", structure="", name="")},
        {"version": 3, "parent": "1.2.250.1.999.7.2.0"},
        {"parent": "1.2.250.1.999.7.2.0^A/1"},
        {"act_date": "", "title": ""},
        {"media_type": "image/jpeg", "body": b"\xff\xd8\xff\xe0"},
        {"media_type": "text/plain", "body": "été".encode()},
    ],
)


@VARIANTS
def test_every_header_is_the_one_a_reader_finds(changes: dict[str, object]) -> None:
    document, header = build(wrap_request(**changes))
    assert reader.read(document, Limits()).header == header


@VARIANTS
def test_every_document_is_valid(changes: dict[str, object]) -> None:
    document, _ = build(wrap_request(**changes))
    assert schema().validate(root_of(document)), schema().error_log


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=30)
def test_the_body_comes_back(body: bytes) -> None:
    document, _ = build(wrap_request(body=body))
    assert base64.b64decode(found(document, "//h:nonXMLBody/h:text/text()")[0]) == body


def test_a_qualified_patient_is_named_by_his_ins_then_his_ipp() -> None:
    document, header = build(wrap_request())
    roots = found(document, "h:recordTarget/h:patientRole/h:id/@root")
    assert roots == [PATIENT.ins.oid if PATIENT.ins else "", ESTABLISHMENT.ipp_oid]
    assert header.patient_ids[1] == (ESTABLISHMENT.ipp_oid, PATIENT.ipp)


def test_another_patient_is_named_by_his_ipp_alone() -> None:
    document, header = build(wrap_request(patient=UNQUALIFIED))
    assert header.patient_ids == ((ESTABLISHMENT.ipp_oid, PATIENT.ipp),)
    assert b"256089932695080" not in document


def test_the_traits_stand_where_the_ins_rules_want_them() -> None:
    document, _ = build(wrap_request())
    name = "h:recordTarget/h:patientRole/h:patient/h:name"
    assert found(document, f"{name}/h:family[@qualifier='BR']/text()") == [PATIENT.birth_name]
    assert found(document, f"{name}/h:family[@qualifier='CL']/text()") == [PATIENT.used_name]
    assert found(document, f"{name}/h:given[not(@qualifier)]/text()") == [PATIENT.given_names]
    assert found(document, f"{name}/h:given[@qualifier='BR']/text()") == [PATIENT.first_given]
    assert found(document, "//h:birthplace/h:place/h:addr/h:county/text()") == [PATIENT.birth_place]


def test_the_author_is_the_sender_and_signs() -> None:
    document, header = build(wrap_request())
    for path in ("h:author/h:assignedAuthor", "h:legalAuthenticator/h:assignedEntity"):
        assert found(document, f"{path}/h:id/@extension") == ["810107507153"]
        assert found(document, f"{path}/h:id/@root") == ["1.2.250.1.71.4.2.1"]
        assert found(document, f"{path}/h:representedOrganization/h:id/@extension") == [SENDER.structure_id]
    person = header.authors[0].person
    assert (person.prefix, person.suffix) == ("M", "DR")
    assert header.custodian is not None
    assert header.custodian.id_extension == ESTABLISHMENT.structure_id


def test_a_mailbox_without_a_person_is_its_structure() -> None:
    _, header = build(wrap_request(author=DEPARTMENT))
    assert (header.authors[0].person.id_root, header.authors[0].person.id_extension) == (
        "1.2.250.1.71.4.2.2",
        DEPARTMENT.structure_id,
    )


def test_sector_and_setting_default_to_the_establishment() -> None:
    _, header = build(wrap_request(author=replace(SENDER, sector="", practice_setting="")))
    organisation = header.events[0].performer_organisation
    assert header.facility is not None
    assert header.facility.code == "SA01"
    assert organisation is not None
    assert organisation.sector is not None
    assert organisation.sector.code == "ETABLISSEMENT"


def test_a_replacement_names_its_parent() -> None:
    document, header = build(wrap_request(version=2, parent="1.2.3^A"))
    assert (header.related, header.parent_id, header.version) == ("RPLC", "1.2.3^A", 2)
    assert found(document, "h:relatedDocument[@typeCode='RPLC']/h:parentDocument/h:id/@extension") == ["A"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "1.2.3^4"},
        {"set_id": "urn:oid:1.2"},
        {"version": 0},
        {"effective_time": "20260105"},
        {"act_date": "5 janvier"},
        {"media_type": "application/msword"},
        {"body": b""},
        {"author": replace(SENDER, sector="SA99")},
    ],
)
def test_values_that_cannot_conform_are_an_error(changes: dict[str, object]) -> None:
    with pytest.raises(CdaError):
        build(wrap_request(**changes))
