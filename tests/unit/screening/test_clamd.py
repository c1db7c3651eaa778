"""clamd's protocol against a scripted peer: what the real one says rarely, or never, is not taken for clean either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from gateway.model.ports import Silent
from gateway.screening.clamd import Clamd, Scan, ScreeningError, Verdict

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def clamd(folder: Path, peer: Peer, patience: float = 5) -> AsyncIterator[Clamd]:
    server = await asyncio.start_unix_server(peer, folder / "s")
    async with server:
        yield Clamd(f"unix:{folder}/s", patience, Silent())


def answering(answer: bytes) -> Peer:
    """Reads a whole INSTREAM as its grammar has it, or a single command, and answers."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        if command == b"zINSTREAM\0":
            while size := int.from_bytes(await reader.readexactly(4)):
                assert size <= 1 << 20
                await reader.readexactly(size)
        writer.write(b"PONG\0" if command == b"zPING\0" else answer)
        writer.close()

    return peer


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\0")
    writer.write(b"stream: OK\0")
    writer.transport.abort()


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"stream: OK\0", Scan(Verdict.CLEAN)),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Scan(Verdict.FOUND, "Win.Test.EICAR_HDB-1")),
        (b"stream: OK FOUND\0", Scan(Verdict.FOUND, "OK")),
        (b"INSTREAM size limit exceeded. ERROR\0", Scan(Verdict.TOO_LARGE)),
        (
            b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
            Scan(Verdict.TOO_LARGE, "Heuristics.Limits.Exceeded.MaxFileSize"),
        ),
    ],
)
async def test_answers(tmp_path: Path, answer: bytes, said: Scan) -> None:
    async with clamd(tmp_path, answering(answer)) as asked:
        assert await asked.scan([b"a mail", b"", b"x" * 700_000]) == said


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"stream: OK",
        b"stream: OK ERROR\0",
        b"OK\0",
        b"stream: ok\0",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"x" * 100_000,
    ],
)
async def test_another_answer_is_none(tmp_path: Path, answer: bytes) -> None:
    async with clamd(tmp_path, answering(answer)) as asked:
        with pytest.raises(ScreeningError) as failed:
            await asked.scan([b"a mail"])
        assert failed.value.code == "answer"
        assert "\n" not in str(failed.value)


async def test_one_that_says_ok_before_it_has_seen_all_is_not_believed(tmp_path: Path) -> None:
    async with clamd(tmp_path, hanging_up) as asked:
        with pytest.raises(ScreeningError):
            await asked.scan(bytes(1 << 20) for _ in range(50))


async def test_a_mute_one_is_given_up(tmp_path: Path) -> None:
    async with clamd(tmp_path, mute, patience=0.2) as asked:
        with pytest.raises(ScreeningError) as failed:
            await asked.scan([b"a mail"])
        assert failed.value.code == "timed-out"


async def test_the_age_of_the_signatures(tmp_path: Path) -> None:
    async with clamd(tmp_path, answering(b"ClamAV 1.4.6/27431/Sun Nov  2 09:52:00 2025\0")) as asked:
        version = await asked.version()
    assert (version.engine, version.number) == ("ClamAV 1.4.6", 27431)
    assert version.made is not None
    assert version.made.replace(tzinfo=None) == datetime(2025, 11, 2, 9, 52)  # noqa: DTZ001 - clamd's local time


async def test_somebody_else_who_answers_is_told(tmp_path: Path) -> None:
    async with clamd(tmp_path, answering(b"220 smtp.example.org ESMTP\0")) as asked:
        with pytest.raises(ScreeningError):
            await asked.version()
