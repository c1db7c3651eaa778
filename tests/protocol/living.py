"""The gateway as people run it: its console script, its gateway.toml, its daemon as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.flow import index
from gateway.ledger import patients as people
from gateway.ledger.views import results
from gateway.model.ports import Silent
from tests.pki import Pki
from tests.protocol.dovecot import Dovecot
from tests.samples import HOUSE, IPP_OID, SENDER, ZOE

SCRIPT = Path(sys.executable).with_name("gateway")
PATIENCE = 60.0
_OF_TWO_WORDS = ("patients", "senders", "quarantine", "queue", "rules", "audit", "terminology", "documents")

Tables = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Living:
    """A folder with a gateway.toml, and the commands on it."""

    folder: Path

    @property
    def config(self) -> Path:
        """Its gateway.toml."""
        return self.folder / "gateway.toml"

    def call(self, *words: str, code: int | None = 0, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """One command, ``-c`` added after its words; fails on another exit code than ``code`` (None: any)."""
        command = [str(SCRIPT), *self._arguments(words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        assert code is None or done.returncode == code, (words, done.returncode, done.stderr[-2000:])
        return done

    def results(self) -> list[dict[str, Any]]:
        """What ``gateway results`` would say, without the cost of a process."""
        ledger, _ = open_ledger(load(self.config), Silent())
        try:
            return [msgspec.to_builtins(line) for line in ledger.look(lambda c: list(results(c)))]
        finally:
            ledger.close()

    def start(self, environment: Mapping[str, str] | None = None, command: Sequence[str] = (str(SCRIPT),)) -> Daemon:
        """``gateway run``, in a process group of its own; not yet ready."""
        log = self.folder / "daemon.log"
        with log.open("ab") as errors:
            begins = errors.tell()
            process = subprocess.Popen(
                [*command, *self._arguments(("run",))],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        return Daemon(process, log, begins)

    @contextmanager
    def daemon(self, environment: Mapping[str, str] | None = None) -> Iterator[Daemon]:
        """A daemon at work for the length of the block; at the end it must stop as it should."""
        daemon = self.start(environment)
        try:
            daemon.ready()
            yield daemon
            if daemon.alive:
                assert daemon.stop() == 0, daemon.log()[-2000:]
        finally:
            daemon.kill()

    def _arguments(self, words: Sequence[str]) -> list[str]:
        verbs = 2 if words[0] in _OF_TWO_WORDS else 1
        return [*words[:verbs], "-c", str(self.config), *words[verbs:]]


@dataclass(frozen=True)
class Daemon:
    """A running ``gateway run``. ``begins``: where its lines begin in the file of all lives' logs."""

    process: subprocess.Popen[bytes]
    file: Path
    begins: int

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def log(self) -> str:
        """What it wrote on stderr."""
        return self.file.read_bytes()[self.begins :].decode()

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Its log's lines; those of one event when named."""
        lines = list(_whole(self.log().splitlines()))
        return [line for line in lines if not name or line["event"] == name]

    def ready(self) -> None:
        """Wait until it says that it has started."""
        until(lambda: not self.alive or '"gateway.started"' in self.log(), "the daemon starts")
        assert self.alive, f"the daemon does not start: {self.log()[-2000:]}"

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM, to the daemon alone as a service manager does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL to the whole group: the daemon, its readers and their server."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


def build(folder: Path, tables: Tables, mailboxes: Iterable[Mapping[str, Any]] = ()) -> Living:
    """Write a gateway.toml; ``tables`` are added to, or change, those that every test shares."""
    folder.mkdir(parents=True, exist_ok=True)
    shared: dict[str, dict[str, Any]] = {
        "establishment": {
            "name": HOUSE.name,
            "structure_id": HOUSE.structure_id,
            "sector": HOUSE.sector,
            "oid_root": HOUSE.oid_root,
            "ipp_oid": IPP_OID,
        },
        "matching": {"without_ins": "file-and-feed", "parent_wait": "0s"},
        "retry": {"first": "0.2s", "max": "1s"},
    }
    for name, table in tables.items():
        shared[name] = {**shared.get(name, {}), **table}
    text = "".join(f"[{name}]\n{_keys(table)}" for name, table in shared.items())
    text += "".join(f"[[mailbox]]\n{_keys(box)}" for box in mailboxes)
    living = Living(folder)
    living.config.write_text(text, encoding="utf-8")
    ledger, _ = open_ledger(load(living.config), Silent())
    ledger.submit("import", lambda c: index.put_all(c, [ZOE], 4e9)).result()
    ledger.submit("import", lambda c: people.put_senders(c, [SENDER], 4e9)).result()
    ledger.close()
    return living


def to_dpi(port: int, **more: Any) -> dict[str, Any]:
    """The record's table, by MLLP."""
    return {"kind": "mllp", "url": f"mllp://127.0.0.1:{port}", "timeout": "20s", **more}


def to_dmp(base: str, pki: Pki, **more: Any) -> dict[str, Any]:
    """The DMP's table, with the certificates of ``pki``."""
    homologation = pki.folder / "homologation"
    homologation.write_text("TEST-000000\n")
    keys = {f"{name}_{what}": getattr(pki, what)(name) for name in ("auth", "sign") for what in ("cert", "key")}
    return {
        "enabled": True,
        "base_url": base,
        **keys,
        "ca": pki.ca,
        "lps_name": "Passerelle",
        "lps_version": "1.0",
        "lps_homologation_file": homologation,
        "responsible": {"id": "810100901111", "name": "VAUQUELIN ARMAND", "role": "10", "specialty": "SM26"},
        "uncertain_type": "feed",
        "unknown_wait": "0.5s",
        "timeout": "20s",
        **more,
    }


def mailbox(server: Dovecot, address: str, **changes: Any) -> dict[str, Any]:
    """A mailbox's table, with the password unless told otherwise."""
    settings = server.mailbox(address)
    assert settings.password_file is not None
    settings.password_file.chmod(0o600)
    return {
        "name": "bal",
        "address": address,
        "user": address,
        "host": "localhost",
        "port": server.imap,
        "password_file": settings.password_file,
        "ca": settings.ca,
        "poll": "1s",
        **changes,
    }


def waiting(line: Mapping[str, Any]) -> bool:
    """Whether a line of results will still change without anybody's help."""
    return line["outcome"] == "pending" or bool({"waiting", "unknown"} & {line["dpi"], line["dmp"]})


def free_port() -> int:
    """A port of the loopback that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def until(
    holds: Callable[[], bool], what: str, seconds: float = PATIENCE, standing: Callable[[], str] = lambda: ""
) -> None:
    """Wait for something that must happen; ``standing`` tells how things are when it did not."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, f"in vain: {what} {standing()}"
        time.sleep(0.1)


def _keys(table: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in table.items())


def _toml(value: Any) -> str:
    match value:
        case Path():
            return json.dumps(str(value))
        case dict():
            return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(item)}" for name, item in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _whole(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The lines of a log, each of which must be JSON; one being written, or that a full disk cut, is left out."""
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            assert line.startswith('{"time": '), "a line of the log is no JSON"
