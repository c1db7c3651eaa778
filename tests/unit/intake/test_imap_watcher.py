"""What the watcher decides, on a server in memory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from gateway.intake.errors import IntakeStopped
from gateway.intake.imap.errors import ConnectionLost, Renumbered
from gateway.intake.imap.reader import PIECE
from gateway.intake.imap.watcher import Watcher
from gateway.model.reasons import Reason
from gateway.model.settings import Mailbox, Size
from tests.protocol.keeper import Keeper, Watching
from tests.unit.intake.memory import Server

MAIL = b"Message-ID: <1@test.mssante.fr>\r\n\r\nbody"


class Time:
    """Time that only sleeping moves. The test ends at the ``last``-th sleep."""

    def __init__(self, last: int = 0) -> None:
        self.slept: list[float] = []
        self.last = last

    def now(self) -> datetime:
        return datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.last:
            raise TimeIsUp
        await asyncio.sleep(0)


class TimeIsUp(Exception):  # noqa: N818
    pass


class Middle:
    def fraction(self) -> float:
        return 1.0

    def token(self) -> str:
        return "0" * 32


def watch(
    server: Server, keeper: Keeper, time: Time | None = None, observer: Watching | None = None, **changes: object
) -> Watcher:
    time = time or Time()
    settings = Mailbox(name="bal", address="bal@test.mssante.fr", host="localhost", **changes)  # type: ignore[arg-type]
    return Watcher(
        settings,
        None,
        keeper,
        time,
        observer or Watching(),
        connect=server.connect,
        sleep=time.sleep,
        chance=Middle(),
    )


async def test_a_week_without_the_server() -> None:
    server, time = Server(MAIL), Time(last=10090)
    server.down = True
    with pytest.raises(ExceptionGroup):
        await watch(server, Keeper(), time).run()
    assert time.slept[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert sum(time.slept) > timedelta(days=7).total_seconds()


async def test_a_full_disk_waits_and_goes_on() -> None:
    server, keeper, time, observer = Server(MAIL, MAIL), Keeper(), Time(last=4), Watching()
    keeper.full = True

    def room_again(_command: str) -> None:
        keeper.full = len(time.slept) < 3

    server.before = room_again
    with suppress(ExceptionGroup):
        await watch(server, keeper, time, observer).run()
    assert time.slept[:3] == [5, 10, 20]
    assert len(keeper.mails) == 2
    assert "imap.stopped" in observer.names()


async def test_what_was_taken_before_the_disk_was_full_is_moved() -> None:
    server, keeper = Server(MAIL, MAIL, MAIL), Keeper()
    take = keeper.take

    async def one_only(*args: object) -> object:
        keeper.full = args[2] != 1
        return await take(*args)  # type: ignore[arg-type]

    keeper.take = one_only  # type: ignore[assignment,method-assign]
    with pytest.raises(IntakeStopped):
        await watch(server, keeper, max_size=Size(10**9)).drain()
    assert set(server.folders["Traites"]) == {1}
    assert len(keeper.mails) == 1


async def test_one_immovable_mail_does_not_hold_the_others() -> None:
    server, keeper = Server(*[MAIL] * 20), Keeper()
    server.immovable = {3}
    watcher = watch(server, keeper)
    assert [await watcher.drain(), await watcher.drain()] == [20, 0]
    assert set(server.folders["INBOX"]) == {3}
    assert (watcher.status.in_folder, watcher.status.unmoved) == (1, 1)


async def test_a_folder_that_refuses_every_move_is_not_asked_for_each_mail() -> None:
    server, keeper = Server(*[MAIL] * 200), Keeper()
    server.immovable = set(range(201))
    watcher = watch(server, keeper)
    assert await watcher.drain() == 200
    assert sum(command.startswith("MOVE") for command in server.heard) <= 9
    server.immovable = set()
    assert await watcher.drain() == 0
    assert not server.folders["INBOX"]
    assert set(keeper.times.values()) == {1}


async def test_a_poisonous_mail_ends_in_review_and_the_others_do_not_wait() -> None:
    server, keeper, time = Server(*[MAIL] * 10), Keeper(), Time()
    server.poison = {4}
    watcher = watch(server, keeper, time)
    for minute in range(16):
        assert await watcher.drain() == (9 if minute == 0 else 1 if minute == 15 else 0)
        await time.sleep(60)
    ((key, (why, _)),) = keeper.refused.items()
    assert (key[2], why) == (4, Reason.UNREADABLE)
    assert set(server.folders["A verifier"]) == {4}


async def test_being_woken_often_uses_up_no_patience() -> None:
    server, keeper, time = Server(MAIL), Keeper(), Time()
    server.refused = {1}
    watcher = watch(server, keeper, time)
    await watcher.drain()
    server.heard.clear()
    for _ in range(50):
        await time.sleep(1)
        assert await watcher.drain() == 0
    assert not any(command.startswith(("SIZES", "BODIES", "PIECE")) for command in server.heard)
    await time.sleep(1000)
    assert [await watcher.drain() for _ in range(20)] == [0] * 20
    await time.sleep(60)
    assert await watcher.drain() == 1, "the third time, and long after the first"


async def test_what_failed_before_comes_last() -> None:
    server, keeper, time = Server(MAIL), Keeper(), Time()
    server.refused = {1}
    watcher = watch(server, keeper, time)
    await watcher.drain()
    await time.sleep(60)
    server.folders["INBOX"][2] = MAIL
    server.heard.clear()
    assert await watcher.drain() == 1
    assert server.heard.index("MOVE 1") < server.heard.index("PIECE 1 0")


async def test_a_passing_refusal_is_forgiven() -> None:
    server, keeper, time = Server(MAIL, MAIL), Keeper(), Time()
    server.refused = {1}
    watcher = watch(server, keeper, time)
    assert await watcher.drain() == 1
    server.refused = set()
    await time.sleep(60)
    assert await watcher.drain() == 1
    assert not keeper.refused


async def test_a_network_that_fails_is_no_fault_of_the_mail() -> None:
    server, keeper = Server(MAIL, MAIL), Keeper()
    watcher = watch(server, keeper)

    def fall(command: str) -> None:
        server.down = command.startswith(("BODIES", "PIECE"))

    server.before = fall
    for _ in range(6):
        with pytest.raises(ConnectionLost):
            await watcher.drain()
        server.down = False
    server.before = lambda _command: None
    assert await watcher.drain() == 2
    assert not keeper.refused


@pytest.mark.parametrize("declared", [1, 3 * PIECE, 10 * PIECE])
async def test_the_announced_size_is_not_believed(declared: int) -> None:
    body = b"x" * (3 * PIECE + 17)
    server, keeper = Server(body), Keeper()
    server.declared = {1: declared}
    assert await watch(server, keeper).drain() == 1
    assert list(keeper.mails.values()) == [body]


@pytest.mark.parametrize("size", [PIECE * 3, PIECE * 3 - 1, PIECE * 3 + 1])
async def test_pieces_meet_at_their_edges(size: int) -> None:
    body = bytes(index % 251 for index in range(1000)) * (size // 1000 + 1)
    server, keeper = Server(body[:size]), Keeper()
    assert await watch(server, keeper).drain() == 1
    assert list(keeper.mails.values()) == [body[:size]]
    assert keeper.largest_chunk <= PIECE


@pytest.mark.parametrize("declared", [10, 3 * PIECE])
async def test_a_mail_larger_than_announced_is_too_large_all_the_same(declared: int) -> None:
    server, keeper = Server(b"A: b\r\n\r\n" + b"x" * (5 * PIECE), MAIL), Keeper()
    server.declared = {1: declared}
    assert await watch(server, keeper, max_size=Size(4 * PIECE)).drain() == 2
    ((why, header),) = keeper.refused.values()
    assert (why, header) == (Reason.TOO_LARGE, b"A: b")
    assert set(server.folders["A verifier"]) == {1}


async def test_mails_that_vanish_are_no_error() -> None:
    server, keeper, observer = Server(MAIL, b"x" * (5 * PIECE), MAIL), Keeper(), Watching()

    def take_away(command: str) -> None:
        if command == "BODIES":
            server.folders["INBOX"].pop(1, None)
        if command == f"PIECE 2 {PIECE}":
            server.folders["INBOX"].pop(2, None)

    server.before = take_away
    assert await watch(server, keeper, observer=observer).drain() == 1
    assert observer.names().count("imap.vanished") == 2


async def test_a_renumbered_folder_moves_nothing_that_is_not_ours() -> None:
    server, keeper = Server(*[MAIL] * 3), Keeper()

    def replaced(command: str) -> None:
        if command.startswith("MOVE"):
            server.before = lambda _command: None
            server.uidvalidity, server.down = 2, True
            server.folders["INBOX"] = {1: b"another", 2: b"another"}

    server.before = replaced
    watcher = watch(server, keeper)
    with pytest.raises(ConnectionLost):
        await watcher.drain()
    server.down = False
    with pytest.raises(Renumbered):
        await watcher.drain()
    assert set(server.folders["INBOX"]) == {1, 2}
    assert await watcher.drain() == 2
    assert sorted(uid for _, uidvalidity, uid in keeper.mails if uidvalidity == 2) == [1, 2]


async def test_without_uidplus_nothing_is_expunged() -> None:
    server, keeper = Server(MAIL, capabilities=""), Keeper()
    watcher = watch(server, keeper)
    assert [await watcher.drain(), await watcher.drain()] == [1, 0]
    assert server.deleted == {1}
    assert "EXPUNGE" not in server.heard
    assert set(server.folders["Traites"]) == {1}


async def test_what_no_copy_confirms_stays() -> None:
    server, keeper = Server(MAIL, MAIL, capabilities="UIDPLUS"), Keeper()
    server.unconfirmed = {2}
    assert await watch(server, keeper).drain() == 2
    assert set(server.folders["INBOX"]) == {2}


async def test_from_a_read_only_folder_nothing_is_even_copied() -> None:
    server, keeper, observer = Server(MAIL, capabilities=""), Keeper(), Watching()
    server.read_only = True
    assert await watch(server, keeper, observer=observer).drain() == 1
    assert "COPY" not in server.heard
    assert "imap.move-refused" in observer.names()


async def test_an_idle_connection_that_went_is_opened_again_within_the_poll() -> None:
    server, keeper = Server(MAIL), Keeper()
    watcher = watch(server, keeper)
    assert await watcher.drain() == 1

    def gone(command: str) -> None:
        if command == "NOOP":
            server.before = lambda _command: None
            raise ConnectionLost("gone")

    server.folders["INBOX"][2] = MAIL
    server.before = gone
    assert await watcher.drain() == 1
