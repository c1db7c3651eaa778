"""The leg to the DMP: the conditions of DESIGN §5 read again, the version to be sent, and what it replaces there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.delivery.dmp.adapter import Dmp
from gateway.delivery.dmp.errors import DmpError
from gateway.flow import papers as paper
from gateway.flow.deliver import Go, Ready, Skip, There, Wait
from gateway.flow.house import House
from gateway.flow.judge import why_not_fed
from gateway.flow.originals import Originals
from gateway.flow.papers import Papers
from gateway.formats.validity.verdict import in_french
from gateway.isolation.errors import ReaderDied, ReaderError, ReaderRefused, ReaderTimedOut
from gateway.ledger import deliveries, patients
from gateway.ledger.rows import Delivery
from gateway.model.decision import Ruling
from gateway.model.delivery import Answer, Outcome
from gateway.model.documents import Action, CdaHeader, DocumentReading
from gateway.model.identity import INS_OIDS, Ins
from gateway.model.reasons import NotFed
from gateway.model.states import DeliveryState
from gateway.protocols import oids
from gateway.protocols.cda import CdaError
from gateway.protocols.cda_transform import Completion

PDF = "application/pdf"
LOST = "reader"
#: How many faults of a document are told to a person.
SAID = 5
_NOT_VALID = (
    "Ce document n'est pas conforme aux règles de l'ANS : il n'a pas été envoyé au DMP. Prévenir son auteur, ou "
    "l'éditeur de son logiciel, de ces écarts."
)
_NOT_JUDGED = (
    "Le contrôle de ce document par les règles de l'ANS n'a pas abouti, deux fois : il n'a pas été envoyé au DMP. Le "
    "signaler à l'exploitant."
)
_Found = TypeVar("_Found")
_GONE = "Ce document n'est plus dans le DMP : quelqu'un d'autre l'y a supprimé ou remplacé. Il n'y est pas remis."
_CLOSED = {"none": NotFed.NO_DMP, "closed": NotFed.DMP_CLOSED}


@dataclass(frozen=True, slots=True)
class ToDmp:
    """What is particular to the DMP. After a doubt it is looked up, twice, further apart than it needs to process."""

    house: House
    originals: Originals
    destination: Dmp
    unknown_wait: float
    look_ups: int = 2

    async def ready(self, delivery: Delivery) -> Ready:
        """Decide whether and how this document goes to the DMP, and freeze its submission."""
        try:
            known = await self._papers(delivery)
            if delivery.purpose in ("delete", "withdraw"):
                return await self._taking_back(delivery, known)
            if known.version.there is not None:
                return There(known.version.there.unique_id, "", asked=False)
            refusal = await self._refusal(known)
            return _aloud(known, refusal if refusal is not None else await self._feeding(delivery, known))
        except DmpError as error:
            return Wait(error.outcome)
        except CdaError as error:
            return Wait(Outcome(Answer.REFUSED, "format", f"Ce document ne peut pas être mis en forme ({error})."))
        except paper.NoPatientError:
            return Skip(NotFed.INS_NOT_QUALIFIED)
        except ReaderRefused:
            return Wait(Outcome(Answer.REFUSED, "format", "Ce document ne peut pas être remis en forme."))
        except ReaderError:
            return Wait(Outcome(Answer.RETRY_LATER, LOST, "La lecture du document est à refaire."))

    async def still(self, delivery: Delivery) -> Skip | Wait | None:
        """The conditions again, for a submission that was frozen earlier."""
        if delivery.purpose in ("delete", "withdraw"):
            return None
        try:
            known = await self._papers(delivery)
            return _aloud(known, await self._refusal(known))
        except DmpError as error:
            return Wait(error.outcome)
        except paper.NoPatientError:
            return Skip(NotFed.INS_NOT_QUALIFIED)

    async def _papers(self, delivery: Delivery) -> Papers:
        return await self.house.ledger.read(lambda c: paper.load(c, self.house, delivery))

    async def _refusal(self, known: Papers) -> Skip | Wait | None:
        """The first condition that does not hold; None when the document may be fed."""
        match = known.decided.match
        assert match is not None, "a filed document has a match"  # noqa: S101 - kept by flow.decide
        one, ruling = _as_it_holds(known)
        reason = why_not_fed(one, match, known.patient, ruling, known.context)
        if reason is not None:
            return Skip(reason)
        if known.reading.schema_errors:
            said = " ".join(f"{n}. {one}" for n, one in enumerate(known.reading.schema_errors[:SAID], 1))
            return Wait(Outcome(Answer.REFUSED, "schema", f"{_NOT_VALID} Schéma CDA : {said}"))
        status, asked = await self._existence(_ins(known))
        return Skip(_CLOSED[status], asked) if status in _CLOSED else None

    async def _existence(self, patient: Ins) -> tuple[str, bool]:
        """TD0.2, or its last answer while that is fresh; whether the DMP was asked."""
        house = self.house
        since = house.now - house.settings.dmp.existence_ttl
        cached = await house.ledger.read(lambda c: patients.known_existence(c, patient, since))
        if cached is not None:
            return cached[0], False
        said = await self.destination.existence(patient)
        await house.ledger.write(
            "existence", lambda c: patients.keep_existence(c, patient, said.status, said.code, house.now)
        )
        return said.status, True

    async def _feeding(self, delivery: Delivery, known: Papers) -> Ready:
        patient = _ins(known)
        target = await self._replaced(known, patient)
        if target is None and known.version.before is not None:
            return Wait(Outcome(Answer.REFUSED, "already-gone", _GONE))
        try:
            document, header = await self._version(known, target is not None)
        except (ReaderRefused, ReaderDied, ReaderTimedOut) as error:
            if not self._beyond_archiving(delivery, known, error):
                raise
            return Skip(NotFed.FORMAT)
        received = known.reading.header is not None and header.unique_id == known.reading.unique_id
        of_others = received and known.reading.orders is None
        checks = of_others and self.house.settings.dmp.feed_received_cda == "check-first"
        if checks and await self.destination.find(header.unique_id, patient) is not None:
            return There(header.unique_id)
        objection = await self._objection(delivery, document)
        if objection is not None:
            return objection
        payload = self.destination.prepare(
            document,
            header,
            patient,
            known.visibility,
            seed=f"{known.seed}/{delivery.id}/{delivery.failures}",
            instant=known.asked,
            replaces=target,
        )
        return Go(payload, header.unique_id, await self._evidence(patient), known.version.number)

    async def _objection(self, delivery: Delivery, document: bytes) -> Wait | None:
        """What the ANS's rules object to in the very bytes that would leave (ADR 0034)."""
        try:
            verdict = await self.house.readers.judge(document)
        except (ReaderDied, ReaderTimedOut):
            if delivery.code != LOST:
                raise
            return Wait(Outcome(Answer.REFUSED, "schema", _NOT_JUDGED))
        if verdict.valid:
            return None
        return Wait(Outcome(Answer.REFUSED, "schema", f"{_NOT_VALID} {in_french(verdict, SAID)}"))

    async def _evidence(self, patient: Ins) -> str:
        """TD0.2's answer, as it is kept with the delivery."""
        cached = await self.house.ledger.read(lambda c: patients.known_existence(c, patient, 0))
        return "" if cached is None else f"{cached[0]} {cached[2]:.0f}"

    async def _replaced(self, known: Papers, patient: Ins) -> str | None:
        """The entryUUID of what this version replaces in the DMP; None: it is fed as new, without association."""
        fed = known.parent_fed
        if known.version.before is not None:
            return await self.destination.find(known.version.before.unique_id, patient)
        if known.document.action is not Action.REPLACE or fed is None or fed.state is not DeliveryState.DONE:
            return None
        return await self.destination.find(fed.unique_id, patient)

    async def _version(self, known: Papers, replaces: bool) -> tuple[bytes, CdaHeader]:
        """The bytes that go: as received, completed where the DMP would refuse the header, or wrapped."""
        header = known.reading.header
        if self._archives(known):
            archived = await self.house.readers.pdfa(known.mail.digest, known.reading.part)
            changed = hashlib.sha256(archived).hexdigest() != known.reading.sha256
            return paper.wrap(self.house, known, archived, archived=changed)
        body = await paper.body_of(self.house, self.originals, known)
        if header is None:
            return paper.wrap(self.house, known, body)
        parent = known.parent_fed.unique_id if replaces and known.parent_fed else ""
        if not _needs_completion(header, parent):
            return body, header
        number = oids.derive(self.house.settings.establishment.oid_root, "transformation", header.unique_id)
        return await self.house.readers.transform(body, Completion(header, number, known.patient, parent))

    def _archives(self, known: Papers) -> bool:
        """Whether the document goes as PDF/A-1: a PDF for which we make the CDA."""
        asked = self.house.settings.dmp.pdfa == "convert"
        return asked and known.reading.header is None and known.reading.media_type == PDF

    def _beyond_archiving(self, delivery: Delivery, known: Papers, error: ReaderError) -> bool:
        """Whether this is a PDF of which no PDF/A can be made: it was refused, or a reader was lost over it twice."""
        return self._archives(known) and (isinstance(error, ReaderRefused) or delivery.code == LOST)

    async def _taking_back(self, delivery: Delivery, known: Papers) -> Ready:
        """TD3.3c of what was fed: the document that the sender deletes, or ours that the record refused."""
        fed = await self._fed(delivery, known)
        if fed is None or fed.state is not DeliveryState.DONE:
            return Skip(fed.reason if fed and fed.reason else NotFed.OFF)
        patient = _ins(known)
        entry = await self.destination.find(fed.unique_id, patient)
        if entry is None:
            return There(fed.unique_id, "already-gone")
        payload = self.destination.prepare_deletion(
            fed.unique_id, entry, patient, seed=f"{known.seed}/{delivery.id}/{delivery.failures}", instant=known.asked
        )
        return Go(payload, fed.unique_id)

    async def _fed(self, delivery: Delivery, known: Papers) -> Delivery | None:
        if delivery.purpose == "delete":
            return known.parent_fed
        if known.version.there is not None:
            return known.version.there
        return await self.house.ledger.read(lambda c: deliveries.first_of(c, known.document.id, "dmp"))


def _aloud(known: Papers, found: _Found) -> _Found | Wait:
    """Who sees a document must not stay as it was without anybody's knowing: where the DMP holds an older version of
    ours, what keeps the new one away is for a person.
    """
    if known.version.before is None or not isinstance(found, Skip):
        return found
    text = f"Cette version ne peut pas être versée ({found.reason}) : le DMP garde la précédente, vue comme avant."
    return Wait(Outcome(Answer.REFUSED, found.reason, text))


def _as_it_holds(known: Papers) -> tuple[DocumentReading, Ruling]:
    """What a professional said of a minor's representatives stands in the place of the sender's and the rules' word."""
    if not known.version.said:
        return known.reading, known.ruling
    hidden = known.visibility.invisible_to_representatives
    ruling = replace(known.ruling, invisible_to_representatives=hidden, wait_for_professional=False)
    return replace(known.reading, visibility=known.visibility), ruling


def _needs_completion(header: CdaHeader, parent_as_fed: str) -> bool:
    """Whether the DMP would refuse this header, or it names its parent by another id than the one that was fed."""
    root = header.patient_ids[0][0] if header.patient_ids else ""
    incomplete = root not in INS_OIDS or not header.birth_place
    renamed = bool(parent_as_fed) and parent_as_fed != header.parent_id
    return bool(header.id_extension) or incomplete or renamed


def _ins(known: Papers) -> Ins:
    if known.patient.ins is None:
        raise paper.NoPatientError(f"document {known.document.id}")
    return known.patient.ins
