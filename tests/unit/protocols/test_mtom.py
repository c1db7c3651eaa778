from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest

from gateway.protocols import mtom
from gateway.protocols.soap import SoapError

SOAP = b"<soap/>"


def parsed(package: mtom.Package) -> list[tuple[Any, Any]]:
    body = b"".join(bytes(chunk) for chunk in package.chunks())
    assert len(body) == package.length
    head = f"Content-Type: {package.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + body, policy=policy.HTTP)
    return [(part["Content-ID"], part.get_payload(decode=True)) for part in message.iter_parts()]


def test_a_message_with_its_attachments() -> None:
    document = bytes(range(256)) * 4
    package = mtom.package((b"<so", b"ap/>"), {"d@x": document, "s@x": b"<s/>"}, "urn:action", "b" * 32)
    assert parsed(package) == [("<root@gateway>", SOAP), ("<d@x>", document), ("<s@x>", b"<s/>")]
    assert 'start="<root@gateway>"' in package.content_type
    assert 'action="urn:action"' in package.content_type


def test_a_large_document_is_never_joined() -> None:
    document = memoryview(bytes(1_000_000))
    package = mtom.package((SOAP,), {"d@x": document}, "urn:a", "b" * 32)
    assert any(piece is document for piece in package.pieces)
    assert max(len(chunk) for chunk in package.chunks()) <= 256 * 1024


def test_the_root_of_an_answer() -> None:
    package = mtom.package((SOAP,), {"d@x": b"<d/>"}, "urn:a", "uuid-1")
    body = b"".join(bytes(chunk) for chunk in package.chunks())
    assert mtom.root_part(package.content_type, body) == SOAP
    assert mtom.root_part("application/soap+xml; charset=UTF-8", SOAP) == SOAP


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", SOAP),
        ("", SOAP),
        ("multipart/related", SOAP),
        ('multipart/related; boundary="b"', SOAP),
        ('multipart/related; boundary="b"', b"--b\r\nContent-ID: <a>\r\n\r\n<soap/>"),
        ('multipart/related; boundary="b"', b"--b\r\nno headers\r\n--b--"),
    ],
)
def test_an_answer_of_another_type_is_not_soap(content_type: str, body: bytes) -> None:
    with pytest.raises(SoapError):
        mtom.root_part(content_type, body)
