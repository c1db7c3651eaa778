"""What the conversations of an inlet share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import TYPE_CHECKING

from gateway.intake.smtp.admission import Admission
from gateway.intake.smtp.port import Taker
from gateway.model.ports import Chance, Observer

if TYPE_CHECKING:
    from gateway.intake.smtp.session import Session


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and numbers. ``large`` (bytes): above it, one message at a time."""

    idle: float = 300
    data: float = 1800
    recipients: int = 100
    sessions: int = 100
    large: int = 1_000_000


@dataclass(slots=True, kw_only=True)
class Desk:
    """``recipients``: address in lower case → mailbox."""

    hostname: str
    recipients: dict[str, str]
    max_size: int
    admission: Admission
    tls: SSLContext | None
    taker: Taker
    observer: Observer
    chance: Chance
    limits: Limits
    sessions: set[Session] = field(default_factory=set)
    answering: set[asyncio.Task[None]] = field(default_factory=set)
    large: Session | None = None
