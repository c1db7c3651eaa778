"""Files that change on disk take effect without a restart: certificates, keys, authorities, revocation lists.

Whoever holds what was made of them (a pool of connections, a listening socket) is not told: it is changed in place.
What cannot be used is said once, and what was good before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.trust.errors import TrustError

Print = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Files of ``what`` were replaced: taken up, or left aside because of ``error`` (French, one line)."""

    what: str
    error: str = ""


@dataclass(slots=True)
class _Watched:
    what: str
    paths: tuple[Path, ...]
    take_up: Callable[[], None]
    seen: Print


class Renewal:
    """The files in use, and what to do when they change. A folder stands for the files in it."""

    def __init__(self) -> None:
        self._watched: list[_Watched] = []

    def watch(self, what: str, paths: Iterable[Path | None], take_up: Callable[[], None]) -> None:
        """From now on ``take_up`` is called after a change of one of these; it raises TrustError and changes nothing
        when they cannot be used. ``what`` names the table of gateway.toml.
        """
        files = tuple(path for path in paths if path is not None)
        self._watched.append(_Watched(what, files, take_up, _print(files)))

    def look(self) -> Iterator[Change]:
        """Take up what has changed since the last look."""
        for watched in self._watched:
            now = _print(watched.paths)
            if now == watched.seen:
                continue
            watched.seen = now
            try:
                watched.take_up()
            except TrustError as error:
                yield Change(watched.what, str(error))
            else:
                yield Change(watched.what)


def _print(paths: tuple[Path, ...]) -> Print:
    """What changes when a file is written or replaced."""
    return tuple(_of(file) for path in paths for file in (sorted(path.glob("*.crl")) if path.is_dir() else [path]))


def _of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
