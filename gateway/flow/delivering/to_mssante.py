"""The leg by MSSanté: a document of the hospital, as one mail, to one of its recipients (docs/adr/0039)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.delivery import submission
from gateway.flow.delivering import papers as paper
from gateway.flow.delivering.legs import Go, Ready, Skip, Wait, unread
from gateway.flow.delivering.papers import Papers
from gateway.flow.house import House
from gateway.flow.judgement.judge import domain_trusted
from gateway.flow.planning import mailing
from gateway.flow.reading.originals import Originals
from gateway.isolation.errors import ReaderError, ReaderRefused
from gateway.ledger import outgoing as sent
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Destination, Outcome
from gateway.model.documents import CdaHeader
from gateway.model.identity import INS_OIDS, Ins
from gateway.model.orders import Orders
from gateway.model.settings import Mailbox, Submission
from gateway.protocols import mailparts, outgoing, xdm
from gateway.protocols.mailparts import MailError
from gateway.protocols.outgoing import Audience, MailRequest
from gateway.protocols.xdm import XdmError, XdmRequest

#: PV1-2 → the activity that the set comes from (JDV_J59; spec/mssante/dpi-hl7v2.md §6).
_ACTIVITY = {"I": "03", "O": "07", "R": "19", "N": "97", "E": "07"}
_NOT_WRITABLE = "L'adresse de la boîte ou du destinataire ne peut pas être écrite."


@dataclass(frozen=True, slots=True)
class ToMssante:
    """What is particular to mails. After a doubt the identical mail leaves again, with the same Message-ID."""

    house: House
    originals: Originals
    destination: Destination
    unknown_wait: float
    look_ups: int = 1

    async def still(self, delivery: Delivery) -> Skip | Wait | None:
        """An identity that is no longer certain, or another one, is not written to."""
        try:
            known, recipient = await self.house.ledger.read(lambda c: self._load(c, delivery))
        except paper.NoPatientError:
            return _refused("554", "Le patient n'est plus dans l'index.")
        return self._objection(known, _orders(known), recipient)

    async def ready(self, delivery: Delivery) -> Ready:
        """Freeze the mail for one recipient."""
        try:
            known, recipient = await self.house.ledger.read(lambda c: self._load(c, delivery))
            objection = self._objection(known, _orders(known), recipient)
            return objection if objection is not None else await self._go(known, recipient)
        except paper.NoPatientError:
            return _refused("554", "Le patient n'est plus dans l'index.")
        except XdmError as error:
            return _refused("554", f"L'en-tête du document ne suffit pas à le décrire ({error}).")
        except MailError:
            return _refused("510", _NOT_WRITABLE)
        except ReaderError as error:
            return unread(error, "554")

    def _load(self, c: Connection, delivery: Delivery) -> tuple[Papers, str]:
        row = sent.of_delivery(c, delivery.id)
        return paper.load(c, self.house, delivery), row.recipient if row else ""

    def _objection(self, known: Papers, orders: Orders, recipient: str) -> Wait | None:
        """Why it must not leave; a person learns it, and so does the record."""
        submit, box = self.house.settings.submission, mailing.sending_mailbox(self.house.settings)
        if submit is None or box is None:
            return _refused("554", "Aucune boîte d'envoi n'est configurée ([submission] mailbox).")
        wrong = outgoing.forbidden(orders, submit.flags)
        if wrong:
            return _refused("554", f"Cette combinaison de visibilités n'est pas admise : {wrong}.")
        if _states_unqualified(known):
            return _refused("554", "Le document porte un INS qui n'est pas qualifié dans l'index.")
        if mailing.audience_of(recipient, orders) is Audience.PATIENT:
            return _patient(known, orders, recipient)
        if not recipient:
            return _refused("510", "Aucune adresse de professionnel n'est donnée.")
        if not domain_trusted(self.house.settings, recipient):
            return _refused("513", "L'adresse du destinataire n'est pas une adresse MSSanté.")
        return None if mailparts.is_address(recipient) else _refused("510", _NOT_WRITABLE)

    def _may_get(self, address: str, audience: Audience) -> bool:
        """Whether an address may stand in the mail: one that is refused must not spoil it for the others."""
        trusted = audience is Audience.PATIENT or domain_trusted(self.house.settings, address)
        return trusted and mailparts.is_address(address)

    async def _go(self, known: Papers, recipient: str) -> Ready:
        submit, box = self.house.settings.submission, mailing.sending_mailbox(self.house.settings)
        assert submit is not None and box is not None, "the objections say so"  # noqa: S101, PT018
        header = known.reading.header
        if header is None:
            return _refused("554", "Ce document n'est pas un CDA.")
        orders = _orders(known)
        audience = mailing.audience_of(recipient, orders)
        document = await paper.body_of(self.house, self.originals, known)
        pdf = await self._readable(known)
        request = self._mail(known, header, document, pdf, audience, submit, box)
        body = outgoing.build(request)
        limit = min(submit.max_size, outgoing.PATIENT_LIMIT) if audience is Audience.PATIENT else submit.max_size
        if len(body) > limit:
            return _refused("523", f"Le courriel dépasse {limit // 1_000_000} Mo.")
        key = outgoing.message_id(request.key, box.address)
        frozen = submission.prepare_tracked(key, box.address, recipient, body, outgoing.envelope_id(key))
        return Go(frozen, known.reading.unique_id)

    async def _readable(self, known: Papers) -> bytes:
        """The PDF beside the archive; without one rather than not at all."""
        try:
            return await self.house.readers.printable(known.mail.digest, known.reading.part)
        except ReaderRefused:
            return b""

    def _mail(
        self,
        known: Papers,
        header: CdaHeader,
        document: bytes,
        pdf: bytes,
        audience: Audience,
        submit: Submission,
        box: Mailbox,
    ) -> MailRequest:
        orders, to_patient = _orders(known), audience is Audience.PATIENT
        key = mailing.seed(known.mail.digest, known.reading.part, audience)
        everyone = mailing.recipients(orders, known.patient)
        return MailRequest(
            key=key,
            audience=audience,
            mailbox=box.address,
            label=self.house.settings.establishment.name,
            to=tuple(address for kind, address in everyone if kind is audience and self._may_get(address, audience)),
            header=header,
            action=known.document.action,
            archive=xdm.build(self._archive(known, header, document, key, box)),
            instant=known.instant,
            pdf=pdf,
            words=orders.words_for_patient if to_patient else orders.words_for_professionals,
            reply_to=orders.reply_to,
            receipt=orders.reading_wanted,
            closed=orders.no_answer and to_patient,
            nil=submit.nil,
        )

    def _archive(self, known: Papers, header: CdaHeader, document: bytes, key: str, box: Mailbox) -> XdmRequest:
        settings = self.house.settings
        software = " ".join(filter(None, (settings.dmp.lps_name, settings.dmp.lps_version)))
        return XdmRequest(
            document=document,
            header=header,
            visibility=known.visibility,
            action=known.document.action,
            patient=_named(known),
            establishment=settings.establishment,
            address=box.address,
            content_type=_ACTIVITY.get(_orders(known).patient_class, "97"),
            seed=key,
            instant=known.instant,
            software=software or mailparts.PRODUCT,
        )


def _orders(known: Papers) -> Orders:
    assert known.reading.orders is not None, "only what the record ordered is planned here"  # noqa: S101
    return known.reading.orders


def _named(known: Papers) -> Ins:
    """The patient as METADATA.XML names him: by his qualified INS, else by our local number."""
    patient = known.patient
    if patient.qualified and patient.ins is not None:
        return patient.ins
    return Ins(patient.ipp, known.context.settings.establishment.ipp_oid)


def _states_unqualified(known: Papers) -> bool:
    """Whether the document shows an INS that must not leave (INS/va1.53)."""
    header = known.reading.header
    stated = header is not None and any(root in INS_OIDS for root, _ in header.patient_ids)
    return stated and not known.patient.qualified


def _patient(known: Papers, orders: Orders, recipient: str) -> Wait | None:
    """His own mailbox, and no other than the one that the record gives, when it gives one."""
    patient = known.patient
    if not patient.qualified or patient.ins is None:
        return _refused("510", "L'INS du patient n'est pas qualifiée : il n'a pas d'adresse MSSanté.")
    own = outgoing.patient_address(patient.ins)
    stated = {one.address for one in orders.recipients if one.address.endswith("@" + outgoing.PATIENT_DOMAIN)}
    if recipient != own or (stated and own not in stated):
        return _refused("510", "L'adresse du patient n'est pas celle de son INS.")
    return None


def _refused(code: str, text: str) -> Wait:
    return Wait(Outcome(Answer.REFUSED, code, text))
