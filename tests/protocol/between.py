"""The gateway between the two referees, in this process: mails in by the flow's own door, what became of them out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.app.compose import Gateway, open_gateway
from gateway.app.config import load
from gateway.app.lock import WorkerLock
from gateway.flow import receive
from gateway.flow.receive import Sighting
from gateway.ledger import documents, trail
from gateway.ledger.rows import Entry
from gateway.ledger.tables import job
from gateway.ledger.views import Line, results
from tests.crash.driver import InlineReaders
from tests.crash.house import House, build
from tests.protocol.proxy import Proxy
from tests.protocol.referees import Referee

PATIENCE = 60.0

DESTINATIONS = """
[dpi]
kind = "mllp"
url = "mllp://127.0.0.1:{record}"
timeout = "{timeout}"
[dmp]
enabled = true
base_url = "{dmp}"
auth_cert = "{pki}/auth.pem"
auth_key = "{pki}/auth.key"
sign_cert = "{pki}/sign.pem"
sign_key = "{pki}/sign.key"
ca = "{pki}/ca.pem"
lps_name = "Passerelle"
lps_version = "1.0"
lps_homologation_file = "{pki}/homologation"
responsible = {{ id = "810100901111", name = "VAUQUELIN ARMAND", role = "10", specialty = "SM26" }}
uncertain_type = "feed"
unknown_wait = "0.2s"
timeout = "{timeout}"
"""
_RETRY = {'max = "0.2s"': 'max = "0.3s"', "breaker_after = 1000": "breaker_after = 2"}


def settle(folder: Path, pki: Path, record: int, dmp: str, timeout: str = "20s") -> House:
    """A house between a record's port and a DMP's address."""
    house = build(folder, DESTINATIONS.format(record=record, dmp=dmp, pki=pki, timeout=timeout))
    text = house.config.read_text(encoding="utf-8")
    for was, now in _RETRY.items():
        assert was in text
        text = text.replace(was, now)
    house.config.write_text(text, encoding="utf-8")
    return house


@dataclass
class Watch:
    """An observer that keeps what was said of the destinations."""

    said: list[tuple[str, str]] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        del name
        yield

    def event(self, name: str, **facts: str | int | float | None) -> None:
        if name.startswith("destination."):
            self.said.append((str(facts["destination"]), name.removeprefix("destination.")))
        if name in ("job.crashed", "job.failed"):
            self.crashes.append(str(facts))

    def of(self, destination: str) -> list[str]:
        """The alerts of one destination, in order."""
        return [what for name, what in self.said if name == destination]


@dataclass
class Run:
    """A running gateway."""

    gateway: Gateway
    watch: Watch
    worker: asyncio.Task[None]

    async def take(self, *mails: bytes) -> None:
        """Let mails come in, in this order."""
        for raw in mails:
            await receive.take(self.gateway.house, Sighting("test", "mail", None), _chunks(raw), 1 << 27)

    async def lines(self) -> list[Line]:
        """What ``results`` says now, copies left out."""
        found = await self.gateway.house.ledger.read(lambda c: list(results(c)))
        return [line for line in found if line.reason != "copy"]

    async def entries(self) -> list[Entry]:
        """The worklist."""
        return await self.gateway.house.ledger.read(documents.open_entries)

    async def until(self, what: str, holds: Callable[[list[Line]], bool]) -> list[Line]:
        """Wait for the results to say something; fail with what they say instead."""
        return await self._wait(what, lambda lines: _settled(holds(lines)))

    async def quiet(self) -> list[Line]:
        """Wait until nothing is left to do or to try again."""

        async def calm(_: list[Line]) -> bool:
            left = select(func.count()).select_from(job).where(job.c.parked.is_(None) | (job.c.parked == "breaker"))
            some = await self.gateway.house.ledger.read(lambda c: c.execute(left).scalar_one())
            return some == 0 and await self.gateway.worker.quiet()

        await self._wait("quiet", calm)
        return await self.lines()

    async def _wait(self, what: str, holds: Callable[[list[Line]], Any]) -> list[Line]:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while not await holds(lines := await self.lines()):
            assert not self.worker.done(), self.worker.exception()
            assert loop.time() < end, (
                f"not {what}: {[(x.outcome, x.reason, x.dpi, x.dmp, x.dmp_reason) for x in lines]}"
            )
            await asyncio.sleep(0.02)
        return lines


@asynccontextmanager
async def running(house: House) -> AsyncIterator[Run]:
    """The gateway at work; at the end nothing crashed and the trail verifies."""
    settings, watch = load(house.config), Watch()
    with WorkerLock(Path(settings.ledger.url.removeprefix("sqlite:///"))) as lock:
        assert lock.take()
        async with open_gateway(settings, watch, lock, InlineReaders) as gateway:
            worker = asyncio.create_task(gateway.worker.run())
            try:
                yield Run(gateway, watch, worker)
            finally:
                gateway.worker.stop()
                await worker
            assert not watch.crashes
            assert await gateway.house.ledger.read(trail.verify) > 0


def held(record: Referee, unique_id: str) -> list[str]:
    """The statuses under which the record holds a document, from its own store."""
    return [d["status"] for d in record.documents() if d["document_id"] == unique_id]


def fed(dmp: Referee, unique_id: str) -> list[str]:
    """The statuses under which the DMP holds a document, from its own registry."""
    found = [d for d in dmp.documents() if d["unique_id"] == unique_id and not d["is_signature"]]
    return [d["status"].rpartition(":")[2] for d in found]


def effects(referee: Referee, since: int, transaction: str = "") -> Counter[str]:
    """How often each document took effect, from the referee's own journal."""
    counted: Counter[str] = Counter()
    for entry in referee.journal(since):
        if not entry["committed"] or entry["outcome"] == "duplicate" or transaction not in entry.get("transaction", ""):
            continue
        counted.update(entry.get("documentUniqueIds") or [entry.get("documentId")])
    return counted


async def _chunks(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


async def _settled(value: bool) -> bool:
    return value


@asynccontextmanager
async def door(target: int) -> AsyncIterator[Door]:
    """A port before a referee that may be closed, opened, and led elsewhere."""
    found = Door(target)
    await found.open()
    try:
        yield found
    finally:
        await found.close()


class Door:
    """Closed, nobody listens: connections are refused."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._proxy: Proxy | None = None
        self._server: asyncio.Server | None = None

    async def open(self, target: int | None = None) -> None:
        """Listen, always at the same port; ``target`` leads elsewhere from now on."""
        await self.close()
        self._target = target or self._target
        self._proxy = Proxy(self._target, [])
        self._server = await asyncio.start_server(self._proxy.serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse, and break what is open."""
        if self._server is not None and self._proxy is not None:
            self._server.close()
            self._proxy.cut()
            self._server = self._proxy = None
