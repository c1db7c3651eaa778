"""What we say to registries, by other people's schemas and samples: ebRIM 3.0, NIST's toolkit, Open eHealth's IPF."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from gateway.model.documents import Action, CdaHeader, Visibility
from gateway.model.identity import Ins
from gateway.protocols import ebxml, xdm, xds
from gateway.protocols.datatypes import patient_id
from gateway.protocols.xds import Author, Content, SubmissionSet
from tests.outside import corpora
from tests.samples import HOUSE, SENDER

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
SCHEMA = ("xdm-direct", "java", "xd-common", "src", "main", "resources", "schema", "ebRS", "lcm.xsd")
#: The schema of xml:lang, which theirs takes from the web.
XML = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">'
    '<xs:attribute name="lang" type="xs:language"/></xs:schema>'
)
PATIENT = Ins("256089932695080", "1.2.250.1.213.1.4.8")
SET = SubmissionSet(
    "1.2.250.1.999.7.1.5",
    "1.2.250.1.999.7.1",
    "20260603080000",
    patient_id(PATIENT),
    Author("1^A^B", "C^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000018", "", "G15_10/SM26^M^1.2.250.1.213.1.1.4.5"),
    "04",
)
HIDDEN = Visibility(invisible_to_patient=True, invisible_to_representatives=True)
#: What no sample has: it is optional in IHE and required in France, younger than they, or French alone.
UNSEEN = {"legalAuthenticator", "urn:ihe:iti:xds:2013:referenceIdList", "urn:action:extraMetadataSlot"}


class _Web(etree.Resolver):
    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        del public_id
        return self.resolve_string(XML, context, base_url=None) if system_url.endswith("xml.xsd") else None


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Web())
    return etree.XMLSchema(etree.parse(corpora(*SCHEMA), parser))


@lru_cache(maxsize=1)
def headers() -> tuple[CdaHeader, ...]:
    paths = sorted(corpora("cda-fr").rglob("*.xml"))
    return tuple(cda.read(path.read_bytes(), DEFAULT).header for path in paths[::3])


def submitted(header: CdaHeader) -> etree._Element:
    entry = xds.document_entry(header, PATIENT, HIDDEN, Content("0" * 40, 9))
    signature = xds.signature_entry("1.2.250.1.999.7.1.6", SET, Content("1" * 40, 8))
    return etree.fromstring(ebxml.submission(SET, {"Document": entry}, signature, {"Document": "urn:uuid:1"}))


def described(header: CdaHeader) -> etree._Element:
    instant = datetime(2026, 6, 3, 8, tzinfo=UTC)
    request = xdm.XdmRequest(
        b"<x/>", header, HIDDEN, Action.REPLACE, PATIENT, HOUSE, SENDER.address, "04", "seed", instant
    )
    return etree.fromstring(xdm.metadata(request))


def ours() -> Iterator[etree._Element]:
    for header in headers():
        yield submitted(header)
    yield described(headers()[0])
    yield etree.fromstring(ebxml.deletion(SET, "urn:uuid:1"))


def test_every_request_is_valid() -> None:
    for request in ours():
        assert schema().validate(request), str(schema().error_log)


def test_a_request_in_another_order_would_be_seen() -> None:
    request = submitted(headers()[0])
    entry = next(request.iter(f"{RIM}ExtrinsicObject"))
    entry.append(entry[0])
    assert not schema().validate(request)


@lru_cache(maxsize=1)
def theirs() -> tuple[etree._Element, ...]:
    """Each list of registry objects of the samples."""
    found = []
    for folder in ("xds-nist", "xds-ipf", "xdm-nist"):
        for path in sorted(corpora(folder).rglob("*.xml")):
            found += list(_requests(path))
    return tuple(found)


def _requests(path: Path) -> Iterator[etree._Element]:
    try:
        root = etree.fromstring(path.read_bytes(), etree.XMLParser(no_network=True, resolve_entities=False))
    except etree.XMLSyntaxError:
        return
    yield from root.iter(f"{RIM}RegistryObjectList")


def _inside(requests: Iterator[etree._Element]) -> Iterator[etree._Element]:
    return (element for request in requests for element in request.iter(f"{RIM}*"))


def _is_rim(element: etree._Element) -> bool:
    return str(element.tag).startswith(RIM)


def test_elements_lie_as_in_the_samples() -> None:
    def nesting(requests: Iterator[etree._Element]) -> set[tuple[str, str]]:
        found = ((one.getparent(), one) for one in _inside(requests))
        return {(str(parent.tag), str(one.tag)) for parent, one in found if parent is not None and _is_rim(parent)}

    assert len(theirs()) >= 8
    assert nesting(ours()) <= nesting(iter(theirs()))


def test_elements_carry_the_attributes_of_the_samples() -> None:
    def carried(requests: Iterator[etree._Element]) -> set[tuple[str, str]]:
        return {(str(one.tag), str(name)) for one in _inside(requests) for name in one.attrib}

    assert carried(ours()) <= carried(iter(theirs()))


def test_attributes_of_xds_have_the_names_and_uuids_of_the_samples() -> None:
    def named(requests: Iterator[etree._Element], attribute: str) -> set[str]:
        return {value.lower() for one in _inside(requests) if (value := str(one.get(attribute, "")))}

    known = named(iter(theirs()), "classificationScheme") | named(iter(theirs()), "identificationScheme")
    assert named(ours(), "classificationScheme") | named(ours(), "identificationScheme") <= known
    slots = {str(one.get("name")) for one in _inside(ours()) if one.tag == f"{RIM}Slot"}
    sampled = {str(one.get("name")) for one in _inside(iter(theirs())) if one.tag == f"{RIM}Slot"}
    assert slots - UNSEEN <= sampled
