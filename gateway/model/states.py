"""The life-cycles as tables (state, event) → state (DESIGN §3). An illegal pair raises."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class IllegalTransitionError(Exception):
    """Something tried to move a thing along a path that does not exist: a defect of ours, never of the input."""


class MailState(StrEnum):
    """received → read → settled."""

    RECEIVED = "received"
    READ = "read"
    SETTLED = "settled"


class MailEvent(StrEnum):
    """What happens to a mail."""

    READ = "read"
    SETTLE = "settle"
    RETURN = "return"


class DocumentState(StrEnum):
    """Where a document stands; exactly one at a time."""

    FOUND = "found"
    READ = "read"
    DECIDED = "decided"
    SETTLED = "settled"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class DocumentEvent(StrEnum):
    """What happens to a document."""

    READ = "read"
    DECIDE = "decide"
    QUARANTINE = "quarantine"
    IGNORE = "ignore"
    SETTLE = "settle"
    REOPEN = "reopen"
    REJECT = "reject"
    SUPERSEDE = "supersede"


class DeliveryState(StrEnum):
    """Where one document stands at one destination."""

    PLANNED = "planned"
    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


class DeliveryEvent(StrEnum):
    """What happens to a delivery."""

    START = "start"
    SEND = "send"
    DONE = "done"
    REFUSE = "refuse"
    RETRY = "retry"
    LOSE = "lose"
    SKIP = "skip"
    WITHDRAW = "withdraw"


MAIL: Mapping[tuple[MailState, MailEvent], MailState] = {
    (MailState.RECEIVED, MailEvent.READ): MailState.READ,
    (MailState.READ, MailEvent.SETTLE): MailState.SETTLED,
    (MailState.SETTLED, MailEvent.RETURN): MailState.RECEIVED,  # it came again after its bytes were purged
}

_D, _E = DocumentState, DocumentEvent
DOCUMENT: Mapping[tuple[DocumentState, DocumentEvent], DocumentState] = {
    (_D.FOUND, _E.READ): _D.READ,
    (_D.READ, _E.DECIDE): _D.DECIDED,
    (_D.READ, _E.QUARANTINE): _D.QUARANTINED,
    (_D.READ, _E.IGNORE): _D.IGNORED,
    (_D.DECIDED, _E.SETTLE): _D.SETTLED,
    (_D.DECIDED, _E.SUPERSEDE): _D.SUPERSEDED,
    (_D.SETTLED, _E.REOPEN): _D.DECIDED,  # a delivery is tried again after a person's word
    (_D.SETTLED, _E.SUPERSEDE): _D.SUPERSEDED,
    (_D.QUARANTINED, _E.DECIDE): _D.DECIDED,
    (_D.QUARANTINED, _E.IGNORE): _D.IGNORED,  # it had joined a copy that was then filed
    (_D.QUARANTINED, _E.REJECT): _D.REJECTED,
    (_D.REJECTED, _E.REOPEN): _D.QUARANTINED,
}

_S, _V = DeliveryState, DeliveryEvent
DELIVERY: Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (_S.PLANNED, _V.START): _S.WAITING,
    (_S.PLANNED, _V.SKIP): _S.NOT_APPLICABLE,
    (_S.WAITING, _V.SEND): _S.SENDING,
    (_S.WAITING, _V.SKIP): _S.NOT_APPLICABLE,
    (_S.WAITING, _V.DONE): _S.DONE,  # it was already there
    (_S.WAITING, _V.REFUSE): _S.REFUSED,  # what we check before sending
    (_S.SENDING, _V.DONE): _S.DONE,
    (_S.SENDING, _V.REFUSE): _S.REFUSED,
    (_S.SENDING, _V.RETRY): _S.WAITING,
    (_S.SENDING, _V.LOSE): _S.UNKNOWN,
    (_S.UNKNOWN, _V.DONE): _S.DONE,
    (_S.UNKNOWN, _V.REFUSE): _S.REFUSED,
    (_S.UNKNOWN, _V.RETRY): _S.WAITING,
    (_S.REFUSED, _V.RETRY): _S.WAITING,
    (_S.NOT_APPLICABLE, _V.RETRY): _S.WAITING,
    (_S.DONE, _V.WITHDRAW): _S.WITHDRAWN,
}

#: A delivery that nothing will move by itself any more.
ENDED = frozenset({_S.DONE, _S.REFUSED, _S.NOT_APPLICABLE, _S.WITHDRAWN})

#: A document that nothing will move by itself nor needs a person.
CLOSED = frozenset({_D.SETTLED, _D.IGNORED, _D.REJECTED, _D.SUPERSEDED})

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def advance(table: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """The state after ``event``; IllegalTransitionError when the table has no such pair."""
    try:
        return table[state, event]
    except KeyError:
        raise IllegalTransitionError(f"{type(state).__name__}: no {event} from {state}") from None
