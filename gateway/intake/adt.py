"""The inlet of the patient index: HL7 v2 ADT over MLLP (DESIGN §7, ``patients.adt_listen``).

A message is answered only after the caller has committed it. AA: committed, or nothing to do. AE: the message cannot be
understood, sending it again is useless. AR: it cannot be kept now, send it again. Whatever else goes wrong ends the
connection without an answer, so that the sender keeps the message.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from gateway.intake.errors import IntakeError
from gateway.model.ports import Clock, Observer
from gateway.protocols.adt import AdtError, AdtEvent, Unconcerned, read
from gateway.protocols.hl7v2 import AckError, Hl7Error, Message, Segment, build_ack, parse
from gateway.protocols.mllp import Deframer, MllpError, frame

MAX_MESSAGE = 1_000_000
MAX_CONNECTIONS = 16
IDLE_SECONDS = 3600.0
MESSAGE_SECONDS = 60.0

_INTERNAL = "207"
_CHUNK = 65_536

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


class AdtServer:
    """Listens from ``start`` to ``close``. ``apply`` returns once committed; it raises IntakeError when it cannot."""

    def __init__(self, inlet: AdtInlet, apply: Apply, clock: Clock, observer: Observer) -> None:
        """Raises ValueError, in French, for an address or a network that is none."""
        self._host, self._port = _address(inlet.listen)
        self._networks = _networks(inlet.allow)
        self._inlet = inlet
        self._apply = apply
        self._clock = clock
        self._observer = observer
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._connected, self._host, self._port, ssl=self._inlet.tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening; the message in hand is answered first, those not yet begun stay with their senders."""
        if self._server is None:
            return
        self._server.close()
        async with self._one_at_a_time:
            for writer in self._open.values():
                writer.close()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or not self._welcome(writer):
            writer.close()
            return
        self._open[task] = writer
        try:
            await self._converse(reader, writer)
        except MllpError:
            self._observer.event("adt.out-of-step")
        except (TimeoutError, ConnectionError, ssl.SSLError):
            self._observer.event("adt.lost")
        finally:
            del self._open[task]
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _welcome(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        if not peer or not self._allowed(peer[0]):
            self._observer.event("adt.not-allowed")
            return False
        if len(self._open) >= self._inlet.max_connections:
            self._observer.event("adt.too-many")
            return False
        return True

    def _allowed(self, host: str) -> bool:
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address.is_loopback or any(address in network for network in self._networks)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer(self._inlet.max_message)
        while True:
            patience = IDLE_SECONDS if deframer.idle else MESSAGE_SECONDS
            data = await asyncio.wait_for(reader.read(_CHUNK), patience)
            if not data:
                return
            for message in deframer.feed(data):
                async with self._one_at_a_time:
                    answer = await self._answer(message)
                with self._observer.step("adt.answer"):
                    writer.writelines(frame(answer))
                    await asyncio.wait_for(writer.drain(), MESSAGE_SECONDS)

    async def _answer(self, data: bytes) -> bytes:
        """The acknowledgement of one message, once its effect is committed."""
        try:
            message = parse(data)
        except Hl7Error:
            self._observer.event("adt.unreadable")
            error = AckError("100", text="Le message n'est pas lisible (structure ou jeu de caractères).")
            return self._ack(_header_of(data), "AE", data, error)
        try:
            event = read(message, self._inlet.ipp_oid)
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
        """The id derives from the message, so that a repeated one is answered alike."""
        control_id = hashlib.sha256(code.encode() + data).hexdigest()[:20]
        time = self._clock.now().strftime("%Y%m%d%H%M%S+0000")
        return build_ack(request, code, errors, control_id=control_id, time=time)


def _header_of(data: bytes) -> Message:
    """The MSH of a message that is otherwise unreadable, when it uses the usual separators."""
    first = next(iter(data.lstrip(b"\r\n").splitlines()), b"")
    if not first.startswith(b"MSH|^~\\&|"):
        return Message((Segment("MSH", ("|", "^~\\&")),))
    return Message((Segment("MSH", ("|", *first[:_CHUNK].decode("latin-1").split("|")[1:])),))


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"adt_listen : « {listen} » n'est pas une adresse ; écrire « machine:port ».")
    return host.strip("[]"), int(port)


def _networks(allow: Iterable[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in allow)
    except ValueError as problem:
        raise ValueError(
            "adt_allow : l'un des réseaux n'en est pas un ; écrire par exemple « 10.1.2.0/24 »."
        ) from problem
