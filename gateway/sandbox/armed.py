"""Which situations are armed, for whom, and how often still."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from gateway.sandbox.scenarios import SCENARIOS, Moment, Scenario

_ORDER = re.compile(r"(?P<name>[A-Za-z0-9-]+)(?::(?P<times>[0-9]{1,6}))?(?:@(?P<ins>[0-9A-Z]{15}))?\Z")
_BY_NAME = {name.casefold(): scenario for name, scenario in SCENARIOS.items()}


class ScenarioError(Exception):
    """An order that is not understood; one French line."""


@dataclass(frozen=True, slots=True)
class Order:
    """A situation to play ``times`` times (0: each time) for the patient ``ins`` (empty: for all)."""

    scenario: Scenario
    times: int
    ins: str = ""


def order(text: str) -> Order:
    """``NAME[:COUNT][@INS]``. Raises ScenarioError."""
    found = _ORDER.match(text.strip())
    if found is None:
        raise ScenarioError(f"scénario « {text} » : écrire NOM, NOM:NOMBRE ou NOM:NOMBRE@INS")
    scenario = _BY_NAME.get(found["name"].casefold())
    if scenario is None:
        raise ScenarioError(f"scénario « {found['name']} » inconnu : --scenario list les donne tous")
    if scenario.moment is Moment.CONNECT and found["ins"]:
        raise ScenarioError(f"scénario « {scenario.name} » : à la connexion, le patient n'est pas encore connu")
    return Order(scenario, int(found["times"]) if found["times"] else scenario.times, found["ins"] or "")


def listing() -> Iterator[str]:
    """Every situation as ``--scenario list`` shows it."""
    for one in SCENARIOS.values():
        times = f"{one.times} message{'s' if one.times > 1 else ''}" if one.times else "chaque message"
        yield f"{one.name}  ({one.moment}, {times})"
        yield f"    ce qui arrive  {one.happens}"
        yield f"    ce qu'on voit  {one.sees}"
        yield f"    que faire      {one.does}"
    yield ""
    yield "NOM:3 pour les trois prochains messages ; NOM@INS pour un seul patient ; NOM:1@INS pour les deux."


@dataclass(slots=True)
class _Held:
    order: Order
    left: int


class Armed:
    """The orders in force. ``file``, when it appears, holds more of them, one a line; it is read once and removed."""

    def __init__(self, orders: Iterable[Order], file: Path | None = None) -> None:
        self._held = [_Held(one, one.times) for one in orders]
        self._file, self._lock = file, Lock()

    def take(self, moment: Moment, ins: str = "") -> Scenario | None:
        """The first situation that concerns this message, counted down; None: nothing particular happens."""
        with self._lock:
            self._read_file()
            for held in self._held:
                wanted = held.order
                if wanted.scenario.moment is moment and wanted.ins in ("", ins):
                    if held.left == 1:
                        self._held.remove(held)
                    held.left -= 1
                    return wanted.scenario
        return None

    def _read_file(self) -> None:
        if self._file is None or not self._file.exists():
            return
        for line in self._file.read_text(encoding="utf-8", errors="replace").split():
            try:
                wanted = order(line)
            except ScenarioError as error:
                print(error, file=sys.stderr)
                continue
            self._held.append(_Held(wanted, wanted.times))
        self._file.unlink()
