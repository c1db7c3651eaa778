"""The SMTP inlet over loopback: real clients, raw sockets, certificates, and takers that fail."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gateway.intake.errors import IntakeStopped
from gateway.intake.smtp import Delivered, Inlet
from gateway.intake.smtp.admission import Admission
from gateway.intake.smtp.content import Content
from gateway.intake.smtp.desk import Limits
from gateway.model.settings import Size, Smtp
from gateway.operate.logs import FACTS
from gateway.trust import credential
from gateway.trust.context import server_context
from tests import pki
from tests.pki import Pki
from tests.protocol.keeper import Watching, until

T = TypeVar("T")
BOX, OTHER = "accueil@clinique.example.mssante.fr", "imagerie@clinique.example.mssante.fr"
SENDER = "cabinet@ville.example.mssante.fr"
RECIPIENTS = {BOX: "accueil", OTHER: "imagerie", "secretariat@clinique.example.mssante.fr": "accueil"}
MAIL = b"From: cabinet@ville.example.mssante.fr\r\nSubject: essai\r\n\r\nBonjour,\r\n.. deux points\r\n.\xe9\r\n"
STUFFED = MAIL.replace(b"\r\n.", b"\r\n..")


@dataclass
class Keeper:
    """A taker: keeps in memory; ``fails`` is raised instead, ``after`` so many mails; ``gate`` makes it wait."""

    fails: Exception | None = None
    after: int = 0
    gate: asyncio.Event | None = None
    journal: list[str] = field(default_factory=list)
    mails: list[tuple[Delivered, bytes]] = field(default_factory=list)
    begun: int = 0

    async def take(self, mail: Delivered, chunks: AsyncIterator[bytes]) -> None:
        self.begun += 1
        data = b"".join([chunk async for chunk in chunks])
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None and len(self.mails) >= self.after:
            raise self.fails
        self.mails.append((mail, data))
        self.journal.append("take")


@dataclass
class Running:
    inlet: Inlet
    port: int
    keeper: Keeper
    observer: Watching


@asynccontextmanager
async def inlet(
    keeper: Keeper | None = None, tls: ssl.SSLContext | None = None, limits: Limits | None = None, **changes: Any
) -> AsyncIterator[Running]:
    keeper = keeper or Keeper()
    observer = Watching(keeper.journal)
    values = {"listen": "127.0.0.1:0", "hostname": "mx.example.fr", "recipients": RECIPIENTS, **changes}
    running = Inlet(Smtp(**values), tls, keeper, observer, limits=limits)
    try:
        yield Running(running, await running.start(), keeper, observer)
    finally:
        if keeper.gate is not None:
            keeper.gate.set()
        await running.close()


async def client(port: int, talk: Callable[[smtplib.SMTP], T]) -> T:
    """Talk with smtplib, in a thread."""

    def work() -> T:
        with smtplib.SMTP("127.0.0.1", port, "essai.example.fr", timeout=20) as smtp:
            return talk(smtp)

    return await asyncio.to_thread(work)


class Raw:
    """A raw conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> str:
        self.writer.write(data)
        await self.writer.drain()
        return await self.answer()

    async def answer(self) -> str:
        """One reply, its lines joined; empty when the peer has closed."""
        lines = []
        while line := (await self.reader.readline()).decode():
            lines.append(line.rstrip())
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    async def begin(self, *recipients: str, options: str = "") -> None:
        assert (await self.say(b"EHLO essai\r\n")).startswith("250")
        assert (await self.say(f"MAIL FROM:<{SENDER}>{options}\r\n".encode())).startswith("250")
        for recipient in recipients or (BOX,):
            assert (await self.say(f"RCPT TO:<{recipient}>\r\n".encode())).startswith("250")

    async def data(self, *recipients: str, options: str = "") -> None:
        await self.begin(*recipients, options=options)
        assert (await self.say(b"DATA\r\n")).startswith("354")


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    talk = Raw(reader, writer)
    try:
        assert await talk.answer() == "220 mx.example.fr ESMTP"
        yield talk
    finally:
        writer.close()


async def test_a_mail_is_kept_as_received_then_acknowledged() -> None:
    async with inlet() as at:
        refused = await client(at.port, lambda smtp: smtp.sendmail(SENDER, [BOX.upper()], MAIL))
        assert refused == {}
        ((mail, data),) = at.keeper.mails
        assert data == MAIL
        assert (mail.mailbox, mail.sender, mail.recipients) == ("accueil", SENDER, (BOX.upper(),))
        assert (mail.peer, mail.tls_identity) == ("127.0.0.1", "")
        assert len(mail.transaction) == 32
        assert at.keeper.journal == ["take", "smtp.reply"]


async def test_several_mailboxes_have_one_arrival_each() -> None:
    three = [BOX, OTHER, "Secretariat@clinique.example.mssante.fr", BOX]
    async with inlet() as at:
        await client(at.port, lambda smtp: smtp.sendmail("", three, MAIL))
        first, second = (mail for mail, _ in at.keeper.mails)
        assert (first.mailbox, first.recipients) == ("accueil", (BOX, three[2]))
        assert (second.mailbox, second.recipients) == ("imagerie", (OTHER,))
        assert first.transaction == second.transaction
        assert first.sender == ""
        assert {data for _, data in at.keeper.mails} == {MAIL}
        await client(at.port, lambda smtp: smtp.sendmail("", [BOX], MAIL))
        assert at.keeper.mails[2][0].transaction != first.transaction


async def test_an_unknown_recipient_is_refused_and_the_known_one_served() -> None:
    async with inlet() as at:
        refused = await client(
            at.port, lambda smtp: smtp.sendmail(SENDER, ["x@clinique.example.mssante.fr", BOX], MAIL)
        )
        assert {code for code, _ in refused.values()} == {550}
        assert [mail.recipients for mail, _ in at.keeper.mails] == [(BOX,)]
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await client(at.port, lambda smtp: smtp.sendmail(SENDER, ["x@clinique.example.mssante.fr"], MAIL))


async def test_what_is_announced_and_what_is_not_told() -> None:
    async with inlet(max_size=Size(5000)) as at, raw(at.port) as talk:
        told = await talk.say(b"EHLO essai\r\n")
        assert told == "250-mx.example.fr\n250-SIZE 5000\n250-8BITMIME\n250-SMTPUTF8\n250 PIPELINING"
        known, unknown = await talk.say(f"VRFY {BOX}\r\n".encode()), await talk.say(b"VRFY nobody@example.fr\r\n")
        assert known == unknown == "252 2.5.2 Cannot verify"
        assert (await talk.say(b"EXPN staff\r\n")).startswith("502")
        assert (await talk.say(b"AUTH PLAIN AGEAYg==\r\n")).startswith("502")
        assert (await talk.say(b"HELP\r\n")).startswith("214")
        assert (await talk.say(b"STARTTLS\r\n")).startswith("454")


async def test_the_order_of_commands() -> None:
    async with inlet() as at, raw(at.port) as talk:
        assert (await talk.say(f"MAIL FROM:<{SENDER}>\r\n".encode())).startswith("503")
        assert (await talk.say(b"DATA\r\n")).startswith("503")
        await talk.begin()
        assert (await talk.say(b"RSET\r\n")).startswith("250")
        assert (await talk.say(b"DATA\r\n")).startswith("503")
        assert (await talk.say(b"QUIT\r\n")).startswith("221")
        assert await talk.answer() == ""
        assert at.keeper.mails == []


async def test_utf8_addresses_need_smtputf8() -> None:
    accented = "prénom@clinique.example.mssante.fr"
    async with inlet(recipients={accented: "accueil"}) as at, raw(at.port) as talk:
        await talk.say(b"EHLO essai\r\n")
        assert (await talk.say("MAIL FROM:<é@example.fr>\r\n".encode())).startswith("553")
        assert (await talk.say(b"MAIL FROM:<\xe9@example.fr> SMTPUTF8\r\n")).startswith("553")
        assert (await talk.say("MAIL FROM:<é@example.fr> SMTPUTF8 BODY=8BITMIME\r\n".encode())).startswith("250")
        assert (await talk.say(f"RCPT TO:<{accented.upper()}>\r\n".encode())).startswith("250")
        await talk.say(b"DATA\r\n")
        assert (await talk.say(STUFFED + b".\r\n")).startswith("250")
        assert [(mail.sender, data) for mail, data in at.keeper.mails] == [("é@example.fr", MAIL)]


async def test_pipelined_commands_and_messages() -> None:
    one = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{BOX}>\r\nDATA\r\n".encode()
    async with inlet() as at, raw(at.port) as talk:
        await talk.say(b"EHLO essai\r\n")
        talk.writer.write(one + STUFFED + b".\r\n" + one + b".\r\n" + one + b"..\r\n.\r\nQUIT\r\n")
        codes = [(await talk.answer())[:3] for _ in range(13)]
        assert codes == ["250", "250", "354", "250"] * 3 + ["221"]
        assert [data for _, data in at.keeper.mails] == [MAIL, b"", b".\r\n"]


@pytest.mark.parametrize(
    "false_end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\n\r.\r\n",
        b"\r\n.\r\r\n",
        b"\r\r\n.\r\r\n",
    ],
)
async def test_only_crlf_dot_crlf_ends_a_message(false_end: bytes) -> None:
    smuggled = b"MAIL FROM:<x@example.fr>\r\nRCPT TO:<" + BOX.encode() + b">\r\nDATA\r\nFaux\r\n"
    async with inlet() as at, raw(at.port) as talk:
        await talk.data()
        answer = await talk.say(b"Subject: a\r\n\r\nb" + false_end + smuggled + b".\r\n")
        assert answer.startswith("554 5.6.0 Bare")
        assert (await talk.say(b"NOOP\r\n")).startswith("250"), "nothing of the message was taken for a command"
        assert at.keeper.mails == []
        await talk.data()
        assert (await talk.say(STUFFED + b".\r\n")).startswith("250")


async def test_size_is_checked_when_announced_and_while_receiving() -> None:
    async with inlet(max_size=Size(3000)) as at, raw(at.port) as talk:
        await talk.say(b"EHLO essai\r\n")
        assert (await talk.say(f"MAIL FROM:<{SENDER}> SIZE=3001\r\n".encode())).startswith("552")
        await talk.data(options=" SIZE=10")
        assert (await talk.say(b"x" * 98 + b"\r\n" + b"y" * 3000 + b"\r\n.\r\n")).startswith("552")
        assert at.keeper.mails == []
        await talk.data()
        assert (await talk.say(b"x" * 2998 + b"\r\n.\r\n")).startswith("250")
        assert [len(data) for _, data in at.keeper.mails] == [3000]


async def test_a_line_without_end_is_refused_and_the_conversation_goes_on() -> None:
    async with inlet() as at, raw(at.port) as talk:
        await talk.data()
        assert (await talk.say(b"x" * 300_000 + b"\r\n.\r\n")).startswith("554 5.6.0 Line")
        await talk.data()
        assert (await talk.say(b"x" * 65_536 + b".\r\n\r\n.\r\n")).startswith("554 5.6.0 Line")
        await talk.data()
        assert (await talk.say(b"x" * 2000 + b"\r\n.\r\n")).startswith("250")
        assert (await talk.say(b"NOOP " + b"x" * 5000 + b"\r\n")).startswith("500")
        assert (await talk.say(b"NOOP " + b"x" * 500_000 + b"\r\n")).startswith("500")
        assert len(at.keeper.mails) == 1


def test_the_rest_of_a_long_line_is_never_the_end() -> None:
    content = Content(1_000_000, 1_000_000, lambda: True)
    assert [content.add(piece) for piece in (b"x" * 70_000, b".\r\n", b".\r\n")] == [False, False, True]
    assert content.refusal.startswith("554 5.6.0 Line")


async def test_two_large_messages_at_once() -> None:
    keeper = Keeper(gate=asyncio.Event())
    large = b"z" * 998 + b"\r\n"
    async with inlet(keeper, limits=Limits(large=10_000)) as at:
        async with raw(at.port) as first, raw(at.port) as second, raw(at.port) as third, raw(at.port) as small:
            await first.data(options=" SIZE=20000")
            await second.data()
            assert (await second.say(large * 20 + b".\r\n")).startswith("451"), "grown large without saying so"
            await third.begin(options=" SIZE=20000")
            assert (await third.say(b"DATA\r\n")).startswith("451")
            first.writer.write(large * 20 + b".\r\n")
            await until(lambda: keeper.begun == 1)
            await third.begin(options=" SIZE=20000")
            assert (await third.say(b"DATA\r\n")).startswith("451"), "it is large until it is kept"
            await small.data()
            small.writer.write(STUFFED + b".\r\n")
            assert keeper.gate is not None
            keeper.gate.set()
            assert (await small.answer()).startswith("250")
            assert (await first.answer()).startswith("250")
            await second.data()
            assert (await second.say(large * 20 + b".\r\n")).startswith("250")
        assert sorted(len(data) for _, data in keeper.mails) == [len(MAIL), 20_000, 20_000]


async def test_a_large_message_whose_peer_vanishes_leaves_its_place() -> None:
    async with inlet(limits=Limits(large=10_000)) as at:
        async with raw(at.port) as talk:
            await talk.data(options=" SIZE=20000")
            talk.writer.write(b"z" * 998 + b"\r\n")
            await talk.writer.drain()
            talk.writer.transport.abort()
        async with raw(at.port) as talk:
            await talk.begin(options=" SIZE=20000")
            while (await talk.say(b"DATA\r\n")).startswith("451"):
                await talk.begin(options=" SIZE=20000")
            assert (await talk.say(b"z\r\n.\r\n")).startswith("250")
        assert [data for _, data in at.keeper.mails] == [b"z\r\n"]


@pytest.mark.parametrize(
    ("error", "code"), [(IntakeStopped("Le disque est plein."), "452 4.3.1"), (KeyError("DUPONT"), "451 4.3.0")]
)
async def test_what_could_not_be_kept_is_not_acknowledged(error: Exception, code: str) -> None:
    async with inlet(Keeper(fails=error)) as at, raw(at.port) as talk:
        await talk.data()
        said = await talk.say(STUFFED + b".\r\n")
        assert said.startswith(code)
        assert "DUPONT" not in said + str(at.observer.events)
        assert "smtp.reply" not in at.keeper.journal
        ((name, facts),) = at.observer.events
        assert facts.keys() <= FACTS, "the logs keep every fact"
        assert name == ("smtp.refused" if code.startswith("452") else "smtp.failed")
        assert (await talk.say(b"DATA\r\n")).startswith("503"), "the transaction is over"
        at.keeper.fails = None
        await talk.data()
        assert (await talk.say(STUFFED + b".\r\n")).startswith("250")


async def test_one_mailbox_kept_and_the_other_not_is_not_acknowledged() -> None:
    async with inlet(Keeper(fails=IntakeStopped("disque presque plein"), after=1)) as at, raw(at.port) as talk:
        await talk.data(BOX, OTHER)
        assert (await talk.say(STUFFED + b".\r\n")).startswith("452")
        assert [mail.mailbox for mail, _ in at.keeper.mails] == ["accueil"]


@pytest.mark.parametrize("sent", [b"", b"Subject: a\r\n", b"Subject: a\r\n\r\nb\r\n.", b"Subject: a\r\n\r\nb\r\n.\r"])
async def test_a_peer_that_leaves_in_the_middle_leaves_nothing(sent: bytes) -> None:
    async with inlet() as at:
        async with raw(at.port) as talk:
            await talk.data()
            talk.writer.write(sent)
        async with raw(at.port) as talk:
            await talk.data()
            assert (await talk.say(STUFFED + b".\r\n")).startswith("250")
        assert [data for _, data in at.keeper.mails] == [MAIL]


async def test_a_peer_that_leaves_before_the_answer_does_not_stop_the_commit() -> None:
    keeper = Keeper(gate=asyncio.Event())
    async with inlet(keeper) as at:
        async with raw(at.port) as talk:
            await talk.data()
            talk.writer.write(STUFFED + b".\r\n")
            await until(lambda: keeper.begun == 1)
            talk.writer.transport.abort()
        async with raw(at.port) as other:
            assert (await other.say(b"NOOP\r\n")).startswith("250")
            assert keeper.gate is not None
            keeper.gate.set()
            await until(lambda: len(keeper.mails) == 1)


async def test_a_peer_that_only_knows_helo() -> None:
    async with inlet() as at, raw(at.port) as talk:
        assert (await talk.say(b"HELO essai\r\n")) == "250 mx.example.fr"
        assert (await talk.say(b"MAIL FROM:<>\r\n")).startswith("250")
        assert (await talk.say(f"RCPT TO:<{BOX}>\r\n".encode())).startswith("250")
        assert (await talk.say(b"DATA\r\n")).startswith("354")
        assert (await talk.say(STUFFED + b".\r\n")).startswith("250")
        assert [(mail.sender, data) for mail, data in at.keeper.mails] == [("", MAIL)]


async def test_closing_lets_what_was_received_be_kept_and_acknowledged() -> None:
    keeper = Keeper(gate=asyncio.Event())
    async with inlet(keeper) as at, raw(at.port) as talk, raw(at.port) as idle:
        await talk.data()
        talk.writer.write(STUFFED + b".\r\n")
        await until(lambda: keeper.begun == 1)
        closing = asyncio.create_task(at.inlet.close())
        await asyncio.sleep(0)
        assert keeper.gate is not None
        keeper.gate.set()
        assert (await talk.answer()).startswith("250")
        await closing
        assert await idle.answer() == ""
        assert len(keeper.mails) == 1


async def test_an_idle_peer_is_left() -> None:
    async with inlet(limits=Limits(idle=0.05)) as at, raw(at.port) as talk:
        assert await talk.answer() == ""
    async with inlet(limits=Limits(idle=1)) as at, raw(at.port) as talk:
        await talk.data()
        assert await talk.say(b"Subject: a\r\n") == ""
        assert at.keeper.mails == []


async def test_limits_on_recipients_commands_and_connections() -> None:
    async with inlet(limits=Limits(recipients=2, sessions=2)) as at, raw(at.port) as talk:
        await talk.begin(BOX, OTHER)
        assert (await talk.say(f"RCPT TO:<{BOX}>\r\n".encode())).startswith("452")
        async with raw(at.port) as second:
            third = Raw(*await asyncio.open_connection("127.0.0.1", at.port))
            assert (await third.answer()).startswith("421")
            assert await third.answer() == ""
            third.writer.close()
            answers = [await second.say(b"XYZZY\r\n") for _ in range(5)]
            assert answers[-1].startswith("502")
            assert await second.answer() == ""
        answers = [await talk.say(b"NOOP\r\n") for _ in range(201)]
        assert answers[-1].startswith("421")


async def test_a_peer_of_another_network_is_refused_at_once() -> None:
    async with inlet(peers=("10.1.0.0/16",)) as at:
        talk = Raw(*await asyncio.open_connection("127.0.0.1", at.port))
        assert (await talk.answer()).startswith("554")
        assert await talk.answer() == ""
        talk.writer.close()
        assert at.observer.events == [("smtp.refused", {"reason": "peer"})]


def test_who_is_admitted() -> None:
    networks = Admission.of(("10.1.0.0/16", "192.0.2.7", "2001:db8::/32", "Relais.Example.FR"))
    assert networks.by_address("10.1.200.3")
    assert networks.by_address("::ffff:10.1.200.3")
    assert networks.by_address("192.0.2.7")
    assert networks.by_address("2001:db8::5")
    assert not networks.by_address("192.0.2.8")
    assert not networks.by_address("127.0.0.1")
    assert networks.at_connect("192.0.2.8", tls=True), "its certificate may be admitted"
    assert not networks.at_connect("10.1.200.3", tls=False), "never in clear beyond this machine"
    assert networks.needs_tls("10.1.200.3")
    assert networks.needs_tls("127.0.0.1"), "without a certificate it is nobody"
    assert networks.by_identity("192.0.2.8", "RELAIS.example.fr")
    assert not networks.by_identity("192.0.2.8", "")
    assert not networks.by_identity("192.0.2.8", "autre.example.fr")
    here = Admission.of(())
    assert here.at_connect("127.0.0.1", tls=False)
    assert here.at_connect("::1", tls=False)
    assert not here.at_connect("10.1.0.1", tls=True)
    assert not here.needs_tls("127.0.0.1")


def test_the_name_that_counts_in_a_certificate() -> None:
    certificate = {
        "subject": ((("organizationName", "relais.example.fr"),), (("commonName", "Clinique"),)),
        "subjectAltName": (("email", "x@example.fr"), ("DNS", "relais.example.fr")),
    }
    assert Admission.of(("RELAIS.example.fr",)).identity(certificate) == "relais.example.fr"
    assert Admission.of(("autre.example.fr",)).identity(certificate) == "Clinique"
    assert Admission.of(("autre.example.fr",)).identity({}) == ""
    assert Admission.of(("x@example.fr",)).identity(certificate) == "Clinique"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return pki.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return pki.make(tmp_path_factory.mktemp("foreign"))


def server_tls(ours: Pki, client_ca: Path | None = None) -> ssl.SSLContext:
    found = credential.load(ours.cert("server"), ours.key("server"), None, None, now=datetime.now(UTC))
    assert found is not None
    return server_context(found, client_ca)


def over_tls(context: ssl.SSLContext) -> Callable[[smtplib.SMTP], dict[str, tuple[int, bytes]]]:
    def talk(smtp: smtplib.SMTP) -> dict[str, tuple[int, bytes]]:
        smtp.starttls(context=context)
        assert not smtp.has_extn("starttls") or smtp.ehlo()[0] == 250
        assert not smtp.has_extn("starttls")
        return smtp.sendmail(SENDER, [BOX], MAIL)

    return talk


async def test_starttls_is_offered_and_not_required_here(ours: Pki) -> None:
    async with inlet(tls=server_tls(ours)) as at:
        await client(at.port, over_tls(ours.client_context("")))
        await client(at.port, lambda smtp: smtp.sendmail(SENDER, [BOX], MAIL))
        assert [data for _, data in at.keeper.mails] == [MAIL, MAIL]


async def test_a_peer_known_by_its_certificate(ours: Pki) -> None:
    async with inlet(tls=server_tls(ours, ours.ca), peers=("gateway auth",)) as at:
        async with raw(at.port) as talk:
            assert "250-STARTTLS" in await talk.say(b"EHLO essai\r\n")
            assert (await talk.say(f"MAIL FROM:<{SENDER}>\r\n".encode())).startswith("530")
            assert (await talk.say(b"DATA\r\n")).startswith("530")
        await client(at.port, over_tls(ours.client_context("auth")))
        ((mail, data),) = at.keeper.mails
        assert (mail.tls_identity, data) == ("gateway auth", MAIL)
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            await client(at.port, over_tls(ours.client_context("client")))
        assert refused.value.smtp_code == 554
        assert at.observer.events == [("smtp.refused", {"reason": "certificate"})]
        assert len(at.keeper.mails) == 1


@pytest.mark.parametrize("name", ["", "auth"])
async def test_a_certificate_that_is_not_of_client_ca(
    ours: Pki, foreign: Pki, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    context = ours.client_context("")
    if name:
        context.load_cert_chain(foreign.cert(name), foreign.key(name))
    with caplog.at_level(logging.INFO):
        async with inlet(tls=server_tls(ours, ours.ca), peers=("gateway auth",)) as at:
            with pytest.raises((OSError, smtplib.SMTPException)):
                await client(at.port, over_tls(context))
            await until(lambda: at.observer.names() == ["smtp.tls-refused"])
            await client(at.port, over_tls(ours.client_context("auth")))
            assert len(at.keeper.mails) == 1
    assert [record for record in caplog.records if record.name != "asyncio" or record.levelno > logging.DEBUG] == []
    assert capfd.readouterr().err == ""


async def test_nothing_said_in_clear_survives_starttls(ours: Pki) -> None:
    async with inlet(tls=server_tls(ours)) as at, raw(at.port) as talk:
        await talk.say(b"EHLO essai\r\n")
        injected = f"STARTTLS\r\nEHLO x\r\nMAIL FROM:<{SENDER}>\r\n".encode()
        assert (await talk.say(injected)).startswith("220")
        await talk.writer.start_tls(ours.client_context(""), server_hostname="localhost")
        assert (await talk.say(f"RCPT TO:<{BOX}>\r\n".encode())).startswith("503")


async def test_neither_addresses_nor_content_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with inlet(Keeper(fails=ValueError("x"), after=1)) as at:
            await client(at.port, lambda smtp: smtp.sendmail(SENDER, [BOX], MAIL))
            with pytest.raises(smtplib.SMTPDataError):
                await client(at.port, lambda smtp: smtp.sendmail(SENDER, [BOX], MAIL))
    assert "mssante" not in caplog.text + str(at.observer.events)
    assert "Bonjour" not in caplog.text + str(at.observer.events)
