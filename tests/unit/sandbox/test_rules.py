"""The rules of the sandbox DMP, without a network: what a submission must be, and what a status may become."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from gateway.sandbox.disk import Known, Patients
from gateway.sandbox.entries import RIM, RefusedError, SubmissionSet, Submitted, documents, submission_set
from gateway.sandbox.registry import Registry
from gateway.sandbox.soap import Request
from gateway.sandbox.speaker import Speaker

INS, OTHER = "299999999999999", "199999999999999"
PATIENT = f"{INS}^^^&1.2.250.1.213.1.4.10&ISO^NH"
US = Speaker("1750000018", "INDIRECTE", INS)
XDSB = "{urn:ihe:iti:xds-b:2007}"
_ENTRY = {
    "41a5887f-8865-4c09-adf7-e362475b143a": "10",
    "f0306f51-975f-434e-a61c-c59651d33983": "11488-4",
    "a09d5840-386c-46f2-b5ad-9c3699a4309d": "urn:ihe:iti:xds-sd:pdf:2008",
    "f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "SA04",
    "cccf5598-8b07-4b77-a05e-ae952c785ead": "ETABLISSEMENT",
    "f4f85eac-e6cb-4883-b524-f2705394840f": "N",
    "93606bcf-9494-43ec-9b4e-a7748d1a838d": "",
}
_SLOTS = ("creationTime", "languageCode", "serviceStartTime", "sourcePatientId", "legalAuthenticator")


def request() -> Request:
    """A signed set of two documents."""
    root = etree.Element(f"{XDSB}ProvideAndRegisterDocumentSetRequest")
    listed = etree.SubElement(root, f"{RIM}RegistryObjectList")
    package = etree.SubElement(listed, f"{RIM}RegistryPackage", id="set")
    _external(package, "96fdda7c-d067-4183-912e-bf5ee74998a8", "1.2.3.9")
    _external(package, "6b5aea1a-874d-4603-a4bc-96a0a7b38446", PATIENT)
    for name in ("a", "b", "signature"):
        entry = etree.SubElement(listed, f"{RIM}ExtrinsicObject", id=name)
        for slot in _SLOTS:
            _slot(entry, slot, "x")
        for scheme, code in _ENTRY.items():
            _code(entry, scheme, code)
        _external(entry, "2e82c1f6-a085-4c72-9da3-8640a32e42ab", f"1.2.3.{ord(name[0])}")
        _external(entry, "58a6f841-87b3-4a3e-92fd-a8ffeff98427", PATIENT)
        _associate(listed, "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember", "set", name)
        document = etree.SubElement(root, f"{XDSB}Document", id=name)
        etree.SubElement(document, "{http://www.w3.org/2004/08/xop/include}Include", href=f"cid:{name}")
    _associate(listed, "urn:ihe:iti:2007:AssociationType:signs", "signature", "set")
    return Request(root, "urn:uuid:1", etree.Element("none"), {"a": b"<a/>", "b": b"<b/>", "signature": b"<s/>"})


def test_a_set_of_two_signed_documents_is_read() -> None:
    found = documents(request())
    assert [(one.unique_id, one.ins, one.data) for one in found] == [
        ("1.2.3.97", INS, b"<a/>"),
        ("1.2.3.98", INS, b"<b/>"),
    ]
    assert submission_set(request().payload).unique_id == "1.2.3.9"


def _first(path: str) -> Callable[[etree._Element], etree._Element]:
    def find(root: etree._Element) -> etree._Element:
        found = root.find(path.replace("rim:", RIM).replace("xdsb:", XDSB))
        assert found is not None
        return found

    return find


def _without(path: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        one = _first(path)(root)
        parent = one.getparent()
        assert parent is not None
        parent.remove(one)

    return change


def _with(path: str, name: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: _first(path)(root).set(name, value)


def _hide_from_all(root: etree._Element) -> None:
    for flag in ("MASQUE_PS", "INVISIBLE_PATIENT"):
        _code(_first(ENTRY)(root), "f4f85eac-e6cb-4883-b524-f2705394840f", flag)


ENTRY = ".//rim:ExtrinsicObject[@id='a']"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_without(".//rim:Association[@sourceObject='signature']"), "XDSRegistryMetadataError"),
        (_without(".//rim:Association[@targetObject='a']"), "XDSRegistryMetadataError"),
        (_without("xdsb:Document[@id='a']"), "XDSMissingDocument"),
        (_without(ENTRY), "XDSMissingDocumentMetadata"),
        (_without(f"{ENTRY}/rim:Slot[@name='creationTime']"), "XDSRegistryMetadataError"),
        (_without(f"{ENTRY}/rim:Classification[@nodeRepresentation='']"), "XDSRegistryMetadataError"),
        (_with(f"{ENTRY}/rim:Classification[@nodeRepresentation='11488-4']", "nodeRepresentation", "0-0"),
         "XDSRegistryMetadataError"),
        (_with(f"{ENTRY}/rim:ExternalIdentifier[1]", "value", "1.2.3^4"), "XDSRegistryMetadataError"),
        (_with(f"{ENTRY}/rim:ExternalIdentifier[2]", "value", f"{INS}^^^&1.2.250.1.213.1.4.2&ISO^NH"),
         "XDSPatientIdDoesNotMatch"),
        (_hide_from_all, "XDSRegistryMetadataError"),
        (lambda root: _slot(_first(ENTRY)(root), "size", "5"), "XDSRepositoryMetadataError"),
    ],
)  # fmt: skip
def test_what_a_dmp_refuses_of_a_description(change: Callable[[etree._Element], None], code: str) -> None:
    asked = request()
    change(asked.payload)
    with pytest.raises(RefusedError) as refused:
        documents(asked)
    assert refused.value.code == code


def document(unique_id: str = "1.2.3", data: bytes = b"<a/>", **changes: object) -> Submitted:
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    made = Submitted(unique_id, INS, "", "11488-4", ("N",), sha1, "", ("1990000018",), data)
    return replace(made, **changes)  # type: ignore[arg-type]


def of(number: int) -> SubmissionSet:
    return SubmissionSet(f"1.2.9.{number}", INS, (US.structure,))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path, Patients((Known("1", INS, "active"), Known("2", OTHER, "closed"))))


def uuid(registry: Registry, unique_id: str = "1.2.3") -> str:
    return registry.find({unique_id})[0]


def test_a_set_is_taken_whole_or_not_at_all(registry: Registry) -> None:
    with pytest.raises(RefusedError) as refused:
        registry.submit(of(1), [document(), document("1.2.4", sha1="0" * 40)], US)
    assert refused.value.code == "XDSRepositoryMetadataError"
    assert registry.find({"1.2.3", "1.2.4"}) == []
    registry.submit(of(1), [document(), document("1.2.4")], US)
    assert len(registry.find({"1.2.3", "1.2.4"})) == 2


@pytest.mark.parametrize(
    ("number", "documents", "code"),
    [
        (1, [document("1.2.4")], "XDSDuplicateUniqueIdInRegistry"),
        (2, [document(data=b"<b/>")], "XDSNonIdenticalHash"),
        (2, [document("1.2.4"), document("1.2.4")], "XDSRegistryDuplicateUniqueIdInMessage"),
        (2, [document("1.2.4", ins=OTHER)], "XDSPatientIdDoesNotMatch"),
        (2, [document("1.2.4", replaces="urn:uuid:0")], "UnresolvedReferenceException"),
    ],
)
def test_what_a_registry_refuses(registry: Registry, number: int, documents: list[Submitted], code: str) -> None:
    registry.submit(of(1), [document()], US)
    with pytest.raises(RefusedError) as refused:
        registry.submit(of(number), documents, US)
    assert refused.value.code == code


def test_a_secret_connection_deposits_only_what_is_hidden_from_the_representatives(registry: Registry) -> None:
    by, hidden = replace(US, secret=True), ("N", "INVISIBLE_REPRESENTANTS_LEGAUX")
    with pytest.raises(RefusedError, match="connexion secrète"):
        registry.submit(of(1), [document(confidentiality=hidden), document("1.2.4")], by)
    registry.submit(of(1), [document(confidentiality=hidden)], by)


def test_a_replaced_document_is_not_replaced_twice(registry: Registry) -> None:
    registry.submit(of(1), [document()], US)
    registry.submit(of(2), [document("1.2.4", replaces=uuid(registry))], US)
    with pytest.raises(RefusedError) as refused:
        registry.submit(of(3), [document("1.2.5", replaces=uuid(registry))], US)
    assert refused.value.code == "XDSRegistryDeprecatedDocumentError"


DIRECT = Speaker("1990000099", "DIRECTE", INS)


@pytest.mark.parametrize(
    ("moves", "by", "code"),
    [
        ([("Approved", "Deleted")], US, ""),
        ([("Approved", "Archived")], US, "DMPAccessDeniedByRightsService"),
        ([("Approved", "Deleted")], Speaker("1990000099", "INDIRECTE", INS), "DMPAccessDeniedByRightsService"),
        ([("Approved", "Archived"), ("Archived", "Approved"), ("Approved", "Archived"), ("Archived", "Deleted")],
         DIRECT, ""),
        ([("Archived", "Deleted")], DIRECT, "XDSRegistryMetadataError"),
        ([("Approved", "Deprecated")], DIRECT, "XDSRegistryMetadataError"),
        ([("Approved", "Deleted"), ("Deleted", "Approved")], DIRECT, "UnresolvedReferenceException"),
    ],
)  # fmt: skip
def test_what_a_status_may_become(registry: Registry, moves: list[tuple[str, str]], by: Speaker, code: str) -> None:
    registry.submit(of(0), [document()], US)
    target, said = uuid(registry), ""
    for number, (before, after) in enumerate(moves, 1):
        try:
            registry.move(of(number), target, before, after, by)
        except RefusedError as error:
            said = error.code
    assert said == code


def test_a_dmp_closed_meanwhile_says_when_and_why(registry: Registry) -> None:
    registry.close(INS)
    known = registry.patient(INS)
    assert (known.dmp_state, len(known.closed_on), bool(known.closed_why)) == ("closed", 8, True)
    assert registry.patient("100000000000000").dmp_state == "none"


def _external(of: etree._Element, scheme: str, value: str) -> None:
    etree.SubElement(of, f"{RIM}ExternalIdentifier", identificationScheme=f"urn:uuid:{scheme}", value=value)


def _code(of: etree._Element, scheme: str, code: str) -> None:
    etree.SubElement(of, f"{RIM}Classification", classificationScheme=f"urn:uuid:{scheme}", nodeRepresentation=code)


def _slot(of: etree._Element, name: str, value: str) -> None:
    listed = etree.SubElement(etree.SubElement(of, f"{RIM}Slot", name=name), f"{RIM}ValueList")
    etree.SubElement(listed, f"{RIM}Value").text = value


def _associate(of: etree._Element, kind: str, source: str, target: str) -> None:
    etree.SubElement(of, f"{RIM}Association", associationType=kind, sourceObject=source, targetObject=target)
