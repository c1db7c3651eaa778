"""The leg to the DMP: the conditions of DESIGN §5 read again, the version to be sent, and what it replaces there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.delivery.dmp import Dmp, DmpError, Feed
from gateway.flow.delivering import papers as paper
from gateway.flow.delivering.dmp_bytes import DmpBytes
from gateway.flow.delivering.legs import LOST, Go, Going, Ready, Skip, There, Wait, unread
from gateway.flow.delivering.outcomes import MOVED_CODES, STATUS_CODE
from gateway.flow.delivering.papers import Papers
from gateway.flow.delivering.sent_by import responsible, rpps_of
from gateway.flow.house import House
from gateway.flow.judgement.judge import age, why_not_fed
from gateway.flow.planning import chain
from gateway.flow.planning.standing import WITHDRAWN, Version
from gateway.flow.planning.tidings import content_type
from gateway.flow.reading.originals import Originals
from gateway.formats.validity.verdict import in_french
from gateway.isolation.errors import ReaderDied, ReaderError, ReaderRefused, ReaderTimedOut
from gateway.ledger import deliveries, patients
from gateway.ledger.rows import Delivery
from gateway.model.decision import Ruling
from gateway.model.delivery import Answer, Outcome
from gateway.model.documents import Action, CdaHeader, DocumentReading
from gateway.model.identity import Ins
from gateway.model.reasons import NotFed
from gateway.model.settings import Responsible
from gateway.model.states import DeliveryState
from gateway.protocols.cda import CdaError
from gateway.protocols.pix import Existence

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
_MASKED = (
    "Ce document serait à la fois masqué aux professionnels et invisible au patient : personne ne le verrait plus, et "
    "le DMP ne l'admet pas. Lever l'un des deux."
)
_CLOSED = {"none": NotFed.NO_DMP, "closed": NotFed.DMP_CLOSED}


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document that may go, as it would; ``existence`` is TD0.2's answer with its time."""

    delivery: Delivery
    known: Papers
    feed: Feed
    existence: str

    @property
    def going(self) -> Going:
        return Going(self.delivery, self.feed.header.unique_id, self.existence, self.known.version.number)


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
        return await self.together(delivery, ())

    async def together(self, lead: Delivery, along: Sequence[Delivery]) -> Ready:
        """The same, in one submission set with those of ``along`` that can go now (REC_2.1-1160, docs/adr/0033)."""
        first = await self._prepared(lead)
        if not isinstance(first, _Prepared):
            return first
        others = [await self._prepared(one) for one in along]
        crew = [one for one in others if isinstance(one, _Prepared) and _same_call(first, one)]
        known = first.known
        seed = f"{known.seed}/{lead.id}/{lead.failures}"
        feeds = [one.feed for one in (first, *crew)]
        payload = self.destination.prepare_all(feeds, _ins(known), seed=seed, instant=known.asked)
        its = first.going
        return Go(payload, its.unique_id, its.existence, its.revision, tuple(one.going for one in crew))

    async def _prepared(self, delivery: Delivery) -> _Prepared | Ready:
        try:
            known = await self._papers(delivery)
            if delivery.purpose in ("delete", "withdraw"):
                return await self._taking_back(delivery, known)
            overtaken = _overtaken(known.version)
            if overtaken is not None:
                return overtaken
            refusal = await self._refusal(known)
            return _aloud(known, refusal if refusal is not None else await self._feeding(delivery, known))
        except DmpError as error:
            return Wait(error.outcome)
        except CdaError as error:
            return Wait(Outcome(Answer.REFUSED, "format", f"Ce document ne peut pas être mis en forme ({error})."))
        except paper.NoPatientError:
            return Skip(NotFed.INS_NOT_QUALIFIED)
        except ReaderError as error:
            return unread(error)

    async def still(self, delivery: Delivery) -> Skip | Wait | None:
        """The conditions again, for a submission that was frozen earlier."""
        if delivery.purpose in ("delete", "withdraw"):
            return None
        try:
            known = await self._papers(delivery)
            return Skip(WITHDRAWN) if known.version.gone else _aloud(known, await self._refusal(known))
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
        if _unseen(known) and not self.house.settings.dmp.allow_masked_and_invisible:
            return Wait(Outcome(Answer.REFUSED, "masked-and-invisible", _MASKED))
        status, said, asked = await self._existence(_ins(known))
        return Skip(_CLOSED[status], asked, _why_closed(said)) if status in _CLOSED else None

    async def _existence(self, patient: Ins) -> tuple[str, str, bool]:
        """TD0.2, or its last answer while that is fresh: the status, what was said of it, whether the DMP was asked."""
        house = self.house
        since = house.now - house.settings.dmp.existence_ttl
        cached = await house.ledger.read(lambda c: patients.known_existence(c, patient, since))
        if cached is not None:
            return cached[0], cached[1], False
        found = await self.destination.existence(patient)
        said = _said(found)
        await house.ledger.write(
            "existence", lambda c: patients.keep_existence(c, patient, found.status, said, house.now)
        )
        return found.status, said, True

    async def _feeding(self, delivery: Delivery, known: Papers) -> _Prepared | Ready:
        patient, secret = _ins(known), self._is_secret(known)
        before = known.version.before or await self._replaced(known)
        target = await self._entry(delivery, before.unique_id, patient, secret=secret) if before else None
        if target is None and known.version.before is not None:
            return Wait(Outcome(Answer.REFUSED, "already-gone", _GONE))
        form = DmpBytes(self.house, self.originals)
        try:
            document, header = await form.make(known, before.unique_id if before and target else "")
        except (ReaderRefused, ReaderDied, ReaderTimedOut) as error:
            if not form.beyond_archiving(delivery, known, error):
                raise
            return Skip(NotFed.FORMAT)
        received = known.reading.header is not None and header.unique_id == known.reading.unique_id
        of_others = received and known.reading.orders is None
        checks = of_others and self.house.settings.dmp.feed_received_cda == "check-first"
        if checks and await self.destination.find(header.unique_id, patient, secret=secret) is not None:
            return There(header.unique_id)
        objection = await self._objection(delivery, document)
        if objection is not None:
            return objection
        activity = content_type(known.reading.orders)
        feed = Feed(document, header, known.visibility, target, secret, activity, await self._asks(known, header))
        self.destination.require(feed, patient)
        return _Prepared(delivery, known, feed, await self._evidence(patient))

    async def _asks(self, known: Papers, header: CdaHeader) -> Responsible | None:
        """In whose name a document of the hospital's own goes; None: as configured."""
        table, rpps = self.house.settings.hospital, rpps_of(known.reading.orders)
        if table is None or table.speaker != "sender" or not rpps:
            return None
        directory = await self.house.ledger.read(lambda c: patients.senders_like(c, rpps=rpps))
        return responsible(known.reading.orders, header, directory)

    def _is_secret(self, known: Papers) -> bool:
        """Whether it goes in a secret connection: what a minor's representatives must not see (EX_2.1-1050)."""
        dmp = self.house.settings.dmp
        years = age(known.patient.birth_date, known.context.today)
        minor = (years or 0) < dmp.age_of_majority
        return dmp.minor_secret and minor and known.visibility.invisible_to_representatives

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

    async def _replaced(self, known: Papers) -> Delivery | None:
        """What this version replaces in the DMP; None: it is fed as new, without association."""
        document, parent = known.document, known.parent
        if document.action is not Action.REPLACE or parent is None:
            return None
        return await self.house.ledger.read(lambda c: chain.standing(c, parent, document, "dmp"))

    async def _entry(self, delivery: Delivery, unique_id: str, patient: Ins, *, secret: bool = False) -> str | None:
        """The entryUUID of a document: the last one, unless that had moved away the last time; None: not there."""
        found = await self.destination.find_all(unique_id, patient, secret=secret)
        other = delivery.failures if delivery.code in MOVED_CODES else 0
        return found[-1 - other % len(found)] if found else None

    async def _taking_back(self, delivery: Delivery, known: Papers) -> Ready:
        """TD3.3c of what was fed: the document that the sender deletes, or ours that the record refused."""
        fed = await self._fed(delivery, known)
        if fed is None or fed.state is not DeliveryState.DONE:
            return Skip(fed.reason if fed and fed.reason else NotFed.OFF)
        patient = _ins(known)
        entry = await self._entry(delivery, fed.unique_id, patient)
        if entry is None:
            return There(fed.unique_id, "already-gone")
        payload = self.destination.prepare_deletion(
            fed.unique_id,
            entry,
            patient,
            seed=f"{known.seed}/{delivery.id}/{delivery.failures}",
            instant=known.asked,
            status="Archived" if delivery.code == STATUS_CODE else "Approved",
        )
        return Go(payload, fed.unique_id)

    async def _fed(self, delivery: Delivery, known: Papers) -> Delivery | None:
        if delivery.purpose == "delete":
            return known.parent_fed
        if known.version.there is not None:
            return known.version.there
        return await self.house.ledger.read(lambda c: deliveries.first_of(c, known.document.id, "dmp"))


def _overtaken(version: Version) -> Skip | There | None:
    """A person took the document back meanwhile, or the DMP holds this very version."""
    if version.gone:
        return Skip(WITHDRAWN)
    return There(version.there.unique_id, "", asked=False) if version.there is not None else None


def _aloud(known: Papers, found: _Found) -> _Found | Wait:
    """Who sees a document must not stay as it was without anybody's knowing: where the DMP holds an older version of
    ours, what keeps the new one away is for a person.
    """
    if known.version.before is None or not isinstance(found, Skip):
        return found
    if found.reason == NotFed.INDEX_STALE:
        return Wait(Outcome(Answer.RETRY_LATER, found.reason, "L'index des patients est trop ancien : on attend."))
    text = f"Cette version ne peut pas être versée ({found.reason}) : le DMP garde la précédente, vue comme avant."
    return Wait(Outcome(Answer.REFUSED, found.reason, text))


def _as_it_holds(known: Papers) -> tuple[DocumentReading, Ruling]:
    """What a professional said of a minor's representatives stands in the place of the sender's and the rules' word."""
    if not known.version.said:
        return known.reading, known.ruling
    hidden = known.visibility.invisible_to_representatives
    ruling = replace(known.ruling, invisible_to_representatives=hidden, wait_for_professional=False)
    return replace(known.reading, visibility=known.visibility), ruling


def _same_call(first: _Prepared, other: _Prepared) -> bool:
    """Whether two documents can leave in one call: one patient, one name, both in a secret connection or neither."""
    calls = [(_ins(p.known), p.feed.secret, p.feed.responsible, p.feed.content_type) for p in (first, other)]
    return calls[0] == calls[1]


def _unseen(known: Papers) -> bool:
    """Hidden from the patient and from professionals alike (parameter cumul-invisible_patient-masque_ps)."""
    return known.visibility.masked_to_professionals and known.visibility.invisible_to_patient


def _said(found: Existence) -> str:
    """TD0.2's own words, as they are kept."""
    return " ".join(filter(None, (found.code, found.closed_on, found.motive)))


def _why_closed(said: str) -> str:
    """When a DMP was closed and why, if TD0.2 said so; empty otherwise."""
    _, *more = said.split()
    day = next((word for word in more if len(word) == 8 and word.isdigit()), "")
    motive = next((word for word in more if word != day), "")
    since = f"DMP fermé le {day[6:]}/{day[4:6]}/{day[:4]}" if day else "DMP fermé" if motive else ""
    return f"{since} (motif : {motive})" if motive else since


def _ins(known: Papers) -> Ins:
    if known.patient.ins is None:
        raise paper.NoPatientError(f"document {known.document.id}")
    return known.patient.ins
