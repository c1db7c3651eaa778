"""Versions of a document that we made after the first: who asked for them, and what the patient sees since."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, insert, select

from gateway.ledger.rows import Revision, as_values
from gateway.ledger.tables import document, revision
from gateway.model.documents import Visibility
from gateway.model.states import DocumentState

#: What takes a document back for good; every other change is of its visibility.
DELETE = "delete"

#: The number of the version that was decided when the document came in.
FIRST = 1


def add(c: Connection, number: int, change: str, visibility: Visibility, at: float, **values: str) -> int:
    """The next version of a document; its number. ``values``: by, on_request_of, reason."""
    made = of_document(c, number)
    following = made[-1].number + 1 if made else FIRST + 1
    shown = msgspec.json.encode(visibility).decode()
    row = {"document_id": number, "number": following, "change": change, "visibility": shown, "at": at, **values}
    c.execute(insert(revision).values(**row))
    return following


def of_document(c: Connection, number: int) -> list[Revision]:
    """The versions after the first, oldest first."""
    query = select(revision).where(revision.c.document_id == number).order_by(revision.c.number)
    return as_values(Revision, c.execute(query).all())


def deleted(made: list[Revision]) -> Revision | None:
    """The one that took the document back."""
    return next((one for one in made if one.change == DELETE), None)


def hidden(c: Connection) -> list[tuple[int, float]]:
    """The documents that their patient does not see and that wait for a professional: number and since when, oldest
    first."""
    filed = document.c.state.in_((DocumentState.DECIDED, DocumentState.SETTLED))
    query = select(document.c.id, document.c.hidden_since).where(document.c.hidden_since.is_not(None), filed)
    return [(row[0], row[1]) for row in c.execute(query.order_by(document.c.hidden_since, document.c.id))]
