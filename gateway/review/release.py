"""A person lets an entry go: what waits is decided again as things now stand, what was refused is tried again."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from gateway.flow import decide
from gateway.flow.house import House
from gateway.flow.index import HELD
from gateway.flow.judgement import judge
from gateway.flow.judgement.judge import Judgement
from gateway.flow.planning import plan
from gateway.ledger import deliveries, documents, jobs, patients
from gateway.ledger.rows import Delivery, Document, Entry
from gateway.model.documents import Action
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryEvent, DeliveryState, DocumentEvent, DocumentState
from gateway.operate.messages import DESTINATIONS, IGNORED, REASONS
from gateway.review.assign import require_filable
from gateway.review.entries import Done, Dossier, ReviewError, dossier, file, tell, waiting

_QUIET = (DeliveryState.PLANNED, DeliveryState.WAITING)


def release(c: Connection, house: House, number: int, who: str, *, version: int | None = None) -> Done:
    """Decide again (a rule's hold is lifted by the person's word), or try the destination again. ReviewError."""
    entry, found = waiting(c, number, version)
    if entry.reason is Reason.IDENTITY_CHANGED:
        return _lift(c, house, entry, found, who)
    if entry.destination:
        return _again(c, house, entry, found, who)
    read = dossier(c, house, found)
    if read is None:
        raise ReviewError(f"il n'y a rien à décider de nouveau. {REASONS[entry.reason].next_step}")
    judgement = _judged(c, house, entry, found, read)
    if judgement.file:
        return file(c, house, entry, found, read, judgement, who, "release")
    return _not_filed(c, house, entry, found, read, judgement, who)


def _judged(c: Connection, house: House, entry: Entry, found: Document, read: Dossier) -> Judgement:
    """The judgement among the documents of its mail, a rule's hold lifted."""
    together = documents.of_arrival(c, found.arrival_seq)
    judged = decide.judge_all(c, house, together, read.reading, read.context, read.seen)
    judgement = next(one for its, one in zip(together, judged, strict=True) if its.id == found.id)
    if judgement.reason is not Reason.HELD_BY_RULE or judgement.match is None:
        return judgement
    require_filable(entry, read.one, house.settings)
    match = judgement.match
    if match.ipp is None and len(match.candidates) == 1:  # the policy asked for a person's eye on an exact match
        if read.one.action is not Action.CREATE:  # whether it may replace was not judged
            raise ReviewError("ce document en remplace ou en supprime un autre : comparez, puis attribuez-le (assign)")
        match = replace(match, ipp=match.candidates[0].ipp, reason=None)
    patient = patients.surviving(c, match.ipp or "")
    return judgement if patient is None else judge.file(read.one, match, patient, read.context, by_person=True)


def _not_filed(
    c: Connection, house: House, entry: Entry, found: Document, read: Dossier, judgement: Judgement, who: str
) -> Done:
    detail: dict[str, object] = {"document": found.id, "reason": entry.reason, "now": judgement.reason}
    tell(c, house, who, "release", entry, detail)
    if judgement.wait:
        return Done(entry.id, found.id, "kept", "le document attend encore ce qui le précède : réessayez plus tard")
    number = decide.keep(c, house, found, judgement, read.reading.reader, by=who)
    if judgement.ignored is not None:
        documents.close_entry(c, entry, house.now, who, "release")
        documents.move(c, found, DocumentEvent.IGNORE, ignored=judgement.ignored, decision_id=number, reason=None)
        plan.settle_arrival(c, house, found.arrival_seq)
        return Done(entry.id, found.id, "ignored", f"document mis de côté : {IGNORED[judgement.ignored]}")
    assert judgement.reason is not None, "what is neither filed nor ignored has a reason"  # noqa: S101 - flow.judge
    return _kept(c, house, entry, found, judgement, judgement.reason, number, who)


def _kept(
    c: Connection, house: House, entry: Entry, found: Document, judgement: Judgement, why: Reason, number: int, who: str
) -> Done:
    """Still for a person: the same entry with fresh evidence, or another one when the reason is another."""
    evidence = msgspec.json.encode(judgement.match.candidates if judgement.match else ()).decode()
    documents.change(c, found, reason=why, decision_id=number)
    title = REASONS[why].title.lower()
    if why is entry.reason:
        documents.change_entry(c, entry, detail=judgement.detail, evidence=evidence)
        return Done(entry.id, found.id, "kept", f"rien n'a changé, le document attend toujours ({title})")
    documents.close_entry(c, entry, house.now, who, "release")
    fresh = documents.open_entry(c, found.id, why, house.now, detail=judgement.detail, evidence=evidence)
    return Done(fresh, found.id, "kept", f"le document attend pour une autre raison ({title}) : entrée {fresh}")


def _again(c: Connection, house: House, entry: Entry, found: Document, who: str) -> Done:
    """Try a refused delivery again, with a payload made anew; what the refusal kept from the DMP follows."""
    refused = [
        one
        for one in deliveries.of_document(c, found.id)
        if one.destination == entry.destination and one.state is DeliveryState.REFUSED
    ]
    if not refused:
        raise ReviewError("aucune remise refusée n'est à refaire : utilisez reject (traité autrement)")
    if found.state is DocumentState.SUPERSEDED:
        raise ReviewError("ce document a été remplacé depuis : utilisez reject (traité autrement)")
    if decide.overtaken(c, found, entry.destination):
        raise ReviewError("son auteur l'a remplacé ou supprimé depuis : utilisez reject (traité autrement)")
    if found.state is DocumentState.SETTLED:
        documents.move(c, found, DocumentEvent.REOPEN)
    documents.close_entry(c, entry, house.now, who, "release")
    tell(c, house, who, "release", entry, {"document": found.id, "reason": entry.reason, "delivery": refused[-1].id})
    for one in refused if entry.destination == plan.MSSANTE else refused[-1:]:  # there each recipient has its own
        retry(c, house, one)
    if entry.destination == plan.DPI:
        for one in deliveries.of_document(c, found.id):
            if one.state is DeliveryState.NOT_APPLICABLE and one.reason == Reason.DPI_REFUSED:
                retry(c, house, one, after_id=refused[-1].id)
    name = DESTINATIONS[entry.destination]
    return Done(entry.id, found.id, "again", f"nouvel envoi demandé ({name})")


def retry(c: Connection, house: House, ended: Delivery, **values: object) -> None:
    """Start a delivery that had ended again, with a payload made anew."""
    fresh = {"payload": None, "reason": "", "code": "", "text": "", "failures": ended.failures + 1}
    deliveries.move(c, ended, DeliveryEvent.RETRY, house.now, **fresh, **values)
    jobs.enqueue(c, "deliver", ended.destination, ended.id, house.now)


def _lift(c: Connection, house: House, entry: Entry, found: Document, who: str) -> Done:
    """Lift the hold of a changed identity: every condition is read again, and nothing frozen under the old one goes."""
    documents.close_entry(c, entry, house.now, who, "release")
    tell(c, house, who, "release", entry, {"document": found.id, "reason": entry.reason})
    held = [
        one
        for one in deliveries.of_document(c, found.id)
        if one.destination == entry.destination and one.held and one.hold_reason == HELD
    ]
    for one in held:
        payload = None if one.state in _QUIET else one.payload
        deliveries.change(c, one, held=False, hold_reason="", payload=payload)
    jobs.wake(c, "deliver", [one.id for one in held], house.now)
    plan.close(c, house, found.id)
    if held:
        return Done(entry.id, found.id, "again", "la retenue est levée, la remise reprend")
    return Done(entry.id, found.id, "checked", "entrée close : vérifiée, rien n'était retenu")
