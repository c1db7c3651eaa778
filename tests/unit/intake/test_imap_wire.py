"""The text of commands and answers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.imap import plan, wire
from gateway.intake.imap.port import Seen
from gateway.intake.imap.wire import Fetched


@pytest.mark.parametrize(
    ("name", "wired"),
    [
        ("INBOX", '"INBOX"'),
        ("A verifier", '"A verifier"'),
        ("Traités", '"Trait&AOk-s"'),
        ("R&D", '"R&-D"'),
        ("é&è", '"&AOk-&-&AOg-"'),
        ("台北", '"&U,BTFw-"'),  # RFC 3501 §5.1.3
        ("📬", '"&2D3c7A-"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
    ],
)
def test_folder_names(name: str, wired: str) -> None:
    assert wire.folder_name(name) == wired


@given(st.sets(st.integers(1, 2**32 - 1), min_size=1, max_size=50))
def test_a_uid_set_says_its_numbers(uids: set[int]) -> None:
    said = wire.uid_set(uids)
    assert re.fullmatch(r"\d+(:\d+)?(,\d+(:\d+)?)*", said)
    numbers = set[int]()
    for run in said.split(","):
        first, _, last = run.partition(":")
        numbers |= set(range(int(first), int(last or first) + 1))
    assert numbers == uids
    assert wire.uids_of(said) == uids


def test_a_uid_set_is_short() -> None:
    assert wire.uid_set([9, 1, 2, 3, 7, 2]) == "1:3,7,9"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([b"3 1 2", b"SEARCH completed"], [1, 2, 3]),
        ([b"", b"ok (0.001 secs)"], []),
        ([b"done 5"], []),
        ([b"1", b"2 3", b"done"], [1, 2, 3]),
    ],
)
def test_searched(lines: list[wire.Part], found: list[int]) -> None:
    assert wire.searched(lines) == found


def test_fetched() -> None:
    lines: list[wire.Part] = [
        b"1 FETCH (UID 5 RFC822.SIZE 12)",
        b"2 FETCH (FLAGS (\\Seen))",
        b"3 FETCH (BODY[] {3}",
        bytearray(b"abc"),
        b" UID 6)",
        b'4 FETCH (UID 7 BODY[HEADER] "a\\"b")',
        b"5 FETCH (UID 8 BODY[] NIL)",
        b"done",
    ]
    assert list(wire.fetched(lines)) == [
        Fetched(5, 12, None),
        Fetched(6, None, bytearray(b"abc")),
        Fetched(7, None, b'a"b'),
        Fetched(8, None, None),
    ]


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_whatever_the_server_says_is_read_or_ignored(lines: list[bytes]) -> None:
    parts: list[wire.Part] = [*lines]
    list(wire.fetched(parts))
    wire.searched([*parts, b""])
    wire.response_code(parts)
    wire.copied(parts)
    for line in lines:
        wire.message_id(line)


@pytest.mark.parametrize(
    ("lines", "uids"),
    [
        ([b"[COPYUID 7 1:3,9 11:14] done"], {1, 2, 3, 9}),
        ([b"OK [copyuid 7 3:2 1:2]", b"done"], {2, 3}),
        ([b"done"], None),
    ],
)
def test_copied(lines: list[wire.Part], uids: set[int] | None) -> None:
    assert wire.copied(lines) == uids


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"Message-ID: <a@b>\r\n\r\n", "<a@b>"),
        (b"MESSAGE-ID:\r\n <a\r\n\t@b>\r\n\r\n", "<a@b>"),
        (b"Message-ID:<a@b>", "<a@b>"),
        (b"\r\n", ""),
        (b"", ""),
    ],
)
def test_message_id(header: bytes, name: str) -> None:
    assert wire.message_id(header) == name


@given(st.lists(st.integers(0, 3 * plan.SMALL), max_size=60), st.sets(st.integers(0, 60), max_size=5))
def test_groups_hold_every_mail_once_in_order_within_bounds(sizes: list[int], alone: set[int]) -> None:
    seen = [Seen(uid, size) for uid, size in enumerate(sizes)]
    made = list(plan.groups(seen, alone))
    assert [mail.uid for group in made for mail in group] == list(range(len(sizes)))
    for group in made:
        assert len(group) <= 8
        if len(group) > 1:
            assert sum(mail.size for mail in group) <= 4 << 20
            assert not {mail.uid for mail in group} & alone


@given(st.sampled_from(["lost", "login", "tls", "stopped", "refused"]), st.integers(1, 10**6), st.floats(0, 1))
def test_waits_grow_and_are_capped(code: str, failures: int, fraction: float) -> None:
    assert 0.5 <= plan.wait(code, failures, fraction) <= 900
    assert plan.wait(code, failures, 0) <= plan.wait(code, failures + 1, 0)


def test_a_wrong_password_is_not_hammered() -> None:
    assert plan.wait("login", 1, 0) >= 10
    assert plan.wait("lost", 1, 1) <= 1
