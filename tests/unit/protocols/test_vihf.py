from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.model.documents import Code
from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import soap, vihf
from gateway.protocols.xmldsig import Hash
from tests.unit.protocols.signing import signer, verifies

DOCTOR = (Code("10", vihf.PROFESSION, "Médecin"), Code("SM26", vihf.DOCTORS, "Qualifié en médecine générale"))
IDENTITY = vihf.VihfIdentity(
    structure_id="1750000018",
    sector="SA01",
    name_id="810100063480",
    name="ESSAI Camille <& Cie>",
    roles=DOCTOR,
    software="Passerelle",
    software_version="1",
    homologation="SECRET",
)
PATIENT = Ins("255069999999934", INS_NIR)
INSTANT = datetime(2026, 5, 1, 12, 0, 0, 7000, UTC)
IN_ENVELOPE = "//*[local-name()='Assertion']/*[local-name()='Signature']"


def built(identity: vihf.VihfIdentity = IDENTITY, hash_name: Hash = "sha256") -> bytes:
    return vihf.build(identity, PATIENT, signer(hash_name), assertion_id="_a1", instant=INSTANT)


def in_envelope(assertion: bytes) -> bytes:
    before, after = soap.envelope("urn:a", "urn:uuid:1", assertion)
    return before + b'<x xmlns="urn:x" xmlns:ds="urn:other"/>' + after


def attributes(assertion: bytes) -> dict[str, list[str]]:
    root = etree.fromstring(assertion)
    return {
        str(attribute.get("Name")): [
            value.text or str(value[0].get("code")) for value in attribute.findall(f"{{{vihf.SAML}}}AttributeValue")
        ]
        for attribute in root.iter(f"{{{vihf.SAML}}}Attribute")
    }


@pytest.mark.parametrize("hash_name", ["sha256", "sha1"])
def test_the_signature_holds_alone_and_inside_an_envelope(hash_name: Hash) -> None:
    if hash_name == "sha256":
        assert verifies(built(), "/*/*[local-name()='Signature']")
        assert verifies(in_envelope(built()), IN_ENVELOPE)
    assert f"rsa-{hash_name}".encode() in built(hash_name=hash_name)


@pytest.mark.parametrize(
    ("old", "new"), [(b"1750000018<", b"1750000019<"), (b"INDIRECTE", b"DIRECTE"), (PATIENT.number.encode(), b"1")]
)
def test_a_changed_assertion_is_refused(old: bytes, new: bytes) -> None:
    assert old in built()
    assert not verifies(in_envelope(built().replace(old, new)), IN_ENVELOPE)


def test_says_who_speaks_and_for_whom() -> None:
    said = attributes(built())
    assert said["urn:oasis:names:tc:xacml:2.0:subject:role"] == ["10", "SM26"]
    assert said["urn:oasis:names:tc:xacml:2.0:resource:resource-id"] == [f"{PATIENT.number}^^^&{INS_NIR}&ISO^NH"]
    assert said["Authentification_Mode"] == ["INDIRECTE"]
    assert said["Secteur_Activite"] == ["SA01^1.2.250.1.71.4.2.4"]
    assert said["urn:oasis:names:tc:xspa:1.0:subject:subject-id"] == ["ESSAI Camille <& Cie>"]
    assert said["VIHF_Version"] == ["3.0"]
    assert attributes(built(replace(IDENTITY, version="4.0")))["VIHF_Version"] == ["4.0"]


def test_the_issuer_is_the_name_of_the_signing_certificate_and_the_time_has_milliseconds() -> None:
    root = etree.fromstring(built())
    assert root.findtext(f"{{{vihf.SAML}}}Issuer", "").startswith("CN=gateway sign,OU=1750000018,O=")
    assert root.get("IssueInstant") == "2026-05-01T12:00:00.007Z"
    assert [etree.QName(child).localname for child in root] == [
        *("Issuer", "Signature", "Subject", "AuthnStatement", "AttributeStatement")
    ]


def test_an_automaton_has_one_role() -> None:
    automaton = replace(IDENTITY, roles=(vihf.AUTOMATE,))
    assert attributes(built(automaton))["urn:oasis:names:tc:xacml:2.0:subject:role"] == ["AUTOMATE"]
    with pytest.raises(ValueError, match="automaton"):
        replace(IDENTITY, roles=(vihf.AUTOMATE, DOCTOR[1]))


@pytest.mark.parametrize("profession", ["10", "21"])
def test_doctors_and_pharmacists_need_a_specialty(profession: str) -> None:
    with pytest.raises(ValueError, match="specialty"):
        replace(IDENTITY, roles=(Code(profession, vihf.PROFESSION, "x"),))
