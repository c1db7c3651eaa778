"""The console script as a user runs it, on a house of its own with a folder for the record."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash import house
from tests.samples import write

GATEWAY = str(Path(sys.executable).with_name("gateway"))


@dataclass(frozen=True)
class Site:
    """A house and the record's folder."""

    folder: Path

    @property
    def config(self) -> Path:
        """Its gateway.toml."""
        return self.folder / "gateway.toml"

    @property
    def record(self) -> list[dict[str, Any]]:
        """What the record was given, oldest name first."""
        return [json.loads(path.read_bytes()) for path in sorted((self.folder / "dpi").glob("*.json"))]

    def gateway(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command; its exit code must be ``code``, and an error is one line."""
        command, *rest = arguments
        verbs = (
            1
            if rest and command in {"quarantine", "queue", "rules", "audit", "patients", "senders", "documents"}
            else 0
        )
        words = [command, *rest[:verbs], "-c", str(self.config), *rest[verbs:]]
        done = subprocess.run([GATEWAY, *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        if code == 1:
            assert done.stderr.startswith("gateway : "), done.stderr
            assert done.stderr.count("\n") == 1, done.stderr
        return done

    def ingest(self, **mails: bytes) -> None:
        """Take mails and work until quiet."""
        paths = write(self.folder / "mails", mails)
        self.gateway("ingest", "--wait", "--timeout", "50", *map(str, paths))

    def work(self) -> None:
        """Work what is due, as a later ``ingest --wait`` would."""
        report = self.folder / "report.eml"
        report.write_bytes(b"From: a@b.mssante.fr\r\nContent-Type: message/disposition-notification\r\n\r\nx\r\n")
        self.gateway("ingest", "--wait", "--timeout", "50", str(report))

    def results(self) -> dict[str, dict[str, Any]]:
        """The lines of ``results``, by source and file name."""
        lines = map(json.loads, self.gateway("results").stdout.splitlines())
        return {f"{line['source']}/{line['filename']}": line for line in lines}

    def waiting(self) -> list[dict[str, Any]]:
        """The worklist."""
        found: list[dict[str, Any]] = json.loads(self.gateway("quarantine", "list", "--json").stdout)
        return found

    def shown(self) -> list[str]:
        """The names in the quarantine folder."""
        folder = self.folder / "quarantine"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def build(folder: Path) -> Site:
    """A site with a folder for its record."""
    house.build(folder, '[dpi]\nkind = "folder"\npath = "dpi"\n')
    (folder / "dpi").mkdir()
    return Site(folder)
