"""XML written at once in its canonical form (C14N 1.0): what is digested is what is sent.

No declaration, attributes sorted, no empty-element tags, the escapes of the recommendation, UTF-8. Characters that XML
cannot hold are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_VALUE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})


def element(name: str, attributes: Mapping[str, str] | None = None, *children: str) -> str:
    """One element without namespace prefixes. ``children`` are elements or ``text``; empty attributes are left out."""
    start = "".join(f' {key}="{value(given)}"' for key, given in sorted((attributes or {}).items()) if given)
    return f"<{name}{start}>{''.join(children)}</{name}>"


def text(content: str) -> str:
    """Character data."""
    return _FORBIDDEN.sub("", content).translate(_TEXT)


def value(content: str) -> str:
    """The value of an attribute, between double quotes."""
    return _FORBIDDEN.sub("", content).translate(_VALUE)


def line(content: str, limit: int | None = None) -> str:
    """A text as a reader of XML gives it back: no forbidden character, blanks collapsed, at most ``limit`` long."""
    return " ".join(_FORBIDDEN.sub("", content).split())[:limit].rstrip()
