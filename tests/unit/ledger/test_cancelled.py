"""A write that nobody waits for any more harms no other."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.ledger import patients
from gateway.ledger.engine import Ledger
from gateway.model.ports import Silent


async def test_the_writer_outlives_a_cancelled_write(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/gateway.db", Silent())
    begun, go = threading.Event(), threading.Event()

    def slow(c: Connection) -> None:
        begun.set()
        go.wait(10)
        patients.set_meta(c, "slow", "kept")

    running = asyncio.create_task(ledger.write("running", slow))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(ledger.write("waiting", lambda c: patients.set_meta(c, "waiting", "kept")))
    await asyncio.sleep(0)
    for task in (running, waiting):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go.set()
    await asyncio.wait_for(ledger.write("after", lambda c: patients.set_meta(c, "after", "kept")), 10)
    assert await ledger.read(lambda c: patients.get_meta(c, "waiting")) is None
    assert await ledger.read(lambda c: patients.get_meta(c, "slow")) == "kept"
    ledger.close()
