from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ports import Silent
from gateway.vault.errors import ObjectAbsent, ObjectDamaged, TooLarge, VaultError
from gateway.vault.files import Ref, Vault
from gateway.vault.frames import FRAME, HEADER, TAG, Framer
from gateway.vault.keys import Keys

SIZES = [0, 1, 1000, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 17]


def content(size: int) -> bytes:
    return (b"Compte rendu fictif. " * (size // 21 + 1))[:size]


def file_of(folder: Path, ref: Ref) -> Path:
    (path,) = folder.glob(f"*/*/{ref.address}")
    return path


def drafts(folder: Path) -> list[Path]:
    return list((folder / "drafts").iterdir())


async def stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize("size", SIZES)
def test_put_and_get(vault: Vault, folder: Path, size: int) -> None:
    ref = vault.put([content(size)])
    assert ref.size == size
    assert vault.read(ref.address) == content(size)
    assert max(map(len, vault.get(ref.address))) <= FRAME
    assert vault.exists(ref.address)
    assert not drafts(folder)


@given(st.lists(st.binary(max_size=100), max_size=20), st.integers(0, 3))
def test_frames_do_not_depend_on_how_the_content_arrives(chunks: list[bytes], whole: int) -> None:
    chunks = [*chunks, *[content(FRAME)] * whole]
    framer = Framer()
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)]
    assert all(len(frame) == FRAME for frame in frames)
    assert b"".join([*frames, framer.rest()]) == b"".join(chunks)
    assert frames == [] or framer.rest()


def test_same_content_is_one_object(vault: Vault) -> None:
    first, second = vault.put([b"abc", b"def"]), vault.put([b"abcdef"])
    assert first == second
    assert [address for address, _ in vault.refs()] == [first.address]
    assert vault.address_of([b"ab", b"cdef"]) == first.address
    assert vault.put([b"abcdeg"]) != first


def test_a_put_heals_a_rotten_object(vault: Vault, folder: Path) -> None:
    ref = vault.put([b"abc"])
    file_of(folder, ref).write_bytes(b"rotten")
    with pytest.raises(ObjectDamaged):
        vault.read(ref.address)
    vault.put([b"abc"])
    assert vault.read(ref.address) == b"abc"


def test_an_address_tells_nothing_to_who_lacks_the_key(tmp_path: Path, vault: Vault) -> None:
    other = Vault(tmp_path / "other", Keys.create(tmp_path / "other.key", tmp_path / "other"), Silent())
    assert vault.put([b"abc"]) != other.put([b"abc"])


def test_nothing_readable_lies_on_the_disk_and_only_the_owner_may_look(vault: Vault, folder: Path) -> None:
    old = os.umask(0)
    try:
        path = file_of(folder, vault.put([content(5000)]))
    finally:
        os.umask(old)
    assert b"fictif" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert {place.stat().st_mode & 0o777 for place in [folder, *folder.glob("**/")]} == {0o700}


@pytest.mark.parametrize("size", SIZES)
async def test_a_stream_gives_the_same_object(vault: Vault, size: int) -> None:
    whole = content(size)
    ref = await vault.put_stream(stream(whole[start : start + 70_001] for start in range(0, size, 70_001)), size)
    assert ref == Ref(vault.address_of([whole]), size)
    assert vault.read(ref.address) == whole


@pytest.mark.parametrize("limit", [0, 99, FRAME, 2 * FRAME])
async def test_a_stream_beyond_the_limit_is_not_read_on(vault: Vault, folder: Path, limit: int) -> None:
    read = 0

    def long() -> Iterator[bytes]:
        nonlocal read
        while read < limit + 100_000:
            read += 100
            yield bytes(100)

    with pytest.raises(TooLarge):
        await vault.put_stream(stream(long()), limit)
    assert read <= limit + 100
    assert not drafts(folder)
    assert not list(vault.refs())


async def test_a_stream_that_breaks_leaves_nothing_and_its_error_is_its_own(vault: Vault, folder: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield content(2 * FRAME)
        raise ConnectionResetError("peer")

    with pytest.raises(ConnectionResetError):
        await vault.put_stream(broken(), 10 * FRAME)
    assert not drafts(folder)
    assert not list(vault.refs())


async def test_a_cancelled_stream_leaves_nothing(vault: Vault, folder: Path) -> None:
    stuck = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield content(2 * FRAME)
        stuck.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(vault.put_stream(slow(), 10 * FRAME))
    await stuck.wait()
    assert drafts(folder)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert not drafts(folder)


async def test_many_streams_at_once(vault: Vault) -> None:
    wholes = [content(1000) + bytes([number % 10]) for number in range(40)]
    refs = await asyncio.gather(*(vault.put_stream(stream([whole]), 2000) for whole in wholes))
    assert [vault.read(ref.address) for ref in refs] == wholes
    assert len(list(vault.refs())) == 10


@pytest.mark.parametrize("size", [0, 10, FRAME, 2 * FRAME + 5])
def test_every_cut_is_noticed(vault: Vault, folder: Path, size: int) -> None:
    ref = vault.put([content(size)])
    path = file_of(folder, ref)
    whole = path.read_bytes()
    ends = [0, 7, HEADER - 1, HEADER, len(whole) - 1, HEADER + FRAME + TAG, HEADER + 2 * (FRAME + TAG)]
    for cut in [whole[:end] for end in ends if end < len(whole)] + [whole + b"\0", whole + whole[HEADER:]]:
        path.write_bytes(cut)
        with pytest.raises(ObjectDamaged):
            vault.read(ref.address)


def test_every_altered_byte_is_noticed(vault: Vault, folder: Path) -> None:
    ref = vault.put([b"abc"])
    path = file_of(folder, ref)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ObjectDamaged):
            vault.read(ref.address)


def test_frames_moved_repeated_or_dropped_are_noticed(vault: Vault, folder: Path) -> None:
    ref = vault.put([content(2 * FRAME), bytes(FRAME)])
    path = file_of(folder, ref)
    whole = path.read_bytes()
    step = FRAME + TAG
    head, first, second, last = whole[:HEADER], *(whole[HEADER + step * n : HEADER + step * (n + 1)] for n in range(3))
    assert head + first + second + last == whole
    for frames in [(second, first, last), (first, first, last), (first, last), (first, second), (first, last, second)]:
        path.write_bytes(head + b"".join(frames))
        with pytest.raises(ObjectDamaged):
            vault.read(ref.address)


def test_an_object_under_another_name_does_not_open(vault: Vault, folder: Path) -> None:
    one, other = vault.put([b"one"]), vault.put([b"other"])
    file_of(folder, other).write_bytes(file_of(folder, one).read_bytes())
    with pytest.raises(ObjectDamaged):
        vault.read(other.address)


@pytest.mark.parametrize("ref", ["", "..", "/etc/passwd", "a" * 63, "A" * 64, "../" * 21 + "a", "é" * 64])
def test_only_addresses_reach_the_disk(vault: Vault, ref: str) -> None:
    for use in (vault.read, vault.exists, vault.delete):
        with pytest.raises(VaultError):
            use(ref)


def test_absent(vault: Vault) -> None:
    with pytest.raises(ObjectAbsent):
        vault.read("0" * 64)
    assert not vault.exists("0" * 64)
    assert not vault.delete("0" * 64)


def test_sweeping_by_age(vault: Vault, folder: Path) -> None:
    old, young, again = (vault.put([text]) for text in (b"old", b"young", b"again"))
    for ref in (old, again):
        os.utime(file_of(folder, ref), (1000, 1000))
    vault.put([b"again"])
    swept = [address for address, _ in vault.refs() if vault.delete(address, before=2000)]
    assert swept == [old.address]
    assert vault.exists(young.address)
    assert vault.exists(again.address)


def test_drafts_of_crashes_are_swept_by_age(vault: Vault, folder: Path) -> None:
    for name, when in (("crashed", 1000), ("in-work", 3000)):
        (folder / "drafts" / name).touch()
        os.utime(folder / "drafts" / name, (when, when))
    assert vault.sweep_drafts(before=2000) == 1
    assert [path.name for path in drafts(folder)] == ["in-work"]
    assert not list(vault.refs())


def test_rotation_cut_short_and_taken_up_again(tmp_path: Path, folder: Path, keys: Keys) -> None:
    vault = Vault(folder, keys, Silent())
    refs = [vault.put([content(size)]) for size in (0, 500, 2 * FRAME)]
    Keys.create(tmp_path / "new.key", tmp_path / "elsewhere")
    new = keys.with_master(tmp_path / "new.key")
    frames = [file_of(folder, ref).read_bytes()[HEADER:] for ref in refs]
    assert vault.rewrap(refs[0].address, new)
    assert [vault.rewrap(ref.address, new) for ref in refs] == [False, True, True]
    assert [file_of(folder, ref).read_bytes()[HEADER:] for ref in refs] == frames
    new.keep_address_key(folder)
    rotated = Vault(folder, Keys.load(tmp_path / "new.key", folder, fingerprint=new.fingerprint()), Silent())
    assert [rotated.read(ref.address) for ref in refs] == [content(size) for size in (0, 500, 2 * FRAME)]
    assert rotated.put([content(500)]) == refs[1]
    with pytest.raises(ObjectDamaged):
        vault.read(refs[1].address)
    assert not drafts(folder)


def test_rewrap_refuses_what_neither_key_opens(vault: Vault, folder: Path, keys: Keys) -> None:
    ref = vault.put([b"abc"])
    path = file_of(folder, ref)
    damaged = bytes(HEADER) + path.read_bytes()[HEADER:]
    path.write_bytes(damaged)
    with pytest.raises(ObjectDamaged):
        vault.rewrap(ref.address, keys)
    assert path.read_bytes() == damaged


def test_each_durable_instant_is_observed_in_order(folder: Path, keys: Keys) -> None:
    seen: list[str] = []

    class Watch(Silent):
        @contextmanager
        def step(self, name: str) -> Iterator[None]:
            seen.append(name)
            yield

    Vault(folder, keys, Watch()).put([b"abc"])
    assert list(dict.fromkeys(seen)) == ["vault.write", "vault.sync", "vault.rename", "vault.sync-folder"]
