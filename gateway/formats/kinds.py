"""What comes with a mail without being a clinical document, and which mails are not letters at all."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from gateway.formats.headers import Fields
from gateway.formats.part import Part
from gateway.formats.sniff import IMAGES, Kind
from gateway.model.documents import Envelope

_ALTERNATIVES = frozenset({Kind.TEXT, Kind.HTML, Kind.RTF})  # the same words again, in another dress
SIGNATURE_TYPES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
    }
)
_MACHINE_TYPES = frozenset(
    {
        "message/disposition-notification",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/global-disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
    }
)
_MAILER = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|maildaemon)@", re.IGNORECASE)
_AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(r[ée]ponse automatique|automatic reply|auto(matique|matic)? ?[:-]|absence du bureau|absent du bureau|"
    r"out of office|message d'absence|lu\s*:|read\s*:|accus[ée] de (lecture|r[ée]ception)|non lu\s*:|"
    r"undeliver(ed|able)|non remis|delivery status notification|returned mail)",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"confidentiel|destinataire|disclaimer|confidential|intended recipient|antivirus|avast|imprimer ce", re.IGNORECASE
)
_EXCHANGE_NAME = re.compile(r"^ATT\d+\.(txt|htm|html)$", re.IGNORECASE)
_LETTER = re.compile(
    r"\bn[ée]{1,2}e?\b|patient|\b(mme|madame|monsieur|m\.|dr|docteur)\b|\d\d/\d\d/\d{4}", re.IGNORECASE
)
_SMALL_TEXT = 2500
_DOCUMENT_SIDE = 480  # pixels: an A4 page is 595 × 842 at 72 dpi, logos and banners are lower
_DOCUMENT_BYTES = 12_000


def is_report(root: Fields, parts: Sequence[Part], envelope: Envelope) -> bool:
    """A delivery report or a receipt (RFC 3464, RFC 8098), whatever original mail it carries back."""
    machine = any(part.media_type in _MACHINE_TYPES and not part.mails for part in parts)
    bounced = envelope.return_path == "" and bool(_MAILER.match(envelope.sender) or root.get("x-failed-recipients"))
    return machine or bounced or (root.token("content-type") == "multipart/report" and envelope.return_path == "")


def is_automatic_answer(root: Fields, envelope: Envelope) -> bool:
    """Whether a mail without document was sent by a machine."""
    marked = envelope.automatic or any(root.get(name) for name in ("x-autoreply", "x-autorespond", "x-autoresponse"))
    return marked or _AUTOMATIC_SUBJECT.match(envelope.subject) is not None


def is_automatic(root: Fields, return_path: str | None) -> bool:
    """Auto-Submitted (RFC 3834), a report, a list or bulk mail, an empty return path: never to be answered."""
    submitted = root.token("auto-submitted")
    precedence = root.token("precedence")
    return (
        (submitted not in {"", "no"})
        or root.token("content-type") == "multipart/report"
        or precedence in {"bulk", "list", "junk", "auto_reply", "auto-reply"}
        or return_path == ""
    )


def is_accessory(part: Part, kind: Kind, data: bytes, html: str) -> bool:
    """A signature, a card, an appointment, a logo, a disclaimer: beside the letter, not a letter."""
    if part.media_type in SIGNATURE_TYPES or part.media_type in _MACHINE_TYPES:
        return True
    if kind in {Kind.VCARD, Kind.CALENDAR, Kind.APPLE_DOUBLE} or part.filename.lower() in {"smime.p7s", "thumbs.db"}:
        return True
    if kind is Kind.EMPTY and not part.filename:
        return True
    if kind in _ALTERNATIVES and not part.filename and part.parents[-1:] == ("multipart/alternative",):
        return True
    if kind in IMAGES:
        return _is_decoration(part, kind, data, html)
    return kind in {Kind.TEXT, Kind.HTML} and _is_notice(part, data)


def dimensions(kind: Kind, data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF or JPEG; None when they cannot be told."""
    if kind is Kind.PNG and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if kind is Kind.GIF and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return int(width), int(height)
    return _jpeg_dimensions(data) if kind is Kind.JPEG else None


def _jpeg_dimensions(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return int(width), int(height)
        position += 1 if marker == 0xFF else 2 + int.from_bytes(data[position + 2 : position + 4])
    return None


def _is_decoration(part: Part, kind: Kind, data: bytes, html: str) -> bool:
    """An image is decoration when it is small, in pixels and, unless the text shows it, in bytes too."""
    if kind is Kind.TIFF:
        return False
    shown = bool(part.content_id) and f"cid:{part.content_id}" in html
    embedded = shown or (part.disposition != "attachment" and bool(part.content_id or part.disposition))
    sides = dimensions(kind, data)
    small = len(data) < _DOCUMENT_BYTES if sides is None else min(sides) < _DOCUMENT_SIDE
    return small and (embedded or kind is Kind.GIF or len(data) < _DOCUMENT_BYTES)


def _is_notice(part: Part, data: bytes) -> bool:
    if len(data) > _SMALL_TEXT:
        return False
    text = data.decode("utf-8", "replace")
    notice = _EXCHANGE_NAME.match(part.filename) or _DISCLAIMER.search(text)
    return notice is not None and not _LETTER.search(text)
