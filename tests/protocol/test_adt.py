"""The ADT inlet over real sockets on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest

from gateway.intake.adt import AdtInlet, AdtServer
from gateway.intake.errors import IntakeError, IntakeStopped
from gateway.model.ports import Silent, SystemClock
from gateway.protocols.adt import AdtEvent, PatientUpdate
from gateway.protocols.hl7_ack import Ack, read_ack
from gateway.protocols.hl7v2 import parse
from gateway.protocols.mllp import Deframer, frame
from tests.unit.protocols.test_adt import IPP_OID, adt, pid


class Index:
    """Keeps what it is told, or refuses; ``log`` tells the order of things."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.events: list[AdtEvent] = []
        self.log: list[str] = []
        self.refusal = refusal

    async def apply(self, event: AdtEvent) -> None:
        if self.refusal:
            raise self.refusal
        await asyncio.sleep(0)
        self.events.append(event)
        self.log.append("committed")


class Watch(Silent):
    """Writes the steps into the index's log."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.events: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.log.append(name)
        yield

    def event(self, name: str, **facts: Any) -> None:
        self.events.append(f"{name} {facts}")


@asynccontextmanager
async def inlet(index: Index, **settings: Any) -> AsyncIterator[tuple[int, Watch]]:
    watch = Watch(index.log)
    server = AdtServer(AdtInlet("127.0.0.1:0", IPP_OID, **settings), index.apply, SystemClock(), watch)
    port = await server.start()
    try:
        yield port, watch
    finally:
        await server.close()


async def talk(port: int, sent: bytes, answers: int = 1) -> list[Ack]:
    """Send bytes, read that many acknowledgements (fewer when the peer closes)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    deframer = Deframer()
    found: list[Ack] = []
    with suppress(ConnectionResetError):
        while len(found) < answers and (data := await asyncio.wait_for(reader.read(65536), 10)):
            found += [read_ack(parse(message)) for message in deframer.feed(data)]
    writer.close()
    return found


def framed(message: bytes) -> bytes:
    return b"".join(frame(message))


async def test_the_answer_comes_after_the_commit() -> None:
    index = Index()
    async with inlet(index) as (port, _):
        (ack,) = await talk(port, framed(adt("A31", pid())))
    assert (ack.code, ack.control_id) == ("AA", "M1")
    assert isinstance(index.events[0], PatientUpdate)
    assert index.log == ["committed", "adt.answer"]


async def test_several_messages_of_one_connection_are_answered_in_order() -> None:
    index = Index()
    sent = b"".join(framed(adt("A31", pid()).replace(b"|M1|", f"|M{n}|".encode())) for n in range(5))
    async with inlet(index) as (port, _):
        acks = await talk(port, sent, 5)
    assert [ack.control_id for ack in acks] == [f"M{n}" for n in range(5)]
    assert len(index.events) == 5


async def test_a_movement_is_acknowledged_without_troubling_the_index() -> None:
    index = Index()
    async with inlet(index) as (port, _):
        (ack,) = await talk(port, framed(adt("A02", pid())))
    assert ack.code == "AA"
    assert index.events == []


async def test_what_is_not_understood_is_answered_ae_with_its_place_and_no_patient_data() -> None:
    index = Index()
    async with inlet(index) as (port, watch):
        (ack,) = await talk(port, framed(adt("A31", pid(names="MARTIN^ZOE^^^^^D"))))
    assert (ack.code, ack.errors[0].condition, ack.errors[0].location) == ("AE", "101", "PID^1^5")
    assert "MARTIN" not in ack.errors[0].text + str(watch.events)
    assert index.events == []


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hello",
        b"MSH|^~\\&|A|B|C|D|1||ADT^A31|M1|P|2.5|||||FRA|KLINGON\rPID|1\r",
        adt("A31", "PID|1").replace(b"PID|1", b"PID|\xff"),
    ],
)
async def test_what_is_not_readable_is_answered_ae(message: bytes) -> None:
    index = Index()
    async with inlet(index) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(message) + framed(adt("A31", pid())))
        deframer = Deframer()
        found: list[bytes] = []
        while len(found) < 2:
            found += deframer.feed(await asyncio.wait_for(reader.read(65536), 10))
        writer.close()
    assert (b"MSA|AE|M1\r" if b"MSH" in message else b"MSA|AE\r") in found[0]
    assert read_ack(parse(found[1])).code == "AA", "one bad message does not spoil the next"


@pytest.mark.parametrize("refusal", [IntakeStopped("Le disque est plein."), IntakeError("Occupé.")])
async def test_what_cannot_be_kept_is_answered_ar(refusal: IntakeError) -> None:
    index = Index(refusal)
    async with inlet(index) as (port, _):
        (ack,) = await talk(port, framed(adt("A31", pid())))
    assert (ack.code, ack.errors[0].condition, ack.errors[0].text) == ("AR", "207", str(refusal))


async def test_bytes_that_are_not_mllp_and_messages_too_large_end_the_connection() -> None:
    index = Index()
    async with inlet(index, max_message=2000) as (port, watch):
        assert await talk(port, b"GET / HTTP/1.1\r\n\r\n") == []
        assert await talk(port, b"\x0b" + b"A" * 5000) == []
        assert len(await talk(port, framed(adt("A31", pid())))) == 1
    assert [event for event in watch.events if "out-of-step" in event] == ["adt.out-of-step {}"] * 2


async def test_a_connection_too_many_is_closed() -> None:
    index = Index()
    async with inlet(index, max_connections=1) as (port, watch):
        reader, first = await asyncio.open_connection("127.0.0.1", port)
        first.write(framed(adt("A02")))
        await reader.readuntil(b"\x1c\r")
        assert await talk(port, framed(adt("A31", pid()))) == []
        first.close()
    assert any("too-many" in event for event in watch.events)


async def test_closing_lets_the_message_in_hand_be_answered_and_ends_idle_connections() -> None:
    index = Index()
    begun, go = asyncio.Event(), asyncio.Event()

    async def apply(event: AdtEvent) -> None:
        begun.set()
        await go.wait()
        await index.apply(event)

    server = AdtServer(AdtInlet("127.0.0.1:0", IPP_OID), apply, SystemClock(), Watch(index.log))
    port = await server.start()
    idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    talking = asyncio.create_task(talk(port, framed(adt("A31", pid()))))
    await begun.wait()
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)
    go.set()
    assert [ack.code for ack in await talking] == ["AA"]
    await closing
    assert await asyncio.wait_for(idle.read(), 10) == b""
    idle_writer.close()
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "allow", "allowed"),
    [
        ("127.0.0.1", (), True),
        ("::1", (), True),
        ("10.1.2.3", (), False),
        ("10.1.2.3", ("10.1.2.0/24",), True),
        ("10.1.3.3", ("10.1.2.0/24",), False),
        ("::ffff:10.1.2.3", ("10.1.2.0/24",), True),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("192.0.2.7", ("192.0.2.7",), True),
    ],
)
def test_only_the_loopback_and_the_networks_named_are_heard(host: str, allow: tuple[str, ...], allowed: bool) -> None:
    index = Index()
    server = AdtServer(AdtInlet("127.0.0.1:0", IPP_OID, allow), index.apply, SystemClock(), Silent())
    assert server.allows(host) is allowed


@pytest.mark.parametrize(
    ("listen", "allow"), [("2575", ()), (":2575", ()), ("a:b", ()), ("a:99999", ()), ("a:1", ("x",))]
)
def test_an_address_or_network_that_is_none_is_refused_at_once(listen: str, allow: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="adt_"):
        AdtServer(AdtInlet(listen, IPP_OID, allow), Index().apply, SystemClock(), Silent())
