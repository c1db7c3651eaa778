"""From one carried file to the documents in it; PDFs wait until every CDA of the mail is known (copies)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gateway.formats import alone, containers, dangers, rendition, xmltree
from gateway.formats.added import with_message, with_metadata
from gateway.formats.archive import Archive, Entry
from gateway.formats.clinical import xdm
from gateway.formats.draft import Context, Draft, altered, plain, refused
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import kinds
from gateway.formats.mails.part import Part
from gateway.formats.messages.message import Inner
from gateway.formats.office import words
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Carrier, DocumentReading
from gateway.model.reasons import Ignored, Reason

_OFFICE: Final = frozenset({"[content_types].xml", "mimetype"})
_PROGRAM: Final = "meta-inf/manifest.mf"


def of_part(part: Part, data: bytes, context: Context) -> list[Draft]:
    """The documents of one attached file."""
    kind = sniff(data)
    try:
        dangers.refuse(data, kind, part.filename)
    except FormatError as error:
        return [Draft(refused(plain(part.path, part.filename, kind, data), error))]
    if kinds.is_accessory(part, kind, data, context.html):
        reading = replace(plain(part.path, part.filename, kind, data), ignored=Ignored.NOT_A_DOCUMENT)
        return [Draft(reading)]
    return of_bytes(part.path, part.filename, kind, data, context, depth=0)


def of_bytes(path: str, name: str, kind: Kind, data: bytes, context: Context, *, depth: int) -> list[Draft]:
    """The documents of bytes already found harmless."""
    reading = plain(path, name, kind, data)
    if kind in kinds.NEVER:
        return [Draft(replace(reading, ignored=Ignored.NOT_A_DOCUMENT))]
    try:
        if kind is Kind.ZIP:
            return _of_zip(reading, data, context, depth=depth)
        if kind is Kind.CDA:
            return [alone.of_cda(reading, data, context)]
        if kind is Kind.XML:
            xmltree.parse(data, context.limits)
        if kind in containers.MESSAGES:
            return _of_message(reading, kind, data, context, depth=depth)
        if kind in containers.PACKAGES:
            return _of_package(reading, kind, data, context, depth=depth)
        return [alone.of_file(reading, kind, data, context)]
    except FormatError as error:
        return [Draft(refused(reading, error))]


def body_document(path: str, kind: Kind, data: bytes, text: str, context: Context) -> list[Draft]:
    """The documents of a text of the mail itself (HPRIM, HL7)."""
    found = of_bytes(path, "", kind, data, context, depth=0)
    return [replace(one, reading=_from_body(one.reading, text)) for one in found]


def unopened(part: Part) -> Draft:
    """A part nested too deep to be opened."""
    reading = plain(part.path, part.filename, Kind.UNKNOWN, part.decoded())
    return Draft(refused(reading, FormatError(Reason.UNSAFE, "Le message est imbriqué de façon anormale.")))


def _from_body(reading: DocumentReading, text: str) -> DocumentReading:
    carrier = Carrier.BODY if reading.carrier is Carrier.OTHER else reading.carrier
    return replace(reading, carrier=carrier, text=reading.text or text)


def _of_message(reading: DocumentReading, kind: Kind, data: bytes, context: Context, *, depth: int) -> list[Draft]:
    """Each message of a file; of one message, the files inside it or else itself."""
    form = containers.MESSAGES[kind]
    cut = form.split(data, context.limits)
    if len(cut) > 1:
        return _of_inner(reading, cut, context, depth=depth)
    message = form.read(data, context.limits)
    message = replace(message, text=message.text[: context.limits.document_text])
    itself = [Draft(replace(reading, rendition=rendition.TEXT))]
    files = _of_inner(reading, message.embedded, context, depth=depth) if message.embedded else itself
    kept = message if message.beside else None
    return [replace(file, reading=with_message(file.reading, message), message=kept) for file in files]


def _of_package(reading: DocumentReading, kind: Kind, data: bytes, context: Context, *, depth: int) -> list[Draft]:
    """Each file of a package that says nothing of its own."""
    files = containers.PACKAGES[kind](data, context.limits)
    context.budget.spend(len(files), sum(len(file.data) for file in files))
    if not files:
        return [Draft(replace(reading, ignored=Ignored.NOT_A_DOCUMENT))]
    return _of_inner(reading, files, context, depth=depth)


def _of_inner(reading: DocumentReading, files: Sequence[Inner], context: Context, *, depth: int) -> list[Draft]:
    _refuse_nesting(depth, context.limits)
    return [
        draft
        for index, file in enumerate(files)
        for draft in _of_one(f"{reading.part}!{index}", file.name or reading.filename, file, context, depth=depth + 1)
    ]


def _refuse_nesting(depth: int, limits: Limits) -> None:
    if depth > limits.zip_depth:
        raise FormatError(Reason.UNSAFE, "Des fichiers sont imbriqués de façon anormale.")


def _of_one(path: str, name: str, file: Inner, context: Context, *, depth: int) -> list[Draft]:
    kind = sniff(file.data)
    unopened_yet = plain(path, name, kind, file.data)
    try:
        dangers.refuse(file.data, kind, name)
    except FormatError as error:
        return [Draft(refused(unopened_yet, error))]
    if file.accessory:
        return [Draft(replace(unopened_yet, ignored=Ignored.NOT_A_DOCUMENT))]
    found = of_bytes(path, name, kind, file.data, context, depth=depth)
    return [replace(one, reading=altered(one.reading, file.signature)) for one in found]


def _of_zip(reading: DocumentReading, data: bytes, context: Context, *, depth: int) -> list[Draft]:
    _refuse_nesting(depth, context.limits)
    try:
        opened = Archive(data, context.limits)
        context.budget.spend(len(opened.entries), sum(entry.size for entry in opened.entries))
        names = [entry.path for entry in opened.entries]
        is_xdm = xdm.looks_like(names, reading.filename)
        files = _harmless(opened, names, is_xdm=is_xdm)
        office = None if is_xdm else words.kind_of(opened, context.limits)
    except FormatError as error:
        broken = error.reason is Reason.UNREADABLE and (xdm.claims_to_be(reading.filename) or b"IHE_XDM" in data)
        reason = Reason.MALFORMED_XDM if broken else error.reason
        carrier = Carrier.XDM if broken else Carrier.OTHER
        return [Draft(replace(refused(reading, error), problem=reason, carrier=carrier))]
    if office is not None:
        return [alone.of_words(reading, office, data, context)]
    if is_xdm:
        return _of_xdm(reading, files, context, depth=depth)
    return [draft for file in files for draft in _of_entry(reading.part, *file, context, depth=depth)] or [
        Draft(replace(reading, problem=Reason.UNREADABLE, detail="L'archive est vide."))
    ]


def _harmless(opened: Archive, names: Sequence[str], *, is_xdm: bool) -> list[tuple[Entry, bytes]]:
    """Every file of the archive, once none of them is dangerous: one is enough to refuse the whole.

    The INDEX.HTM and the style sheets of an XDM may hold scripts: they are never shown.
    """
    dangers.refuse_macros(names)
    if _PROGRAM in {name.lower() for name in names}:
        raise FormatError(Reason.UNSAFE, "La pièce jointe est un programme ; elle n'a pas été ouverte.")
    files = [(entry, opened.read(entry)) for entry in opened.entries]
    if _OFFICE & {name.lower() for name in names}:
        dangers.refuse_active([(entry.path, data) for entry, data in files])
    for entry, data in files:
        kind = sniff(data)
        companion = is_xdm and kind in {Kind.HTML, Kind.XML}
        dangers.refuse(data, Kind.UNKNOWN if companion else kind, entry.name)
    return files


def _of_entry(path: str, entry: Entry, data: bytes, context: Context, *, depth: int) -> list[Draft]:
    return of_bytes(f"{path}!{entry.index}", entry.name, sniff(data), data, context, depth=depth + 1)


def _of_xdm(
    reading: DocumentReading, files: Sequence[tuple[Entry, bytes]], context: Context, *, depth: int
) -> list[Draft]:
    try:
        found = xdm.documents(files, context.limits)
    except FormatError as error:
        return [Draft(replace(refused(reading, error), carrier=Carrier.XDM))]
    return [draft for file in found for draft in _of_file(reading, file, context, depth=depth)]


def _of_file(archived: DocumentReading, file: xdm.XdmFile, context: Context, *, depth: int) -> Iterator[Draft]:
    if file.entry is None:
        drafts = [Draft(replace(archived, carrier=Carrier.XDM))]
    else:
        drafts = _of_entry(archived.part, file.entry, file.data, context, depth=depth)
    for draft in drafts:
        yield replace(draft, reading=with_metadata(draft.reading, file))
