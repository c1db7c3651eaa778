"""The character sets of MSH-18 that a message to the record may have, and text that one of them cannot write.

``8859/15`` is Latin-9. What stands around a document (a subject, the name of a service) is then written with the
nearest characters; what identifies a patient never is: see ``gateway.protocols.handover``.
"""

from __future__ import annotations

import unicodedata

#: MSH-18 by the name that the configuration gives it, and Python's codec by MSH-18.
CHARSETS = {"utf-8": "UNICODE UTF-8", "8859/15": "8859/15"}
CODECS = {"UNICODE UTF-8": "utf-8", "8859/15": "iso-8859-15"}

_IN_NAMES = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
}
_SAME_NAME = str.maketrans(_IN_NAMES)
_NEAREST = str.maketrans(
    {
        **_IN_NAMES,
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2022\u2023\u25cf\u25aa", "-"),
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ħ": "h",
        "Ħ": "H",
        "ı": "i",
        "ŋ": "n",
        "Ŋ": "N",
        "ŧ": "t",
        "Ŧ": "T",
        "ĸ": "k",
        "ə": "e",
        "Ə": "E",
        "\u2192": "->",
        "\u2264": "<=",
        "\u2265": ">=",
    }
)


def writable(text: str, codec: str) -> str:
    """The text as it can be written: unchanged when it can, else each character by the nearest, at worst ``?``."""
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return "".join(
            character if _is_writable(character, codec) else _nearest(character, codec) for character in text
        )
    return text


def same_name(text: str, codec: str) -> str:
    """A name with the apostrophes and hyphens that the set has, as the INS writes them; nothing else changes."""
    return "".join(one if _is_writable(one, codec) else one.translate(_SAME_NAME) for one in text)


def _nearest(character: str, codec: str) -> str:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return ""
    found = character.translate(_NEAREST)
    apart = unicodedata.normalize("NFKD", found)
    kept = "".join(one for one in apart if _is_writable(one, codec))
    return kept or "?"


def _is_writable(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
