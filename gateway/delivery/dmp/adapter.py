"""The DMP as a destination (model/delivery.py): new envelopes around frozen parts, and answers in four words."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from lxml import etree

from gateway.delivery.dmp import errors
from gateway.delivery.dmp.demands import faults
from gateway.delivery.dmp.errors import DmpError
from gateway.delivery.dmp.identity import speaker, submission_author
from gateway.delivery.dmp.submission import Feed, Feeder, document_id, unpack
from gateway.delivery.wire import Wire, WireError
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.documents import Action, CdaHeader, Visibility
from gateway.model.identity import Ins
from gateway.model.ports import Chance, Clock, Observer
from gateway.model.settings import Dmp as Settings
from gateway.model.settings import Establishment, Responsible
from gateway.protocols import ebxml, mtom, pix, soap, vihf
from gateway.protocols.ebxml import RegistryAnswer
from gateway.protocols.mtom import Piece
from gateway.protocols.pix import Existence, OtherPatientError, QueryRefusedError
from gateway.protocols.soap import SoapError
from gateway.protocols.vihf import Secrecy
from gateway.protocols.xds import MetadataError
from gateway.protocols.xmldsig import Signer
from gateway.terminology import contains


@dataclass(frozen=True)
class _Service:
    """A transaction: the name under which it is observed, the path of its service, its WS-Addressing action."""

    step: str
    path: str
    action: str


_TD02 = _Service("dmp.td02", "patients", pix.ACTION)
_TD31B = _Service("dmp.td31b", "registry", ebxml.QUERY)
_TD21 = _Service("dmp.td21", "repository", ebxml.PROVIDE)
_TD33C = _Service("dmp.td33c", "registry", ebxml.UPDATE)
_NOT_ADMITTED = (
    "Le DMP n'admet pas l'en-tête de ce document ({}) : il n'a pas été envoyé au DMP. Prévenir son auteur, ou "
    "l'éditeur de son logiciel."
)


class Dmp:
    """One establishment's access to the DMP. ``tls`` holds the authentication certificate and the authorities."""

    def __init__(
        self,
        settings: Settings,
        establishment: Establishment,
        *,
        homologation: str,
        signer: Signer,
        tls: ssl.SSLContext,
        clock: Clock,
        chance: Chance,
        observer: Observer,
    ) -> None:
        """``ValueError``, in French, when the settings lack the address or hold what cannot stand in a message."""
        if not settings.base_url:
            raise ValueError("dmp.base_url : l'adresse du DMP manque")
        if not contains("JDV_J59", settings.content_type):
            raise ValueError(f"dmp.content_type : \"{settings.content_type}\" n'est pas un type d'activité (JDV_J59)")
        self._base = settings.base_url.rstrip("/")
        self._test = establishment.test
        self._sender = (establishment.oid_root, settings.lps_name)
        self._identity = partial(speaker, settings, establishment, homologation)
        self._identity()
        self._secrecy = Secrecy(settings.minor_attribute, settings.minor_code)
        self._hash = settings.xades_signature or settings.signature
        self._author = partial(submission_author, settings, establishment)
        self._feeder = Feeder(establishment.oid_root, self._author(), signer.hashing(self._hash), settings.content_type)
        self._signer, self._clock, self._chance = signer, clock, chance
        self._wire = Wire(
            tls, observer, timeout=settings.timeout, connections=settings.connections, proxy=settings.proxy
        )

    def renew(self, signer: Signer) -> None:
        """Sign what is made from now on with another certificate; what is frozen keeps its signature."""
        self._signer, self._feeder = signer, replace(self._feeder, signer=signer.hashing(self._hash))

    async def existence(self, patient: Ins) -> Existence:
        """TD0.2; raises ``DmpError`` when that cannot be known."""
        query = pix.query(
            patient, sender=self._sender, message=self._chance.token(), instant=self._clock.now(), test=self._test
        )
        try:
            return pix.read(await self._ask(_TD02, patient, query), patient)
        except QueryRefusedError as error:
            raise DmpError(errors.of_question(error.code)) from error
        except OtherPatientError as error:
            raise DmpError(errors.other_patient()) from error
        except SoapError as error:
            raise DmpError(errors.without_effect(errors.unreadable())) from error

    async def find(self, unique_id: str, patient: Ins, *, secret: bool = False) -> str | None:
        """TD3.1b: the entryUUID of this uniqueId, the last one when there are several; raises ``DmpError``."""
        found = await self.find_all(unique_id, patient, secret=secret)
        return found[-1] if found else None

    async def find_all(self, unique_id: str, patient: Ins, *, secret: bool = False) -> tuple[str, ...]:
        """TD3.1b: the entryUUIDs of this uniqueId, as the registry lists them; raises ``DmpError``."""
        try:
            answer = ebxml.read(await self._ask(_TD31B, patient, ebxml.look_up(unique_id), secret=secret))
        except SoapError as error:
            raise DmpError(errors.without_effect(errors.unreadable())) from error
        _raise_unless_done(answer)
        return answer.found

    def prepare(
        self,
        document: bytes,
        header: CdaHeader,
        patient: Ins,
        visibility: Visibility,
        *,
        seed: str,
        instant: datetime,
        replaces: str | None = None,
    ) -> Frozen:
        """``prepare_all`` of one CDA whose bytes are ``document``, new or replacing the entryUUID ``replaces``."""
        feed = Feed(document, header, visibility, replaces)
        return self.prepare_all((feed,), patient, seed=seed, instant=instant)

    def prepare_all(self, feeds: Sequence[Feed], patient: Ins, *, seed: str, instant: datetime) -> Frozen:
        """Freeze TD2.1 of one or several documents of a patient, in one submission set (REC_2.1-1160).

        ``seed`` names the submission (establishment, document, version, attempt at another set): the ids derive from
        it. ``instant`` (UTC) is its time, frozen once. ``DmpError`` as ``require``.
        """
        try:
            feeder = replace(self._feeder, author=self._author(feeds[0].responsible))
            return feeder.feed(feeds, patient, seed=seed, instant=instant)
        except MetadataError as error:
            raise _indescribable(error) from error

    def require(self, feed: Feed, patient: Ins) -> None:
        """``DmpError`` REFUSED when this header lacks what the DMP demands, or says what it does not admit."""
        if found := dict(faults(feed.header)):
            text = _NOT_ADMITTED.format(", ".join(found.values()))
            raise DmpError(Outcome(Answer.REFUSED, f"metadata:{next(iter(found))}", text))
        try:
            self._feeder.entry(feed, patient)
        except MetadataError as error:
            raise _indescribable(error) from error

    def prepare_deletion(
        self,
        unique_id: str,
        entry_uuid: str,
        patient: Ins,
        *,
        seed: str,
        instant: datetime,
        status: str = "Approved",
    ) -> Frozen:
        """Freeze TD3.3c of the entry found under ``unique_id``; ``status`` is its present one."""
        return self._feeder.delete(unique_id, entry_uuid, patient, seed=seed, instant=instant, status=status)

    async def send(self, payload: Frozen) -> Outcome:
        """Send the frozen parts in a new envelope (fresh MessageID and VIHF)."""
        parcel, parts = unpack(payload)
        try:
            if parcel.transaction == "td33c":
                answer = await self._call(_TD33C, parcel.patient, parts)
            else:
                content = _attached(parts[1:])
                attachments = {_content_id(symbol): part for symbol, part in content.items()}
                body, asks = _provide(parts[0], content), parcel.responsible
                answer = await self._call(_TD21, parcel.patient, body, attachments, secret=parcel.secret, asks=asks)
            return errors.of_registry(ebxml.read(answer))
        except DmpError as error:
            return error.outcome
        except SoapError:
            return errors.unreadable()

    async def look_up(self, payload: Frozen) -> Outcome:
        """After UNKNOWN: is the document there, or for a deletion, is it gone?"""
        parcel, _ = unpack(payload)
        try:
            found = await self.find(payload.key, parcel.patient, secret=parcel.secret)
        except DmpError as error:
            failed = error.outcome
            return Outcome(Answer.UNKNOWN, failed.code, failed.text, failed.down, failed.stop)
        if (found is None) == (payload.action is Action.DELETE):
            return Outcome(Answer.DONE, "found" if found else "gone")
        return Outcome(Answer.RETRY_LATER, "still-there" if found else "not-found")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def _ask(self, service: _Service, patient: Ins, query: bytes, *, secret: bool = False) -> etree._Element:
        try:
            return await self._call(service, patient, (query,), secret=secret)
        except DmpError as error:
            raise DmpError(errors.without_effect(error.outcome)) from error

    async def _call(
        self,
        service: _Service,
        patient: Ins,
        body: Sequence[Piece],
        attachments: Mapping[str, Piece] | None = None,
        *,
        secret: bool = False,
        asks: Responsible | None = None,
    ) -> etree._Element:
        message_id = f"urn:uuid:{uuid.UUID(self._chance.token(), version=4)}"
        assertion = vihf.build(
            self._identity(asks),
            patient,
            self._signer,
            assertion_id=f"_{self._chance.token()}",
            instant=self._clock.now(),
            secrecy=self._secrecy if secret else None,
        )
        before, after = soap.envelope(service.action, message_id, assertion)
        pieces = (before, *body, after)
        if attachments is None:
            package = mtom.plain(pieces, service.action)
        else:
            package = mtom.package(pieces, attachments, service.action, f"uuid-{self._chance.token()}")
        try:
            response = await self._wire.post(f"{self._base}/{service.path}", package, service.step)
        except WireError as error:
            raise DmpError(errors.of_failure(error.failure)) from error
        return errors.payload(response, message_id)


def _indescribable(error: MetadataError) -> DmpError:
    text = f"Le DMP exige une donnée que l'en-tête du document ne donne pas ({error.attribute})."
    return DmpError(Outcome(Answer.REFUSED, f"metadata:{error.attribute}", text))


def _attached(parts: Sequence[Piece]) -> dict[str, Piece]:
    """The documents of a submission by their symbolic ids, its signature last."""
    symbols = [*map(document_id, range(len(parts) - 1)), ebxml.SIGNATURE_ID]
    return dict(zip(symbols, parts, strict=True))


def _content_id(symbol: str) -> str:
    return f"{symbol.lower()}@gateway"


def _provide(request: Piece, attached: Iterable[str]) -> tuple[Piece, ...]:
    """The body of ITI-41 around its SubmitObjectsRequest."""
    documents = b"".join(
        b'<Document id="%s">%s</Document>' % (symbol.encode(), mtom.include(_content_id(symbol))) for symbol in attached
    )
    name = b"ProvideAndRegisterDocumentSetRequest"
    return b'<%s xmlns="%s">' % (name, ebxml.XDSB.encode()), request, documents + b"</%s>" % name


def _raise_unless_done(answer: RegistryAnswer) -> None:
    outcome = errors.of_registry(answer)
    if outcome.answer is not Answer.DONE:
        raise DmpError(errors.without_effect(outcome))
