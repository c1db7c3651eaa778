"""The error family of the IMAP edge."""

from __future__ import annotations

from gateway.intake.errors import IntakeError


class ImapError(IntakeError):
    """Any failure of an IMAP exchange: the connection is to be opened again later."""

    code = "imap"


class ConnectionLost(ImapError):  # noqa: N818 - says what happened
    """The connection cannot be opened, broke, fell silent, or the server said BYE."""

    code = "lost"


class TlsRefused(ImapError):  # noqa: N818 - says what happened
    """No trustworthy TLS: certificate not believed, ours not accepted, or STARTTLS not offered."""

    code = "tls"


class LoginRefused(ImapError):  # noqa: N818 - says what happened
    """The server does not accept who we say we are, or offers no mechanism that we may use."""

    code = "login"


class CommandRefused(ImapError):  # noqa: N818 - says what happened
    """The server answered NO or BAD to one command; the connection is still good.

    ``response_code`` is the code of RFC 5530 / 3501 §7.1 between brackets ("TRYCREATE", "NOPERM", ""…).
    """

    code = "refused"

    def __init__(self, command: str, response_code: str = "") -> None:
        detail = f" [{response_code}]" if response_code else ""
        super().__init__(f"Le serveur IMAP refuse la commande {command}{detail}.")
        self.command = command
        self.response_code = response_code


class Vanished(ImapError):  # noqa: N818 - says what happened
    """The mail is no longer in the folder: somebody moved or deleted it."""

    code = "vanished"


class Renumbered(ImapError):  # noqa: N818 - says what happened
    """UIDVALIDITY changed: the UIDs that we hold mean nothing any more (RFC 3501 §2.3.1.1)."""

    code = "uidvalidity"


class Oversized(ImapError):  # noqa: N818 - says what happened
    """More bytes than ``max_size`` came, whatever size the server had announced."""

    code = "too-large"


class Unfetchable(ImapError):  # noqa: N818 - says what happened
    """The server does not hand this mail over, though the connection is good."""

    code = "unfetchable"
