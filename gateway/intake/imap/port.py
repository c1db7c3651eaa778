"""What the watcher of a mailbox needs from others: an IMAP session, and somebody who takes the mails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.intake.imap.wire import Fetched
from gateway.model.reasons import Reason


class Taken(StrEnum):
    """Into which folder a mail goes once it is ours."""

    DONE = "done"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail that stands in the folder. ``size`` is RFC822.SIZE, in bytes."""

    uid: int
    size: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail of a folder, for the reconciliation. ``message_id`` keeps its angle brackets; empty when absent."""

    uidvalidity: int
    uid: int
    size: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Status:
    """How a mailbox fares, for ``gateway status``. Instants are UTC; ``trouble`` is French, for the operator."""

    connected: bool = False
    idling: bool = False
    last_wake: datetime | None = None
    last_poll: datetime | None = None
    in_folder: int | None = None
    unmoved: int = 0
    trouble: str | None = None


class Taker(Protocol):
    """Who makes a mail ours. Any method may raise IntakeStopped: the mail then stays where it is."""

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, Taken]:
        """Those of ``uids`` that are ours already, and into which folder each should be moved."""

    async def take(self, mailbox: str, uidvalidity: int, uid: int, chunks: AsyncIterator[bytes], size: int) -> Taken:
        """Keep the raw bytes; return only when bytes and row are durable.

        ``size`` is what the server announced: an estimate with some servers, 0 when it does not say. An error of
        ``chunks`` must come out unchanged, and leave nothing behind.
        """

    async def refuse(self, mailbox: str, uidvalidity: int, uid: int, size: int, why: Reason, header: bytes) -> Taken:
        """Record an arrival whose bytes we cannot have, as an entry for a person. ``header``: at most 64 kB."""


class Session(Protocol):
    """One authenticated connection. Methods raise ConnectionLost, or CommandRefused when the server says no."""

    capabilities: frozenset[str]
    read_only: bool

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as we have heard."""

    async def select(self, folder: str, *, read_only: bool = False) -> int:
        """SELECT or EXAMINE; gives the UIDVALIDITY. Renumbered when the server has none."""

    async def search(self, criteria: str) -> list[int]:
        """UID SEARCH, ascending. ``criteria`` is ASCII."""

    async def sizes(self, uids: Sequence[int]) -> list[Seen]:
        """RFC822.SIZE of each, at most 400 at a time."""

    async def bodies(self, uids: Sequence[int], limit: int) -> list[Fetched]:
        """Whole mails, flags untouched; more than ``limit`` bytes of answer break the connection."""

    async def piece(self, uid: int, offset: int, length: int) -> bytes:
        """``length`` bytes of a mail from ``offset``, fewer at its end. Vanished, Unfetchable."""

    async def header(self, uid: int) -> bytes:
        """The mail's header fields, at most 64 kB."""

    async def message_ids(self, uids: Sequence[int]) -> list[tuple[Seen, str]]:
        """Size and Message-ID of each, at most 200 at a time."""

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """UID MOVE (RFC 6851)."""

    async def copy(self, uids: Sequence[int], folder: str) -> set[int] | None:
        """UID COPY; the UIDs that COPYUID confirms, None when the server does not say."""

    async def mark_deleted(self, uids: Sequence[int]) -> None:
        r"""UID STORE +FLAGS.SILENT (\Deleted)."""

    async def expunge(self, uids: Sequence[int]) -> None:
        """UID EXPUNGE (RFC 4315), never the plain one, which would remove other people's mails."""

    async def ensure(self, folder: str) -> None:
        """Create the folder when it is absent."""

    async def noop(self) -> None:
        """Ask for news; notices a connection that has gone."""

    async def idle(self, seconds: float) -> bool:
        """IDLE until the server announces mail (True) or the time is up (False)."""

    def close(self) -> None:
        """Leave, without CLOSE, which would expunge."""


#: Opens a session: connection, TLS and login done.
Connect = Callable[[], Awaitable[Session]]
