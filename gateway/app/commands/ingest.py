"""``gateway ingest``: the same intake from files, in the order given."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from gateway.app.compose import open_gateway, open_house
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.app.lock import WorkerLock
from gateway.flow import receive
from gateway.flow.house import House
from gateway.flow.receive import Sighting
from gateway.flow.worker import Worker
from gateway.ledger import jobs
from gateway.model.causes import cause
from gateway.model.ports import Silent
from gateway.model.settings import Settings
from gateway.operate import quarantine_folder
from gateway.vault.errors import TooLarge

LIMIT = 100_000_000
PIECE = 1 << 20
TIME_IS_UP = 3


def run(options: argparse.Namespace) -> int:
    """0 however documents end, 1 when a file could not be kept, 3 when the time is up."""
    settings = load(options.config)
    deadline = None if options.timeout is None else time.monotonic() + options.timeout
    return asyncio.run(_run(settings, options.mails, wait=options.wait, deadline=deadline))


async def _run(settings: Settings, mails: list[Path], *, wait: bool, deadline: float | None) -> int:
    with WorkerLock(_ledger_file(settings)) as lock:
        if wait and lock.take():
            async with open_gateway(settings, Silent(), lock) as gateway:
                return await _work(gateway.house, gateway.worker, mails, deadline)
        async with open_house(settings, Silent()) as house:
            kept = await _take_all(house, mails)
            done = not wait or await _until(lambda: _quiet(house), deadline)
            return 0 if kept and done else 1 if not kept else TIME_IS_UP


async def _work(house: House, worker: Worker, mails: list[Path], deadline: float | None) -> int:
    running = asyncio.create_task(worker.run())
    kept = await _take_all(house, mails)
    done = await _until(worker.quiet, deadline, running)
    worker.stop()
    await running
    await quarantine_folder.sync(house)
    return 0 if kept and done else 1 if not kept else TIME_IS_UP


async def _take_all(house: House, mails: list[Path]) -> bool:
    """Take each file; whether all were kept."""
    kept = True
    for path in mails:
        try:
            seen = Sighting("file", path.name, None)
            await receive.take(house, seen, _chunks(path), LIMIT)
        except TooLarge:
            kept = _complain(path, "message trop volumineux")
        except OSError as error:
            kept = _complain(path, cause(error))
    return kept


def _complain(path: Path, why: str) -> bool:
    print(f"gateway : {path.name} n'a pas pu être pris : {why}", file=sys.stderr)
    return False


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, PIECE):
            yield chunk


async def _quiet(house: House) -> bool:
    return await house.ledger.read(jobs.busy) == 0


async def _until(
    quiet: Callable[[], Awaitable[bool]], deadline: float | None, running: asyncio.Task[None] | None = None
) -> bool:
    """Wait for quiet; False when the time is up."""
    while not await quiet():
        if running is not None and running.done():
            await running
            raise CommandError("le traitement s'est arrêté")
        if deadline is not None and time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def _ledger_file(settings: Settings) -> Path:
    return Path(settings.ledger.url.removeprefix("sqlite:///"))
