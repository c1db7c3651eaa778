"""Who we say we are: PLAIN and LOGIN, EXTERNAL (RFC 4422 appendix A), XOAUTH2."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path

from gateway.intake.imap.errors import LoginRefused
from gateway.model.settings import Mailbox


@dataclass(frozen=True, slots=True)
class Sasl:
    """A mechanism, its initial response, and what to answer to a further challenge (XOAUTH2's is its error)."""

    mechanism: str
    initial: bytes
    further: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """The LOGIN command, for servers without AUTH=PLAIN."""

    user: str
    password: str


async def credentials(settings: Mailbox, capabilities: frozenset[str]) -> Sasl | Login:
    """What to present, its secret read from its file now, since something else renews it.

    LoginRefused when the server offers nothing that the setting allows, or the secret cannot be read.
    """
    match settings.auth:
        case "external":
            return _external(settings, capabilities)
        case "xoauth2":
            return await _xoauth2(settings, capabilities)
        case "password":
            return await _password(settings, capabilities)


def _external(settings: Mailbox, capabilities: frozenset[str]) -> Sasl:
    _offered("EXTERNAL", capabilities)
    return Sasl("EXTERNAL", base64.b64encode((settings.user or "").encode()))


async def _xoauth2(settings: Mailbox, capabilities: frozenset[str]) -> Sasl:
    _offered("XOAUTH2", capabilities)
    token = await _secret(settings.token_file, "token_file")
    text = f"user={_user(settings)}\x01auth=Bearer {token}\x01\x01"
    return Sasl("XOAUTH2", base64.b64encode(text.encode()), (b"",))


async def _password(settings: Mailbox, capabilities: frozenset[str]) -> Sasl | Login:
    password = await _secret(settings.password_file, "password_file")
    user = _user(settings)
    if "AUTH=PLAIN" in capabilities:
        return Sasl("PLAIN", base64.b64encode(f"\0{user}\0{password}".encode()))
    if "LOGINDISABLED" in capabilities:
        raise LoginRefused(
            "Le serveur IMAP n'accepte pas de mot de passe sur cette connexion (LOGINDISABLED). "
            "Vérifiez tls et auth dans la configuration de la boîte."
        )
    return Login(user, password)


def _offered(mechanism: str, capabilities: frozenset[str]) -> None:
    if f"AUTH={mechanism}" not in capabilities:
        raise LoginRefused(
            f"Le serveur IMAP ne propose pas l'authentification {mechanism}. "
            "Vérifiez auth et le certificat client dans la configuration de la boîte."
        )


def _user(settings: Mailbox) -> str:
    return settings.user or settings.address


async def _secret(file: Path | None, key: str) -> str:
    if file is None:
        raise LoginRefused(f"La configuration de la boîte ne dit pas où lire {key}.")
    try:
        return (await asyncio.to_thread(file.read_text, "utf-8")).strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LoginRefused(f"Le fichier {key} ne peut pas être lu. Vérifiez son existence et ses droits.") from error
