"""Files that are whole or absent, and the table of patients that both stand-ins read."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,119}\Z")


class TableError(Exception):
    """The table of patients cannot be used; one French line."""


@dataclass(frozen=True, slots=True)
class Known:
    """One patient. ``dmp_state``: active, closed or none; ``closed_on`` (YYYYMMDD) and ``closed_why`` when closed."""

    ipp: str
    ins: str
    dmp_state: str
    closed_on: str = ""
    closed_why: str = ""


@dataclass(frozen=True, slots=True)
class Patients:
    """Who is known. Without a table everybody is, with an active DMP."""

    rows: tuple[Known, ...] | None = None

    def find(self, *numbers: str) -> Known | None:
        """The patient whose IPP or INS is among ``numbers``."""
        if self.rows is None:
            return Known(numbers[0], numbers[-1], "active") if numbers else None
        return next((row for row in self.rows if {row.ipp, row.ins} & {n for n in numbers if n}), None)


def read_patients(path: Path | None) -> Patients:
    """The CSV with the columns ``ipp``, ``ins``, ``dmp_state`` and, when wanted, ``closed_on``, ``closed_why``; others
    are ignored. Raises TableError.
    """
    if path is None:
        return Patients()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = tuple(_known(line) for line in csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path.name} : fichier illisible ({type(error).__name__})") from error
    return Patients(rows)


def _known(line: dict[str, str]) -> Known:
    missing = [name for name in ("ipp", "ins", "dmp_state") if line.get(name) is None]
    if missing:
        raise TableError(f"table des patients : il manque la colonne {missing[0]}")
    if line["dmp_state"] not in ("active", "closed", "none"):
        raise TableError("table des patients : dmp_state vaut active, closed ou none")
    closed = (line.get("closed_on") or "", line.get("closed_why") or "")
    return Known(line["ipp"].strip(), line["ins"].strip(), line["dmp_state"], *closed)


def keep(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, and stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def name_for(identifier: str) -> str:
    """A file name for an identifier from outside: itself when it is harmless, else its digest."""
    if _PLAIN.match(identifier):
        return identifier
    return hashlib.sha256(identifier.encode()).hexdigest()[:32]
