"""The referees as processes of their own, on free ports of the loopback.

``with dmp(folder, rows, pki) as referee`` starts the DMP with mutual TLS, ``with dpi(folder, rows) as referee`` the
patient record. ``rows`` are patients, dicts with the columns of the referees' CSV. Each yields what a test needs:
where to connect, the journal, the faults to arm.
"""

from __future__ import annotations

import csv
import json
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import outside
from tests.pki import STRUCTURE, Pki

COLUMNS = ("ipp", "ins", "oid", "birth_name", "first_names", "birth_date", "sex", "birth_place", "dmp_state")


@dataclass(frozen=True)
class Referee:
    """A running referee. ``admin`` is the root of its admin interface."""

    port: int
    admin: str
    base: str = ""
    tls: ssl.SSLContext | None = None

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """The messages judged so far."""
        return _entries(self._call("GET", f"/_referee/journal?since={since}"))

    def documents(self) -> list[dict[str, Any]]:
        """What the registry, or the record, holds."""
        return _entries(self._call("GET", "/_referee/documents"))

    def arm(self, kind: str, **parameters: Any) -> None:
        """Arm a fault (README of the referees, Admin interface)."""
        self._call("POST", "/_referee/faults", {"kind": kind, **parameters})

    def disarm(self) -> None:
        """Disarm every fault."""
        self._call("DELETE", "/_referee/faults")

    def set_dmp_state(self, ins: str, state: str) -> None:
        """Make a patient's DMP active, closed or none."""
        self._call("POST", "/_referee/patients", {"ins": ins, "dmp_state": state})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.admin + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.tls) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def dmp(
    folder: Path,
    patients: Iterable[Mapping[str, str]],
    pki: Pki,
    options: Sequence[str] = (),
    structure: str = STRUCTURE,
) -> Iterator[Referee]:
    """The DMP referee, strict, with mutual TLS."""
    arguments = [
        *("--tls", "--cert", str(pki.cert("server")), "--key", str(pki.key("server"))),
        *("--client-ca", str(pki.ca), "--structure", structure, *options),
    ]
    with _started("dmp_referee", folder, patients, arguments) as ready:
        root = f"https://127.0.0.1:{ready['port']}"
        yield Referee(ready["port"], root, ready["base"], pki.client_context())


@contextmanager
def dpi(folder: Path, patients: Iterable[Mapping[str, str]], options: Sequence[str] = ()) -> Iterator[Referee]:
    """The patient record's referee, strict, on plain MLLP."""
    with _started("dpi_referee", folder, patients, options) as ready:
        yield Referee(ready["port"], ready["admin"])


@contextmanager
def _started(
    module: str, folder: Path, patients: Iterable[Mapping[str, str]], options: Sequence[str]
) -> Iterator[dict[str, Any]]:
    home = outside.referee()
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / "patients.csv"
    _write_patients(known, patients)
    command = [sys.executable, "-m", module, "--state", str(folder / "state"), "--patients", str(known), *options]
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    with (folder / "stderr.txt").open("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=home)
        try:
            yield _ready(process, folder / "stderr.txt")
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _ready(process: subprocess.Popen[str], errors: Path) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the referee did not start: {errors.read_text()[-2000:]}"
    ready: dict[str, Any] = json.loads(line)
    return ready


def _write_patients(path: Path, patients: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({"dmp_state": "active", **row} for row in patients)


def _entries(answer: Any) -> list[dict[str, Any]]:
    """The list of an answer, bare or as the only value of an object."""
    found: list[dict[str, Any]] = answer if isinstance(answer, list) else next(iter(answer.values()))
    return found
