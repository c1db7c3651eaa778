"""An inlet for HL7 v2 over MLLP: who may speak, how long, how much; a message is answered once its effect is durable.

What is answered is the caller's business. Bytes that are no MLLP, a message beyond the limit, a peer that falls silent
amid one: the connection ends without an answer, so that the sender keeps the message. A slow peer delays nobody: only
whole messages are answered, one at a time, and the answer is sent outside of that turn.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.model.ports import Clock, Observer
from gateway.protocols.hl7_ack import AckError, build_ack
from gateway.protocols.hl7v2 import Message, Segment
from gateway.protocols.mllp import Deframer, MllpError, frame

MAX_CONNECTIONS = 16
IDLE_SECONDS = 3600.0
MESSAGE_SECONDS = 60.0

_CHUNK = 65_536

Answer = Callable[[bytes], Awaitable[bytes]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen and whom to hear: ``allow`` are networks, the loopback always is allowed. ``max_message`` is in
    bytes. ``name`` begins the events; ``keys`` are the settings that a message for the operator names.
    """

    name: str
    listen: str
    max_message: int
    allow: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    max_connections: int = MAX_CONNECTIONS
    keys: tuple[str, str] = ("listen", "allow")


class MllpServer:
    """Listens from ``start`` to ``close``. ``answer`` makes the acknowledgement of one message, and returns once its
    effect is durable. Step: ``<name>.answer``.
    """

    def __init__(self, place: Place, answer: Answer, observer: Observer) -> None:
        """Raises ValueError, in French, for an address or a network that is none."""
        self._host, self._port = _address(place)
        self._networks = _networks(place)
        self._place = place
        self._answer = answer
        self._observer = observer
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._connected, self._host, self._port, ssl=self._place.tls)
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

    def allows(self, host: str) -> bool:
        """Whether somebody at this address is heard."""
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address.is_loopback or any(address in network for network in self._networks)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or not self._welcome(writer):
            writer.close()
            return
        self._open[task] = writer
        try:
            await self._converse(reader, writer)
        except MllpError:
            self._tell("out-of-step")
        except (TimeoutError, ConnectionError, ssl.SSLError):
            self._tell("lost")
        finally:
            del self._open[task]
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _welcome(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        if not peer or not self.allows(peer[0]):
            self._tell("not-allowed")
            return False
        if len(self._open) >= self._place.max_connections:
            self._tell("too-many")
            return False
        return True

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer(self._place.max_message)
        while True:
            patience = IDLE_SECONDS if deframer.idle else MESSAGE_SECONDS
            data = await asyncio.wait_for(reader.read(_CHUNK), patience)
            if not data:
                return
            for message in deframer.feed(data):
                async with self._one_at_a_time:
                    answer = await self._answer(message)
                with self._observer.step(f"{self._place.name}.answer"):
                    writer.writelines(frame(answer))
                    await asyncio.wait_for(writer.drain(), MESSAGE_SECONDS)

    def _tell(self, what: str) -> None:
        self._observer.event(f"{self._place.name}.{what}")


def acknowledge(request: Message, code: str, data: bytes, errors: Sequence[AckError], clock: Clock) -> bytes:
    """The acknowledgement of ``request``, whose bytes are ``data``: its id derives from them, so that a repeated
    message is answered alike.
    """
    control_id = hashlib.sha256(code.encode() + data).hexdigest()[:20]
    time = clock.now().strftime("%Y%m%d%H%M%S+0000")
    return build_ack(request, code, errors, control_id=control_id, time=time)


def header_of(data: bytes) -> Message:
    """The MSH of a message that is otherwise unreadable, when it uses the usual separators."""
    first = next(iter(data[:_CHUNK].lstrip(b"\r\n").splitlines()), b"")
    if not first.startswith(b"MSH|^~\\&|"):
        return Message((Segment("MSH", ("|", "^~\\&")),))
    return Message((Segment("MSH", ("|", *first.decode("latin-1").split("|")[1:])),))


def _address(place: Place) -> tuple[str, int]:
    host, _, port = place.listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{place.keys[0]} : « {place.listen} » n'est pas une adresse ; écrire « machine:port ».")
    return host.strip("[]"), int(port)


def _networks(place: Place) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in place.allow)
    except ValueError as problem:
        key = place.keys[1]
        raise ValueError(f"{key} : l'un des réseaux n'en est pas un ; écrire par exemple « 10.1.2.0/24 ».") from problem
