"""Ports for the clock, chance and observation, so that tests own time and every step can be watched or stopped."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time. Aware UTC datetimes; seconds as floats."""

    def now(self) -> datetime:
        """The current instant, UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin."""
        return time.monotonic()


class Chance(Protocol):
    """Randomness."""

    def fraction(self) -> float:
        """A number in [0, 1)."""

    def token(self) -> str:
        """32 hexadecimal characters that nobody can guess."""


class SystemChance:
    """The machine's randomness."""

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return secrets.randbelow(1 << 32) / (1 << 32)

    def token(self) -> str:
        """32 hexadecimal characters that nobody can guess."""
        return secrets.token_hex(16)


class Observer(Protocol):
    """Who watches. Neither method ever receives patient data, addresses of patients, or document content."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Surround one durable or wire step: a commit, a write, a rename, a send, an answer, a mailbox move.

        ``name`` is a constant like "vault.rename" or "dpi.mllp.send". The crash suite stops the process before and
        after each, so surround exactly the instant that matters.
        """

    def event(self, name: str, **facts: str | int | float | None) -> None:
        """Say that something happened: logs and counters are made of these."""


class Silent:
    """Watches nothing."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:  # noqa: ARG002 - the port's signature
        """Do nothing around the step."""
        yield

    def event(self, name: str, **facts: str | int | float | None) -> None:
        """Drop the event."""
