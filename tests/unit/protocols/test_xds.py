from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from gateway.model.documents import Author, CdaHeader, Code, Organisation, Person, ServiceEvent, Visibility
from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import xds
from gateway.protocols.xds import Content, DocumentEntry, MetadataError
from gateway.terminology.types import all_types

PS, STRUCTURE = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
PATIENT = Ins("255069999999934", INS_NIR)
CABINET = Organisation(STRUCTURE, "1690000013", "Cabinet", Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9"))
DOCTOR = Person(PS, "810100063480", "ESSAI", "Camille")
HEADER = CdaHeader(
    id_root="1.2.250.1.999.3.1",
    id_extension="",
    code=Code("11488-4", "2.16.840.1.113883.6.1", "Consultation"),
    title="Compte  rendu\n de consultation",
    effective_time="20260501103000+0200",
    confidentiality="N",
    language="fr-FR",
    patient_ids=((INS_NIR, PATIENT.number), ("1.2.250.1.999.5", "IPP 7")),
    birth_name="D'ORTEGA",
    first_given="ANA",
    birth_date="19550615",
    sex="F",
    authors=(
        Author(
            DOCTOR,
            CABINET,
            specialty=Code("G15_10/SM26", "1.2.250.1.213.1.1.4.5"),
            role=Code("CORRE", "1.2.250.1.213.1.1.4.2.280", "Correspondant"),
        ),
    ),
    legal_authenticator=DOCTOR,
    events=(
        ServiceEvent(Code("ABCD001", "1.2.250.1.213.2.5"), "20260501", "202605011030+0200", DOCTOR, CABINET),
        ServiceEvent(Code("ABCD001", "1.2.250.1.213.2.5", "Acte")),
        ServiceEvent(None),
    ),
    facility=Code("SA07", "1.2.250.1.71.4.2.4"),
    references=(("A1", "1.2.9", "accession"), ("", "1.2.9", "order")),
    media_type="application/pdf",
)


def entry(visibility: Visibility | None = None, **changes: Any) -> DocumentEntry:
    return xds.document_entry(replace(HEADER, **changes), PATIENT, visibility or Visibility(), Content("ab", 12))


def codes(of: DocumentEntry, name: str) -> list[str]:
    return [code.code for code in dict(of.codes)[name]]


def test_every_slot_comes_from_the_header() -> None:
    assert dict(entry().slots) == {
        "creationTime": ("20260501083000",),
        "hash": ("ab",),
        "size": ("12",),
        "languageCode": ("fr-FR",),
        "legalAuthenticator": (f"810100063480^ESSAI^Camille^^^^^^&{PS}&ISO^D^^^IDNPS",),
        "serviceStartTime": ("20260501",),
        "serviceStopTime": ("202605010830",),
        "sourcePatientId": ("IPP 7^^^&1.2.250.1.999.5&ISO^PI",),
        "sourcePatientInfo": ("PID-5|D'ORTEGA^ANA^^^^^L", "PID-7|19550615", "PID-8|F"),
        "urn:ihe:iti:xds:2013:referenceIdList": ("A1^^^&1.2.9&ISO^urn:ihe:iti:xds:2013:accession",),
    }


def test_every_code_has_a_system_and_a_label() -> None:
    made = entry()
    assert all(code.code and code.system and code.label for _, listed in made.codes for code in listed)
    assert codes(made, "classCode") == ["10"]
    assert codes(made, "practiceSettingCode") == ["AMBULATOIRE"]
    assert codes(made, "eventCodeList") == ["ABCD001"]
    assert made.title == "Compte rendu de consultation"


def test_an_author_keeps_only_a_known_specialty() -> None:
    made = entry().authors[0]
    assert made.specialty.startswith("G15_10/SM26^Médecin")
    assert made.specialty.endswith("^1.2.250.1.213.1.1.4.5")
    assert (made.role, made.institution.partition("^")[0]) == ("Correspondant", "Cabinet")
    unknown = Author(DOCTOR, specialty=Code("X", "1.2"))
    assert xds.author(unknown) == xds.Author(xds.author(unknown).person)


def test_the_local_number_else_the_ins() -> None:
    made = entry(patient_ids=((INS_NIR, PATIENT.number),))
    assert dict(made.slots)["sourcePatientId"] == (f"{PATIENT.number}^^^&{INS_NIR}&ISO^NH",)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"media_type": "application/pdf"}, "urn:ihe:iti:xds-sd:pdf:2008"),
        ({"media_type": "image/jpeg"}, "urn:ihe:iti-fr:xds-sd:jpeg:2010"),
        ({"media_type": "", "template_ids": ("1.2.250.1.213.1.1.1.55",)}, "urn:ihe:lab:xd-lab:2008"),
        ({"media_type": "", "template_ids": ("1.9",)}, "urn:asipSante:modelesHorsProfils:2011"),
        ({"media_type": "", "template_ids": ()}, "urn:asipSante:modelesHorsProfils:2011"),
    ],
)
def test_the_format_follows_the_body(changes: dict[str, Any], expected: str) -> None:
    assert codes(entry(**changes), "formatCode") == [expected]


def test_visibility_flags_follow_the_confidentiality() -> None:
    assert codes(entry(), "confidentialityCode") == ["N"]
    all_hidden = Visibility(True, True, True)
    assert codes(entry(all_hidden, confidentiality="R"), "confidentialityCode") == [
        *("R", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")
    ]


def test_a_self_presentable_document_has_its_own_type() -> None:
    assert entry().mime_type == "text/xml"
    assert entry(self_presentable=True).mime_type == "application/xslt+xml"


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"id_extension": "1"}, "uniqueId"),
        ({"id_root": ""}, "uniqueId"),
        ({"title": " "}, "title"),
        ({"effective_time": ""}, "creationTime"),
        ({"code": Code("nowhere")}, "classCode"),
        ({"media_type": "video/mp4"}, "formatCode"),
        ({"confidentiality": "X"}, "confidentialityCode"),
        ({"legal_authenticator": None}, "legalAuthenticator"),
        ({"events": (ServiceEvent(low="2026"),)}, "practiceSettingCode"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], attribute: str) -> None:
    with pytest.raises(MetadataError) as caught:
        entry(**changes)
    assert caught.value.attribute == attribute


def test_a_title_longer_than_the_attribute_is_cut() -> None:
    assert entry(title="mot " * 50).title == ("mot " * 32).rstrip()


def test_the_modality_and_the_region_of_an_image_are_event_codes_each_once() -> None:
    translations = (Code("CT", "1.2.840.10008.2.16.4", "Scanner"), Code("69536005", "2.16.840.1.113883.6.96"))
    act = ServiceEvent(Code("24727-0", "2.16.840.1.113883.6.1", "Scanner"), translations=translations)
    unsaid = ServiceEvent(None, translations=translations)
    made = entry(events=(HEADER.events[0], act, act, unsaid))
    assert codes(made, "eventCodeList") == ["ABCD001", "24727-0", "CT", "69536005"]


def test_an_imaging_report_refers_to_its_orders_and_studies() -> None:
    references = (
        ("A1", "1.2.9", "accession"),
        ("O1", "1.2.8", "order"),
        ("", "1.2.7.1", "act"),
        ("", "1.2.7.1", "act"),
    )
    listed = dict(entry(media_type="", template_ids=("1.2.250.1.213.1.1.1.45",), references=references).slots)[
        "urn:ihe:iti:xds:2013:referenceIdList"
    ]
    assert listed == (
        "A1^^^&1.2.9&ISO^urn:ihe:iti:xds:2013:accession",
        "O1^^^&1.2.8&ISO^urn:ihe:iti:xds:2013:order",
        "1.2.7.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
    )


def test_the_acts_of_another_document_are_no_studies() -> None:
    assert "urn:ihe:iti:xds:2013:referenceIdList" not in dict(entry(references=(("", "1.2.7", "act"),)).slots)


def test_the_main_act_says_when_and_where() -> None:
    beside = ServiceEvent(Code("X", "1.2.3"), "20250101")
    assert dict(entry(events=(beside, HEADER.events[0])).slots)["serviceStartTime"] == ("20260501",)


def test_a_role_without_label_has_the_one_of_its_set() -> None:
    (known, unknown) = (
        xds.author(Author(DOCTOR, role=Code(code, "1.2.250.1.213.1.1.4.2.280"))) for code in ("PCP", "?")
    )
    assert (known.role, unknown.role) == ("Médecin traitant", "")


def test_several_authors_keep_their_order() -> None:
    second = Person(PS, "810100063498", "ESSAI", "Dominique")
    made = entry(authors=(Author(DOCTOR, CABINET), Author(second)))
    assert [one.person.partition("^")[0] for one in made.authors] == ["810100063480", "810100063498"]


def test_what_is_null_leaves_its_components_empty() -> None:
    one = xds.author(Author(Person(family="ESSAI"), Organisation(name="Cabinet")))
    assert (one.person, one.institution) == ("^ESSAI^^^^^^^^D", "Cabinet")


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("1.2.250.1.213.1.1.1.2.1.1", "urn:asip:ci-sis:avk:2009"),
        ("1.2.250.1.213.1.1.1.12.4", "urn:asip:ci-sis:obp-scm:2023"),
        ("1.3.6.1.4.1.19376.1.8.1.1.1", "urn:asipSante:modelesHorsProfils:2011"),  # in ASS_A11, not in JDV_J60
        ("1.2.3", "urn:asipSante:modelesHorsProfils:2011"),
    ],
)
def test_a_models_format_is_the_one_of_ass_a11_when_the_dmp_knows_it(model: str, code: str) -> None:
    assert codes(entry(media_type="", template_ids=("1.2.250.1.213.1.1.1.1", model)), "formatCode") == [code]


def test_the_table_names_every_attribute_of_the_digest_once() -> None:
    names = [row.attribute.rpartition(":")[2] for row in xds.TABLE]
    assert len(names) == len(set(names)) == 22
    assert set(names) == set(
        re.findall(
            r"\w+",
            "mimeType uniqueId patientId title creationTime hash size languageCode legalAuthenticator serviceStartTime "
            "serviceStopTime sourcePatientId sourcePatientInfo referenceIdList author classCode typeCode formatCode "
            "healthcareFacilityTypeCode practiceSettingCode confidentialityCode eventCodeList",
        )
    )
    assert {row.cardinality for row in xds.TABLE} == {"1", "0..1", "0..*", "1..*", "1..4"}


@pytest.mark.parametrize("code", [one.code for one in all_types().values() if one.in_dmp])
def test_every_type_of_the_dmp_has_its_class(code: str) -> None:
    made = entry(code=Code(code, "2.16.840.1.113883.6.1"))
    (kind,), (klass,) = (dict(made.codes)[name] for name in ("typeCode", "classCode"))
    assert kind.label != code
    assert klass.system == "1.2.250.1.213.1.1.4.1"
    assert klass.label
