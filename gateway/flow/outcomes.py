"""What an answer changes: the attempt, the delivery, its job, the worklist and all that waited, in one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from gateway.flow import plan, revise
from gateway.flow.breaker import Change, backoff
from gateway.flow.house import House
from gateway.ledger import deliveries, documents, jobs, patients, trail
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Outcome
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryEvent, DeliveryState

if TYPE_CHECKING:
    from gateway.flow.deliver import Skip, There

#: The record's refusals that speak of the patient (spec/mssante/dpi-hl7v2.md §4).
IDENTITY_CODES = frozenset({"902", "903", "904", "905"})

#: The DMP refuses because the entry moved under us: look again and make the payload anew, this many times at most.
MOVED_CODES = frozenset({"XDSRegistryDeprecatedDocumentError", "UnresolvedReferenceException"})
REBUILDS = 3

#: Internal errors of the DMP, or a DMP closed meanwhile: TD0.2 is asked again, and after so many tries a person looks.
AMBIGUOUS_CODES = frozenset({"XDSRegistryError", "XDSRepositoryError"})
AMBIGUOUS_TRIES = 6

FALLBACK = (
    "Le DMP n'accepte pas que l'établissement supprime ce document. À faire : demander à l'auteur de le supprimer par "
    "Web-PS, sinon écrire au support du DMP ; informer le patient."
)


def conclude(
    c: Connection,
    house: House,
    job: Job,
    found: Delivery,
    number: int | None,
    said: Outcome,
    change: Change | None,
    unknown_wait: float,
) -> None:
    """Store an outcome for its own attempt; a late one is kept as evidence and the delivery is looked up again."""
    if number is not None:
        deliveries.end_attempt(c, number, said, house.now)
    if change is not None:
        note(c, house, found.destination, said, change)
    if said.code in AMBIGUOUS_CODES | {"XDSUnknownPatientId"} and found.document_id is not None:
        patients.forget_existence(c, documents.get_document(c, found.document_id).ipp or "")
    now = deliveries.get_delivery(c, found.id)
    if now.version != found.version:
        jobs.give_back(c, job, house.now)
        return
    if said.answer is Answer.DONE:
        _done(c, house, job, found, said)
    elif said.answer is Answer.REFUSED or (said.code in AMBIGUOUS_CODES and found.failures + 1 >= AMBIGUOUS_TRIES):
        _refused(c, house, job, found, said)
    elif said.answer is Answer.UNKNOWN and number is not None:
        lost = deliveries.move(c, found, DeliveryEvent.LOSE, house.now, code=said.code, text=said.text)
        deliveries.change(c, lost, failures=found.failures + 1, look_ups=0)
        wait = max(unknown_wait, backoff(house.settings.retry, found.failures + 1, house.chance))
        jobs.give_back(c, job, house.now + wait, failed=True)
    else:
        _later(c, house, job, found, said)


def not_sent(c: Connection, house: House, job: Job, found: Delivery, ready: Skip | There) -> None:
    """It is there already, or must not go."""
    if not jobs.finish(c, job):
        return
    there = getattr(ready, "unique_id", None)
    event = DeliveryEvent.SKIP if there is None else DeliveryEvent.DONE
    values = {} if there is None else {"unique_id": there}
    moved = deliveries.move(c, found, event, house.now, reason=ready.reason, code="", text="", **values)
    _tell(c, house, moved, "skip" if there is None else "done", ready.reason)
    if there is not None:
        revise.withdrawn(c, house, moved)
    plan.ended(c, house, moved)


def note(c: Connection, house: House, name: str, said: Outcome, change: Change) -> None:
    """The breaker's state for all to see; when it closes, those who waited go on."""
    values: dict[str, object] = {
        "failures": change.failures,
        "open_since": change.open_since,
        "probe_at": change.probe_at,
        "code": said.code if change.failures else "",
        "text": said.text if change.failures else "",
    }
    deliveries.set_destination(c, name, **values)
    if change.opened:
        house.observer.event("destination.down", destination=name, code=said.code)
    if change.closed:
        house.observer.event("destination.up", destination=name)
        jobs.wake_lane(c, name, house.now, "breaker")


def _done(c: Connection, house: House, job: Job, found: Delivery, said: Outcome) -> None:
    if not jobs.finish(c, job):
        return
    done = deliveries.move(c, found, DeliveryEvent.DONE, house.now, reason="", code=said.code, text="")
    _tell(c, house, done, "done", said.code)
    revise.withdrawn(c, house, done)
    plan.ended(c, house, done)


def _refused(c: Connection, house: House, job: Job, found: Delivery, said: Outcome) -> None:
    moved_away = said.code in MOVED_CODES and found.failures < REBUILDS and found.state is DeliveryState.SENDING
    if moved_away:
        again = deliveries.move(c, found, DeliveryEvent.RETRY, house.now, payload=None, code=said.code, text=said.text)
        deliveries.change(c, again, failures=found.failures + 1)
        jobs.give_back(c, job, house.now, failed=True)
        return
    if not jobs.finish(c, job):
        return
    refused = deliveries.move(c, found, DeliveryEvent.REFUSE, house.now, code=said.code, text=said.text)
    _tell(c, house, refused, "refused", said.code)
    if refused.document_id is not None:
        _ask_a_person(c, house, refused, said)
    plan.ended(c, house, refused)


def _ask_a_person(c: Connection, house: House, refused: Delivery, said: Outcome) -> None:
    document = refused.document_id
    assert document is not None, "receipts never come here"  # noqa: S101 - narrowed by the caller
    detail, urgent = f"{said.code} : {said.text}", False
    if refused.destination == plan.MSSANTE:
        reason = Reason.MSSANTE_REFUSED
    elif refused.destination == plan.DPI:
        reason = Reason.DPI_REFUSED
        if said.code in IDENTITY_CODES and house.settings.dmp.withdraw_on_refusal:
            urgent = revise.withdraw_from_dmp(c, house, document)
    elif refused.destination == plan.ACK:
        reason = Reason.DPI_REFUSED
    else:
        reason = Reason.DMP_REFUSED
        if refused.purpose in ("delete", "withdraw"):
            detail, urgent = f"{detail} {FALLBACK}", True
    documents.open_entry(c, document, reason, house.now, destination=refused.destination, detail=detail, urgent=urgent)


def _later(c: Connection, house: House, job: Job, found: Delivery, said: Outcome) -> None:
    """Again after a while: exponential, with jitter, capped, for as long as it takes."""
    failures = found.failures + 1
    due = house.now + backoff(house.settings.retry, failures, house.chance)
    if not jobs.give_back(c, job, due, failed=True):
        return
    values: dict[str, object] = {"code": said.code, "text": said.text, "failures": failures}
    if found.state is DeliveryState.SENDING:
        deliveries.move(c, found, DeliveryEvent.RETRY, house.now, **values)
    else:
        deliveries.change(c, found, **values)


def _tell(c: Connection, house: House, found: Delivery, what: str, code: str) -> None:
    subject = f"delivery {found.id}"
    detail = {
        "destination": found.destination,
        "document": found.document_id,
        "purpose": found.purpose,
        "outcome": what,
        "code": code,
        "unique_id": found.unique_id,
    }
    trail.append(c, house.now, "gateway", "deliver", subject, detail)
