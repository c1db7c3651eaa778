"""Where the CPU of the daemon goes, in all its threads. It reads the mails itself: confined readers write nothing."""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, cast

from gateway.flow.reading import reader
from gateway.flow.reading.readers import ReaderProcesses
from gateway.isolation.channel import Reply
from gateway.isolation.pool import Pool
from gateway.model.ports import Observer
from gateway.model.settings import Settings
from gateway.vault.files import Vault


class Profile:
    """Writes ``file`` at its end (pstats)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._threads: list[cProfile.Profile] = []

    def __enter__(self) -> None:
        threading.setprofile(self._begin)
        self._begin()

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)
        sys.setprofile(None)
        profiles: list[Any] = self._threads
        pstats.Stats(*profiles).dump_stats(self._file)

    def _begin(self, *_: FrameType | str | None) -> None:
        one = cProfile.Profile(time.thread_time)  # waiting costs nothing
        self._threads.append(one)
        one.enable()


class _Here:
    """A pool without processes."""

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to end."""

    async def call(self, request: bytes, parts: Sequence[bytes | Iterable[bytes]]) -> Reply:
        """Do the work."""
        body, data = reader.work(request, [part if isinstance(part, bytes) else b"".join(part) for part in parts])
        return Reply(body, tuple(data))


def readers_here(settings: Settings, vault: Vault, observer: Observer) -> ReaderProcesses:
    """The readers' work done in the process itself."""
    del observer
    return ReaderProcesses(cast("Pool", _Here()), vault, settings.dmp.schemas)


def dearest(file: Path, count: int) -> list[tuple[str, int, float]]:
    """The functions that used most CPU by themselves: name, calls, seconds."""
    table: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    found = sorted(table.items(), key=lambda item: -item[1][2])[:count]
    return [(_named(name), row[1], row[2]) for name, row in found]


def _named(name: tuple[str, int, str]) -> str:
    path, line, function = name
    return function if path == "~" else f"{'/'.join(Path(path).parts[-2:])}:{line} {function}"
