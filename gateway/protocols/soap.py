"""SOAP 1.2 with WS-Addressing 1.0 and the VIHF in wsse:Security, as the DMP wants it (spec/dmp/transactions.md §4).

What comes back is a ``Message``: a payload, or a fault. Anything else raises ``SoapError``: an HTML page, a truncated
body, a document type declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
MEDIA_TYPE = "application/soap+xml"


class SoapError(ValueError):
    """What was received is not a SOAP 1.2 message."""


@dataclass(frozen=True)
class Fault:
    """A SOAP fault: ``role`` Sender or Receiver, the subcode's local name, the first reason."""

    role: str
    code: str
    reason: str


@dataclass(frozen=True)
class Message:
    """What an envelope carries: ``payload`` or ``fault``. ``relates_to`` is the MessageID of the request, or empty."""

    relates_to: str
    payload: etree._Element | None
    fault: Fault | None


def envelope(action: str, message_id: str, assertion: bytes) -> tuple[bytes, bytes]:
    """What goes before and after the content of soap:Body.

    ``message_id`` is urn:uuid:…, new for each call; ``assertion`` the bytes of ``vihf.build``.
    """
    before = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>'
        f'<a:Action xmlns:a="{WSA}" soap:mustUnderstand="true">{escape(action)}</a:Action>'
        f'<a:MessageID xmlns:a="{WSA}">{escape(message_id)}</a:MessageID>'
        f'<a:ReplyTo xmlns:a="{WSA}"><a:Address>{WSA}/anonymous</a:Address></a:ReplyTo>'
        f'<a:To xmlns:a="{WSA}"/><w:Security xmlns:w="{WSSE}">'
    )
    return before.encode() + assertion + b"</w:Security></soap:Header><soap:Body>", b"</soap:Body></soap:Envelope>"


def read(data: bytes) -> Message:
    """Read an answer; ``SoapError`` when it is not SOAP 1.2."""
    root = parse(data)
    if root.tag != _soap("Envelope"):
        raise SoapError(f"the root element is {etree.QName(root).localname}, not a SOAP 1.2 Envelope")
    body = root.find(_soap("Body"))
    content = [] if body is None else [child for child in body if isinstance(child.tag, str)]
    if len(content) != 1:
        raise SoapError(f"the SOAP body has {len(content)} elements, expected one")
    relates_to = root.findtext(f"{_soap('Header')}/{{{WSA}}}RelatesTo", "").strip()
    if content[0].tag == _soap("Fault"):
        return Message(relates_to, None, _fault(content[0]))
    return Message(relates_to, content[0], None)


def parse(data: bytes) -> etree._Element:
    """Parse an answer's XML: no document type, no entity, no network; ``SoapError`` when it is not well formed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise SoapError("the answer is not well-formed XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SoapError("the answer has a document type declaration")
    return root


def _fault(element: etree._Element) -> Fault:
    code = element.find(_soap("Code"))
    role = subcode = ""
    if code is not None:
        role = _local(code.findtext(_soap("Value"), ""))
        subcode = _local(code.findtext(f"{_soap('Subcode')}/{_soap('Value')}", ""))
    reason = element.findtext(f"{_soap('Reason')}/{_soap('Text')}", "")
    return Fault(role, subcode, " ".join(reason.split()))


def _local(name: str) -> str:
    return name.strip().rpartition(":")[2]


def _soap(name: str) -> str:
    return f"{{{SOAP}}}{name}"
