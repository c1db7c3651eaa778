"""TNEF, the winmail.dat of Outlook and Exchange (MS-OXTNEF): its attachments, its bodies and its message class.

A stream is a signature, a key, then attributes (§2.1.3): level, identifier, length, bytes, sum. A wrong sum is no
error: several writers get it wrong. Every length is checked against what is left. A message
attached to the message is given as the TNEF stream that it is (§2.1.3.3.15), an OLE object as its storage.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import lzfu
from gateway.formats.mails.headers import decode_bytes
from gateway.model.reasons import Reason

SIGNATURE: Final = b"\x78\x9f\x3e\x22"

#: Attribute identifiers, without the type in their high half, which some writers leave out.
_MESSAGE_CLASS, _BODY, _MESSAGE_PROPERTIES, _CODE_PAGE = 0x8008, 0x800C, 0x9003, 0x9007
_RENDERING, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005

#: Property identifiers (MS-OXPROPS).
_TEXT, _HTML, _RTF, _CLASS, _INTERNET_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x001A, 0x3FDE
_OBJECT, _LONG_NAME, _SHORT_NAME, _DISPLAY_NAME = 0x3701, 0x3707, 0x3704, 0x3001
_MEDIA_TYPE, _CONTENT_ID, _HIDDEN = 0x370E, 0x3712, 0x7FFE

#: Bytes of one value of each fixed type, without padding (MS-OXCDATA §2.11.1).
_FIXED: Final = {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING8, _UNICODE, _BINARY, _OBJECT_TYPE, _SEVERAL = 0x1E, 0x1F, 0x102, 0xD, 0x1000
_MESSAGE_OBJECT: Final = bytes.fromhex("0703020000000000c000000000000046")
_STORAGE_OBJECT: Final = bytes.fromhex("0b00000000000000c000000000000046")
_UTF8_CODE_PAGES: Final = {65001: "utf-8", 1200: "utf-16-le", 20127: "ascii", 28591: "latin-1", 28605: "iso8859-15"}


@dataclass(frozen=True, slots=True)
class TnefFile:
    """One attachment. ``hidden`` ones are shown in the text; an attached message has a TNEF stream as ``data``."""

    name: str
    data: bytes
    media_type: str = ""
    content_id: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Tnef:
    """A stream read. ``rtf`` is decompressed, empty when it could not be; ``html`` is as carried, in ``charset``."""

    message_class: str
    text: str
    html: bytes
    charset: str
    rtf: bytes
    files: tuple[TnefFile, ...]


@dataclass(slots=True)
class _Attachment:
    """An attachment while its attributes arrive."""

    title: bytes = b""
    data: bytes = b""
    properties: dict[int, bytes | str] = field(default_factory=dict)


def read(data: bytes, limits: Limits) -> Tnef:
    """A whole stream. FormatError: UNREADABLE when a length lies, UNSAFE when there are too many of anything."""
    if not data.startswith(SIGNATURE):
        raise _broken()
    code_page, text, message_class = "cp1252", b"", b""
    properties: dict[int, bytes | str] = {}
    attachments: list[_Attachment] = []
    for identifier, value in _attributes(data, limits):
        if identifier == _CODE_PAGE and len(value) >= 4:
            code_page = _charset(int.from_bytes(value[:4], "little"), code_page)
        elif identifier == _BODY:
            text = value
        elif identifier == _MESSAGE_CLASS:
            message_class = value
        elif identifier == _MESSAGE_PROPERTIES:
            properties |= _properties(value, code_page, limits)
        elif identifier == _RENDERING:
            attachments.append(_Attachment())
        elif identifier in {_TITLE, _DATA, _ATTACHMENT_PROPERTIES}:
            if not attachments:
                attachments.append(_Attachment())
            _add(attachments[-1], identifier, value, code_page, limits)
    html = properties.get(_HTML, b"")
    return Tnef(
        message_class=_text(properties, _CLASS) or _string(message_class, "ascii"),
        text=_text(properties, _TEXT) or _string(text, code_page),
        html=html.encode() if isinstance(html, str) else html,
        charset="utf-8" if isinstance(html, str) else _html_charset(properties, code_page),
        rtf=_rtf(properties, limits),
        files=tuple(found for one in attachments if (found := _file(one, code_page)).data or found.name),
    )


def _attributes(data: bytes, limits: Limits) -> Iterator[tuple[int, bytes]]:
    position, seen, value = 6, 0, b""
    while position < len(data):
        if data[position] not in {1, 2}:
            if data[position:].strip(b"\0\r\n") and not _sums_up(value, data[position - 2 : position]):
                raise _broken()
            return
        if position + 9 > len(data):
            raise _broken()
        identifier, length = struct.unpack_from("<II", data, position + 1)
        end = position + 9 + length
        if end + 2 > len(data):
            raise _broken()
        seen += 1
        if seen > limits.tnef_attributes:
            raise FormatError(Reason.UNSAFE, "Le fichier winmail.dat contient un nombre anormal d'éléments.")
        value = data[position + 9 : end]
        yield identifier & 0xFFFF, value
        position = end + 2


def _sums_up(value: bytes, stated: bytes) -> bool:
    """Whether an attribute has its sum: what follows the last one is then no damage, but not of the stream."""
    return sum(value) & 0xFFFF == int.from_bytes(stated, "little")


def _add(one: _Attachment, identifier: int, value: bytes, code_page: str, limits: Limits) -> None:
    if identifier == _TITLE:
        one.title = value
    elif identifier == _DATA:
        one.data = value
    else:
        one.properties |= _properties(value, code_page, limits)


def _file(one: _Attachment, code_page: str) -> TnefFile:
    held = one.properties
    data = one.data
    carried, hidden = held.get(_OBJECT, b""), held.get(_HIDDEN)
    if isinstance(carried, bytes) and carried:
        is_object = carried.startswith((_MESSAGE_OBJECT, _STORAGE_OBJECT))
        data = carried[16:] if is_object else data or carried
    names = (
        _text(held, _LONG_NAME),
        _string(one.title, code_page),
        _text(held, _SHORT_NAME),
        _text(held, _DISPLAY_NAME),
    )
    return TnefFile(
        name=next((name for name in names if name), ""),
        data=data,
        media_type=_text(held, _MEDIA_TYPE),
        content_id=_text(held, _CONTENT_ID).strip("<> "),
        hidden=isinstance(hidden, bytes) and any(hidden),
    )


def _properties(data: bytes, code_page: str, limits: Limits) -> dict[int, bytes | str]:
    """The first value of each property: text for the two string types, bytes for the others (§2.1.3.4)."""
    count = _number(data, 0)
    if count > limits.tnef_attributes:
        raise FormatError(Reason.UNSAFE, "Le fichier winmail.dat contient un nombre anormal d'éléments.")
    found: dict[int, bytes | str] = {}
    position = 4
    for _ in range(count):
        kind, identifier = struct.unpack_from("<HH", _slice(data, position, 4))
        position += 4
        if identifier >= 0x8000:
            position = _after_name(data, position)
        values, position = _values(data, position, kind, limits)
        if values:
            found.setdefault(identifier, _decoded(values[0], kind & ~_SEVERAL, code_page))
    return found


def _values(data: bytes, position: int, kind: int, limits: Limits) -> tuple[list[bytes], int]:
    base = kind & ~_SEVERAL
    variable = base in {_STRING8, _UNICODE, _BINARY, _OBJECT_TYPE}
    count = 1
    if variable or kind & _SEVERAL:
        count = _number(data, position)
        position += 4
    if count > limits.tnef_attributes or (not variable and base not in _FIXED):
        raise _broken()
    values = []
    for _ in range(count):
        size = _number(data, position) if variable else _FIXED[base]
        position += 4 if variable else 0
        values.append(_slice(data, position, size))
        position += size + (-size % 4 if variable or not kind & _SEVERAL else 0)
    return values, position + (-position % 4 if kind & _SEVERAL else 0)


def _after_name(data: bytes, position: int) -> int:
    """Where a named property's value begins: after a GUID and a number or a name (§2.1.3.4.1)."""
    named = _number(data, position + 16)
    length = _number(data, position + 20)
    if named == 0:
        return position + 24
    _slice(data, position + 24, length)
    return position + 24 + length + -length % 4


def _number(data: bytes, position: int) -> int:
    return int.from_bytes(_slice(data, position, 4), "little")


def _slice(data: bytes, position: int, size: int) -> bytes:
    if position + size > len(data):
        raise _broken()
    return data[position : position + size]


def _decoded(value: bytes, kind: int, code_page: str) -> bytes | str:
    if kind == _STRING8:
        return _string(value, code_page)
    if kind == _UNICODE:
        return value[: len(value) // 2 * 2].decode("utf-16-le", "replace").split("\0")[0]
    return value


def _string(value: bytes, charset: str) -> str:
    return decode_bytes(value.split(b"\0")[0], charset)


def _text(properties: Mapping[int, bytes | str], identifier: int) -> str:
    value = properties.get(identifier, "")
    return value if isinstance(value, str) else ""


def _charset(code_page: int, otherwise: str) -> str:
    return _UTF8_CODE_PAGES.get(code_page) or (f"cp{code_page}" if 0 < code_page < 20000 else otherwise)


def _html_charset(properties: Mapping[int, bytes | str], otherwise: str) -> str:
    value = properties.get(_INTERNET_CODE_PAGE, b"")
    return _charset(int.from_bytes(value, "little"), otherwise) if isinstance(value, bytes) and value else otherwise


def _rtf(properties: Mapping[int, bytes | str], limits: Limits) -> bytes:
    """The rich body; it only repeats the words, so that a damaged one loses nothing."""
    value = properties.get(_RTF, b"")
    try:
        return lzfu.decompress(value, limits.rtf_bytes) if isinstance(value, bytes) and value else b""
    except FormatError:
        return b""


def _broken() -> FormatError:
    return FormatError(Reason.UNREADABLE, "Le fichier winmail.dat est abîmé et ne s'ouvre pas.")
