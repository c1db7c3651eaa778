"""An object while it is written: under a temporary name, for its address is known only at its end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.model.ports import Observer
from gateway.vault.errors import storing
from gateway.vault.frames import HEADER, make_header, seal
from gateway.vault.keys import KEY, Keys
from gateway.vault.system import FileSystem, write_all


class Draft:
    """Frames in, an address out. Leaving the ``with`` block removes whatever still has the temporary name.

    The header is written last: until then the file is no object by its own format.
    """

    def __init__(self, path: Path, keys: Keys, observer: Observer, fs: FileSystem) -> None:
        self.path = path
        self.size = 0
        self._keys, self._observer, self._fs = keys, observer, fs
        self._digest = keys.address_digest()
        self._data_key = os.urandom(KEY)
        self._cipher = AESGCM(self._data_key)
        self._number = 0
        self._offset = HEADER
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._close()
        if error is not None:
            with suppress(OSError):  # a leftover is swept later; the error that brought us here is what matters
                self._fs.unlink(self.path)

    def add(self, frame: bytes, *, last: bool = False) -> None:
        """Append one frame of content. StorageFailed."""
        sealed = seal(self._cipher, frame, self._number, last=last)
        self._digest.update(frame)
        with storing(), self._observer.step("vault.write"):
            self._write(sealed, self._offset)
        self._number += 1
        self._offset += len(sealed)
        self.size += len(frame)

    def finish(self) -> str:
        """Write the header, make all of it durable under the temporary name; the address. StorageFailed."""
        address = self._digest.hexdigest()
        with storing():
            with self._observer.step("vault.write"):
                self._write(make_header(self._keys, self._data_key, address), 0)
            self.sync()
        return address

    def copy(self, header: bytes, frames: int) -> None:
        """Be a copy of the object open as ``frames``, under another header; durable. StorageFailed."""
        with storing():
            self._write(header, 0)
            offset = HEADER
            while piece := self._fs.read(frames, 1 << 20, offset):
                self._write(piece, offset)
                offset += len(piece)
            self.sync()

    def sync(self) -> None:
        """Make it durable and close it: close, too, may say that a write has failed (Postfix, mail_stream.c)."""
        if self._descriptor is not None:
            with self._observer.step("vault.sync"):
                self._fs.sync(self._descriptor)
        self._close()

    def _write(self, data: bytes, offset: int) -> None:
        if self._descriptor is None:
            self._descriptor = self._fs.create(self.path)
        write_all(self._fs, self._descriptor, data, offset)

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._fs.close(descriptor)
