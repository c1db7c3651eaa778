"""Compressed RTF, the rich body of an Outlook message (MS-OXRTFCP)."""

from __future__ import annotations

import struct
from typing import Final

from gateway.formats.errors import FormatError
from gateway.model.reasons import Reason

_HEADER: Final = 16
_COMPRESSED: Final = 0x75465A4C
_UNCOMPRESSED: Final = 0x414C454D
_WINDOW: Final = 4096
#: The dictionary at the start (§2.1.2.1).
_INITIAL: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def decompress(data: bytes, size: int) -> bytes:
    """The RTF, cut at ``size`` bytes. FormatError: UNREADABLE when the header is not that of compressed RTF."""
    if len(data) < _HEADER:
        raise _broken()
    _, raw_size, kind, _ = struct.unpack_from("<IIII", data)
    size = min(size, raw_size)
    if kind == _UNCOMPRESSED:
        return data[_HEADER : _HEADER + size]
    if kind != _COMPRESSED:
        raise _broken()
    return _expand(data, size)


def _expand(data: bytes, size: int) -> bytes:
    """Each control byte announces eight literals or references (offset in 12 bits, length less two in 4) (§2.2)."""
    window = bytearray(_INITIAL.ljust(_WINDOW, b"\0"))
    write, position = len(_INITIAL), _HEADER
    out = bytearray()
    while position < len(data) and len(out) < size:
        control = data[position]
        position += 1
        for bit in range(8):
            reference = control >> bit & 1
            if position + reference >= len(data):
                return bytes(out[:size])
            if not reference:
                chunk = data[position : position + 1]
            else:
                pair = int.from_bytes(data[position : position + 2])
                offset, length = pair >> 4, (pair & 0xF) + 2
                if offset == write:
                    return bytes(out[:size])
                chunk = _copied(window, offset, write, length)
            for byte in chunk:
                window[write] = byte
                write = (write + 1) % _WINDOW
            out += chunk
            position += 1 + reference
    return bytes(out[:size])


def _copied(window: bytearray, offset: int, write: int, length: int) -> bytes:
    """Bytes of the window; those beyond the write position repeat what has just been written."""
    distance = (write - offset) % _WINDOW
    return bytes(window[(offset + step % distance) % _WINDOW] for step in range(length))


def _broken() -> FormatError:
    return FormatError(Reason.UNREADABLE, "Le texte enrichi est abîmé.")
