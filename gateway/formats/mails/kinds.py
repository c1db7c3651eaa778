"""What comes with a mail without being a clinical document, and which mails are not letters at all."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from gateway.formats import charset
from gateway.formats.mails.headers import Fields
from gateway.formats.mails.part import Part
from gateway.formats.sniff import IMAGES, Kind, sniff
from gateway.model.documents import Envelope

_ALTERNATIVES = frozenset({Kind.TEXT, Kind.HTML, Kind.RTF})  # the same words again, in another dress
SIGNATURE_TYPES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
        "application/pkix-cert",
        "application/x-x509-ca-cert",
        "application/x-x509-user-cert",
    }
)
_ARMOUR = (b"-----BEGIN PGP SIGNATURE", b"-----BEGIN PGP PUBLIC KEY", b"-----BEGIN CERTIFICATE")
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
    r"^\s*(r[ée]ponse automatique|automatic reply|auto(matique|matic|reply)? ?[:-]|absence du bureau|absent du bureau|"
    r"out of( the)? office|message d.absence|lu\s*:|read\s*:|accus[ée] de (lecture|r[ée]ception)|non lu\s*:|"
    r"automatische antwort|automatisch antwoord|abwesenheits|respuesta autom[áa]tica|"
    r"resposta autom[áa]tica|risposta automatica|gelesen\s*:|le[íi]do\s*:|letto\s*:|lido\s*:|gelezen\s*:)",
    re.IGNORECASE,
)
_REPLIES = ("x-autoreply", "x-autorespond", "x-autoresponse")
#: Above what a reply or a forward repeats, as mail programs write it.
_QUOTATION = re.compile(
    r"^[ \t]*(?:-{3,}[ \t]*(?:Message (?:d.origine|original|initial|transf|transmis)|Original Message|"
    r"Forwarded message|D[ée]but du message)|"
    r"(?:Le|On) [^\r\n]{5,200}(?:\r?\n[^\r\n]{0,100})?(?:a [ée]crit|wrote)[ \t\xa0]*:|"
    r"(?:De|From)[ \t\xa0]?:[^\r\n]{1,300}\r?\n(?:Envoy[ée]|Sent|Objet|Subject|[ÀA]|To)[ \t\xa0]?:)",
    re.IGNORECASE | re.MULTILINE,
)
_UNDELIVERED = re.compile(
    r"undeliver(ed|able)|non[ -]remis|[ée]chec de (la )?(remise|distribution)|delivery (status|failure|has failed)|"
    r"mail delivery (failed|system)|returned mail|failure notice|unzustellbar|no se puede entregar|mancato recapito|"
    r"impossible de (remettre|distribuer)",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"confidentiel|destinataire|disclaimer|confidential|intended recipient|antivirus|avast|imprimer ce", re.IGNORECASE
)
_BESIDE_NAME = re.compile(
    r"^(ATT\d+|(e-?mail[ _-]?)?signature[\w -]{0,30}|disclaimer[\w -]{0,30}|avertissement|mentions?[ _-]l[ée]gales)"
    r"\.(txt|html?|rtf)$",
    re.IGNORECASE,
)
_PATIENT = re.compile(r"\bn[ée]{1,2}e?\b|patient|\d\d[/.-]\d\d[/.-]\d{4}", re.IGNORECASE)
_LETTER = re.compile(
    r"\bn[ée]{1,2}e?\b|patient|\b(mme|madame|monsieur|m\.|dr|docteur)\b|\d\d/\d\d/\d{4}", re.IGNORECASE
)
#: Cards and appointments, and what Apple keeps beside a file: wherever they are found.
NEVER = frozenset({Kind.VCARD, Kind.CALENDAR, Kind.APPLE_DOUBLE})
_SMALL_TEXT = 2500
_DOCUMENT_SIDE = 480  # pixels: an A4 page is 595 × 842 at 72 dpi, logos and banners are lower
_DOCUMENT_AREA = 350_000  # a strip of an electrocardiogram has more, a banner less
_DOCUMENT_BYTES = 12_000
_READABLE_HEIGHT = 160  # pixels at which a page shown in a text cannot be read
_DRAWN = re.compile(r"\.(?:emz|wmz|emf|wmf|svgz?)$", re.IGNORECASE)  # the logos of Office and of web pages
_SHOWN = re.compile(r"<img\b[^<>]{0,2000}>", re.IGNORECASE)
_SHOWN_SIZE = r"\b%s\s*[=:]\s*[\"']?\s*(\d{1,4})(?:px)?(?=[\s\"';/>])"


def is_report(root: Fields, parts: Sequence[Part], envelope: Envelope) -> bool:
    """A delivery report or a receipt (RFC 3464, RFC 8098), whatever original mail it carries back."""
    machine = any(part.media_type in _MACHINE_TYPES and not part.mails for part in parts)
    carries = any(part.mails for part in parts)
    mailer = bool(_MAILER.match(envelope.sender)) and (carries or _UNDELIVERED.search(envelope.subject) is not None)
    reporter = root.token("content-type") == "multipart/report" and carries
    empty = envelope.return_path == ""  # which only machines write (RFC 5321 §4.5.5)
    named = root.get("x-failed-recipients") or root.token("content-type") == "multipart/report"
    return machine or mailer or reporter or (empty and bool(named or _MAILER.match(envelope.sender)))


def is_automatic_answer(root: Fields, envelope: Envelope) -> bool:
    """Whether a mail without document was sent by a machine."""
    marked = envelope.automatic or any(root.get(name) for name in _REPLIES)
    subject = envelope.subject
    return marked or bool(_AUTOMATIC_SUBJECT.match(subject) or _UNDELIVERED.match(subject.strip()))


def is_automatic_reply(root: Fields) -> bool:
    """Whether a machine answered another mail: what its text repeats of that mail was already received."""
    return root.token("auto-submitted") == "auto-replied" or any(root.get(name) for name in _REPLIES)


def is_quoted(kind: Kind, data: bytes) -> bool:
    """Whether the message in a text stands only in what a reply or a forward repeats: a person wrote above it."""
    text = charset.decode(data)
    found = _QUOTATION.search(text)
    return found is not None and sniff(text[: found.start()].encode()) is not kind


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
    control = part.media_type == "application/pgp-encrypted" and data[:8].lower() == b"version:"  # RFC 3156 §4
    if control or part.media_type in SIGNATURE_TYPES or part.media_type in _MACHINE_TYPES:
        return True
    if kind in NEVER or part.filename.lower() in {"smime.p7s", "thumbs.db"} or data.startswith(_ARMOUR):
        return True
    if kind is Kind.PKCS7 and part.parents[-1:] == ("multipart/signed",):
        return True
    if kind is Kind.EMPTY and not part.filename:
        return True
    if kind in _ALTERNATIVES and not part.filename and part.parents[-1:] == ("multipart/alternative",):
        return True
    if kind in IMAGES:
        return _is_decoration(part, kind, data, html)
    if _is_shown(part, html) and _DRAWN.search(part.filename) and len(data) < _DOCUMENT_BYTES:
        return True
    return kind in {Kind.TEXT, Kind.HTML} and _is_notice(part, data)


def dimensions(kind: Kind, data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF, BMP or JPEG; None when they cannot be told."""
    if kind is Kind.PNG and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if kind is Kind.GIF and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return int(width), int(height)
    if kind is Kind.BMP and len(data) >= 26:
        width, height = struct.unpack("<ii", data[18:26])
        return abs(int(width)), abs(int(height))
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
    shown = _is_shown(part, html)
    embedded = shown or (part.disposition != "attachment" and bool(part.content_id or part.disposition))
    sides = dimensions(kind, data)
    if shown and sides is not None and _shown_height(part.content_id, html, sides) <= _READABLE_HEIGHT:
        return True
    small = len(data) < _DOCUMENT_BYTES if sides is None else _is_small(*sides)
    return small and (embedded or kind is Kind.GIF or len(data) < _DOCUMENT_BYTES)


def _is_shown(part: Part, html: str) -> bool:
    return bool(part.content_id) and f"cid:{part.content_id}" in html


def _is_small(width: int, height: int) -> bool:
    return min(width, height) < _DOCUMENT_SIDE and width * height < _DOCUMENT_AREA


def _shown_height(content_id: str, html: str, sides: tuple[int, int]) -> float:
    """How high, in pixels, the text shows an image: what its tag says, else its own height."""
    tag = next((tag for tag in _SHOWN.findall(html) if f"cid:{content_id}" in tag), "")
    high, wide = (re.search(_SHOWN_SIZE % name, tag, re.IGNORECASE) for name in ("height", "width"))
    if high:
        return int(high[1])
    return int(wide[1]) * sides[1] / max(sides[0], 1) if wide else sides[1]


def _is_notice(part: Part, data: bytes) -> bool:
    if len(data) > _SMALL_TEXT:
        return False
    text = data.decode("utf-8", "replace")
    if _BESIDE_NAME.match(part.filename):
        return not _PATIENT.search(text)
    return _DISCLAIMER.search(text) is not None and not _LETTER.search(text)
