"""How a call to a reader ends badly. None of the messages holds anything of the document."""

# ruff: noqa: N818 - named after what became of the reader
from __future__ import annotations


class ReaderError(Exception):
    """The document was not read."""


class ReaderDied(ReaderError):
    """The process ended, or had to be ended, while it held the document; this is what counts for poison.

    ``why``: signal, memory, exit, protocol (it spoke nonsense), reply-too-large.
    """

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"reader died: {why} {detail}".rstrip())
        self.why = why


class ReaderTimedOut(ReaderError):
    """The process was killed because it took too long."""


class ReaderRefused(ReaderError):
    """The work raised; the message names the exception's type and where it was raised, not its text."""


class ReadersUnavailable(ReaderError):
    """No fault of the document: the work cannot be imported, a reader cannot be confined here, the nursery died, or the
    pool is closed. Try again later.
    """
