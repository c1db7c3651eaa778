"""A document that stands somewhere gets a new version, or is taken back: planned in the commit of its cause."""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.planning import plan, together
from gateway.flow.planning.standing import OF_REPRESENTATIVES, WITHDRAWN
from gateway.ledger import deliveries, documents, jobs, revisions
from gateway.ledger.revisions import FIRST
from gateway.ledger.rows import Delivery, Document
from gateway.model.reasons import NotFed, Reason
from gateway.model.states import ENDED, DeliveryEvent, DeliveryState, DocumentEvent, DocumentState

_QUIET = (DeliveryState.PLANNED, DeliveryState.WAITING)
_OWN = ("create", "replace")

#: Why nothing was sent at all, and the word that was waited for.
_AWAITED: Mapping[str, Set[str]] = {NotFed.MINOR_RULE: OF_REPRESENTATIVES, Reason.MASKED: {"unmask"}}


def revise(c: Connection, house: House, found: Document, number: int, change: str) -> Mapping[str, bool]:
    """Send version ``number`` of a document wherever an older one stands or is on its way; whether it goes, by
    destination. Where nothing stands nothing goes now: what is fed later is the version that holds then.
    """
    to_dpi = house.settings.dpi.kind != "none" and _revise(c, house, found, plan.DPI, number, change)
    kept_out = not to_dpi and _taking_back(c, found.id, plan.DMP) is not None  # the record has just refused the patient
    to_dmp = house.settings.dmp.enabled and not kept_out and _revise(c, house, found, plan.DMP, number, change)
    told = {plan.DPI: to_dpi, plan.DMP: to_dmp}
    if any(told.values()):
        reopen(c, found.id)
    return told


def withdraw(c: Connection, house: House, number: int, name: str, revision: int) -> bool:
    """Take a document back from a destination, or keep it from going there; whether there was anything to do.

    ``revision``: the person's word as a version of ours, or FIRST when it was the record's refusal.
    """
    rows = [one for one in deliveries.of_document(c, number) if one.destination == name]
    if _taking_back(c, number, name) is not None:
        return True
    moving = [one for one in rows if one.purpose in _OWN and one.state not in ENDED]
    for one in moving:
        if one.state in _QUIET:
            _keep_back(c, house, one, WITHDRAWN if revision > FIRST else Reason.DPI_REFUSED)
    left = [one for one in moving if one.state not in _QUIET]
    held = [one for one in deliveries.held_by(c, number, name) if one.reason != "already-there"]
    if not left and not held:
        return bool(moving)
    values = {"unique_id": held[-1].unique_id if held else "", "after_id": left[-1].id if left else None}
    row = deliveries.plan(c, name, house.now, document_id=number, purpose="withdraw", revision=revision, **values)
    jobs.enqueue(c, "deliver", name, row, house.now)
    return True


def withdraw_from_dmp(c: Connection, house: House, number: int) -> bool:
    """The record refused the patient: the DMP must not have the document; whether that is of any concern to it."""
    last = deliveries.first_of(c, number, plan.DMP)
    if last is None or last.purpose not in _OWN or last.reason == "already-there":
        return False  # what the author fed himself is not ours to take back
    withdraw(c, house, number, plan.DMP, FIRST)
    return True


def withdrawn(c: Connection, house: House, done: Delivery) -> None:
    """A document was taken back from a destination: none of its versions stands there any more."""
    if done.purpose != "withdraw" or done.document_id is None:
        return
    asked = revisions.deleted(revisions.of_document(c, done.document_id))  # else it was the record's refusal
    reason = "" if asked else Reason.DPI_REFUSED
    for one in deliveries.held_by(c, done.document_id, done.destination):
        deliveries.move(c, one, DeliveryEvent.WITHDRAW, house.now, reason=reason)


def reopen(c: Connection, number: int) -> None:
    """A settled document has something on its way again."""
    found = documents.get_document(c, number)
    if found.state is DocumentState.SETTLED:
        documents.move(c, found, DocumentEvent.REOPEN)


def _revise(c: Connection, house: House, found: Document, name: str, number: int, change: str) -> bool:
    rows = [d for d in deliveries.of_document(c, found.id) if d.destination == name and d.purpose in _OWN]
    if not rows:
        return False
    last = rows[-1]
    if last.state in _QUIET:  # it will be made anew, as this version
        deliveries.change(c, last, payload=None)
        return True
    before = last if last.state not in ENDED else _taking_back(c, found.id, name)
    if before or deliveries.held_by(c, found.id, name):
        values = {"document_id": found.id, "purpose": "replace", "revision": number}
        row = deliveries.plan(c, name, house.now, after_id=before.id if before else None, **values)
        jobs.enqueue(c, "deliver", name, row, house.now)
        return True
    if change not in _AWAITED.get(last.reason, frozenset()):
        return False
    deliveries.move(c, last, DeliveryEvent.RETRY, house.now, payload=None, reason="", failures=last.failures + 1)
    jobs.enqueue(c, "deliver", name, last.id, house.now)
    return True


def _taking_back(c: Connection, number: int, name: str) -> Delivery | None:
    """What takes the document back from a destination just now."""
    rows = [one for one in deliveries.of_document(c, number) if one.destination == name]
    return next((one for one in rows if one.purpose == "withdraw" and one.state not in ENDED), None)


def _keep_back(c: Connection, house: House, one: Delivery, reason: str) -> None:
    deliveries.move(c, one, DeliveryEvent.SKIP, house.now, reason=reason)
    together.part(c, house, one)
    jobs.drop(c, "deliver", one.id)
    jobs.wake(c, "deliver", deliveries.waiting_for(c, one.id), house.now)
