"""Which version of a document a destination holds now: what its successor must replace there (DESIGN §5)."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.ledger import deliveries, documents
from gateway.ledger.rows import Delivery, Document
from gateway.model.documents import Action
from gateway.model.states import DeliveryState


def standing(c: Connection, parent: Document, but: Document, name: str) -> Delivery | None:
    """Of the versions that came before ``but``, the one that we know at destination ``name``; None: it goes as new.

    That is the parent that its author names; else the version that took the parent's place; else, when the parent never
    went there, the one before it. A parent that was taken back has left nothing to replace.
    """
    current: Document | None = _latest(c, parent, but, name)
    while current is not None:
        held = deliveries.held_by(c, current.id, name)
        if held:
            return held[-1]
        own = deliveries.first_of(c, current.id, name)
        if own is not None and own.state is DeliveryState.WITHDRAWN:
            return None
        older = current.parent_id if current.action is Action.REPLACE else None
        current = documents.get_document(c, older) if older is not None and older < current.id else None
    return None


def _latest(c: Connection, parent: Document, but: Document, name: str) -> Document:
    """The last of the versions that replaced it there, one after the other."""
    later = [
        one
        for one in documents.successors(c, parent.id)
        if parent.id < one.id < but.id and one.action is Action.REPLACE and deliveries.held_by(c, one.id, name)
    ]
    return _latest(c, later[-1], but, name) if later else parent
