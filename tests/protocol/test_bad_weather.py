"""A disk that is nearly full, full, or failing, under a running daemon: nothing is lost, and it is said.

The ledger and the vault lie on a small file system of their own, mounted here: root is needed, as for Dovecot.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.protocol import dovecot, living
from tests.protocol.dovecot import Dovecot
from tests.protocol.living import Living, mailbox, until
from tests.samples import Samples

MIB = 1 << 20
#: A little more than what the intake wants to be free.
SIZE = 300 * MIB
#: The intake comes again after a minute at most.
RESUMED = 150.0
SENDER = "marc.durand@liberal.exemple.mssante.fr"


@dataclass
class Stage:
    house: Living
    server: Dovecot
    smtp: int
    user: str
    samples: Samples

    @property
    def ballast(self) -> Path:
        """What fills the disk."""
        return self.house.folder / "ballast"

    def fill(self, leave: int) -> None:
        """Leave so many bytes free (0: not one)."""
        free = os.statvfs(self.house.folder)
        with self.ballast.open("wb", buffering=0) as file:
            if leave:
                os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)
                return
            for size in (MIB, 1024):  # the daemon writes at the same time: take what is left until nothing is
                with suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def send(self, mail: bytes) -> None:
        """By SMTP."""
        with smtplib.SMTP("127.0.0.1", self.smtp, "essai", timeout=20) as client:
            client.sendmail(SENDER, [self.user], mail)

    def done(self, documents: int) -> bool:
        lines = self.house.results()
        return len(lines) == documents and not any(map(living.waiting, lines))

    def standing(self) -> str:
        """Where the documents stand, and the last that was said."""
        states = Counter((line["outcome"], line["reason"], line["dpi"]) for line in self.house.results())
        return f"{dict(states)} {(self.house.folder / 'daemon.log').read_text()[-3000:]}"

    def delivered(self) -> list[str]:
        sheets = (self.house.folder / "record").glob("*.json")
        return sorted(json.loads(path.read_bytes())["sha256"] for path in sheets)

    def told(self) -> None:
        """What is said to be in the record is there, once."""
        assert self.delivered() == sorted(line["sha256"] for line in self.house.results() if line["dpi"] == "delivered")


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running() as running:
        yield running


@pytest.fixture
def stage(server: Dovecot, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    folder = tmp_path / "house"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("mounting a file system must be allowed")
    try:
        user = f"{request.node.originalname.removeprefix('test_')}@test.mssante.fr"
        port = dovecot._free_port()
        (folder / "record").mkdir()
        tables: dict[str, dict[str, Any]] = {
            "dpi": {"kind": "folder", "path": "record"},
            "smtp": {"listen": f"127.0.0.1:{port}", "recipients": {user: "bal"}},
        }
        house = living.build(folder, tables, [mailbox(server, user)])
        yield Stage(house, server, port, user, Samples(request.node.nodeid))
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.timeout(300)
def test_a_disk_nearly_full_stops_the_intake_and_no_more(stage: Stage) -> None:
    with stage.house.daemon() as daemon:
        stage.server.deliver(stage.user, stage.samples.new())
        until(lambda: stage.done(2), "the first mail is settled")
        stage.fill(leave=100 * MIB)
        stage.server.deliver(stage.user, stage.samples.letter())
        until(lambda: daemon.events("imap.stopped") != [], "it is said")
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            stage.send(stage.samples.unknown_patient())
        assert 400 <= refused.value.smtp_code < 500
        until(lambda: "disque" in stage.house.call("status", "--json").stdout, "the status says so")
        assert len(stage.server.files(stage.user)) == 1, "the mail stays in the mailbox"
        assert len(stage.house.results()) == 2
        stage.ballast.unlink()
        until(lambda: stage.done(3), "it resumes by itself", RESUMED)
        until(lambda: stage.server.files(stage.user) == [], "the mail is moved")
        stage.told()
        stage.send(stage.samples.unknown_patient())
        until(lambda: stage.done(4), "and by SMTP too")


@pytest.mark.timeout(300)
def test_a_full_disk_under_mails_in_hand(stage: Stage) -> None:
    with stage.house.daemon() as daemon:
        letters = [stage.samples.letter().replace(b"lettre.", b"n%d." % number) for number in range(30)]
        stage.server.deliver(stage.user, *letters)
        until(lambda: len(stage.house.results()) > 3, "some are taken")
        stage.fill(leave=0)
        until(lambda: daemon.events("ledger.failed") != [], "it is said")
        assert daemon.alive
        stage.ballast.unlink()
        until(lambda: stage.done(30), "it resumes by itself", RESUMED, stage.standing)
        until(lambda: stage.server.files(stage.user) == [], "every mail is moved")
        stage.told()
        assert stage.server.count(stage.user, "Traites") == 30
        assert daemon.events("gateway.task-crashed") == []


def test_a_start_on_a_full_disk_says_so_and_later_works(stage: Stage) -> None:
    stage.fill(leave=0)
    done = stage.house.call("run", code=1)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("gateway : ")
    assert "Traceback" not in done.stderr
    stage.ballast.unlink()
    with stage.house.daemon():
        stage.server.deliver(stage.user, stage.samples.new())
        until(lambda: stage.done(2), "the mail is settled")


def test_a_failing_fsync_ends_the_daemon_and_loses_nothing(stage: Stage) -> None:
    command = [sys.executable, "-m", "tests.protocol.failing_disk"]
    daemon = stage.house.start(command=command)
    try:
        daemon.ready()
        letters = [stage.samples.letter().replace(b"lettre.", b"n%d." % number) for number in range(30)]
        stage.server.deliver(stage.user, *letters)
        until(lambda: len(stage.house.results()) > 3, "some are taken")
        daemon.process.send_signal(signal.SIGUSR1)
        assert daemon.process.wait(60) == 1
        last = daemon.log().splitlines()[-1]
        assert last.startswith("gateway : ")
    finally:
        daemon.kill()
    with stage.house.daemon():
        until(lambda: stage.done(30), "nothing is lost")
        until(lambda: stage.server.files(stage.user) == [], "every mail is moved")
    stage.told()
    assert stage.server.count(stage.user, "Traites") == 30
