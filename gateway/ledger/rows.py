"""The rows as frozen values, and how they are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Insert, Row

from gateway.model.documents import Action, MailReading, Visibility
from gateway.model.reasons import Ignored, Reason
from gateway.model.states import DeliveryState, DocumentState, MailState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Transport:
    """The SMTP envelope, the peer and its TLS identity; empty for other places."""

    sender: str = ""
    recipients: tuple[str, ...] = ()
    peer: str = ""
    tls_identity: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail seen at a place. ``target`` is the mailbox folder where it belongs: done or review."""

    seq: int
    key: str
    place: str
    mailbox: str
    uidvalidity: int | None
    uid: int | None
    source: str
    mail_id: int | None
    message_id: str
    size: int
    envelope: str
    trusted: bool
    state: MailState
    target: str
    at: float

    @property
    def transport(self) -> Transport:
        """What SMTP told."""
        return msgspec.json.decode(self.envelope, type=Transport)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's bytes: ``digest`` is their address in the vault. ``reading`` is JSON once read."""

    id: int
    digest: str
    size: int
    state: MailState
    reading: str | None
    reader: str
    deaths: int
    received_at: float
    settled_at: float | None
    purged_at: float | None

    def decoded(self) -> MailReading:
        """The reading. Only for a mail that was read."""
        return msgspec.json.decode(self.reading or "", type=MailReading)


@dataclass(frozen=True, slots=True)
class Document:
    """A document found in an arrival. ``hidden_since``: the patient does not see it, until a professional says so."""

    id: int
    arrival_seq: int
    ordinal: int
    state: DocumentState
    claim: str | None
    duplicate_of: int | None
    unique_id: str
    sha256: str
    action: Action
    parent_id: int | None
    superseded_by: int | None
    filename: str
    reason: Reason | None
    ignored: Ignored | None
    ipp: str | None
    type_code: str | None
    decision_id: int | None
    found_at: float
    version: int
    hidden_since: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document, or the receipt of one arrival, to one destination. ``purpose``: create, replace, delete,
    withdraw, receipt. ``unique_id`` is the id as the destination holds it. ``after_id`` is waited for. ``lead_id``:
    the delivery in whose submission this one goes along. ``revision``: which version of ours of the document goes.
    ``says``: what a message of ours to the record tells (JSON of ``model.orders.Tidings``).
    """

    id: int
    destination: str
    document_id: int | None
    arrival_seq: int | None
    purpose: str
    state: DeliveryState
    held: bool
    hold_reason: str
    reason: str
    code: str
    text: str
    unique_id: str
    after_id: int | None
    failures: int
    look_ups: int
    payload: str | None
    existence: str
    planned_at: float
    ended_at: float | None
    version: int
    lead_id: int | None
    revision: int
    says: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of a document that we made after the first. ``visibility`` is JSON: what holds from then on."""

    id: int
    document_id: int
    number: int
    change: str
    visibility: str
    by: str
    on_request_of: str
    reason: str
    at: float

    @property
    def shown(self) -> Visibility:
        """Who sees it."""
        return msgspec.json.decode(self.visibility, type=Visibility)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that we send by MSSanté to one recipient (empty: nobody was named); who it is of, by its delivery."""

    id: int
    message_id: str
    recipient: str
    delivery_id: int
    at: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """Bytes that left, or were about to."""

    id: int
    delivery_id: int
    token: str
    payload: str
    key: str
    started_at: float
    ended_at: float | None
    answer: str | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What waits for a person; closed when ``closed_at`` is set."""

    id: int
    document_id: int
    destination: str
    reason: Reason
    detail: str
    evidence: str
    urgent: bool
    opened_at: float
    closed_at: float | None
    closed_by: str
    closed_how: str
    version: int


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """How a destination does. ``open_since``: its breaker is open; ``probe_at``: when it is tried again."""

    name: str
    held: bool
    hold_reason: str
    failures: int
    open_since: float | None
    probe_at: float | None
    code: str
    text: str


def as_value(kind: type[T], row: Row[Any]) -> T:
    """A row of the table of ``kind`` as its value; the columns are in the order of the fields."""
    pairs = zip(_converters(kind.__name__), row, strict=True)
    return kind(*(convert(value) if convert and value is not None else value for convert, value in pairs))


def as_values(kind: type[T], rows: Sequence[Row[Any]]) -> list[T]:
    """Rows as values."""
    return [as_value(kind, row) for row in rows]


def new_id(c: Connection, statement: Insert, values: Mapping[str, object]) -> int:
    """Insert one row and return its number."""
    key = c.execute(statement, values).inserted_primary_key
    if key is None:
        raise LookupError("the database gave no number")
    return int(key[0])


_ENUMS = {
    "MailState": MailState,
    "DocumentState": DocumentState,
    "DeliveryState": DeliveryState,
    "Action": Action,
    "Reason | None": Reason,
    "Reason": Reason,
    "Ignored | None": Ignored,
}


@cache
def _converters(kind: str) -> tuple[Any, ...]:
    return tuple(_ENUMS.get(str(field.type)) for field in fields(globals()[kind]))
