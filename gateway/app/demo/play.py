"""The play itself: folder, stand-ins, the gateway as ``run`` composes it, the mails by SMTP, and the watching."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import aiosmtplib
from rich.console import Console

from gateway.app import samples
from gateway.app.config import load
from gateway.app.daemon import Running, running
from gateway.app.demo import progress, show
from gateway.app.demo.folder import Folder, configure, prepare
from gateway.app.demo.progress import Followed
from gateway.app.demo.rehearsal import rehearse
from gateway.app.demo.standins import standin
from gateway.app.errors import CommandError
from gateway.app.samples import Sample
from gateway.flow import index
from gateway.flow.house import House
from gateway.ledger import documents, patients
from gateway.model.identity import Patient
from gateway.model.ports import Silent

#: How often the display looks (seconds), and how long the samples may take.
LOOK = 0.1
LIMIT = 60.0

#: Seconds between two mails on a terminal, so that the eye can follow.
PACE = 0.3


async def play(
    root: Path,
    console: Console,
    *,
    once: bool,
    kept: bool = True,
    dpi_options: Sequence[str] = (),
    scenarios: Sequence[str] = (),
) -> bool:
    """Play the samples in ``root``, a new or empty folder; whether each ended where it should.

    ``kept``: the folder outlives the play, and is shown. Without ``once`` it stays until SIGINT or SIGTERM.
    ``dpi_options`` go to the sandbox DPI: ``--refuse 906`` shows what a refusal does. Each of ``scenarios`` adds a mail
    of its own. CommandError when a stand-in does not start, the folder is not empty or the mails are not taken.
    """
    show.say(console, "Préparation : certificats, DMP et DPI d'essai…")
    today = datetime.now().astimezone().date()
    rehearsal = rehearse(scenarios, today)
    folder, book = await asyncio.to_thread(prepare, root, today, rehearsal)
    async with AsyncExitStack() as stack:
        dpi, dmp = await _standins(stack, folder, dpi_options, rehearsal.orders)
        configure(folder, dpi, dmp)
        life = await stack.enter_async_context(running(load(folder.config), Silent()))
        house = life.gateway.house
        await know(house, (*samples.patients(today), *rehearsal.patients))
        wrong = await perform(life, book, console)
        await _quarantine_shown(house)
        show.say(console, *show.places(folder, kept=kept))
        if not once:
            show.say(console, *show.what_to_try(folder))
            await _told_to_stop()
    return not wrong


async def know(house: House, everybody: Sequence[Patient]) -> None:
    """The patient index and the sender directory."""
    await house.ledger.write("patients", lambda c: index.put_all(c, everybody, house.now))
    await house.ledger.write("senders", lambda c: patients.put_senders(c, samples.SENDERS, house.now))


async def perform(life: Running, book: Sequence[Sample], console: Console) -> list[Sample]:
    """Send the mails and watch until all is done; the samples that went astray."""
    started, began = time.time(), time.monotonic()
    sending = asyncio.create_task(_send(life.smtp_port, book, PACE if console.is_terminal else 0))
    try:
        with show.display(console, started) as display:
            followed = await _watch(life, book, sending, display)
        if sending.done():
            sending.result()
    except aiosmtplib.SMTPException as error:
        raise CommandError(f"les messages d'exemple n'ont pas été pris ({type(error).__name__})") from error
    finally:
        sending.cancel()
    wrong = progress.astray(followed, book)
    show.say(console, *show.summary(followed, wrong, time.monotonic() - began))
    return wrong


async def _standins(
    stack: AsyncExitStack, folder: Folder, dpi_options: Sequence[str], orders: Sequence[str]
) -> tuple[int, int]:
    """Start both at the same time; their ports."""
    certificates, known = folder.certificates, ("--patients", folder.patients)
    tls = ("--cert", certificates / "server.pem", "--key", certificates / "server.key")
    mutual = (*tls, "--client-ca", certificates / "ca.pem")
    played = tuple(word for one in orders for word in ("--scenario", one))
    dpi, dmp = await asyncio.gather(
        stack.enter_async_context(standin("dpi", "--state", folder.record, *known, *dpi_options)),
        stack.enter_async_context(standin("dmp", "--state", folder.dmp, *known, *mutual, *played)),
        return_exceptions=True,  # so that neither is still starting when the stack ends them
    )
    if isinstance(dpi, BaseException):
        raise dpi
    if isinstance(dmp, BaseException):
        raise dmp
    return dpi, dmp


async def _watch(
    life: Running, book: Sequence[Sample], sending: asyncio.Task[None], display: show.Display
) -> list[Followed]:
    deadline = time.monotonic() + LIMIT
    while True:
        quiet = sending.done() and await life.gateway.worker.quiet()
        followed = progress.follow(await life.gateway.house.ledger.read(progress.ways), book)
        display.update(followed)
        done = quiet and all(one.way.ended for one in followed)
        if done or life.gateway.worker.failed is not None or time.monotonic() > deadline:
            return followed
        await asyncio.sleep(LOOK)


async def _send(port: int, book: Sequence[Sample], pace: float) -> None:
    """Hand the mails over in their order, as an operator's server does."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as client:
        for sample in book:
            await client.sendmail(sample.sender, [samples.MAILBOX], sample.raw)
            await asyncio.sleep(pace)


async def _quarantine_shown(house: House) -> None:
    """Wait until the folder, which follows the worklist, holds every entry."""
    wanted = len(await house.ledger.read(documents.open_entries))
    for _ in range(50):
        if len(list(house.settings.quarantine.folder.glob("[0-9]*"))) >= wanted:
            return
        await asyncio.sleep(LOOK)


async def _told_to_stop() -> None:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()
