"""Real readers: what hostile work can do to them, and that it costs nobody else anything."""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import mmap
import os
import signal
import socket
import stat
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.isolation import confine, landlock
from gateway.isolation.channel import plain
from gateway.isolation.errors import ReaderDied, ReaderRefused, ReadersUnavailable, ReaderTimedOut
from gateway.isolation.limits import Limits
from gateway.isolation.pool import Pool
from gateway.model.ports import Silent

MEMORY = 512 << 20
HELD: list[object] = []


# What the readers do, by the first word of the request -------------------------------------------------------------


def work(request: bytes, parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    word, _, rest = request.decode().partition(" ")
    return DEEDS[word](rest, parts)


def echo(rest: str, parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    return rest.encode(), parts


def attempt(deed: Callable[[], object]) -> tuple[bytes, Sequence[bytes]]:
    try:
        deed()
    except OSError as error:
        return f"refused {error.errno}".encode(), ()
    return b"done", ()


def eat(_rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    while True:
        HELD.append(b"x" * (16 << 20))


def eat_shared(_rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    while True:  # shared mappings are not counted by RLIMIT_DATA
        block = mmap.mmap(-1, 32 << 20)
        block.write(b"x" * len(block))
        HELD.append(block)


def grow(_rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    HELD.append(b"x" * (100 << 20))
    return b"", ()


def raw(rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    """Write on the pool's own socket, and stay."""
    (connection,) = filter(_is_socket, range(3, 64))
    os.write(connection, bytes.fromhex(rest))
    time.sleep(60)
    return b"", ()


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def close_and_stay(_rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    os.closerange(3, 64)
    time.sleep(60)
    return b"", ()


def complain(rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    raise ValueError(f"cannot read {rest}")


def sleep(rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    time.sleep(float(rest))
    return b"", ()


def long_reply(rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    return b"", [bytes(1 << 20)] * int(rest)


def many_parts(rest: str, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    return b"", [b""] * int(rest)


DEEDS: dict[str, Callable[[str, Sequence[bytes]], tuple[bytes, Sequence[bytes]]]] = {
    "echo": echo,
    "eat": eat,
    "eat-shared": eat_shared,
    "grow": grow,
    "raw": raw,
    "close": close_and_stay,
    "complain": complain,
    "sleep": sleep,
    "long": long_reply,
    "many": many_parts,
    "pid": lambda _rest, _parts: (str(os.getpid()).encode(), ()),
    "environment": lambda _rest, _parts: (" ".join(os.environ).encode(), ()),
    "exit": lambda rest, _parts: os._exit(int(rest)),
    "abort": lambda _rest, _parts: os.abort(),
    "segfault": lambda _rest, _parts: (ctypes.string_at(0), ()),
    "inet": lambda _rest, _parts: attempt(lambda: socket.socket(socket.AF_INET)),
    "inet6": lambda _rest, _parts: attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
    "unix": lambda _rest, _parts: attempt(lambda: socket.socket(socket.AF_UNIX)),
    "exec": lambda _rest, _parts: attempt(lambda: os.execv("/bin/true", ["true"])),
    "spawn": lambda _rest, _parts: attempt(lambda: subprocess.run(["/bin/true"], check=True)),
    "fork": lambda _rest, _parts: attempt(os.fork),
    "kill-parent": lambda _rest, _parts: attempt(lambda: os.kill(os.getppid(), 0)),
    "write": lambda rest, _parts: attempt(lambda: Path(rest).write_bytes(b"x")),
    "read": lambda rest, _parts: attempt(Path(rest).read_bytes),
    "list": lambda rest, _parts: attempt(lambda: next(Path(rest).iterdir())),
    "import": lambda rest, _parts: attempt(lambda: importlib.import_module(rest)),
    "remove": lambda rest, _parts: attempt(lambda: Path(rest).unlink()),
    "chmod": lambda rest, _parts: attempt(lambda: Path(rest).chmod(0o777)),
    "unlimit": lambda _rest, _parts: attempt(lambda: __import__("resource").prlimit(os.getppid(), 4, (0, 0))),
}


# The tests ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def running(size: int = 1, readable: Sequence[Path] = (), **limits: float) -> AsyncIterator[Pool]:
    values = {"seconds": 20.0, "memory": MEMORY} | limits
    pool = Pool(f"{__name__}:work", size, Limits(**values), Silent(), readable=readable)  # type: ignore[arg-type]
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


async def pid(pool: Pool) -> int:
    return int((await pool.call(b"pid")).body)


async def test_echo_with_parts_of_every_shape() -> None:
    async with running() as pool:
        assert await pool.call(b"echo {}") == await pool.call(b"echo {}", [])
        reply = await pool.call(b'echo {"a":1}', [b"one", [b"t", b"", b"wo"], b"", iter([b"three"])])
        assert reply.body == b'{"a":1}'
        assert reply.parts == (b"one", b"two", b"", b"three")


async def test_big_parts_both_ways_as_a_stream() -> None:
    block = os.urandom(1 << 20)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield block

    async with running() as pool:
        assert (await pool.call(b"echo x", chunks())).parts == (block * 40,)
        assert (await pool.call(b"echo x", [block * 20, [block] * 3])).parts == (block * 20, block * 3)


async def test_two_hundred_calls_at_once_on_two_readers() -> None:
    async with running(2) as pool:
        calls = (pool.call(b"echo %d" % number, [b"%d" % number]) for number in range(200))
        replies = await asyncio.gather(*calls)
        assert [reply.body for reply in replies] == [reply.parts[0] for reply in replies]
        assert len({await pid(pool) for _ in range(10)}) <= 2


async def test_too_slow_is_killed() -> None:
    async with running(seconds=0.5) as pool:
        first = await pid(pool)
        with pytest.raises(ReaderTimedOut):
            await pool.call(b"sleep 60")
        assert await pid(pool) != first
        await gone(first)


@pytest.mark.parametrize("deed", [b"eat", b"eat-shared"])
async def test_memory_is_bounded(deed: bytes) -> None:
    async with running() as pool:
        with pytest.raises(ReaderDied) as death:
            await pool.call(deed)
        assert death.value.why == "memory"
        assert (await pool.call(b"echo well")).body == b"well"


@pytest.mark.parametrize(
    ("deed", "said"), [(b"abort", "signal SIGABRT"), (b"segfault", "signal SIGSEGV"), (b"exit 3", "exit 3")]
)
async def test_a_death_is_told_and_costs_only_its_own_call(deed: bytes, said: str) -> None:
    async with running(2) as pool:
        other = asyncio.create_task(pool.call(b"sleep 0.3"))
        with pytest.raises(ReaderDied, match=said):
            await pool.call(deed)
        assert (await other).body == b""
        assert (await pool.call(b"echo well")).body == b"well"


@pytest.mark.parametrize("deed", ["inet", "inet6", "unix", "exec", "spawn", "fork", "kill-parent", "unlimit"])
async def test_network_programs_and_other_processes_are_refused(deed: str) -> None:
    async with running() as pool:
        assert (await pool.call(deed.encode())).body == b"refused 1"


@pytest.mark.parametrize("deed", ["write", "remove", "chmod"])
async def test_files_cannot_be_changed(tmp_path: Path, deed: str) -> None:
    file = tmp_path / "file"
    file.touch(mode=0o600)
    before = file.stat()
    async with running() as pool:
        assert (await pool.call(f"{deed} {file}".encode())).body == b"refused 1"
        assert (await pool.call(f"write {tmp_path / 'new'}".encode())).body == b"refused 1"
    assert names(tmp_path) == ["file"]
    assert file.stat() == before


@pytest.mark.skipif(not landlock.version(), reason="no Landlock in this kernel")
async def test_only_libraries_and_what_is_named_can_be_read(tmp_path: Path) -> None:
    key, schemas = tmp_path / "ledger.key", tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "CDA.xsd").touch()
    key.write_text("secret")
    async with running() as pool:
        for deed in (
            f"read {key}",
            f"list {tmp_path}",
            f"read /proc/{os.getpid()}/environ",
            f"read {schemas / 'CDA.xsd'}",
        ):
            assert (await pool.call(deed.encode())).body == b"refused 13"
        for module in ("wave", "lxml.html", "gateway.model.people"):
            assert (await pool.call(f"import {module}".encode())).body == b"done"
    async with running(readable=[schemas]) as pool:
        assert (await pool.call(f"read {schemas / 'CDA.xsd'}".encode())).body == b"done"
        assert (await pool.call(f"read {key}".encode())).body == b"refused 13"


@pytest.mark.parametrize(
    ("bytes_", "why"),
    [
        (b"garbage, and more of it", "reply-too-large"),
        (struct.pack(">cI", b"B", 0xFFFFFFFF), "reply-too-large"),
        (struct.pack(">cI", b"Q", 0), "protocol"),
        (struct.pack(">cI", b"D", 0), "protocol"),
        (struct.pack(">cI", b"P", 1) + b"x", "protocol"),
        (struct.pack(">cI", b"B", 0) * 2, "protocol"),
        (struct.pack(">cIcI", b"B", 0, b"P", 0), "protocol"),
        (struct.pack(">cIcI1scI", b"B", 0, b"P", 1, b"x", b"D", 0), "protocol"),
        (struct.pack(">cI", b"B", 0) + struct.pack(">cI", b"E", 0) * 2000, "protocol"),
    ],
)
async def test_nonsense_on_the_socket(bytes_: bytes, why: str) -> None:
    async with running() as pool:
        first = await pid(pool)
        with pytest.raises(ReaderDied) as death:
            await pool.call(b"raw " + bytes_.hex().encode())
        assert death.value.why == why
        assert (await pool.call(b"echo well")).body == b"well"
        await gone(first)


async def test_half_a_reply_times_out() -> None:
    async with running(seconds=0.5) as pool:
        with pytest.raises(ReaderTimedOut):
            await pool.call(b"raw " + struct.pack(">cI", b"B", 100).hex().encode())
        assert (await pool.call(b"echo well")).body == b"well"


async def test_a_reader_that_closes_its_socket_and_stays_is_killed() -> None:
    async with running() as pool:
        first = await pid(pool)
        with pytest.raises(ReaderDied):
            await pool.call(b"close")
        await gone(first)


async def test_replies_are_bounded() -> None:
    async with running(reply_bytes=3 << 20, reply_parts=10) as pool:
        assert len((await pool.call(b"long 3")).parts) == 3
        for deed in (b"long 4", b"many 11"):
            with pytest.raises(ReaderDied):
                await pool.call(deed)
        assert len((await pool.call(b"many 10")).parts) == 10


async def test_an_exception_is_told_without_its_text_and_the_reader_goes_on() -> None:
    async with running() as pool:
        first = await pid(pool)
        with pytest.raises(ReaderRefused) as refusal:
            await pool.call(b"complain DUPONT")
        assert "ValueError at test_isolation.py" in str(refusal.value)
        assert "DUPONT" not in str(refusal.value)
        assert await pid(pool) == first


def test_a_lying_reader_cannot_put_what_it_likes_in_a_message() -> None:
    assert plain(b"a\nb\x1b[0m\xff" + b"x" * 1000).startswith("a?b?[0m??xxx") is False
    assert plain(b"a\nb\x1b[0m\xff") == "a?b?[0m?"
    assert len(plain(b"x" * 1000)) == 300


async def test_cancelled_calls_leave_no_reader_behind_and_no_answer_to_another() -> None:
    async with running() as pool:
        first = await pid(pool)
        for pause in (0.0, 0.01, 0.1):
            call = asyncio.create_task(pool.call(b"sleep 60", [bytes(5 << 20)]))
            await asyncio.sleep(pause)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await pool.call(b"echo mine")).body == b"mine"
        await gone(first)


@pytest.mark.parametrize("kind", [LookupError, ConnectionResetError, TimeoutError, EOFError])
async def test_what_the_parts_raise_comes_through_and_is_not_put_down_to_the_reader(kind: type[Exception]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise kind("vault")

    async def broken_stream() -> AsyncIterator[bytes]:
        for piece in broken():
            yield piece

    async with running() as pool:
        for parts in ([broken()], broken_stream()):
            with pytest.raises(kind, match="vault"):
                await pool.call(b"echo x", parts)
        assert (await pool.call(b"echo well")).body == b"well"


async def test_readers_are_recycled_by_age_and_by_growth() -> None:
    async with running(documents=2, growth=50 << 20) as pool:
        pids = [await pid(pool) for _ in range(4)]
        assert pids[0] == pids[1] != pids[2] == pids[3]
        await pool.call(b"grow")
        assert await pid(pool) not in pids


async def test_readers_know_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", "x")
    async with running() as pool:
        assert b"SECRET" not in (await pool.call(b"environment")).body


async def test_a_dead_nursery_is_replaced_and_its_readers_die_with_it() -> None:
    async with running(2) as pool:
        reader = await pid(pool)
        call = asyncio.create_task(pool.call(b"sleep 60"))
        await asyncio.sleep(0.1)
        pool._hatch._process.kill()
        with pytest.raises(ReadersUnavailable):  # no fault of the document
            await call
        await gone(reader)
        assert (await pool.call(b"echo well")).body == b"well"


async def test_a_reader_that_dies_idle_is_no_documents_fault() -> None:
    async with running() as pool:
        reader = await pid(pool)
        os.kill(reader, signal.SIGKILL)
        await gone(reader)
        assert (await pool.call(b"echo well")).body == b"well"


async def test_closing_ends_everything_and_the_call_under_way() -> None:
    async with running(2) as pool:
        reader, nursery = await pid(pool), pool._hatch._process.pid
        call = asyncio.create_task(pool.call(b"sleep 60"))
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(pool.call(b"sleep 60")) for _ in range(3)]
        await asyncio.sleep(0.1)
    for ended in (call, *waiting):
        with pytest.raises(ReadersUnavailable):
            await ended
    await pool.close()
    with pytest.raises(ReadersUnavailable):
        await pool.call(b"echo late")
    await gone(reader)
    await gone(nursery)


async def test_work_that_cannot_be_imported_is_told_at_start() -> None:
    pool = Pool("gateway.isolation.absent:work", 1, Limits(), Silent())
    with pytest.raises(ReadersUnavailable, match=r"gateway\.isolation\.absent"):
        await pool.start()


@pytest.mark.parametrize("allowed", [False, True])
async def test_start_fails_where_readers_cannot_be_confined_unless_allowed(*, allowed: bool) -> None:
    pool = Pool(f"{__name__}_unconfinable:work", 1, Limits(), Silent(), allow_unconfined=allowed)
    if allowed:
        await pool.start()
        assert (await pool.call(b"inet")).body == b"done"
        await pool.close()
    else:
        with pytest.raises(ReadersUnavailable, match="cannot be confined"):
            await pool.start()


async def gone(process: int) -> None:
    def wait() -> bool:
        for _ in range(1000):
            if not Path(f"/proc/{process}").exists():
                return True
            time.sleep(0.01)
        return False

    assert await asyncio.to_thread(wait)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_every_rule_is_known_to_this_machine() -> None:
    assert all(confine._known(name) for name in ("socket", "execve", "ptrace", "unlinkat", "openat", "clone3"))
    assert not confine._known("no_such_call")
