"""From one carried file to the documents in it; PDFs wait until every CDA of the mail is known (copies)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from gateway.formats import containers, dangers, rendition, xmltree
from gateway.formats.archive import Archive, Budget, Entry
from gateway.formats.clinical import cda, xdm
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import kinds, smime
from gateway.formats.mails.part import Part
from gateway.formats.messages.message import Inner, Message
from gateway.formats.office import words
from gateway.formats.pages import raster
from gateway.formats.sniff import IMAGES, Kind, sniff
from gateway.model.documents import Action, Carrier, DocumentReading, Visibility
from gateway.model.reasons import Ignored, Reason

_OFFICE: Final = frozenset({"[content_types].xml", "mimetype"})
_PROGRAM: Final = "meta-inf/manifest.mf"
_STRICTNESS: Final = ("", "N", "R", "V")
_UNSUPPORTED: Final = "Ce format de fichier n'est pas encore lu par la passerelle ; une personne doit l'ouvrir."
_ALTERED: Final = (
    "La signature électronique du message n'est pas celle de son contenu, qui a pu être modifié en chemin ; "
    "demandez au correspondant un nouvel envoi."
)
#: Formats that would be read if they were what their name announces: other bytes under it are damage.
_ANNOUNCED: Final = frozenset({"pdf", "zip", "xml", "jpg", "jpeg", "png", "tif", "tiff", "docx", "odt", "rtf"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A reading in the making. ``pdf`` are the bytes of a PDF not opened yet, ``cda`` the CDA as read.

    ``message`` is the message that names files beside it.
    """

    reading: DocumentReading
    pdf: bytes = b""
    cda: cda.CdaReading | None = None
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What the reading of each part needs to know of the mail: ``html`` is its HTML text, where logos are shown.

    ``budget`` is what its archives may still unfold to.
    """

    limits: Limits
    schema: etree.XMLSchema | None
    html: str
    budget: Budget


def of_part(part: Part, data: bytes, context: Context) -> list[Draft]:
    """The documents of one attached file."""
    kind = sniff(data)
    try:
        dangers.refuse(data, kind, part.filename)
    except FormatError as error:
        return [Draft(refused(_plain(part.path, part.filename, kind, data), error))]
    if kinds.is_accessory(part, kind, data, context.html):
        reading = replace(_plain(part.path, part.filename, kind, data), ignored=Ignored.NOT_A_DOCUMENT)
        return [Draft(reading)]
    return of_bytes(part.path, part.filename, kind, data, context, depth=0)


def of_bytes(path: str, name: str, kind: Kind, data: bytes, context: Context, *, depth: int) -> list[Draft]:
    """The documents of bytes already found harmless."""
    reading = _plain(path, name, kind, data)
    if kind in kinds.NEVER:
        return [Draft(replace(reading, ignored=Ignored.NOT_A_DOCUMENT))]
    try:
        if kind is Kind.ZIP:
            return _of_zip(reading, data, context, depth=depth)
        if kind is Kind.CDA:
            return [_of_cda(reading, data, context)]
        if kind is Kind.XML:
            xmltree.parse(data, context.limits)
        if kind in containers.MESSAGES:
            return _of_message(reading, kind, data, context, depth=depth)
        if kind in containers.PACKAGES:
            return _of_package(reading, kind, data, context, depth=depth)
        return [_of_file_alone(reading, kind, data, context)]
    except FormatError as error:
        return [Draft(refused(reading, error))]


def refused(reading: DocumentReading, error: FormatError) -> DocumentReading:
    """The reading with what is wrong."""
    return replace(reading, problem=error.reason, detail=error.detail)


def altered(reading: DocumentReading, signature: str) -> DocumentReading:
    """A document under a signature that is not that of its content waits for a person: nobody answers for it."""
    if signature != smime.INVALID or reading.problem is not None or reading.ignored is not None:
        return reading
    return replace(reading, problem=Reason.UNTRUSTED_SENDER, detail=_ALTERED)


def with_beside(found: Sequence[Draft]) -> list[Draft]:
    """Give the files that travel beside a message what it says of them; it is then no document if it only names them.

    A message that only names a file which is not there is UNREADABLE.
    """
    messages = [draft.message for draft in found if draft.message]
    carried = [draft.reading.filename for draft in found if draft.message is None]
    return [
        _named_by(draft, messages) if draft.message is None else _set_aside(draft, draft.message, carried)
        for draft in found
    ]


def body_document(path: str, kind: Kind, data: bytes, text: str, context: Context) -> list[Draft]:
    """The documents of a text of the mail itself (HPRIM, HL7)."""
    found = of_bytes(path, "", kind, data, context, depth=0)
    return [replace(one, reading=_from_body(one.reading, text)) for one in found]


def unopened(part: Part) -> Draft:
    """A part nested too deep to be opened."""
    reading = _plain(part.path, part.filename, Kind.UNKNOWN, part.decoded())
    return Draft(refused(reading, FormatError(Reason.UNSAFE, "Le message est imbriqué de façon anormale.")))


def _plain(path: str, name: str, kind: Kind, data: bytes) -> DocumentReading:
    return DocumentReading(
        ordinal=0,
        carrier=Carrier.OTHER,
        part=path,
        filename=name,
        media_type=kind.value,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sha1=hashlib.sha1(data, usedforsecurity=False).hexdigest(),
    )


def _not_read(reading: DocumentReading, kind: Kind) -> DocumentReading:
    if kind is Kind.EMPTY:
        return replace(reading, problem=Reason.UNREADABLE, detail="La pièce jointe est vide.")
    extension = reading.filename.rpartition(".")[2].lower()
    if kind is Kind.UNKNOWN and extension in _ANNOUNCED:
        return replace(reading, problem=Reason.UNREADABLE, detail="Le fichier est abîmé : son contenu est illisible.")
    return replace(reading, problem=Reason.UNSUPPORTED_FORMAT, detail=_UNSUPPORTED)


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
    return [replace(file, reading=_with_message(file.reading, message), message=kept) for file in files]


def _named_by(draft: Draft, messages: Sequence[Message]) -> Draft:
    owners = (m for m in messages if any(_is_called(draft.reading.filename, name) for name in m.beside))
    owner = next(owners, None)
    return replace(draft, reading=_with_message(draft.reading, replace(owner, text=""))) if owner else draft


def _set_aside(draft: Draft, message: Message, carried: Sequence[str]) -> Draft:
    if not message.only_beside or draft.reading.problem is not None:
        return draft
    if all(any(_is_called(filename, name) for filename in carried) for name in message.beside):
        return replace(draft, reading=replace(draft.reading, ignored=Ignored.NOT_A_DOCUMENT))
    detail = "Le compte rendu est dans un fichier que le message nomme, mais qui n'est pas joint."
    return replace(draft, reading=replace(draft.reading, problem=Reason.UNREADABLE, detail=detail))


def _is_called(filename: str, name: str) -> bool:
    """Whether a file bears a name, perhaps with an extension added on the way."""
    called, wanted = filename.casefold(), name.casefold()
    return called == wanted or called.startswith(f"{wanted}.")


def _stricter(one: Visibility, other: Visibility) -> Visibility:
    """Hidden from whom either says."""
    return Visibility(
        one.masked_to_professionals or other.masked_to_professionals,
        one.invisible_to_patient or other.invisible_to_patient,
        one.invisible_to_representatives or other.invisible_to_representatives,
    )


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
    plain = _plain(path, name, kind, file.data)
    try:
        dangers.refuse(file.data, kind, name)
    except FormatError as error:
        return [Draft(refused(plain, error))]
    if file.accessory:
        return [Draft(replace(plain, ignored=Ignored.NOT_A_DOCUMENT))]
    found = of_bytes(path, name, kind, file.data, context, depth=depth)
    return [replace(one, reading=altered(one.reading, file.signature)) for one in found]


def _with_message(reading: DocumentReading, message: Message) -> DocumentReading:
    """What a message adds to a document inside it, or says of itself."""
    problem, detail = reading.problem, reading.detail
    if message.cancelled and problem is None:
        problem, detail = Reason.CANCELLED_RESULT, "L'expéditeur annule ce résultat."
    return replace(
        reading,
        claims=(*message.claims, *reading.claims),
        text=reading.text or message.text,
        title=reading.title or message.title,
        type=reading.type or message.type,
        act_date=reading.act_date or message.act_date,
        final=reading.final and message.final,
        visibility=_stricter(reading.visibility, message.visibility),
        confidentiality=max(reading.confidentiality, message.confidentiality, key=_STRICTNESS.index),
        problem=problem,
        detail=detail,
    )


def _of_cda(reading: DocumentReading, data: bytes, context: Context) -> Draft:
    reading = replace(reading, carrier=Carrier.CDA)
    try:
        found = cda.read(data, context.limits, context.schema)
        dangers.refuse(found.embedded, sniff(found.embedded), "")
    except FormatError as error:
        return Draft(refused(reading, error))
    header = found.header
    filled = replace(
        reading,
        unique_id=header.unique_id,
        action=Action.REPLACE if header.related == "RPLC" else Action.CREATE,
        title=header.title,
        type=header.code,
        act_date=found.act_date,
        header=header,
        claims=found.claims,
        text=found.text,
        schema_errors=found.schema_errors,
        confidentiality=header.confidentiality,
    )
    return Draft(filled, cda=found)


def _of_file_alone(reading: DocumentReading, kind: Kind, data: bytes, context: Context) -> Draft:
    if kind is Kind.PDF:
        return Draft(replace(reading, carrier=Carrier.PDF), pdf=data)
    if kind in IMAGES:
        pages = raster.count(data, kind, context.limits)
        return Draft(replace(reading, pages=pages, image_only=True, rendition=rendition.media_type(kind, data)))
    if kind is Kind.OLE:
        raise words.legacy(data)
    return _of_words(reading, kind, data, context) if kind in words.KINDS else Draft(_not_read(reading, kind))


def _of_words(reading: DocumentReading, kind: Kind, data: bytes, context: Context) -> Draft:
    """A letter of a word processor, or a plain text."""
    reading = replace(reading, media_type=kind.value)
    found = words.read(kind, data, context.limits)
    if not found.text.strip() and not found.pictures:
        raise FormatError(Reason.UNREADABLE, "Le document est vide.")
    travels = rendition.media_type(kind, data)
    if not found.text.strip() and travels != rendition.PDF:
        detail = "Ce document n'est fait que d'images, que la passerelle ne lit pas ; une personne doit l'ouvrir."
        raise FormatError(Reason.UNSUPPORTED_FORMAT, detail)
    return Draft(replace(reading, text=found.text.strip(), image_only=not found.text.strip(), rendition=travels))


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
        return [_of_words(reading, office, data, context)]
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
        yield replace(draft, reading=_with_metadata(draft.reading, file))


def _with_metadata(reading: DocumentReading, file: xdm.XdmFile) -> DocumentReading:
    """What METADATA.XML adds to a document; a disagreement with the CDA is MALFORMED_XDM."""
    if reading.carrier in {Carrier.CDA, Carrier.XDM}:
        reading = replace(reading, carrier=Carrier.XDM)
        if reading.problem is Reason.UNREADABLE:
            reading = replace(reading, problem=Reason.MALFORMED_XDM)
    if file.problem and reading.problem not in {Reason.UNSAFE, Reason.ENCRYPTED}:
        reading = replace(reading, problem=file.problem, detail=file.detail)
    if file.metadata is None:
        return reading
    stated = file.metadata
    levels = [reading.confidentiality, *stated.confidentiality]
    reading = replace(
        reading,
        metadata_claim=stated.claim,
        visibility=stated.visibility,
        action=reading.action if stated.action is Action.CREATE else stated.action,
        unique_id=reading.unique_id or stated.unique_id,
        type=reading.type or (None if reading.problem else stated.type),
        title=reading.title or stated.title,
        act_date=reading.act_date or stated.start_time,
        confidentiality=max((level for level in levels if level in _STRICTNESS), key=_STRICTNESS.index, default=""),
    )
    if reading.header and stated.unique_id and stated.unique_id != reading.unique_id and reading.problem is None:
        detail = "METADATA.XML et le document ne portent pas le même identifiant."
        reading = replace(reading, problem=Reason.MALFORMED_XDM, detail=detail)
    return reading
