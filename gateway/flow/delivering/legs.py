"""What a leg says of a delivery: it may go, with whom; it must not; it is there already; it must wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.isolation.errors import ReaderError, ReaderRefused
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Destination, Frozen, Outcome

#: The code of a delivery whose document a reader was lost over.
LOST = "reader"


@dataclass(frozen=True, slots=True)
class Going:
    """One delivery of a payload, held there under ``unique_id``; ``existence`` is TD0.2's answer with its time;
    ``revision`` which version of ours it is.
    """

    delivery: Delivery
    unique_id: str
    existence: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Go:
    """It may leave, as ``Going`` says; ``along`` go with it. ``again``: it is the payload that is kept already."""

    payload: Frozen
    unique_id: str
    existence: str = ""
    revision: int = 1
    along: tuple[Going, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """It must not: an answer with its reason, not an error. ``asked``: the destination itself said so just now;
    ``text``: more about it, in French.
    """

    reason: str
    asked: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class There:
    """It is already there."""

    unique_id: str
    reason: str = "already-there"
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """It cannot yet: what the destination, or our own check, said."""

    outcome: Outcome


Ready = Go | Skip | There | Wait


def unread(error: ReaderError, code: str = "format") -> Wait:
    """The readers gave no bytes: refused under ``code`` when they cannot, asked again when one was lost over it."""
    if isinstance(error, ReaderRefused):
        return Wait(Outcome(Answer.REFUSED, code, "Ce document ne peut pas être remis en forme."))
    return Wait(Outcome(Answer.RETRY_LATER, LOST, "La lecture du document est à refaire."))


class Leg(Protocol):
    """One destination, with what is particular to it."""

    @property
    def destination(self) -> Destination:
        """Where it sends."""

    @property
    def unknown_wait(self) -> float:
        """Seconds before an unknown outcome is looked up."""

    @property
    def look_ups(self) -> int:
        """How many times it must be absent before it is sent again."""

    async def ready(self, delivery: Delivery) -> Ready:
        """Read every condition again and freeze the payload."""

    async def still(self, delivery: Delivery) -> Skip | Wait | None:
        """Read the conditions again for a payload that is already frozen; None: it may go."""


@runtime_checkable
class Together(Protocol):
    """A leg whose destination takes several documents at once."""

    async def together(self, lead: Delivery, along: Sequence[Delivery]) -> Ready:
        """``Leg.ready`` of the lead; ``Go.along`` are those of the others that can go with it."""
