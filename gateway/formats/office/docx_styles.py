"""How a DOCX paragraph and its runs look, from their own properties and their styles (ECMA-376 part 1, §17.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from gateway.formats.office.blocks import Align, Look
from gateway.formats.xmltree import attribute, child, local

_OFF: Final = frozenset({"0", "false", "off", "none"})
_LETTERS: Final = {"b": "B", "i": "I", "u": "U", "strike": "S", "dstrike": "S"}
_ALIGN: Final[dict[str, Align]] = {"center": "C", "right": "R", "end": "R", "both": "J", "distribute": "J"}
_HEADING: Final = re.compile(r"(?:heading|titre)\s*([1-6])$")
_LONGEST_CHAIN: Final = 12


class Styles:
    """The styles of a document; ``root`` is styles.xml, None when there is none."""

    def __init__(self, root: etree._Element | None) -> None:
        styles = [one for one in (root if root is not None else ()) if local(one) == "style"]
        self._by_id = {attribute(one, "styleId"): one for one in styles}
        self._defaults = {attribute(one, "type"): one for one in styles if attribute(one, "default") in {"1", "true"}}

    def look(self, run: etree._Element | None, paragraph: etree._Element | None) -> Look:
        """Of the run with these properties (rPr) in a paragraph with those (pPr)."""
        sources = [run, *self._chain(_style(run, "rStyle"), "rPr"), *self._of_paragraph(paragraph, "rPr")]
        said: dict[str, str] = {}
        for source in sources:
            for one in source if source is not None else ():
                said.setdefault(local(one), attribute(one, "val") or "on")
        letters = {letter for name, letter in _LETTERS.items() if said.get(name, "off").lower() not in _OFF}
        return Look(
            style="".join(sorted(letters)),
            hidden=said.get("vanish", "off").lower() not in _OFF,
            capitals=said.get("caps", "off").lower() not in _OFF,
            position={"superscript": "super", "subscript": "sub"}.get(said.get("vertAlign", ""), ""),
        )

    def heading(self, paragraph: etree._Element | None) -> int:
        """1 to 6 for a title, by the name of its style or its place in the outline; else 0."""
        for one in self._styles(_style(paragraph, "pStyle")):
            name = child(one, "name")
            found = _HEADING.match(attribute(name, "val").lower()) if name is not None else None
            if found:
                return int(found.group(1))
            if name is not None and attribute(name, "val").lower() in {"title", "titre"}:
                return 1
        level = self.of_paragraph(paragraph, "outlineLvl")
        value = attribute(level, "val") if level is not None else ""
        return int(value) + 1 if value in {"0", "1", "2", "3", "4", "5"} else 0

    def align(self, paragraph: etree._Element | None) -> Align:
        """The alignment of a paragraph."""
        found = self.of_paragraph(paragraph, "jc")
        return _ALIGN.get(attribute(found, "val"), "L") if found is not None else "L"

    def of_paragraph(self, paragraph: etree._Element | None, name: str) -> etree._Element | None:
        """A property of a paragraph, its own or its style's."""
        sources = (paragraph, *self._of_paragraph(paragraph, "pPr"))
        return next((found for source in sources if (found := child(source, name)) is not None), None)

    def _of_paragraph(self, paragraph: etree._Element | None, part: str) -> Iterator[etree._Element | None]:
        chain = list(self._chain(_style(paragraph, "pStyle"), part))
        default = self._defaults.get("paragraph")
        return iter(chain or [child(default, part)])

    def _chain(self, style: str, part: str) -> Iterator[etree._Element | None]:
        return (child(one, part) for one in self._styles(style))

    def _styles(self, style: str) -> Iterator[etree._Element]:
        """A style and those that it is based on; a circle ends."""
        for _ in range(_LONGEST_CHAIN):
            one = self._by_id.get(style)
            if one is None:
                return
            yield one
            style = _style(one, "basedOn")


def _style(properties: etree._Element | None, name: str) -> str:
    found = child(properties, name)
    return attribute(found, "val") if found is not None else ""


def is_on(properties: etree._Element | None, name: str) -> bool:
    """Whether a switch is set among properties."""
    found = child(properties, name)
    return found is not None and attribute(found, "val").lower() not in _OFF
