"""The server: it listens, opens a conversation for each connection, and ends with none of them half answered."""

from __future__ import annotations

import asyncio
import ssl

from aiosmtpd.smtp import log as aiosmtpd_log

from gateway.intake.smtp.admission import Admission
from gateway.intake.smtp.desk import Desk, Limits
from gateway.intake.smtp.port import Taker
from gateway.intake.smtp.session import Session
from gateway.model.ports import Chance, Observer, SystemChance
from gateway.model.settings import Smtp


class Inlet:
    """The inlet of ``[smtp]``. Events: smtp.refused, smtp.tls-refused, smtp.failed. Step: smtp.reply."""

    def __init__(
        self,
        settings: Smtp,
        tls: ssl.SSLContext | None,
        taker: Taker,
        observer: Observer,
        *,
        chance: Chance | None = None,
        limits: Limits | None = None,
    ) -> None:
        """``tls`` is the server's context, which asks for a client certificate when ``client_ca`` is configured."""
        self._listen = settings.listen
        self._desk = Desk(
            hostname=settings.hostname,
            recipients={address.lower(): mailbox for address, mailbox in settings.recipients.items()},
            max_size=settings.max_size,
            admission=Admission.of(settings.peers),
            tls=tls,
            taker=taker,
            observer=observer,
            chance=chance or SystemChance(),
            limits=limits or Limits(),
        )
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; the port. OSError when the address cannot be had."""
        aiosmtpd_log.disabled = True  # it writes addresses and commands
        host, _, port = self._listen.rpartition(":")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Session(self._desk), host.strip("[]") or None, int(port))
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more; messages whose end has come are committed and answered, the others stay with their peer."""
        if self._server is None:
            return
        self._server.close()
        if self._desk.answering:
            await asyncio.wait(self._desk.answering)
        for session in tuple(self._desk.sessions):
            session.hang_up()
        await self._server.wait_closed()
