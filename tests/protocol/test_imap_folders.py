"""Reconciliation and purge of the folders beside the watched one, against a real Dovecot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.intake.imap.errors import Renumbered, Vanished
from gateway.intake.imap.folders import Folders
from gateway.intake.imap.port import Listed
from gateway.model.ports import SystemClock
from tests.protocol import dovecot
from tests.protocol.keeper import Watching
from tests.protocol.proxy import cutting


@pytest.fixture(scope="module", params=[(), ("UIDPLUS",)], ids=["UIDPLUS", "bare"])
def server(request: pytest.FixtureRequest) -> Iterator[dovecot.Dovecot]:
    with dovecot.running(without=request.param) as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return request.node.originalname.replace("test_", "")  # type: ignore[no-any-return]


def folders(server: dovecot.Dovecot, user: str, **changes: object) -> Folders:
    settings = server.mailbox(user, **changes)
    return Folders(settings, dovecot.secured(settings), SystemClock(), Watching())


def put_dated(server: dovecot.Dovecot, user: str, folder: str, ages: dict[int, int]) -> None:
    """Mails by number, each so many days old."""
    with server.client(user) as client:
        client.create(folder)
        for number, days in ages.items():
            instant = datetime.now(UTC) - timedelta(days=days)
            client.append(folder, "", instant, dovecot.mail(number))


async def test_recent_and_old_mails_are_listed(server: dovecot.Dovecot, user: str) -> None:
    put_dated(server, user, "Traites", {1: 0, 2: 5, 3: 20, 4: 40})
    visitor = folders(server, user)
    recent = [mail async for mail in visitor.list_folder("Traites", 7)]
    assert [mail.message_id for mail in recent] == ["<essai-1@test.mssante.fr>", "<essai-2@test.mssante.fr>"]
    assert recent[0].size == len(dovecot.mail(1))
    assert [mail.uid async for mail in visitor.list_older("Traites", 30)] == [4]


async def test_many_mails_are_listed(server: dovecot.Dovecot, user: str) -> None:
    server.put(user, *[dovecot.mail(number) for number in range(700)])
    listed = [mail.message_id async for mail in folders(server, user).list_folder("INBOX", 10000)]
    assert len(set(listed)) == 700


async def test_an_absent_folder_has_no_mail(server: dovecot.Dovecot, user: str) -> None:
    assert [mail async for mail in folders(server, user).list_folder("Absent", 7)] == []


async def test_a_mail_is_fetched_again_even_through_a_cut(server: dovecot.Dovecot, user: str) -> None:
    server.append(user, dovecot.mail(1, 5_000_000))
    async with cutting(server.imaps, 2_500_000, 2_500_000) as proxy:
        visitor = folders(server, user, tls="implicit", port=proxy.port)
        (listed,) = [mail async for mail in visitor.list_folder("INBOX", 7)]
        raw = b"".join([piece async for piece in visitor.fetch("INBOX", listed)])
    assert raw == dovecot.mail(1, 5_000_000)


async def test_a_mail_that_is_no_longer_there(server: dovecot.Dovecot, user: str) -> None:
    server.append(user, dovecot.mail(1))
    visitor = folders(server, user)
    (listed,) = [mail async for mail in visitor.list_folder("INBOX", 7)]
    with pytest.raises(Vanished):
        _ = [piece async for piece in visitor.fetch("INBOX", Listed(listed.uidvalidity, 99, 1, ""))]
    with pytest.raises(Renumbered):
        _ = [piece async for piece in visitor.fetch("INBOX", Listed(listed.uidvalidity + 1, listed.uid, 1, ""))]


async def test_the_purge_takes_away_what_it_is_told_and_nothing_else(server: dovecot.Dovecot, user: str) -> None:
    put_dated(server, user, "Traites", dict.fromkeys(range(6), 40))
    with server.client(user) as client:
        client.select("Traites")
        client.store("6", "+FLAGS", r"(\Deleted)")  # somebody else's
    visitor = folders(server, user)
    old = [mail async for mail in visitor.list_older("Traites", 30)]
    assert await visitor.delete("Traites", old[:2]) == 2
    assert [mail.uid async for mail in visitor.list_older("Traites", 30)] == [3, 4, 5]
    with server.client(user) as client:
        client.select("Traites")
        left = len(client.search(None, "ALL")[1][0].split())
        uidplus = "UIDPLUS" in client.capabilities or b"UIDPLUS" in client.capability()[1][0]
    assert left == (4 if uidplus else 6)
    with pytest.raises(Renumbered):
        await visitor.delete("Traites", [Listed(old[0].uidvalidity + 1, 3, 1, "")])
