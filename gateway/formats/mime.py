"""A mail cut into its parts by looking for boundaries in the bytes (RFC 2045, 2046), tolerant as mail programs are.

Parts are numbered from the root ``1``; the children of ``1`` are ``1.1``, ``1.2``…; the mail inside a
``message/rfc822`` part ``1.2`` is ``1.2.1``. A file uuencoded in the text of ``1.1`` is ``1.1~0``.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pybase64

from gateway.formats import headers
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.model.reasons import Reason

_GUESS = re.compile(rb"^--([^\s].{0,69}?)[ \t]*\r?$", re.MULTILINE)
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_WHITE = b"\r\n\t "


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf. ``source[start:end]`` is its body, still transfer-encoded. ``mails`` counts the mails around it.

    ``parents`` are the media types of the multiparts around it, outermost first. ``too_deep`` marks a multipart or a
    mail below the depth limit, which was not opened.
    """

    path: str
    fields: headers.Fields
    source: bytes
    start: int
    end: int
    mails: int = 0
    parents: tuple[str, ...] = ()
    too_deep: bool = False

    @property
    def media_type(self) -> str:
        """As declared, lower case; text/plain by default (RFC 2045 §5.2)."""
        declared = self.fields.token("content-type")
        return declared if "/" in declared else "text/plain"

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

    def text(self, size: int) -> str:
        """The first ``size`` decoded bytes as text."""
        return headers.decode_bytes(self.decoded()[:size], self.fields.parameter("content-type", "charset") or "utf-8")


def split(raw: bytes, limits: Limits) -> tuple[headers.Fields, tuple[Part, ...]]:
    """The mail's own header and its leaves in order. FormatError: more parts than allowed."""
    source = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    fields, body = _header(source, 0, len(source), limits)
    root = Part("1", fields, source, body, len(source))
    leaves: list[Part] = []
    for leaf in _walk(root, limits, 0):
        leaves.append(leaf)
        if len(leaves) > limits.mime_parts:
            raise _too_many()
    return fields, tuple(leaves)


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


def _walk(part: Part, limits: Limits, depth: int) -> Iterator[Part]:
    kind = part.media_type
    container = kind.startswith("multipart/") or kind in {"message/rfc822", "message/global"}
    if container and depth >= limits.mime_depth:
        yield Part(part.path, part.fields, part.source, part.start, part.end, part.mails, part.parents, too_deep=True)
    elif kind.startswith("multipart/"):
        spans = _spans(part, limits)
        if not spans:
            yield part
        for number, (start, end) in enumerate(spans, 1):
            fields, body = _header(part.source, start, end, limits)
            path = f"{part.path}.{number}"
            child = Part(path, fields, part.source, body, end, part.mails, (*part.parents, kind))
            yield from _walk(child, limits, depth + 1)
    elif container:
        source = part.decoded()
        fields, body = _header(source, 0, len(source), limits)
        inner = Part(f"{part.path}.1", fields, source, body, len(source), part.mails + 1, part.parents)
        yield from _walk(inner, limits, depth + 1)
    else:
        yield part


def _header(source: bytes, start: int, end: int, limits: Limits) -> tuple[headers.Fields, int]:
    """The fields that begin at ``start``, and where the body begins."""
    if source.startswith((b"From ", b">From "), start):
        start = min(end, (source.find(b"\n", start, end) + 1) or end)
    position = start
    while position < end:
        stop = source.find(b"\n", position, end)
        following = end if stop < 0 else stop + 1
        line = source[position:following].rstrip(b"\r\n")
        if not line.strip():
            return headers.parse(source[start:position], limits.header_value), following
        if not headers.is_field(line):
            break
        if following - start > limits.header_block:
            raise FormatError(Reason.UNSAFE, "L'en-tête du message est d'une taille anormale.")
        position = following
    return headers.parse(source[start:position], limits.header_value), position


def _spans(part: Part, limits: Limits) -> list[tuple[int, int]]:
    """The [start, end) of each child of a multipart; a missing or wrong boundary is guessed from the first line."""
    boundary = part.fields.parameter("content-type", "boundary").encode("utf-8", "replace")
    spans = _between(part, b"--" + boundary, limits) if boundary else []
    if not spans and (guess := _GUESS.search(part.source, part.start, part.end)):
        spans = _between(part, b"--" + guess[1], limits)
    return spans


def _between(part: Part, delimiter: bytes, limits: Limits) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    source, opened, seen = part.source, -1, 0
    position = source.find(delimiter, part.start, part.end)
    while position >= 0:
        seen += 1
        if len(spans) > limits.mime_parts or seen > limits.boundary_marks:
            raise _too_many()
        stop = source.find(b"\n", position, part.end)
        following = part.end if stop < 0 else stop + 1
        rest = source[position + len(delimiter) : following].strip()
        at_line_start = position == part.start or source[position - 1] == 0x0A
        if at_line_start and rest in {b"", b"--"}:
            if opened >= 0:
                spans.append((opened, _without_line_end(source, opened, position)))
            opened = -1 if rest else following
            if rest:
                return spans
        position = source.find(delimiter, position + 1 if rest else following, part.end)
    if opened >= 0:
        spans.append((opened, part.end))
    return spans


def _without_line_end(source: bytes, start: int, end: int) -> int:
    if end > start and source[end - 1] == 0x0A:
        end -= 1
        if end > start and source[end - 1] == 0x0D:
            end -= 1
    return end


def _too_many() -> FormatError:
    return FormatError(Reason.UNSAFE, "Le message contient un nombre anormal de parties.")


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
