from __future__ import annotations

import pytest
from lxml import etree

from gateway.protocols import soap
from gateway.protocols.soap import SOAP, WSA, Fault, SoapError


def wrapped(body: str, header: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{WSA}"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def test_an_envelope_around_a_body() -> None:
    before, after = soap.envelope("urn:a?b&c", "urn:uuid:1", b"<assertion/>")
    root = etree.fromstring(before + b"<x/>" + after)
    header = root[0]
    assert [child.text for child in header if child.text] == ["urn:a?b&c", "urn:uuid:1"]
    assert [action.get(f"{{{SOAP}}}mustUnderstand") for action in header.iter(f"{{{WSA}}}Action")] == ["true"]
    assert [child.tag for security in header.iter(f"{{{soap.WSSE}}}Security") for child in security] == ["assertion"]
    assert [child.tag for child in root[1]] == ["x"]


def test_reads_a_payload_and_what_it_answers() -> None:
    message = soap.read(wrapped("<!-- c --><x/>", "<a:RelatesTo> urn:uuid:7 </a:RelatesTo>"))
    assert message.payload is not None
    assert (message.payload.tag, message.relates_to, message.fault) == ("x", "urn:uuid:7", None)


def test_reads_a_fault() -> None:
    fault = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x:DMPInvalidCertificate</s:Value></s:Subcode>"
        '</s:Code><s:Reason><s:Text xml:lang="fr">Not a\n valid</s:Text></s:Reason></s:Fault>'
    )
    assert soap.read(wrapped(fault)).fault == Fault("Sender", "DMPInvalidCertificate", "Not a valid")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>Maintenance</body></html>",
        b"<html><body>Maintenance<br></body>",
        b"\xff\xfe\x00",
        wrapped(""),
        wrapped("<x/><y/>"),
        wrapped("<x/>").replace(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/"),
        b'<!DOCTYPE x [<!ENTITY e "v">]>' + wrapped("<x>&e;</x>"),
        b"<!DOCTYPE s:Envelope>" + wrapped("<x/>"),
        wrapped("<x/>")[:-5],
    ],
)
def test_what_is_not_soap_is_said_so(data: bytes) -> None:
    with pytest.raises(SoapError):
        soap.read(data)
