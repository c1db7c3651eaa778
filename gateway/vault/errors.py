"""What goes wrong with kept bytes: one family, ``VaultError``."""

# ruff: noqa: N818 - named after what is wrong with the key or the object
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class VaultError(Exception):
    """The vault cannot do what was asked."""


class ObjectAbsent(VaultError):
    """No object has this address."""


class ObjectDamaged(VaultError):
    """The object is truncated, reordered, altered, or wrapped by another key."""


class TooLarge(VaultError):
    """The stream is longer than the limit; nothing of it was kept."""


class StorageFailed(VaultError):
    """The disk refused (full, broken, read-only); nothing was promised, and the same put may be tried again.

    ``errno`` is the operating system's. After a failed fsync the daemon ought to stop: PostgreSQL learnt that a second
    fsync may claim success for pages that the kernel has already dropped (the vault itself never trusts one: a retry
    writes a new file).
    """

    def __init__(self, errno: int | None, text: str) -> None:
        super().__init__(text)
        self.errno = errno


class KeyAbsent(VaultError):
    """A key file is not where it should be."""


class KeyUnusable(VaultError):
    """A key file is readable by others, or does not hold a key."""


class KeyDifferent(VaultError):
    """The key is a key, but not the one that this ledger and this vault were made with."""


@contextmanager
def storing() -> Iterator[None]:
    """Turn the operating system's refusals into ``StorageFailed``."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(error.errno, f"the vault cannot write: {error.strerror}") from error
