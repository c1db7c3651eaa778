"""The numbers and bullets of a DOCX (ECMA-376 part 1, §17.9), counted as the paragraphs come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.formats.office import numerals
from gateway.formats.xmltree import attribute, child, local

_LEVELS: Final = 9
_PLACE: Final = re.compile(r"%([1-9])")
_BULLET: Final = "•"
_SHOWN: Final = re.compile(r"[-–—•*○◦▪■□➢✓✔→o]$")


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    text: str = ""
    start: int = 1


class Numbering:
    """``root`` is numbering.xml, None when there is none. It counts: one for each document."""

    def __init__(self, root: etree._Element | None) -> None:
        found = root if root is not None else ()
        self._abstract = {attribute(one, "abstractNumId"): one for one in found if local(one) == "abstractNum"}
        self._lists = {attribute(one, "numId"): one for one in found if local(one) == "num"}
        self._counts: dict[str, list[int]] = {}

    def marker(self, properties: etree._Element | None) -> tuple[str, int]:
        """The next marker of a list and its depth from 1, for a paragraph's numPr; ("", 0) outside lists."""
        number = _value(properties, "numId")
        one = self._lists.get(number)
        if not number or one is None:
            return "", 0
        level = min(_whole(_value(properties, "ilvl"), 0), _LEVELS - 1)
        abstract = _value(one, "abstractNumId")
        levels = [self._level(one, abstract, place) for place in range(level + 1)]
        restarts = any(child(override, "startOverride") is not None for override in one)
        counts = self._counts.setdefault(f"num {number}" if restarts or not abstract else abstract, [])
        counts.extend(found.start - 1 for found in levels[len(counts) :])
        del counts[level + 1 :]
        counts[level] += 1
        return _written(levels, [max(c, lv.start) for c, lv in zip(counts, levels, strict=True)]), level + 1

    def _level(self, one: etree._Element, abstract: str, level: int) -> _Level:
        override = next((o for o in one if local(o) == "lvlOverride" and attribute(o, "ilvl") == str(level)), None)
        levels = child(override, "lvl")
        if levels is None:
            defined = self._abstract.get(abstract)
            among = (lv for lv in (defined if defined is not None else ()) if local(lv) == "lvl")
            levels = next((lv for lv in among if attribute(lv, "ilvl") == str(level)), None)
        start = _value(override, "startOverride") or _value(levels, "start")
        return _Level(_value(levels, "numFmt") or "decimal", _value(levels, "lvlText"), _whole(start, 1))


def _written(levels: list[_Level], counts: list[int]) -> str:
    form = levels[-1].form
    if form == "none":
        return ""
    if form == "bullet":
        return levels[-1].text if _SHOWN.match(levels[-1].text) else _BULLET

    def number(match: re.Match[str]) -> str:
        place = int(match.group(1)) - 1
        return numerals.written(counts[place], levels[place].form) if place < len(counts) else ""

    return _PLACE.sub(number, levels[-1].text[:40])


def _value(element: etree._Element | None, name: str) -> str:
    found = child(element, name)
    return attribute(found, "val") if found is not None else ""


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else otherwise
