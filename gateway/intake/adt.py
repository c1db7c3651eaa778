"""The inlet of the patient index: HL7 v2 ADT over MLLP (DESIGN §7, ``patients.adt_listen``).

A message is answered only after the caller has committed it. AA: committed, or nothing to do. AE: the message cannot be
understood, sending it again is useless. AR: it cannot be kept now, send it again. Whatever else goes wrong ends the
connection without an answer, so that the sender keeps the message.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.intake.errors import IntakeError
from gateway.intake.mllp import MAX_CONNECTIONS, MllpServer, Place, acknowledge, header_of
from gateway.model.ports import Clock, Observer
from gateway.protocols.adt import AdtError, AdtEvent, Unconcerned, read
from gateway.protocols.hl7_ack import AckError
from gateway.protocols.hl7v2 import Hl7Error, Message, parse

MAX_MESSAGE = 1_000_000

_INTERNAL = "207"

Apply = Callable[[AdtEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AdtInlet:
    """Where to listen and whom to hear. ``allow`` are networks; the loopback always is allowed."""

    listen: str
    ipp_oid: str
    allow: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    max_message: int = MAX_MESSAGE
    max_connections: int = MAX_CONNECTIONS


class AdtServer(MllpServer):
    """Listens from ``start`` to ``close``. ``apply`` returns once committed; it raises IntakeError when it cannot."""

    def __init__(self, inlet: AdtInlet, apply: Apply, clock: Clock, observer: Observer) -> None:
        """Raises ValueError, in French, for an address or a network that is none."""
        keys = ("adt_listen", "adt_allow")
        where = Place("adt", inlet.listen, inlet.max_message, inlet.allow, inlet.tls, inlet.max_connections, keys)
        super().__init__(where, self._understood, observer)
        self._ipp_oid = inlet.ipp_oid
        self._apply = apply
        self._clock = clock

    async def _understood(self, data: bytes) -> bytes:
        """The acknowledgement of one message, once its effect is committed."""
        try:
            message = parse(data)
        except Hl7Error:
            self._tell("unreadable")
            error = AckError("100", text="Le message n'est pas lisible (structure ou jeu de caractères).")
            return self._ack(header_of(data), "AE", data, error)
        try:
            event = read(message, self._ipp_oid)
            if not isinstance(event, Unconcerned):
                await self._apply(event)
        except AdtError as problem:
            self._observer.event("adt.not-understood", condition=problem.error.condition)
            return self._ack(message, "AE", data, problem.error)
        except IntakeError as problem:
            self._observer.event("adt.refused", code=problem.code)
            return self._ack(message, "AR", data, AckError(_INTERNAL, text=str(problem)))
        self._observer.event("adt.accepted", kind=type(event).__name__)
        return self._ack(message, "AA", data)

    def _ack(self, request: Message, code: str, data: bytes, *errors: AckError) -> bytes:
        return acknowledge(request, code, data, errors, self._clock)
