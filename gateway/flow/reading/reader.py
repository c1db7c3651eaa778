"""What a reader process does: it runs in a child that is confined and forgets (gateway/isolation), never in the daemon.

Requests and answers are JSON beside byte parts. Operations: read a mail, or a message of the hospital's own record;
extract one document of it, look at one that is pictures, make what travels of one, make a PDF/A-1 of a PDF, take the
PDF out of a CDA, complete the header of a received one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import lru_cache

import msgspec
from lxml import etree

from gateway import letters
from gateway.flow.reading import enclosed
from gateway.flow.reading.asked import Answer, Request
from gateway.formats import mail as mails
from gateway.formats.clinical import cda, printable
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.office import words
from gateway.formats.pages import pictures
from gateway.formats.pages.ocr import OcrMissingError
from gateway.formats.pages.pictures import PicturesReading
from gateway.formats.pdfa.convert import archive
from gateway.formats.rendition import rendition
from gateway.formats.sniff import sniff
from gateway.identity import datamatrix, hprim, text
from gateway.identity.strict import lacking
from gateway.identity.textdates import dates_of
from gateway.model.documents import DocumentReading, MailReading
from gateway.model.reasons import Reason
from gateway.protocols.cda_transform import transform

#: Bytes and number of documents handed over with a reading; beyond, each is extracted again when it is needed.
HANDED_OVER = 8 * 1024 * 1024
HANDED_OVER_DOCUMENTS = 40

#: Sources of claims that are read again when more words are.
_WORDS = frozenset({"text", "ocr", "datamatrix"})

ILLEGIBLE = "Ce document est une image, dont la passerelle n'a pas pu lire le texte."
NO_OCR = (
    "Ce document est une image, et la lecture des images n'est pas installée sur ce serveur (paquet tesseract-ocr-fra)."
)


def work(body: bytes, parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    """Do what is asked (the signature of gateway/isolation)."""
    request = msgspec.json.decode(body, type=Request)
    answer, data = _do(request, parts[0])
    return msgspec.json.encode(answer), data


def render(raw: bytes, part: str) -> bytes:
    """The rendition of one document of a mail (gateway/formats/rendition.py)."""
    data = _part(raw, part)
    return rendition(words.kind_in(data, DEFAULT), data, DEFAULT)[1]


def look(raw: bytes, one: DocumentReading, date: str) -> DocumentReading:
    """The reading of a document that is pictures, with its symbols, and its words by OCR and whom they name."""
    data = render(raw, one.part) if one.media_type in words.KINDS else _part(raw, one.part)
    try:
        seen = pictures.read(data, sniff(data), DEFAULT)
    except FormatError as error:
        return replace(one, detail=error.detail)
    except OcrMissingError:
        return replace(one, detail=NO_OCR)
    if any(not lacking(claim, with_ins=False) for claim in one.claims):
        return _with_annex(one, seen)
    if seen.text:
        said = "\n".join(filter(None, (seen.text, one.text)))
        one = replace(one, text=said, text_source="ocr", image_only=False)
        one = replace(one, claims=tuple(claim for claim in one.claims if claim.source not in _WORDS))
    one = replace(one, symbols=seen.symbols or one.symbols, detail=one.detail if seen.text else ILLEGIBLE)
    return _with_letter(_with_claims(one), _day(date))


def _with_annex(one: DocumentReading, seen: PicturesReading) -> DocumentReading:
    """A letter whose own text says who: its scanned pages may only tell of somebody else."""
    others = hprim.others(one.claims[0], seen.text, "ocr") if seen.text else ()
    shown = tuple(claim for claim in datamatrix.claims(seen.symbols) if claim not in one.claims)
    said = "\n".join(filter(None, (one.text, seen.text)))
    return replace(one, text=said, dates=dates_of(said), claims=(*one.claims, *shown, *others), image_only=False)


def _do(request: Request, raw: bytes) -> tuple[Answer, Sequence[bytes]]:
    if request.operation == "extract":
        return Answer(), [_part(raw, request.part)]
    if request.operation == "utf8":
        return Answer(), [cda.in_utf8(_part(raw, request.part))]
    if request.operation == "printable":
        return Answer(), [printable.pdf_of(_part(raw, request.part))]
    if request.operation == "archive":
        return Answer(), [archive(_part(raw, request.part)).data]
    if request.operation == "render":
        return Answer(), [render(raw, request.part)]
    if request.operation == "look" and request.document is not None:
        return Answer(document=look(raw, request.document, request.date)), []
    if request.operation == "transform" and request.completion is not None:
        document, header = transform(raw, request.completion)
        return Answer(header=header), [document]
    schema = _schema(request.schema) if request.schema else None
    return _read(raw, enclosed.read(raw, schema) if request.operation == "message" else mails.read(raw, schema=schema))


def _part(raw: bytes, part: str) -> bytes:
    """The bytes of one document, of a mail or of a message of the hospital's own record."""
    return enclosed.extract(raw, part) if part.startswith(enclosed.PREFIX) else mails.extract(raw, part)


def _read(raw: bytes, found: MailReading) -> tuple[Answer, Sequence[bytes]]:
    received = _day(found.envelope.date)
    documents = tuple(_with_letter(_with_claims(one), received) for one in found.documents)
    reading = replace(found, documents=documents)
    wanted = [one for one in reading.documents if one.ignored is None and one.problem is None]
    if sum(one.size for one in wanted) > HANDED_OVER or len(wanted) > HANDED_OVER_DOCUMENTS:
        wanted = []
    return Answer(reading, parts=tuple(one.part for one in wanted)), [_part(raw, one.part) for one in wanted]


def _with_claims(one: DocumentReading) -> DocumentReading:
    """The dates of a text, and whom it names; beside the fields of a message, only what these do not say."""
    silent = not one.text and not one.symbols
    if one.ignored is not None or one.problem is not None or silent or one.header is not None:
        return one
    one = replace(one, dates=dates_of(one.text))
    shown = datamatrix.claims(one.symbols)
    if not one.claims:
        return replace(one, claims=(*shown, *text.claims(one.text, one.text_source)))
    own = tuple(hprim.completed(claim, one.text, one.act_date) for claim in one.claims)
    return replace(one, claims=(*own, *shown, *hprim.others(own[0], one.text, one.text_source, one.act_date)))


def _with_letter(one: DocumentReading, received: str) -> DocumentReading:
    """What a letter says of itself in words, where no field says it (gateway/letters)."""
    if one.ignored is not None or one.problem is not None or not one.text or one.header is not None:
        return one
    said = letters.read(one.text, one.claims, received)
    if said.finality.withdrawn:
        return replace(one, problem=Reason.CANCELLED_RESULT, detail="Le document dit lui-même qu'il est annulé.")
    return replace(
        one,
        title=one.title or said.title,
        act_date=one.act_date or said.act_date,
        final=one.final and said.finality.final,
        guess=said.guess,
        signatories=said.signatories,
    )


def _day(written: str) -> str:
    """The day of an RFC 5322 date as YYYYMMDD; empty when it is none."""
    try:
        return parsedate_to_datetime(written).date().isoformat().replace("-", "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


@lru_cache(maxsize=1)
def _schema(path: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(path, parser))
