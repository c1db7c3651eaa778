"""What wraps other parts without saying multipart: a mail, an S/MIME message, a winmail.dat, by their content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.formats.limits import Limits
from gateway.formats.mails import smime, tnef
from gateway.formats.mails.headers import Fields, is_field
from gateway.formats.mails.part import Part, described
from gateway.formats.sniff import Kind, is_mail, sniff, start_of_text

_MAILS = frozenset({"message/rfc822", "message/global"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
#: What Outlook calls the reports that it makes into messages of its own (MS-OXOMSG §2.1.3.1).
_REPORT = "report."
_MEETING = "ipm.schedule.meeting."


@dataclass(frozen=True, slots=True)
class Wrapped:
    """One thing inside. ``fields`` is None when ``data`` begins with its own header; ``mail`` when it is a mail."""

    data: bytes
    fields: Fields | None = None
    mail: bool = False
    signature: str = ""


def kind(part: Part) -> Kind | None:
    """MAIL, PKCS7 or TNEF when a part may wrap others; text to be read with the mail never does."""
    if part.media_type in _MAILS:
        return Kind.MAIL
    attached = part.disposition == "attachment" or bool(part.filename)
    if part.media_type in _SIGNATURES or (part.media_type.startswith("text/") and not attached):
        return None
    return kind_of(part.head())


def kind_of(head: bytes) -> Kind | None:
    """The same, of the first bytes of a file."""
    if head.startswith(tnef.SIGNATURE):
        return Kind.TNEF
    if smime.is_cms(head):
        return None if smime.is_enveloped(head) else Kind.PKCS7
    return Kind.MAIL if is_mail(start_of_text(head, len(head))) else None


def inside(wrapping: Kind, data: bytes, name: str, limits: Limits) -> tuple[Wrapped, ...]:
    """What is inside. FormatError when it cannot be opened."""
    if wrapping is Kind.MAIL:
        return (Wrapped(data, mail=True),)
    return tuple(_of_tnef(data, limits)) if wrapping is Kind.TNEF else _of_signed(data, name)


def _of_signed(data: bytes, name: str) -> tuple[Wrapped, ...]:
    """A MIME entity; or the file itself, as programs that sign files make it (letter.pdf.p7m)."""
    signed = smime.opened(data)
    if not signed.content:
        return ()
    first = signed.content.lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r")
    if is_field(first) or sniff(signed.content) in {Kind.TEXT, Kind.EMPTY}:
        return (Wrapped(signed.content, signature=signed.state),)
    stem = name.removesuffix(".p7m").removesuffix(".P7M")
    return (Wrapped(signed.content, described(stem), signature=signed.state),)


def _of_tnef(data: bytes, limits: Limits) -> Iterator[Wrapped]:
    read = tnef.read(data, limits)
    message_class = read.message_class.lower()
    if message_class.startswith(_REPORT):
        yield Wrapped(b"", Fields((("content-type", "message/delivery-status"),)))
    if not message_class.startswith(_MEETING):
        yield from _bodies(read)
    for file in read.files:
        yield Wrapped(
            file.data,
            described(file.name, file.media_type, file.content_id, hidden=file.hidden),
            mail=file.data.startswith(tnef.SIGNATURE),
        )


def _bodies(read: tnef.Tnef) -> Iterator[Wrapped]:
    """The words of the message, in the dress that is the easiest to read."""
    if read.text.strip():
        yield Wrapped(read.text.encode("utf-8", "replace"), _body("plain", "utf-8"))
    elif read.html.strip():
        yield Wrapped(read.html, _body("html", read.charset))
    elif read.rtf:
        yield Wrapped(read.rtf, _body("rtf", "ascii"))


def _body(subtype: str, charset: str) -> Fields:
    return Fields((("content-type", f"text/{subtype}; charset={charset}"),))
