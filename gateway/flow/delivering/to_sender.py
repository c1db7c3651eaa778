"""The leg to the sender: one answer to a mail, made of what became of its documents (DESIGN §5, docs/adr/0040)."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from gateway.delivery import submission
from gateway.flow.decide import context_of, reading_of
from gateway.flow.delivering.legs import Go, Ready, Skip, Wait
from gateway.flow.house import House
from gateway.flow.judgement.judge import distrust
from gateway.flow.planning import answers, plan
from gateway.flow.reading.originals import Originals
from gateway.isolation.errors import ReaderError, ReaderRefused
from gateway.ledger import deliveries, documents, mails
from gateway.ledger.rows import Arrival, Delivery, Document, Mail
from gateway.model.delivery import Answer, Destination, Outcome
from gateway.model.documents import Action, Carrier, DocumentReading, MailReading
from gateway.model.reasons import Ignored, Reason
from gateway.model.states import DeliveryState, DocumentState
from gateway.protocols import mailparts, mdn
from gateway.protocols.mailparts import Attachment, MailError
from gateway.vault.files import Vault

_NO_ADDRESS = "L'adresse de la boîte ou celle de l'expéditeur ne convient pas pour un accusé : aucun ne part."

_PENDING = "en attente d'une vérification par notre équipe, sans action de votre part"
_MENDS = {
    Reason.UNREADABLE: "le fichier est illisible : merci de le renvoyer",
    Reason.ENCRYPTED: "le fichier est protégé par un mot de passe ou chiffré : merci de le renvoyer sans protection",
    Reason.MALFORMED_XDM: "l'archive IHE_XDM.zip n'est pas conforme : merci de la renvoyer corrigée",
    Reason.UNSAFE: "le contenu paraît dangereux et n'a pas été ouvert : vérifiez le fichier, puis renvoyez-le",
}


@dataclass(frozen=True, slots=True)
class ToSender:
    """What is particular to answers. After a doubt the identical message leaves again."""

    house: House
    originals: Originals
    destination: Destination
    unknown_wait: float
    look_ups: int = 1

    async def still(self, delivery: Delivery) -> Skip | Wait | None:  # noqa: ARG002 - the leg's signature
        """What was decided to be said stays true of that instant."""
        return None

    async def ready(self, delivery: Delivery) -> Ready:
        """Freeze the answer; only whom we believe is answered. VaultError when the original cannot be read."""
        known = await self.house.ledger.read(lambda c: _load(c, self.house, delivery))
        if known.objection is not None:
            return Skip(known.objection)
        original = await asyncio.to_thread(_original, self.house.vault, known.mail)
        try:
            request = replace(self._request(known, delivery.code, original), files=await self._files(known))
            key, body = _answer(request, known, delivery.purpose)
        except MailError:
            return Wait(Outcome(Answer.REFUSED, "address", _NO_ADDRESS))
        except ReaderError:
            return Wait(Outcome(Answer.RETRY_LATER, "reader", "La lecture du message est à refaire."))
        return Go(submission.prepare(key, request.mailbox, request.to, body), key)

    def _request(self, known: _Known, code: str, original: bytes) -> mdn.MdnRequest:
        settings, envelope = self.house.settings, known.reading.envelope
        return mdn.MdnRequest(
            key=f"{known.arrival.key}/{known.mail.digest}",
            mailbox=self._mailbox(known),
            to=known.to,
            subject=envelope.subject,
            message_id=envelope.message_id,
            original=original,
            instant=datetime.fromtimestamp(int(known.arrival.at), UTC),
            fates=known.fates,
            code=code,
            form=settings.receipt.form,
            whole=known.harmless and known.mail.size <= mailparts.WHOLE,
            nil=settings.submission.nil if settings.submission else "",
        )

    async def _files(self, known: _Known) -> tuple[Attachment, ...]:
        """The archives and PDFs of the original, which the older form of the volet gives back beside it."""
        wanted = self.house.settings.receipt.form == "1.1.2" and known.harmless and known.mail.size <= mailparts.WHOLE
        files: dict[str, Attachment] = {}
        for one in known.reading.documents if wanted else ():
            part = one.part.partition("!")[0]
            if part in files or (one.carrier is not Carrier.XDM and one.media_type != "application/pdf"):
                continue
            xdm = one.carrier is Carrier.XDM
            name, kind = ("IHE_XDM.zip", "application/zip") if xdm else (one.filename, one.media_type)
            try:
                files[part] = Attachment(name, kind, await self.originals.get(known.mail.digest, part))
            except ReaderRefused:
                continue  # what cannot be opened stands in the original alone
        return tuple(files.values())

    def _mailbox(self, known: _Known) -> str:
        """The address that received: as configured, as the transport said, as the mail says."""
        settings, name = self.house.settings, known.arrival.mailbox
        inlet = settings.smtp.recipients if settings.smtp else {}
        configured = [box.address for box in settings.mailbox if box.name == name]
        served = [*known.arrival.transport.recipients, *(address for address, box in inlet.items() if box == name)]
        return next(iter([*configured, *served, *known.reading.envelope.recipients]), "")


@dataclass(frozen=True, slots=True)
class _Known:
    arrival: Arrival
    mail: Mail
    reading: MailReading
    to: str
    fates: tuple[mdn.Fate, ...]
    harmless: bool
    objection: Reason | None


def _answer(request: mdn.MdnRequest, known: _Known, purpose: str) -> tuple[str, bytes]:
    """The key and the bytes of what is answered."""
    if purpose == answers.ASKED:
        return mdn.message_id(request), mdn.build(request)
    sender = known.reading.envelope.sender if purpose == answers.HOUSE else ""
    return mdn.notice_id(request), mdn.build_notice(request, sender)


def _load(c: Connection, house: House, delivery: Delivery) -> _Known:
    arrival = mails.get_arrival(c, delivery.arrival_seq or 0)
    mail = mails.get_mail(c, arrival.mail_id or 0)
    reading = mail.decoded()
    found = documents.of_arrival(c, arrival.seq)
    listed = [one for one in found if one.ignored in (None, Ignored.DUPLICATE)]
    fates = tuple(_fate(c, one, reading_of(reading, one.ordinal)) for one in listed)
    harmless = all(one.reason is not Reason.UNSAFE for one in found)
    if delivery.purpose == answers.HOUSE:
        return _Known(arrival, mail, reading, house.settings.receipt.error_mailbox, fates, harmless, None)
    context = context_of(c, house, arrival, reading)
    back = arrival.transport.sender.lower() or reading.envelope.return_path or ""
    to = reading.envelope.receipt_to if delivery.purpose == answers.ASKED else back
    asking = replace(context, envelope=replace(reading.envelope, sender=to))
    return _Known(arrival, mail, reading, to, fates, harmless, distrust(context) or distrust(asking))


def _fate(c: Connection, found: Document, one: DocumentReading) -> mdn.Fate:
    dpi = deliveries.first_of(c, found.id, plan.DPI)
    taken = dpi is not None and dpi.state is DeliveryState.DONE
    name = one.title or one.filename or f"Document {found.ordinal + 1}"
    return mdn.Fate(name, _text(c, found), answers.fate_code(c, found), taken or found.ignored is Ignored.DUPLICATE)


def _text(c: Connection, found: Document) -> str:
    if found.state is DocumentState.IGNORED:
        return "déjà reçu auparavant"
    if found.state is DocumentState.REJECTED:
        return "non intégré, après vérification par notre équipe"
    if found.state is DocumentState.QUARANTINED:
        return _MENDS.get(found.reason, _PENDING) if found.reason else _PENDING
    dpi = deliveries.first_of(c, found.id, "dpi")
    state = dpi.state if dpi else DeliveryState.PLANNED
    if state is DeliveryState.DONE:
        deleted = found.action is Action.DELETE
        return "supprimé du dossier du patient" if deleted else "intégré au dossier du patient"
    if state is DeliveryState.REFUSED:
        return "refusé par le dossier du patient"
    return "reçu et traité" if state is DeliveryState.NOT_APPLICABLE else "reçu, intégration en cours"


def _original(vault: Vault, mail: Mail) -> bytes:
    """The mail; of a large one its first frame, which holds the header."""
    with closing(vault.get(mail.digest)) as frames:  # type: ignore[type-var]
        return b"".join(frames) if mail.size <= mailparts.WHOLE else next(frames, b"")
