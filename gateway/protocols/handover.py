"""What a message that hands a document to the patient record says, whichever its structure, and how it is written.

``mdm`` writes it as the volet has it, ``oru`` for a record that takes nothing else. The message speaks of the patient
as the document does; with ``ipp`` it also carries the number that the gateway matched, a stated departure from the
volet (spec/mssante/dpi-hl7v2.md §3, PID). In Latin-9 the texts around the document take the nearest characters; a name
or an id that cannot be written as it is makes no message at all, but for apostrophes and hyphens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pybase64

from gateway.model.documents import Action, Address, CdaHeader, Code, Envelope, Visibility
from gateway.model.people import Sender
from gateway.protocols.hl7_charset import CODECS, same_name, writable

_CHUNK = 3 << 20  # bytes of document a chunk; a multiple of 3, so that only the last one is padded


class HandoverError(ValueError):
    """No conforming message can be made of these values. Its text holds no patient data.

    ``code``: ``format``, or ``charset`` when what identifies the patient cannot be written in the message's set.
    """

    def __init__(self, text: str, code: str = "format") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Parties:
    """MSH-3 to MSH-6, each a name or the three components of an HD; whether this is a trial (MSH-11 T).

    ``authority`` is the OID under which MSH-3 is known as the operator (EVN-5); empty: there is none.
    """

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    test: bool = False
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox of ours that the mail was written to, and the service for which it stands.

    ``code`` is the service's own (UF, pôle), given by ``authority`` (FINESS of the site). All but the address may be
    empty. ``owner`` is what the directory knows of the address.
    """

    address: str
    service: str = ""
    code: str = ""
    authority: str = ""
    owner: Sender | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """What the message says. ``document`` is the CDA that ``header`` was read from.

    ``control_id`` is MSH-10; ``time`` is MSH-7 and EVN-2 (YYYYMMDDhhmmss+hhmm). ``sender`` None: only his address is
    known. ``recipients``: at least one, the mailbox that received it first. ``replaces`` is the replaced document's id
    where the document itself does not name it. ``ipp``: added to PID-3 under ``ipp_oid``. ``charset`` is MSH-18.
    """

    control_id: str
    time: str
    parties: Parties
    action: Action
    header: CdaHeader
    document: bytes
    envelope: Envelope
    sender: Sender | None
    recipients: tuple[Recipient, ...]
    visibility: Visibility
    modified_confidentiality: bool
    replaces: str = ""
    ipp: str = ""
    ipp_oid: str = ""
    charset: str = "UNICODE UTF-8"

    @property
    def parent(self) -> str:
        """The id of the document that this one replaces: the one that it names, if it names one."""
        named = self.header.parent_id if self.header.related == "RPLC" else ""
        return named or self.replaces


def checked(one: Handover) -> Handover:
    """The same with its texts in the message's character set. Raises HandoverError for what must not be sent."""
    if one.visibility.masked_to_professionals:
        raise HandoverError("a document hidden from professionals is not sent to the record")
    if not one.document:
        raise HandoverError("there is no document")
    if one.action is Action.REPLACE and not one.parent:
        raise HandoverError("a replacement names no replaced document")
    pen = partial(writable, codec=CODECS[one.charset])
    header = _named(one.header, partial(same_name, codec=CODECS[one.charset]))
    header = replace(header, code=_label(header.code, pen), address=_home(header.address, pen))
    return replace(
        one,
        header=header,
        envelope=_envelope(one.envelope, pen),
        sender=_sender(one.sender, pen),
        recipients=tuple(_recipient(mailbox, pen) for mailbox in one.recipients),
    )


def written(one: Handover, before: Sequence[str], after: Sequence[str]) -> Iterator[bytes]:
    """The message in chunks, without MLLP bytes: the document in base64 between the two. Raises HandoverError first."""
    return _chunks(_encoded(before, one.charset), one.document, _encoded(after, one.charset))


def _chunks(before: bytes, document: bytes, after: bytes) -> Iterator[bytes]:
    yield before
    view = memoryview(document)
    for start in range(0, len(view), _CHUNK):
        yield pybase64.b64encode(view[start : start + _CHUNK])
    yield after


def _encoded(lines: Sequence[str], charset: str) -> bytes:
    try:
        return "".join(lines).encode(CODECS[charset])
    except UnicodeEncodeError:
        raise HandoverError(f"a name or an identifier cannot be written in {charset}", "charset") from None


def _sender(sender: Sender | None, pen: partial[str]) -> Sender | None:
    if sender is None:
        return None
    name, given, structure = pen(sender.name), pen(sender.given), pen(sender.structure)
    return replace(sender, address=pen(sender.address), name=name, given=given, structure=structure)


def _envelope(mail: Envelope, pen: partial[str]) -> Envelope:
    """An address to answer that cannot be written is left out: another one would be somebody else's."""
    reply_to = mail.reply_to if pen(mail.reply_to) == mail.reply_to else ""
    said = replace(mail, subject=pen(mail.subject), body=pen(mail.body))
    return replace(said, message_id=pen(mail.message_id), sender=pen(mail.sender), reply_to=reply_to)


def _recipient(mailbox: Recipient, pen: partial[str]) -> Recipient:
    owner = _sender(mailbox.owner, pen)
    return replace(mailbox, address=pen(mailbox.address), service=pen(mailbox.service), owner=owner)


def _named(header: CdaHeader, pen: partial[str]) -> CdaHeader:
    family, used = pen(header.birth_name), pen(header.used_name)
    first, given = pen(header.first_given), pen(header.given_names)
    return replace(header, birth_name=family, used_name=used, first_given=first, given_names=given)


def _label(code: Code, pen: partial[str]) -> Code:
    return replace(code, label=pen(code.label))


def _home(home: Address | None, pen: partial[str]) -> Address | None:
    return None if home is None else replace(home, street=pen(home.street), city=pen(home.city))
