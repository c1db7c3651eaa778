"""What a destination answered, in four words (DESIGN §2, delivery)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.model.documents import Action


class Answer(StrEnum):
    """Done; refused for good; to be tried again later; or nobody knows whether it took effect."""

    DONE = "done"
    REFUSED = "refused"
    RETRY_LATER = "retry-later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer with its evidence. ``code`` is the destination's own (AE 902, XDSRegistryBusy…), ``text`` French for
    the operator; neither holds patient data. ``down`` means that the destination, not the document, is at fault: it
    counts for the breaker. ``stop`` opens the breaker at once (certificate, homologation: every message would fail).
    ``wait``: seconds for which the destination asks to be left in peace.
    """

    answer: Answer
    code: str = ""
    text: str = ""
    down: bool = False
    stop: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Frozen:
    """A payload that leaves, byte for byte the same at each attempt.

    ``head`` is what the adapter needs to send it again (JSON of its own), ``body`` the bytes. ``key`` is the id by
    which the destination recognises a repetition (MSH-10, document uniqueId); ``also`` are those of the other documents
    that it carries.
    """

    key: str
    action: Action
    head: bytes
    body: bytes
    also: tuple[str, ...] = ()


class Destination(Protocol):
    """The port of a destination. Neither method raises for what the destination or the network does."""

    async def send(self, payload: Frozen) -> Outcome:
        """Send; UNKNOWN when bytes left and no answer that can be trusted came back."""

    async def look_up(self, payload: Frozen) -> Outcome:
        """After UNKNOWN: DONE when it is there, RETRY_LATER when it surely is not, UNKNOWN when that can't be told."""
