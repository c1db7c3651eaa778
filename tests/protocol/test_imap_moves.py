"""The one move, on servers with and without MOVE and UIDPLUS, and what happens when it is refused or interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from gateway.intake.imap.session import AioSession, connect
from gateway.intake.imap.watcher import Watcher
from gateway.model.ports import SystemClock
from gateway.model.settings import Mailbox
from tests.protocol import dovecot
from tests.protocol.keeper import Keeper, Killed, Watching

MOVE, COPY, BARE = "MOVE", "UIDPLUS alone", "neither"
WITHOUT = {MOVE: (), COPY: ("MOVE",), BARE: ("MOVE", "UIDPLUS")}
STEPS = {
    MOVE: ["imap.move"],
    COPY: ["imap.copy", "imap.store", "imap.expunge"],
    BARE: ["imap.copy", "imap.store"],
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, dovecot.Dovecot]]:
    acl = "mail_plugins = acl\nplugin {\n  acl = vfile\n}"
    with (
        dovecot.running(extra=acl) as move,
        dovecot.running(extra=acl, without=WITHOUT[COPY]) as copy,
        dovecot.running(without=WITHOUT[BARE]) as bare,
    ):
        yield {MOVE: move, COPY: copy, BARE: bare}


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)


class Silenced(AioSession):
    """Does not hear COPYUID, as from a server of before RFC 4315 (Dovecot says it whatever it announces)."""

    async def copy(self, uids: Sequence[int], folder: str) -> set[int] | None:
        await super().copy(uids, folder)
        return None


def watch(settings: Mailbox, keeper: Keeper, observer: Watching, kind: str) -> Watcher:
    context = dovecot.secured(settings)

    async def without_copyuid() -> AioSession:
        session = Silenced(settings, 30)
        await session.open(context)
        await session.login()
        return session

    reach = without_copyuid if kind == BARE else lambda: connect(settings, context)
    return Watcher(settings, context, keeper, SystemClock(), observer, connect=reach)


@pytest.mark.parametrize("kind", [MOVE, COPY, BARE])
async def test_each_mail_is_taken_then_moved_and_nothing_else_is_expunged(
    servers: dict[str, dovecot.Dovecot], user: str, kind: str
) -> None:
    server, journal = servers[kind], list[str]()
    server.append(user, *[dovecot.mail(number) for number in range(3)])
    with server.client(user) as client:
        client.select()
        client.store("1", "+FLAGS", r"(\Deleted)")
    watcher = watch(server.mailbox(user), Keeper(journal), Watching(journal), kind)
    assert await watcher.drain() == 2
    assert await watcher.drain() == 0
    assert journal == ["take", "take", *STEPS[kind]]
    assert server.count(user, "Traites", "UNDELETED") == 2
    assert server.count(user, "INBOX", "UNDELETED") == 0
    assert server.count(user, "INBOX", "DELETED") == (3 if kind == BARE else 1)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("kind", "step"), [(kind, step) for kind, steps in STEPS.items() for step in steps])
async def test_death_around_each_step_leaves_each_mail_once(
    servers: dict[str, dovecot.Dovecot], user: str, kind: str, step: str, before: bool
) -> None:
    server, keeper = servers[kind], Keeper()
    server.append(user, *[dovecot.mail(number) for number in range(3)])
    dying = watch(server.mailbox(user), keeper, Watching(kill_at=(step, before)), kind)
    with pytest.raises(Killed):
        await dying.drain()
    dying.close()
    assert await watch(server.mailbox(user), keeper, Watching(), kind).drain() == 0
    assert set(keeper.times.values()) == {1}
    assert server.count(user, "Traites", "UNDELETED") == 3
    assert server.count(user, "INBOX", "UNDELETED") == 0


@pytest.mark.parametrize("kind", [MOVE, COPY])
async def test_a_refused_folder_leaves_the_mails_taken_once(
    servers: dict[str, dovecot.Dovecot], user: str, kind: str
) -> None:
    server, keeper, observer = servers[kind], Keeper(), Watching()
    server.append(user, *[dovecot.mail(number) for number in range(12)])
    watcher = watch(server.mailbox(user, done_folder="a/b"), keeper, observer, kind)
    assert [await watcher.drain() for _ in range(3)] == [12, 0, 0]
    assert set(keeper.times.values()) == {1}
    assert (watcher.status.in_folder, watcher.status.unmoved) == (12, 12)
    assert {"imap.folder-refused", "imap.move-refused"} <= set(observer.names())
    assert await watch(server.mailbox(user), keeper, observer, kind).drain() == 0
    assert server.count(user, "Traites") == 12


@pytest.mark.parametrize("rights", ["lr", "lrwsi", "lrwst"])
async def test_a_folder_from_which_nothing_may_go(servers: dict[str, dovecot.Dovecot], user: str, rights: str) -> None:
    server, keeper, observer = servers[MOVE], Keeper(), Watching()
    with server.client(user) as client:
        client.create("Reception")
    server.append(user, dovecot.mail(1), dovecot.mail(2), folder="Reception")
    acl = server.folder / "mails" / user / ".Reception" / "dovecot-acl"
    acl.write_text(f"owner {rights}\n")
    watcher = watch(server.mailbox(user, folder="Reception"), keeper, observer, MOVE)
    assert [await watcher.drain() for _ in range(3)] == [2, 0, 0]
    assert set(keeper.times.values()) == {1}
    assert "imap.move-refused" in observer.names()
    assert server.count(user, "Traites") == 0


async def test_a_copy_whose_original_may_not_be_marked_is_made_once(
    servers: dict[str, dovecot.Dovecot], user: str
) -> None:
    server, keeper = servers[COPY], Keeper()
    with server.client(user) as client:
        client.create("Reception")
    server.append(user, dovecot.mail(1), dovecot.mail(2), folder="Reception")
    (server.folder / "mails" / user / ".Reception" / "dovecot-acl").write_text("owner lrwsi\n")
    watcher = watch(server.mailbox(user, folder="Reception"), keeper, Watching(), COPY)
    assert [await watcher.drain() for _ in range(3)] == [2, 0, 0]
    assert server.count(user, "Traites") == 2


async def test_a_mail_of_the_same_size_is_not_taken_for_a_copy(servers: dict[str, dovecot.Dovecot], user: str) -> None:
    server, keeper = servers[COPY], Keeper()
    server.append(user, b"Subject: A\r\n\r\nA")
    assert await watch(server.mailbox(user), keeper, Watching(), COPY).drain() == 1
    server.append(user, b"Subject: B\r\n\r\nB")
    dying = watch(server.mailbox(user), keeper, Watching(kill_at=("imap.copy", True)), COPY)
    with pytest.raises(Killed):
        await dying.drain()
    dying.close()
    await watch(server.mailbox(user), keeper, Watching(), COPY).drain()
    assert server.count(user, "Traites", "SUBJECT B") == 1


@pytest.mark.parametrize("kind", [MOVE, COPY])
async def test_a_folder_that_somebody_removed_is_made_again(
    servers: dict[str, dovecot.Dovecot], user: str, kind: str
) -> None:
    server = servers[kind]
    watcher = watch(server.mailbox(user), Keeper(), Watching(), kind)
    assert await watcher.drain() == 0
    with server.client(user) as client:
        client.delete("Traites")
    server.append(user, dovecot.mail(1))
    assert await watcher.drain() == 1
    assert server.count(user, "Traites") == 1
