"""IHE_XDM.zip as we write it: read by our own reader, and of the structure that other people's samples have."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.formats.clinical import xdm_metadata
from gateway.formats.limits import DEFAULT
from gateway.model.documents import Action, Visibility
from gateway.model.identity import Ins
from gateway.protocols import cda, xdm
from gateway.protocols.xdm import XdmError, XdmRequest
from tests import outside
from tests.unit.formats import builders
from tests.unit.protocols.people import ESTABLISHMENT, PATIENT, wrap_request

PDF = builders.pdf("Consultation", "Tout va bien")
DOCUMENT, HEADER = cda.build(wrap_request(body=PDF))
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"


def request(**changes: Any) -> XdmRequest:
    assert PATIENT.ins is not None
    values: dict[str, Any] = {
        "document": DOCUMENT,
        "header": HEADER,
        "visibility": Visibility(),
        "action": Action.CREATE,
        "patient": PATIENT.ins,
        "establishment": ESTABLISHMENT,
        "address": "dpi@clinique.example.mssante.fr",
        "content_type": "07",
        "seed": "abc",
        "instant": datetime(2026, 1, 5, 10, 11, 12, tzinfo=UTC),
    }
    return XdmRequest(**values | changes)


def files(asked: XdmRequest) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(xdm.build(asked)))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def test_the_layout() -> None:
    found = files(request())
    assert list(found) == ["README.TXT", "INDEX.HTM", "IHE_XDM/SUBSET01/METADATA.XML", "IHE_XDM/SUBSET01/DOC0001.XML"]
    assert found["IHE_XDM/SUBSET01/DOC0001.XML"] == DOCUMENT
    for path in found:  # ISO 9660 level 1
        assert all(len(piece.split(".")[0]) <= 8 and piece == piece.upper() for piece in path.split("/"))
    readme = found["README.TXT"].decode()
    for word in (
        "Emetteur",
        'Clinique "des Tilleuls"',
        "dpi@clinique.example.mssante.fr",
        "passerelle-mssante",
        "DOC0001",
    ):
        assert word in readme
    index = etree.fromstring(found["INDEX.HTM"].split(b'basic11.dtd">')[1])
    links = [str(one.get("href")) for one in index.iter("{http://www.w3.org/1999/xhtml}a")]
    assert set(links) <= set(found)
    assert "README.TXT" in links


def test_the_same_request_is_the_same_bytes() -> None:
    assert xdm.build(request()) == xdm.build(request())
    assert xdm.build(request()) != xdm.build(request(seed="other"))


@pytest.mark.parametrize("action", list(Action))
def test_our_own_reader_reads_it(action: Action) -> None:
    hidden = Visibility(invisible_to_patient=True, invisible_to_representatives=True)
    (entry,) = xdm_metadata.read(xdm.metadata(request(action=action, visibility=hidden)), DEFAULT)
    assert entry.uri == "DOC0001.XML"
    assert entry.agrees_with(DOCUMENT)
    assert not entry.agrees_with(DOCUMENT + b" ")
    assert entry.action is action
    assert entry.unique_id == HEADER.unique_id
    assert entry.visibility == hidden
    assert entry.type is not None
    assert entry.type.code == "11488-4"
    assert entry.title == HEADER.title
    assert entry.media_type == "text/xml"
    assert (entry.claim.ins, entry.claim.birth_name, entry.claim.sex) == (PATIENT.ins, "D'ÉTÉ-NOËL", "F")
    assert entry.hash == hashlib.sha1(DOCUMENT).hexdigest()


def test_an_id_with_extension_and_a_patient_without_ins() -> None:
    header = replace(HEADER, id_extension="42")
    local = Ins("00712345", ESTABLISHMENT.ipp_oid)
    (entry,) = xdm_metadata.read(xdm.metadata(request(header=header, patient=local)), DEFAULT)
    assert entry.unique_id == f"{HEADER.id_root}^42"
    assert entry.claim.ins is None
    assert (ESTABLISHMENT.ipp_oid, "00712345") in entry.claim.local_ids


@pytest.mark.parametrize("changes", [{"legal_authenticator": None}, {"authors": ()}, {"facility": None}])
def test_a_header_that_says_too_little(changes: dict[str, Any]) -> None:
    with pytest.raises(XdmError):
        xdm.build(request(header=replace(HEADER, **changes)))


def test_names_that_would_break_a_text() -> None:
    odd = XdmRequest(**{f: getattr(request(), f) for f in XdmRequest.__slots__} | {"address": "a<b>&\r\nX@y.fr"})
    index = files(odd)["INDEX.HTM"]
    assert b"a&lt;b&gt;&amp; X@y.fr" in index


def test_the_metadata_is_valid_ebxml() -> None:
    """Against the OASIS schemas, which another project keeps."""
    folder = outside.corpora("xdm-direct", "java", "xd-common", "src", "main", "resources", "schema", "ebRS")
    schema = _schema(folder)
    for action in Action:
        root = etree.fromstring(xdm.metadata(request(action=action)))
        assert schema.validate(root), schema.error_log


class _Local(etree.Resolver):
    """xml.xsd is named by an address of the W3C; what is needed of it is little."""

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        if not str(system_url).endswith("xml.xsd"):
            return None
        text = (
            '<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">'
            '<attribute name="lang" type="language"/></schema>'
        )
        return self.resolve_string(text, context, base_url=str(system_url))


def _schema(folder: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.parse(folder / "lcm.xsd", parser))


@pytest.mark.parametrize(
    "sample",
    [
        ("xdm-nist", "common", "data", "xdm", "IHE_XDM", "SUBSET", "METADATA.xml"),
        ("xdm-nist", "common", "data", "xdm_minimal", "IHE_XDM", "SUBSET", "METADATA.xml"),
    ],
)
def test_it_has_what_the_samples_of_others_have(sample: tuple[str, ...]) -> None:
    """Every slot, classification and identifier that a document, a set and an association have there."""
    theirs, ours = (
        _structure(etree.fromstring(data)) for data in (outside.corpora(*sample).read_bytes(), xdm.metadata(request()))
    )
    optional = {"serviceStopTime", "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4", "intendedRecipient"}
    for kind in ("ExtrinsicObject", "RegistryPackage", "Association"):
        assert theirs[kind] - ours[kind] <= optional, kind


def _structure(root: etree._Element) -> dict[str, set[str]]:
    """What is inside each kind of object: names of slots, and schemes, wherever it stands."""
    found: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    for element in root.iter():
        kind = etree.QName(element).localname
        if kind in ("ExtrinsicObject", "RegistryPackage", "Association"):
            owners[str(element.get("id"))] = kind
            found.setdefault(kind, set()).update(str(e.get("name")) for e in element if e.tag == f"{RIM}Slot")
    for element in root.iter(f"{RIM}Classification", f"{RIM}ExternalIdentifier"):
        of = owners.get(str(element.get("classifiedObject") or element.get("registryObject")))
        scheme = (
            element.get("classificationScheme")
            or element.get("identificationScheme")
            or element.get("classificationNode")
        )
        if of and scheme:
            found[of].add(scheme)
    return found


def test_each_member_is_bound_to_the_set() -> None:
    root = etree.fromstring(xdm.metadata(request()))
    kinds = Counter(etree.QName(one).localname for one in root[0])
    assert kinds == {"RegistryPackage": 1, "ExtrinsicObject": 1, "Association": 1}
    (bond,) = root.iter(f"{RIM}Association")
    ids = {str(one.get("id")) for one in root[0]}
    assert {bond.get("sourceObject"), bond.get("targetObject")} <= ids
