"""MTOM/XOP: a SOAP message and its documents as multipart/related (spec/dmp/transactions.md §4; W3C XOP 1.0).

A document of 40 MB is handed over in slices of the bytes it already is, never as a second whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message

from gateway.protocols.soap import MEDIA_TYPE, SoapError

XOP = "http://www.w3.org/2004/08/xop/include"
_ROOT = "root@gateway"
_CHUNK = 256 * 1024

Piece = bytes | memoryview


@dataclass(frozen=True)
class Package:
    """A message ready to be written: its Content-Type, and the pieces whose lengths make Content-Length."""

    content_type: str
    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Number of bytes."""
        return sum(len(piece) for piece in self.pieces)

    def chunks(self) -> Iterator[Piece]:
        """The bytes, in slices of at most 256 KiB; small neighbours leave together."""
        together = bytearray()
        for piece in self.pieces:
            view = memoryview(piece)
            for start in range(0, len(view), _CHUNK):
                part = view[start : start + _CHUNK]
                if len(together) + len(part) > _CHUNK:
                    yield bytes(together)
                    together.clear()
                together += part
        if together:
            yield bytes(together)


def plain(pieces: Sequence[Piece], action: str) -> Package:
    """A message without attachment."""
    return Package(f'{MEDIA_TYPE}; charset=UTF-8; action="{action}"', tuple(pieces))


def package(pieces: Sequence[Piece], attachments: Mapping[str, Piece], action: str, boundary: str) -> Package:
    """A message with its attachments by Content-ID, which the message includes by ``include``.

    ``boundary`` must not occur in any of them: 128 random bits.
    """
    content_type = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; start="<{_ROOT}>"; '
        f'start-info="{MEDIA_TYPE}"; action="{action}"'
    )
    found: list[Piece] = [_head(boundary, _ROOT, f'application/xop+xml; charset=UTF-8; type="{MEDIA_TYPE}"'), *pieces]
    for content_id, content in attachments.items():
        found += [b"\r\n" + _head(boundary, content_id, "text/xml"), content]
    return Package(content_type, (*found, f"\r\n--{boundary}--\r\n".encode()))


def include(content_id: str) -> bytes:
    """The element that stands in the message for an attachment."""
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{content_id}"/>'.encode()


def root_part(content_type: str, body: bytes) -> bytes:
    """The SOAP message of an answer, plain or multipart; ``SoapError`` when the Content-Type is neither."""
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type()
    if kind == MEDIA_TYPE:
        return body
    boundary = header.get_param("boundary")
    if kind != "multipart/related" or not isinstance(boundary, str):
        raise SoapError(f"the answer is of type {kind}, not SOAP")
    return _first_part(body, boundary.encode("latin-1", "replace"))


def _first_part(body: bytes, boundary: bytes) -> bytes:
    """The first part: the root, since the DMP puts no other before it."""
    parts = re.split(rb"(?:^|\r\n)--" + re.escape(boundary), body, maxsplit=2)
    if len(parts) != 3:
        raise SoapError("the multipart answer is cut short")
    _, separator, content = parts[1].partition(b"\r\n\r\n")
    if not separator:
        raise SoapError("the root part of the answer has no end of headers")
    return content


def _head(boundary: str, content_id: str, media_type: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    ).encode()
