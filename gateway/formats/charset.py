"""The characters of a text that does not say its encoding, as French practice software writes them.

In this order: a byte order mark, UTF-16 (zeros in every other byte), UTF-8, else the single-byte encoding in which the
accents fall where French has them: Windows, Macintosh, DOS, Latin-9 (spec/mssante/hprim.md).
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Single bytes; the first of equals is taken.
_ENCODINGS: Final = ("cp1252", "mac_roman", "cp850", "iso8859_15")
_SAMPLE: Final = 200_000
_PAIRS: Final = re.compile(rb"[\xc3-\xc5][\x80-\xbf]|\xe2\x80[\x80-\xbf]")
_IN_WORD: Final = re.compile(r"(?<=[a-z])[éèêëàâäîïôöùûüçœæñ]|[éèêëàâäîïôöùûüçœæñ](?=[a-z])")
_IN_CAPITALS: Final = re.compile(r"(?<=[A-Z])[ÉÈÊËÀÂÄÎÏÔÖÙÛÜÇŒÆÑ]|[ÉÈÊËÀÂÄÎÏÔÖÙÛÜÇŒÆÑ](?=[A-Z])|\b[ÉÈÊÀÂÎÔÇŒ](?=[a-z])")
_SIGNS: Final = re.compile(r"(?<=[a-z])’(?=[a-z])|\b[àÀ]\b|[«»°€µ²³±½¼×…–—•≤≥]|\b[nN]°|\xa0(?=[:;?!»])|(?<=«)\xa0")
_STRANGE: Final = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f\w’\xad°²³…](?=[A-Za-z])|[\ufffd\x80-\x9f]|[│┤╡╢├─┼╔╗╚╝░▒▓█¤]")


def decode(data: bytes) -> str:
    """The text, without byte order mark; bytes that mean nothing become U+FFFD. Never raises."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return data.decode(guess(data), "replace")


def guess(data: bytes) -> str:
    """The encoding of a text without byte order mark, as Python names it."""
    wide = _wide(data)
    if wide:
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "utf-8" if _mostly_utf8(data) else max(_ENCODINGS, key=lambda name: _likeness(data, name))
    return "utf-8"


def _wide(data: bytes) -> str:
    """UTF-16 without mark: Latin letters have a zero beside them, always on the same side."""
    head = data[: 2 * (min(len(data), 4096) // 2)]
    low, high = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and high > 0.4 * half and high > 4 * low:
        return "utf-16-le"
    return "utf-16-be" if half and low > 0.4 * half and low > 4 * high else ""


def _mostly_utf8(data: bytes) -> bool:
    """Whether some damage, as a cut in the middle of a letter, is all that is wrong with an UTF-8 text."""
    sample = data[:_SAMPLE]
    high = sum(1 for byte in sample if byte >= 0x80)
    return len(b"".join(_PAIRS.findall(sample))) > 0.8 * high


def _likeness(data: bytes, encoding: str) -> int:
    """How much of what is not ASCII falls where French has it."""
    text = data[:_SAMPLE].decode(encoding, "replace")
    french = 3 * len(_IN_WORD.findall(text)) + 2 * len(_IN_CAPITALS.findall(text)) + len(_SIGNS.findall(text))
    return french - 3 * len(_STRANGE.findall(text))
