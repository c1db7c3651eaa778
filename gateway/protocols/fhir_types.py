"""FHIR R4 data types from the values of a CDA: identifiers, codes, times (spec/dmp/fhir-pdsm.md).

Code systems are named by the canonical address that their publisher gives them; one that has none here is
``urn:oid:``, which FHIR allows for any (R4, terminologies-systems).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from gateway.model.documents import Code
from gateway.protocols.canonical import line
from gateway.protocols.datatypes import utc
from gateway.terminology import label

Json = dict[str, Any]

URI = "urn:ietf:rfc:3986"
FRENCH_IDENTIFIERS = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
HL7_IDENTIFIERS = "http://terminology.hl7.org/CodeSystem/v2-0203"

_NOS = "https://mos.esante.gouv.fr/NOS"
_NOS_SYSTEMS = {
    "1.2.250.1.213.1.1.4.6": "TRE_A00-ProducteurDocNonPS",
    "1.2.250.1.213.1.1.4.9": "TRE_A01-CadreExercice",
    "1.2.250.1.213.1.1.4.5": "TRE_A02-ProfessionSavFaire-CISIS",
    "1.2.250.1.213.1.1.4.1": "TRE_A03-ClasseDocument",
    "1.2.250.1.213.1.1.4.12": "TRE_A05-TypeDocComplementaire",
    "1.2.250.1.213.1.1.4.2.282": "TRE_A06-FormatCodeComplementaire",
    "1.2.250.1.213.1.1.4.13": "TRE_A07-StatutVisibiliteDocument",
    "1.3.6.1.4.1.19376.1.2.3": "TRE_A11-IheFormatCode",
    "1.2.250.1.71.4.2.4": "TRE_R02-SecteurActivite",
}
_SYSTEMS = {
    "2.16.840.1.113883.6.1": "http://loinc.org",
    "2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
    "2.16.840.1.113883.5.25": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "2.16.840.1.113883.5.88": "http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction",
    "URN": URI,
    **{oid: f"{_NOS}/{name}/FHIR/{name.replace('_', '-')}" for oid, name in _NOS_SYSTEMS.items()},
}
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FORMS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_WRITTEN = {4: "%Y", 6: "%Y-%m", 8: "%Y-%m-%d"}


class FhirError(ValueError):
    """No conforming resource can be made of these values. Its text holds no patient data."""


def urn(root: str) -> str:
    """The root of an HL7 v3 identifier, an OID or a UUID, as a URI. FhirError when it is neither."""
    if _OID.fullmatch(root):
        return f"urn:oid:{root}"
    if _UUID.fullmatch(root):
        return f"urn:uuid:{root.lower()}"
    raise FhirError("an identifier is neither an OID nor a UUID")


def identifier(root: str, extension: str) -> Json:
    """System and value: ``root`` alone is a value of its own (IHE ITI TF-2 Appendix Z.9.1.1)."""
    if not line(extension):
        return {"system": URI, "value": urn(root)}
    return {"system": urn(root), "value": line(extension)}


def unique_id(written: str) -> Json:
    """The identifier of a document, from ``root`` or ``root^extension``."""
    root, _, extension = written.partition("^")
    return identifier(root, extension)


def token(of: Json) -> str:
    """``system|value`` as a search parameter, percent-encoded (R4 search, 3.1.1.3 escapes)."""
    parts = (re.sub(r"([\\,$|])", r"\\\1", of[key]) for key in ("system", "value"))
    return quote("|".join(parts), safe="")


def system(of: str) -> str:
    """The code system that an OID, or a name of the nomenclatures, stands for."""
    if of in _SYSTEMS:
        return _SYSTEMS[of]
    return f"urn:oid:{of}" if _OID.fullmatch(of) else ""


def coding(code: Code, value_set: str = "") -> Json:
    """A code with its label, else the one of ``value_set``. What is not known is left out."""
    written = {
        "system": system(code.system),
        "code": line(code.code),
        "display": line(code.label) or (label(value_set, code.code) if value_set else ""),
    }
    return stated(written)


def concept(code: Code, value_set: str = "") -> Json:
    """The same as a CodeableConcept."""
    return {"coding": [coding(code, value_set)]}


def date_time(stamp: str) -> str:
    """An HL7 v3 time stamp as dateTime, of the precision given; without offset it is French legal time. Empty: none."""
    moment = utc(stamp)
    form = _FORMS.get(len(moment))
    if form is None:
        return ""
    try:
        found = datetime.strptime(moment, form).replace(tzinfo=UTC)
    except ValueError:
        return ""
    written = _WRITTEN.get(len(moment))
    return found.strftime(written) if written else f"{found:%Y-%m-%dT%H:%M:%S}Z"


def date(day: str) -> str:
    """YYYYMMDD as a date; a month or a day not known is written 00 there (RNIV) and left out here."""
    known = day[:8]
    for unknown in (6, 4):
        known = known.removesuffix("00") if len(known) == unknown + 2 else known
    return date_time(known)


def stated(values: Json) -> Json:
    """Without what is empty: FHIR forbids empty strings, arrays and objects (R4 json)."""
    return {key: value for key, value in values.items() if value not in ("", [], {}, None)}
