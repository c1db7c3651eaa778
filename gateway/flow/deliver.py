"""One delivery, one step further. The same machine serves the record, the DMP and the sender's receipt.

A leg knows its destination: whether the delivery may go (read again at each attempt), and how its payload is frozen.
The machine keeps the promise of DESIGN §3: the attempt is committed before the first byte leaves; an attempt without
outcome is unknown; after unknown the destination is asked, or given the identical payload when it knows repetitions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from gateway.flow.breaker import Breakers
from gateway.flow.delivering import frozen, outcomes
from gateway.flow.delivering.legs import Go, Going, Leg, Ready, Skip, There, Together, Wait
from gateway.flow.house import House
from gateway.flow.planning import together
from gateway.ledger import deliveries, jobs
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.states import ENDED, DeliveryEvent, DeliveryState

#: A mail beyond this many bytes makes payloads of which one at a time is enough.
LARGE = 8 * 1024 * 1024


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
            await self.house.ledger.write("done", lambda c: self._ended(c, job, found))
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

    def _ended(self, c: Connection, job: Job, found: Delivery) -> None:
        """Somebody ended it before its turn came."""
        if jobs.finish(c, job):
            together.part(c, self.house, found)

    def _gate(self, found: Delivery, obstacle: str | None) -> _Gate | None:
        """Why the delivery must wait: a person, its predecessor, a destination that is down."""
        if obstacle is not None:
            return _Gate(obstacle, self.house.now)
        until = self.breakers.closed_until(found.destination, self.house.now)
        return _Gate("breaker", until) if until is not None else None

    def _park(self, c: Connection, job: Job, found: Delivery, gate: _Gate) -> None:
        """Wait, unless what was in the way has just gone: who removed it did not see us waiting."""
        now = deliveries.get_delivery(c, found.id)
        gone = gate.why != "breaker" and _obstacle(c, now) is None
        jobs.give_back(c, job, gate.until, parked=None if gone else gate.why)
        if not gone and _is_its_own(c, now):
            together.part(c, self.house, now)

    async def _lost(self, found: Delivery) -> Delivery:
        """An attempt had begun when we stopped: nobody knows what became of it, nor of those that left with it."""

        def lose(c: Connection) -> Delivery:
            lost, *_ = [
                deliveries.move(c, one, DeliveryEvent.LOSE, self.house.now)
                for one in (found, *together.aboard(c, found))
            ]
            return lost

        return await self.house.ledger.write("lost", lose)

    async def _resolve(self, job: Job, found: Delivery, leg: Leg) -> None:
        crew = await self.house.ledger.read(lambda c: together.aboard(c, found))
        members = (found, *crew)
        answers = await self._look_up(leg, await frozen.load(self.house, found), members)
        said = answers[-1]
        if said.down:
            await self._conclude(job, found, None, said)
            return
        due = self.house.now + leg.unknown_wait
        if len({one.answer for one in answers}) > 1:
            await self.house.ledger.write(
                "parted", lambda c: outcomes.parted(c, self.house, job, members, answers, due)
            )
        elif said.answer is Answer.DONE:
            await self._conclude(job, found, None, said)
        elif said.answer is Answer.RETRY_LATER and found.look_ups + 1 >= leg.look_ups:
            again = await self.house.ledger.write("absent", lambda c: self._absent(c, members))
            await self._attempt(job, again, leg)
        else:
            absent = said.answer is Answer.RETRY_LATER
            await self.house.ledger.write("doubt", lambda c: self._doubt(c, job, members, absent=absent, due=due))
        self.house.news.set()

    async def _look_up(self, leg: Leg, payload: Frozen, members: Sequence[Delivery]) -> list[Outcome]:
        """What is said of each that left in a payload, the lead first; the last is why no more could be asked.

        Of a set each asks for itself, also one that was parted from it: the payload's key is the first lead's.
        """
        answers: list[Outcome] = []
        for one in members:
            asked = replace(payload, key=one.unique_id) if payload.also else payload
            answers.append(await leg.destination.look_up(asked))
            if answers[-1].down:
                break
        return answers

    def _absent(self, c: Connection, members: Sequence[Delivery]) -> Delivery:
        lead, *_ = [
            deliveries.move(c, one, DeliveryEvent.RETRY, self.house.now, look_ups=0, failures=one.failures + 1)
            for one in members
        ]
        return lead

    def _doubt(self, c: Connection, job: Job, members: Sequence[Delivery], *, absent: bool, due: float) -> None:
        if jobs.give_back(c, job, due, failed=True):
            for one in members:
                deliveries.change(c, one, look_ups=one.look_ups + absent)

    async def _attempt(self, job: Job, found: Delivery, leg: Leg) -> None:
        found, crew = await self._boarding(found, leg)
        ready = await (self._again(found, crew, leg) if found.payload else self._ready(found, crew, leg))
        if isinstance(ready, Go):
            await self._send(job, found, leg, ready)
        elif isinstance(ready, Wait):
            await self._conclude(job, found, None, ready.outcome)
        else:
            await self._not_sent(job, found, ready)

    async def _boarding(self, found: Delivery, leg: Leg) -> tuple[Delivery, list[Delivery]]:
        """The delivery, started, and those that would go along; whoever must wait does so by himself."""

        def look(c: Connection) -> list[tuple[Delivery, str | None]]:
            return [(one, _obstacle(c, one)) for one in together.boarding(c, found)]

        def start(c: Connection) -> Delivery:
            for one, obstacle in crew:
                if obstacle is not None:
                    together.alone(c, self.house, one)
            planned = found.state is DeliveryState.PLANNED
            return deliveries.move(c, found, DeliveryEvent.START, self.house.now) if planned else found

        crew = await self.house.ledger.read(look) if isinstance(leg, Together) else []
        if found.state is DeliveryState.PLANNED or any(obstacle is not None for _, obstacle in crew):
            found = await self.house.ledger.write("start", start)
        return found, [one for one, obstacle in crew if obstacle is None]

    async def _ready(self, found: Delivery, crew: Sequence[Delivery], leg: Leg) -> Ready:
        return await (leg.together(found, crew) if crew and isinstance(leg, Together) else leg.ready(found))

    async def _not_sent(self, job: Job, found: Delivery, ready: Skip | There) -> None:
        """Nothing leaves; but a destination that has answered is up again, and who waited for it may go on."""
        up, name = Outcome(Answer.DONE), found.destination
        change = self.breakers.heard(name, up, self.house.now) if ready.asked else None
        if change is not None:
            await self.house.ledger.write("breaker", lambda c: outcomes.note(c, self.house, name, up, change))
            self.house.news.set()
        await self.house.ledger.write("skip", lambda c: outcomes.not_sent(c, self.house, job, found, ready))

    async def _again(self, found: Delivery, crew: Sequence[Delivery], leg: Leg) -> Ready:
        """The same frozen payload, if it may still go, and goes whole; else one made anew."""
        payload = await frozen.load(self.house, found)
        if len(payload.also) != len(crew) or any(one.payload != found.payload for one in crew):
            return await self._ready(found, crew, leg)
        changed = await leg.still(found)
        if changed is not None:
            return changed
        for one in crew:
            if await leg.still(one) is not None:
                return await self._ready(found, crew, leg)
        along = tuple(Going(one, one.unique_id, one.existence, one.revision) for one in crew)
        return Go(payload, found.unique_id, found.existence, found.revision, along, again=True)

    async def _send(self, job: Job, found: Delivery, leg: Leg, go: Go) -> None:
        ref = found.payload if go.again and found.payload else await frozen.keep(self.house, go.payload)
        begun = await self.house.ledger.write("attempt", lambda c: self._begin(c, job, found, go, ref))
        if begun is None:
            return
        sending, number = begun
        said = await leg.destination.send(go.payload)
        await self._conclude(job, sending, number, said)

    def _begin(self, c: Connection, job: Job, found: Delivery, go: Go, ref: str) -> tuple[Delivery, int] | None:
        """The attempt, before its first byte leaves. None when a person or a patient's change came first."""
        lead = Going(found, go.unique_id, go.existence, go.revision)
        if any(_changed(c, one.delivery) for one in (lead, *go.along)):
            jobs.give_back(c, job, self.house.now)
            return None
        going = {one.delivery.id for one in go.along}
        for left in together.boarding(c, found):
            if left.id not in going:
                together.alone(c, self.house, left)
        begun = self._leave(c, job, lead, ref, go.payload.key)
        for one in go.along:
            self._leave(c, job, one, ref, one.unique_id)
        return begun

    def _leave(self, c: Connection, job: Job, one: Going, ref: str, key: str) -> tuple[Delivery, int]:
        now, found = self.house.now, one.delivery
        if found.state is DeliveryState.PLANNED:
            found = deliveries.move(c, found, DeliveryEvent.START, now)
        values = {"payload": ref, "unique_id": one.unique_id, "existence": one.existence, "revision": one.revision}
        sending = deliveries.move(c, found, DeliveryEvent.SEND, now, **values)
        return sending, deliveries.begin_attempt(c, found.id, job.token, ref, key, now)

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


def _changed(c: Connection, found: Delivery) -> bool:
    now = deliveries.get_delivery(c, found.id)
    return now.version != found.version or now.held or now.state is not found.state


def _is_its_own(c: Connection, found: Delivery) -> bool:
    """Whether what is in its way is in nobody else's: its hold, its predecessor."""
    return found.held or _waits(c, found)


def _obstacle(c: Connection, found: Delivery) -> str | None:
    """A person's hold, or a predecessor that has not ended."""
    if found.held or deliveries.get_destination(c, found.destination).held:
        return "held"
    return "after" if _waits(c, found) else None


def _waits(c: Connection, found: Delivery) -> bool:
    return found.after_id is not None and deliveries.get_delivery(c, found.after_id).state not in ENDED
