"""The vault on a disk that fails at the k-th call, for every k, and on a machine that stops between any two calls.

The disk is a model: each file has the bytes that programs see and those that were synced; each folder likewise its
names. A crash keeps what was synced and, of the rest, any mix: names with or without their change, pages of 4 KiB old
or new. After a failed fsync the unsynced pages are gone for good although a second fsync claims success (PostgreSQL's
lesson).
"""

from __future__ import annotations

import copy
import errno
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from gateway.model.ports import Silent
from gateway.vault.errors import StorageFailed, VaultError
from gateway.vault.files import Ref, Vault
from gateway.vault.frames import FRAME
from gateway.vault.keys import Keys
from gateway.vault.system import Facts

ROOT = Path("/disk")
KEY_FILE, FOLDER = ROOT / "keys" / "ledger.key", ROOT / "vault"
CONTENTS = [b"", b"Compte rendu fictif", bytes(FRAME), b"x" * (2 * FRAME + 5)]
SEEDS = range(6)


@dataclass
class Node:
    """A file (or, with no bytes, a folder)."""

    seen: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    lost: bool = False


class Disk:
    """A FileSystem in memory. ``fault`` is asked at each call and may raise, before or after its effect."""

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.names: dict[Path, int] = {}
        self.durable: dict[Path, int] = {}
        self.folders = {ROOT, ROOT / "keys"}
        self.durable_folders = set(self.folders)
        self.fail: Callable[[], str] = lambda: ""
        self.watch: Callable[[], None] = lambda: None

    def create(self, path: Path) -> int:
        with Call(self):
            if path in self.names:
                raise FileExistsError(errno.EEXIST, "exists")
            self._in_folder(path)
            number = len(self.nodes)
            self.nodes[number] = Node()
            self.names[path] = number
            return number

    def open(self, path: Path) -> int:
        with Call(self):
            return self._node(path)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        with Call(self) as short:
            taken = data[: max(1, len(data) // 2)] if short else data
            seen = self.nodes[descriptor].seen
            seen.extend(bytes(max(0, offset - len(seen))))
            seen[offset : offset + len(taken)] = taken
            return len(taken)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        with Call(self) as short:
            return bytes(self.nodes[descriptor].seen[offset : offset + (max(1, size // 2) if short else size)])

    def sync(self, descriptor: int) -> None:
        node = self.nodes[descriptor]
        try:
            with Call(self):
                node.synced = node.synced if node.lost else bytes(node.seen)
        except OSError:
            node.lost = True
            raise

    def close(self, descriptor: int) -> None:
        with Call(self):
            assert descriptor in self.nodes

    def rename(self, old: Path, new: Path) -> None:
        with Call(self):
            self._in_folder(new)
            self.names[new] = self._node(old)
            del self.names[old]

    def link(self, old: Path, new: Path) -> None:
        with Call(self):
            if new in self.names:
                raise FileExistsError(errno.EEXIST, "exists")
            self.names[new] = self._node(old)

    def unlink(self, path: Path) -> None:
        with Call(self):
            self._node(path)
            del self.names[path]

    def make_folder(self, folder: Path) -> None:
        with Call(self):
            self._in_folder(folder)
            self.folders.add(folder)

    def sync_folder(self, folder: Path) -> None:
        with Call(self):
            self.durable = {path: node for path, node in self.durable.items() if path.parent != folder}
            self.durable |= {path: node for path, node in self.names.items() if path.parent == folder}
            self.durable_folders |= {path for path in self.folders if path.parent == folder}

    def list_folder(self, folder: Path) -> list[str]:
        with Call(self):
            return [path.name for path in [*self.names, *self.folders] if path.parent == folder]

    def facts(self, place: Path | int) -> Facts:
        with Call(self):
            node = self.nodes[place if isinstance(place, int) else self._node(place)]
            return Facts(len(node.seen), 0.0, 0o600)

    def crashed(self, seed: int) -> Disk:
        """What a restart may find. Seed 0: all that was not synced is gone; 1: all names stay, only pages are gone."""
        mix = random.Random(seed)
        chance = {0: 0.0, 1: 1.0}.get(seed, 0.5)
        after = Disk()
        kept = {path for path in self.folders if path in self.durable_folders or mix.random() < chance}
        after.folders = after.durable_folders = {
            path for path in kept if kept.issuperset(path.parents[: -len(ROOT.parts)])
        }
        names = {path: (self.names if mix.random() < chance else self.durable).get(path) for path in self._all_names()}
        after.names = {path: n for path, n in names.items() if n is not None and path.parent in after.folders}
        after.durable = dict(after.names)
        for number, node in self.nodes.items():
            torn = bytes(node.synced) if seed <= 1 else _torn(node, mix)
            after.nodes[number] = Node(bytearray(torn), torn)
        return after

    def _all_names(self) -> list[Path]:
        return sorted({*self.names, *self.durable})

    def _node(self, path: Path) -> int:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "absent")
        return self.names[path]

    def _in_folder(self, path: Path) -> None:
        if path.parent not in self.folders:
            raise FileNotFoundError(errno.ENOENT, "no folder")


class Call:
    """One call: may fail before its effect, after it, or be told to do it by half."""

    def __init__(self, disk: Disk) -> None:
        self.disk, self.how = disk, ""

    def __enter__(self) -> bool:
        self.how = self.disk.fail()
        if self.how == "before":
            raise OSError(errno.ENOSPC, "no space")
        return self.how == "short"

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.disk.watch()
        if self.how == "after" and kind is None:
            raise OSError(errno.EIO, "input/output error")


def _torn(node: Node, mix: random.Random) -> bytes:
    new = bytes(node.seen)[: mix.choice([len(node.seen), len(node.synced)])]
    pages = range(0, len(new), 4096)
    return b"".join((new if mix.random() < 0.5 else node.synced.ljust(len(new), b"\0"))[at : at + 4096] for at in pages)


@dataclass
class At:
    """Fail at one call, or from it on."""

    call: int
    how: str
    for_good: bool = False
    fired: bool = False
    calls: int = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls == self.call or (self.for_good and self.calls > self.call):
            self.fired = True
            return self.how
        return ""


def healthy() -> tuple[Disk, Keys, Ref]:
    disk = Disk()
    keys = Keys.create(KEY_FILE, FOLDER, disk)
    return disk, keys, Vault(FOLDER, keys, Silent(), disk).put([b"kept before"])


def faults(make: Callable[[], Disk]) -> Iterator[tuple[Disk, At]]:
    """A disk armed at call 1, 2, 3… in each way, until the work ends before the fault comes."""
    for how, for_good in [("before", False), ("after", False), ("short", False), ("before", True)]:
        for call in count(1):
            disk = make()
            at = At(call, how, for_good)
            disk.fail = at
            yield disk, at
            if not at.fired:
                assert call > 5
                break


def assert_nothing_reads_wrong(disk: Disk, keys: Keys, *promised: Ref) -> None:
    vault = Vault(FOLDER, keys, Silent(), disk)
    found = {address for address, _ in vault.refs()}
    assert found.issuperset(ref.address for ref in promised)
    for address in found:
        assert vault.address_of([vault.read(address)]) == address


def assert_sound(disk: Disk, keys: Keys, *promised: Ref) -> None:
    """Now, and after any crash."""
    disk.fail = lambda: ""
    for seed in SEEDS:
        assert_nothing_reads_wrong(disk.crashed(seed), keys, *promised)
    assert_nothing_reads_wrong(disk, keys, *promised)


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_put_with_a_fault_at_every_call(content: bytes) -> None:
    base, keys, before = healthy()
    raised = 0
    for disk, _at in faults(lambda: copy.deepcopy(base)):
        try:
            vault = Vault(FOLDER, keys, Silent(), disk)
            promised = [before, vault.put([content])]
        except StorageFailed:
            promised = [before]
            raised += 1
        assert_sound(disk, keys, *promised)
        again = Vault(FOLDER, keys, Silent(), disk).put([content])
        assert_sound(disk, keys, before, again)
    assert raised > 10


def test_the_same_vault_works_on_after_a_fault() -> None:
    base, keys, before = healthy()
    for disk, _at in faults(lambda: copy.deepcopy(base)):
        armed, disk.fail = disk.fail, lambda: ""
        vault = Vault(FOLDER, keys, Silent(), disk)
        disk.fail = armed
        with suppress(StorageFailed):
            vault.put([b"abc"])
        disk.fail = lambda: ""
        assert_sound(disk, keys, before, vault.put([b"abc"]))


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_put_with_a_crash_after_every_call(content: bytes) -> None:
    disk, keys, before = healthy()
    stops: list[Disk] = []
    disk.watch = lambda: stops.append(stopped(disk))
    ref = Vault(FOLDER, keys, Silent(), disk).put([content])
    disk.watch = lambda: None
    assert len(stops) > 8
    for stop in stops:
        assert_sound(stop, keys, before)
    for seed in SEEDS:
        assert_nothing_reads_wrong(disk.crashed(seed), keys, before, ref)
        restarted = disk.crashed(seed)
        assert Vault(FOLDER, keys, Silent(), restarted).put([content]) == ref


def stopped(disk: Disk) -> Disk:
    disk_now = copy.copy(disk)
    disk_now.watch = lambda: None
    disk_now.nodes = copy.deepcopy(disk.nodes)
    disk_now.names, disk_now.durable = dict(disk.names), dict(disk.durable)
    disk_now.folders, disk_now.durable_folders = set(disk.folders), set(disk.durable_folders)
    return disk_now


def test_rewrap_with_a_fault_at_every_call() -> None:
    base, keys, ref = healthy()
    new = Keys(bytes(32), keys.address_key)
    for disk, _at in faults(lambda: copy.deepcopy(base)):
        with suppress(StorageFailed):
            Vault(FOLDER, keys, Silent(), disk).rewrap(ref.address, new)
        disk.fail = lambda: ""
        for after in (*map(disk.crashed, SEEDS), disk):
            Vault(FOLDER, keys, Silent(), after).rewrap(ref.address, new)
            assert Vault(FOLDER, new, Silent(), after).read(ref.address) == b"kept before"


def test_reading_with_a_fault_at_every_call_gives_all_or_an_error() -> None:
    base, keys, ref = healthy()
    for disk, at in faults(lambda: copy.deepcopy(base)):
        try:
            assert Vault(FOLDER, keys, Silent(), disk).read(ref.address) == b"kept before"
        except StorageFailed:
            assert at.fired


def test_keys_with_a_fault_at_every_call() -> None:
    for disk, _at in faults(Disk):
        try:
            made = Keys.create(KEY_FILE, FOLDER, disk)
        except VaultError:
            made = None
        disk.fail = lambda: ""
        for after in (*map(disk.crashed, SEEDS), disk):
            if made:
                assert Keys.load(KEY_FILE, FOLDER, fs=after) == made
            else:
                assert Keys.create(KEY_FILE, FOLDER, after) == Keys.load(KEY_FILE, FOLDER, fs=after)
