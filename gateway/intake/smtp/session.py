"""One SMTP conversation, on aiosmtpd's: who may speak, what is taken, and the answer that follows the commit.

aiosmtpd reads commands, negotiates TLS and keeps the order of the commands; DATA is ours, because the end of a message,
its limits and the instant of the answer are our promise.
"""

# ruff: noqa: ARG002, N802 - aiosmtpd's names and signatures
from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway.intake.errors import IntakeStopped
from gateway.intake.smtp.content import BUSY, LINE, Content, receive
from gateway.intake.smtp.desk import Desk
from gateway.intake.smtp.hooks import Hooks
from gateway.intake.smtp.port import Delivered

#: How often a command may come in one conversation; the peer then connects anew.
_CALLS = {"*": 2000, "RCPT": 10_000, "NOOP": 200, "EHLO": 50, "HELO": 50, "VRFY": 20, "HELP": 20}
_COMMAND = 1024
_CHUNK = 256 * 1024


class Session(SMTP):
    """One connection."""

    line_length_limit = LINE

    def __init__(self, desk: Desk) -> None:
        self.command_size_limits = defaultdict(lambda: _COMMAND)  # aiosmtpd's is shared, and grows with each EHLO
        super().__init__(
            Hooks(desk),
            data_size_limit=desk.max_size,
            enable_SMTPUTF8=True,
            hostname=desk.hostname,
            ident="ESMTP",
            tls_context=desk.tls,
            timeout=desk.limits.idle,
            command_call_limit=_CALLS,
            loop=asyncio.get_running_loop(),
        )
        self._desk = desk
        self._refusal = ""
        self.address = ""
        self.identity = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Judge the peer before a word is said; called again once TLS stands."""
        if not self.address:
            peer = transport.get_extra_info("peername") or ("0.0.0.0",)  # noqa: S104 - already gone: nobody
            self.address = peer[0]
            self._refusal = self._unwelcome()
            self.require_starttls = self._desk.admission.needs_tls(self.address)
            self._desk.sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The conversation is over, whoever ended it."""
        self._desk.sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """End the conversation; what is already said still leaves."""
        if self.transport is not None:
            self.transport.close()

    async def _handle_client(self) -> None:
        """aiosmtpd's loop, which is left alone when the peer hangs up: there is nobody to tell."""
        with suppress(ConnectionError):
            if self._refusal:
                await self.push(self._refusal)
                self.hang_up()
            else:
                await super()._handle_client()

    async def handle_exception(self, error: Exception) -> str:
        """Whatever fails, the peer keeps the message and comes again. The text of an error may quote a mail."""
        self._desk.observer.event("smtp.failed", reason=_place(error))
        return "451 4.3.0 Not taken, try again later"

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Negotiate TLS; a peer whose certificate is refused is left without a traceback."""
        try:
            await super().smtp_STARTTLS(arg)
        except TLSSetupException as error:
            self._desk.observer.event("smtp.tls-refused", reason=type(error.__cause__).__name__)
            self.connection_lost(None)  # a handshake that fails tells nobody
            raise ConnectionResetError from error

    async def smtp_DATA(self, arg: str | None) -> None:
        """Receive a message; 250 follows the commit, every other end leaves it with the peer."""
        if refused := self._out_of_order(arg):
            await self.push(refused)
            return
        try:
            await self._data()
        finally:
            if self._desk.large is self:
                self._desk.large = None
            self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def smtp_VRFY(self, arg: str) -> None:
        """Tell nothing of who is known."""
        await self.push("252 2.5.2 Cannot verify")

    async def smtp_HELP(self, arg: str) -> None:
        """Tell nothing of what is there."""
        await self.push("214 2.0.0 See RFC 5321")

    async def smtp_AUTH(self, arg: str) -> None:
        """Peers are known by network or certificate, never by a password."""
        await self.push("502 5.5.1 Not implemented")

    def _unwelcome(self) -> str:
        if not self._desk.admission.at_connect(self.address, tls=self._desk.tls is not None):
            self._desk.observer.event("smtp.refused", reason="peer")
            return "554 5.7.1 This peer is not admitted"
        if len(self._desk.sessions) >= self._desk.limits.sessions:
            self._desk.observer.event("smtp.refused", reason="sessions")
            return "421 4.3.2 Too many connections, try again later"
        return ""

    def _out_of_order(self, arg: str | None) -> str:
        if self.envelope is None or not self.envelope.rcpt_tos:
            return "503 5.5.1 Need RCPT"
        return "501 5.5.4 Syntax: DATA" if arg else ""

    async def _data(self) -> None:
        if self._announced() > self._desk.limits.large and not self._alone():
            await self.push(BUSY)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = Content(self._desk.max_size, self._desk.limits.large, self._alone)
        until = self.loop.time() + self._desk.limits.data
        await receive(self._reader, content, lambda: self._wait_until(until))
        self._reset_timeout(self._desk.limits.data)
        if content.refusal:
            self._desk.observer.event("smtp.refused", code=content.refusal[:3])
            await self.push(content.refusal)
        else:
            await self._to_its_end(self._answer(content.data))

    def _announced(self) -> int:
        options = self.envelope.mail_options if self.envelope else []
        return next((int(option[5:]) for option in options if option.startswith("SIZE=")), 0)

    def _alone(self) -> bool:
        """Whether this conversation now has the place of the one large message."""
        if self._desk.large is None:
            self._desk.large = self
        return self._desk.large is self

    def _wait_until(self, until: float) -> None:
        self._reset_timeout(max(0.001, min(self._desk.limits.idle, until - self.loop.time())))

    async def _to_its_end(self, work: Coroutine[Any, Any, None]) -> None:
        """A commit is not interrupted because the peer has gone or the inlet closes."""
        task = asyncio.create_task(work)
        self._desk.answering.add(task)
        task.add_done_callback(self._desk.answering.discard)
        await asyncio.shield(task)

    async def _answer(self, data: bytearray) -> None:
        transaction = self._desk.chance.token()
        try:
            for mail in self._deliveries(transaction):
                await self._desk.taker.take(mail, _chunks(data))
        except IntakeStopped:
            self._desk.observer.event("smtp.refused", code="452")
            await self.push("452 4.3.1 Cannot keep the message now, try again later")
            return
        with self._desk.observer.step("smtp.reply"):
            await self.push(f"250 2.0.0 Kept as {transaction}")

    def _deliveries(self, transaction: str) -> list[Delivered]:
        """One for each mailbox, in the order of its first recipient."""
        envelope = self.envelope
        assert envelope is not None, "there was a MAIL"  # noqa: S101 - our own invariant
        boxes: dict[str, list[str]] = {}
        for address in dict.fromkeys(envelope.rcpt_tos):
            boxes.setdefault(self._desk.recipients[address.lower()], []).append(address)
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        return [
            Delivered(mailbox, sender, tuple(addresses), self.address, self.identity, transaction)
            for mailbox, addresses in boxes.items()
        ]


def _place(error: BaseException) -> str:
    """The type and the place of a failure."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {where}"


async def _chunks(data: bytearray) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _CHUNK):
        yield bytes(data[start : start + _CHUNK])
