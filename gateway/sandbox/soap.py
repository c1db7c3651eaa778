"""What the sandbox DMP reads and answers: SOAP 1.2, plain or MTOM (spec/dmp/transactions.md §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
XOP = "http://www.w3.org/2004/08/xop/include"
MAX_PARTS = 20


class RequestError(Exception):
    """The request cannot be read; the text, in French, is the reason of the SOAP fault."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the element in soap:Body, its MessageID and the attachments by Content-ID."""

    payload: etree._Element
    message_id: str
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
    """A SOAP fault: it is the caller's request that is wrong."""
    said = (
        f"<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value>{escape(code)}"
        f'</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang="fr">{escape(reason)}</soap:Text>'
        "</soap:Reason></soap:Fault>"
    )
    return answer(f"{WSA}/fault", "", said)


def registry_response(errors: Mapping[str, str]) -> str:
    """A RegistryResponse: success without errors; else each error's code with its reason in French."""
    rs = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
    status = f"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:{'Failure' if errors else 'Success'}"
    listed = "".join(
        f"<rs:RegistryError errorCode={quoteattr(code)} codeContext={quoteattr(text)} "
        'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/>'
        for code, text in errors.items()
    )
    content = f"<rs:RegistryErrorList>{listed}</rs:RegistryErrorList>" if errors else ""
    return f'<rs:RegistryResponse xmlns:rs="{rs}" status="{status}">{content}</rs:RegistryResponse>'


def _request(data: bytes, attachments: Mapping[str, bytes]) -> Request:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise RequestError("le message n'est pas du XML bien formé") from error
    body = root.find(f"{{{SOAP}}}Body")
    content = [] if body is None else [child for child in body if isinstance(child.tag, str)]
    if root.tag != f"{{{SOAP}}}Envelope" or len(content) != 1:
        raise RequestError("le message n'est pas une enveloppe SOAP 1.2 avec un seul contenu")
    message_id = root.findtext(f"{{{SOAP}}}Header/{{{WSA}}}MessageID", "").strip()
    return Request(content[0], message_id, attachments)


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
