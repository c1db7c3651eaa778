"""The calls to the operating system that durability rests on, behind a port, so that tests can fail any of them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol


class Facts(NamedTuple):
    """What stat says: bytes, POSIX time of the last change, permission bits."""

    size: int
    modified: float
    mode: int


class FileSystem(Protocol):
    """Every method raises OSError as the operating system does."""

    def create(self, path: Path) -> int:
        """Open a new file for writing, mode 0600; FileExistsError when there is one."""

    def open(self, path: Path) -> int:
        """Open a file for reading."""

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """Write at an offset; how many bytes were taken, perhaps fewer than given."""

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read at an offset; perhaps fewer bytes than asked, none at the end."""

    def sync(self, descriptor: int) -> None:
        """Make the file's bytes durable."""

    def close(self, descriptor: int) -> None:
        """Close."""

    def rename(self, old: Path, new: Path) -> None:
        """Rename, replacing what has the new name."""

    def link(self, old: Path, new: Path) -> None:
        """Give a second name; FileExistsError when it is taken."""

    def unlink(self, path: Path) -> None:
        """Remove a name."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder, mode 0700, unless there is one."""

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""

    def list_folder(self, folder: Path) -> list[str]:
        """The names in a folder; none when there is no such folder."""

    def facts(self, place: Path | int) -> Facts:
        """Stat a path or an open descriptor."""


class RealFileSystem:
    """The machine's."""

    def create(self, path: Path) -> int:
        """Open a new file for writing, mode 0600."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def open(self, path: Path) -> int:
        """Open a file for reading."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """pwrite(2)."""
        return os.pwrite(descriptor, data, offset)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """pread(2)."""
        return os.pread(descriptor, size, offset)

    def sync(self, descriptor: int) -> None:
        """fsync(2)."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """close(2)."""
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """rename(2)."""
        old.replace(new)

    def link(self, old: Path, new: Path) -> None:
        """link(2)."""
        new.hardlink_to(old)

    def unlink(self, path: Path) -> None:
        """unlink(2)."""
        path.unlink()

    def make_folder(self, folder: Path) -> None:
        """mkdir(2)."""
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)

    def sync_folder(self, folder: Path) -> None:
        """fsync(2) of a folder."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def list_folder(self, folder: Path) -> list[str]:
        """readdir(3)."""
        try:
            return [entry.name for entry in folder.iterdir()]
        except FileNotFoundError:
            return []

    def facts(self, place: Path | int) -> Facts:
        """stat(2)."""
        found = os.stat(place)  # noqa: PTH116 - takes a descriptor too
        return Facts(found.st_size, found.st_mtime, found.st_mode & 0o7777)


REAL = RealFileSystem()


def write_all(fs: FileSystem, descriptor: int, data: bytes, offset: int) -> None:
    """Write everything, however little the system takes at a time."""
    view, done = memoryview(data), 0
    while done < len(data):
        done += fs.write(descriptor, bytes(view[done:]) if done else data, offset + done)


def read_upto(fs: FileSystem, descriptor: int, size: int, offset: int) -> bytes:
    """``size`` bytes, or all there are."""
    pieces: list[bytes] = []
    while size and (piece := fs.read(descriptor, size, offset)):
        pieces.append(piece)
        size -= len(piece)
        offset += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
