"""The transformation: only id, patient and relation change; the rest is the original's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.formats.clinical import cda as reader
from gateway.formats.limits import Limits
from gateway.model.documents import CdaHeader
from gateway.protocols.cda import CdaError, build
from gateway.protocols.cda_transform import Completion, transform
from tests import outside
from tests.unit.protocols.people import PATIENT, UNQUALIFIED, wrap_request
from tests.unit.protocols.test_cda import found, root_of, schema

NEW = "1.2.250.1.999.7.9.1"


def header_of(document: bytes) -> CdaHeader:
    return reader.read(document, Limits()).header


def original(**changes: object) -> bytes:
    """A document of somebody who knew the patient by an IPP, in the pretty form that people write."""
    document, _ = build(wrap_request(patient=replace(UNQUALIFIED, birth_place="", used_name=""), **changes))
    document = document.replace(
        b'<id root="1.2.250.1.999.7.2.1">', b'<id root="1.2.250.1.999.7.2.1" extension="A&amp;1">'
    )
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- from elsewhere -->\n' + document


def completed(document: bytes, **changes: object) -> tuple[bytes, CdaHeader]:
    values: dict[str, object] = {"header": header_of(document), "id": NEW, "patient": PATIENT}
    return transform(document, Completion(**{**values, **changes}))  # type: ignore[arg-type]


def without(document: bytes, *paths: str) -> bytes:
    root = root_of(document)
    for path in paths:
        for element in root.findall(path, {"h": "urn:hl7-org:v3"}):
            parent = element.getparent()
            assert parent is not None
            element.tail = None
            parent.remove(element)
    return re.sub(rb">\s+<", b"><", etree.tostring(root, method="c14n", with_comments=True))


CHANGED = ("h:id", "h:relatedDocument", "h:recordTarget")


def test_the_header_returned_is_the_one_read() -> None:
    document, header = completed(original())
    assert header == header_of(document)


def test_only_id_patient_and_relation_change() -> None:
    before = original()
    document, _ = completed(before)
    assert without(document, *CHANGED) == without(before, *CHANGED)
    assert b"<!-- from elsewhere -->" in document


def test_the_result_is_canonical_and_valid() -> None:
    document, _ = completed(original())
    tree = root_of(document).getroottree()
    assert etree.tostring(tree, method="c14n", with_comments=True) == document
    assert schema().validate(root_of(document)), schema().error_log


def test_a_first_version_is_a_transformation_of_the_original() -> None:
    document, header = completed(original())
    assert (header.id_root, header.id_extension, header.related) == (NEW, "", "XFRM")
    assert header.parent_id == "1.2.250.1.999.7.2.1^A&1"
    assert found(document, "h:relatedDocument/@typeCode") == ["XFRM"]


def test_a_later_version_replaces_its_parent_as_fed() -> None:
    document, header = completed(original(version=2, parent="1.2.3^old"), parent="1.2.3.9")
    assert (header.related, header.parent_id, header.version) == ("RPLC", "1.2.3.9", 2)
    assert header == header_of(document)


def test_a_later_version_whose_parent_was_never_fed_is_new() -> None:
    document, header = completed(original(version=2, parent="1.2.3^old"))
    assert (header.related, header.parent_id) == ("", "")
    assert header == header_of(document)


def test_the_patient_is_the_matched_one() -> None:
    document, header = completed(original())
    assert PATIENT.ins is not None
    assert header.patient_ids[0] == (PATIENT.ins.oid, PATIENT.ins.number)
    assert header.patient_ids[1][1] == PATIENT.ipp
    assert header.birth_place == PATIENT.birth_place
    name = "h:recordTarget/h:patientRole/h:patient/h:name"
    assert found(document, f"{name}/h:family[@qualifier='CL']/text()") == [PATIENT.used_name]


def test_the_used_name_of_the_document_stays() -> None:
    before = original().replace(
        b"</name><administrative", b'<family qualifier="SP">EPOUX</family></name><administrative'
    )
    _, header = completed(before)
    assert header.used_name == "EPOUX"


def test_old_names_without_qualifier_and_absent_traits_are_completed() -> None:
    before = original()
    before = re.sub(rb"<name><family qualifier=\"BR\">.*?</name>", b"<name><family>OLD</family></name>", before)
    before = re.sub(rb"<administrativeGenderCode.*?<birthTime.*?</birthTime>", b"", before)
    document, header = completed(before)
    assert header == header_of(document)
    assert (header.birth_name, header.sex, header.birth_date) == (
        PATIENT.birth_name,
        PATIENT.sex,
        PATIENT.birth_date,
    )
    assert b"OLD" not in document
    assert schema().validate(root_of(document)), schema().error_log


def test_an_ins_lower_in_the_list_comes_first_and_once() -> None:
    assert PATIENT.ins is not None
    own = f'<id extension="{PATIENT.ins.number}" root="{PATIENT.ins.oid}"></id>'.encode()
    before = original().replace(b"<patient><name>", own + b"<patient><name>")
    document, header = completed(before)
    assert [i for i, _ in header.patient_ids].count(PATIENT.ins.oid) == 1
    assert header.patient_ids[0][0] == PATIENT.ins.oid
    assert header == header_of(document)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<patientRole>", b"<patientRole><id nullFlavor='UNK'/>"),
        (b'<family qualifier="BR">', b"<family>"),
        (b'<given qualifier="BR">', b'<given qualifier="CL">'),
        (b"<given>", b'<given qualifier="CL">'),
        (b'<family qualifier="CL">', b'<family qualifier="SP">'),
    ],
)
def test_an_identity_that_is_incomplete_is_completed(old: bytes, new: bytes) -> None:
    whole, _ = build(wrap_request())
    assert old in whole
    assert not header_of(whole).incomplete_identity
    document, header = completed(whole.replace(old, new, 1), header=header_of(whole.replace(old, new, 1)))
    assert header_of(whole.replace(old, new, 1)).incomplete_identity
    assert not header.incomplete_identity
    assert header == header_of(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<ClinicalDocument/>",
        b"<ClinicalDocument xmlns='urn:hl7-org:v3'><id root='1.2'/></ClinicalDocument>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><ClinicalDocument xmlns='urn:hl7-org:v3'>&b;</ClinicalDocument>",
        "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a><a/>".encode("utf-16"),
        b"<a>" * 5000,
    ],
)
def test_hostile_or_foreign_bytes_are_an_error(document: bytes) -> None:
    with pytest.raises(CdaError):
        transform(document, Completion(header_of(original()), NEW, PATIENT))


@given(st.data())
def test_damaged_bytes_give_a_document_or_the_one_error(data: st.DataObject) -> None:
    before = original()
    at = data.draw(st.integers(0, len(before) - 1))
    length = data.draw(st.integers(0, 30))
    damaged = before[:at] + data.draw(st.binary(max_size=8)) + before[at + length :]
    try:
        document, _ = transform(damaged, Completion(header_of(before), NEW, PATIENT))
    except CdaError:
        return
    assert found(document, "//h:ClinicalDocument/h:id/@root")[0] == NEW


def test_blanks_before_the_declaration_are_tolerated() -> None:
    _, header = completed(b"\r\n " + original())
    assert header.id_root == NEW


def test_values_that_may_not_leave_are_an_error() -> None:
    before = original()
    with pytest.raises(CdaError):
        completed(before, patient=UNQUALIFIED)
    with pytest.raises(CdaError):
        completed(before, id="1.2^3")


def test_the_french_examples_can_be_transformed() -> None:
    for file in sorted(outside.corpora("cda-fr").rglob("*.xml")):
        before = file.read_bytes()
        read = header_of(before)
        document, header = transform(
            before, Completion(read, NEW, PATIENT, "1.2.3.9" if read.related == "RPLC" else "")
        )
        again = header_of(document)
        assert undigested(header) == undigested(again), file.name
        if not read.self_presentable:
            assert header == again, file.name
            assert without(document, *CHANGED) == without(before, *CHANGED), file.name
        if schema().validate(clinical(before)):
            assert schema().validate(clinical(document)), (file.name, schema().error_log)


def undigested(header: CdaHeader) -> CdaHeader:
    return replace(header, canonical_sha1="", canonical_sha256="")


def clinical(document: bytes) -> etree._Element:
    root = root_of(document)
    name = "{urn:hl7-org:v3}ClinicalDocument"
    inner = root if root.tag == name else next(root.iter(name))
    return etree.fromstring(etree.tostring(inner))
