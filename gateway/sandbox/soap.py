"""What the sandbox DMP reads and answers: SOAP 1.2, plain or MTOM (spec/dmp/transactions.md §4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
XOP = "http://www.w3.org/2004/08/xop/include"
MAX_PARTS = 60
_RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
_STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"


class RequestError(Exception):
    """The request is refused before it is looked into; the text, in French, is the reason of the SOAP fault."""

    def __init__(self, text: str, code: str = "Sender") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the element in soap:Body, its MessageID, the VIHF and the attachments by Content-ID."""

    payload: etree._Element
    message_id: str
    vihf: etree._Element
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    def document(self, element: etree._Element) -> bytes:
        """The bytes that an element includes by xop:Include."""
        included = element.find(f"{{{XOP}}}Include")
        reference = unquote(included.get("href", "")).removeprefix("cid:") if included is not None else ""
        if reference not in self.attachments:
            raise RequestError("un document annoncé n'est pas joint au message (xop:Include)")
        return self.attachments[reference]


def read(content_type: str, body: bytes) -> Request:
    """Read a request. Raises RequestError."""
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() != "multipart/related":
        return _request(body, {})
    boundary, start = header.get_param("boundary"), header.get_param("start")
    if not isinstance(boundary, str):
        raise RequestError("le message MTOM n'indique pas de frontière (boundary)")
    parts = _parts(body, boundary.encode("latin-1", "replace"))
    root = start.strip("<>") if isinstance(start, str) else next(iter(parts), "")
    if root not in parts:
        raise RequestError("la partie racine du message MTOM est absente")
    return _request(parts.pop(root), parts)


def answer(action: str, relates_to: str, payload: str) -> bytes:
    """The envelope of an answer."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}" xmlns:a="{WSA}"><soap:Header>'
        f"<a:Action>{escape(action)}</a:Action><a:MessageID>urn:uuid:{uuid4()}</a:MessageID>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></soap:Header><soap:Body>{payload}</soap:Body></soap:Envelope>"
    ).encode()


def fault(code: str, reason: str) -> bytes:
    """A SOAP fault: the caller's request is wrong; without a code, the server is."""
    subcode = f"<soap:Subcode><soap:Value>soap:{escape(code)}</soap:Value></soap:Subcode>" if code else ""
    said = (
        f"<soap:Fault><soap:Code><soap:Value>soap:{'Sender' if code else 'Receiver'}</soap:Value>{subcode}"
        f'</soap:Code><soap:Reason><soap:Text xml:lang="fr">{escape(reason)}</soap:Text>'
        "</soap:Reason></soap:Fault>"
    )
    return answer(f"{WSA}/fault", "", said)


def registry_response(errors: Mapping[str, str], *, warnings: bool = False) -> str:
    """A RegistryResponse: success without errors, or when they are ``warnings``; each code with its French reason."""
    failed = bool(errors) and not warnings
    content = _error_list(errors, "Error" if failed else "Warning")
    status = f"{_STATUS}{'Failure' if failed else 'Success'}"
    return f'<rs:RegistryResponse xmlns:rs="{_RS}" status="{status}">{content}</rs:RegistryResponse>'


def query_response(found: Iterable[str], errors: Mapping[str, str]) -> str:
    """An AdhocQueryResponse: the entryUUIDs found, or the errors, as above."""
    listed = _error_list(errors, "Error")
    status = f"{_STATUS}{'Failure' if errors else 'Success'}"
    references = "".join(f"<rim:ObjectRef id={quoteattr(uuid)}/>" for uuid in found)
    return (
        '<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        f'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" status="{status}">{listed}'
        f"<rim:RegistryObjectList>{references}</rim:RegistryObjectList></query:AdhocQueryResponse>"
    )


def _error_list(errors: Mapping[str, str], severity: str) -> str:
    listed = "".join(
        f"<rs:RegistryError errorCode={quoteattr(code)} codeContext={quoteattr(text)} "
        f'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:{severity}"/>'
        for code, text in errors.items()
    )
    return f'<rs:RegistryErrorList xmlns:rs="{_RS}">{listed}</rs:RegistryErrorList>' if errors else ""


def _request(data: bytes, attachments: Mapping[str, bytes]) -> Request:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise RequestError("le message n'est pas du XML bien formé") from error
    body, header = root.find(f"{{{SOAP}}}Body"), root.find(f"{{{SOAP}}}Header")
    content = [] if body is None else [child for child in body if isinstance(child.tag, str)]
    if root.tag != f"{{{SOAP}}}Envelope" or len(content) != 1:
        raise RequestError("le message n'est pas une enveloppe SOAP 1.2 avec un seul contenu")
    for name in ("Action", "MessageID", "ReplyTo", "To"):
        if header is None or header.find(f"{{{WSA}}}{name}") is None:
            raise RequestError(f"l'en-tête WS-Addressing n'a pas {name}")
    assert header is not None, "its first child was found"  # noqa: S101 - narrowed above
    assertion = header.find(f"{{{WSSE}}}Security/{{{SAML}}}Assertion")
    if assertion is None:
        raise RequestError("le message ne porte pas de VIHF", "DMPInvalidVIHF")
    return Request(content[0], header.findtext(f"{{{WSA}}}MessageID", "").strip(), assertion, attachments)


def _parts(body: bytes, boundary: bytes) -> dict[str, bytes]:
    """The parts by Content-ID, in order."""
    cut = re.split(rb"(?:\A|\r\n)--" + re.escape(boundary), body)
    if len(cut) < 3 or len(cut) > MAX_PARTS or not cut[-1].startswith(b"--"):
        raise RequestError("le message MTOM est incomplet, ou a trop de parties")
    found = {}
    for part in cut[1:-1]:
        head, blank, content = part.partition(b"\r\n\r\n")
        named = re.search(rb"(?im)^content-id:\s*<([^>\r\n]+)>", head)
        if not blank or named is None:
            raise RequestError("une partie du message MTOM n'a pas d'identifiant (Content-ID)")
        found[named[1].decode("latin-1")] = content
    return found
