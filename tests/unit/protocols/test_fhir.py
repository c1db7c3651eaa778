"""The DocumentReference, judged by the R4 classes of fhir.resources and by what the PDSm profile adds."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.model.documents import Action, Author, CdaHeader, Code, Organisation, Person, ServiceEvent, Visibility
from gateway.model.identity import INS_NIA, INS_NIR, INS_NIR_TEST, Ins
from gateway.protocols import cda, fhir
from gateway.protocols.fhir_types import FhirError, date, date_time, token, unique_id
from gateway.terminology.types import all_types
from tests.unit.protocols.fhir_profile import violations
from tests.unit.protocols.people import DEPARTMENT, ESTABLISHMENT, PATIENT, UNQUALIFIED, wrap_request

DOCUMENT, HEADER = cda.build(wrap_request())
WORDS = st.text(st.characters(exclude_categories=["Cs"]))


def publication(**changes: Any) -> fhir.Publication:
    values: dict[str, Any] = {
        "header": HEADER,
        "document": DOCUMENT,
        "action": Action.CREATE,
        "subject": PATIENT,
        "establishment": ESTABLISHMENT,
        "visibility": Visibility(),
        "instant": datetime(2026, 1, 5, 9, 11, 12, tzinfo=UTC),
    }
    return fhir.Publication(**{**values, **changes})


def published(**changes: Any) -> dict[str, Any]:
    """The resource, once nothing is wrong with it."""
    body = fhir.document_reference(publication(**changes))
    assert violations(body) == []
    found: dict[str, Any] = json.loads(body)
    return found


def contained(resource: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in resource["contained"] if f"#{one['id']}" == reference["reference"])
    return found


def test_a_wrapped_pdf() -> None:
    found = published(comment="CR de consultation")
    unique = {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{HEADER.id_root}"}
    assert found["masterIdentifier"] == unique
    assert found["identifier"] == [{"use": "usual", **unique}]
    assert found["meta"]["profile"] == [fhir.PROFILE]
    assert (found["status"], found["date"]) == ("current", "2026-01-05T09:11:12Z")
    assert found["type"]["coding"][0]["system"] == "http://loinc.org"
    assert found["category"][0]["coding"][0]["code"] == "10"
    assert found["description"] == "CR de consultation"
    attachment = found["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == DOCUMENT
    assert (attachment["contentType"], attachment["language"]) == ("text/xml", "fr-FR")
    assert found["content"][0]["format"]["code"] == "urn:ihe:iti:xds-sd:pdf:2008"
    assert found["context"]["facilityType"]["coding"][0]["code"] == "SA07"
    assert found["context"]["practiceSetting"]["coding"][0]["code"] == "AMBULATOIRE"
    assert found["context"]["period"]["start"]
    assert "relatesTo" not in found
    assert "security" not in found["meta"]


def test_the_author_is_a_professional_in_his_structure() -> None:
    found = published()
    role = contained(found, found["author"][0])
    person, structure = contained(found, role["practitioner"]), contained(found, role["organization"])
    assert [one["type"]["coding"][0]["code"] for one in person["identifier"]] == ["IDNPS", "RPPS"]
    assert [one["value"] for one in person["identifier"]] == ["810107507153", "10107507153"]
    assert person["name"] == [{"family": "Durand", "given": ["Marc"], "prefix": ["M"], "suffix": ["DR"]}]
    assert structure["identifier"][0]["type"]["coding"][0]["code"] == "IDNST"
    assert role["specialty"][0]["coding"][0]["code"] == "G15_10/SM26"
    assert found["authenticator"] == found["author"][0]
    assert contained(found, found["custodian"])["name"] == ESTABLISHMENT.name


def test_a_mailbox_without_a_person_is_a_structure() -> None:
    document, header = cda.build(wrap_request(author=DEPARTMENT))
    found = published(document=document, header=header)
    assert contained(found, found["author"][0])["resourceType"] == "Organization"


def test_a_device_and_an_author_of_whom_nothing_is_known() -> None:
    device = Author(Person("1.2.250.1.999.9", "automate-1", device="Automate de biologie"))
    found = published(header=replace(HEADER, authors=(device, Author(Person())), legal_authenticator=None))
    assert contained(found, found["author"][0])["resourceType"] == "Device"
    assert len(found["author"]) == 1
    alone = published(header=replace(HEADER, authors=(Author(Person()),), custodian=None))
    assert contained(alone, alone["author"][0])["identifier"][0]["value"] == ESTABLISHMENT.structure_id


def test_whose_record_it_goes_to() -> None:
    by_ins = published()["subject"]["identifier"]
    assert (by_ins["system"], by_ins["value"]) == (f"urn:oid:{INS_NIR}", "256089932695080")
    by_ipp = published(subject=UNQUALIFIED)["subject"]["identifier"]
    assert (by_ipp["system"], by_ipp["value"]) == (f"urn:oid:{ESTABLISHMENT.ipp_oid}", PATIENT.ipp)


@pytest.mark.parametrize(
    ("oid", "kind", "use"),
    [(INS_NIR, "INS-NIR", "official"), (INS_NIA, "INS-NIA", "temp"), (INS_NIR_TEST, "INS-NIR-TEST", "official")],
)
def test_the_patient_as_the_document_states_him(oid: str, kind: str, use: str) -> None:
    patient = replace(PATIENT, ins=Ins("256089932695080", oid))
    document, header = cda.build(wrap_request(patient=patient))
    found = published(document=document, header=header, subject=patient)
    source = contained(found, found["context"]["sourcePatientInfo"])
    assert [(one["type"]["coding"][0]["code"], one["use"]) for one in source["identifier"]] == [
        (kind, use),
        ("PI", "usual"),
    ]
    official, usual = source["name"]
    assert (official["family"], official["given"]) == ("D'ÉTÉ-NOËL", ["ZOÉ"])
    assert official["extension"][0]["valueString"] == "ZOÉ ANNE"
    assert (usual["use"], usual["family"]) == ("usual", "MARTIN & FILS")
    assert (source["gender"], source["birthDate"]) == ("female", "1956-08-19")
    assert json.dumps(source["extension"]).count("99326") == 1


def test_our_ipp_beside_the_identifiers_of_a_received_document() -> None:
    received = replace(HEADER, patient_ids=(("1.2.250.1.888.1", "A-77"),))

    def ids(**changes: Any) -> list[str]:
        found = published(header=received, **changes)
        return [one["value"] for one in contained(found, found["context"]["sourcePatientInfo"])["identifier"]]

    assert ids() == ["A-77", PATIENT.ipp]
    assert ids(with_ipp=False) == ["A-77"]


def test_an_ins_that_is_not_qualified_is_not_in_what_we_make() -> None:
    document, header = cda.build(wrap_request(patient=UNQUALIFIED))
    body = fhir.document_reference(publication(document=document, header=header, subject=UNQUALIFIED))
    assert b"256089932695080" not in body


@pytest.mark.parametrize(
    ("visibility", "codes"),
    [
        (Visibility(), ["N"]),
        (Visibility(invisible_to_patient=True), ["N", "INVISIBLE_PATIENT"]),
        (
            Visibility(invisible_to_patient=True, invisible_to_representatives=True),
            ["N", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"],
        ),
    ],
)
def test_who_may_see_it(visibility: Visibility, codes: list[str]) -> None:
    labels = published(visibility=visibility)["securityLabel"]
    assert [label["coding"][0]["code"] for label in labels] == codes
    assert labels[0]["coding"][0]["system"] == "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    assert all("TRE-A07-StatutVisibiliteDocument" in label["coding"][0]["system"] for label in labels[1:])


def test_what_is_hidden_from_professionals_does_not_go() -> None:
    with pytest.raises(FhirError):
        fhir.document_reference(publication(visibility=Visibility(masked_to_professionals=True)))


def test_a_replacement_names_what_it_replaces() -> None:
    header = replace(HEADER, related="RPLC", parent_root="1.2.250.1.888.2", parent_extension="doc 7")
    found = published(action=Action.REPLACE, header=header, located="DocumentReference/12")
    assert found["relatesTo"] == [
        {
            "code": "replaces",
            "target": {
                "reference": "DocumentReference/12",
                "type": "DocumentReference",
                "identifier": {"system": "urn:oid:1.2.250.1.888.2", "value": "doc 7"},
            },
        }
    ]
    assert "reference" not in published(action=Action.REPLACE, replaces="1.2.3")["relatesTo"][0]["target"]
    with pytest.raises(FhirError):
        fhir.document_reference(publication(action=Action.REPLACE))


def test_a_transformation_names_its_original() -> None:
    header = replace(HEADER, related="XFRM", parent_root="1.2.3", parent_extension="")
    assert published(header=header)["relatesTo"][0]["code"] == "transforms"


def test_a_trial_says_so() -> None:
    assert published(establishment=structs.replace(ESTABLISHMENT, test=True))["meta"]["security"][0]["code"] == "HTEST"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("custodian",), None),
        (("status",), "superseded"),
        (("date",), "2026-01-05T09:11"),
        (("masterIdentifier", "value"), "1.2.3"),
        (("content", 0, "attachment", "hash"), "AAAA"),
        (("content", 0, "attachment", "url"), "Binary/1"),
        (("author", 0, "reference"), "#nobody"),
        (("contained", 0, "extension"), None),
        (("contained", 0, "birthDate"), "19560819"),
        (("description",), ""),
        (("surprise",), 1),
    ],
)
def test_the_judge_sees_what_is_wrong(path: tuple[str | int, ...], value: Any) -> None:
    found: Any = published()
    *way, last = path
    place = found
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert violations(json.dumps(found).encode())


@pytest.mark.parametrize("code", sorted(all_types()))
def test_every_document_type(code: str) -> None:
    known = all_types()[code]
    found = published(header=replace(HEADER, code=Code(known.code, known.system, "")))
    assert found["type"]["coding"][0]["code"] == code
    assert ("category" in found) == bool(known.class_code)


def test_an_image_report_with_its_order_and_its_acts() -> None:
    acts = [ServiceEvent(Code(code, "1.2.250.1.213.2.5", ""), "20260104", "202601041230+0100") for code in "AB"]
    found = published(
        header=replace(
            HEADER,
            events=tuple(acts),
            media_type="",
            self_presentable=True,
            references=(("ACC-1", "1.2.3.4", "accession"), ("X", "1.2.3.4", "other")),
        )
    )
    assert found["context"]["period"] == {"start": "2026-01-04", "end": "2026-01-04T11:30:00Z"}
    assert [one["coding"][0]["code"] for one in found["context"]["event"]] == ["A"]
    assert [one["identifier"]["value"] for one in found["context"]["related"]] == ["ACC-1"]
    assert found["content"][0]["attachment"]["contentType"] == "application/xslt+xml"


@given(WORDS, WORDS, WORDS, WORDS)
def test_whatever_a_header_says(one: str, two: str, three: str, four: str) -> None:
    header = CdaHeader(
        id_root="1.2.3",
        id_extension=one,
        code=Code("34133-9", "2.16.840.1.113883.6.1", two),
        title=three,
        effective_time=four,
        confidentiality="",
        language="fr-FR",
        patient_ids=(("1.2.3.4", "7"), ("1.2.3.5", "")),
        birth_name=two,
        first_given=three,
        birth_date=four,
        birth_place=one,
        authors=(Author(Person("1.2.250.1.71.4.2.1", two, one, three), Organisation("", "", four)),),
        custodian=Organisation("", "", one),
        events=(ServiceEvent(low=one, high=two),),
    )
    published(header=header, comment=four)


def test_a_root_that_is_no_identifier_is_refused() -> None:
    with pytest.raises(FhirError):
        fhir.document_reference(publication(header=replace(HEADER, id_root="not-an-oid")))


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("20260105101112+0100", "2026-01-05T09:11:12Z"),
        ("20260705101112", "2026-07-05T08:11:12Z"),
        ("202601051011+0100", "2026-01-05T09:11:00Z"),
        ("20260105", "2026-01-05"),
        ("202601", "2026-01"),
        ("2026", "2026"),
        ("20261399", ""),
        ("hier", ""),
        ("", ""),
    ],
)
def test_times(stamp: str, expected: str) -> None:
    assert date_time(stamp) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [("19560819", "1956-08-19"), ("19560800", "1956-08"), ("19560000", "1956"), ("", "")]
)
def test_a_birth_date_partly_known(day: str, expected: str) -> None:
    assert date(day) == expected


def test_what_a_search_asks_is_escaped() -> None:
    assert token(unique_id("1.2.3")) == "urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A1.2.3"
    assert token(unique_id("1.2.3^a,b|c$d\\e&f=g h")) == (
        "urn%3Aoid%3A1.2.3%7Ca%5C%2Cb%5C%7Cc%5C%24d%5C%5Ce%26f%3Dg%20h"
    )
    assert unique_id("2F6E7F1C-8B1F-4D7B-9F36-0A0C5E3E7D11")["value"].startswith("urn:uuid:2f6e7f1c")


#: What the example of the simplified publication states (PDSm 3.1.1, DR_simplified), as paths.
EXAMPLE = (
    "masterIdentifier.system masterIdentifier.value status type.coding.system type.coding.code type.coding.display "
    "category.coding.system category.coding.code category.coding.display subject date custodian.reference "
    "author.reference authenticator.reference description content.attachment.contentType content.attachment.language "
    "content.attachment.data content.attachment.title content.attachment.creation content.attachment.size "
    "content.attachment.hash content.format.system content.format.code content.format.display "
    "context.facilityType.coding.system context.facilityType.coding.code context.facilityType.coding.display "
    "context.practiceSetting.coding.system context.practiceSetting.coding.code context.practiceSetting.coding.display"
)


def paths(value: Any, before: str = "") -> set[str]:
    if isinstance(value, list):
        return {path for one in value for path in paths(one, before)}
    if isinstance(value, dict):
        inner = {path for name, one in value.items() for path in paths(one, f"{before}.{name}" if before else name)}
        return inner | ({before} if before else set())
    return {before}


def test_what_the_example_of_the_volet_states_is_stated() -> None:
    assert set(EXAMPLE.split()) - paths(published(comment="Suivi")) == set()


def test_code_systems_are_those_of_the_example() -> None:
    found = published()
    nos = "https://mos.esante.gouv.fr/NOS"
    assert found["category"][0]["coding"][0]["system"] == f"{nos}/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"
    assert found["content"][0]["format"]["system"] == f"{nos}/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode"
    facility, setting = (found["context"][name]["coding"][0]["system"] for name in ("facilityType", "practiceSetting"))
    assert facility == f"{nos}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
    assert setting == f"{nos}/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice"
