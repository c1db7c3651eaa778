"""Who keeps what the inlet receives, and what the inlet tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail for one mailbox. The bytes go apart, exactly as received: nothing is put before them.

    ``mailbox`` is the name in gateway.toml, ``recipients`` the addresses that led there, ``sender`` the envelope's
    (empty for ``<>``), ``peer`` an IP address, ``tls_identity`` the name in the client's certificate (empty: none).
    ``transaction`` is unique to the SMTP transaction; its mailboxes share it.
    """

    mailbox: str
    sender: str
    recipients: tuple[str, ...]
    peer: str
    tls_identity: str
    transaction: str


class Taker(Protocol):
    """Keeps mails."""

    async def take(self, mail: Delivered, chunks: AsyncIterator[bytes]) -> None:
        """Keep a mail; durable when this returns.

        IntakeStopped: nothing can be kept now, the peer is told to come again (452). Whatever else it raises, the peer
        is told to come again too (451). After an error the peer sends the whole transaction again, under a new id, also
        for the mailboxes that were served before it: the same bytes may come twice.
        """
