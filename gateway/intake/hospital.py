"""The inlet of the hospital's own documents: ORU and MDM messages of its record, over MLLP (``[hospital]``).

AA: bytes and row are durable, the rest is ours. AE: the message cannot be taken as it is, and ERR says where and why in
the words of the volet (spec/mssante/dpi-hl7v2.md §4, §6); also another message under a number that was used. AR: it
cannot be kept now, send it again. A message is known by MSH-3, MSH-4, MSH-10 and the day of MSH-7: the same bytes again
get the same answer and have no effect, whatever counter the record begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.intake.errors import IntakeError
from gateway.intake.mllp import MllpServer, Place, acknowledge, header_of
from gateway.model.ports import Clock, Observer
from gateway.protocols import transmission
from gateway.protocols.hl7_ack import AckError
from gateway.protocols.hl7v2 import Hl7Error, Message, parse
from gateway.protocols.transmission import TransmissionError

_UNREADABLE = "Le message n'est pas lisible (structure ou jeu de caractères)."
_REUSED = "Un autre message porte déjà cet identifiant (MSH-10)."
_TRIAL = "Ce message est un essai (MSH-11), et cette passerelle est en production."
_PIECE = 1 << 20

#: Keep a message for good, under the key of its sender; False: other bytes came under that key. IntakeStopped.
Take = Callable[[str, str, AsyncIterator[bytes]], Awaitable[bool]]


class HospitalServer(MllpServer):
    """Listens from ``start`` to ``close``. ``production``: trials (MSH-11 T or D) are refused."""

    def __init__(self, place: Place, take: Take, clock: Clock, observer: Observer, *, production: bool) -> None:
        """Raises ValueError, in French, for an address or a network that is none."""
        super().__init__(place, self._taken, observer)
        self._take = take
        self._clock = clock
        self._production = production

    async def _taken(self, data: bytes) -> bytes:
        """The acknowledgement of one message, once it is kept."""
        try:
            message = await asyncio.to_thread(parse, data)  # a large one would hold up everything else
        except Hl7Error:
            return self._refused(header_of(data), data, AckError("100", text=_UNREADABLE))
        try:
            await asyncio.to_thread(self._check, message)
            same = await self._take(_key(message), message.control_id, _pieces(data))
        except TransmissionError as problem:
            return self._refused(message, data, problem.error)
        except IntakeError as problem:
            self._observer.event("hospital.refused", code=problem.code)
            return acknowledge(message, "AR", data, [AckError("207", text=str(problem))], self._clock)
        if not same:
            return self._refused(message, data, AckError("199", text=_REUSED, location="MSH^1^10"))
        self._observer.event("hospital.accepted", size=len(data))
        return acknowledge(message, "AA", data, (), self._clock)

    def _check(self, message: Message) -> None:
        transmission.read(message)
        if self._production and message.field("MSH", 11).strip() in {"T", "D"}:
            raise TransmissionError("202", _TRIAL, "MSH^1^11")

    def _refused(self, message: Message, data: bytes, error: AckError) -> bytes:
        self._observer.event("hospital.not-understood", condition=error.condition)
        return acknowledge(message, "AE", data, [error], self._clock)


def _key(message: Message) -> str:
    msh = message.first("MSH")
    return "|".join((msh.raw(3), msh.raw(4), message.control_id, msh.field(7)[:8]))


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(view), _PIECE):
        yield bytes(view[start : start + _PIECE])
