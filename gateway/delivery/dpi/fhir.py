"""The record's inlet by FHIR R4: a document created once, what it replaces marked, what is taken back marked.

Created under the condition that the identifier is not there yet (``If-None-Exist``), so that a retry creates nothing
twice where the server honours conditions; after a doubt the record is asked first all the same. A replacement is two
changes, in an order in which a crash between them is mended by the retry: the new document, which says what it
replaces, then the status of the old one, unless the record has set it by itself.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from gateway.delivery.dpi import fhir_outcomes
from gateway.delivery.dpi.fhir_outcomes import DpiError
from gateway.delivery.wire import Failure, Request, Response, Wire, WireError
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.documents import Action
from gateway.model.ports import Observer
from gateway.protocols import fhir, fhir_answers
from gateway.protocols.fhir_types import FhirError
from gateway.trust.errors import TrustError
from gateway.trust.secret import read_secret

MEDIA_TYPE = "application/fhir+json"
#: How many times a document must be absent before it is sent again: an index may lag behind what it indexes.
LOOK_UPS = 2
_PATCH = "application/json-patch+json"
_RESOURCE = "DocumentReference"
_STANDING = "current,superseded"
_PIECE = 256 << 10

_HALF = "Le nouveau document est dans le DPI, mais l'ancien n'a pu y être marqué comme remplacé."
_THERE = "Le document n'est pas dans le DPI."


@dataclass(frozen=True, slots=True)
class Server:
    """Where the record listens. ``base`` is the address of the service; ``token``: file of a bearer token, read anew
    at each exchange. ``tls`` None: in clear. ``timeout`` in seconds, for connecting, each write and the answer.
    """

    base: str
    tls: ssl.SSLContext | None = None
    token: Path | None = None
    timeout: float = 60
    connections: int = 2


class _Head(msgspec.Struct, frozen=True):
    """How to find the document, and the one it replaces (empty: none), by a search."""

    document: str
    replaced: str = ""


def prepare(request: fhir.Publication) -> Frozen:
    """Freeze a delivery: the resource, or for a deletion the change of its status. Raises FhirError."""
    unique_id = request.header.unique_id
    document = fhir.search_token(unique_id)
    if request.action is Action.DELETE:
        return Frozen(unique_id, request.action, _head(document), fhir.status_patch("entered-in-error"))
    replaced = ""
    if request.action is Action.REPLACE:
        replaced = fhir.search_token(request.parent)
    return Frozen(unique_id, request.action, _head(document, replaced), fhir.document_reference(request))


class Fhir:
    """The port of ``gateway.model.delivery`` over FHIR. Steps: dpi.fhir, dpi.fhir.patch and dpi.fhir.search, each
    with ``.send`` and ``.answer``.
    """

    def __init__(self, server: Server, observer: Observer) -> None:
        """Deliver to ``server``; nothing is opened before the first exchange."""
        self._base = server.base.rstrip("/")
        self._token = server.token
        self._wire = Wire(server.tls, observer, timeout=server.timeout, connections=server.connections)

    async def locate(self, unique_id: str) -> str:
        """The one resource of this document (``DocumentReference/1``); empty when there is none, or no telling which.

        Raises DpiError when the record cannot be asked, FhirError for what is no document id.
        """
        query = f"{fhir.search_token(unique_id)}&_elements=id,status&_count=2"
        try:
            found = fhir_answers.search((await self._ask(query)).body)
        except FhirError:
            return ""
        except DpiError as error:
            if error.outcome.code == Failure.TOO_LARGE:
                return ""  # a server that shows whole documents where their names were asked for
            raise
        return found.references[0] if found.total == len(found.references) == 1 else ""

    async def send(self, payload: Frozen) -> Outcome:
        """Create, replace or take back."""
        head = msgspec.json.decode(payload.head, type=_Head)
        try:
            if payload.action is Action.DELETE:
                return await self._mark(head.document, _STANDING, payload.body)
            created = await self._create(head.document, payload.body)
            if created.answer is not Answer.DONE or not head.replaced:
                return created
            marked = await self._mark(head.replaced, "current", fhir.status_patch("superseded"))
        except DpiError as error:
            return error.outcome
        return replace(marked, text=f"{_HALF} {marked.text}") if marked.answer is Answer.REFUSED else marked

    async def look_up(self, payload: Frozen) -> Outcome:
        """After UNKNOWN: is the document there, once, and what it replaces marked; or is it taken back?"""
        head = msgspec.json.decode(payload.head, type=_Head)
        try:
            if payload.action is Action.DELETE:
                done = await self._count(head.document, _STANDING) == 0
            else:
                done = await self._count(head.document) == 1
                if done and head.replaced:
                    done = await self._count(head.replaced, "current") == 0
        except DpiError as error:
            return replace(error.outcome, answer=Answer.UNKNOWN)
        return Outcome(Answer.DONE, "found") if done else Outcome(Answer.RETRY_LATER, "not-found", _THERE)

    async def capabilities(self) -> fhir_answers.Capabilities:
        """What the server says it can do. Raises DpiError, FhirError."""
        answer = await self._exchange("GET", "metadata", "dpi.fhir.search")
        _done(fhir_outcomes.of_question(answer))
        return fhir_answers.capabilities(answer.body)

    async def close(self) -> None:
        """Close the connections kept open."""
        await self._wire.aclose()

    async def _create(self, condition: str, body: bytes) -> Outcome:
        headers = (("Content-Type", MEDIA_TYPE), ("If-None-Exist", condition), ("Prefer", "return=minimal"))
        return fhir_outcomes.of_change(await self._change("POST", _RESOURCE, "dpi.fhir", body, headers))

    async def _mark(self, query: str, among: str, patch: bytes) -> Outcome:
        """Change the status of a document, unless none stands there with one of the statuses ``among``."""
        if await self._count(query, among) == 0:
            return Outcome(Answer.DONE, "already")
        headers = (("Content-Type", _PATCH), ("Prefer", "return=minimal"))
        answer = await self._change("PATCH", f"{_RESOURCE}?{query}", "dpi.fhir.patch", patch, headers)
        return fhir_outcomes.of_change(answer)

    async def _count(self, query: str, among: str = "") -> int:
        """How many documents there are. Raises DpiError."""
        status = f"&status={among}" if among else ""
        answer = await self._ask(f"{query}{status}&_summary=count")
        try:
            return fhir_answers.search(answer.body).total
        except FhirError as error:
            raise DpiError(fhir_outcomes.unreadable()) from error

    async def _ask(self, query: str) -> Response:
        try:
            answer = await self._exchange("GET", f"{_RESOURCE}?{query}", "dpi.fhir.search")
        except DpiError as error:
            raise DpiError(fhir_outcomes.without_effect(error.outcome)) from error
        _done(fhir_outcomes.of_question(answer))
        return answer

    async def _change(
        self, method: str, path: str, step: str, body: bytes, headers: tuple[tuple[str, str], ...]
    ) -> Response:
        """The answer; one too large to be read has its status all the same."""
        try:
            return await self._exchange(method, path, step, body, headers)
        except DpiError as error:
            cause = error.__cause__
            if isinstance(cause, WireError) and cause.head is not None:
                return cause.head
            raise

    async def _exchange(
        self, method: str, path: str, step: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        ours = [("Accept", MEDIA_TYPE), ("Cache-Control", "no-cache"), *await self._authorisation()]
        request = Request(method, f"{self._base}/{path}", (*ours, *headers), len(body), lambda: _pieces(body))
        try:
            return await self._wire.exchange(request, step)
        except WireError as error:
            raise DpiError(fhir_outcomes.of_failure(error.failure)) from error

    async def _authorisation(self) -> list[tuple[str, str]]:
        if self._token is None:
            return []
        try:
            return [("Authorization", f"Bearer {await asyncio.to_thread(read_secret, self._token)}")]
        except TrustError as error:
            raise DpiError(Outcome(Answer.RETRY_LATER, "token", str(error), down=True, stop=True)) from error


def _head(document: str, replaced: str = "") -> bytes:
    return msgspec.json.encode(_Head(document, replaced))


def _pieces(body: bytes) -> Sequence[memoryview]:
    view = memoryview(body)
    return [view[start : start + _PIECE] for start in range(0, len(view), _PIECE)]


def _done(outcome: Outcome) -> None:
    if outcome.answer is not Answer.DONE:
        raise DpiError(outcome)
