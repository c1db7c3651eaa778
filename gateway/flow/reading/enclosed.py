"""A message of the hospital's own record as a reading: its documents, each with what is asked for it.

Run in a reader process, like the reading of a mail.
"""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from gateway.formats import VERSION
from gateway.formats.errors import FormatError
from gateway.formats.messages import hospital
from gateway.formats.messages.delimited import Signs
from gateway.model.documents import Action, DocumentReading, Envelope, MailReading, Visibility
from gateway.model.identity import Claim
from gateway.model.orders import Orders
from gateway.model.reasons import Reason
from gateway.protocols import hl7v2, transmission
from gateway.protocols.hl7v2 import Hl7Error, Segment
from gateway.protocols.transmission import Transmission, TransmissionError

#: How the part of such a document begins (``DocumentReading.part``).
PREFIX = "hl7!"

NO_PARENT = "Le message demande un remplacement, mais le document ne nomme pas celui qu'il remplace (RPLC)."


def read(raw: bytes, schema: etree.XMLSchema | None) -> MailReading:
    """The reading of a message. Never raises for what the bytes hold: a problem is in the answer."""
    try:
        said = transmission.read(hl7v2.parse(raw))
    except Hl7Error:
        return MailReading(VERSION, Envelope(), (), problem=Reason.UNREADABLE, detail="Ce message HL7 est illisible.")
    except TransmissionError as error:
        return MailReading(VERSION, Envelope(), (), problem=Reason.UNREADABLE, detail=str(error))
    found = hospital.documents(said.documents, _patient(said.patient), schema)
    documents = tuple(_asked(one, said, number) for number, one in enumerate(found, 1))
    return MailReading(VERSION, Envelope(message_id=said.orders.origin.control_id), documents)


def extract(raw: bytes, part: str) -> bytes:
    """The bytes of one document of a message, by its part. FormatError when it has no such part."""
    index = part.removeprefix(PREFIX)
    try:
        return transmission.read(hl7v2.parse(raw)).documents[int(index)]
    except (ValueError, IndexError) as error:
        raise FormatError(Reason.UNREADABLE, "Ce document n'est pas dans le message.") from error


def _patient(pid: Segment) -> tuple[Claim, ...]:
    of = pid.syntax
    return hospital.patient_of(pid.fields, Signs(of.field, of.component, of.repetition, of.escape, of.sub))


def _asked(one: DocumentReading, said: Transmission, ordinal: int) -> DocumentReading:
    one = replace(one, ordinal=ordinal, orders=said.orders, visibility=_visibility(said.orders))
    if said.action is Action.DELETE:
        return replace(one, action=Action.DELETE)
    if said.action is Action.REPLACE and one.problem is None and one.action is not Action.REPLACE:
        return replace(one, problem=Reason.VERSION_CONFLICT, detail=NO_PARENT)
    return one


def _visibility(orders: Orders) -> Visibility:
    return Visibility(orders.masked_to_professionals, orders.invisible_to_patient, orders.invisible_to_representatives)
