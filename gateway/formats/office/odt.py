"""ODT (OpenDocument text: package or flat, template or not; ODF 1.3) as a person sees it, tracked changes accepted.

Headers come first, footers last, notes at the end of the text. Hidden text, remarks and forms are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pybase64
from lxml import etree

from gateway.formats import xmltree
from gateway.formats.archive import Archive
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.office.blocks import Block, Cell, Paragraph, Picture, Run, Table, bounded, raised
from gateway.formats.office.odt_styles import Styles
from gateway.formats.xmltree import attribute, child, local
from gateway.model.reasons import Reason

_MOST_REPEATED: Final = 100
_MOST_BLANKS: Final = 500
_MILLIMETRES: Final = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}
#: Elements that show what is in them.
_THROUGH: Final = frozenset(
    """
    section index-body index-title table-of-content illustration-index table-index object-index user-index
    alphabetical-index bibliography numbered-paragraph a span meta meta-field ruby ruby-base table-header-rows
    table-row-group table-rows table-header-columns g text-box
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
_UNSEEN: Final = frozenset(
    """
    tracked-changes annotation annotation-end forms sequence-decls variable-decls user-field-decls dde-connection-decls
    ruby-text hidden-text hidden-paragraph title desc event-listeners settings table-source table-columns table-column
    script note-citation index-entry-template
    """.split()  # noqa: SIM905 - a list of words reads better as words
)


def read(data: bytes, archive: Archive | None, limits: Limits) -> tuple[Block, ...]:
    """Its blocks; ``archive`` None for a flat document. FormatError."""
    if archive is None:
        root = xmltree.parse(data, limits)
        return bounded(_Document([root], None).blocks(), limits)
    files = {entry.path: entry for entry in archive.entries}
    manifest = files.get("META-INF/manifest.xml")
    if manifest is not None and b"encryption-data" in archive.read(manifest):
        raise FormatError(Reason.ENCRYPTED, "Le document OpenDocument est protégé par un mot de passe.")
    if "content.xml" not in files:
        raise FormatError(Reason.UNREADABLE, "Le document OpenDocument est incomplet.")
    roots = [
        xmltree.parse(archive.read(files[name]), limits) for name in ("styles.xml", "content.xml") if name in files
    ]
    return bounded(_Document(roots, archive).blocks(), limits)


class _Document:
    """The text and what surrounds it. ``roots``: styles first, content last."""

    def __init__(self, roots: list[etree._Element], archive: Archive | None) -> None:
        self._roots, self._archive = roots, archive
        self._files = {entry.path: entry for entry in archive.entries} if archive else {}
        self.styles = Styles(roots)
        self._notes: list[etree._Element] = []
        self._beside: list[Block] = []
        self._counts: list[int] = []
        self._continued: dict[str, int] = {}

    def blocks(self) -> list[Block]:
        """Everything, in the order in which a person reads it."""
        body = child(self._roots[-1], "body", "text")
        if body is None:
            raise FormatError(Reason.UNREADABLE, "Le document OpenDocument n'a pas de texte.")
        before, middle = self._around("header"), self._within(body)
        notes: list[Block] = []
        for number, note in enumerate(self._notes, 1):
            notes += [Paragraph((Run(raised(str(number), "super")),)), *self._within(note)]
        return [*before, *middle, *notes, *self._around("footer")]

    def _around(self, name: str) -> list[Block]:
        """Headers or footers of the pages, those that say the same once."""
        kinds = [f"{{*}}{name}{which}" for which in ("", "-first", "-left")]
        every = (one for root in self._roots for kind in kinds for one in root.iter(kind))
        shown = [one for one in every if attribute(one, "display") != "false"]
        once = {b"".join(map(etree.tostring, one)): one for one in reversed(shown)}
        return [block for one in shown if one in once.values() for block in self._within(one)]

    def _within(self, container: etree._Element) -> list[Block]:
        return [block for one in container for block in self._block(one)]

    def _block(self, one: etree._Element) -> list[Block]:
        name = local(one)
        if name in {"p", "h"}:
            return self._paragraph(one)
        if name == "list":
            return self._list(one, "", 1)
        if name == "table":
            return [] if attribute(one, "display") == "none" else [self._table(one)]
        if name == "section" and (attribute(one, "display") == "none" or attribute(one, "is-hidden") == "true"):
            return []
        if name in {"frame", "custom-shape", "rect", "ellipse", "line", "polygon", "path", "control"}:
            return self._framed(one)
        return self._within(one) if name in _THROUGH else []

    def _framed(self, one: etree._Element) -> list[Block]:
        beside, self._beside = self._beside, []
        items = tuple(self._shape(one))
        found, self._beside = self._beside, beside
        return [*([Paragraph(items)] if items else []), *found]

    def _paragraph(self, one: etree._Element, marker: str = "", depth: int = 0) -> list[Block]:
        style = attribute(one, "style-name")
        beside, self._beside = self._beside, []
        items = tuple(self._inline(one, (style,)))
        boxes, self._beside = self._beside, beside
        level = attribute(one, "outline-level")
        heading = min(int(level), 6) if local(one) == "h" and level.isascii() and level.isdecimal() else 0
        align, broken = self.styles.align(style), self.styles.breaks(style)
        return [Paragraph(items, heading, marker if items else "", depth, align, broken), *boxes]

    def _list(self, one: etree._Element, inherited: str, depth: int) -> list[Block]:
        style = attribute(one, "style-name") or inherited
        goes_on = attribute(one, "continue-numbering") == "true" or bool(attribute(one, "continue-list"))
        first = self._continued.get(style, 0) + 1 if goes_on else self.styles.start(style, depth)
        self._counts.append(first - 1)
        found: list[Block] = []
        for item in one:
            if local(item) not in {"list-item", "list-header"}:
                continue
            start = attribute(item, "start-value")
            self._counts[-1] = int(start) if start.isascii() and start.isdecimal() else self._counts[-1] + 1
            marker = self.styles.marker(style, self._counts) if local(item) == "list-item" else ""
            for inner in item:
                if local(inner) == "list":
                    found += self._list(inner, style, depth + 1)
                elif local(inner) in {"p", "h"}:
                    found += self._paragraph(inner, marker, depth)
                    marker = ""
                else:
                    found += self._block(inner)
        self._continued[style] = self._counts.pop()
        return found

    def _inline(self, one: etree._Element, styles: tuple[str, ...]) -> Iterator[Run | Picture]:
        """The letters of an element and of what is in it, in their order."""
        yield from self._letters(one.text, styles)
        for inner in one:
            name = local(inner)
            if name == "s":
                count = attribute(inner, "c")
                blanks = int(count) if count.isascii() and count.isdecimal() and len(count) < 6 else 1
                yield Run(" " * min(blanks, _MOST_BLANKS))
            elif name == "tab":
                yield Run("\t")
            elif name == "line-break":
                yield Run("\n")
            elif name == "note":
                body = child(inner, "note-body")
                self._notes += [body] if body is not None else []
                yield Run(raised(str(len(self._notes)), "super"))
            elif name in {"frame", "custom-shape", "rect", "ellipse", "g", "control", "line", "polygon", "path"}:
                yield from self._shape(inner)
            elif name and name not in _UNSEEN:
                style = attribute(inner, "style-name") if name in {"span", "a"} else ""
                yield from self._inline(inner, (*styles, style) if style else styles)
            yield from self._letters(inner.tail, styles)

    def _letters(self, written: str | None, styles: tuple[str, ...]) -> Iterator[Run]:
        """White space collapses (§6.1.2)."""
        if not written:
            return
        look = self.styles.look(*styles)
        letters = " ".join(written.replace("\n", " ").replace("\r", " ").replace("\t", " ").split(" "))
        while "  " in letters:
            letters = letters.replace("  ", " ")
        if not look.hidden:
            yield Run(raised(letters.upper() if look.capitals else letters, look.position), look.style)

    def _shape(self, one: etree._Element) -> Iterator[Picture]:
        """A picture here; the text of boxes and shapes after the paragraph. Of a frame the first that can be shown."""
        name = local(one)
        if name == "g":
            for inner in one:
                yield from self._shape(inner)
        elif name == "frame":
            box = child(one, "text-box")
            images = [self._image(inner) for inner in one if local(inner) == "image"]
            if box is not None:
                self._beside += self._within(box)
            elif images or any(local(inner) in {"object", "object-ole", "plugin"} for inner in one):
                data = next((image for image in images if image), b"")
                yield Picture(data, _length(attribute(one, "width")), _length(attribute(one, "height")))
        elif name == "control":
            yield Picture(b"")
        else:
            self._beside += self._within(one)

    def _image(self, one: etree._Element) -> bytes:
        inside = child(one, "binary-data")
        if inside is not None and inside.text:
            try:
                return pybase64.b64decode(inside.text)
            except ValueError:
                return b""
        entry = self._files.get(attribute(one, "href").removeprefix("./"))
        return self._archive.read(entry) if entry and self._archive else b""

    def _table(self, one: etree._Element) -> Table:
        cells = {attribute(cell, "style-name") for cell in one.iter("{*}table-cell")}
        drawn = (
            value for name in cells for key, value in self.styles.said(name, "table-cell").items() if "border" in key
        )
        return Table(tuple(self._rows(one)), borders=any("solid" in value or "double" in value for value in drawn))

    def _rows(self, container: etree._Element) -> Iterator[tuple[Cell, ...]]:
        for one in container:
            name = local(one)
            if name == "table-row" and attribute(one, "visibility") in {"", "visible"}:
                cells = _without_empty_end(list(self._cells(one)))
                repeated = _count(one, "number-rows-repeated") if any(cell.blocks for cell in cells) else 1
                yield from [cells] * repeated
            elif name in _THROUGH:
                yield from self._rows(one)

    def _cells(self, row: etree._Element) -> Iterator[Cell]:
        for one in row:
            if local(one) == "table-cell":
                blocks = tuple(self._within(one))
                cell = Cell(blocks, _count(one, "number-columns-spanned"), _count(one, "number-rows-spanned"))
                yield from [cell] * _count(one, "number-columns-repeated")


def _without_empty_end(cells: list[Cell]) -> tuple[Cell, ...]:
    while len(cells) > 1 and not any(block != Paragraph(()) for block in cells[-1].blocks):
        cells.pop()
    return tuple(cells)


def _count(one: etree._Element, name: str) -> int:
    value = attribute(one, name)
    return min(max(int(value), 1), _MOST_REPEATED) if value.isascii() and value.isdecimal() and len(value) < 9 else 1


def _length(text: str) -> float:
    try:
        return max(float(text[:-2]) * _MILLIMETRES.get(text[-2:], 0), 0)
    except ValueError:
        return 0
