"""A person puts an entry aside for good, or takes that back."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.flow.house import House
from gateway.flow.planning import plan, telling
from gateway.flow.read import claim_of
from gateway.ledger import deliveries, documents, jobs
from gateway.ledger.rows import Delivery, Document, Entry
from gateway.model.reasons import NotFed
from gateway.model.states import DeliveryEvent, DeliveryState, DocumentEvent, DocumentState
from gateway.review.entries import Done, ReviewError, dossier, known, tell, waiting

REJECTED = "reject"


def reject(c: Connection, house: House, number: int, why: str, who: str, *, version: int | None = None) -> Done:
    """Reject the document and the copies that joined it; about a destination: handled otherwise, it stays filed.

    A new copy will be a new entry, and the sender is told (DESIGN §5, Receipts). ReviewError, StaleError.
    """
    if not why.strip():
        raise ReviewError("dites pourquoi : un motif est nécessaire")
    entry, found = waiting(c, number, version)
    documents.close_entry(c, entry, house.now, who, REJECTED)
    tell(c, house, who, REJECTED, entry, {"document": found.id, "reason": entry.reason, "why": why})
    if entry.destination:
        return _handled(c, house, entry, found)
    together = [found, *documents.joined(c, found.id)]
    for one in together:
        telling.rejected(c, house, documents.move(c, one, DocumentEvent.REJECT, claim=None))
    for seq in dict.fromkeys(one.arrival_seq for one in together):
        plan.settle_arrival(c, house, seq)
    return Done(entry.id, found.id, "rejected", "document rejeté ; un nouvel envoi fera une nouvelle entrée")


def undo(c: Connection, house: House, number: int, who: str) -> Done:
    """Take a rejection back: the document waits for a person again, under a new entry. ReviewError."""
    entry = known(c, number)
    found = documents.get_document(c, entry.document_id)
    if entry.closed_how != REJECTED or entry.destination or found.state is not DocumentState.REJECTED:
        raise ReviewError(f"l'entrée {number} n'est pas un rejet que l'on puisse annuler")
    read = dossier(c, house, found)
    claim = claim_of(read.one) if read is not None else None
    owner = documents.owner(c, claim) if claim else None
    if owner is not None:
        raise ReviewError(f"le même document a été reçu de nouveau (document {owner.id}) : traitez plutôt celui-là")
    documents.move(c, found, DocumentEvent.REOPEN, claim=claim, duplicate_of=None)
    reopened = documents.open_entry(
        c, found.id, entry.reason, house.now, detail=entry.detail, evidence=entry.evidence, urgent=entry.urgent
    )
    tell(c, house, who, "undo", entry, {"document": found.id, "entry": reopened})
    return Done(reopened, found.id, "reopened", f"rejet annulé : le document attend à nouveau, entrée {reopened}")


def _handled(c: Connection, house: House, entry: Entry, found: Document) -> Done:
    """What was held back for a changed identity will not go any more."""
    for one in deliveries.of_document(c, found.id):
        if one.destination == entry.destination and one.held:
            _give_up(c, house, one)
    plan.close(c, house, found.id)
    return Done(entry.id, found.id, "handled", "entrée close : traitée autrement, le document reste classé")


def _give_up(c: Connection, house: House, held: Delivery) -> None:
    if held.state not in (DeliveryState.PLANNED, DeliveryState.WAITING):
        raise ReviewError("une remise est en cours et nul ne sait si elle a abouti : libérez l'entrée pour le savoir")
    event = DeliveryEvent.SKIP
    values: dict[str, object] = {"reason": NotFed.IDENTITY_BLOCKED, "held": False, "hold_reason": ""}
    if held.destination == plan.DPI and held.state is DeliveryState.WAITING:
        event = DeliveryEvent.REFUSE
        values |= {"code": "identity-changed", "text": "Traité autrement par une personne."}
    ended = deliveries.move(c, held, event, house.now, **values)
    jobs.drop(c, "deliver", held.id)
    plan.ended(c, house, ended)
