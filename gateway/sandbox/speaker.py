"""Who speaks to the sandbox DMP: the VIHF read, and what of it a DMP refuses (spec/dmp/vihf.md, spec/dmp/errors.md)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from gateway.sandbox.soap import SAML, RequestError

_HL7 = "urn:hl7-org:v3"
_X509 = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
_ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
_PATIENT = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
_WANTED = (
    "VIHF_Version", "Identifiant_Structure", "Secteur_Activite", "urn:oasis:names:tc:xspa:1.0:subject:subject-id",
    "Ressource_URN", "LPS_Nom", "LPS_Version", "LPS_ID_HOMOLOGATION_DMP",
)  # fmt: skip
#: Sources differ on the name of the attribute of a secret connection.
_SECRET = ("urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code", "Confidentiality_code")
#: Professions of TRE_G15 that must give a second role: doctors and pharmacists.
_SPECIALISTS = frozenset({"10", "21"})
_STRUCTURE = re.compile(r"[0-4][0-9A-Z]{8,14}\Z|[0-9A-Z]{9,14}\Z")


@dataclass(frozen=True, slots=True)
class Speaker:
    """``structure``: Identifiant_Structure. ``mode``: DIRECTE, INDIRECTE… ``ins``: the patient named, or empty.

    ``secret``: a minor's secret connection.
    """

    structure: str
    mode: str
    ins: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Who may speak. ``structures`` empty: any; ``legal_entities``: certificates of these may speak for any site."""

    structures: frozenset[str] = frozenset()
    legal_entities: frozenset[str] = frozenset()

    def admit(self, vihf: etree._Element) -> Speaker:
        """Who speaks. Raises RequestError. The signature itself is not verified: this is a sandbox."""
        values = _attributes(vihf)
        missing = next((name for name in _WANTED if not values.get(name)), None)
        if missing:
            raise RequestError(f"le VIHF n'a pas {missing}", "DMPInvalidVIHF")
        structure = values["Identifiant_Structure"]
        self._certificate(vihf, structure)
        if not _STRUCTURE.match(structure) or (self.structures and structure not in self.structures):
            raise RequestError("Structure introuvable ou inactive", "DMPInvalidVIHF")
        _roles(vihf)
        mode = values.get("Authentification_Mode") or values.get("Authentification_mode", "")
        return Speaker(structure, mode, values.get(_PATIENT, "").partition("^")[0], any(map(values.get, _SECRET)))

    def _certificate(self, vihf: etree._Element, structure: str) -> None:
        certificate = _signing_certificate(vihf)
        units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        if _is_for_tls(certificate) or not units:
            raise RequestError("Not a valid signature certificate", "DMPInvalidCertificate")
        if not {str(unit.value) for unit in units} & {structure, *self.legal_entities}:
            raise RequestError("Erreur d'authentification de la personne morale", "DMPInvalidVIHF")


def _attributes(vihf: etree._Element) -> Mapping[str, str]:
    found = vihf.iterfind(f".//{{{SAML}}}Attribute")
    return {one.get("Name", ""): one.findtext(f"{{{SAML}}}AttributeValue", "").strip() for one in found}


def _roles(vihf: etree._Element) -> None:
    roles = [one.get("code", "") for one in vihf.iterfind(f".//{{{SAML}}}Attribute[@Name='{_ROLE}']//{{{_HL7}}}Role")]
    if not roles:
        raise RequestError("Aucun rôle dans le vihf", "DMPInvalidVIHF")
    if roles[0] in _SPECIALISTS and len(roles) < 2:
        text = "Aucune spécialité dans le vihf. Spécialité obligatoire pour les médecins et les pharmaciens"
        raise RequestError(text, "DMPInvalidVIHF")


def _signing_certificate(vihf: etree._Element) -> x509.Certificate:
    text = vihf.findtext(f".//{_X509}", "")
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text))
    except (ValueError, binascii.Error) as error:
        raise RequestError("Not a valid signature certificate", "DMPInvalidCertificate") from error


def _is_for_tls(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage
