from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.model.documents import Author, CdaHeader, Code, Organisation, Person, ServiceEvent, Visibility
from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import xds
from gateway.protocols.xds import Content, DocumentEntry, MetadataError

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
