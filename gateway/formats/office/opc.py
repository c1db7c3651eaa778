"""The parts of an OOXML package (ECMA-376 part 2): names, relationships, XML. Nothing outside it is ever opened."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from gateway.formats import xmltree
from gateway.formats.archive import Archive
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.model.reasons import Reason

CONTENT_TYPES = "[content_types].xml"


@dataclass(frozen=True, slots=True)
class Relationship:
    """``type`` is the last word of its URI; ``target`` a path in the package, empty when it lies outside."""

    type: str
    target: str


class Package:
    """The parts, by their path in lower case (part names do not differ by case alone, §6.2.2.3)."""

    def __init__(self, archive: Archive, limits: Limits) -> None:
        self._archive, self._limits = archive, limits
        self._entries = {entry.path.lower(): entry for entry in archive.entries}

    def __contains__(self, path: str) -> bool:
        return path.lower() in self._entries

    def data(self, path: str) -> bytes:
        """The bytes of a part. FormatError UNREADABLE when it is absent."""
        entry = self._entries.get(path.lower())
        if entry is None:
            raise FormatError(Reason.UNREADABLE, "Le document bureautique est incomplet.")
        return self._archive.read(entry)

    def xml(self, path: str) -> etree._Element:
        """A part parsed. FormatError."""
        return xmltree.parse(self.data(path), self._limits)

    def optional(self, path: str) -> etree._Element | None:
        """The same; None when the part is absent."""
        return self.xml(path) if path in self else None

    def relationships(self, path: str) -> dict[str, Relationship]:
        """Those of a part (empty path: of the package), by their id."""
        folder, _, name = path.rpartition("/")
        root = self.optional(f"{folder}/_rels/{name}.rels".lstrip("/"))
        found = root if root is not None else ()
        return {xmltree.attribute(one, "Id"): _relationship(one, folder) for one in found if xmltree.local(one)}

    def content_types(self) -> frozenset[str]:
        """The media types of the parts, in lower case."""
        root = self.optional(CONTENT_TYPES)
        return frozenset(xmltree.attribute(one, "ContentType").lower() for one in (root if root is not None else ()))


def _relationship(element: etree._Element, folder: str) -> Relationship:
    kind = xmltree.attribute(element, "Type").rpartition("/")[2]
    target = unquote(xmltree.attribute(element, "Target")).partition("#")[0]
    if xmltree.attribute(element, "TargetMode").lower() == "external":
        return Relationship(kind, "")
    joined = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    return Relationship(kind, joined)
