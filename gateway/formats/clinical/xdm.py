"""XDM archives: which file is which document, in every layout seen (spec/mssante/mssante-mail.md §3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.formats.archive import Entry
from gateway.formats.clinical import xdm_metadata
from gateway.formats.clinical.xdm_metadata import EntryMetadata
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.sniff import IMAGES, Kind, sniff
from gateway.model.reasons import Reason

_TREE = "ihe_xdm"
_METADATA = "metadata.xml"
_STYLES = (".xsl", ".xslt", ".xsd", ".css")
#: What goes with an XDM archive without being a document, unless METADATA.XML lists it: README, INDEX, style sheets.
_COMPANIONS = frozenset({Kind.TEXT, Kind.HTML, Kind.XML, Kind.EMPTY, Kind.UNKNOWN}) | IMAGES


@dataclass(frozen=True, slots=True)
class XdmFile:
    """One document of an archive. ``entry`` is None when the file that METADATA.XML names is not there.

    ``metadata`` is None for a file that METADATA.XML does not list (or when it cannot be read).
    """

    entry: Entry | None
    data: bytes
    metadata: EntryMetadata | None = None
    problem: Reason | None = None
    detail: str = ""


def looks_like(names: Sequence[str], filename: str) -> bool:
    """Whether an archive with these paths means to be an XDM: its tree, its METADATA.XML or its own name say so.

    So do INDEX.HTM and README.TXT together, which only an XDM must have at its root (IHE ITI TF-2, 3.32.4.1.2).
    """
    lower = [name.lower() for name in names]
    if {"index.htm", "readme.txt"} <= set(lower):
        return True
    inside = any(_TREE in path.split("/")[:-1] or path.rpartition("/")[2] == _METADATA for path in lower)
    return inside or claims_to_be(filename)


def claims_to_be(filename: str) -> bool:
    """Whether a file name announces an XDM archive."""
    return "xdm" in filename.lower()


def documents(files: Sequence[tuple[Entry, bytes]], limits: Limits) -> tuple[XdmFile, ...]:
    """The documents, listed ones first. FormatError: UNSAFE (METADATA.XML with a DTD) or MALFORMED_XDM (nothing)."""
    found: list[XdmFile] = []
    claimed: set[int] = set()
    defect = "" if (subsets := _subsets(files)) else "Il manque le fichier METADATA.XML dans l'archive."
    for entry, data in subsets:
        claimed.add(entry.index)
        try:
            listed = xdm_metadata.read(data, limits)
        except FormatError as error:
            if error.reason is Reason.UNSAFE:
                raise
            defect = error.detail
            continue
        for one in (_resolve(metadata, entry.folder, files, len(listed)) for metadata in listed):
            if one.entry is None or one.entry.index not in claimed:
                found.append(one)
                claimed |= {one.entry.index} if one.entry else set()
    found += _unlisted(files, claimed, defect or "METADATA.XML ne décrit pas ce document de l'archive.")
    if not found:
        raise FormatError(Reason.MALFORMED_XDM, defect or "L'archive ne contient aucun document.")
    return tuple(found)


def _subsets(files: Sequence[tuple[Entry, bytes]]) -> list[tuple[Entry, bytes]]:
    """Every METADATA.XML, those below IHE_XDM alone when there are any there."""
    every = [(entry, data) for entry, data in files if entry.name.lower() == _METADATA]
    inside = [(entry, data) for entry, data in every if _TREE in entry.folder.lower().split("/")]
    return inside or every


def _resolve(
    metadata: EntryMetadata, folder: str, files: Sequence[tuple[Entry, bytes]], documents_listed: int
) -> XdmFile:
    match = _find(metadata, folder, files, documents_listed)
    if match is None:
        detail = "Un document décrit par METADATA.XML n'est pas dans l'archive."
        return XdmFile(None, b"", metadata, Reason.MALFORMED_XDM, detail)
    entry, data = match
    if not metadata.agrees_with(data):
        detail = "Le document n'a pas la taille ou l'empreinte annoncées par METADATA.XML."
        return XdmFile(entry, data, metadata, Reason.MALFORMED_XDM, detail)
    return XdmFile(entry, data, metadata)


def _find(
    metadata: EntryMetadata, folder: str, files: Sequence[tuple[Entry, bytes]], documents_listed: int
) -> tuple[Entry, bytes] | None:
    """By its URI, relative to METADATA.XML, to any folder above it, then to the root; without URI by its hash."""
    if not metadata.uri:
        exact = [(e, d) for e, d in files if metadata.hash and metadata.agrees_with(d)]
        candidates = exact or [(e, d) for e, d in files if sniff(d) is Kind.CDA]
        return candidates[0] if len(candidates) == 1 and (exact or documents_listed == 1) else None
    uri = metadata.uri.removeprefix("./").lstrip("/").casefold()
    if ".." in uri.split("/"):
        raise FormatError(Reason.UNSAFE, "METADATA.XML désigne un fichier hors de l'archive.")
    paths = {entry.path.casefold(): (entry, data) for entry, data in files}
    return next((paths[place] for place in _places(folder.casefold(), uri) if place in paths), None)


def _places(folder: str, uri: str) -> Iterator[str]:
    while folder:
        yield f"{folder}/{uri}"
        folder = folder.rpartition("/")[0]
    yield uri


def _unlisted(files: Sequence[tuple[Entry, bytes]], claimed: set[int], detail: str) -> Iterator[XdmFile]:
    for entry, data in files:
        if entry.index in claimed or entry.name.lower() == _METADATA:
            continue
        if entry.name.lower().endswith(_STYLES):
            continue
        kind = sniff(data)
        if kind is Kind.CDA:
            yield XdmFile(entry, data, None, Reason.MALFORMED_XDM, detail)
        elif kind not in _COMPANIONS:
            yield XdmFile(entry, data)
