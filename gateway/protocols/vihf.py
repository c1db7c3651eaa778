"""The VIHF: a SAML 2.0 assertion, signed by the establishment, that each SOAP call to the DMP carries.

INDIRECTE mode only, as a feeder must (spec/dmp/transactions.md §0, spec/dmp/vihf.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from gateway.model.documents import Code
from gateway.model.identity import Ins
from gateway.protocols import datatypes, xmldsig
from gateway.protocols.xmldsig import Reference, Signer

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

#: Code systems: professions (TRE_G15), and their specialties (TRE_R01, TRE_G05).
PROFESSION = "1.2.250.1.71.1.2.7"
DOCTORS = "1.2.250.1.71.4.2.5"
PHARMACISTS = "1.2.250.1.71.4.2.6"
AUTOMATE = Code("AUTOMATE", "1.2.250.1.213.1.1.4.6", "Automate")
_PURPOSE = Code("normal", "1.2.250.1.213.1.1.4.248", "Accès normal")
_SYSTEM_NAMES = {
    PROFESSION: "TRE_G15",
    DOCTORS: "TRE_R01",
    PHARMACISTS: "TRE_G05",
    "1.2.250.1.213.1.1.4.6": "TRE_A00",
    "1.2.250.1.213.1.1.4.248": "mode acces VIHF 2.0",
}
_ROLE_NAMESPACES: Any = {None: HL7, "xsi": XSI}
_SECTOR = "1.2.250.1.71.4.2.4"
_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_X509_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
_NEEDS_SPECIALTY = ("10", "21")


@dataclass(frozen=True)
class VihfIdentity:
    """Who speaks. ``name_id`` is a national (8 + RPPS) or internal (structure/local) identifier.

    ``roles``: the profession, then the specialty that doctors and pharmacists must have; or AUTOMATE alone.
    ``sector`` is SAxx; ``homologation`` the secret number of the CNDA. ``mode_attribute``, ``country_first`` (the order
    of the issuer's name) and ``context`` (a SAML 2.0 class of authentication) are where public sources disagree.
    """

    structure_id: str
    sector: str
    name_id: str
    name: str
    roles: tuple[Code, ...]
    software: str
    software_version: str
    homologation: str
    version: str = "3.0"
    mode_attribute: str = "Authentification_Mode"
    country_first: bool = False
    context: str = "unspecified"

    def __post_init__(self) -> None:
        first, *others = self.roles
        profession = first.system == PROFESSION and first.code in _NEEDS_SPECIALTY
        if profession and not others:
            raise ValueError("a doctor or a pharmacist needs a specialty in the VIHF")
        if first == AUTOMATE and others:
            raise ValueError("an automaton has no second role in the VIHF")


@dataclass(frozen=True)
class Secrecy:
    """The attribute of a minor's secret connection: its name and value."""

    attribute: str
    code: str


def build(
    identity: VihfIdentity,
    patient: Ins,
    signer: Signer,
    *,
    assertion_id: str,
    instant: datetime,
    secrecy: Secrecy | None = None,
) -> bytes:
    """The signed assertion in exclusive canonical form, to be put as it is into wsse:Security.

    ``assertion_id`` is an NCName, new for each call; ``instant`` is aware and becomes IssueInstant in UTC. With
    ``secrecy`` the minor's representatives see nothing of the call.
    """
    assertion = _assertion(identity, patient, signer, assertion_id, _stamp(instant), secrecy)
    reference = Reference(
        f"#{assertion_id}",
        xmldsig.digest(xmldsig.canonical(assertion, xmldsig.EXCLUSIVE), signer.hash),
        (xmldsig.ENVELOPED, xmldsig.EXCLUSIVE),
    )
    assertion.insert(1, xmldsig.signature([reference], xmldsig.EXCLUSIVE, signer))
    return xmldsig.canonical(assertion, xmldsig.EXCLUSIVE)


def _assertion(
    identity: VihfIdentity, patient: Ins, signer: Signer, assertion_id: str, instant: str, secrecy: Secrecy | None
) -> etree._Element:
    root = etree.Element(
        _saml("Assertion"), nsmap={"saml2": SAML}, ID=assertion_id, Version="2.0", IssueInstant=instant
    )
    _add(root, "Issuer", signer.subject_from_country if identity.country_first else signer.subject, Format=_X509_NAME)
    _add(_add(root, "Subject"), "NameID", identity.name_id)
    context = _add(_add(root, "AuthnStatement", AuthnInstant=instant), "AuthnContext")
    _add(context, "AuthnContextClassRef", f"{_CLASSES}{identity.context}")
    _attributes(_add(root, "AttributeStatement"), identity, patient, secrecy)
    return root


def _attributes(statement: etree._Element, identity: VihfIdentity, patient: Ins, secrecy: Secrecy | None) -> None:
    texts = {
        "VIHF_Version": identity.version,
        identity.mode_attribute: "INDIRECTE",
        "Identifiant_Structure": identity.structure_id,
        "Secteur_Activite": f"{identity.sector}^{_SECTOR}",
        "urn:oasis:names:tc:xspa:1.0:subject:subject-id": identity.name,
        "urn:oasis:names:tc:xacml:2.0:resource:resource-id": datatypes.patient_id(patient),
        "Ressource_URN": "urn:dmp",
        "LPS_Nom": identity.software,
        "LPS_Version": identity.software_version,
        "LPS_ID_HOMOLOGATION_DMP": identity.homologation,
        **({secrecy.attribute: secrecy.code} if secrecy else {}),
    }
    for name, text in texts.items():
        _add(_add(statement, "Attribute", Name=name), "AttributeValue", text)
    role = _add(statement, "Attribute", Name="urn:oasis:names:tc:xacml:2.0:subject:role")
    for code in identity.roles:
        _coded(role, "Role", code)
    purpose = _add(statement, "Attribute", Name="urn:oasis:names:tc:xspa:1.0:subject:purposeofuse")
    _coded(purpose, "PurposeOfUse", _PURPOSE)


def _coded(attribute: etree._Element, name: str, code: Code) -> None:
    element = etree.SubElement(_add(attribute, "AttributeValue"), f"{{{HL7}}}{name}", nsmap=_ROLE_NAMESPACES)
    element.set(f"{{{XSI}}}type", "CE")
    element.set("code", code.code)
    element.set("codeSystem", code.system)
    element.set("codeSystemName", _SYSTEM_NAMES.get(code.system, code.system))
    element.set("displayName", code.label or code.code)


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _saml(name), attributes)
    element.text = text
    return element


def _saml(name: str) -> str:
    return f"{{{SAML}}}{name}"


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
