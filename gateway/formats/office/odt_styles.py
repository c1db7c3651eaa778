"""How an OpenDocument text looks: styles with what they inherit, list styles (ODF 1.3 part 3, §16, §19)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lxml import etree

from gateway.formats.office import numerals
from gateway.formats.office.blocks import Align, Look
from gateway.formats.xmltree import attribute, child, local

_ALIGN: Final[dict[str, Align]] = {"center": "C", "right": "R", "end": "R", "justify": "J"}
_LONGEST_CHAIN: Final = 12


class Styles:
    """The styles under these roots (styles.xml, content.xml, or a flat document)."""

    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self._styles: dict[str, etree._Element] = {}
        self._lists: dict[str, etree._Element] = {}
        for root in roots:
            for one in root.iter("{*}style", "{*}list-style"):
                known = self._lists if local(one) == "list-style" else self._styles
                known[attribute(one, "name")] = one

    def said(self, name: str, part: str) -> dict[str, str]:
        """The properties (``part``: text, paragraph, table…) of a style and those that it is based on."""
        said: dict[str, str] = {}
        for _ in range(_LONGEST_CHAIN):
            style = self._styles.get(name)
            if style is None:
                break
            found = child(style, f"{part}-properties")
            for key, value in found.attrib.items() if found is not None else ():
                said.setdefault(str(key).rpartition("}")[2], str(value))
            name = attribute(style, "parent-style-name")
        return said

    def look(self, *names: str) -> Look:
        """Of letters under these styles, the innermost last."""
        said: dict[str, str] = {}
        for name in names:
            said |= self.said(name, "text")
        letters = [
            ("B", said.get("font-weight") in {"bold", "600", "700", "800", "900"}),
            ("I", said.get("font-style") in {"italic", "oblique"}),
            ("S", said.get("text-line-through-style", "none") != "none"),
            ("U", said.get("text-underline-style", "none") != "none"),
        ]
        raise_by = said.get("text-position", "")
        return Look(
            style="".join(letter for letter, holds in letters if holds),
            hidden=said.get("display") == "none",
            capitals=said.get("text-transform") == "uppercase",
            position="super" if raise_by.startswith("super") or raise_by[:1] in set("123456789") else raise_by[:3],
        )

    def align(self, name: str) -> Align:
        """Of a paragraph."""
        return _ALIGN.get(self.said(name, "paragraph").get("text-align", ""), "L")

    def breaks(self, name: str) -> bool:
        """Whether a paragraph begins a page."""
        return self.said(name, "paragraph").get("break-before") == "page"

    def marker(self, name: str, counts: list[int]) -> str:
        """The marker of a list item; ``counts`` are its number and those of the items around it, outermost first."""
        levels = {attribute(one, "level"): one for one in self._lists.get(name, ())}
        level = levels.get(str(len(counts)))
        if level is None:
            return "•"
        if local(level) != "list-level-style-number":
            shown = attribute(level, "bullet-char")
            return shown if shown and shown.isprintable() and not "\ue000" <= shown <= "\uf8ff" else "•"
        form = attribute(level, "num-format")
        most = int(attribute(level, "display-levels") or "1") if attribute(level, "display-levels").isdecimal() else 1
        numbers = [numerals.written(count, form) for count in counts[-most:]] if form else []
        return attribute(level, "num-prefix") + ".".join(numbers) + attribute(level, "num-suffix")

    def start(self, name: str, depth: int) -> int:
        """The first number of a list at a depth (from 1)."""
        level = next((one for one in self._lists.get(name, ()) if attribute(one, "level") == str(depth)), None)
        first = attribute(level, "start-value") if level is not None else ""
        return int(first) if first.isascii() and first.isdecimal() and len(first) < 6 else 1
