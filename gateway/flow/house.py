"""What every use case needs, handed over by the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.decision.book import RuleBook
from gateway.formats.validity.verdict import Verdict
from gateway.ledger.engine import Ledger
from gateway.ledger.jobs import Lease
from gateway.model.documents import CdaHeader, DocumentReading, MailReading
from gateway.model.ports import Chance, Clock, Observer
from gateway.model.settings import Settings
from gateway.protocols.cda_transform import Completion
from gateway.screening.clamd import Scan
from gateway.vault.files import Vault

#: How long a job stays ours without a heartbeat, and how often the heart beats (seconds).
LEASE = 60.0
HEARTBEAT = 20.0


class Readers(Protocol):
    """The isolated reader processes."""

    async def start(self) -> None:
        """Make them ready."""

    async def close(self) -> None:
        """End them."""

    async def read(self, digest: str, *, message: bool = False) -> tuple[MailReading, dict[str, bytes]]:
        """Read a mail of the vault, or a message of the hospital's own record; the bytes of its documents by part, as
        far as they are small.
        """

    async def look(self, digest: str, one: DocumentReading, date: str) -> DocumentReading:
        """The reading of a document of a mail that is pictures, with what was read on them. ``date``: the mail's."""

    async def extract(self, digest: str, part: str) -> bytes:
        """The bytes of one document of a mail."""

    async def in_utf8(self, digest: str, part: str) -> bytes:
        """The bytes of one CDA in its canonical form, which is UTF-8."""

    async def pdfa(self, digest: str, part: str) -> bytes:
        """One PDF of a mail as PDF/A-1."""

    async def printable(self, digest: str, part: str) -> bytes:
        """The PDF that one CDA carries of itself; empty when it carries none."""

    async def render(self, digest: str, part: str) -> bytes:
        """The bytes in which one document travels that cannot travel as it came."""

    async def transform(self, cda: bytes, completion: Completion) -> tuple[bytes, CdaHeader]:
        """A received CDA with its header completed."""

    async def judge(self, cda: bytes) -> Verdict:
        """What the ANS's rules say of a document; without its package, nothing."""


class Scanner(Protocol):
    """The antivirus."""

    async def scan(self, chunks: Iterable[bytes]) -> Scan:
        """What it says of these bytes. ScreeningError when it does not answer."""


@dataclass
class House:
    """The rooms, joined. ``token`` is this worker's: it fences the jobs that it holds. ``scanner``: None for none."""

    settings: Settings
    ledger: Ledger
    vault: Vault
    clock: Clock
    chance: Chance
    observer: Observer
    rules: Callable[[], RuleBook]
    readers: Readers
    token: str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    scanner: Scanner | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock.now().timestamp()

    @property
    def lease(self) -> Lease:
        """A lease from now on."""
        return Lease(self.token, self.now + LEASE)
