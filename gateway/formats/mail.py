"""A whole mail: its envelope and every document in it, copies and accessories set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from gateway.formats import VERSION, containers, copies, dangers, drafts
from gateway.formats.added import with_beside
from gateway.formats.archive import Budget
from gateway.formats.copies import Original
from gateway.formats.draft import Context, Draft, altered, refused
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.mails import envelope, kinds, mime, reports
from gateway.formats.mails.headers import Fields
from gateway.formats.mails.part import Part, uuencoded
from gateway.formats.office import words
from gateway.formats.pages import datamatrix, pdf
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Carrier, DocumentReading, Envelope, MailReading
from gateway.model.reasons import Ignored, Reason

#: The messages that some programs send as text.
_LETTERS = frozenset({Kind.HPRIM_MEDECIN, Kind.HPRIM_SANTE, Kind.HL7V2})


def read(raw: bytes, *, schema: etree.XMLSchema | None = None, limits: Limits = DEFAULT) -> MailReading:
    """Read a mail (RFC 5322 bytes). Never raises for what the bytes hold: a problem is in the answer.

    ``schema``, when given, is the CDA schema against which each CDA is checked (``schema_errors``).
    """
    try:
        fields, parts = mime.split(raw, limits)
    except FormatError as error:
        return MailReading(VERSION, Envelope(), (), problem=error.reason, detail=error.detail)
    stated = envelope.read(fields, parts, limits)
    if kinds.is_report(fields, parts, stated):
        return MailReading(VERSION, stated, (), ignored=Ignored.REPORT, report=reports.read(raw, limits))
    context = Context(limits, schema, envelope.markup(parts), Budget(limits))
    repeated = kinds.is_automatic_reply(fields)
    found = with_beside([draft for part in parts for draft in _of_part(part, context, repeated=repeated)])
    documents = _numbered(_under_signatures(_settled(found, limits), parts))
    if any(document.ignored is not Ignored.NOT_A_DOCUMENT for document in documents):
        return MailReading(VERSION, stated, documents)
    if kinds.is_automatic_answer(fields, stated):
        return MailReading(VERSION, stated, documents, ignored=Ignored.REPORT)
    detail = "Le message ne contient aucun document à classer."
    return MailReading(VERSION, stated, documents, problem=Reason.NO_DOCUMENT, detail=detail)


def extract(raw: bytes, part: str, *, limits: Limits = DEFAULT) -> bytes:
    """The bytes of one document, by its ``DocumentReading.part``. FormatError when the mail has no such part."""
    path, *inside = part.split("!")
    path, _, place = path.partition("~")
    leaf = next((one for one in mime.split(raw, limits)[1] if one.path == path), None)
    if leaf is None:
        raise _absent()
    data = leaf.decoded()
    if place:
        files = uuencoded(data)
        if not place.isdecimal() or int(place) >= len(files):
            raise _absent()
        data = files[int(place)][1]
    for index in inside:
        data = containers.member(data, int(index) if index.isdecimal() else -1, limits)
    return data


def _of_part(part: Part, context: Context, *, repeated: bool) -> list[Draft]:
    if part.too_deep:
        return [drafts.unopened(part)]
    data = part.decoded()
    if not envelope.is_body(part):
        return drafts.of_part(part, data, context)
    files = uuencoded(data)
    if files:
        named = ((_uuencoded(part, number, name), content) for number, (name, content) in enumerate(files))
        return [draft for inner, content in named for draft in drafts.of_part(inner, content, context)]
    kind = sniff(data)
    repeated = kind in _LETTERS and (repeated or kinds.is_quoted(kind, data))
    if kind in _LETTERS and not repeated:
        return drafts.body_document(part.path, kind, data, part.text(context.limits.document_text), context)
    if (repeated or envelope.is_words(part, data)) and not dangers.is_test_virus(data):
        return []
    return drafts.of_part(part, data, context)


def _uuencoded(part: Part, number: int, name: str) -> Part:
    """A file inside a text as a part of its own."""
    fields = Fields((("content-disposition", f'attachment; filename="{name}"'),))
    return replace(part, path=f"{part.path}~{number}", fields=fields)


def _settled(found: Sequence[Draft], limits: Limits) -> list[DocumentReading]:
    """Open the PDFs, set the copies aside, and empty attachments too where the mail has a document."""
    cdas = [Original.of(draft.cda, draft.reading.filename, limits) if draft.cda else None for draft in found]
    originals = tuple(original for original in cdas if original)
    pdfs = sum(1 for draft in found if draft.pdf)
    readings = [
        _with_words(draft.reading, original)
        if original
        else _settle(draft, originals, limits, as_many=pdfs <= len(originals))
        for draft, original in zip(found, cdas, strict=True)
    ]
    if any(reading.problem is None and reading.ignored is None for reading in readings):
        readings = [_empty_set_aside(reading) for reading in readings]
    return readings


def _with_words(reading: DocumentReading, original: Original) -> DocumentReading:
    """The rules look for their words in the body of a CDA too, also where it is a PDF."""
    if reading.problem is not None:
        return reading
    try:
        return replace(reading, text=original.text)
    except FormatError as error:
        return refused(reading, error)


def _settle(draft: Draft, originals: tuple[Original, ...], limits: Limits, *, as_many: bool) -> DocumentReading:
    reading = draft.reading
    if not draft.pdf:
        return _unless_copy(reading, originals)
    if reading.problem is None and copies.same_bytes(reading.sha256, originals):
        return replace(reading, ignored=Ignored.COPY)
    try:
        found = pdf.read(draft.pdf, limits)
    except FormatError as error:
        return refused(reading, error)
    reading = replace(
        reading, text=found.text, pages=found.pages, text_source=found.source, image_only=found.image_only
    )
    if copies.find(reading.sha256, reading.filename, found.text, originals, as_many=as_many):
        return replace(reading, ignored=Ignored.COPY, problem=None, detail="")
    if reading.image_only:  # its symbols are looked for when its words are
        return reading
    ends = {0, found.pages - 1} & set(found.drawn)
    return replace(reading, symbols=datamatrix.of_pdf(draft.pdf, sorted(ends), limits))


def _unless_copy(reading: DocumentReading, originals: tuple[Original, ...]) -> DocumentReading:
    """A letter of a word processor may say the same as a CDA, as a PDF may."""
    letter = reading.media_type in words.KINDS and reading.problem is None and reading.ignored is None
    if letter and copies.find(reading.sha256, reading.filename, reading.text, originals, as_many=False):
        return replace(reading, ignored=Ignored.COPY)
    return reading


def _empty_set_aside(reading: DocumentReading) -> DocumentReading:
    if reading.size or reading.carrier is not Carrier.OTHER:
        return reading
    return replace(reading, ignored=Ignored.NOT_A_DOCUMENT, problem=None, detail="")


def _under_signatures(readings: Sequence[DocumentReading], parts: Sequence[Part]) -> list[DocumentReading]:
    states = {part.path: part.signature for part in parts}
    return [altered(one, states[one.part.partition("!")[0].partition("~")[0]]) for one in readings]


def _numbered(readings: Sequence[DocumentReading]) -> tuple[DocumentReading, ...]:
    return tuple(replace(reading, ordinal=number) for number, reading in enumerate(readings, 1))


def _absent() -> FormatError:
    return FormatError(Reason.UNREADABLE, "Ce document n'est pas dans le message.")
