"""``gateway run`` as people run it: mails in by IMAP and SMTP, documents out to both referees, and an end in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import smtplib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import pki as keys
from tests.pki import Pki
from tests.protocol import dovecot, living, referees
from tests.protocol.dovecot import Dovecot
from tests.protocol.living import Living, mailbox, to_dmp, to_dpi, until
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, Samples, write

USER = "bal@test.mssante.fr"
#: Whatever names a person in the samples: none of it may stand in a log.
IDENTITIES = ("CHAUVELIN", "ZOE", "256089932695080", "19560819", "1956-08-19", "19/08/1956", "LEROUX",
              "158075612345629", "00712345", "marc.durand", "10107507153", "Compte rendu", "Documents",
              "20260603_CR", "lettre.pdf")  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """Both referees, and what is needed to reach them."""

    record: Referee
    dmp: Referee
    pki: Pki

    def tables(self, **more: Any) -> dict[str, Any]:
        return {"dpi": to_dpi(self.record.port), "dmp": to_dmp(self.dmp.base, self.pki), **more}

    def held(self, unique_id: str) -> tuple[int, int]:
        """How often the record and the DMP hold a document."""
        record = [d for d in self.record.documents() if d["document_id"] == unique_id]
        dmp = [d for d in self.dmp.documents() if d["unique_id"] == unique_id and not d["is_signature"]]
        return len(record), len(dmp)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    pki = keys.make(folder / "pki")
    with (
        referees.dpi(folder / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]) as record,
        referees.dmp(folder / "dmp", [REFEREE_ROW], pki) as dmp,
    ):
        yield Stage(record, dmp, pki)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running() as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return f"{request.node.originalname}@test.mssante.fr".replace("test_", "")


@pytest.fixture
def samples(request: pytest.FixtureRequest) -> Samples:
    return Samples(request.node.nodeid)


def outcomes(house: Living) -> list[tuple[str, str | None, str, str]]:
    return [(line["outcome"], line["reason"], line["dpi"], line["dmp"]) for line in house.results()]


def settled(house: Living, documents: int) -> bool:
    lines = house.results()
    return len(lines) == documents and not any(map(living.waiting, lines))


def build(folder: Path, tables: dict[str, Any], *mailboxes: dict[str, Any]) -> Living:
    return living.build(folder / "house", tables, mailboxes)


def test_mails_of_a_mailbox_arrive_in_both_and_are_moved(
    stage: Stage, server: Dovecot, user: str, samples: Samples, tmp_path: Path
) -> None:
    """STARTTLS and a password; a mail above ``max_size`` waits for a person, and stays where he can read it."""
    house = build(tmp_path, stage.tables(), mailbox(server, user, max_size="100kB"))
    server.deliver(user, samples.new(), samples.unknown_patient())
    with house.daemon() as daemon:
        until(lambda: server.count(user, "Traites") == 2, "the mails are moved")
        server.deliver(user, dovecot.mail(1, 300_000), samples.replacement(), samples.letter())
        until(lambda: settled(house, 6), "all is settled")
        assert sorted(outcomes(house), key=str) == [
            ("filed", None, "delivered", "fed"),
            ("filed", None, "delivered", "fed"),
            ("filed", None, "delivered", "fed"),
            ("ignored", "copy", "off", "off"),
            ("quarantined", "patient-unknown", "off", "off"),
            ("quarantined", "too-large", "off", "off"),
        ]
        for name in ("first", "second"):
            assert stage.held(samples.oid(name)) == (1, 1)
        until(lambda: server.count(user, "INBOX") == 0, "nothing is left")
        assert server.count(user, "Traites") == 4
        assert server.count(user, "A verifier") == 1
        until(lambda: len(list((house.folder / "quarantine").iterdir())) == 2, "both entries are shown")
        assert daemon.stop() == 0
        _says_nothing_of_anybody(daemon.log(), samples)
        assert {"gateway.started", "mail.received", "delivery", "gateway.stopping"} <= {
            e["event"] for e in daemon.events()
        }


def _says_nothing_of_anybody(log: str, samples: Samples) -> None:
    assert log
    ids = (samples.oid("first"), samples.oid("second"), samples.oid("third"))
    subjects = [
        raw.split(b"Subject: ", 1)[1].split(b"\r\n", 1)[0].decode() for raw in (samples.new(),) if b"Subject: " in raw
    ]
    for secret in (*IDENTITIES, *ids, *subjects):
        assert secret.lower() not in log.lower(), "the log speaks of somebody"
    assert not re.search(r"\b[12]\d{14}\b", log), "an INS"
    assert "@" not in log, "an address"


def test_a_mailbox_that_knows_us_by_our_certificate(stage: Stage, samples: Samples, tmp_path: Path) -> None:
    """SASL EXTERNAL: the user is the certificate's name."""
    with dovecot.running(external=True) as server:
        name = "gateway client"
        of_server = {"client_cert": server.pki.cert("client"), "client_key": server.pki.key("client")}
        box = mailbox(server, USER, auth="external", user=name, **of_server)
        del box["password_file"]
        house = build(tmp_path, stage.tables(), box)
        server.append(name, samples.new())
        with house.daemon():
            until(lambda: settled(house, 2), "the mail is settled")
            assert stage.held(samples.oid("first")) == (1, 1)
            until(lambda: not server.files(name), "the inbox is empty")


def test_what_is_moved_and_not_yet_read_is_not_taken_again(
    stage: Stage, server: Dovecot, user: str, samples: Samples, tmp_path: Path
) -> None:
    """Killed between the move and the reading; also a mail without Message-ID, which is never known by it."""
    house = build(tmp_path, stage.tables(), mailbox(server, user))
    bare = samples.unknown_patient().replace(b"Message-ID:", b"X-Not:").replace(b"Message-Id:", b"X-Not:")
    server.deliver(user, *(samples.letter().replace(b"lettre.", b"n%d." % n) for n in range(12)), bare)
    first = house.start()
    until(lambda: first.log().count('"mail.received"') >= 13, "the mails are taken")
    first.kill()
    for _ in range(2):
        with house.daemon() as daemon:
            until(lambda: daemon.events("reconcile.mailbox") != [], "the folders are compared")
            until(lambda: settled(house, 13), "all is settled")
    assert [line["source"].rpartition(":")[2] for line in house.results()] == [str(n) for n in range(1, 14)]


def test_two_mailboxes_of_which_one_is_away(
    stage: Stage, server: Dovecot, user: str, samples: Samples, tmp_path: Path
) -> None:
    away = mailbox(server, user, name="absente", port=dovecot._free_port())
    house = build(tmp_path, stage.tables(), mailbox(server, user), away)
    server.deliver(user, samples.new())
    with house.daemon() as daemon:
        until(lambda: settled(house, 2), "the mail is settled")
        until(lambda: any(e["mailbox"] == "absente" for e in daemon.events("imap.lost")), "the other's absence is said")


def test_mails_by_smtp(stage: Stage, samples: Samples, tmp_path: Path) -> None:
    port = dovecot._free_port()
    smtp = {"listen": f"127.0.0.1:{port}", "recipients": {USER: "bal"}, "max_size": "100kB"}
    house = build(tmp_path, stage.tables(smtp=smtp))
    with house.daemon() as daemon:
        with smtplib.SMTP("127.0.0.1", port, "essai.example.fr", timeout=20) as client:
            client.sendmail("marc.durand@liberal.exemple.mssante.fr", [USER], samples.new())
            assert len(house.results()) in (1, 2), "kept before 250 is said"
            with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused, smtplib.SMTPServerDisconnected)):
                client.sendmail("marc.durand@liberal.exemple.mssante.fr", [USER], dovecot.mail(1, 300_000))
        until(lambda: settled(house, 2), "the mail is settled")
        assert stage.held(samples.oid("first")) == (1, 1)
        assert daemon.stop() == 0
        _says_nothing_of_anybody(daemon.log(), samples)


def test_commands_beside_a_running_daemon(stage: Stage, samples: Samples, tmp_path: Path) -> None:
    """They enqueue and wait; the daemon works."""
    house = build(tmp_path, stage.tables())
    paths = write(tmp_path / "mails", {"new": samples.new(), "unknown": samples.unknown_patient()})
    with house.daemon() as daemon:
        house.call("ingest", "--wait", "--timeout", "60", *map(str, paths))
        assert outcomes(house) == [
            ("filed", None, "delivered", "fed"),
            ("ignored", "copy", "off", "off"),
            ("quarantined", "patient-unknown", "off", "off"),
        ]
        done = {(e["destination"], e["outcome"]) for e in daemon.events("delivery")}
        assert done == {("dpi", "done"), ("dmp", "done")}, "the daemon delivered, not the command"
        second = house.call("run", code=1)
        assert second.stderr.count("\n") == 1
        assert "une autre passerelle" in second.stderr
        assert daemon.alive


def test_worklist_and_status_beside_a_running_daemon(stage: Stage, samples: Samples, tmp_path: Path) -> None:
    house = build(tmp_path, stage.tables())
    paths = write(tmp_path / "mails", {"unknown": samples.unknown_patient()})
    with house.daemon():
        house.call("ingest", "--wait", "--timeout", "60", *map(str, paths))
        assert json.loads(house.call("results").stdout)["reason"] == "patient-unknown"
        assert "patient-unknown" in house.call("quarantine", "list", "--json").stdout
        assert house.call("status", "--json").stdout.startswith("{")


@pytest.mark.parametrize("what", ["record", "dmp"])
def test_sigterm_while_a_destination_hangs(
    stage: Stage, server: Dovecot, user: str, samples: Samples, tmp_path: Path, what: str
) -> None:
    """What is in hand is given a moment, then let go; the next life finishes it, once."""
    house = build(tmp_path, stage.tables(), mailbox(server, f"{what}.{user}"))
    hanging = stage.record if what == "record" else stage.dmp
    hanging.arm("hang", seconds=30) if what == "record" else hanging.arm(
        "hang", seconds=30, match={"service": "repository"}
    )
    try:
        with house.daemon() as daemon:
            server.deliver(f"{what}.{user}", samples.new())
            other = 1 if what == "record" else 0
            until(lambda: stage.held(samples.oid("first"))[other] == 1, "the other destination has it")
            began = time.monotonic()
            assert daemon.stop() == 0
            assert time.monotonic() - began < 10
    finally:
        hanging.disarm()
    with house.daemon():
        until(lambda: settled(house, 2), "the next life finishes")
    assert stage.held(samples.oid("first")) == (1, 1)
    assert outcomes(house)[0] == ("filed", None, "delivered", "fed")


@contextmanager
def service_manager(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        listening.settimeout(20)
        yield listening


def test_the_service_manager_hears_of_start_life_and_end(tmp_path: Path) -> None:
    house = build(tmp_path, {})
    with service_manager(tmp_path) as heard:
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        with house.daemon(environment) as daemon:
            assert heard.recv(1000) == b"READY=1"
            assert [heard.recv(1000) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            daemon.process.send_signal(signal.SIGTERM)
            said = b"WATCHDOG=1"
            while said == b"WATCHDOG=1":
                said = heard.recv(1000)
            assert said == b"STOPPING=1"
            assert daemon.process.wait(20) == 0


def test_a_start_that_cannot_be_says_so_in_one_line(stage: Stage, tmp_path: Path) -> None:
    house = build(tmp_path, stage.tables())
    good = house.config.read_text(encoding="utf-8")
    bad = {
        "unknown key": good.replace("[dpi]", "[dpi]\ncouleur = 1"),
        "syntax": good.replace("[dpi]", "[dpi"),
        "missing file": good.replace("auth.pem", "absent.pem"),
        "not a certificate": good.replace("auth.pem", "homologation"),
        "another's key": good.replace("auth.key", "sign.key"),
    }
    for what, text in bad.items():
        house.config.write_text(text, encoding="utf-8")
        done = house.call("run", code=1)
        assert done.stderr.startswith("gateway : "), what
        assert done.stderr.count("\n") == 1, what


def test_a_ledger_without_its_key_does_not_start(tmp_path: Path) -> None:
    house = build(tmp_path, {})
    key = house.folder / "ledger.key"
    aside = key.rename(tmp_path / "aside")
    absent = house.call("run", code=1)
    other = build(tmp_path / "other", {})
    shutil.copy(other.folder / "ledger.key", key)
    different = house.call("run", code=1)
    for done in (absent, different):
        assert done.stderr.startswith("gateway : ")
        assert done.stderr.count("\n") == 1
    assert absent.stderr != different.stderr
    key.unlink()
    aside.rename(key)
    with house.daemon():
        pass


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        smtp = {"listen": f"127.0.0.1:{taken.getsockname()[1]}", "recipients": {USER: "bal"}}
        house = build(tmp_path, {"smtp": smtp})
        done = house.call("run", code=1)
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("{")][-1].startswith("gateway : ")


def test_killed_at_once_and_started_again(
    stage: Stage, server: Dovecot, user: str, samples: Samples, tmp_path: Path
) -> None:
    """No reader survives its daemon, and nothing hinders the next life."""
    house = build(tmp_path, stage.tables(), mailbox(server, user))
    server.deliver(user, samples.new())
    first = house.start()
    first.ready()
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(20)
    until(lambda: not _group(first.process.pid), "its readers end with it")
    with house.daemon():
        until(lambda: settled(house, 2), "the mail is settled")
    assert stage.held(samples.oid("first")) == (1, 1)


def _group(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
