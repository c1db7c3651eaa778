"""Processes that answer lines, and what a tree of processes costs, from /proc."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Child:
    """A process of ours. ``ready`` is what it said first."""

    process: subprocess.Popen[str]
    ready: Any

    def ask(self) -> Any:
        """One line in, one JSON line out."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return _heard(self.process)


@contextmanager
def started(module: str, *arguments: str | Path) -> Iterator[Child]:
    """Run ``python -m module``; it ends with its stdin."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Child(process, _heard(process))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def tree(root: int) -> list[int]:
    """A process with its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def cpu(root: int) -> tuple[float, float]:
    """CPU seconds so far of a tree, those of its dead children included, and of its root alone."""
    used = [[int(ticks) / _TICK for ticks in fields[11:15]] for fields in map(_stat, tree(root)) if fields]
    return sum(map(sum, used)), sum(used[0][:2])


class Peak:
    """The peak of a daemon's own memory, and of its tree's: shared pages are counted once (PSS). Bytes."""

    def __init__(self, root: int) -> None:
        self._root, self._tree, self._end = root, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        (Path("/proc") / str(self._root) / "clear_refs").write_text("5")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.daemon = _field(self._root, "status", "VmHWM:")
        self.tree = max(self._tree, self.daemon)

    def _watch(self) -> None:
        while not self._end.wait(0.05):
            self._tree = max(self._tree, sum(_field(one, "smaps_rollup", "Pss:") for one in tree(self._root)))


def _field(process: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def _stat(process: int) -> list[str]:
    """The fields after the name: state, parent, …, then utime, stime, cutime, cstime from the twelfth."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _heard(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended")
    return json.loads(line)
