"""A destination that is down is left in peace: after so many failures its deliveries wait, and one tries at a time."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.delivery import Answer, Outcome
from gateway.model.ports import Chance
from gateway.model.settings import Retry


@dataclass(frozen=True, slots=True)
class Change:
    """What a destination's row must say now. ``opened`` and ``closed`` are the two alerts."""

    failures: int
    open_since: float | None
    probe_at: float | None
    opened: bool = False
    closed: bool = False


@dataclass(slots=True)
class _State:
    failures: int = 0
    open_since: float | None = None
    probe_at: float = 0.0


class Breakers:
    """One breaker a destination. Only answers that speak of the destination itself count."""

    def __init__(self, retry: Retry, chance: Chance) -> None:
        self._retry, self._chance = retry, chance
        self._states: dict[str, _State] = {}

    def closed_until(self, name: str, now: float) -> float | None:
        """None: go. Otherwise the instant to come again; whoever comes at that instant is the one who tries."""
        state = self._states.setdefault(name, _State())
        if state.open_since is None:
            return None
        if now < state.probe_at:
            return state.probe_at
        state.probe_at = now + backoff(self._retry, state.failures, self._chance)
        return None

    def heard(self, name: str, said: Outcome, now: float) -> Change | None:
        """Take an answer into account; None when nothing changes."""
        state = self._states.setdefault(name, _State())
        if said.down:
            return self._failed(state, said, now)
        if state.failures == 0 or said.answer is Answer.UNKNOWN:
            return None
        was_open = state.open_since is not None
        state.failures, state.open_since = 0, None
        return Change(0, None, None, closed=was_open)

    def _failed(self, state: _State, said: Outcome, now: float) -> Change:
        state.failures += 1
        opened = state.open_since is None and (said.stop or state.failures >= self._retry.breaker_after)
        if opened:
            state.open_since = now
        if state.open_since is None:
            return Change(state.failures, None, None)
        state.probe_at = now + backoff(self._retry, state.failures, self._chance)
        return Change(state.failures, state.open_since, state.probe_at, opened=opened)


def backoff(retry: Retry, failures: int, chance: Chance) -> float:
    """Seconds to wait after so many failures: doubling from ``first`` up to ``max``, less up to a quarter by chance."""
    doubled: float = retry.first * 2 ** min(max(failures - 1, 0), 30)
    return min(doubled, retry.max) * (1 - chance.fraction() / 4)
