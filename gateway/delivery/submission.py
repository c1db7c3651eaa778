"""Mails handed over by SMTP submission, one recipient at a time: receipts with an empty envelope sender (RFC 8098 §3),
documents of the hospital with the sending mailbox there, so that what becomes of them is reported to it (RFC 3461).

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

#: What is answered once the server has taken a mail; the second when it will also report what becomes of it.
ACCEPTED, TRACKED = "250", "250 DSN"

_DOWN = "Le serveur d'envoi ne répond pas : l'envoi sera retenté."
_TLS = "La connexion sécurisée au serveur d'envoi échoue : vérifier le certificat et l'autorité configurés."
_LOGIN = (
    "Le serveur d'envoi refuse notre compte : vérifier [submission] auth, user et le mot de passe ou le certificat."
)
_LATER = "Le serveur d'envoi demande de revenir plus tard : l'envoi sera retenté."
_REFUSED = "Le serveur d'envoi refuse définitivement ce message : l'adresse du destinataire n'existe peut-être plus."
_LOST = "La connexion s'est rompue avant la réponse du serveur d'envoi : le même message sera envoyé de nouveau."
_AGAIN = "Réponse perdue : le même message est envoyé de nouveau."
_ADDRESS = "L'adresse du destinataire ne peut pas être écrite dans un envoi : rien ne part."


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails are submitted. ``tls`` none is for loopback. ``timeout`` in seconds, for each answer."""

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
    sender: str = ""
    envelope_id: str = ""


def prepare(message_id: str, mailbox: str, recipient: str, body: bytes) -> Frozen:
    """Freeze a receipt of ``mailbox`` to ``recipient``: nothing is reported of it."""
    head = msgspec.json.encode(_Head(mailbox.rpartition("@")[2], recipient))
    return Frozen(message_id, Action.CREATE, head, body)


def prepare_tracked(message_id: str, mailbox: str, recipient: str, body: bytes, envelope_id: str) -> Frozen:
    """Freeze a mail of ``mailbox`` to ``recipient``, of which reports are asked where the server knows how."""
    head = msgspec.json.encode(_Head(mailbox.rpartition("@")[2], recipient, mailbox, envelope_id))
    return Frozen(message_id, Action.CREATE, head, body)


class Submission:
    """The port of ``gateway.model.delivery``. Steps: NAME.send (the envelope), NAME.answer (the message)."""

    def __init__(self, server: Server, observer: Observer, name: str = "receipt") -> None:
        """Submit to ``server``; one connection a mail. ``name`` is the destination's."""
        self._server, self._observer, self._name = server, observer, name

    async def send(self, payload: Frozen) -> Outcome:
        """Submit, and judge the answer."""
        head = msgspec.json.decode(payload.head, type=_Head)
        smtp = self._client(head.sender_domain)
        try:
            return await self._connect(smtp) or await self._exchange(smtp, head, payload.body)
        finally:
            smtp.close()

    async def look_up(self, payload: Frozen) -> Outcome:  # noqa: ARG002 - the port's signature
        """A submission server cannot be asked; a mail that comes twice is known by its Message-ID."""
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

    async def _exchange(self, smtp: SMTP, head: _Head, body: bytes) -> Outcome:
        tracked = bool(head.envelope_id) and smtp.supports_extension("dsn")
        try:
            with self._observer.step(f"{self._name}.send"):
                eight_bit = ["BODY=8BITMIME"] if not body.isascii() and smtp.supports_extension("8bitmime") else []
                asked = ["RET=HDRS", f"ENVID={head.envelope_id}"] if tracked else []
                await smtp.mail(head.sender, options=[*eight_bit, *asked])
                await smtp.rcpt(head.recipient, options=_reports(head.recipient) if tracked else [])
        except SMTPResponseException as error:
            return _said(error)
        except (SMTPException, OSError) as error:
            return _unreached(error)
        except ValueError:
            return Outcome(Answer.REFUSED, "address", _ADDRESS)
        return await self._message(smtp, body, TRACKED if tracked else ACCEPTED)

    async def _message(self, smtp: SMTP, body: bytes, code: str) -> Outcome:
        try:
            with self._observer.step(f"{self._name}.answer"):
                await smtp.data(body)
        except SMTPResponseException as error:
            return _said(error)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            return Outcome(Answer.UNKNOWN, type(error).__name__, _LOST, down=True)
        with suppress(SMTPException, OSError):
            await smtp.quit(timeout=5)
        return Outcome(Answer.DONE, code)


def _reports(recipient: str) -> list[str]:
    """What is asked of each server on the way (RFC 3461 §4.1, §4.2)."""
    return ["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{_xtext(recipient)}"]


def _xtext(text: str) -> str:
    return "".join(letter if "!" <= letter <= "~" and letter not in "+=" else f"+{ord(letter):02X}" for letter in text)


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
