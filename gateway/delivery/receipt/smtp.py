"""Receipts handed over by SMTP submission: one message, one recipient, empty envelope sender (RFC 8098 §3).

UNKNOWN is kept for a connection lost once the message had begun to leave. The same message is then sent again: its
Message-ID is the same, so its reader may know it for one.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.documents import Action
from gateway.model.ports import Observer
from gateway.model.settings import Tls

_DOWN = "Le serveur d'envoi des accusés ne répond pas : l'envoi sera retenté."
_TLS = "La connexion sécurisée au serveur d'envoi échoue : vérifier le certificat et l'autorité configurés."
_LOGIN = (
    "Le serveur d'envoi refuse notre compte : vérifier [submission] auth, user et le mot de passe ou le certificat."
)
_LATER = "Le serveur d'envoi demande de revenir plus tard : l'envoi sera retenté."
_REFUSED = "Le serveur d'envoi refuse définitivement cet accusé : l'adresse de l'expéditeur n'existe peut-être plus."
_LOST = "La connexion s'est rompue avant la réponse du serveur d'envoi : le même accusé sera envoyé de nouveau."
_AGAIN = "Réponse perdue : le même accusé est envoyé de nouveau."
_ADDRESS = "L'adresse de l'expéditeur ne peut pas être écrite dans un envoi : aucun accusé ne part."


@dataclass(frozen=True, slots=True)
class Server:
    """Where receipts are submitted. ``tls`` none is for loopback. ``timeout`` in seconds, for each answer."""

    host: str
    port: int
    tls: Tls = "starttls"
    context: ssl.SSLContext | None = None
    auth: Literal["password", "external", "none"] = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 60


class _Head(msgspec.Struct, frozen=True):
    sender_domain: str
    recipient: str


def prepare(message_id: str, mailbox: str, recipient: str, body: bytes) -> Frozen:
    """Freeze a receipt of ``mailbox`` to ``recipient``."""
    head = msgspec.json.encode(_Head(mailbox.rpartition("@")[2], recipient))
    return Frozen(message_id, Action.CREATE, head, body)


class Submission:
    """The port of ``gateway.model.delivery``. Steps: receipt.send (the envelope), receipt.answer (the message)."""

    def __init__(self, server: Server, observer: Observer) -> None:
        """Submit to ``server``; one connection a receipt."""
        self._server, self._observer = server, observer

    async def send(self, payload: Frozen) -> Outcome:
        """Submit, and judge the answer."""
        head = msgspec.json.decode(payload.head, type=_Head)
        smtp = self._client(head.sender_domain)
        try:
            return await self._connect(smtp) or await self._exchange(smtp, head.recipient, payload.body)
        finally:
            smtp.close()

    async def look_up(self, payload: Frozen) -> Outcome:  # noqa: ARG002 - the port's signature
        """A submission server cannot be asked; a receipt that comes twice does no harm."""
        return Outcome(Answer.RETRY_LATER, text=_AGAIN)

    def _client(self, domain: str) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=domain,
            timeout=server.timeout,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            tls_context=server.context,
        )

    async def _connect(self, smtp: SMTP) -> Outcome | None:
        """Connect and prove who we are; an outcome when that fails, for then nothing has left."""
        try:
            await smtp.connect()
            await self._login(smtp)
        except SMTPAuthenticationError as error:
            stop = error.code >= 500
            return Outcome(Answer.RETRY_LATER, str(error.code), _LOGIN if stop else _LATER, down=True, stop=stop)
        except SMTPResponseException as error:
            return Outcome(Answer.RETRY_LATER, str(error.code), _DOWN, down=True)
        except (SMTPException, OSError) as error:
            return _unreached(error)
        return None

    async def _login(self, smtp: SMTP) -> None:
        server = self._server
        await smtp.ehlo()
        if server.auth == "password":
            await smtp.login(server.user, server.password)
        elif server.auth == "external":
            identity = b64encode(server.user.encode()) or b"="
            said = await smtp.execute_command(b"AUTH", b"EXTERNAL", identity)
            if said.code != 235:
                raise SMTPAuthenticationError(said.code, said.message)

    async def _exchange(self, smtp: SMTP, recipient: str, body: bytes) -> Outcome:
        try:
            with self._observer.step("receipt.send"):
                eight_bit = not body.isascii() and smtp.supports_extension("8bitmime")
                await smtp.mail("", options=["BODY=8BITMIME"] if eight_bit else [])
                await smtp.rcpt(recipient)
        except SMTPResponseException as error:
            return _said(error)
        except (SMTPException, OSError) as error:
            return _unreached(error)
        except ValueError:
            return Outcome(Answer.REFUSED, "address", _ADDRESS)
        return await self._message(smtp, body)

    async def _message(self, smtp: SMTP, body: bytes) -> Outcome:
        try:
            with self._observer.step("receipt.answer"):
                await smtp.data(body)
        except SMTPResponseException as error:
            return _said(error)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            return Outcome(Answer.UNKNOWN, type(error).__name__, _LOST, down=True)
        with suppress(SMTPException, OSError):
            await smtp.quit(timeout=5)
        return Outcome(Answer.DONE, "250")


def _said(error: SMTPResponseException) -> Outcome:
    """What the server answered. Its words are not repeated: they may quote an address."""
    if error.code == 421:
        return Outcome(Answer.RETRY_LATER, str(error.code), _DOWN, down=True)
    if error.code >= 500:
        return Outcome(Answer.REFUSED, str(error.code), _REFUSED)
    return Outcome(Answer.RETRY_LATER, str(error.code), _LATER)


def _unreached(error: Exception) -> Outcome:
    """Nothing of the message left."""
    cause = error.__cause__ if isinstance(error, SMTPConnectError) and error.__cause__ else error
    if isinstance(cause, ssl.SSLError):
        return Outcome(Answer.RETRY_LATER, "tls", _TLS, down=True, stop=True)
    return Outcome(Answer.RETRY_LATER, type(cause).__name__, _DOWN, down=True)
