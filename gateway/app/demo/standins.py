"""The sandbox DMP and DPI as processes of their own, for the time of a demonstration."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.app.errors import CommandError

START = 20.0
END = 5.0
_PROGRAM = "from gateway.app.cli import main; main()"


@asynccontextmanager
async def standin(kind: str, *options: str | Path) -> AsyncIterator[int]:
    """Run ``gateway sandbox KIND``; the port where it listens. CommandError when it does not start."""
    command = (sys.executable, "-c", _PROGRAM, "sandbox", kind, *map(str, options))
    # a session of its own: Ctrl-C is for us, who then end it in order
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, start_new_session=True)
    try:
        yield await _port(kind, process)
    finally:
        await _end(process)


async def _port(kind: str, process: Process) -> int:
    assert process.stdout is not None, "stdout is a pipe"  # noqa: S101 - asked for above
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START)
        return int(json.loads(line)["port"])
    except (TimeoutError, ValueError, KeyError) as error:
        raise CommandError(f"le {kind.upper()} d'essai n'a pas démarré") from error


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END)
    except TimeoutError:
        process.kill()
        await process.wait()
