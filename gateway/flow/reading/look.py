"""The documents of a mail that are pictures are looked at in a reader process, one at a time.

A reader that dies or hangs over one costs that document its words and its identity, never the mail: it then waits for a
person, as a scan did before there was OCR.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.flow.house import House
from gateway.isolation.errors import ReaderDied, ReaderRefused, ReaderTimedOut
from gateway.ledger.rows import Mail
from gateway.model.documents import DocumentReading, MailReading

#: Documents of one mail that are looked at.
MOST: Final = 10

TOO_MANY: Final = "Ce message contient trop d'images ; la passerelle n'a pas lu celle-ci."
FAILED: Final = "Ce document est une image, que la passerelle n'a pas pu lire."


async def with_pictures(house: House, found: Mail, reading: MailReading) -> MailReading:
    """The reading with what stands on its pictures. ReadersUnavailable."""
    documents: list[DocumentReading] = []
    left = MOST
    for one in reading.documents:
        if not one.image_only or one.ignored is not None or one.problem is not None:
            documents.append(one)
        elif left:
            left -= 1
            documents.append(await _looked_at(house, found, one, reading.envelope.date))
        else:
            documents.append(replace(one, detail=TOO_MANY))
    return replace(reading, documents=tuple(documents))


async def _looked_at(house: House, found: Mail, one: DocumentReading, date: str) -> DocumentReading:
    try:
        return await house.readers.look(found.digest, one, date)
    except (ReaderDied, ReaderTimedOut, ReaderRefused) as error:
        house.observer.event("reader.failed", mail=found.id, reason=f"look: {type(error).__name__}")
        return replace(one, detail=FAILED)
