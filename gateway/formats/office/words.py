"""The way into office and text files: what they are, their words, their blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.formats import charset
from gateway.formats.archive import Archive
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.office import blocks, docx, html, odt, rtf
from gateway.formats.office.blocks import Block
from gateway.formats.office.opc import CONTENT_TYPES, Package
from gateway.formats.sniff import Kind, sniff
from gateway.model.reasons import Reason

#: What is read here.
KINDS: Final = frozenset({Kind.DOCX, Kind.ODT, Kind.HTML, Kind.RTF, Kind.TEXT})

_WORD: Final = re.compile(r"wordprocessingml\.(?:document|template)(?:\.main)?\+xml")
_ODT: Final = re.compile(rb"application/vnd\.oasis\.opendocument\.text(?:-template|-master|-web)?\s*$")
_OTHERS: Final = (
    ("spreadsheet", "un classeur (Excel, Calc)"),
    ("vnd.ms-excel", "un classeur Excel"),
    ("presentation", "une présentation (PowerPoint, Impress)"),
    ("vnd.ms-powerpoint", "une présentation PowerPoint"),
    ("opendocument.graphics", "un dessin"),
    ("visio", "un dessin Visio"),
    ("epub", "un livre EPUB"),
    ("xps", "un document XPS"),
)
_PAGES: Final = "index/document.iwa"
_STREAMS: Final = (
    ("WordDocument", "un document Word d'ancien format (.doc)"),
    ("Workbook", "un classeur Excel d'ancien format (.xls)"),
    ("PowerPoint Document", "une présentation PowerPoint d'ancien format (.ppt)"),
    ("__properties_version1.0", "un message Outlook (.msg)"),
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Words:
    """The text, bounded, and whether there are pictures beside it."""

    text: str
    pictures: bool = False


def kind_of(archive: Archive, limits: Limits) -> Kind | None:
    """DOCX or ODT; None for an archive that is no office document.

    FormatError: UNSUPPORTED_FORMAT for other office documents, UNSAFE for one that may hold macros.
    """
    paths = {entry.path.lower() for entry in archive.entries}
    if CONTENT_TYPES in paths:
        return _ooxml(Package(archive, limits))
    if docx.MAIN in paths:
        return Kind.DOCX
    if _PAGES in paths:
        raise unsupported("un document Pages d'Apple")
    marker = next((entry for entry in archive.entries if entry.path == "mimetype"), None)
    if marker is None:
        return None
    named = archive.read(marker)[:200]
    if _ODT.match(named):
        return Kind.ODT
    raise unsupported(_called(named.decode("latin-1")))


def kind_in(data: bytes, limits: Limits) -> Kind:
    """What bytes are, office archives included. FormatError."""
    kind = sniff(data)
    return (kind_of(Archive(data, limits), limits) or kind) if kind is Kind.ZIP else kind


def read(kind: Kind, data: bytes, limits: Limits) -> Words:
    """The words of DOCX, ODT, HTML, RTF or TEXT. FormatError."""
    if kind is Kind.TEXT:
        return Words(plain(data)[: limits.document_text])
    if kind is Kind.RTF:
        return Words(rtf.read(data, limits), b"\\pict" in data)
    found = read_blocks(kind, data, limits)
    return Words(blocks.plain(found, limits), any(blocks.pictures(found)))


def read_blocks(kind: Kind, data: bytes, limits: Limits) -> tuple[Block, ...]:
    """The blocks of DOCX, ODT or HTML. FormatError."""
    return _BLOCKS[kind](data, limits)


def plain(data: bytes) -> str:
    """A plain text: its characters, one line end, no control characters."""
    text = charset.decode(data).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return _CONTROLS.sub("", text)


def unsupported(what: str) -> FormatError:
    """That nothing here reads this kind of file; ``what`` is French, with its article."""
    detail = f"La pièce jointe est {what}, que la passerelle ne lit pas ; demandez au correspondant un PDF."
    return FormatError(Reason.UNSUPPORTED_FORMAT, detail)


def legacy(data: bytes) -> FormatError:
    """The same of an OLE file, by the streams that its directory names."""
    found = (what for name, what in _STREAMS if name.encode("utf-16-le") in data)
    return unsupported(next(found, "un document bureautique d'ancien format"))


def _ooxml(package: Package) -> Kind:
    types = package.content_types()
    if any("macroenabled" in one for one in types):
        raise FormatError(Reason.UNSAFE, "Le document bureautique peut contenir des macros.")
    if docx.MAIN in package or any(_WORD.search(one) for one in types):
        return Kind.DOCX
    raise unsupported(_called(" ".join(sorted(types))))


def _called(media_type: str) -> str:
    return next((what for word, what in _OTHERS if word in media_type), "un document bureautique d'un autre format")


def _docx(data: bytes, limits: Limits) -> tuple[Block, ...]:
    return docx.read(Archive(data, limits), limits)


def _odt(data: bytes, limits: Limits) -> tuple[Block, ...]:
    return odt.read(data, Archive(data, limits) if data.startswith(b"PK") else None, limits)


_BLOCKS: Final[Mapping[Kind, Callable[[bytes, Limits], tuple[Block, ...]]]] = {
    Kind.DOCX: _docx,
    Kind.ODT: _odt,
    Kind.HTML: html.read,
}
