"""The queue: work claimed with a lease, given back or finished only by the one who holds it (DESIGN §3).

A job is due at an instant, or parked: "held" (a person), "breaker" (its destination is down), "after" (its
predecessor has not ended), "timer" (nothing to do unless time runs out). Parked and failed jobs never keep
``ingest --wait`` waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from gateway.ledger.rows import new_id
from gateway.ledger.tables import job

PARKED_FOR_OTHERS = ("held", "breaker", "after", "timer")

# Made once: building a statement costs SQLAlchemy more than running it.
_FREE = job.c.token.is_(None)
_READY = _FREE & (job.c.parked.is_(None) | job.c.parked.not_in(("held", "after")))
_OURS = (job.c.id == bindparam("row_id")) & (job.c.token == bindparam("row_token"))
_OF_KIND = (job.c.kind == bindparam("of_kind")) & _FREE
_NEW = insert(job)
_KNOWN = select(job.c.id, job.c.token).where(job.c.kind == bindparam("of_kind"), job.c.subject == bindparam("of"))
_CHANGE = update(job).where(job.c.id == bindparam("row_id"))
_PARK = _CHANGE.where(_FREE)
_TAKE = update(job).where(job.c.id.in_(bindparam("row_ids", expanding=True)))
_FINISH = delete(job).where(_OURS)
_GIVE_BACK = update(job).where(_OURS)
_DROP = delete(job).where(_OF_KIND, job.c.subject == bindparam("of"))
_WAKE_ALL = update(job).where(_OF_KIND)
_WAKE = _WAKE_ALL.where(job.c.subject.in_(bindparam("subjects", expanding=True)))
_WAKE_LATER = _WAKE_ALL.where(job.c.subject > bindparam("of"))
_EARLIER_AT_HAND = select(
    exists().where(
        job.c.kind == bindparam("of_kind"),
        job.c.subject < bindparam("of"),
        job.c.token.is_not(None) | (job.c.parked.is_(None) & (job.c.due <= bindparam("now"))),
    )
)
_ANY_ALONE = select(exists().where(job.c.alone, (job.c.due <= bindparam("now")) | job.c.token.is_not(None)))
_NEXT_DUE = select(func.min(job.c.due)).where(_READY)
_DUE = (
    select(job)
    .where(job.c.lane == bindparam("of_lane"), job.c.due <= bindparam("now"), ~job.c.alone, _READY)
    .order_by(job.c.due, job.c.id)
    .limit(bindparam("places"))
)


@dataclass(frozen=True, slots=True)
class Job:
    """Work in hand. ``token`` fences it: a job taken over by another worker no longer answers to this one."""

    id: int
    kind: str
    lane: str
    subject: int
    failures: int
    token: str


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds jobs, and until when (seconds since 1970)."""

    token: str
    until: float


def enqueue(c: Connection, kind: str, lane: str, subject: int, due: float, lease: Lease | None = None) -> Job:
    """Order work, at once in hand when a lease is given. An order for the same subject becomes due again."""
    values = {
        "lane": lane,
        "due": due,
        "parked": None,
        "token": lease.token if lease else None,
        "lease_until": lease.until if lease else None,
    }
    known = c.execute(_KNOWN, {"of_kind": kind, "of": subject}).one_or_none()
    if known is None:
        number = new_id(c, _NEW, {"kind": kind, "subject": subject, **values})
    else:
        number = known.id
        if known.token is None:
            c.execute(_CHANGE, {"row_id": number, "failures": 0, **values})
    return Job(number, kind, lane, subject, 0, lease.token if lease else "")


def claim(c: Connection, now: float, lease: Lease, room: Mapping[str, int]) -> list[Job]:
    """Take what is due, at most ``room[lane]`` jobs a lane, oldest first."""
    taken: list[Job] = []
    for lane, places in room.items():
        if places > 0:
            taken += _claim_lane(c, lane, now, lease, places)
    return taken


def claim_alone(c: Connection, now: float, lease: Lease) -> Job | None:
    """Take one job that was in hand when a daemon died: it runs with no other beside it."""
    due = select(job).where(job.c.alone, job.c.token.is_(None), job.c.due <= now).order_by(job.c.id).limit(1)
    row = c.execute(due).one_or_none()
    if row is None:
        return None
    _take(c, [row.id], lease)
    return Job(row.id, row.kind, row.lane, row.subject, row.failures, lease.token)


def any_alone(c: Connection, now: float) -> bool:
    """Whether such a job is due or running."""
    return bool(c.execute(_ANY_ALONE, {"now": now}).scalar_one())


def finish(c: Connection, held: Job) -> bool:
    """Remove the job; False when it is no longer ours, and then nothing else may be written for it."""
    return bool(c.execute(_FINISH, {"row_id": held.id, "row_token": held.token}).rowcount)


def give_back(c: Connection, held: Job, due: float, *, failed: bool = False, parked: str | None = None) -> bool:
    """Put the job back for later; False when it is no longer ours."""
    values = {"token": None, "lease_until": None, "due": due, "parked": parked, "alone": False}
    if failed:
        values["failures"] = held.failures + 1
    return bool(c.execute(_GIVE_BACK, {"row_id": held.id, "row_token": held.token, **values}).rowcount)


def park(c: Connection, order: Job, parked: str) -> None:
    """Say what an order waits for, beside its instant."""
    c.execute(_PARK, {"row_id": order.id, "parked": parked})


def drop(c: Connection, kind: str, subject: int) -> None:
    """Take back an order that nobody works on yet."""
    c.execute(_DROP, {"of_kind": kind, "of": subject})


def wake(c: Connection, kind: str, subjects: Iterable[int] | None, now: float, *, parked: str | None = None) -> int:
    """Make waiting jobs due now (those of ``subjects``, or all); returns how many. With ``parked`` only those."""
    values: dict[str, object] = {"of_kind": kind, "due": now, "parked": None}
    statement = _WAKE_ALL
    if subjects is not None:
        values["subjects"] = wanted = list(subjects)
        if not wanted:
            return 0
        statement = _WAKE
    if parked is not None:
        statement = statement.where(job.c.parked == parked)
    return c.execute(statement, values).rowcount


def wake_later(c: Connection, kind: str, subject: int, now: float) -> int:
    """Make due now what waits for its turn behind ``subject``; returns how many."""
    return c.execute(_WAKE_LATER, {"of_kind": kind, "of": subject, "due": now, "parked": None}).rowcount


def wake_lane(c: Connection, lane: str, now: float, parked: str) -> int:
    """Make the parked jobs of a lane due now; returns how many."""
    which = (job.c.lane == lane) & (job.c.parked == parked)
    return c.execute(update(job).where(which).values(due=now, parked=None)).rowcount


def retry(c: Connection, lane: str | None, now: float) -> int:
    """Make due now what failed or waits for its destination (of a lane, or all); returns how many."""
    which = job.c.token.is_(None) & ((job.c.failures > 0) | (job.c.parked == "breaker"))
    which &= job.c.parked.is_(None) | (job.c.parked == "breaker")
    if lane is not None:
        which &= job.c.lane == lane
    return c.execute(update(job).where(which).values(due=now, parked=None)).rowcount


def renew(c: Connection, lease: Lease) -> None:
    """The heartbeat: what this token holds stays in hand until ``lease.until``."""
    c.execute(update(job).where(job.c.token == lease.token).values(lease_until=lease.until))


def free(c: Connection, now: float, *, all_of_them: bool) -> int:
    """Give back leases that ran out, or all (a dead predecessor's, proved by the worker lock); they run alone first."""
    dead = update(job).where(job.c.token.is_not(None))
    if not all_of_them:
        dead = dead.where(job.c.lease_until < now)
    return c.execute(dead.values(token=None, lease_until=None, alone=True)).rowcount


def earlier_at_hand(c: Connection, kind: str, subject: int, now: float) -> bool:
    """Whether the same work for an earlier subject runs, or could at once; what waits for something does not count."""
    return bool(c.execute(_EARLIER_AT_HAND, {"of_kind": kind, "of": subject, "now": now}).scalar_one())


def next_due(c: Connection) -> float | None:
    """The instant of the next job that nobody holds."""
    return c.execute(_NEXT_DUE).scalar_one_or_none()


def busy(c: Connection) -> int:
    """How many jobs run, or will without anybody's help and without a failure behind them."""
    parked = func.coalesce(job.c.parked, "").in_(PARKED_FOR_OTHERS)  # NULL IN (…) is neither true nor false
    quiet = job.c.token.is_(None) & ((job.c.failures > 0) | parked)
    return c.execute(select(func.count()).select_from(job).where(~quiet)).scalar_one()


def _claim_lane(c: Connection, lane: str, now: float, lease: Lease, places: int) -> list[Job]:
    rows = c.execute(_DUE, {"of_lane": lane, "now": now, "places": places}).all()
    _take(c, [row.id for row in rows], lease)
    return [Job(row.id, row.kind, row.lane, row.subject, row.failures, lease.token) for row in rows]


def _take(c: Connection, ids: list[int], lease: Lease) -> None:
    if ids:
        held = {"token": lease.token, "lease_until": lease.until, "parked": None}
        c.execute(_TAKE, {"row_ids": ids, **held})
