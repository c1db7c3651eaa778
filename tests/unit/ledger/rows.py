"""Rows to test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from gateway.ledger import deliveries, documents, mails
from gateway.ledger.engine import Ledger
from gateway.model.documents import Action

T = TypeVar("T")


def put(ledger: Ledger, work: Callable[[Connection], T]) -> T:
    """Run a work and wait for its commit."""
    return ledger.submit("test", work).result(timeout=30)


def arrival(c: Connection, key: str = "a", **values: object) -> int:
    """A mail that came in; its number."""
    return mails.add_arrival(c, {"key": key, "place": "test", "source": key, "at": 1.0, **values})


def document(c: Connection, key: str = "a", **values: object) -> int:
    """A document of a mail of its own; its number."""
    return documents.add_document(c, arrival(c, key), 1, {"action": Action.CREATE, "found_at": 1.0, **values})


def delivery(c: Connection, key: str = "a", name: str = "dpi", **values: object) -> int:
    """A delivery of a document of its own; its number."""
    return deliveries.plan(c, name, 1.0, document_id=document(c, key), purpose="create", **values)
