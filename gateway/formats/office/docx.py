"""DOCX (ECMA-376, ISO 29500; strict or transitional) as a person sees it, tracked changes accepted.

Headers come first, footers last, notes at the end of the text. What is deleted, hidden, or an instruction of a field
is left out; what stands in text boxes is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from gateway.formats.archive import Archive
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.office import docx_run, html
from gateway.formats.office.blocks import Block, Cell, Paragraph, Picture, Run, Table, bounded, raised
from gateway.formats.office.docx_lists import Numbering
from gateway.formats.office.docx_styles import Styles, is_on
from gateway.formats.office.opc import Package, Relationship
from gateway.formats.sniff import Kind, sniff
from gateway.formats.xmltree import attribute, child, local
from gateway.model.reasons import Reason

MAIN: Final = "word/document.xml"
_EMU: Final = 36_000  # in a millimetre
#: Elements that show what is in them and nothing of their own.
_THROUGH: Final = frozenset(
    """
    ins moveTo smartTag customXml sdt sdtContent hyperlink fldSimple dir bdo Choice Fallback ruby rubyBase
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
_DRAWINGS: Final = frozenset({"drawing", "pict", "object"})
_GRAPHICS: Final = frozenset({"chart", "relIds"})
_MOST_COLUMNS: Final = 63  # of Word


def read(archive: Archive, limits: Limits) -> tuple[Block, ...]:
    """Its blocks. FormatError."""
    package = Package(archive, limits)
    main = next((r.target for r in package.relationships("").values() if r.type == "officeDocument"), MAIN)
    return bounded(_Document(package, main if main in package else MAIN, limits).blocks(), limits)


class _Document:
    """The main part with what it shows of others."""

    def __init__(self, package: Package, main: str, limits: Limits) -> None:
        self._package, self._main, self._limits = package, package.xml(main), limits
        self._related = package.relationships(main)
        by_type = {one.type: one.target for one in self._related.values()}
        self.styles = Styles(_part(package, by_type.get("styles", "")))
        self.numbering = Numbering(_part(package, by_type.get("numbering", "")))
        self._settings = _part(package, by_type.get("settings", ""))
        self._by_type, self._main_path = by_type, main

    def blocks(self) -> list[Block]:
        """Everything, in the order in which a person reads it."""
        body = child(self._main, "body")
        if body is None:
            raise FormatError(Reason.UNREADABLE, "Le document Word n'a pas de texte.")
        story = _Story(self, self._related)
        middle = story.blocks(body)
        return [*self._around("headerReference"), *middle, *self._notes(story.notes), *self._around("footerReference")]

    def picture(self, related: dict[str, Relationship], number: str) -> bytes:
        """The bytes of a picture; empty when it lies outside or is absent."""
        found = related.get(number)
        return self._package.data(found.target) if found and found.target in self._package else b""

    def imported(self, related: dict[str, Relationship], number: str) -> list[Block]:
        """A file that shows its text at its place (w:altChunk)."""
        found = related.get(number)
        data = self._package.data(found.target) if found and found.target in self._package else b""
        if sniff(data) is not Kind.HTML:
            raise FormatError(
                Reason.UNSUPPORTED_FORMAT, "Une partie du document Word est d'un format que l'on ne lit pas."
            )
        return list(html.read(data, self._limits))

    def _around(self, name: str) -> Iterator[Block]:
        """Headers or footers, each part once; those of even pages only when they differ."""
        even = is_on(self._settings, "evenAndOddHeaders")
        seen: set[str] = set()
        for reference in self._main.iter("{*}" + name):
            found = self._related.get(attribute(reference, "id"))
            kind = attribute(reference, "type")
            first = kind == "first" and not is_on(reference.getparent(), "titlePg")
            if found is None or not found.target or found.target in seen or first or (kind == "even" and not even):
                continue
            seen.add(found.target)
            if found.target in self._package:
                yield from _Story(self, self._package.relationships(found.target)).blocks(
                    self._package.xml(found.target)
                )

    def _notes(self, wanted: list[tuple[str, str]]) -> Iterator[Block]:
        """The notes referred to, each with its number."""
        for kind in ("footnote", "endnote"):
            path = self._by_type.get(f"{kind}s", "")
            root = _part(self._package, path)
            notes = {attribute(one, "id"): one for one in (root if root is not None else ()) if local(one) == kind}
            story = _Story(self, self._package.relationships(path) if root is not None else {})
            for number, (of, name) in enumerate(wanted, 1):
                if of == kind and name in notes:
                    yield Paragraph((Run(raised(str(number), "super")),))
                    yield from story.blocks(notes[name])


class _Story:
    """One stream of text: the body, a header, the notes. Fields may reach over paragraphs."""

    def __init__(self, document: _Document, related: dict[str, Relationship]) -> None:
        self._document, self._related = document, related
        self.notes: list[tuple[str, str]] = []
        self._instructions: list[bool] = []
        self._break = False
        self._beside: list[Block] = []

    def blocks(self, container: etree._Element) -> list[Block]:
        """The blocks of a container."""
        found: list[Block] = []
        for one in container:
            found += self._block(one)
        return found

    def _block(self, one: etree._Element) -> list[Block]:
        name = local(one)
        if name == "p":
            return self._paragraph(one)
        if name == "tbl":
            return [self._table(one)]
        if name == "altChunk":
            return self._document.imported(self._related, attribute(one, "id"))
        if name == "AlternateContent":
            shown = docx_run.shown_alternative(one)
            return self.blocks(shown) if shown is not None else []
        if name in {"oMathPara", "r", "hyperlink"}:
            return [Paragraph(tuple(self._inline(one, None)))]
        return self.blocks(one) if name in _THROUGH else []

    def _paragraph(self, one: etree._Element) -> list[Block]:
        properties, styles = child(one, "pPr"), self._document.styles
        broken, self._break = self._break or is_on(properties, "pageBreakBefore"), False
        beside, self._beside = self._beside, []
        items = tuple(item for inner in one for item in self._inline(inner, properties))
        marker, depth = self._document.numbering.marker(styles.of_paragraph(properties, "numPr"))
        if not items:
            marker, depth = "", 0
        paragraph = Paragraph(items, styles.heading(properties), marker, depth, styles.align(properties), broken)
        boxes, self._beside = self._beside, beside
        section = child(properties, "sectPr")
        kind = child(section, "type")
        self._break = self._break or (section is not None and (kind is None or attribute(kind, "val") != "continuous"))
        return [paragraph, *boxes]

    def _inline(self, one: etree._Element, paragraph: etree._Element | None) -> Iterator[Run | Picture]:
        name = local(one)
        if name == "r":
            yield from self._run(one, paragraph)
        elif name in _DRAWINGS:
            yield from self._drawing(one)
        elif name in {"oMath", "oMathPara"}:
            yield Run("".join(text.text or "" for text in one.iter("{*}t")))
        elif name == "AlternateContent":
            shown = docx_run.shown_alternative(one)
            for inner in shown if shown is not None else ():
                yield from self._inline(inner, paragraph)
        elif name in _THROUGH:
            for inner in one:
                yield from self._inline(inner, paragraph)

    def _run(self, run: etree._Element, paragraph: etree._Element | None) -> Iterator[Run | Picture]:
        look = self._document.styles.look(child(run, "rPr"), paragraph)
        for one in run:
            if local(one) == "fldChar":
                yield from self._field(one)
            elif any(self._instructions) or look.hidden:
                continue
            elif local(one) in _DRAWINGS or local(one) in {"AlternateContent", "ruby"}:
                yield from self._inline(one, paragraph)
            elif local(one) in {"footnoteReference", "endnoteReference"}:
                self.notes.append((local(one).removesuffix("Reference"), attribute(one, "id")))
                yield Run(raised(str(len(self.notes)), "super"), look.style)
            elif local(one) == "br" and attribute(one, "type") == "page":
                self._break = True
            elif text := docx_run.letters(one):
                text = text.upper() if look.capitals else text
                yield Run(raised(text, look.position), look.style)

    def _field(self, mark: etree._Element) -> Iterator[Run]:
        """Between its beginning and its separation a field is an instruction, not a text."""
        kind = attribute(mark, "fldCharType")
        if kind == "begin":
            shown = not any(self._instructions)
            self._instructions.append(True)
            if shown and (text := docx_run.form_field(mark)):
                yield Run(text)
        elif kind == "separate" and self._instructions:
            self._instructions[-1] = False
        elif kind == "end" and self._instructions:
            self._instructions.pop()

    def _drawing(self, drawing: etree._Element) -> Iterator[Picture]:
        """Its pictures here; the text of its boxes after the paragraph."""
        extent = next(drawing.iter("{*}extent"), None)
        sides = [_whole(attribute(extent, side)) / _EMU for side in ("cx", "cy")] if extent is not None else [0.0, 0.0]
        inside_box: set[etree._Element] = set()
        for one in drawing.iter():
            if one in inside_box:
                continue
            name = local(one)
            if name == "txbxContent":
                self._beside += self.blocks(one)
                inside_box.update(one.iter())
            elif name == "Fallback":
                inside_box.update(one.iter())
            elif name in {"blip", "imagedata"}:
                number = attribute(one, "embed") or attribute(one, "id")
                yield Picture(self._document.picture(self._related, number), *sides)
            elif name == "textpath" and attribute(one, "string"):
                self._beside.append(Paragraph((Run(attribute(one, "string")),)))
            elif name in _GRAPHICS:
                yield Picture(b"")

    def _table(self, table: etree._Element) -> Table:
        properties = child(table, "tblPr")
        edges = child(properties, "tblBorders")
        drawn = {attribute(edge, "val") for edge in edges} - {"none", "nil", ""} if edges is not None else set()
        styled = edges is None and child(properties, "tblStyle") is not None
        return Table(tuple(self._rows(table)), borders=bool(drawn) or styled)

    def _rows(self, container: etree._Element) -> Iterator[tuple[Cell, ...]]:
        for one in container:
            if local(one) == "tr":
                if child(one, "trPr", "del") is None:
                    yield tuple(self._cells(one))
            elif local(one) in _THROUGH:
                yield from self._rows(one)

    def _cells(self, row: etree._Element) -> Iterator[Cell]:
        for one in row:
            if local(one) == "tc":
                if child(one, "tcPr", "cellDel") is None:
                    yield self._cell(one)
            elif local(one) in _THROUGH:
                yield from self._cells(one)

    def _cell(self, one: etree._Element) -> Cell:
        properties = child(one, "tcPr")
        span, merged = child(properties, "gridSpan"), child(properties, "vMerge")
        columns = _whole(attribute(span, "val")) if span is not None else 1
        covered = merged is not None and attribute(merged, "val") != "restart"
        return Cell(() if covered else tuple(self.blocks(one)), min(max(columns, 1), _MOST_COLUMNS))


def _part(package: Package, path: str) -> etree._Element | None:
    return package.optional(path) if path else None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
