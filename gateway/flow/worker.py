"""The worker: takes what is due, as much as each lane has room for, and keeps its leases alive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from gateway.flow.house import HEARTBEAT, House
from gateway.ledger import jobs
from gateway.ledger.documents import StaleError
from gateway.ledger.engine import LedgerError, LedgerFull
from gateway.ledger.jobs import Job
from gateway.vault.errors import VaultError

#: How often another process's orders are looked for (seconds).
POLL = 0.2

#: How long to wait for room on a full disk before the next try (seconds).
ROOM = 2.0

Handler = Callable[[Job], Awaitable[Sequence[Job] | None]]


class Worker:
    """Runs the handlers (by kind of job) with ``room`` (by lane) at a time."""

    def __init__(self, house: House, handlers: Mapping[str, Handler], room: Mapping[str, int]) -> None:
        self._house, self._handlers, self._room = house, handlers, dict(room)
        self._running: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._stopping = False
        self.failed: BaseException | None = None
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        """Until ``stop``; a ledger that fails ends it, with LedgerError."""
        heart = asyncio.create_task(self._beat())
        seen = -1
        try:
            while not self._stopping:
                self._house.news.clear()
                try:
                    await self._take()
                except LedgerFull:
                    await self._no_room()
                seen = await self._news(seen)
        finally:
            heart.cancel()
            await self._finish()
            self.stopped.set()
        if self.failed is not None:
            raise self.failed

    def stop(self) -> None:
        """Take nothing more; what is in hand is finished or given back."""
        self._stopping = True
        self._house.news.set()

    async def quiet(self) -> bool:
        """Whether every job is done, waits for a person, or is due only after a failure."""
        return not self._running and await self._house.ledger.read(jobs.busy) == 0

    async def _news(self, seen: int) -> int:
        """Wait for orders: ours at once, another process's within POLL, what falls due within POLL of its instant."""
        ledger = self._house.ledger
        while not self._stopping:
            try:
                await asyncio.wait_for(self._house.news.wait(), POLL)
                return seen
            except TimeoutError:
                version = ledger.data_version()
                due = await ledger.read(jobs.next_due)
                if version != seen or (due is not None and due <= self._house.now):
                    return version
        return seen

    async def _take(self) -> None:
        house = self._house
        now = house.now
        alone, due = await house.ledger.read(lambda c: (jobs.any_alone(c, now), jobs.next_due(c)))
        if alone:
            await self._take_alone(now)
            return
        room = {lane: places - self._busy[lane] for lane, places in self._room.items()}
        if due is None or due > now:
            return
        for job in await house.ledger.write("claim", lambda c: jobs.claim(c, now, house.lease, room)):
            self._start(job)

    async def _take_alone(self, now: float) -> None:
        """What was in hand when a daemon died runs with nothing beside it."""
        if self._running:
            return
        house = self._house
        job = await house.ledger.write("claim", lambda c: jobs.claim_alone(c, now, house.lease))
        if job is not None:
            self._start(job)

    def _start(self, job: Job) -> None:
        self._busy[job.lane] += 1
        task = asyncio.create_task(self._work(job), name=f"{job.kind} {job.subject}")
        self._running.add(task)
        task.add_done_callback(lambda done: self._done(done, job))

    def _done(self, task: asyncio.Task[None], job: Job) -> None:
        self._running.discard(task)
        self._busy[job.lane] -= 1
        if not task.cancelled() and task.exception() is not None:
            self.failed = task.exception()
            self._stopping = True
        self._house.news.set()

    async def _work(self, job: Job) -> None:
        """One job; what it leads to at once goes on in the same hands."""
        house = self._house
        due, failed = house.now, True
        try:
            for follow in await self._handlers[job.kind](job) or ():
                self._start(follow)
            return
        except LedgerFull:
            failed = False
        except LedgerError:
            raise
        except StaleError:
            failed = False
        except (VaultError, OSError) as error:
            house.observer.event("job.failed", kind=job.kind, job=job.subject, reason=type(error).__name__)
            due = house.now + min(float(house.settings.retry.first) * 2 ** min(job.failures, 10), 3600.0)
        except Exception as error:  # noqa: BLE001 - the daemon's outermost loop: a defect costs its own job only
            house.observer.event("job.crashed", kind=job.kind, job=job.subject, reason=_place(error))
            due = house.now + min(60.0 * 2 ** min(job.failures, 6), 3600.0)
        await self._give_back(job, due, failed=failed)

    async def _give_back(self, job: Job, due: float, *, failed: bool) -> None:
        """Put a job back; when there is no room even for that, as soon as there is."""
        while True:
            try:
                await self._house.ledger.write("failed", lambda c: jobs.give_back(c, job, due, failed=failed))
            except LedgerFull:
                await self._no_room()
            else:
                return

    async def _no_room(self) -> None:
        """Nothing can be written: what is in hand waits, what left is asked for again once there is room."""
        self._house.observer.event("ledger.failed", reason="disk-full")
        await self._house.sleep(ROOM)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            with suppress(LedgerFull):
                await self._house.ledger.write("heartbeat", lambda c: jobs.renew(c, self._house.lease))

    async def _finish(self) -> None:
        """Give what is in hand some seconds; the rest is cancelled, and unknown until it is looked up."""
        if self._running:
            await asyncio.wait(self._running, timeout=8)
        for task in list(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=1)


def _place(error: BaseException) -> str:
    """The type and the place of a defect, never its text: it may quote a document."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {where}"
