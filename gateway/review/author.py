"""A person confirms who wrote a document that somebody else than its sender signs: then it may go to the DMP."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from gateway.flow import decide
from gateway.flow.decide import Decided
from gateway.flow.house import House
from gateway.flow.judgement import judge
from gateway.flow.judgement.author import is_same
from gateway.flow.planning import plan
from gateway.ledger import deliveries, documents, patients, trail
from gateway.ledger.rows import Delivery, Document
from gateway.model.documents import Signatory
from gateway.model.people import Sender
from gateway.model.reasons import NotFed
from gateway.model.states import DeliveryState, DocumentEvent, DocumentState
from gateway.operate import messages
from gateway.review.entries import Done, ReviewError, dossier
from gateway.review.release import retry

_COMPLETE = "complétez l'annuaire (gateway senders import), ou donnez --author RPPS ou ADRESSE"


def confirm(c: Connection, house: House, number: int, author: str, who: str) -> Done:
    """Name the author of document ``number``: by RPPS or address; empty: the signatory, if the directory has him once.

    A new decision stands beside the old one; the delivery to the DMP starts if nothing else keeps it. ReviewError.
    """
    found, delivery = _waiting(c, number)
    before = msgspec.json.decode(documents.decision_content(c, found.decision_id or 0), type=Decided)
    read = dossier(c, house, found)
    patient = patients.surviving(c, found.ipp or "")
    if read is None or patient is None or before.match is None:
        raise ReviewError(f"le document {number} ou son patient n'est plus connu ici : il n'y a rien à confirmer")
    entry = _named(c, author) if author else _signing(c, before.signatories)
    context = replace(read.context, author=entry)
    judgement = judge.file(read.one, before.match, patient, context, by_person=True)
    decision = decide.keep(c, house, found, judgement, read.reading.reader, by=who, author=entry.address)
    since = found.hidden_since or plan.hidden_since(house, found, judgement)
    found = documents.change(c, found, decision_id=decision, hidden_since=since)
    detail = {"document": number, "decision": decision, "author": entry.address}
    trail.append(c, house.now, who, "author", f"document {number}", detail)
    name = f"{entry.given} {entry.name}".strip()
    if judgement.not_fed is not None:
        deliveries.change(c, delivery, reason=judgement.not_fed)
        return Done(0, number, "kept", f"auteur noté ({name}) ; pas de DMP : {messages.not_fed(judgement.not_fed)}")
    if found.state is DocumentState.SETTLED:
        documents.move(c, found, DocumentEvent.REOPEN)
    retry(c, house, delivery)
    return Done(0, number, "again", f"auteur noté ({name}) ; le document part au DMP")


def _waiting(c: Connection, number: int) -> tuple[Document, Delivery]:
    """The document and its delivery, when an unknown author alone keeps it from the DMP."""
    found = documents.known_document(c, number)
    delivery = deliveries.last_of(c, number, "dmp") if found is not None else None
    if found is None or delivery is None:
        raise ReviewError(f"il n'y a pas de document classé sous le numéro {number} ; voir gateway results")
    waits = delivery.state is DeliveryState.NOT_APPLICABLE and delivery.reason == NotFed.AUTHOR_UNKNOWN
    if not waits or found.state is DocumentState.SUPERSEDED:
        raise ReviewError(f"le document {number} n'attend pas que son auteur soit confirmé")
    return found, delivery


def _named(c: Connection, author: str) -> Sender:
    """The entry that a person names."""
    if "@" in author:
        one = patients.get_sender(c, author)
        entries = [one] if one is not None else []
    else:
        entries = patients.senders_like(c, rpps=author)
    return _only(entries, f"« {author} »")


def _signing(c: Connection, signatories: tuple[Signatory, ...]) -> Sender:
    """The entry of who signs: by RPPS, else by name."""
    if not signatories:
        raise ReviewError(f"le document ne dit pas qui l'a signé : donnez --author ; {_COMPLETE}")
    first = signatories[0]
    entries = patients.senders_like(c, rpps=first.rpps) if first.rpps else []
    if not entries and first.given:
        entries = [one for one in patients.senders_like(c, name=first.family) if is_same(first, one)]
    return _only(entries, f"{first.given} {first.family}".strip())


def _only(entries: list[Sender], name: str) -> Sender:
    """One professional with a structure; ReviewError when none or several: nobody is chosen by chance."""
    fit = [one for one in entries if one.is_person and one.structure_id]
    if not fit:
        raise ReviewError(f"{name} n'est pas dans l'annuaire avec un RPPS et une structure : {_COMPLETE}")
    if len({(one.rpps, one.structure_id) for one in fit}) > 1:
        choices = ", ".join(sorted(one.address for one in fit)[:5])
        raise ReviewError(
            f"plusieurs entrées de l'annuaire conviennent pour {name} : choisissez par adresse ({choices})"
        )
    return fit[0]
