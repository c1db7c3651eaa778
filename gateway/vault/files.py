"""The vault in files: each content once, encrypted, under its keyed digest, durable before ``put`` returns.

The order is the promise (DESIGN §3): write under a temporary name, fsync, rename, fsync of the folder. A put of content
that is already there replaces the object by an equal one: nothing to verify, a rotten copy heals, and its age starts
anew, so that the sweep of objects that nothing refers to cannot take one that a new arrival is about to refer to.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.model.ports import Observer
from gateway.vault.draft import Draft
from gateway.vault.errors import ObjectAbsent, ObjectDamaged, StorageFailed, TooLarge, VaultError, storing
from gateway.vault.frames import FRAME, HEADER, TAG, Framer, make_header, open_header, unseal
from gateway.vault.keys import Keys
from gateway.vault.system import REAL, FileSystem, read_upto

T = TypeVar("T")
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_DRAFTS = "drafts"


@dataclass(frozen=True)
class Ref:
    """An object: its address (64 hexadecimal characters, a keyed digest of the content) and its size in bytes."""

    address: str
    size: int


class Vault:
    """Encrypted objects in a folder, for one process at a time that writes; safe between threads."""

    def __init__(self, folder: Path, keys: Keys, observer: Observer, fs: FileSystem = REAL) -> None:
        """Make the folder when there is none. StorageFailed."""
        self._folder, self._keys, self._observer, self._fs = folder, keys, observer, fs
        self._durable: set[Path] = set()
        self._naming = threading.Lock()
        with storing():
            self._make_durable(folder / _DRAFTS, levels=2)

    def put(self, chunks: Iterable[bytes]) -> Ref:
        """Keep the content; durable when this returns. StorageFailed: nothing was promised, try again."""
        framer = Framer()
        with self._draft() as draft:
            for chunk in chunks:
                for frame in framer.feed(chunk):
                    draft.add(frame)
            return self._keep(draft, framer.rest())

    async def put_stream(self, chunks: AsyncIterable[bytes], limit: int) -> Ref:
        """Keep a stream of at most ``limit`` bytes, holding one frame at a time; the files are touched in a thread.

        TooLarge as soon as the limit is passed; StorageFailed. Cancelled: nothing is left but, at worst, an object
        that nothing refers to.
        """
        framer, size = Framer(), 0
        with self._draft() as draft:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"longer than {limit} bytes")
                for frame in framer.feed(chunk):
                    await _in_thread(partial(draft.add, frame))
            return await _in_thread(partial(self._keep, draft, framer.rest()))

    def get(self, ref: str) -> Iterator[bytes]:
        """The content, frame by frame, each authenticated before it is given; the end is the end only if none raises.

        ObjectAbsent; ObjectDamaged when truncated, reordered or altered; StorageFailed when the disk cannot be read.
        """
        with self._opened(ref) as descriptor:
            size = self._fs.facts(descriptor).size
            cipher = AESGCM(open_header(self._keys, read_upto(self._fs, descriptor, HEADER, 0), ref))
            offset, number = HEADER, 0
            while offset < size or number == 0:
                sealed = read_upto(self._fs, descriptor, FRAME + TAG, offset)
                offset += len(sealed)
                yield unseal(cipher, sealed, number, last=offset >= size)
                number += 1

    def read(self, ref: str) -> bytes:
        """The whole content. Errors as ``get``."""
        return b"".join(self.get(ref))

    def address_of(self, chunks: Iterable[bytes]) -> str:
        """The address that this content has or would have."""
        digest = self._keys.address_digest()
        for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()

    def place(self, ref: str) -> Path:
        """The file of an object, sealed: for those who copy it as it is (a backup)."""
        return self._path(ref)

    def exists(self, ref: str) -> bool:
        """Whether there is an object of this address; says nothing of its health."""
        path = self._path(ref)
        with storing(), suppress(FileNotFoundError):
            self._fs.facts(path)
            return True
        return False

    def delete(self, ref: str, before: float | None = None) -> bool:
        """Remove an object; whether one was removed. With ``before`` (POSIX time), only if last put earlier."""
        path = self._path(ref)
        with storing(), suppress(FileNotFoundError), self._naming:
            if before is None or self._fs.facts(path).modified < before:
                self._fs.unlink(path)
                return True
        return False

    def refs(self) -> Iterator[tuple[str, float]]:
        """Every address with the POSIX time of its last put."""
        for first in self._fs.list_folder(self._folder):
            if len(first) == 1:
                for second in self._fs.list_folder(self._folder / first):
                    for name, put in self._dated(self._folder / first / second):
                        if _ADDRESS.fullmatch(name):
                            yield name, put

    def sweep_drafts(self, before: float) -> int:
        """Remove what crashed puts have left since before a POSIX time; how many."""
        leftovers = [self._drafts / name for name, written in self._dated(self._drafts) if written < before]
        for path in leftovers:
            with storing():
                self._fs.unlink(path)
        return len(leftovers)

    def rewrap(self, ref: str, new_keys: Keys) -> bool:
        """Wrap the object's data key by another master key; False when it already is. Frames stay as they are.

        ObjectAbsent, ObjectDamaged (neither key opens it), StorageFailed (the object is as it was).
        """
        with self._opened(ref) as descriptor, self._draft() as draft:
            header = read_upto(self._fs, descriptor, HEADER, 0)
            try:
                data_key = open_header(self._keys, header, ref)
            except ObjectDamaged:
                open_header(new_keys, header, ref)
                return False
            draft.copy(make_header(new_keys, data_key, ref), descriptor)
            self._name(draft, ref)
            return True

    @property
    def _drafts(self) -> Path:
        return self._folder / _DRAFTS

    def _draft(self) -> Draft:
        return Draft(self._drafts / secrets.token_hex(16), self._keys, self._observer, self._fs)

    def _keep(self, draft: Draft, rest: bytes) -> Ref:
        draft.add(rest, last=True)
        address = draft.finish()
        self._name(draft, address)
        return Ref(address, draft.size)

    def _name(self, draft: Draft, address: str) -> None:
        path = self._path(address)
        with storing():
            self._make_durable(path.parent, levels=2)
            with self._naming, self._observer.step("vault.rename"):
                self._fs.rename(draft.path, path)
            with self._observer.step("vault.sync-folder"):
                self._fs.sync_folder(path.parent)

    def _make_durable(self, folder: Path, levels: int) -> None:
        """Make a folder and its parents up to ``levels``, once in a life: one found there may yet be unsynced."""
        if levels and folder not in self._durable:
            self._make_durable(folder.parent, levels - 1)
            self._fs.make_folder(folder)
            self._fs.sync_folder(folder.parent)
            self._durable.add(folder)

    def _path(self, ref: str) -> Path:
        if not _ADDRESS.fullmatch(ref):
            raise VaultError("not an address of the vault")
        return self._folder / ref[0] / ref[1] / ref

    def _dated(self, folder: Path) -> Iterator[tuple[str, float]]:
        for name in self._fs.list_folder(folder):
            with suppress(FileNotFoundError):
                yield name, self._fs.facts(folder / name).modified

    @contextmanager
    def _opened(self, ref: str) -> Iterator[int]:
        try:
            descriptor = self._fs.open(self._path(ref))
        except FileNotFoundError as error:
            raise ObjectAbsent("no object has this address") from error
        except OSError as error:
            raise StorageFailed(error.errno, f"the vault cannot read: {error.strerror}") from error
        try:
            yield descriptor
        except OSError as error:
            raise StorageFailed(error.errno, f"the vault cannot read: {error.strerror}") from error
        finally:
            with suppress(OSError):
                self._fs.close(descriptor)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run in a thread and, even when cancelled, come back only when the thread has let go of the files."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
