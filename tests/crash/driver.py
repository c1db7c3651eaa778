"""Runs the gateway over some mails in forked children, and stops them where it is told.

Started once with ``python -m tests.crash.driver``; each line on stdin is a run as JSON, each line on stdout its exit
code. A run that is to crash ends by ``os._exit`` at its point: no handler, no flush, as when the power of the process
is cut. The readers run in the process itself here: their own deaths are the business of the isolation's tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.app.compose import open_gateway
from gateway.app.config import load
from gateway.app.lock import WorkerLock
from gateway.app.tls import Contexts
from gateway.flow import receive, reconcile
from gateway.flow.house import House
from gateway.flow.reading import enclosed, reader
from gateway.flow.receive import Sighting
from gateway.flow.takers import MailboxTaker
from gateway.formats import mail
from gateway.formats.clinical import cda, printable
from gateway.formats.errors import FormatError
from gateway.formats.pdfa.convert import archive
from gateway.formats.validity.verdict import Verdict
from gateway.intake.imap.folders import Folders
from gateway.intake.imap.watcher import Watcher
from gateway.isolation.errors import ReaderRefused
from gateway.ledger.tables import job
from gateway.model.documents import CdaHeader, DocumentReading, MailReading
from gateway.model.ports import Observer
from gateway.model.settings import Mailbox, Settings
from gateway.protocols.cda_transform import Completion, transform
from gateway.vault.files import Vault

CRASHED = 137


class Stopper:
    """The observer that stops the process before or after the k-th time that a step is reached, or writes them down."""

    def __init__(self, crash: str, record: Path | None) -> None:
        self._crash, self._record = crash, record
        self._seen: Counter[str] = Counter()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Two points: just before, and just after."""
        self._point(f"{name}:before")
        yield
        self._point(f"{name}:after")

    def event(self, name: str, **facts: str | int | float | None) -> None:
        """Nothing to stop at."""

    def _point(self, place: str) -> None:
        self._seen[place] += 1
        point = f"{place}:{self._seen[place]}"
        if self._record is not None:
            with self._record.open("a") as file:
                file.write(point + "\n")
        if point == self._crash:
            os._exit(CRASHED)


class InlineReaders:
    """The readers' work done in the process itself."""

    def __init__(self, settings: Settings, vault: Vault, observer: Observer) -> None:
        del settings, observer
        self._vault = vault

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to end."""

    async def read(self, digest: str, *, message: bool = False) -> tuple[MailReading, dict[str, bytes]]:
        """Read a mail, and keep none of its documents: each is extracted again."""
        raw = self._vault.read(digest)
        answer, _ = reader._read(raw, enclosed.read(raw, None) if message else mail.read(raw))
        assert answer.reading is not None
        return answer.reading, {}

    async def extract(self, digest: str, part: str) -> bytes:
        """The bytes of one document."""
        return reader._part(self._vault.read(digest), part)

    async def look(self, digest: str, one: DocumentReading, date: str) -> DocumentReading:
        """The reading of a document that is pictures."""
        return reader.look(self._vault.read(digest), one, date)

    async def in_utf8(self, digest: str, part: str) -> bytes:
        """The bytes of one CDA in its canonical form."""
        return cda.in_utf8(reader._part(self._vault.read(digest), part))

    async def pdfa(self, digest: str, part: str) -> bytes:
        """One PDF of a mail as PDF/A-1."""
        try:
            return archive(reader._part(self._vault.read(digest), part)).data
        except FormatError as error:
            raise ReaderRefused(error.reason) from error

    async def printable(self, digest: str, part: str) -> bytes:
        """The PDF that one CDA carries of itself."""
        return printable.pdf_of(reader._part(self._vault.read(digest), part))

    async def render(self, digest: str, part: str) -> bytes:
        """The bytes in which one document travels that cannot travel as it came."""
        return reader.render(self._vault.read(digest), part)

    async def transform(self, cda: bytes, completion: Completion) -> tuple[bytes, CdaHeader]:
        """A received CDA with its header completed."""
        return transform(cda, completion)

    async def judge(self, cda: bytes) -> Verdict:
        """No rules are judged here: the ANS's package is not at hand."""
        del cda
        return Verdict()


async def work(order: dict[str, Any]) -> int:
    """Take the mails, as a spool that is seen anew at each start, and work until all is quiet."""
    settings = load(Path(order["config"]))
    stopper = Stopper(order.get("crash", ""), Path(order["record"]) if order.get("record") else None)
    with WorkerLock(Path(settings.ledger.url.removeprefix("sqlite:///"))) as lock:
        if not lock.take():
            return 2
        async with open_gateway(settings, stopper, lock, InlineReaders) as gateway:
            running = asyncio.create_task(gateway.worker.run())
            for path in map(Path, order["mails"]):
                await receive.take(gateway.house, Sighting("file", path.name, None), _whole(path), 1 << 27)
            for mailbox in settings.mailbox:
                await _visit(gateway.house, mailbox)
            while not await _settled(gateway):
                if running.done():
                    await running
                    return 3
                await asyncio.sleep(0.01)
            gateway.worker.stop()
            await running
    return 0


async def _visit(house: House, mailbox: Mailbox) -> None:
    """What the daemon does with a mailbox: compare its done folder, then take what is there."""
    tls = Contexts(house.settings).mailbox(mailbox)
    await reconcile.take_again(house, mailbox, Folders(mailbox, tls, house.clock, house.observer), set())
    watcher = Watcher(mailbox, tls, MailboxTaker(house, mailbox.max_size), house.clock, house.observer)
    await watcher.drain()
    watcher.close()


async def _settled(gateway: Any) -> bool:
    """Quiet, and nothing left to retry either: the faults of a scenario are few."""
    if not await gateway.worker.quiet():
        return False
    left = select(func.count()).select_from(job).where((job.c.parked.is_(None)) | (job.c.parked == "breaker"))
    return bool(await gateway.house.ledger.read(lambda c: c.execute(left).scalar_one()) == 0)


async def _whole(path: Path) -> Any:
    yield await asyncio.to_thread(path.read_bytes)


def main() -> None:
    """One child a line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = asyncio.run(work(json.loads(line)))
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
