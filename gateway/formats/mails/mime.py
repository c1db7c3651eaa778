"""A mail cut into its parts by looking for boundaries in the bytes (RFC 2045, 2046), tolerant as mail programs are.

Parts are numbered from the root ``1``; the children of ``1`` are ``1.1``, ``1.2``…; the mail inside a
``message/rfc822`` part ``1.2`` is ``1.2.1``. A file uuencoded in the text of ``1.1`` is ``1.1~0``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import headers, smime, wrapped
from gateway.formats.mails.part import Part
from gateway.formats.sniff import Kind
from gateway.model.reasons import Reason

_SIGNED_PARTS = 2  # the content and its signature (RFC 1847)
_GUESS = re.compile(rb"^--([^\s].{0,69}?)[ \t]*\r?$", re.MULTILINE)


def split(raw: bytes, limits: Limits) -> tuple[headers.Fields, tuple[Part, ...]]:
    """The mail's own header and its leaves in order. FormatError: more parts than allowed."""
    source = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    fields, body = _header(source, 0, len(source), limits)
    root = Part("1", fields, source, body, len(source))
    return fields, _bounded(_walk(root, limits, 0), limits)


def top(raw: bytes, limits: Limits) -> tuple[headers.Fields, tuple[Part, ...]]:
    """The mail's own header and its direct parts, none of them opened. FormatError: more parts than allowed."""
    source = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    fields, body = _header(source, 0, len(source), limits)
    root = Part("1", fields, source, body, len(source))
    parts = _children(root, limits) if root.media_type.startswith("multipart/") else []
    return fields, tuple(parts or [root])


def inside(data: bytes, limits: Limits) -> tuple[Part, ...]:
    """The leaves inside a file that is a mail, a winmail.dat or an S/MIME message. FormatError when it stays shut."""
    kind = wrapped.kind_of(data[:8192])
    if kind is None:
        raise FormatError(Reason.UNREADABLE, "Ce message ne s'ouvre pas.")
    root = Part("1", headers.Fields(()), data, 0, len(data))
    children = _unwrapped(root, kind, wrapped.inside(kind, data, "", limits), limits)
    return _bounded((leaf for child in children for leaf in _walk(child, limits, 1)), limits)


def _bounded(leaves: Iterator[Part], limits: Limits) -> tuple[Part, ...]:
    kept: list[Part] = []
    for leaf in leaves:
        kept.append(leaf)
        if len(kept) > limits.mime_parts:
            raise _too_many()
    return tuple(kept)


def _walk(part: Part, limits: Limits, depth: int) -> Iterator[Part]:
    multiple = part.media_type.startswith("multipart/")
    wrapping = None if multiple else wrapped.kind(part)
    container = multiple or wrapping is not None
    if container and depth >= limits.mime_depth:
        yield replace(part, too_deep=True)
        return
    children = _unwrapped(part, wrapping, _found(part, wrapping, limits), limits) if wrapping else []
    children = _children(part, limits) if multiple else children
    if not children:
        yield part
    for child in children:
        yield from _walk(child, limits, depth + 1)


def _found(part: Part, wrapping: Kind, limits: Limits) -> tuple[wrapped.Wrapped, ...]:
    """What a part wraps; nothing when it does not open: it stays a leaf, whose reading says what is wrong."""
    try:
        return wrapped.inside(wrapping, part.decoded(), part.filename, limits)
    except FormatError as error:
        if error.reason is not Reason.UNREADABLE:
            raise
        return ()


def _children(part: Part, limits: Limits) -> list[Part]:
    """The parts of a multipart."""
    spans = _spans(part, limits)
    children = []
    for number, (start, end) in enumerate(spans, 1):
        fields, body = _header(part.source, start, end, limits)
        parents = (*part.parents, part.media_type)
        children.append(
            replace(part, path=f"{part.path}.{number}", fields=fields, start=body, end=end, parents=parents)
        )
    if part.media_type != "multipart/signed" or len(children) != _SIGNED_PARTS:
        return children
    content, signature = children
    if not smime.is_cms(signature.head()):
        return children
    state = smime.detached(part.source[slice(*spans[0])], signature.decoded())
    return [replace(content, signature=smime.worst([state, *filter(None, [part.signature])])), signature]


def _unwrapped(part: Part, wrapping: Kind, found: Sequence[wrapped.Wrapped], limits: Limits) -> list[Part]:
    """The parts of what wraps others."""
    children = []
    for number, one in enumerate(found, 1):
        fields, body = (one.fields, 0) if one.fields else _header(one.data, 0, len(one.data), limits)
        states = [state for state in (part.signature, one.signature) if state]
        path, mails = f"{part.path}.{number}", part.mails + one.mail
        end, state = len(one.data), smime.worst(states)
        parents = (*part.parents, wrapping.value)
        children.append(Part(path, fields, one.data, body, end, mails, parents, signature=state))
    return children


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
