"""What the hospital's own record is told of its documents, in the words of its business acknowledgements (ZAM).

A document that was not fed, or was refused, is told with a code, the DMP's own where there is one (spec/dmp/errors.md),
else ours, and a few French words. The codes of annex A7-1 for our own refusals are not public.
"""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.ledger import mails
from gateway.ledger.rows import Delivery, Document
from gateway.model.orders import PLACE, Orders, Tidings, ZamEvent
from gateway.model.reasons import NotFed
from gateway.model.states import DeliveryState

_CODES = {NotFed.DMP_CLOSED: "DMPClosed", NotFed.NO_DMP: "XDSUnknownPatientId"}
_LABELS = {
    NotFed.INS_NOT_QUALIFIED: "INS du patient non qualifiée",
    NotFed.NO_DMP: "Le patient n'a pas de DMP",
    NotFed.DMP_CLOSED: "DMP fermé",
    NotFed.OPPOSED: "Le patient s'oppose à l'alimentation",
    NotFed.TYPE_NOT_ACCEPTED: "Type de document non admis par le DMP",
    NotFed.TYPE_TO_CONFIRM: "Type de document à confirmer",
    NotFed.CONFIDENTIALITY: "Confidentialité du document renforcée",
    NotFed.NOT_VALIDATED: "Document non validé",
    NotFed.AUTHOR_UNKNOWN: "Auteur ou structure absents du document",
    NotFed.MINOR_RULE: "Patient mineur : à décider par un professionnel",
    NotFed.FORMAT: "Format non admis par le DMP",
    NotFed.RULE: "Règle de l'établissement",
    NotFed.INDEX_STALE: "Identités non mises à jour",
    NotFed.IDENTITY_BLOCKED: "Identité du patient bloquée",
    NotFed.OFF: "Alimentation du DMP non activée",
}
_ACTIVITIES = {"I": "03", "O": "07", "E": "07", "R": "19", "N": "97"}
_LONGEST = 199  # what a CWE.2 of HL7 v2.6 holds
_REJECTED = "Document écarté par l'établissement"


def orders_of(c: Connection, found: Document) -> Orders | None:
    """What the record asked for a document; None for what came otherwise."""
    seen = mails.get_arrival(c, found.arrival_seq)
    if seen.place != PLACE or seen.mail_id is None:
        return None
    reading = mails.get_mail(c, seen.mail_id)
    if reading.reading is None:
        return None
    return next((one.orders for one in reading.decoded().documents if one.ordinal == found.ordinal), None)


def content_type(orders: Orders | None) -> str:
    """The kind of activity (JDV_J59) by the patient's class, PV1-2 (mapping of the volet); empty: it is not known."""
    return _ACTIVITIES.get(orders.patient_class, "") if orders is not None else ""


def of_dmp(ended: Delivery) -> Tidings:
    """What a delivery to the DMP that has ended means to the record."""
    if ended.state is DeliveryState.DONE:
        return Tidings(ZamEvent.DMP, done=True)
    if ended.state is DeliveryState.NOT_APPLICABLE:
        return _not_fed(ended.reason)
    label = (ended.text or "Refusé par le DMP")[:_LONGEST]
    return Tidings(ZamEvent.DMP, done=False, code=ended.code or "refused", label=label)


def of_rejection(found: Document) -> Tidings:
    """What a person's rejection means to the record."""
    return Tidings(ZamEvent.DMP, done=False, code=found.reason or "rejected", label=_REJECTED)


def _not_fed(reason: str) -> Tidings:
    known = next((one for one in NotFed if one == reason), None)
    if known is None:
        return Tidings(ZamEvent.DMP, done=False, code=reason, label="Non déposé au DMP")
    return Tidings(ZamEvent.DMP, done=False, code=_CODES.get(known, known), label=_LABELS.get(known, known))
