"""The bytes of documents on their way: kept in memory a moment, read from the mail again when they are not."""

from __future__ import annotations

from collections import OrderedDict

from gateway.flow.house import Readers

#: How many bytes are kept in memory at the most.
KEPT = 48 * 1024 * 1024


class Originals:
    """Document bytes as carried, by (mail's address, part)."""

    def __init__(self, readers: Readers, limit: int = KEPT) -> None:
        self._readers, self._limit, self._size = readers, limit, 0
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def keep(self, digest: str, parts: dict[str, bytes]) -> None:
        """Keep what a reader has just handed over."""
        for part, data in parts.items():
            self._drop(digest, part)
            self._kept[digest, part] = data
            self._size += len(data)
        while self._size > self._limit and self._kept:
            self._drop(*next(iter(self._kept)))

    async def get(self, digest: str, part: str) -> bytes:
        """The bytes of a document."""
        kept = self._kept.get((digest, part))
        if kept is None:
            kept = await self._readers.extract(digest, part)
            self.keep(digest, {part: kept})
        return kept

    def forget(self, digest: str, part: str) -> None:
        """Let go of a document whose deliveries have ended."""
        self._drop(digest, part)

    def _drop(self, digest: str, part: str) -> None:
        self._size -= len(self._kept.pop((digest, part), b""))
