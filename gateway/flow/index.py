"""The patient index changes: what is queued for him is held, what was delivered is listed (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from gateway.identity.names import normalise
from gateway.intake.errors import IntakeError
from gateway.ledger import deliveries, documents, patients, trail
from gateway.ledger.rows import Delivery
from gateway.model.identity import Patient
from gateway.model.reasons import Reason
from gateway.protocols.adt import AdtEvent, IdentifierChange, Link, Merge, PatientUpdate, Unlink

HELD = "identity-changed"


class UnknownPatientError(IntakeError):
    """A message speaks of a record that the index does not have."""

    code = "patient-unknown"


def put_all(c: Connection, rows: Iterable[Patient], now: float) -> None:
    """Insert or change patients, in one revision of the index."""
    revision = patients.next_revision(c, now)
    count = sum(put(c, row, revision, now) for row in rows)
    trail.append(c, now, "gateway", "import", "patients", {"changed": count, "revision": revision})


def put(c: Connection, new: Patient, revision: int, now: float) -> bool:
    """Insert or change one patient; whether his identity changed in a way that touches documents."""
    before = patients.put_patient(c, new, revision)
    if before is None or not _touches(before, new):
        return False
    _hold(c, new.ipp, _said(before, new), now)
    return True


def _hold(c: Connection, ipp: str, what: str, now: float) -> None:
    for delivery in deliveries.running_of_patient(c, [ipp]):
        deliveries.change(c, delivery, held=True, hold_reason=HELD)
        _list(c, delivery, f"{what} Ce qui était en file pour ce patient est retenu.", now)
    for delivery in deliveries.done_of_patient(c, [ipp]):
        _list(c, delivery, f"{what} {_correction(delivery)}", now)


def apply(c: Connection, event: AdtEvent, now: float) -> None:
    """Take an ADT message into account. UnknownPatientError when it speaks of a record that we do not have."""
    revision = patients.next_revision(c, now)
    if isinstance(event, PatientUpdate):
        known = patients.get_patient(c, event.patient.ipp)
        opposed = event.opposed if event.opposed is not None else known is not None and known.opposed
        gone = known.replaced_by if known else None
        put(c, replace(event.patient, opposed=opposed, replaced_by=gone), revision, now)
    elif isinstance(event, Merge):
        _require(c, event.survivor)
        merged = patients.get_patient(c, event.merged)
        if merged is not None:
            put(c, replace(merged, replaced_by=event.survivor), revision, now)
    elif isinstance(event, IdentifierChange):
        _rename(c, event, revision, now)
    elif isinstance(event, Link | Unlink):
        what = "Deux dossiers de ce patient ont été " + ("liés." if isinstance(event, Link) else "déliés.")
        for ipp in (event.ipp, event.other):
            _hold(c, ipp, what, now)
    trail.append(c, now, "adt", type(event).__name__, "patients", {"revision": revision})


def _rename(c: Connection, event: IdentifierChange, revision: int, now: float) -> None:
    former = _require(c, event.former_ipp or event.ipp)
    renamed = replace(former, ipp=event.ipp, ins=event.ins if event.former_ins else former.ins)
    put(c, renamed, revision, now)
    if former.ipp != event.ipp:
        put(c, replace(former, replaced_by=event.ipp), revision, now)


def _require(c: Connection, ipp: str) -> Patient:
    found = patients.get_patient(c, ipp)
    if found is None:
        raise UnknownPatientError("le dossier dont parle ce message n'est pas dans l'index")
    return found


def _touches(before: Patient, new: Patient) -> bool:
    """A merge, another INS or strict trait, or the loss of the qualification."""
    return (
        (new.replaced_by is not None and new.replaced_by != before.replaced_by)
        or (before.ins is not None and before.ins != new.ins)
        or (before.qualified and not new.qualified)
        or _traits(before) != _traits(new)
    )


def _traits(patient: Patient) -> tuple[str, ...]:
    names = (patient.birth_name, patient.first_given)
    return (*map(normalise, names), patient.birth_date, patient.sex)


def _said(before: Patient, new: Patient) -> str:
    if new.replaced_by is not None and new.replaced_by != before.replaced_by:
        return "Le dossier du patient a été fusionné dans un autre."
    if before.ins is not None and before.ins != new.ins:
        return "L'INS du patient a changé."
    if before.qualified and not new.qualified:
        return "L'INS du patient n'est plus qualifiée."
    return "Un trait strict du patient a changé."


def _correction(delivery: Delivery) -> str:
    if delivery.destination == "dmp":
        return "Ce document est dans le DMP sous l'ancienne identité : vérifiez, et faites-le supprimer s'il le faut."
    if delivery.destination == "mssante":
        return "Ce document est parti par MSSanté sous l'ancienne identité : vérifiez, et prévenez le destinataire."
    return "Ce document est au dossier sous l'ancienne identité : vérifiez qu'il y est à sa place."


def _list(c: Connection, delivery: Delivery, detail: str, now: float) -> None:
    if delivery.document_id is None:
        return
    reason, name = Reason.IDENTITY_CHANGED, delivery.destination
    documents.open_entry(c, delivery.document_id, reason, now, destination=name, detail=detail, urgent=True)
