"""Compound files, the .doc, .xls and .msi of old (MS-CFB): what they hold, by the entries of their directory.

The entries are looked for wherever they could stand, not followed from the header: a file made to mislead its readers
can hide its directory from one that follows, not its entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_ENTRY: Final = 128  # bytes, aligned in the file as sectors are
_NAME: Final = 64
_ENTRIES: Final = 20_000
_INSTALLER: Final = bytes.fromhex("84100c0000000000c000000000000046")
_KINDS: Final = frozenset({1, 2, 5})  # storage, stream, root


def names(data: bytes) -> frozenset[str]:
    """The names of the storages and streams, lower case; at most 20,000 entries are looked at."""
    return frozenset(name for name, _ in _entries(data))


def is_installer(data: bytes) -> bool:
    """Whether the root says that this is an MSI package."""
    return any(name == "root entry" and entry[80:96] == _INSTALLER for name, entry in _entries(data))


def _entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(name in lower case, entry): the name, the bytes it takes with its final zero, the kind, the colour (§2.6.1)."""
    seen = 0
    for start in range(0, len(data) - _ENTRY + 1, _ENTRY):
        size, kind = data[start + _NAME], data[start + _NAME + 2]
        if kind not in _KINDS or not 4 <= size <= _NAME or size % 2 or data[start + _NAME + 1]:
            continue
        name = data[start : start + size]
        if name.endswith(b"\0\0"):
            seen += 1
            yield name[:-2].decode("utf-16-le", "replace").lower(), data[start : start + _ENTRY]
        if seen > _ENTRIES:
            return
