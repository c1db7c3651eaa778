"""What a hostile, broken or merely old server may do to a session."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from pathlib import Path

import pytest

from gateway.intake.imap.errors import (
    CommandRefused,
    ConnectionLost,
    LoginRefused,
    Renumbered,
    TlsRefused,
    Unfetchable,
    Vanished,
)
from gateway.intake.imap.port import Seen
from gateway.intake.imap.protocol import GuardedProtocol
from gateway.intake.imap.session import AioSession, connect
from tests.unit.intake.scripted import Script, scripted, sends

PLAIN = base64.b64encode(b"\0bal@test.mssante.fr\0sesame").decode()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("sesame\r\n")
    return file


async def enter(script: Script, secret: Path, silence: float = 5, **changes: object) -> AioSession:
    settings = script.settings(password_file=secret, token_file=secret, **changes)
    async with asyncio.timeout(10):
        return await connect(settings, None, silence)


async def selected(script: Script, secret: Path, silence: float = 5) -> AioSession:
    session = await enter(script, secret, silence)
    assert await session.select("INBOX") == 7
    return session


# -- login ---------------------------------------------------------------------------------------------------------


async def test_plain_with_an_initial_response(secret: Path) -> None:
    async with scripted() as script:
        (await enter(script, secret)).close()
    assert any(map(sends(f"AUTHENTICATE PLAIN {PLAIN}"), script.heard))


async def test_plain_after_a_challenge(secret: Path) -> None:
    capability = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n"
    async with scripted({"CAPABILITY": capability, "AUTHENTICATE": b"+ \r\n", PLAIN: b"{tag} OK in\r\n"}) as script:
        (await enter(script, secret)).close()
    assert script.heard[2] == PLAIN


async def test_login_quotes_user_and_password(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text('se"sa\\me')
    capability = b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"
    async with scripted({"CAPABILITY": capability}) as script:
        (await enter(script, file, user='b "a" l')).close()
    assert any(map(sends(r'LOGIN "b \"a\" l" "se\"sa\\me"'), script.heard))


async def test_logindisabled_is_honoured(secret: Path) -> None:
    capability = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n{tag} OK done\r\n"
    async with scripted({"CAPABILITY": capability}) as script:
        with pytest.raises(LoginRefused, match="LOGINDISABLED"):
            await enter(script, secret)
    assert not any("LOGIN" in line or "sesame" in line for line in script.heard)


async def test_a_refused_token_answers_the_challenge_and_fails_at_once(secret: Path) -> None:
    capability = b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\n{tag} OK done\r\n"
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        tag = (await reader.readline()).split()[0]
        writer.write(capability.replace(b"{tag}", tag))
        tag, _, _, initial = (await reader.readline()).split()
        heard.append(base64.b64decode(initial))
        writer.write(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")
        heard.append(await reader.readline())
        writer.write(tag + b" NO [AUTHENTICATIONFAILED] no\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    script = Script(b"", {})
    script.port = server.sockets[0].getsockname()[1]
    with pytest.raises(LoginRefused, match="AUTHENTICATIONFAILED"):
        await enter(script, secret, auth="xoauth2")
    server.close()
    assert heard == [b"user=bal@test.mssante.fr\x01auth=Bearer sesame\x01\x01", b"\r\n"]


async def test_external_names_the_user_or_nobody(secret: Path) -> None:
    capability = b"* CAPABILITY IMAP4rev1 AUTH=EXTERNAL SASL-IR\r\n{tag} OK done\r\n"
    async with scripted({"CAPABILITY": capability}) as script:
        (await enter(script, secret, auth="external", user="bal")).close()
        (await enter(script, secret, auth="external")).close()
    assert [line.split(" ", 1)[1] for line in script.heard if "AUTH" in line] == [
        "AUTHENTICATE EXTERNAL YmFs",
        "AUTHENTICATE EXTERNAL =",
    ]


async def test_preauth_needs_no_login(secret: Path) -> None:
    async with scripted(greeting=b"* PREAUTH known\r\n") as script:
        await (await selected(script, secret)).noop()
    assert not any("AUTHENTICATE" in line for line in script.heard)


# -- TLS -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("greeting", "offered"),
    [(b"* OK ready\r\n", b""), (b"* PREAUTH known\r\n", b""), (b"* PREAUTH known\r\n", b" STARTTLS")],
)
async def test_no_starttls_no_mail(secret: Path, greeting: bytes, offered: bytes) -> None:
    capability = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN" + offered + b"\r\n{tag} OK done\r\n"
    async with scripted({"CAPABILITY": capability}, greeting=greeting) as script:
        settings = script.settings(tls="starttls", password_file=secret)
        with pytest.raises(TlsRefused, match="jamais en clair"):
            await connect(settings, ssl.create_default_context(), 5)
    assert [line.split(" ", 1)[1] for line in script.heard] == ["CAPABILITY"]


async def test_tls_without_a_context_is_an_error_not_clear_text(secret: Path) -> None:
    async with scripted() as script:
        with pytest.raises(TlsRefused):
            await connect(script.settings(tls="implicit", password_file=secret), None, 5)
    assert not script.heard


@pytest.mark.parametrize("injected", [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", b"* half a li"])
async def test_bytes_injected_after_starttls_are_refused(secret: Path, injected: bytes) -> None:
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n",
        "STARTTLS": b"{tag} OK go\r\n" + injected,
    }
    async with scripted(answers) as script:
        with pytest.raises(ConnectionLost, match="réponse illisible"):
            await connect(script.settings(tls="starttls", password_file=secret), ssl.create_default_context(), 5)
    assert not any("AUTHENTICATE" in line for line in script.heard)


async def test_bytes_that_come_before_the_handshake_are_refused() -> None:
    protocol = GuardedProtocol()
    protocol.sealed = True
    protocol.data_received(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
    assert protocol.ended == "réponse hors protocole"


# -- answers -------------------------------------------------------------------------------------------------------


async def test_news_between_the_answers_of_a_fetch(secret: Path) -> None:
    fetch = (
        b"* 3 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 5 RFC822.SIZE 12)\r\n* OK hello\r\n"
        b'* 2 FETCH (FLAGS ("(" \\Seen) RFC822.SIZE 9 UID 6)\r\n* 1 EXPUNGE\r\n{tag} OK done\r\n'
    )
    async with scripted({"FETCH": fetch}) as script:
        session = await selected(script, secret)
        assert await session.sizes([5, 6]) == [Seen(5, 12), Seen(6, 9)]
        await session.noop()


async def test_bytes_that_look_like_the_protocol(secret: Path) -> None:
    body = b"A1 OK no\r\n* BYE\r\n)))(((\r\n{300}\r\n"
    fetch = b"* 1 FETCH (UID 5 BODY[] {%d}\r\n%s)\r\n{tag} OK done\r\n" % (len(body), body)
    async with scripted({"FETCH": fetch}) as script:
        session = await selected(script, secret)
        (answer,) = await session.bodies([5], 100)
        assert bytes(answer.body or b"") == body.replace(b"{tag}", b"")
        await session.noop()


@pytest.mark.parametrize(
    ("section", "body"),
    [(b"{0}\r\n", b""), (b'""', b""), (b'"a \\"b\\" (c"', b'a "b" (c'), (b"{3}\r\nabc FLAGS (\\Seen)", b"abc")],
)
async def test_bodies_of_all_forms(secret: Path, section: bytes, body: bytes) -> None:
    fetch = b"* 1 FETCH (UID 5 BODY[]<0> " + section + b")\r\n{tag} OK done\r\n"
    async with scripted({"FETCH": fetch}) as script:
        assert await (await selected(script, secret)).piece(5, 0, 100) == body


@pytest.mark.parametrize(
    ("fetch", "error"),
    [
        (b"{tag} OK done\r\n", Vanished),
        (b"* 1 FETCH (UID 9 BODY[]<0> {1}\r\nx)\r\n{tag} OK done\r\n", Vanished),
        (b"* 1 FETCH (UID 5 BODY[]<0> NIL)\r\n{tag} OK done\r\n", Unfetchable),
        (b"{tag} NO [SERVERBUG] broken\r\n", Unfetchable),
        (b"* 1 FETCH (UID 5 BODY[]<0> {9}\r\n123456789)\r\n{tag} OK done\r\n", Unfetchable),
        (b"* BYE broken\r\n", ConnectionLost),
        (b"* 1 FETCH (UID 5 BODY[]<0> {5000000}\r\n" + b"x" * 3_000_000, ConnectionLost),
        (b"x" * 3_000_000, ConnectionLost),
        (b"* 1 FETCH (UID 5 BODY[]<0> {999999999999}\r\n", ConnectionLost),
        (b"Z9 OK not ours\r\n", ConnectionLost),
        (b"\xff\xfe\r\n* \xff\r\n", ConnectionLost),
    ],
)
async def test_a_piece_that_does_not_come(secret: Path, fetch: bytes, error: type[Exception]) -> None:
    async with scripted({"FETCH": fetch}) as script:
        session = await selected(script, secret, silence=0.3)
        with pytest.raises(error):
            await session.piece(5, 0, 8)
        assert session.alive == (error is not ConnectionLost)


@pytest.mark.parametrize(
    ("fetch", "why"),
    [
        (b"* BYE so long\r\n", "so long"),
        (b"* 1 FETCH (UID 5 BODY[]<0> {5000000}\r\n" + b"x" * 3_000_000, "trop longue"),
        (b"x" * 3_000_000, "trop longue"),
        (b"Z9 OK not ours\r\n", "illisible"),
    ],
)
async def test_what_cannot_go_on_ends_at_once(secret: Path, fetch: bytes, why: str) -> None:
    async with scripted({"FETCH": fetch}) as script:
        session = await selected(script, secret, silence=30)
        with pytest.raises(ConnectionLost, match=why):
            async with asyncio.timeout(10):
                await session.piece(5, 0, 8)


async def test_five_thousand_expunges_in_one_breath(secret: Path) -> None:
    async with scripted({"NOOP": b"* 1 EXPUNGE\r\n" * 5000 + b"{tag} OK done\r\n"}) as script:
        await (await selected(script, secret)).noop()


async def test_fetch_of_400_at_once(secret: Path) -> None:
    lines = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 10)\r\n" % (n, n) for n in range(1, 401))
    async with scripted({"FETCH": lines + b"{tag} OK done\r\n"}) as script:
        assert len(await (await selected(script, secret)).sizes(range(1, 401))) == 400


async def test_silence_ends(secret: Path) -> None:
    async with scripted({"NOOP": b""}) as script:
        session = await selected(script, secret, silence=0.2)
        with pytest.raises(ConnectionLost, match="silence"):
            await session.noop()
        with pytest.raises(ConnectionLost):
            await session.noop()


async def test_a_slow_answer_is_not_silence(secret: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* PREAUTH known\r\n")
        while line := await reader.readline():
            for byte in b"* OK still here\r\n" if b"NOOP" in line else b"":
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
            writer.write(line.split()[0] + b" OK done\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    script = Script(b"", {})
    script.port = server.sockets[0].getsockname()[1]
    session = await enter(script, secret, silence=0.4)
    await session.noop()
    session.close()
    server.close()


@pytest.mark.parametrize("greeting", [b"* BYE busy\r\n", b"220 smtp ready\r\n", b""])
async def test_a_greeting_that_is_none(secret: Path, greeting: bytes) -> None:
    async with scripted(greeting=greeting) as script:
        with pytest.raises(ConnectionLost):
            await enter(script, secret, silence=0.3)


async def test_a_folder_without_uidvalidity_cannot_be_used(secret: Path) -> None:
    async with scripted({"SELECT": b"* 1 EXISTS\r\n{tag} OK done\r\n"}) as script:
        session = await enter(script, secret)
        with pytest.raises(Renumbered):
            await session.select("INBOX")


async def test_a_refusal_carries_its_code_and_keeps_the_connection(secret: Path) -> None:
    async with scripted({"MOVE": b"{tag} NO [TRYCREATE] no such folder\r\n"}) as script:
        session = await selected(script, secret)
        with pytest.raises(CommandRefused) as refused:
            await session.move([1, 2, 3, 7], "Traités")
        assert (refused.value.command, refused.value.response_code) == ("MOVE", "TRYCREATE")
        await session.noop()
    assert any(map(sends('UID MOVE 1:3,7 "Trait&AOk-s"'), script.heard))


async def test_a_line_break_begins_no_other_command(secret: Path) -> None:
    async with scripted() as script:
        session = await selected(script, secret)
        with pytest.raises(CommandRefused):
            await session.search('HEADER Message-ID "<a>"\r\nX1 DELETE INBOX')
        await session.noop()
    assert not any("DELETE" in line for line in script.heard)


async def test_neither_close_nor_plain_expunge_is_ever_said(secret: Path) -> None:
    async with scripted({"EXPUNGE": b"{tag} OK done\r\n", "STORE": b"{tag} OK done\r\n"}) as script:
        session = await selected(script, secret)
        await session.mark_deleted([3])
        await session.expunge([3])
        session.close()
    assert any(map(sends("UID EXPUNGE 3"), script.heard))
    assert not any(map(sends("EXPUNGE"), script.heard))
    assert not any(map(sends("CLOSE"), script.heard))


@pytest.mark.parametrize(
    ("idle", "news"),
    [(b"+ idling\r\n* 4 EXISTS\r\n", True), (b"+ idling\r\n* OK still here\r\n", False), (b"+ idling\r\n", False)],
)
async def test_idle(secret: Path, idle: bytes, news: bool) -> None:
    async with scripted({"IDLE": idle, "DONE": b"{tag} OK done\r\n"}) as script:
        session = await selected(script, secret)
        assert await session.idle(0.3) is news
        assert not session.protocol.announced.is_set(), "the same mail is announced once"
        await session.noop()


async def test_mail_announced_while_idle_ends_is_not_forgotten(secret: Path) -> None:
    async with scripted({"IDLE": b"+ idling\r\n", "DONE": b"* 4 EXISTS\r\n{tag} OK done\r\n"}) as script:
        assert await (await selected(script, secret)).idle(0.1) is True


@pytest.mark.parametrize(
    ("idle", "error"),
    [(b"+ idling\r\n* BYE\r\n", ConnectionLost), (b"", ConnectionLost), (b"{tag} NO busy\r\n", CommandRefused)],
)
async def test_idle_that_fails(secret: Path, idle: bytes, error: type[Exception]) -> None:
    async with scripted({"IDLE": idle, "DONE": b""}) as script:
        session = await selected(script, secret, silence=0.3)
        with pytest.raises(error):
            await session.idle(0.2)


async def test_nothing_of_a_mail_reaches_the_log(secret: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fetch = b"* 1 FETCH (UID 5 BODY[] {6}\r\nDUPONT)\r\nDUPONT\r\n* 9 DUPONT\r\n{tag} OK done\r\nZ1 OK DUPONT\r\n"
    async with scripted({"FETCH": fetch}) as script:
        session = await selected(script, secret)
        await session.bodies([5], 10)
        with pytest.raises(ConnectionLost):
            await session.noop()
    assert "DUPONT" not in caplog.text
    assert "sesame" not in caplog.text
