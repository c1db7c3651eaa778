"""``gateway run``: every configured intake, the worker and the housekeeping, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from gateway.app.compose import Gateway, MakeReaders, open_gateway
from gateway.app.errors import CommandError, explain
from gateway.app.findings import expiring
from gateway.app.lock import WorkerLock
from gateway.flow import index, reconcile
from gateway.flow.house import House
from gateway.flow.takers import HospitalTaker, MailboxTaker, SmtpTaker
from gateway.intake.adt import AdtInlet, AdtServer
from gateway.intake.errors import IntakeError
from gateway.intake.hospital import HospitalServer
from gateway.intake.imap.folders import Folders
from gateway.intake.imap.watcher import Watcher
from gateway.intake.mllp import Place
from gateway.intake.smtp.inlet import Inlet
from gateway.ledger import patients
from gateway.ledger.engine import LedgerFull
from gateway.model.causes import cause
from gateway.model.ports import Observer
from gateway.model.settings import Hospital, Mailbox, Settings
from gateway.operate import quarantine_folder
from gateway.operate.notify import Notifier
from gateway.protocols.adt import AdtEvent

PULSE = 20.0
HOUSEKEEPING = 3600.0
RENEWAL = 2.0
DAY = 86400.0

Visit = Callable[[House, Mailbox, Folders], Awaitable[int]]


@dataclass
class Running:
    """A gateway at work. The ports are those listened on, 0 when not configured."""

    gateway: Gateway
    watchers: dict[str, Watcher] = field(default_factory=dict)
    smtp_port: int = 0
    adt_port: int = 0
    hospital_port: int = 0


@asynccontextmanager
async def running(
    settings: Settings, observer: Observer, make_readers: MakeReaders | None = None
) -> AsyncIterator[Running]:
    """Start everything that is configured; at the end intake stops first, then the worker. CommandError when another
    process works this ledger.
    """
    with WorkerLock(Path(settings.ledger.url.removeprefix("sqlite:///"))) as lock:
        if not lock.take():
            raise CommandError("une autre passerelle travaille déjà sur ce registre")
        async with AsyncExitStack() as stack:
            gateway = await stack.enter_async_context(open_gateway(settings, observer, lock, make_readers))
            life = Running(gateway)
            _spawn(stack, gateway, _renew(gateway), "certificates")
            await _work(stack, gateway)
            await _listen(stack, life)
            for mailbox in settings.mailbox:
                await _watch(stack, life, mailbox)
            _spawn(stack, gateway, _housekeeping(life), "housekeeping")
            _spawn(stack, gateway, _pulse(life), "pulse")
            _spawn(stack, gateway, _show_quarantine(gateway.house), "quarantine")
            yield life


async def serve(settings: Settings, observer: Observer) -> int:
    """Run until SIGTERM or SIGINT; 1 when the ledger or the worker failed."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    notifier = Notifier()
    async with running(settings, observer) as life:
        notifier.ready()
        observer.event("gateway.started")
        period = notifier.watchdog_period() or PULSE
        while not stop.is_set() and life.gateway.worker.failed is None:
            notifier.alive()
            await _first(stop.wait(), life.gateway.worker.stopped.wait(), seconds=period)
        notifier.stopping()
        observer.event("gateway.stopping")
    if life.gateway.worker.failed is not None:
        print(f"gateway : {explain(life.gateway.worker.failed) or 'arrêt sur défaut'}", file=sys.stderr)
        return 1
    return 0


async def _work(stack: AsyncExitStack, gateway: Gateway) -> None:
    task = asyncio.create_task(gateway.worker.run(), name="worker")

    async def end() -> None:
        gateway.worker.stop()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


async def _listen(stack: AsyncExitStack, life: Running) -> None:
    house = life.gateway.house
    settings = house.settings
    if settings.smtp is not None:
        smtp = settings.smtp
        tls = life.gateway.contexts.smtp(smtp)
        inlet = Inlet(smtp, tls, SmtpTaker(house, smtp.max_size), house.observer)
        with _said(f"[smtp] listen = {smtp.listen}"):
            life.smtp_port = await inlet.start()
        stack.push_async_callback(inlet.close)
    if settings.patients.adt_listen is not None:

        async def apply(event: AdtEvent) -> None:
            await house.ledger.write("adt", lambda c: index.apply(c, event, house.now))

        where = AdtInlet(settings.patients.adt_listen, settings.establishment.ipp_oid, settings.patients.adt_allow)
        server = AdtServer(where, apply, house.clock, house.observer)
        with _said(f"[patients] adt_listen = {settings.patients.adt_listen}"):
            life.adt_port = await server.start()
        stack.push_async_callback(server.close)
    if settings.hospital is not None:
        await _hear_record(stack, life, settings.hospital)


async def _hear_record(stack: AsyncExitStack, life: Running, table: Hospital) -> None:
    """Listen to the hospital's own record."""
    house, tls = life.gateway.house, life.gateway.contexts.hospital(table)
    place = Place("hospital", table.listen, table.max_size, table.allow, tls)
    production = not house.settings.establishment.test
    take = HospitalTaker(house, table.max_size).take
    server = HospitalServer(place, take, house.clock, house.observer, production=production)
    with _said(f"[hospital] listen = {table.listen}"):
        life.hospital_port = await server.start()
    stack.push_async_callback(server.close)


@contextmanager
def _said(where: str) -> Iterator[None]:
    """An address that cannot be had is one line for a person."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{where} : cette adresse ne peut être écoutée ({cause(error)})") from error


async def _watch(stack: AsyncExitStack, life: Running, mailbox: Mailbox) -> None:
    house = life.gateway.house
    tls = life.gateway.contexts.mailbox(mailbox)
    watcher = Watcher(mailbox, tls, MailboxTaker(house, mailbox.max_size), house.clock, house.observer)
    life.watchers[mailbox.name] = watcher
    _spawn(stack, life.gateway, watcher.run(), f"mailbox {mailbox.name}")


def _spawn(stack: AsyncExitStack, gateway: Gateway, work: Awaitable[None], name: str) -> None:
    """A task that lives as long as the gateway; a defect in it ends the gateway, so that it is seen and restarted."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: _ended(gateway, done, name))

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


def _ended(gateway: Gateway, task: asyncio.Future[None], name: str) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        gateway.house.observer.event("gateway.task-crashed", kind=name, reason=type(error).__name__)
        gateway.worker.failed = error
        gateway.worker.stop()


async def _housekeeping(life: Running) -> None:
    """Reconcile at the start, and every hour what is due: purge, sweep, balance."""
    house = life.gateway.house
    take_again = partial(reconcile.take_again, compared=set())
    while True:
        with _no_room(house):
            await _keep_house(life.gateway, take_again)
        await asyncio.sleep(HOUSEKEEPING)


async def _keep_house(gateway: Gateway, take_again: Visit) -> None:
    house = gateway.house
    done = [await _tolerated(gateway, mailbox, take_again) for mailbox in house.settings.mailbox]
    if all(done):
        await reconcile.release_restored(house)
    for mailbox in house.settings.mailbox:
        await _tolerated(gateway, mailbox, reconcile.purge_done_folder)
    removed = await reconcile.sweep(house)
    balanced = await house.ledger.read(reconcile.balance)
    house.observer.event("reconcile.done" if balanced else "reconcile.broken", count=removed)


@contextmanager
def _no_room(house: House) -> Iterator[None]:
    """What finds the disk full is left for the next time; any other failure of the ledger ends the gateway."""
    try:
        yield
    except LedgerFull:
        house.observer.event("ledger.failed", reason="disk-full")


async def _tolerated(gateway: Gateway, mailbox: Mailbox, visit: Visit) -> bool:
    """Visit a mailbox's folders; whether that went through (a server that is away is visited again later)."""
    house = gateway.house
    folders = Folders(mailbox, gateway.contexts.mailbox(mailbox), house.clock, house.observer)
    try:
        await visit(house, mailbox, folders)
    except IntakeError as error:
        house.observer.event("reconcile.failed", mailbox=mailbox.name, reason=error.code)
        return False
    return True


async def _renew(gateway: Gateway) -> None:
    """Take up certificates and lists that were replaced; fetch the lists; say each day what expires soon."""
    house, contexts = gateway.house, gateway.contexts
    fetch_at = warn_at = 0.0
    while True:
        now = house.clock.monotonic()
        if house.settings.revocation.urls and now >= fetch_at:
            fetch_at = now + house.settings.revocation.refresh
            for wrong in await asyncio.to_thread(contexts.fetch_lists):
                house.observer.event("revocation.refused", reason=wrong)
        if now >= warn_at:
            warn_at = now + DAY
            for table, end in expiring(house.settings, house.clock.now()):
                house.observer.event("certificate.expires", table=table, until=f"{end:%Y-%m-%d}")
        for change in contexts.look():
            event = "certificate.refused" if change.error else "certificate.renewed"
            house.observer.event(event, table=change.what, reason=change.error or None)
        await asyncio.sleep(RENEWAL)


async def _pulse(life: Running) -> None:
    """The heartbeat and the mailboxes' state, for ``gateway status``."""
    house = life.gateway.house
    while True:
        now = repr(house.now)
        states = {name: msgspec.json.encode(watcher.status).decode() for name, watcher in life.watchers.items()}

        def note(c: Connection, now: str = now, states: dict[str, str] = states) -> None:
            patients.set_meta(c, "heartbeat", now)
            for name, state in states.items():
                patients.set_meta(c, f"mailbox.{name}", state)

        with _no_room(house):
            await house.ledger.write("pulse", note)
        await asyncio.sleep(PULSE)


async def _show_quarantine(house: House) -> None:
    """Keep the quarantine folder in step with the worklist."""
    seen = -1
    while True:
        version = house.ledger.changes
        if version != seen:
            seen = version
            await quarantine_folder.sync(house)
        await asyncio.sleep(1)


async def _first(*waits: Awaitable[bool], seconds: float) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
