"""A person names the patient: the document goes on its way like any other."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from gateway.flow.decide import parent_id_of
from gateway.flow.house import House
from gateway.flow.judgement import judge
from gateway.flow.judgement.judge import WRAPPED, travels_as
from gateway.identity.match import BLOCKING
from gateway.ledger import documents, patients
from gateway.ledger.rows import Document, Entry
from gateway.model.documents import Action, DocumentReading
from gateway.model.identity import Match, Patient
from gateway.model.reasons import Reason
from gateway.model.settings import Settings
from gateway.operate.messages import REASONS
from gateway.review.entries import Done, ReviewError, dossier, file, waiting

#: What nobody can file: there is no document, it must not be opened, or the volet forbids it (META-PS).
NEVER_FILED = frozenset(
    {
        Reason.UNSAFE,
        Reason.ENCRYPTED,
        Reason.UNREADABLE,
        Reason.MALFORMED_XDM,
        Reason.POISON,
        Reason.TOO_LARGE,
        Reason.NO_DOCUMENT,
        Reason.MASKED,
    }
)


def assign(c: Connection, house: House, number: int, ipp: str, who: str, *, version: int | None = None) -> Done:
    """File the document of an entry for the patient of ``ipp`` (the survivor, if merged). ReviewError, StaleError."""
    entry, found = waiting(c, number, version)
    if entry.destination:
        raise ReviewError("ce document est déjà classé : utilisez release (renvoyer) ou reject (traité autrement)")
    read = dossier(c, house, found)
    if read is None:
        raise ReviewError(_unfilable(entry.reason))
    require_filable(entry, read.one, house.settings)
    patient = patients.surviving(c, ipp)
    if patient is None:
        raise ReviewError(f"l'IPP {ipp} n'est pas dans l'index des patients : vérifiez-le, ou complétez l'index")
    found = _as_it_can_be(c, found, read.one, patient)
    read = replace(read, one=replace(read.one, action=found.action))
    match = Match(patient.ipp, None, "assigned", feedable=_feedable(read.one, patient))
    judgement = judge.file(read.one, match, patient, read.context, by_person=True)
    return file(c, house, entry, found, read, judgement, who, "assign")


def _masked(one: DocumentReading) -> Reason | None:
    """A sender's document that is hidden from professionals has no business in the record; the record's own has."""
    return Reason.MASKED if one.visibility.masked_to_professionals and one.orders is None else None


def require_filable(entry: Entry, one: DocumentReading, settings: Settings) -> None:
    """ReviewError when nobody's word can file this document."""
    for reason in (entry.reason, one.problem, _masked(one)):
        if reason in NEVER_FILED:
            raise ReviewError(_unfilable(reason))
    if one.ignored is not None:
        raise ReviewError(_unfilable(Reason.NO_DOCUMENT))
    if settings.dpi.kind in {"mllp", "fhir"} and one.header is None and travels_as(one) not in WRAPPED:
        raise ReviewError("ce format ne peut pas être envoyé au dossier patient : classez-le à la main, puis rejetez")


def _unfilable(reason: Reason) -> str:
    message = REASONS[reason]
    return f"ce document ne peut pas être classé ({message.title.lower()}). {message.next_step}"


def _as_it_can_be(c: Connection, found: Document, one: DocumentReading, patient: Patient) -> Document:
    """A replacement whose parent this patient does not have is filed as new; such a deletion has nothing to delete."""
    if one.action is Action.CREATE:
        return found
    parent = documents.filed_with_id(c, parent_id_of(one))
    held = patients.surviving(c, parent.ipp) if parent is not None and parent.ipp else None
    if held is not None and held.ipp == patient.ipp:
        return found
    if one.action is Action.DELETE:
        raise ReviewError("le document à supprimer n'est pas chez ce patient : il n'y a rien à supprimer, rejetez")
    return documents.change(c, found, action=Action.CREATE)


def _feedable(one: DocumentReading, patient: Patient) -> bool:
    """Not for a blocked identity, nor what carries another INS than the patient's: that would reach a wrong DMP."""
    flags = {flag.lower() for flag in patient.attributes}
    stated = (*one.claims, *([one.metadata_claim] if one.metadata_claim else []))
    others = [claim.ins for claim in stated if claim.ins is not None and claim.ins.oid and claim.ins != patient.ins]
    return not others and not flags & (BLOCKING | {"douteux"})
