from __future__ import annotations

import pytest
from lxml import etree

from gateway.protocols import ebxml, xds
from gateway.protocols.ebxml import RegistryAnswer, RegistryError
from gateway.protocols.soap import SoapError
from gateway.protocols.xds import Content, SubmissionSet

RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType"
SET = SubmissionSet("1.2.3", "1.2", "20260501120000", "1^^^&1.2&ISO^NH", xds.Author("1^A"), "97")


def associations(request: bytes) -> list[tuple[str, str | None, str | None]]:
    return [
        (str(a.get("associationType")).rpartition(":")[2], a.get("sourceObject"), a.get("targetObject"))
        for a in etree.fromstring(request).iter(f"{{{RIM}}}Association")
    ]


def test_a_replacement_names_what_it_replaces() -> None:
    entry = xds.signature_entry("1.2.9", SET, Content("00", 1))
    request = ebxml.submission(SET, {"Document": entry}, entry, {"Document": "urn:uuid:1"})
    assert associations(request) == [
        ("HasMember", "SubmissionSet", "Document"),
        ("HasMember", "SubmissionSet", "Signature"),
        ("signs", "Signature", "SubmissionSet"),
        ("RPLC", "Document", "urn:uuid:1"),
    ]
    ids = [e.get("id") for e in etree.fromstring(request).iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def test_a_deletion_says_the_status_before_and_after() -> None:
    request = ebxml.deletion(SET, "urn:uuid:1", "Archived")
    assert associations(request) == [("UpdateAvailabilityStatus", "SubmissionSet", "urn:uuid:1")]
    assert b"StatusType:Archived<" in request
    assert b"urn:asip:ci-sis:2010:StatusType:Deleted" in request


def test_reads_what_a_query_found() -> None:
    answer = etree.fromstring(
        f'<q:AdhocQueryResponse xmlns:q="{QUERY}" xmlns:r="{RIM}" status="{STATUS}:Success">'
        '<r:RegistryObjectList><r:ObjectRef id="urn:uuid:1"/><r:ObjectRef id="urn:uuid:2"/></r:RegistryObjectList>'
        "</q:AdhocQueryResponse>"
    )
    assert ebxml.read(answer) == RegistryAnswer(True, (), ("urn:uuid:1", "urn:uuid:2"))


def test_reads_errors_and_leaves_warnings_out() -> None:
    severity = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType"
    answer = etree.fromstring(
        f'<s:RegistryResponse xmlns:s="{RS}" status="{STATUS}:Failure"><s:RegistryErrorList>'
        f'<s:RegistryError errorCode="XDSExtraMetadataNotSaved" severity="{severity}:Warning"/>'
        f'<s:RegistryError errorCode="XDSRepositoryBusy" codeContext="c" location="l" severity="{severity}:Error"/>'
        "</s:RegistryErrorList></s:RegistryResponse>"
    )
    assert ebxml.read(answer) == RegistryAnswer(False, (RegistryError("XDSRepositoryBusy", "c", "l"),))


def test_another_payload_is_not_an_answer() -> None:
    with pytest.raises(SoapError):
        ebxml.read(etree.Element("x"))
