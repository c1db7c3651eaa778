"""The composition: the only place that picks adapters and joins them to the flow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.app.lock import WorkerLock
from gateway.app.tls import Contexts
from gateway.delivery.dmp.adapter import Dmp
from gateway.delivery.dpi import fhir
from gateway.delivery.dpi.folder import Folder
from gateway.delivery.dpi.mllp import Mllp, Peer
from gateway.delivery.submission import Server, Submission
from gateway.flow import decide
from gateway.flow import read as reading
from gateway.flow.breaker import Breakers
from gateway.flow.deliver import Deliverer
from gateway.flow.delivering.legs import Leg
from gateway.flow.delivering.to_dmp import ToDmp
from gateway.flow.delivering.to_dpi import ToDpi
from gateway.flow.delivering.to_mssante import ToMssante
from gateway.flow.delivering.to_sender import ToSender
from gateway.flow.delivering.to_zam import ToZam
from gateway.flow.house import House, Readers
from gateway.flow.planning import plan
from gateway.flow.reading.originals import Originals
from gateway.flow.reading.readers import JUDGING, JUDGING_LIMITS, JUDGING_READS, WORK, ReaderProcesses
from gateway.flow.rulekeeper import RuleKeeper
from gateway.flow.worker import Handler, Worker
from gateway.isolation.limits import Limits
from gateway.isolation.pool import Pool
from gateway.ledger import jobs, patients
from gateway.ledger.engine import Ledger
from gateway.ledger.jobs import Job
from gateway.model.ports import Chance, Clock, Observer, Silent, SystemChance, SystemClock
from gateway.model.settings import Ack, Antivirus, Settings
from gateway.model.settings import Dpi as DpiSettings
from gateway.model.settings import Submission as SubmissionSettings
from gateway.screening.clamd import Clamd
from gateway.trust.errors import read
from gateway.trust.secret import read_secret
from gateway.vault.files import Vault
from gateway.vault.keys import Keys

#: Reader processes: one a core of a small server.
READERS = 2


MakeReaders = Callable[[Settings, Vault, Observer], Readers]


@dataclass
class Gateway:
    """The house with its worker, for a process that works jobs."""

    house: House
    worker: Worker
    contexts: Contexts


def open_ledger(settings: Settings, observer: Observer) -> tuple[Ledger, Vault]:
    """Rows and bytes. A master key is made only for an empty ledger (DESIGN §3); KeyAbsent, KeyDifferent otherwise."""
    ledger = Ledger(settings.ledger.url, observer)
    fingerprint = ledger.look(lambda c: patients.get_meta(c, "key"))
    file, folder = settings.ledger.key_file, settings.ledger.vault
    try:
        keys = Keys.load(file, folder, fingerprint=fingerprint) if fingerprint else Keys.create(file, folder)
        if fingerprint is None:
            mark = keys.fingerprint()
            ledger.submit("key", lambda c: patients.set_meta(c, "key", mark)).result()
        return ledger, Vault(folder, keys, observer)
    except BaseException:
        ledger.close()
        raise


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Ledger]:
    """The rows, for a command that works no job; closed at the end."""
    ledger, _ = open_ledger(settings, Silent())
    try:
        yield ledger
    finally:
        ledger.close()


@asynccontextmanager
async def open_house(
    settings: Settings, observer: Observer, make_readers: MakeReaders | None = None
) -> AsyncIterator[House]:
    """The house without a worker: enough to receive, to look and to order."""
    clock = SystemClock()
    ledger, vault = open_ledger(settings, observer)
    chance = SystemChance()
    rules = RuleKeeper(settings.rules.folder, clock, observer)
    readers = (make_readers or _isolated)(settings, vault, observer)
    try:
        house = House(settings, ledger, vault, clock, chance, observer, rules, readers, chance.token())
        house.scanner = antivirus(settings.antivirus, observer) if settings.antivirus else None
        yield house
    finally:
        await asyncio.to_thread(ledger.close)


@asynccontextmanager
async def open_gateway(
    settings: Settings, observer: Observer, lock: WorkerLock, make_readers: MakeReaders | None = None
) -> AsyncIterator[Gateway]:
    """The house with its worker. ``lock`` proves that no other process works these jobs: dead leases are freed."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, observer, make_readers))
        assert lock.held, "only the holder of the lock works jobs"  # noqa: S101 - our own invariant
        await house.ledger.write("free", lambda c: jobs.free(c, house.now, all_of_them=True))
        await house.readers.start()
        stack.push_async_callback(house.readers.close)
        contexts = Contexts(settings)
        originals = Originals(house.readers)
        breakers = Breakers(settings.retry, house.chance)
        deliverer = Deliverer(house, await _legs(house, contexts, originals, stack), breakers)
        worker = Worker(house, _handlers(house, originals, deliverer), _room(settings))
        yield Gateway(house, worker, contexts)


def record_peer(dpi: DpiSettings, contexts: Contexts) -> Peer:
    """Where the record listens (``kind = "mllp"``). TrustError."""
    address = urlsplit(dpi.url or "")
    tls = contexts.record(dpi) if address.scheme == "mllps" else None
    return Peer(address.hostname or "", address.port or 0, tls, dpi.timeout, dpi.connections, dpi.commit_is_enough)


def record_server(dpi: DpiSettings, contexts: Contexts) -> fhir.Server:
    """Where the record answers (``kind = "fhir"``). TrustError."""
    tls = contexts.record(dpi) if urlsplit(dpi.url or "").scheme == "https" else None
    return fhir.Server(dpi.url or "", tls, dpi.token_file, dpi.timeout, dpi.connections)


def ack_peer(table: Ack, contexts: Contexts) -> Peer:
    """Where the record is told of its documents. TrustError."""
    address = urlsplit(table.url)
    tls = contexts.ack(table) if address.scheme == "mllps" else None
    return Peer(address.hostname or "", address.port or 0, tls, table.timeout, 1)


def antivirus(table: Antivirus, observer: Observer) -> Clamd:
    """The antivirus as configured."""
    return Clamd(table.clamd, table.timeout, observer)


def submission_server(submission: SubmissionSettings, contexts: Contexts) -> Server:
    """Where receipts are handed over. TrustError."""
    return Server(
        submission.host,
        submission.port,
        submission.tls,
        contexts.submission(submission),
        submission.auth,
        submission.user or "",
        read_secret(submission.password_file) if submission.password_file else "",
    )


def dmp_adapter(settings: Settings, contexts: Contexts, clock: Clock, chance: Chance, observer: Observer) -> Dmp:
    """The DMP as configured. TrustError."""
    dmp = settings.dmp
    adapter = Dmp(
        dmp,
        settings.establishment,
        homologation=read(dmp.lps_homologation_file).decode().strip() if dmp.lps_homologation_file else "",
        signer=contexts.signer(dmp),
        tls=contexts.dmp(dmp),
        clock=clock,
        chance=chance,
        observer=observer,
    )
    contexts.renew_signer(dmp, adapter.renew)
    return adapter


def _isolated(settings: Settings, vault: Vault, observer: Observer) -> Readers:
    schemas = settings.dmp.schemas
    pool = Pool(WORK, READERS, Limits(), observer, readable=(schemas,) if schemas else ())
    judges = None
    if schemas is not None and settings.dmp.enabled:
        judges = Pool(JUDGING, 1, JUDGING_LIMITS, observer, readable=(schemas, JUDGING_READS))
    return ReaderProcesses(pool, vault, schemas, judges)


def _handlers(house: House, originals: Originals, deliverer: Deliverer) -> dict[str, Handler]:
    async def overdue(job: Job) -> Sequence[Job]:
        await house.ledger.write("overdue", lambda c: plan.overdue(c, house, job))
        return ()

    return {
        "read": lambda job: reading.read(house, originals, job),
        "decide": lambda job: decide.decide(house, job),
        "deliver": deliverer.deliver,
        "overdue": overdue,
    }


def _room(settings: Settings) -> dict[str, int]:
    return {
        "read": READERS,
        "decide": 4,
        "dpi": settings.dpi.connections,
        "dmp": settings.dmp.connections,
        "receipt": 1,
        "mssante": 1,
        "ack": 1,
    }


async def _legs(house: House, contexts: Contexts, originals: Originals, stack: AsyncExitStack) -> dict[str, Leg]:
    settings = house.settings
    legs: dict[str, Leg] = {}
    if settings.dpi.kind == "mllp":
        record = Mllp(record_peer(settings.dpi, contexts), house.observer)
        stack.push_async_callback(record.close)
        legs["dpi"] = ToDpi(house, originals, record, settings.retry.first)
    elif settings.dpi.kind == "fhir":
        server = fhir.Fhir(record_server(settings.dpi, contexts), house.observer)
        stack.push_async_callback(server.close)
        legs["dpi"] = ToDpi(house, originals, server, settings.retry.first, look_ups=fhir.LOOK_UPS)
    elif settings.dpi.kind == "folder" and settings.dpi.path is not None:
        legs["dpi"] = ToDpi(house, originals, Folder(settings.dpi.path, house.observer), settings.retry.first)
    if settings.dmp.enabled:
        dmp = dmp_adapter(settings, contexts, house.clock, house.chance, house.observer)
        stack.push_async_callback(dmp.aclose)
        legs["dmp"] = ToDmp(house, originals, dmp, settings.dmp.unknown_wait)
    if settings.ack is not None:
        told = Mllp(ack_peer(settings.ack, contexts), house.observer)
        stack.push_async_callback(told.close)
        legs["ack"] = ToZam(house, told, settings.retry.first)
    if settings.submission is not None:
        submission = Submission(submission_server(settings.submission, contexts), house.observer)
        legs["receipt"] = ToSender(house, originals, submission, settings.retry.first)
        mailer = Submission(submission_server(settings.submission, contexts), house.observer, "mssante")
        legs["mssante"] = ToMssante(house, originals, mailer, settings.retry.first)
    return legs
