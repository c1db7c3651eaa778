"""One part of a mail: its fields, its bytes as transferred, and the decoding of these (RFC 2045 §6, and uuencode)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pybase64

from gateway.formats.mails import headers

_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_HEAD = 8192
_WHITE = b"\r\n\t "


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf. ``source[start:end]`` is its body, still transfer-encoded. ``mails`` counts the mails around it.

    ``parents`` are the media types of the multiparts around it, outermost first. ``too_deep`` marks a multipart or a
    mail below the depth limit, which was not opened. ``signature`` is the state of the S/MIME signature around.
    """

    path: str
    fields: headers.Fields
    source: bytes
    start: int
    end: int
    mails: int = 0
    parents: tuple[str, ...] = ()
    too_deep: bool = False
    signature: str = ""

    @property
    def media_type(self) -> str:
        """As declared, lower case; by default text/plain, a mail in a digest (RFC 2045 §5.2, RFC 2046 §5.1.5)."""
        declared = self.fields.token("content-type")
        if "/" in declared:
            return declared
        return "message/rfc822" if self.parents[-1:] == ("multipart/digest",) else "text/plain"

    @property
    def disposition(self) -> str:
        """inline, attachment, or empty."""
        return self.fields.token("content-disposition")

    @property
    def filename(self) -> str:
        """The declared name without any folder, control or direction mark; empty when none."""
        name = self.fields.parameter("content-disposition", "filename") or self.fields.parameter("content-type", "name")
        return clean_name(name)

    @property
    def content_id(self) -> str:
        """Without its brackets."""
        return (self.fields.get("content-id") or "").strip("<> ")

    def decoded(self) -> bytes:
        """The bytes after transfer decoding."""
        return decode(self.source[self.start : self.end], self.fields.token("content-transfer-encoding"))

    def head(self) -> bytes:
        """The first decoded bytes, to see what they are."""
        end = min(self.end, self.start + _HEAD)
        return decode(self.source[self.start : end], self.fields.token("content-transfer-encoding"))

    def text(self, size: int) -> str:
        """The first ``size`` decoded bytes as text."""
        return headers.decode_bytes(self.decoded()[:size], self.fields.parameter("content-type", "charset") or "utf-8")


def decode(data: bytes, encoding: str) -> bytes:
    """Transfer decoding (RFC 2045 §6); an unknown encoding is the identity, damage never raises."""
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        files = uuencoded(data)
        return files[0][1] if files else data
    return data


def described(name: str, media_type: str = "", content_id: str = "", *, hidden: bool = False) -> headers.Fields:
    """Header fields for a file that comes without any."""
    quoted = '"' + name.replace("\\", "/").replace('"', "'") + '"'
    return headers.Fields(
        (
            ("content-type", media_type if "/" in media_type else "application/octet-stream"),
            ("content-disposition", f"{'inline' if hidden else 'attachment'}; filename={quoted}"),
            ("content-id", content_id),
        )
    )


def uuencoded(text: bytes) -> tuple[tuple[str, bytes], ...]:
    """The (name, bytes) of the files uuencoded in a text."""
    files = []
    position = 0
    while begin := _UU_BEGIN.search(text, position):
        end = _UU_END.search(text, begin.end())
        position = end.end() if end else len(text)
        content = b"".join(_uu_lines(text[begin.end() : end.start() if end else len(text)]))
        if content:
            files.append((clean_name(headers.decode_bytes(begin[1])), content))
    return tuple(files)


def without_uuencoded(text: str) -> str:
    """The text before the first uuencoded file."""
    begin = _UU_BEGIN.search(text.encode("utf-8", "replace"))
    return text.encode("utf-8", "replace")[: begin.start()].decode("utf-8", "replace") if begin else text


def clean_name(name: str) -> str:
    """A file name that can be shown: last component, no control or direction marks, 200 characters at most."""
    return _UNSAFE_IN_NAME.sub("", name.replace("\\", "/")).rstrip("/ ").rpartition("/")[2].strip()[:200]


def _base64(data: bytes) -> bytes:
    compact = data.translate(None, _WHITE)
    try:
        return pybase64.b64decode(compact, validate=True)
    except binascii.Error:
        pass
    for padding in (b"", b"=", b"=="):
        try:
            return binascii.a2b_base64(compact + padding)
        except binascii.Error:
            continue
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", compact)
    return binascii.a2b_base64(kept[: len(kept) // 4 * 4])


def _uu_lines(block: bytes) -> Iterator[bytes]:
    for line in block.splitlines():
        if not line.strip():
            continue
        try:
            yield binascii.a2b_uu(line)
        except binascii.Error:
            length = (((line[0] - 32) & 63) * 4 + 5) // 3  # some encoders pad each line: keep what its length says
            try:
                yield binascii.a2b_uu(line[:length])
            except binascii.Error:
                return
