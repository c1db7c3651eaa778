"""What bytes are, by their own signatures; libmagic only when these say nothing (STACK.md §7).

The content decides, neither the extension nor the declared type.
"""

from __future__ import annotations

import re
from enum import StrEnum

import magic

from gateway.formats import charset
from gateway.formats.messages import message_marks


class Kind(StrEnum):
    """What the bytes are; the value is the media type that we give them."""

    EMPTY = "application/x-empty"
    PDF = "application/pdf"
    ZIP = "application/zip"
    CDA = "text/xml"
    XML = "application/xml"
    HTML = "text/html"
    RTF = "application/rtf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ODT = "application/vnd.oasis.opendocument.text"
    OLE = "application/x-ole-storage"
    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    TIFF = "image/tiff"
    BMP = "image/bmp"
    WEBP = "image/webp"
    DICOM = "application/dicom"
    HPRIM_MEDECIN = "application/x-hprim-medecin"
    HPRIM_SANTE = "application/x-hprim-sante"
    HL7V2 = "application/hl7-v2"
    TNEF = "application/ms-tnef"
    PKCS7 = "application/pkcs7-mime"
    PGP = "application/pgp-encrypted"
    MAIL = "message/rfc822"
    VCARD = "text/vcard"
    CALENDAR = "text/calendar"
    APPLE_DOUBLE = "multipart/appledouble"
    EXECUTABLE = "application/x-executable"
    OTHER_ARCHIVE = "application/x-archive"
    TEXT = "text/plain"
    UNKNOWN = "application/octet-stream"


IMAGES = frozenset({Kind.PNG, Kind.JPEG, Kind.GIF, Kind.TIFF, Kind.BMP, Kind.WEBP})

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"MZ", Kind.EXECUTABLE),
    (b"\x7fELF", Kind.EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", Kind.EXECUTABLE),
    (b"\xce\xfa\xed\xfe", Kind.EXECUTABLE),
    (b"\xca\xfe\xba\xbe", Kind.EXECUTABLE),
    (b"L\x00\x00\x00\x01\x14\x02\x00", Kind.EXECUTABLE),  # Windows shortcut
    (b"#!", Kind.EXECUTABLE),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"GIF8", Kind.GIF),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"BM", Kind.BMP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),
    (b'x\x9f>"', Kind.TNEF),
    (b"\x00\x05\x16\x07", Kind.APPLE_DOUBLE),
    (b"\x00\x05\x16\x00", Kind.APPLE_DOUBLE),
    (b"Rar!\x1a\x07", Kind.OTHER_ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.OTHER_ARCHIVE),
    (b"\x1f\x8b\x08", Kind.OTHER_ARCHIVE),
    (b"BZh91AY&SY", Kind.OTHER_ARCHIVE),
    (b"\xfd7zXZ\x00", Kind.OTHER_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.OTHER_ARCHIVE),
    (b"MSCF\x00\x00\x00\x00", Kind.OTHER_ARCHIVE),
    (b"{\\rt", Kind.RTF),
    (b"-----BEGIN PGP MESSAGE", Kind.PGP),
    (b"-----BEGIN PKCS", Kind.PKCS7),
    (b"-----BEGIN CMS", Kind.PKCS7),
)
_CMS = re.compile(
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01)", re.DOTALL
)
_CMS_IN_BASE64 = re.compile(r"MI[A-Za-z0-9+/]{1,10}(?:KoZIhvcNAQ|qGSIb3DQEH|hkiG9w0B)")
_MAIL_FIELD = re.compile(r"([!-9;-~]{1,70})[ \t]*:")
_MAIL_MARKS = frozenset({"message-id", "mime-version", "received", "return-path", "delivered-to", "x-mailer"})
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_CLINICAL_DOCUMENT = re.compile(rb"<(?:[\w.-]{1,40}:)?ClinicalDocument[\s>]")
#: The root in which a document made self-presentable stands; its templates are full of HTML.
_STYLE_SHEET = re.compile(r"<(?:[\w.-]{1,40}:)?(?:stylesheet|transform)\b")
_PROLOG = re.compile(r"(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_PROLOG_LENGTH = 65_536
_PROLOG_START = 2048
#: A page saved with its pictures in one file (RFC 2557): the source of a mail, which nobody reads as it is.
_WEB_ARCHIVE = re.compile(r"(?:MIME-Version|From|Snapshot-Content-Location|Content-Type)[ \t]*:", re.IGNORECASE)
_HTML_START = re.compile(
    r"<!doctype html|<(?:html|head|body|meta|title|style|table|div|span|p|h[1-6]|b|font|center|br)[\s/>]"
)
_FLAT_TEXT = re.compile(
    r"<office:document\s[^>]*office:mimetype\s*=\s*[\"']application/vnd\.oasis\.opendocument\.text[\"']"
)
_BLANKS = " \t\r\n\x0b\ufeff\x00"
#: Letters in which the marks of a message are looked for.
_MESSAGE = 65_536


def sniff(data: bytes) -> Kind:
    """What these bytes are."""
    if not data.strip(b" \t\r\n\x00"):
        return Kind.EMPTY
    for signature, kind in _SIGNATURES:
        if data.startswith(signature) and (len(signature) > 2 or _is_binary(kind, data)):
            return kind
    if data[:1] == b"0" and _CMS.search(data[:32]):
        return Kind.PKCS7
    if data[257:262] == b"ustar":  # before PDF: the first file of an archive begins at 512
        return Kind.OTHER_ARCHIVE
    if b"%PDF-" in data[:1024]:
        return Kind.PDF
    if data[128:132] == b"DICM":
        return Kind.DICOM
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.WEBP
    return _textual(data) or (Kind.TEXT if _is_text(data[:4096]) else _by_libmagic(data))


def start_of_text(data: bytes, length: int = 4096) -> str:
    """The first characters of what may be a text, whatever its encoding; without leading blanks or mark."""
    head = data[:length]
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    elif head[1:2] == b"\x00":
        text = head.decode("utf-16-le", "replace")
    elif head[:1] == b"\x00":
        text = head.decode("utf-16-be", "replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return text.lstrip(_BLANKS)


def is_mail(head: str) -> bool:
    """Whether a text is a mail (RFC 5322): it begins with a header, with a sender, and with what only mails have."""
    fields: dict[str, str] = {}
    name = ""
    for number, line in enumerate(head.splitlines()):
        found = _MAIL_FIELD.match(line)
        if found:
            name = found[1].lower()
            fields.setdefault(name, line)
        elif line.strip() and line[:1] in " \t" and name:
            fields[name] += line
        elif number or not line.startswith(("From ", ">From ")):
            break
    sent = any("@" in fields.get(one, "") for one in ("from", "sender"))
    return sent and (not _MAIL_MARKS.isdisjoint(fields) or {"to", "date", "subject"} <= fields.keys())


def _textual(data: bytes) -> Kind | None:
    head = start_of_text(data)
    upper = head[:64].upper()
    if head.startswith("{\\rtf"):
        return Kind.RTF
    if message_marks.is_hl7v2(head):
        return Kind.HL7V2
    if message_marks.is_hprim_sante(head):
        return Kind.HPRIM_SANTE
    if _CMS_IN_BASE64.match(head) or is_mail(head):
        return Kind.MAIL if is_mail(head) else Kind.PKCS7
    if upper.startswith(("BEGIN:VCARD", "BEGIN:VCALENDAR")):
        return Kind.VCARD if upper.startswith("BEGIN:VCARD") else Kind.CALENDAR
    if _WEB_ARCHIVE.match(head) and "multipart/related" in head[:_PROLOG_START].lower():
        return Kind.UNKNOWN
    marked = upper.startswith("<")
    plain = not marked or upper.startswith("<BR")  # the first line of HPRIM may be blank, and line ends breaks
    if plain and message_marks.is_hprim_medecin(start_of_text(data, _MESSAGE)):
        return Kind.HPRIM_MEDECIN
    return _markup(data, head) if marked else None


def _is_text(head: bytes) -> bool:
    """Without control characters, in single bytes or in UTF-16."""
    wide = charset.guess(head)
    if wide.startswith("utf-16"):
        head = head[: len(head) // 2 * 2].decode(wide, "replace").encode()
    return _CONTROLS.search(head) is None


def _markup(data: bytes, head: str) -> Kind:
    start = start_of_text(data, _PROLOG_LENGTH)
    lower = start[prolog.end() if (prolog := _PROLOG.match(start)) else 0 :][:1024].lower()
    page = "<html" in lower and "<clinicaldocument" not in lower and not _STYLE_SHEET.match(lower)
    if _HTML_START.match(lower) or page:
        return Kind.HTML
    if _FLAT_TEXT.search(head):
        return Kind.ODT
    if b"\x00" in data[:4]:
        data = data.decode("utf-16-be" if data[:1] in {b"\x00", b"\xfe"} else "utf-16-le", "replace").encode()
    return Kind.CDA if _CLINICAL_DOCUMENT.search(data) else Kind.XML


def _is_binary(kind: Kind, data: bytes) -> bool:
    """Whether what two letters announce is not a text that begins with them."""
    if kind is Kind.BMP:
        return _is_bitmap(data)
    return data.startswith(b"#!") or b"\x00" in data[:256]


def _is_bitmap(data: bytes) -> bool:
    return int.from_bytes(data[2:6], "little") in {len(data), 0} or data[6:10] == b"\x00\x00\x00\x00"


def _by_libmagic(data: bytes) -> Kind:
    found = magic.from_buffer(data[:4096], mime=True)
    if found in {"application/x-dosexec", "application/x-executable", "application/x-sharedlib", "text/x-shellscript"}:
        return Kind.EXECUTABLE
    if found.startswith("text/"):
        return Kind.TEXT
    return next((kind for kind in Kind if kind.value == found and kind is not Kind.CDA), Kind.UNKNOWN)
