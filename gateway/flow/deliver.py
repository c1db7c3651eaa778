"""One delivery, one step further. The same machine serves the record, the DMP and the sender's receipt.

A leg knows its destination: whether the delivery may go (read again at each attempt), and how its payload is frozen.
The machine keeps the promise of DESIGN §3: the attempt is committed before the first byte leaves; an attempt without
outcome is unknown; after unknown the destination is asked, or given the identical payload when it knows repetitions.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from gateway.flow import frozen, outcomes
from gateway.flow.breaker import Breakers
from gateway.flow.house import House
from gateway.ledger import deliveries, jobs
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Destination, Frozen, Outcome
from gateway.model.states import ENDED, DeliveryEvent, DeliveryState

#: A mail beyond this many bytes makes payloads of which one at a time is enough.
LARGE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Go:
    """It may leave, held there under ``unique_id``; ``existence`` is TD0.2's answer with its time; ``revision`` which
    version of ours it is.
    """

    payload: Frozen
    unique_id: str
    existence: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Skip:
    """It must not: an answer with its reason, not an error. ``asked``: the destination itself said so just now."""

    reason: str
    asked: bool = False


@dataclass(frozen=True, slots=True)
class There:
    """It is already there."""

    unique_id: str
    reason: str = "already-there"
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """It cannot yet: what the destination, or our own check, said."""

    outcome: Outcome


Ready = Go | Skip | There | Wait


class Leg(Protocol):
    """One destination, with what is particular to it."""

    @property
    def destination(self) -> Destination:
        """Where it sends."""

    @property
    def unknown_wait(self) -> float:
        """Seconds before an unknown outcome is looked up."""

    @property
    def look_ups(self) -> int:
        """How many times it must be absent before it is sent again."""

    async def ready(self, delivery: Delivery) -> Ready:
        """Read every condition again and freeze the payload."""

    async def still(self, delivery: Delivery) -> Skip | Wait | None:
        """Read the conditions again for a payload that is already frozen; None: it may go."""


@dataclass(frozen=True, slots=True)
class Deliverer:
    """The machine over the legs, by destination."""

    house: House
    legs: dict[str, Leg]
    breakers: Breakers
    large: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def deliver(self, job: Job) -> None:
        """Work delivery ``job.subject`` one step; what comes from a large mail, one at a time: memory is bounded."""
        found, obstacle, size = await self.house.ledger.read(lambda c: _look(c, job.subject))
        if found.state in ENDED:
            await self.house.ledger.write("done", lambda c: jobs.finish(c, job))
            return
        gate = self._gate(found, obstacle)
        if gate is not None:
            await self.house.ledger.write("park", lambda c: self._park(c, job, found, gate))
            return
        async with self.large if size > LARGE else nullcontext():
            await self._step(job, found)

    async def _step(self, job: Job, found: Delivery) -> None:
        leg = self.legs[found.destination]
        if found.state is DeliveryState.SENDING:
            found = await self._lost(found)
        if found.state is DeliveryState.UNKNOWN:
            await self._resolve(job, found, leg)
            return
        await self._attempt(job, found, leg)

    def _gate(self, found: Delivery, obstacle: str | None) -> _Gate | None:
        """Why the delivery must wait: a person, its predecessor, a destination that is down."""
        if obstacle is not None:
            return _Gate(obstacle, self.house.now)
        until = self.breakers.closed_until(found.destination, self.house.now)
        return _Gate("breaker", until) if until is not None else None

    def _park(self, c: Connection, job: Job, found: Delivery, gate: _Gate) -> None:
        """Wait, unless what was in the way has just gone: who removed it did not see us waiting."""
        gone = gate.why != "breaker" and _obstacle(c, deliveries.get_delivery(c, found.id)) is None
        jobs.give_back(c, job, gate.until, parked=None if gone else gate.why)

    async def _lost(self, found: Delivery) -> Delivery:
        """An attempt had begun when we stopped: nobody knows what became of it."""
        return await self.house.ledger.write(
            "lost", lambda c: deliveries.move(c, found, DeliveryEvent.LOSE, self.house.now)
        )

    async def _resolve(self, job: Job, found: Delivery, leg: Leg) -> None:
        payload = await frozen.load(self.house, found)
        said = await leg.destination.look_up(payload)
        if said.answer is Answer.DONE or said.down:
            await self._conclude(job, found, None, said)
        elif said.answer is Answer.RETRY_LATER and found.look_ups + 1 >= leg.look_ups:
            again = await self.house.ledger.write("absent", lambda c: self._absent(c, found))
            await self._attempt(job, again, leg)
        else:
            absent = said.answer is Answer.RETRY_LATER
            due = self.house.now + leg.unknown_wait
            await self.house.ledger.write("doubt", lambda c: self._doubt(c, job, found, absent=absent, due=due))

    def _absent(self, c: Connection, found: Delivery) -> Delivery:
        return deliveries.move(c, found, DeliveryEvent.RETRY, self.house.now, look_ups=0)

    def _doubt(self, c: Connection, job: Job, found: Delivery, *, absent: bool, due: float) -> None:
        if jobs.give_back(c, job, due, failed=True):
            deliveries.change(c, found, look_ups=found.look_ups + absent)

    async def _attempt(self, job: Job, found: Delivery, leg: Leg) -> None:
        if found.state is DeliveryState.PLANNED:
            found = await self.house.ledger.write(
                "start", lambda c: deliveries.move(c, found, DeliveryEvent.START, self.house.now)
            )
        ready = await self._again(found, leg) if found.payload else await leg.ready(found)
        if isinstance(ready, Go):
            await self._send(job, found, leg, ready)
        elif isinstance(ready, Wait):
            await self._conclude(job, found, None, ready.outcome)
        else:
            await self._not_sent(job, found, ready)

    async def _not_sent(self, job: Job, found: Delivery, ready: Skip | There) -> None:
        """Nothing leaves; but a destination that has answered is up again, and who waited for it may go on."""
        up, name = Outcome(Answer.DONE), found.destination
        change = self.breakers.heard(name, up, self.house.now) if ready.asked else None
        if change is not None:
            await self.house.ledger.write("breaker", lambda c: outcomes.note(c, self.house, name, up, change))
            self.house.news.set()
        await self.house.ledger.write("skip", lambda c: outcomes.not_sent(c, self.house, job, found, ready))

    async def _again(self, found: Delivery, leg: Leg) -> Ready:
        """The same frozen payload, if it may still go."""
        changed = await leg.still(found)
        return (
            changed
            if changed is not None
            else Go(await frozen.load(self.house, found), found.unique_id, found.existence, found.revision)
        )

    async def _send(self, job: Job, found: Delivery, leg: Leg, go: Go) -> None:
        ref = found.payload or await frozen.keep(self.house, go.payload)
        begun = await self.house.ledger.write("attempt", lambda c: self._begin(c, job, found, go, ref))
        if begun is None:
            return
        sending, number = begun
        said = await leg.destination.send(go.payload)
        await self._conclude(job, sending, number, said)

    def _begin(self, c: Connection, job: Job, found: Delivery, go: Go, ref: str) -> tuple[Delivery, int] | None:
        """The attempt, before its first byte leaves. None when a person or a patient's change came first."""
        now = deliveries.get_delivery(c, found.id)
        if now.version != found.version or now.held or now.state is not found.state:
            jobs.give_back(c, job, self.house.now)
            return None
        values = {"payload": ref, "unique_id": go.unique_id, "existence": go.existence, "revision": go.revision}
        sending = deliveries.move(c, now, DeliveryEvent.SEND, self.house.now, **values)
        number = deliveries.begin_attempt(c, found.id, job.token, ref, go.payload.key, self.house.now)
        return sending, number

    async def _conclude(self, job: Job, found: Delivery, number: int | None, said: Outcome) -> None:
        change = self.breakers.heard(found.destination, said, self.house.now)
        leg = self.legs[found.destination]
        await self.house.ledger.write(
            "outcome", lambda c: outcomes.conclude(c, self.house, job, found, number, said, change, leg.unknown_wait)
        )
        self.house.observer.event(
            "delivery", destination=found.destination, delivery=found.id, outcome=said.answer, code=said.code
        )
        self.house.news.set()


@dataclass(frozen=True, slots=True)
class _Gate:
    why: str
    until: float


def _look(c: Connection, number: int) -> tuple[Delivery, str | None, int]:
    found = deliveries.get_delivery(c, number)
    return found, _obstacle(c, found), deliveries.mail_size(c, found)


def _obstacle(c: Connection, found: Delivery) -> str | None:
    """A person's hold, or a predecessor that has not ended."""
    if found.held or deliveries.get_destination(c, found.destination).held:
        return "held"
    waits = found.after_id is not None and deliveries.get_delivery(c, found.after_id).state not in ENDED
    return "after" if waits else None
