"""A reading in the making, and what the mail tells of the files in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from gateway.formats.archive import Budget
from gateway.formats.clinical import cda
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import smime
from gateway.formats.messages.message import Message
from gateway.formats.sniff import Kind
from gateway.model.documents import Carrier, DocumentReading
from gateway.model.reasons import Reason

_ALTERED: Final = (
    "La signature électronique du message n'est pas celle de son contenu, qui a pu être modifié en chemin ; "
    "demandez au correspondant un nouvel envoi."
)


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


def plain(path: str, name: str, kind: Kind, data: bytes) -> DocumentReading:
    """The reading of a file before it is opened."""
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


def refused(reading: DocumentReading, error: FormatError) -> DocumentReading:
    """The reading with what is wrong."""
    return replace(reading, problem=error.reason, detail=error.detail)


def altered(reading: DocumentReading, signature: str) -> DocumentReading:
    """A document under a signature that is not that of its content waits for a person: nobody answers for it."""
    if signature != smime.INVALID or reading.problem is not None or reading.ignored is not None:
        return reading
    return replace(reading, problem=Reason.UNTRUSTED_SENDER, detail=_ALTERED)
