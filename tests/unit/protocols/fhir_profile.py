"""A judge of published documents that is not ours: R4 by fhir.resources, then what the profiles add to it.

The package's R4B classes stand for R4: FHIR 4.3 left DocumentReference, its data types and the resources that it
contains as they are in 4.0.1. Cardinalities: MHD 4.2.3 ``SimplifiedPublish.DocumentReference`` and PDSm 3.1.1
``pdsm-simplified-publish``. The form of the identifiers of persons: FR Core 2.1.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from fhir.resources.R4B.documentreference import DocumentReference

REQUIRED = ("masterIdentifier", "status", "subject", "date", "author", "custodian", "content")
FORBIDDEN = ("docStatus", "modifierExtension", "implicitRules")
ONE = ("category", "content")
INS_SYSTEMS = {f"urn:oid:1.2.250.1.213.1.4.{arc}" for arc in (8, 9, 10, 11)}


def violations(body: bytes) -> list[str]:
    """What is wrong with a DocumentReference that is published; empty when nothing is."""
    resource = json.loads(body)
    try:
        DocumentReference.model_validate_json(body)
    except ValueError as error:
        return [f"R4: {line}" for line in str(error).splitlines()]
    return list(_profile(resource))


def _profile(resource: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name} is required" for name in REQUIRED if not resource.get(name))
    yield from (f"{name} is forbidden" for name in FORBIDDEN if name in resource)
    yield from (f"{name} is there {len(resource[name])} times" for name in ONE if len(resource.get(name, [0])) != 1)
    if resource["status"] != "current":
        yield "the status is not current"
    yield from _identifiers(resource)
    yield from _attachment(resource["content"][0]["attachment"])
    yield from _references(resource)
    if len(resource.get("context", {}).get("event", [])) > 1:
        yield "more than one event"
    yield from _patients(resource)
    yield from _empty(resource, "")


def _identifiers(resource: dict[str, Any]) -> Iterator[str]:
    master = resource["masterIdentifier"]
    if not master.get("system") or not master.get("value"):
        yield "masterIdentifier lacks its system or value"
    if master.get("system") == "urn:ietf:rfc:3986" and not master["value"].startswith(("urn:oid:", "urn:uuid:")):
        yield "masterIdentifier is no URI"
    for other in resource.get("identifier", []):
        if (other.get("system"), other.get("value")) != (master.get("system"), master.get("value")):
            yield "the uniqueId among the identifiers is not masterIdentifier"


def _attachment(attachment: dict[str, Any]) -> Iterator[str]:
    for name in ("contentType", "data", "title", "size", "hash"):
        if not attachment.get(name):
            yield f"attachment.{name} is required"
    if "url" in attachment:
        yield "attachment.url is forbidden"
    data = base64.b64decode(attachment["data"], validate=True)
    if attachment["size"] != len(data):
        yield "attachment.size is not that of the data"
    if base64.b64decode(attachment["hash"]) != hashlib.sha1(data).digest():
        yield "attachment.hash is not the SHA-1 of the data"


def _references(resource: dict[str, Any]) -> Iterator[str]:
    """dom-2, dom-3, dom-4: what is contained is named once, holds nothing, and is referred to."""
    contained = {one.get("id"): one for one in resource.get("contained", [])}
    if len(contained) != len(resource.get("contained", [])):
        yield "two contained resources have one id"
    named = {value[1:] for key, value in _leaves(resource) if key == "reference" and value.startswith("#")}
    yield from (f"#{name} is not contained" for name in named - set(contained))
    yield from (f"contained {name} is not referred to" for name in set(contained) - named)
    yield from (f"contained {name} contains" for name, one in contained.items() if "contained" in one)
    patient = resource.get("context", {}).get("sourcePatientInfo", {}).get("reference", "")
    if patient and contained.get(patient[1:], {}).get("resourceType") != "Patient":
        yield "sourcePatientInfo is not a contained Patient"


def _patients(resource: dict[str, Any]) -> Iterator[str]:
    for patient in (one for one in resource.get("contained", []) if one["resourceType"] == "Patient"):
        if not any(one["system"] in INS_SYSTEMS for one in patient.get("identifier", [])):
            continue
        urls = [extension["url"].rpartition("/")[2] for extension in patient.get("extension", [])]
        if "fr-core-identity-reliability" not in urls:
            yield "an INS without identityReliability"
        official = [name for name in patient.get("name", []) if name.get("use") == "official"]
        if len(official) != 1 or len(official[0].get("given", [])) != 1:
            yield "an INS without exactly one official name and one first given name"


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    elif isinstance(value, str):
        yield key, value


def _empty(value: Any, path: str) -> Iterator[str]:
    if value in ("", [], {}) or value is None:
        yield f"{path} is empty"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _empty(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _empty(inner, f"{path}[{number}]")
