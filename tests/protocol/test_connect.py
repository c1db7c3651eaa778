"""``check --connect`` against real servers, closed ports, silent ones and certificates of nobody's authority."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult

from gateway.app import connect
from gateway.app.lock import WorkerLock
from gateway.identity.ins import key_is_right
from gateway.model.settings import Ack, Dmp, Dpi, Ledger, Mailbox, Patients, Settings, Smtp, Submission
from tests import pki
from tests.protocol import dovecot, feeding, referees
from tests.protocol.fhir_server import fhir_server, page


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make(tmp_path_factory.mktemp("strangers"))


@pytest.fixture(scope="module")
def server() -> Iterator[dovecot.Dovecot]:
    with dovecot.running() as running:
        yield running


async def said(**tables: Any) -> list[tuple[str, str]]:
    """What is found, without the clock's line of a gateway that has no DMP."""
    return [line for line in await connect.check(settings(**tables)) if not line[1].startswith("heure :")]


def settings(**tables: Any) -> Settings:
    return Settings(establishment=feeding.ESTABLISHMENT, **tables)


async def only(**tables: Any) -> tuple[str, str]:
    lines = await said(**tables)
    assert len(lines) == 1, lines
    assert "\n" not in lines[0][1]
    return lines[0]


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Mailboxes


async def test_a_mailbox_is_entered_and_left_as_it_was(server: dovecot.Dovecot) -> None:
    server.deliver("entered", dovecot.mail(1), dovecot.mail(2))
    lines = await said(mailbox=(server.mailbox("entered"),))
    assert [level for level, _ in lines] == ["ok", "note", "note"]
    assert "2 message(s)" in lines[0][1]
    assert "Traites" in lines[1][1]
    assert "A verifier" in lines[2][1]
    assert server.count("entered", "Traites") == 0
    assert server.count("entered", "INBOX", "UNSEEN") == 2


async def test_folders_that_exist_need_no_word(server: dovecot.Dovecot) -> None:
    with server.client("folders") as client:
        client.create("Traites")
        client.create('"A verifier"')
    assert [level for level, _ in await said(mailbox=(server.mailbox("folders"),))] == ["ok"]


async def test_a_wrong_password_is_said(server: dovecot.Dovecot, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("ouvre-toi")
    level, text = await only(mailbox=(server.mailbox("entered", password_file=wrong),))
    assert level == "error"
    assert "refuse l'identification" in text
    assert "ouvre-toi" not in text


async def test_a_mailbox_of_another_authority_is_not_entered(server: dovecot.Dovecot, strangers: pki.Pki) -> None:
    level, text = await only(mailbox=(server.mailbox("entered", ca=strangers.ca),))
    assert level == "error"
    assert "certificat du serveur IMAP" in text


async def test_one_mailbox_that_is_away_does_not_hide_the_others(server: dovecot.Dovecot) -> None:
    away = Mailbox(name="away", address="a@x.fr", host="127.0.0.1", port=a_free_port(), tls="none", auth="password")
    lines = await said(mailbox=(away, server.mailbox("beside")))
    assert lines[0][0] == "error"
    assert '[[mailbox]] "away"' in lines[0][1]
    assert lines[1][0] == "ok"


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "PATIENCE", 0.5)
    async with silent() as port:
        box = Mailbox(name="mute", address="a@x.fr", host="127.0.0.1", port=port, tls="none", auth="password")
        level, text = await only(mailbox=(box,))
    assert level == "error"
    assert "mute" in text


# Inlets


async def test_a_free_address_and_a_taken_one(tmp_path: Path) -> None:
    ledger = Ledger(url=f"sqlite:///{tmp_path / 'gateway.db'}")
    listen = f"127.0.0.1:{a_free_port()}"
    smtp = Smtp(listen=listen, recipients={"a@x.fr": "a"})
    assert (await only(smtp=smtp, ledger=ledger))[0] == "ok"
    async with silent() as taken:
        patients = Patients(adt_listen=f"127.0.0.1:{taken}")
        level, text = await only(patients=patients, ledger=ledger)
        assert level == "error"
        assert "[patients] adt_listen" in text
        with WorkerLock(tmp_path / "gateway.db") as lock:
            assert lock.take()
            assert (await only(patients=patients, ledger=ledger))[0] == "ok"


# Receipts


@pytest.mark.parametrize(("password", "level"), [("sesame", "ok"), ("autre", "error")])
async def test_the_submission_server_is_joined_and_sent_nothing(
    keys: pki.Pki, tmp_path: Path, password: str, level: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{password}\n")
    secret.chmod(0o600)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(keys.cert("server"), keys.key("server"))
    port = a_free_port()
    mails = Sink()
    controller = Controller(
        mails,
        hostname="127.0.0.1",
        port=port,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=lambda *given: AuthResult(success=given[-1].password == b"sesame"),
    )
    controller.start()
    try:
        table = Submission(host="localhost", port=port, user="accueil", password_file=secret, ca=keys.ca)
        found = await only(submission=table)
    finally:
        controller.stop()
    assert found[0] == level
    assert password not in found[1]


async def test_a_submission_server_of_another_authority(keys: pki.Pki, strangers: pki.Pki) -> None:
    async with greeting(keys, b"220 smtp\r\n") as port:
        table = Submission(host="localhost", port=port, tls="implicit", auth="none", ca=strangers.ca)
        level, text = await only(submission=table)
    assert level == "error"
    assert "certificat du serveur est refusé" in text


# The record


async def test_the_record_is_joined_and_hears_nothing() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    record = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = record.sockets[0].getsockname()[1]
    async with record:
        assert (await only(dpi=Dpi(kind="mllp", url=f"mllp://127.0.0.1:{port}")))[0] == "ok"
        assert (await only(ack=Ack(url=f"mllp://127.0.0.1:{port}")))[0] == "ok"
        await asyncio.sleep(0)
    assert b"".join(heard) == b""


async def test_a_record_that_is_closed_or_hangs_up() -> None:
    level, text = await only(dpi=Dpi(kind="mllp", url=f"mllp://127.0.0.1:{a_free_port()}"))
    assert (level, "personne n'écoute" in text) == ("error", True)
    rude = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with rude:
        url = f"mllp://127.0.0.1:{rude.sockets[0].getsockname()[1]}"
        level, text = await only(dpi=Dpi(kind="mllp", url=url))
    assert (level, "coupée aussitôt" in text) == ("error", True)


async def test_a_record_that_wants_a_certificate_we_do_not_have(keys: pki.Pki) -> None:
    async with greeting(keys, b"", client_ca=keys.ca) as port:
        url = f"mllps://localhost:{port}"
        assert (await only(dpi=Dpi(kind="mllp", url=url, ca=keys.ca)))[0] == "error"
        ours = Dpi(kind="mllp", url=url, ca=keys.ca, client_cert=keys.cert("client"), client_key=keys.key("client"))
        assert (await only(dpi=ours))[0] == "ok"


async def test_a_fhir_record_tells_what_it_can_do(keys: pki.Pki) -> None:
    with fhir_server() as record:
        dpi = Dpi(kind="fhir", url=record.base)
        level, text = await only(dpi=dpi)
        assert (level, text.partition(" : ")[2]) == ("ok", "connexion acceptée par Dossier d'essai, FHIR 4.0.1")
        record.conditional = record.patchable = False
        assert [level for level, _ in await said(dpi=dpi)] == ["ok", "warning", "warning"]
        assert {verb for verb, *_ in record.journal} == {"GET"}
        record.arm("GET", page(200))
        assert (await only(dpi=dpi))[1].endswith("vérifier dpi.url.")
        record.arm("GET", (200, {"Content-Type": "application/json"}, b'{"resourceType":"Bundle"}'))
        assert (await only(dpi=dpi))[0] == "error"
        record.token = "jeton"
        assert "n'autorise pas" in (await only(dpi=dpi))[1]
    assert "personne n'écoute" in (await only(dpi=dpi))[1]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(keys.cert("server"), keys.key("server"))
    with fhir_server(tls) as record:
        assert (await only(dpi=Dpi(kind="fhir", url=record.base, ca=keys.ca)))[0] == "ok"
        assert "le certificat du serveur est refusé" in (await only(dpi=Dpi(kind="fhir", url=record.base)))[1]


# The DMP


def dmp(base: str, keys: pki.Pki, folder: Path, **changes: Any) -> Dmp:
    homologation = folder / "homologation"
    homologation.write_text("ESSAI-0001\n")
    values: dict[str, Any] = {
        "enabled": True,
        "base_url": base,
        "lps_name": "Passerelle d'essai",
        "lps_version": "0.1",
        "lps_homologation_file": homologation,
        "responsible": feeding.RESPONSIBLE,
        "auth_cert": keys.cert("auth"),
        "auth_key": keys.key("auth"),
        "sign_cert": keys.cert("sign"),
        "sign_key": keys.key("sign"),
        "ca": keys.ca,
    }
    return Dmp(**(values | changes))


async def test_the_dmp_is_asked_for_nobody(keys: pki.Pki, tmp_path: Path) -> None:
    with referees.dmp(tmp_path / "referee", [], keys) as referee:
        lines = await said(dmp=dmp(referee.base, keys, tmp_path))
        judged = referee.journal()
    assert [level for level, _ in lines] == ["ok", "ok", "ok"], lines
    assert "INS fictif" in lines[2][1]
    assert [entry["transaction"] for entry in judged if entry["transaction"].startswith("TD")] == ["TD0.2"]
    assert all(entry["violations"] == [] for entry in judged if entry["transaction"] == "TD0.2")


async def test_in_production_nobody_is_asked_for(keys: pki.Pki, tmp_path: Path) -> None:
    with referees.dmp(tmp_path / "referee", [], keys) as referee:
        tables = settings(dmp=dmp(referee.base, keys, tmp_path))
        real = type(tables.establishment)
        ours = real(**{**{key: getattr(tables.establishment, key) for key in real.__struct_fields__}, "test": False})
        lines = await connect.check(Settings(establishment=ours, dmp=tables.dmp))
        assert not any(entry["transaction"] == "TD0.2" for entry in referee.journal())
    assert [level for level, _ in lines] == ["ok", "ok"]


async def test_a_dmp_that_refuses_our_certificate(keys: pki.Pki, strangers: pki.Pki, tmp_path: Path) -> None:
    wrong = {"auth_cert": strangers.cert("auth"), "auth_key": strangers.key("auth")}
    with referees.dmp(tmp_path / "referee", [], keys) as referee:
        lines = await said(dmp=dmp(referee.base, keys, tmp_path, **wrong))
    assert {level for level, _ in lines} == {"error"}, lines


async def test_a_dmp_of_another_authority(keys: pki.Pki, strangers: pki.Pki, tmp_path: Path) -> None:
    with referees.dmp(tmp_path / "referee", [], keys) as referee:
        lines = await said(dmp=dmp(referee.base, keys, tmp_path, ca=strangers.ca))
    assert {level for level, _ in lines} == {"error"}
    assert "certificat du serveur est refusé" in lines[0][1]


@pytest.mark.parametrize(("late", "level"), [(0, "ok"), (-29, "ok"), (90, "warning"), (-90, "warning")])
async def test_the_clock_is_compared(keys: pki.Pki, tmp_path: Path, late: int, level: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=late), usegmt=True)
    answer = f"HTTP/1.1 405 No\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    async with greeting(keys, answer, client_ca=keys.ca, first=1) as port:
        lines = await said(dmp=dmp(f"https://localhost:{port}/services", keys, tmp_path))
    assert lines[0][0] == "ok"
    assert lines[1][0] == level
    assert lines[2][0] == "error"  # this one does not know TD0.2


async def test_a_clock_that_nothing_tells_is_said() -> None:
    lines = await connect.check(settings())
    assert [level for level, _ in lines] == ["note"]
    assert "heure" in lines[0][1]


def test_nobody_is_a_well_formed_nobody() -> None:
    assert key_is_right(connect._NOBODY.number)


# Servers


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """Accepts, and says nothing."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@asynccontextmanager
async def greeting(keys: pki.Pki, words: bytes, *, client_ca: Path | None = None, first: int = 0) -> AsyncIterator[int]:
    """TLS; says ``words``, after ``first`` bytes were heard."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(keys.cert("server"), keys.key("server"))
    if client_ca is not None:
        tls.load_verify_locations(client_ca)
        tls.verify_mode = ssl.CERT_REQUIRED

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if first:
            await reader.read(65536)
        writer.write(words)
        if first:
            writer.close()
        else:
            await reader.read()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
