"""The record's inlet over MLLP: the message out, its acknowledgement back, over a few connections kept open.

The record recognises a repetition by MSH-10, so that after a doubt the answer to ``look_up`` is: send the identical
frame again. UNKNOWN is kept for the cases where bytes of the message left and no answer that can be trusted came back.
A connection is tried with the frame's first byte alone: a peer that closed it meanwhile has then received nothing that
it could act on, and the message goes over a fresh one.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from gateway.delivery.dpi import acks
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.ports import Observer
from gateway.protocols import mdm, oru
from gateway.protocols.handover import Handover
from gateway.protocols.mllp import Deframer, MllpError, frame

MAX_ACK = 1_000_000
_BUILDERS = {"mdm": mdm.build, "oru": oru.build}
_PIECE = 256 << 10

_DOWN = "Le DPI ne répond pas à l'adresse configurée : la remise sera retentée."
_TLS = "La connexion sécurisée au DPI échoue : vérifier les certificats et l'autorité configurés."
_LOST = "La connexion au DPI s'est rompue avant sa réponse : le même message lui sera présenté de nouveau."
_SILENT = "Le DPI n'a pas répondu dans le délai : le même message lui sera présenté de nouveau."
_GARBLED = "La réponse du DPI est illisible : on ne sait pas s'il a pris le document."
_KEPT = (
    "Un concentrateur garde le message (CA), mais le DPI n'a pas dit s'il l'intègre : faire suivre son acquittement, "
    "ou décider que cela suffit ([dpi] commit_is_enough). Le même message sera présenté de nouveau."
)
_AGAIN = "Le DPI reconnaît les répétitions : le même message peut lui être présenté de nouveau."


@dataclass(frozen=True, slots=True)
class Peer:
    """Where the record listens. ``tls`` None: in clear.

    ``timeout`` in seconds, for connecting, for each piece of a message taken, and for answering.
    ``commit_is_enough``: MSA-1 CA is the answer.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    timeout: float = 60
    connections: int = 2
    commit_is_enough: bool = False


def prepare(one: Handover, message: str = "mdm") -> Frozen:
    """Freeze a delivery: the whole message, ``mdm`` or ``oru``. Raises HandoverError."""
    head = msgspec.json.encode({"control_id": one.control_id})
    body = io.BytesIO()  # joining the chunks would hold a large message twice
    body.writelines(_BUILDERS[message](one))
    return Frozen(one.control_id, one.action, head, body.getvalue())


class Mllp:
    """The port of ``gateway.model.delivery`` over MLLP. Steps: dpi.mllp.send, dpi.mllp.answer."""

    def __init__(self, peer: Peer, observer: Observer) -> None:
        """Deliver to ``peer``; nothing is opened before the first message."""
        self._peer = peer
        self._observer = observer
        self._turn = asyncio.Semaphore(peer.connections)
        self._idle: list[_Connection] = []

    async def send(self, payload: Frozen) -> Outcome:
        """Send the frame and judge the acknowledgement."""
        async with self._turn:
            try:
                connection = await self._begun()
            except OSError as error:
                return _unreached(error)
            try:
                return await self._exchange(connection, payload)
            finally:
                self._settle(connection)

    async def look_up(self, payload: Frozen) -> Outcome:  # noqa: ARG002 - the port's signature
        """The record cannot be asked, but takes the identical frame twice as one."""
        return Outcome(Answer.RETRY_LATER, text=_AGAIN)

    async def close(self) -> None:
        """Close the connections kept open."""
        while self._idle:
            self._idle.pop().abort()

    def _settle(self, connection: _Connection) -> None:
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.abort()

    async def _begun(self) -> _Connection:
        """A connection on which the first byte of the frame left, kept or fresh."""
        while self._idle:
            kept = self._idle.pop()
            with suppress(OSError):
                await kept.begin()
                return kept
        async with asyncio.timeout(self._peer.timeout):
            peer = self._peer
            fresh = _Connection(*await asyncio.open_connection(peer.host, peer.port, ssl=peer.tls), peer.timeout)
            await fresh.begin()
            return fresh

    async def _exchange(self, connection: _Connection, payload: Frozen) -> Outcome:
        try:
            with self._observer.step("dpi.mllp.send"):
                await connection.write(payload.body)
            with self._observer.step("dpi.mllp.answer"):
                return await self._answered(connection, payload.key)
        except TimeoutError:
            return Outcome(Answer.UNKNOWN, code="timeout", text=_SILENT, down=True)
        except MllpError:
            return Outcome(Answer.UNKNOWN, code="ack", text=_GARBLED, down=True)
        except OSError as error:
            return _broken(error)

    async def _answered(self, connection: _Connection, key: str) -> Outcome:
        """Judge the answer; after a CA, the one that follows it."""
        answer = await self._next(connection)
        if acks.is_only_kept(answer, key) and not self._peer.commit_is_enough:
            with suppress(OSError, MllpError, TimeoutError):
                answer = await self._next(connection)
            if acks.is_only_kept(answer, key):
                return Outcome(Answer.UNKNOWN, code="CA", text=_KEPT, down=True)
        outcome = acks.judge(answer, key)
        known = outcome.answer is not Answer.UNKNOWN and outcome.code != "CA"  # after a CA another may follow
        connection.reusable = known and connection.in_step
        return outcome

    async def _next(self, connection: _Connection) -> bytes:
        async with asyncio.timeout(self._peer.timeout):
            return await connection.answer()


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    patience: float
    deframer: Deframer = field(default_factory=lambda: Deframer(MAX_ACK))
    answers: list[bytes] = field(default_factory=list)
    reusable: bool = False

    @property
    def in_step(self) -> bool:
        """Whether the peer has said nothing more than what was asked of it."""
        return not self.answers and self.deframer.idle

    async def begin(self) -> None:
        """Send the frame's first byte. Raises OSError, and gives the connection up, when the peer is gone."""
        self.reusable = False
        start, *_ = frame(b"")
        try:
            await self._check()
            self.writer.write(start)
            await self.writer.drain()
            await self._check()
        except OSError:
            self.abort()
            raise

    async def _check(self) -> None:
        """Raise OSError when the peer has closed or broken the connection, as far as the loop can see now."""
        await asyncio.sleep(0)
        if error := self.reader.exception():
            raise error
        if self.writer.is_closing():
            self.abort()
            await self.writer.wait_closed()  # raises what ended it, if more is known than the end
        if self.reader.at_eof() or self.writer.is_closing():
            raise ConnectionResetError

    async def write(self, body: bytes) -> None:
        """Send the rest of the frame, a piece at a time: the transport holds no second copy of a large document.

        TimeoutError when the peer takes none for ``patience`` seconds: a large document may take as long as it must.
        """
        _, payload, end = frame(body)
        view = memoryview(payload)
        for start in range(0, len(view), _PIECE):
            await self._put(view[start : start + _PIECE])
        await self._put(end)

    async def _put(self, piece: bytes | memoryview) -> None:
        self.writer.write(piece)
        async with asyncio.timeout(self.patience):
            await self.writer.drain()

    async def answer(self) -> bytes:
        """The next frame of the peer. Raises MllpError, or ConnectionError when it closes before."""
        while not self.answers:
            data = await self.reader.read(_PIECE)
            if not data:
                raise ConnectionResetError
            self.answers += self.deframer.feed(data)
        return self.answers.pop(0)

    def abort(self) -> None:
        """Give the connection up at once."""
        self.writer.transport.abort()


def _unreached(error: OSError) -> Outcome:
    """Nothing of the message left."""
    if isinstance(error, ssl.SSLError):
        return _refused_tls()
    return Outcome(Answer.RETRY_LATER, code=type(error).__name__, text=_DOWN, down=True)


def _broken(error: OSError) -> Outcome:
    """Bytes left. A peer that refuses our certificate says so only now (TLS 1.3), and has read none of them."""
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if "ALERT" in reason and any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")):
        return _refused_tls()
    return Outcome(Answer.UNKNOWN, code="reset", text=_LOST, down=True)


def _refused_tls() -> Outcome:
    return Outcome(Answer.RETRY_LATER, code="tls", text=_TLS, down=True, stop=True)
