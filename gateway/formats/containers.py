"""Files that hold files: archives, messages, Outlook packages. One numbering for reading and for extracting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from gateway.formats import dangers
from gateway.formats.archive import Archive, at, gunzipped
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import envelope, kinds, mime
from gateway.formats.mails.part import clean_name
from gateway.formats.messages import hl7v2, hprim_medecin, hprim_sante
from gateway.formats.messages.message import Inner, Message
from gateway.formats.sniff import Kind, sniff
from gateway.model.reasons import Reason


class MessageFormat(Protocol):
    """A module that reads messages: ``split`` gives each message of a file (its bytes), ``read`` one of them."""

    def split(self, data: bytes, limits: Limits) -> tuple[Inner, ...]:
        """The messages, each about one patient; one or none means that the file is not to be cut."""

    def read(self, data: bytes, limits: Limits) -> Message:
        """One message. FormatError."""


#: The formats whose messages speak of the documents inside them.
MESSAGES: Final[Mapping[Kind, MessageFormat]] = {
    Kind.HPRIM_MEDECIN: hprim_medecin,
    Kind.HPRIM_SANTE: hprim_sante,
    Kind.HL7V2: hl7v2,
}


def _attachments(data: bytes, limits: Limits) -> tuple[Inner, ...]:
    """The files of a mail, a winmail.dat or an S/MIME message; its words are left out."""
    parts = mime.inside(data, limits)
    if any(part.too_deep for part in parts):
        raise FormatError(Reason.UNSAFE, "Le message est imbriqué de façon anormale.")
    html = envelope.markup(parts)
    decoded = ((part, part.decoded()) for part in parts)
    return tuple(
        Inner(part.filename, content, part.signature, kinds.is_accessory(part, sniff(content), content, html))
        for part, content in decoded
        if not envelope.is_words(part, content) or dangers.is_test_virus(content)
    )


def _compressed(data: bytes, limits: Limits) -> tuple[Inner, ...]:
    """The file of a gzip; other archives are not opened."""
    if not data.startswith(b"\x1f\x8b"):
        detail = (
            "Cette archive (RAR, 7-Zip, TAR…) n'est pas lue par la passerelle ; "
            "demandez au correspondant un PDF ou une archive ZIP, ou ouvrez-la depuis la messagerie."
        )
        raise FormatError(Reason.UNSUPPORTED_FORMAT, detail)
    name, content = gunzipped(data, limits)
    return (Inner(clean_name(name), content),)


#: The formats that only pack files: bytes in, the files in their order. FormatError.
PACKAGES: Final[Mapping[Kind, Callable[[bytes, Limits], tuple[Inner, ...]]]] = {
    Kind.MAIL: _attachments,
    Kind.TNEF: _attachments,
    Kind.PKCS7: _attachments,
    Kind.OTHER_ARCHIVE: _compressed,
}


def inside(kind: Kind, data: bytes, limits: Limits) -> tuple[Inner, ...]:
    """The files inside bytes that are no ZIP; empty when they hold none. FormatError."""
    if kind in PACKAGES:
        return PACKAGES[kind](data, limits)
    if kind not in MESSAGES:
        return ()
    cut = MESSAGES[kind].split(data, limits)
    return cut if len(cut) > 1 else MESSAGES[kind].read(data, limits).embedded


def member(data: bytes, index: int, limits: Limits) -> bytes:
    """The bytes of one file inside, by its place. FormatError when there is none."""
    kind = sniff(data)
    if kind is Kind.ZIP:
        archive = Archive(data, limits)
        return archive.read(at(archive, index))
    files = inside(kind, data, limits)
    if not 0 <= index < len(files):
        raise FormatError(Reason.UNREADABLE, "Ce fichier n'est pas dans le message.")
    return files[index].data
