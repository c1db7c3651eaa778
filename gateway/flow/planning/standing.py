"""Which version of a document goes to a destination, and which one stands there already.

A version of ours after the first differs only in who sees it. Each destination has a chain of its own: it may not have
got every version, so that what a version replaces is what that destination took last.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.ledger import deliveries, revisions
from gateway.ledger.rows import Delivery
from gateway.model.documents import Visibility

#: Why a delivery that had not left does not go: a person took the document back.
WITHDRAWN = "withdrawn"

#: Changes after which a professional has said what a minor's representatives see.
OF_REPRESENTATIVES = frozenset({"make-visible-representatives", "make-invisible-representatives"})


@dataclass(frozen=True, slots=True)
class Version:
    """``number``, ``visibility`` and ``at`` (None: since the document came in) of what goes. ``before``: the older
    version that the destination holds, with what it was told then. ``there``: it holds this one. ``said``: a
    professional has said what the representatives see. ``gone``: a person took the document back.
    """

    number: int
    visibility: Visibility
    at: float | None = None
    before: Delivery | None = None
    told: Visibility | None = None
    there: Delivery | None = None
    said: bool = False
    gone: bool = False


def newest(c: Connection, number: int, decided: Visibility, destination: str) -> Version:
    """The version that holds of document ``number``, on its way to a destination."""
    words = revisions.of_document(c, number)
    made = [one for one in words if one.change != revisions.DELETE]
    shown = {revisions.FIRST: decided} | {one.number: one.shown for one in made}
    last = max(shown)
    held = deliveries.held_by(c, number, destination)
    there = held[-1] if held and held[-1].revision == last else None
    before = held[-1] if held and there is None else None
    return Version(
        number=last,
        visibility=shown[last],
        at=made[-1].at if made else None,
        before=before,
        told=shown.get(before.revision) if before else None,
        there=there,
        said=any(one.change in OF_REPRESENTATIVES for one in made),
        gone=revisions.deleted(words) is not None,
    )


def overtaken(c: Connection, found: Delivery) -> bool:
    """Whether a newer version than the one that a delivery carries was asked for meanwhile."""
    if found.document_id is None or found.purpose not in ("create", "replace"):
        return False
    made = [one for one in revisions.of_document(c, found.document_id) if one.change != revisions.DELETE]
    return bool(made) and made[-1].number > found.revision


def held(c: Connection, number: int, decided: Visibility, destination: str) -> Version | None:
    """The version that a destination holds, as it was made; None when it holds none."""
    taken = deliveries.held_by(c, number, destination)
    if not taken:
        return None
    made = revisions.of_document(c, number)
    shown = {revisions.FIRST: decided} | {one.number: one.shown for one in made}
    at = made[-1].at if made else None
    before = taken[-2] if len(taken) > 1 else None
    return Version(taken[-1].revision, shown[taken[-1].revision], at=at, before=before, there=taken[-1])
