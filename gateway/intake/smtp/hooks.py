"""What aiosmtpd asks along the way: EHLO, STARTTLS, MAIL, RCPT. ``server`` is the conversation."""

# ruff: noqa: ARG002, N802 - aiosmtpd's names and signatures
from __future__ import annotations

from typing import TYPE_CHECKING

from aiosmtpd.smtp import Envelope
from aiosmtpd.smtp import Session as State

from gateway.intake.smtp.desk import Desk

if TYPE_CHECKING:
    from gateway.intake.smtp.session import Session


class Hooks:
    """What aiosmtpd asks along the way; ``server`` is the conversation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle_EHLO(
        self,
        server: Session,
        state: State,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Announce what is there: no AUTH, no HELP."""
        state.host_name = hostname
        return [line for line in responses if not line.startswith(("250-AUTH", "250 HELP"))] + ["250 PIPELINING"]

    def handle_STARTTLS(self, server: Session, state: State, envelope: Envelope) -> bool:
        """TLS stands: whether the certificate is one of those admitted."""
        admission = self._desk.admission
        server.identity = admission.identity((state.ssl or {}).get("peercert") or {})
        admitted = admission.by_identity(server.address, server.identity)
        if not admitted:
            self._desk.observer.event("smtp.refused", reason="certificate")
        return admitted

    async def handle_MAIL(
        self,
        server: Session,
        state: State,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Begin a transaction."""
        if not _sayable(address, envelope):
            return "553 5.6.7 Malformed address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: Session,
        state: State,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take the recipients of our mailboxes."""
        if not _sayable(address, envelope):
            return "553 5.6.7 Malformed address"
        if address.lower() not in self._desk.recipients:
            self._desk.observer.event("smtp.refused", code="550")
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= self._desk.limits.recipients:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


def _sayable(address: str, envelope: Envelope) -> bool:
    """ASCII, or UTF-8 when SMTPUTF8 was asked for; never what could not be written down again."""
    return address.isprintable() and (address.isascii() or envelope.smtp_utf8)
