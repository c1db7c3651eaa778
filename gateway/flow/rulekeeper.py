"""The rules in force, watched; a broken file is refused whole and the last good ones stay (DESIGN §8)."""

from __future__ import annotations

from pathlib import Path

from gateway.decision import RuleBook, RuleError, load
from gateway.model.causes import cause
from gateway.model.ports import Clock, Observer

#: How often the folder is looked at (seconds).
LOOK = 2.0


class RuleKeeper:
    """Gives the rule book in force. RuleError when the first reading fails: a daemon does not start without rules."""

    def __init__(self, folder: Path, clock: Clock, observer: Observer) -> None:
        self._folder, self._clock, self._observer = folder, clock, observer
        self._looked = clock.monotonic()
        self._seen = _stamp(folder)
        self._book = read(folder)
        self.broken = ""

    def __call__(self) -> RuleBook:
        """The rules in force now."""
        if self._clock.monotonic() - self._looked >= LOOK:
            self._looked = self._clock.monotonic()
            self._reread()
        return self._book

    def _reread(self) -> None:
        seen = _stamp(self._folder)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._book, self.broken = read(self._folder), ""
        except RuleError as error:
            self.broken = str(error)
            self._observer.event("rules.refused")
        else:
            self._observer.event("rules.read", version=self._book.digest)


def read(folder: Path) -> RuleBook:
    """The rules of a folder. RuleError."""
    try:
        return load({path.name: path.read_bytes() for path in sorted(folder.glob("*.toml"))})
    except OSError as error:
        raise RuleError(f"{folder.name} : dossier de règles illisible ({cause(error)})") from error


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        found = [(path.name, path.stat()) for path in sorted(folder.glob("*.toml"))]
    except OSError:
        return ()
    return tuple((name, facts.st_mtime_ns, facts.st_size) for name, facts in found)
