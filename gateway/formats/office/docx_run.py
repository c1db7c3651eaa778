"""What a run of a DOCX shows: letters, signs of symbol fonts, boxes of forms (ECMA-376 part 1, §17.3, §17.16)."""

from __future__ import annotations

from typing import Final

from lxml import etree

from gateway.formats.office.docx_styles import is_on
from gateway.formats.xmltree import attribute, child, local

_SIGNS: Final = {"tab": "\t", "ptab": "\t", "cr": "\n", "noBreakHyphen": "\N{NON-BREAKING HYPHEN}"}
_WINGDINGS: Final[dict[int, str]] = {
    0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0x72: "☐", 0x75: "◆", 0x76: "❖", 0x9F: "•", 0xA7: "▪", 0xA8: "☐",
    0xD8: "➢", 0xDC: "➲", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓",
    0xFD: "☒", 0xFE: "☑", 0x28: "☎", 0x2A: "✉",
}  # fmt: skip
_SYMBOL: Final[dict[int, str]] = {
    **dict(zip(
        (*range(0x61, 0x7B), *range(0x41, 0x5B)),
        "αβχδεφγηιϕκλμνοπθρστυϖωξψζΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″",
    0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈", 0xD6: "√", 0xC6: "∅", 0xDE: "⇒",
}  # fmt: skip
UNKNOWN_SIGN: Final = "\N{REPLACEMENT CHARACTER}"


def letters(element: etree._Element) -> str:
    """What a child of a run shows in letters; empty for all else."""
    name = local(element)
    if name == "t":
        return str(element.text or "")
    if name == "br":
        return "" if attribute(element, "type") == "page" else "\n"
    if name == "sym":
        return symbol(attribute(element, "font"), attribute(element, "char"))
    return _SIGNS.get(name, "")


def symbol(font: str, code: str) -> str:
    """The sign of a symbol font; ``code`` in hexadecimal, often in the private area (F0xx)."""
    try:
        number = int(code, 16)
    except ValueError:
        return UNKNOWN_SIGN
    place = number & 0xFF if 0xF000 <= number <= 0xF0FF or number <= 0xFF else -1
    if "wingdings" in font.lower() and place in _WINGDINGS:
        return _WINGDINGS[place]
    if font.lower() == "symbol" and place in _SYMBOL:
        return _SYMBOL[place]
    if 0x20 < place < 0x7F and font.lower() == "symbol":
        return chr(place)
    return UNKNOWN_SIGN if place >= 0 or number > 0x10FFFF or 0xD800 <= number < 0xF900 else chr(number)


def form_field(begin: etree._Element) -> str:
    """What a field shows that has no result of its own: a box, ticked or not, the choice of a list (§17.16.7, .9)."""
    data = child(begin, "ffData")
    box = child(data, "checkBox")
    if box is not None:
        ticked = is_on(box, "checked") if child(box, "checked") is not None else is_on(box, "default")
        return "☒" if ticked else "☐"
    choices = child(data, "ddList")
    if choices is None:
        return ""
    entries = [attribute(one, "val") for one in choices if local(one) == "listEntry"]
    chosen = child(choices, "result") if child(choices, "result") is not None else child(choices, "default")
    place = attribute(chosen, "val") if chosen is not None else "0"
    return entries[int(place)] if place.isascii() and place.isdecimal() and int(place) < len(entries) else ""


def shown_alternative(element: etree._Element) -> etree._Element | None:
    """Of mc:AlternateContent, what a word processor of today shows: the first choice that holds something."""
    choices = [one for one in element if local(one) in {"Choice", "Fallback"} and len(one)]
    return choices[0] if choices else None
