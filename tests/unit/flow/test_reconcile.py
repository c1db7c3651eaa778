"""What is there is compared with what should be; nothing goes before it is settled (DESIGN §3, invariants 8 and 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, update

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.flow import reconcile
from gateway.flow.house import House
from gateway.intake.imap.port import Listed
from gateway.ledger import patients
from gateway.ledger.tables import arrival, mail
from gateway.model.ports import Silent
from gateway.model.settings import Mailbox
from gateway.model.states import MailState
from tests.crash.house import build

DAY = 86400.0
MAILBOX = Mailbox(name="bal", address="bal@hopital.exemple.mssante.fr", host="127.0.0.1")


@dataclass
class Folder:
    """The done folder of a mailbox: its mails, and which were removed."""

    held: list[Listed]
    removed: list[Listed] = field(default_factory=list)

    async def list_folder(self, folder: str, since_days: int) -> AsyncIterator[Listed]:
        assert (folder, since_days) == (MAILBOX.done_folder, MAILBOX.reconcile_days)
        for one in self.held:
            yield one

    async def list_older(self, folder: str, days: int) -> AsyncIterator[Listed]:
        assert (folder, days) == (MAILBOX.done_folder, MAILBOX.done_keep_days)
        for one in self.held:
            yield one

    async def fetch(self, folder: str, mail: Listed) -> AsyncIterator[bytes]:
        assert folder == MAILBOX.done_folder
        yield b"Message-ID: " + mail.message_id.encode() + b"\r\n\r\nmail %d" % mail.uid

    async def delete(self, folder: str, mails: list[Listed]) -> int:
        assert folder == MAILBOX.done_folder
        self.removed += mails
        return len(mails)


class Later:
    """The machine's clock, some days ahead."""

    def __init__(self, days: float) -> None:
        self._ahead = days * DAY

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self._ahead, UTC)

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    built = build(tmp_path / "house", "")
    async with open_house(load(built.config), Silent()) as opened:
        yield opened


def row(number: int, size: int = 10) -> Listed:
    return Listed(1, number, size, f"<{number}@x>")


async def settle(house: House, at: float) -> None:
    """Make every mail settled, as if each of its documents were."""

    def work(c: Connection) -> None:
        c.execute(update(arrival).values(state=MailState.SETTLED))
        c.execute(update(mail).values(state=MailState.SETTLED, settled_at=at))

    await house.ledger.write("test", work)


async def count(house: House) -> int:
    return await house.ledger.read(lambda c: c.execute(select(func.count()).select_from(arrival)).scalar_one())


async def test_what_the_ledger_lacks_is_taken_again_and_only_once(house: House) -> None:
    folder = Folder([row(1), row(2)])
    assert await reconcile.take_again(house, MAILBOX, folder, set()) == 2
    assert await reconcile.take_again(house, MAILBOX, folder, set()) == 0
    assert await count(house) == 2


async def test_a_mail_that_came_by_its_inbox_is_known_in_the_done_folder(house: House) -> None:
    await reconcile.take_again(house, MAILBOX, Folder([row(1)]), set())
    known = await house.ledger.read(lambda c: c.execute(select(arrival.c.size)).scalar_one())
    await house.ledger.write("test", lambda c: c.execute(update(arrival).values(message_id="<1@x>", key="inbox")))
    assert await reconcile.take_again(house, MAILBOX, Folder([Listed(9, 77, known, "<1@x>")]), set()) == 0


async def test_the_done_folder_keeps_what_is_not_settled_or_in_no_backup(house: House) -> None:
    folder = Folder([row(1, size=27)])
    await reconcile.take_again(house, MAILBOX, folder, set())
    await house.ledger.write("test", lambda c: c.execute(update(arrival).values(message_id="<1@x>", size=27)))
    await house.ledger.write("test", lambda c: patients.set_meta(c, "backup_at", repr(house.now + 1)))
    assert await reconcile.purge_done_folder(house, MAILBOX, folder) == 0, "not settled"
    await settle(house, house.now + 5)
    assert await reconcile.purge_done_folder(house, MAILBOX, folder) == 0, "settled after the backup"
    await settle(house, house.now - 5)
    assert await reconcile.purge_done_folder(house, MAILBOX, folder) == 1
    assert await reconcile.purge_done_folder(house, MAILBOX, Folder([row(8)])) == 0, "unknown to the ledger"


async def test_bytes_go_when_settled_long_ago_and_never_before(house: House) -> None:
    await reconcile.take_again(house, MAILBOX, Folder([row(1)]), set())
    digest = await house.ledger.read(lambda c: c.execute(select(mail.c.digest)).scalar_one())
    house.clock = Later(1000)
    await reconcile.sweep(house)
    assert house.vault.exists(digest), "not settled: however old, it stays"
    await settle(house, house.now - 89 * DAY)
    await reconcile.sweep(house)
    assert house.vault.exists(digest), "retention_days is 90"
    await settle(house, house.now - 91 * DAY)
    await reconcile.sweep(house)
    assert not house.vault.exists(digest)


async def test_what_nothing_refers_to_is_swept_after_a_day(house: House) -> None:
    stray = house.vault.put([b"a put that no row followed"]).address
    await reconcile.sweep(house)
    assert house.vault.exists(stray), "an intake may be about to refer to it"
    house.clock = Later(2)
    await reconcile.sweep(house)
    assert not house.vault.exists(stray)


async def test_arrivals_are_the_sum_over_their_states(house: House) -> None:
    await reconcile.take_again(house, MAILBOX, Folder([row(1), row(2), row(3)]), set())
    assert await house.ledger.read(reconcile.balance)
    await house.ledger.write(
        "test", lambda c: c.execute(update(arrival).where(arrival.c.seq == 2).values(state="lost"))
    )
    assert not await house.ledger.read(reconcile.balance), "a state that does not exist is seen"


def test_the_ledger_is_its_owners_alone(tmp_path: Path) -> None:
    built = build(tmp_path / "house", "")
    assert (built.folder / "gateway.db").stat().st_mode & 0o077 == 0
