"""A mailbox of a real Dovecot: what is taken, what wakes us, what breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from gateway.intake.errors import IntakeStopped
from gateway.intake.imap import reader
from gateway.intake.imap.errors import CommandRefused, ImapError, LoginRefused, Renumbered
from gateway.intake.imap.watcher import Watcher
from gateway.model.ports import SystemClock
from gateway.model.reasons import Reason
from gateway.model.settings import Mailbox, Seconds, Size
from tests.protocol import dovecot
from tests.protocol.keeper import Keeper, Watching, until
from tests.protocol.proxy import cutting


@pytest.fixture(scope="module")
def server() -> Iterator[dovecot.Dovecot]:
    with dovecot.running() as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return f"{request.node.originalname}@test.mssante.fr".replace("test_", "")


def watch(settings: Mailbox, keeper: Keeper, observer: Watching | None = None, **how: Any) -> Watcher:
    return Watcher(settings, dovecot.secured(settings), keeper, SystemClock(), observer or Watching(), **how)


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


class Running:
    """A watcher at work for the length of a block."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    async def __aenter__(self) -> Watcher:
        self._task = asyncio.create_task(self._watcher.run())
        return self._watcher

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_read_or_not_every_mail_but_the_deleted_is_taken_and_moved(server: dovecot.Dovecot, user: str) -> None:
    mails = [dovecot.mail(number, size) for number, size in enumerate((0, 10, 3000, 3 << 20))]
    server.deliver(user, *mails)
    with server.client(user) as client:
        client.select()
        client.store("1", "+FLAGS", r"(\Seen)")
        client.store("2", "+FLAGS", r"(\Deleted)")
    keeper = Keeper()
    watcher = watch(server.mailbox(user), keeper)
    assert await watcher.drain() == 3
    kept = sorted(keeper.mails.values(), key=len)
    assert [raw[raw.index(b"From: ") :] for raw in kept] == [mails[0], mails[2], mails[3]]
    assert server.count(user, "INBOX") == 1
    assert server.count(user, "Traites") == 3
    assert server.count(user, "Traites", "UNSEEN") == 2, "reading must leave no flag"
    assert (watcher.status.in_folder, watcher.status.connected) == (0, True)
    assert await watcher.drain() == 0


async def test_folder_names_of_all_kinds(server: dovecot.Dovecot, user: str) -> None:
    settings = server.mailbox(user, folder='Reçu "labo" & Cie', done_folder="Traités ✓", review_folder=r"À\vérifier")
    with server.client(user) as client:
        assert client.create(r'"Re&AOc-u \"labo\" &- Cie"')[0] == "OK"
        assert client.append(r'"Re&AOc-u \"labo\" &- Cie"', "", "", dovecot.mail(1))[0] == "OK"
    assert await watch(settings, Keeper()).drain() == 1
    assert server.count(user, "Trait&AOk-s &JxM-") == 1


async def test_a_folder_of_1500_mails(server: dovecot.Dovecot, user: str) -> None:
    server.put(user, *[dovecot.mail(number) for number in range(1500)])
    keeper = Keeper()
    assert await watch(server.mailbox(user), keeper).drain() == 1500
    assert set(keeper.times.values()) == {1}
    assert 1 < keeper.most_in_flight <= 8
    assert server.count(user, "Traites") == 1500


async def test_1500_mails_moved_by_another_while_we_are_connected(server: dovecot.Dovecot, user: str) -> None:
    keeper = Keeper()
    watcher = watch(server.mailbox(user, folder="Reception"), keeper)
    with server.client(user) as client:
        client.create("Reception")
        server.put(user, *[dovecot.mail(number) for number in range(1500)])
        keeper.full = True
        client.select()
        client.copy("1:*", "Reception")
        with pytest.raises(IntakeStopped):
            await watcher.drain()
        client.select("Reception")
        client.store("1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    keeper.full = False
    assert await watcher.drain() == 0


async def test_several_mailboxes_at_once(server: dovecot.Dovecot, user: str) -> None:
    keeper = Keeper()
    users = [f"{number}-{user}" for number in range(3)]
    watchers = [watch(server.mailbox(one, name=f"bal{number}"), keeper) for number, one in enumerate(users)]
    for one in users:
        server.deliver(one, dovecot.mail(1), dovecot.mail(2))
    assert await asyncio.gather(*(watcher.drain() for watcher in watchers)) == [2, 2, 2]
    assert {key[0] for key in keeper.mails} == {"bal0", "bal1", "bal2"}


async def test_too_large_goes_to_review_with_its_header_alone(server: dovecot.Dovecot, user: str) -> None:
    server.deliver(user, dovecot.mail(1, 300_000), dovecot.mail(2))
    keeper = Keeper()
    assert await watch(server.mailbox(user, max_size=Size(200_000)), keeper).drain() == 2
    ((why, header),) = keeper.refused.values()
    assert why is Reason.TOO_LARGE
    assert b"Message-ID: <essai-1@" in header
    assert b"0123456789" not in header
    assert (server.count(user, "A verifier"), server.count(user, "Traites")) == (1, 1)


async def test_what_the_server_cannot_hand_over_goes_to_review(server: dovecot.Dovecot, user: str) -> None:
    server.put(user, dovecot.mail(1), dovecot.mail(2), dovecot.mail(3))
    server.files(user)[1].chmod(0)
    keeper = Keeper()
    watcher = watch(server.mailbox(user, poll=Seconds(0)), keeper, sleep=no_wait, patience=0)
    for _ in range(8):
        with suppress(ImapError):
            await watcher.drain()
    assert len(keeper.mails) == 2, "one bad mail must not keep the others waiting"
    assert [why for why, _ in keeper.refused.values()] == [Reason.UNREADABLE]


async def test_a_full_disk_leaves_the_mails_where_they_are(server: dovecot.Dovecot, user: str) -> None:
    server.deliver(user, dovecot.mail(1), dovecot.mail(2))
    keeper, observer = Keeper(), Watching()
    keeper.full = True
    settings = server.mailbox(user)
    with pytest.raises(IntakeStopped):
        await watch(settings, keeper).drain()
    assert server.count(user, "INBOX") == 2
    async with Running(watch(settings, keeper, observer, sleep=no_wait)) as watcher:
        await until(lambda: "imap.stopped" in observer.names())
        assert "disque" in (watcher.status.trouble or "")
        keeper.full = False
        await until(lambda: len(keeper.mails) == 2)
        await until(lambda: watcher.status.trouble is None)


async def test_idle_wakes_the_poll(server: dovecot.Dovecot, user: str) -> None:
    keeper = Keeper()
    async with Running(watch(server.mailbox(user, poll=Seconds(3600)), keeper, idle_turn=0.3)) as watcher:
        await until(lambda: watcher.status.idling)
        for number in range(3):  # across several turns
            await asyncio.to_thread(server.deliver, user, dovecot.mail(number))
            await until(lambda n=number: len(keeper.mails) == n + 1)  # type: ignore[misc]
            await asyncio.sleep(0.2)
    assert watcher.status.last_wake is not None
    assert not watcher.status.connected


async def test_without_idle_the_poll_alone_finds_the_mail(user: str) -> None:
    with dovecot.running(without=("IDLE",)) as server:
        keeper, observer = Keeper(), Watching()
        async with Running(watch(server.mailbox(user, poll=Seconds(0.1)), keeper, observer)):
            await until(lambda: "imap.idle-unsupported" in observer.names())
            await asyncio.to_thread(server.deliver, user, dovecot.mail(1))
            await until(lambda: len(keeper.mails) == 1)


async def test_a_dropped_connection_is_opened_again(server: dovecot.Dovecot, user: str) -> None:
    keeper = Keeper()
    async with cutting(server.imap) as proxy:
        settings = server.mailbox(user, poll=Seconds(3600), port=proxy.port)
        async with Running(watch(settings, keeper, sleep=quick)) as watcher:
            await until(lambda: watcher.status.idling)
            proxy.cut()
            await until(lambda: not watcher.status.idling)
            await asyncio.to_thread(server.deliver, user, dovecot.mail(1))
            await until(lambda: len(keeper.mails) == 1)


async def test_a_server_that_restarts(user: str) -> None:
    with dovecot.running() as server:
        keeper, observer = Keeper(), Watching()
        settings = server.mailbox(user, poll=Seconds(3600))
        async with Running(watch(settings, keeper, observer, sleep=quick)) as watcher:
            await until(lambda: watcher.status.idling)
            await asyncio.to_thread(server.stop)  # says BYE
            await until(lambda: not watcher.status.idling and not watcher.status.connected)
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(server.deliver, user, dovecot.mail(1))
            await until(lambda: len(keeper.mails) == 1)


async def test_a_folder_made_anew_is_numbered_anew(server: dovecot.Dovecot, user: str) -> None:
    keeper = Keeper()
    watcher = watch(server.mailbox(user, folder="Reception"), keeper)
    with server.client(user) as client:
        for number in range(2):
            client.create("Reception")
            client.append("Reception", "", "", dovecot.mail(number))
            for _ in range(3):  # the first may find the connection broken, or the folder renumbered
                with suppress(ImapError):
                    await watcher.drain()
            assert len(keeper.mails) == number + 1
            client.delete("Reception")
            await asyncio.sleep(1.1)  # UIDVALIDITY is in seconds
    assert sorted(uid for _, _, uid in keeper.mails) == [1, 1]
    assert len({uidvalidity for _, uidvalidity, _ in keeper.mails}) == 2


async def test_a_cut_in_the_middle_of_20_mb_goes_on_where_it_was(server: dovecot.Dovecot, user: str) -> None:
    raw = dovecot.mail(1, 20_000_000)
    server.deliver(user, raw)
    keeper = Keeper()
    async with cutting(server.imaps, 9_500_000, 6_300_000) as proxy:
        settings = server.mailbox(user, tls="implicit", port=proxy.port)
        assert await watch(settings, keeper, sleep=no_wait).drain() == 1
        assert proxy.connections == 3
        fetched = proxy.downstream
    (kept,) = keeper.mails.values()
    assert kept.endswith(raw)
    assert keeper.largest_chunk <= reader.PIECE
    assert fetched < len(raw) + 2 * reader.PIECE + 200_000, "each cut costs at most the piece in hand"
    assert server.count(user, "Traites") == 1


async def test_a_folder_made_anew_during_a_mail(server: dovecot.Dovecot, user: str) -> None:
    keeper = Keeper()
    with server.client(user) as client:
        client.create("Reception")
        client.append("Reception", "", "", dovecot.mail(1, 5_000_000))

        async def meanwhile(_seconds: float) -> None:
            client.delete("Reception")
            await asyncio.sleep(1.1)
            client.create("Reception")
            client.append("Reception", "", "", dovecot.mail(2))

        async with cutting(server.imaps, 3_000_000) as proxy:
            settings = server.mailbox(user, tls="implicit", port=proxy.port, folder="Reception")
            watcher = watch(settings, keeper, sleep=meanwhile)
            with pytest.raises(Renumbered):
                await watcher.drain()
            assert not keeper.mails
            assert await watcher.drain() == 1
    (kept,) = keeper.mails.values()
    assert b"essai-2@" in kept


async def test_a_cut_that_never_ends_is_not_the_end(server: dovecot.Dovecot, user: str) -> None:
    server.deliver(user, dovecot.mail(1, 5_000_000), dovecot.mail(2))
    keeper = Keeper()
    async with cutting(server.imaps, *[500_000] * 8) as proxy:
        settings = server.mailbox(user, tls="implicit", port=proxy.port, poll=Seconds(0.1))
        async with Running(watch(settings, keeper, sleep=quick)):
            await until(lambda: len(keeper.mails) == 2)


async def test_a_refused_login_is_told_and_tried_again(
    server: dovecot.Dovecot, user: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    password = tmp_path_factory.mktemp("secret") / "password"
    password.write_text("ouvre-toi")
    server.deliver(user, dovecot.mail(1))
    keeper, observer = Keeper(), Watching()
    settings = server.mailbox(user, password_file=password)
    with pytest.raises(LoginRefused):
        await watch(settings, keeper).drain()
    async with Running(watch(settings, keeper, observer, sleep=quick)) as watcher:
        await until(lambda: "imap.login" in observer.names())
        assert "refuse l'identification" in (watcher.status.trouble or "")
        password.write_text(dovecot.PASSWORD)
        await until(lambda: len(keeper.mails) == 1)


async def test_an_absent_folder_is_an_error_not_an_empty_folder(server: dovecot.Dovecot, user: str) -> None:
    with pytest.raises(CommandRefused):
        await watch(server.mailbox(user, folder="Absent"), Keeper()).drain()


async def test_events_name_the_mailbox_and_nobody(server: dovecot.Dovecot, user: str) -> None:
    server.deliver(user, dovecot.mail(1, 300_000), dovecot.mail(2))
    observer = Watching()
    await watch(server.mailbox(user, max_size=Size(200_000), done_folder="a/b"), Keeper(), observer).drain()
    said = repr(observer.events)
    assert "bal" in said
    assert not any(secret in said for secret in (user, "expediteur", "Essai"))


async def quick(seconds: float) -> None:
    """Backoff of a test; the safety poll keeps its hour."""
    await asyncio.sleep(seconds if seconds >= 3600 else min(seconds, 0.05))
