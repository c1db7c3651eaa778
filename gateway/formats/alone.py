"""One file that holds no other: a CDA, a PDF, a picture, a letter of a word processor, a text."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.formats import dangers, rendition
from gateway.formats.clinical import cda
from gateway.formats.draft import Context, Draft, refused
from gateway.formats.errors import FormatError
from gateway.formats.office import words
from gateway.formats.pages import raster
from gateway.formats.sniff import IMAGES, Kind, sniff
from gateway.model.documents import Action, Carrier, DocumentReading
from gateway.model.reasons import Reason

_UNSUPPORTED: Final = "Ce format de fichier n'est pas encore lu par la passerelle ; une personne doit l'ouvrir."
#: Formats that would be read if they were what their name announces: other bytes under it are damage.
_ANNOUNCED: Final = frozenset({"pdf", "zip", "xml", "jpg", "jpeg", "png", "tif", "tiff", "docx", "odt", "rtf"})


def of_file(reading: DocumentReading, kind: Kind, data: bytes, context: Context) -> Draft:
    """The draft of a file of this kind. FormatError."""
    if kind is Kind.PDF:
        return Draft(replace(reading, carrier=Carrier.PDF), pdf=data)
    if kind in IMAGES:
        pages = raster.count(data, kind, context.limits)
        return Draft(replace(reading, pages=pages, image_only=True, rendition=rendition.media_type(kind, data)))
    if kind is Kind.OLE:
        raise words.legacy(data)
    return of_words(reading, kind, data, context) if kind in words.KINDS else Draft(_not_read(reading, kind))


def of_words(reading: DocumentReading, kind: Kind, data: bytes, context: Context) -> Draft:
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


def of_cda(reading: DocumentReading, data: bytes, context: Context) -> Draft:
    """The draft of a CDA, what is wrong with it included."""
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


def _not_read(reading: DocumentReading, kind: Kind) -> DocumentReading:
    if kind is Kind.EMPTY:
        return replace(reading, problem=Reason.UNREADABLE, detail="La pièce jointe est vide.")
    extension = reading.filename.rpartition(".")[2].lower()
    if kind is Kind.UNKNOWN and extension in _ANNOUNCED:
        return replace(reading, problem=Reason.UNREADABLE, detail="Le fichier est abîmé : son contenu est illisible.")
    return replace(reading, problem=Reason.UNSUPPORTED_FORMAT, detail=_UNSUPPORTED)
