"""The hospital's own versions of the sets: files in a folder of its own, which take the place of the packaged ones.

One JSON file a set or map, ``JDV_J66.json`` or ``ASS_X04.json``, written by ``refresh``. ``use`` names the folder once,
when a process starts; the readers' nursery finds it in its environment, and its readers inherit what it has read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

#: Where a child process finds the folder.
VARIABLE = "GATEWAY_TERMINOLOGY"
MAX_FILE = 20_000_000

_held: dict[str, OwnSet] = {}
_caches: list[Callable[[], None]] = []


class TerminologyError(Exception):
    """A file of value sets cannot be used; one French line."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member. ``system`` is an OID or what the set says instead."""

    code: str
    system: str
    label: str


class OwnSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A set (``entries``) or a map (``classes``: type → class). ``version`` is YYYY-MM-DD; ``source`` a file name."""

    name: str
    oid: str
    version: str
    source: str
    entries: tuple[Entry, ...] = ()
    classes: dict[str, str] = {}


def use(folder: Path | None) -> None:
    """From now on this process, and those that it starts, read ``folder`` first; None: the packaged sets alone.

    Every file is read now: what is imported later waits for the next start. Raises TerminologyError when one cannot be
    used.
    """
    found = {path.stem: _read(path) for path in sorted(folder.glob("*.json"))} if folder is not None else {}
    _held.clear()
    _held.update(found)
    for forget in _caches:
        forget()
    if folder is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = str(folder)


def inherit() -> None:
    """Use what the process that started us uses. TerminologyError."""
    folder = os.environ.get(VARIABLE)
    use(Path(folder) if folder else None)


def forgotten(forget: Callable[[], None]) -> None:
    """``forget`` empties a cache of what was looked up, when another folder comes into use."""
    _caches.append(forget)


def own(name: str) -> OwnSet | None:
    """The hospital's version of a set or map; None when it has none."""
    return _held.get(name)


def _read(path: Path) -> OwnSet:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=OwnSet)
    except (OSError, msgspec.DecodeError) as error:
        raise TerminologyError(f"{path} : fichier illisible ; le réimporter avec gateway terminology import") from error
    if found.name != path.stem:
        raise TerminologyError(f"{path} : ce fichier contient {found.name} ; ne pas renommer les fichiers")
    return found
