"""What an answer changes: the attempt, the delivery, its job, the worklist and all that waited, in one commit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.flow.breaker import Change, backoff
from gateway.flow.delivering.legs import Skip, There
from gateway.flow.house import House
from gateway.flow.planning import plan, revise, standing, together
from gateway.ledger import deliveries, documents, jobs, patients, trail
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Outcome
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryEvent, DeliveryState

#: The record's refusals that speak of the patient (spec/mssante/dpi-hl7v2.md §4).
IDENTITY_CODES = frozenset({"902", "903", "904", "905"})

#: The DMP refuses because the entry moved under us: look again and make the payload anew, this many times at most.
MOVED_CODES = frozenset({"XDSRegistryDeprecatedDocumentError", "UnresolvedReferenceException"})
REBUILDS = 3

#: What refuses a deletion whose OriginalStatus is not the entry's: it is archived, perhaps; once, that is said instead.
STATUS_CODE = "XDSRegistryMetadataError"

#: Internal errors of the DMP, or a DMP closed meanwhile: TD0.2 is asked again, and after so many tries a person looks.
AMBIGUOUS_CODES = frozenset({"XDSRegistryError", "XDSRepositoryError", "TD0.2", "other-patient"})
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
    """Store an outcome for its own attempt; a late one is kept as evidence and the delivery is looked up again.

    What happens to a delivery happens to those that left with it.
    """
    crew = together.aboard(c, found)
    _evidence(c, house, found, number, crew, said)
    if change is not None:
        note(c, house, found.destination, said, change)
    now = deliveries.get_delivery(c, found.id)
    if now.version != found.version:
        jobs.give_back(c, job, house.now)
        return
    crew = [one for one in crew if not together.caught(c, house, one)]
    ambiguous = said.code in AMBIGUOUS_CODES
    if said.answer is Answer.DONE:
        _done(c, house, job, (found, *crew), said)
    elif crew and (said.answer is Answer.REFUSED or ambiguous):
        _each_alone(c, house, job, (found, *crew), said)
    elif said.answer is Answer.REFUSED or (ambiguous and found.failures + 1 >= AMBIGUOUS_TRIES):
        _refused(c, house, job, found, said)
    elif said.answer is Answer.UNKNOWN and number is not None:
        _lose(c, house, job, (found, *crew), said, unknown_wait)
    else:
        _later(c, house, job, (found, *crew), said)


def parted(
    c: Connection, house: House, job: Job, members: Sequence[Delivery], answers: Sequence[Outcome], due: float
) -> None:
    """Of what left together some is there and some is not: what is there is done, the rest goes on alone."""
    lead = members[0]
    known = list(zip(members, answers, strict=True))
    there = [one for one, said in known if said.answer is Answer.DONE]
    if not (jobs.finish(c, job) if lead in there else jobs.give_back(c, job, due, failed=True)):
        return
    for one, said in known:
        if one not in there:
            absent = said.answer is Answer.RETRY_LATER
            looked = deliveries.change(c, one, look_ups=one.look_ups + absent, failures=one.failures + 1)
            if one is not lead:
                together.alone(c, house, looked, due)
    _are_there(c, house, there, Outcome(Answer.DONE, "found"))


def not_sent(c: Connection, house: House, job: Job, found: Delivery, ready: Skip | There) -> None:
    """It is there already, or must not go."""
    if not jobs.finish(c, job):
        return
    there = getattr(ready, "unique_id", None)
    event = DeliveryEvent.SKIP if there is None else DeliveryEvent.DONE
    values = {} if there is None else {"unique_id": there}
    text = getattr(ready, "text", "")
    moved = deliveries.move(c, found, event, house.now, reason=ready.reason, code="", text=text, **values)
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


def _evidence(
    c: Connection, house: House, found: Delivery, number: int | None, crew: Sequence[Delivery], said: Outcome
) -> None:
    if number is not None:
        for ending in (number, *(deliveries.attempts(c, one.id)[-1].id for one in crew)):
            deliveries.end_attempt(c, ending, said, house.now)
    if said.code in AMBIGUOUS_CODES | {"XDSUnknownPatientId"} and found.document_id is not None:
        patients.forget_existence(c, documents.get_document(c, found.document_id).ipp or "")


def _lose(
    c: Connection, house: House, job: Job, members: Sequence[Delivery], said: Outcome, unknown_wait: float
) -> None:
    for one in members:
        lost = deliveries.move(c, one, DeliveryEvent.LOSE, house.now, code=said.code, text=said.text)
        deliveries.change(c, lost, failures=one.failures + 1, look_ups=0)
    wait = max(unknown_wait, backoff(house.settings.retry, members[0].failures + 1, house.chance))
    jobs.give_back(c, job, house.now + wait, failed=True)


def _done(c: Connection, house: House, job: Job, members: Sequence[Delivery], said: Outcome) -> None:
    if jobs.finish(c, job):
        _are_there(c, house, members, said)


def _are_there(c: Connection, house: House, members: Sequence[Delivery], said: Outcome) -> None:
    event = DeliveryEvent.DONE
    moved = [deliveries.move(c, one, event, house.now, reason="", code=said.code, text="") for one in members]
    for done in moved:
        _tell(c, house, done, "done", said.code)
        revise.withdrawn(c, house, done)
        plan.ended(c, house, done)


def _each_alone(c: Connection, house: House, job: Job, members: Sequence[Delivery], said: Outcome) -> None:
    """A set was refused, and nothing of it is there: each goes alone, so that one never blocks another."""
    wait = 0.0 if said.answer is Answer.REFUSED else backoff(house.settings.retry, 1, house.chance)
    due = house.now + wait
    if not jobs.give_back(c, job, due, failed=True):
        return
    for place, one in enumerate(members):
        again = deliveries.move(c, one, DeliveryEvent.RETRY, house.now, payload=None, code=said.code, text=said.text)
        again = deliveries.change(c, again, failures=one.failures + 1)
        if place:
            together.alone(c, house, again, due)


def _refused(c: Connection, house: House, job: Job, found: Delivery, said: Outcome) -> None:
    moved = said.code in MOVED_CODES or (_takes_back(found) and said.code == STATUS_CODE != found.code)
    if moved and found.failures < REBUILDS and found.state is DeliveryState.SENDING:
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
        reason, detail = Reason.DPI_REFUSED, f"L'accusé métier (ZAM), non le document. {detail}"
    else:
        reason = Reason.DMP_REFUSED
        if _takes_back(refused):
            detail, urgent = f"{detail} {FALLBACK}", True
    documents.open_entry(c, document, reason, house.now, destination=refused.destination, detail=detail, urgent=urgent)


def _takes_back(found: Delivery) -> bool:
    return found.purpose in ("delete", "withdraw")


def _later(c: Connection, house: House, job: Job, members: Sequence[Delivery], said: Outcome) -> None:
    """Again after a while: exponential, with jitter, capped, for as long as it takes."""
    found = members[0]
    failures = found.failures + 1
    asked = min(said.wait, house.settings.retry.max)
    due = house.now + max(asked, backoff(house.settings.retry, failures, house.chance))
    if not jobs.give_back(c, job, due, failed=True):
        return
    for one in members:
        values: dict[str, object] = {"code": said.code, "text": said.text, "failures": one.failures + 1}
        if one.state is DeliveryState.SENDING:
            anew: dict[str, object] = {"payload": None} if standing.overtaken(c, one) else {}
            deliveries.move(c, one, DeliveryEvent.RETRY, house.now, **values, **anew)
        else:
            deliveries.change(c, one, **values)
    if not said.down and found.state in together.QUIET:
        together.part(c, house, found)  # its own trouble, of which the others know nothing


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
