"""The leg to the patient's record: by MLLP as the volet has it, by FHIR, or into a folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial

from gateway.delivery.dpi import fhir, folder, mllp
from gateway.delivery.dpi.fhir_outcomes import DpiError
from gateway.flow.delivering import papers as paper
from gateway.flow.delivering.addressees import addressees
from gateway.flow.delivering.legs import Go, Ready, Skip, There, Wait, unread
from gateway.flow.delivering.papers import Papers
from gateway.flow.house import House
from gateway.flow.judgement.judge import WRAPPED
from gateway.flow.planning import chain
from gateway.flow.planning.standing import WITHDRAWN
from gateway.flow.reading.originals import Originals
from gateway.isolation.errors import ReaderError
from gateway.ledger import patients, revisions
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Destination, Frozen, Outcome
from gateway.model.documents import Action, CdaHeader
from gateway.model.reasons import NotFed, Reason
from gateway.protocols.cda import CdaError
from gateway.protocols.fhir import Publication
from gateway.protocols.fhir_types import FhirError
from gateway.protocols.handover import Handover, HandoverError, Parties, Recipient
from gateway.protocols.hl7_charset import CHARSETS
from gateway.terminology import type_code

_UNWRITABLE = (
    "Le nom ou un identifiant du patient porte un caractère que le jeu 8859/15 ne sait pas écrire, et ne sera pas "
    "déformé : passer [dpi] charset à utf-8 si le DPI l'accepte, sinon classer ce document à la main."
)


@dataclass(frozen=True, slots=True)
class ToDpi:
    """What is particular to the record. It knows repetitions: after a doubt it gets the identical payload again."""

    house: House
    originals: Originals
    destination: Destination
    unknown_wait: float
    look_ups: int = 1

    async def still(self, delivery: Delivery) -> Skip | Wait | None:  # noqa: ARG002 - the leg's signature
        """Nothing changes what the record is owed; a hold stops it before."""
        return None

    async def ready(self, delivery: Delivery) -> Ready:
        """Freeze the message or the folder's files."""
        try:
            known = await self.house.ledger.read(lambda c: paper.load(c, self.house, delivery))
            stands = await self._stands(known)
            action = _action(delivery, known, stands=stands)
            return self._obstacle(delivery, known, stands=stands) or await self._going(action, known)
        except HandoverError as error:
            return Wait(Outcome(Answer.REFUSED, error.code, _UNWRITABLE if error.code == "charset" else _formed(error)))
        except DpiError as error:
            return Wait(error.outcome)
        except (CdaError, FhirError) as error:
            return Wait(Outcome(Answer.REFUSED, "format", _formed(error)))
        except paper.NoPatientError:
            return Wait(Outcome(Answer.REFUSED, "902", "Le patient n'est plus dans l'index."))
        except ReaderError as error:
            return unread(error)

    async def _stands(self, known: Papers) -> bool:
        """Whether the record holds what the sender replaces or deletes: it may have refused that."""
        document, parent = known.document, known.parent
        if document.action is Action.CREATE or parent is None:
            return False
        return await self.house.ledger.read(lambda c: chain.standing(c, parent, document, "dpi")) is not None

    def _obstacle(self, delivery: Delivery, known: Papers, *, stands: bool) -> Skip | There | None:
        """Why nothing needs to leave, or must not."""
        version = known.version
        if delivery.purpose == "withdraw":
            return None if version.there else Skip(NotFed.OFF)
        if version.gone:
            return Skip(WITHDRAWN)
        if known.document.action is Action.DELETE and not stands:
            return Skip(NotFed.OFF)  # it refused what is to be deleted: the volet's T04 is of a version that it holds
        if version.there is not None:
            return There(version.there.unique_id, "", asked=False)
        if version.visibility.masked_to_professionals and self.house.settings.dpi.kind != "folder":
            return Skip(Reason.MASKED)  # the volet forbids to send it (spec/mssante/dpi-hl7v2.md §3)
        return None

    async def _going(self, action: Action, known: Papers) -> Go:
        body = await paper.body_of(self.house, self.originals, known)
        number = known.version.number
        written_to = await self.house.ledger.read(lambda c: addressees(known, partial(patients.get_sender, c)))
        if self.house.settings.dpi.kind == "folder":
            return Go(self._sheet(action, known, body, written_to), known.reading.unique_id, revision=number)
        document, header = self._document(known, body)
        if isinstance(self.destination, fhir.Fhir):
            publication = self._publication(action, known, document, header)
            return Go(await self._located(self.destination, publication), header.unique_id, revision=number)
        handover = self._message(action, known, document, header, written_to)
        named = replace(handover, control_id=known.control_id(f"dpi/message/{_content(handover)}"))
        return Go(mllp.prepare(named, self.house.settings.dpi.message), header.unique_id, revision=number)

    def _document(self, known: Papers, body: bytes) -> tuple[bytes, CdaHeader]:
        if known.reading.header is not None:
            return body, known.reading.header
        if known.media_type not in WRAPPED:
            raise CdaError(known.media_type)
        return paper.wrap(self.house, known, body)

    def _message(
        self, action: Action, known: Papers, document: bytes, header: CdaHeader, written_to: tuple[Recipient, ...]
    ) -> Handover:
        dpi, establishment = self.house.settings.dpi, self.house.settings.establishment
        return Handover(
            control_id="",
            time=known.asked_stamp,
            parties=Parties(
                dpi.sending_application,
                dpi.sending_facility,
                dpi.receiving_application,
                dpi.receiving_facility,
                establishment.test,
                establishment.oid_root,
            ),
            action=action,
            header=header,
            document=document,
            envelope=known.context.envelope,
            sender=known.context.sender,
            recipients=written_to,
            visibility=known.visibility,
            modified_confidentiality=_changed(action, known),
            replaces=_parent(action, known),
            ipp=known.patient.ipp if dpi.add_ipp else "",
            ipp_oid=establishment.ipp_oid,
            charset=CHARSETS[dpi.charset],
        )

    async def _located(self, record: fhir.Fhir, publication: Publication) -> Frozen:
        """A replacement also names the resource that it replaces, where the record tells which one it is."""
        if publication.action is Action.REPLACE:
            located = await record.locate(publication.parent)
            return fhir.prepare(replace(publication, located=located))
        return fhir.prepare(publication)

    def _publication(self, action: Action, known: Papers, document: bytes, header: CdaHeader) -> Publication:
        return Publication(
            header=header,
            document=document,
            action=action,
            subject=known.patient,
            establishment=self.house.settings.establishment,
            visibility=known.visibility,
            instant=known.asked,
            comment=known.context.envelope.subject,
            with_ipp=self.house.settings.dpi.add_ipp,
            replaces=_parent(action, known),
        )

    def _sheet(self, action: Action, known: Papers, body: bytes, written_to: tuple[Recipient, ...]) -> Frozen:
        one, version = known.reading, known.version
        before = version.there if action is Action.DELETE else version.before
        known_type = type_code(known.ruling.type.code)
        sheet = folder.Sheet(
            unique_id=one.unique_id,
            action=action,
            patient=known.patient,
            type_code=known.ruling.type.code,
            type_label=known_type.label if known_type else known.ruling.type.label,
            title=known.title,
            act_date=one.act_date,
            filename=folder.renamed(one.filename, one.rendition) if one.rendition else one.filename,
            media_type=known.media_type,
            sha256=hashlib.sha256(body).hexdigest() if one.rendition else one.sha256,
            sender=known.context.sender,
            mailbox=known.arrival.mailbox,
            message_id=known.context.envelope.message_id,
            visibility=known.visibility,
            replaces="" if Action.CREATE in (action, known.document.action) else _replaced(known),
            revision=version.number,
            replaces_key=_key(known, known.document.action, before.revision) if before else "",
            sender_address=known.context.envelope.sender,
            subject=known.context.envelope.subject,
            reply_to=known.context.envelope.reply_to,
            recipients=written_to,
            modified_confidentiality=_changed(action, known),
        )
        key = _key(known, action, version.number)
        return folder.prepare(key, sheet, b"" if action is Action.DELETE else body)


def _changed(action: Action, known: Papers) -> bool:
    """Whether this replacement changes who sees the document."""
    before = known.version.told or known.parent_visibility
    return action is Action.REPLACE and before is not None and before != known.visibility


def _parent(action: Action, known: Papers) -> str:
    replaces = known.document.action is Action.REPLACE and action is not Action.CREATE
    return known.parent.unique_id if known.parent and replaces else ""


def _replaced(known: Papers) -> str:
    """The id of the document that this one replaces: as it names it, else as it was found."""
    header = known.reading.header
    named = header.parent_id if header and header.related == "RPLC" else ""
    return named or (known.parent.unique_id if known.parent else "")


def _formed(error: Exception) -> str:
    return f"Ce document ne peut pas être mis en forme pour le dossier patient ({error})."


def _action(delivery: Delivery, known: Papers, *, stands: bool) -> Action:
    """What the record is asked: our next version replaces the one it holds; what replaces nothing there is new."""
    if delivery.purpose == "withdraw":
        return Action.DELETE
    if known.version.before:
        return Action.REPLACE
    new = known.document.action is Action.REPLACE and known.parent is not None and not stands
    return Action.CREATE if new else known.document.action


def _content(one: Handover) -> str:
    """What a message says: the same again has the same MSH-10 and is a repetition; anything else is another message."""
    said = hashlib.sha256(repr(replace(one, document=b"")).encode())
    said.update(one.document)
    return said.hexdigest()


def _key(known: Papers, action: Action, number: int) -> str:
    """By which the record recognises a repetition: of the document as it came, of a version of ours, of its end."""
    if action is Action.DELETE and known.document.action is not Action.DELETE:
        return known.control_id(f"dpi/withdraw/{number}")
    return known.control_id(f"dpi/{action}" if number == revisions.FIRST else f"dpi/version/{number}")
