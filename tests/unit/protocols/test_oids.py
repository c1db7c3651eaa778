from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols import oids

OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
ROOT = "1.2.250.1.999.7.1"


@given(st.lists(st.text(), max_size=4))
def test_is_a_plain_oid_below_the_root(parts: list[str]) -> None:
    made = oids.derive(ROOT, *parts)
    assert made.startswith(f"{ROOT}.")
    assert OID.fullmatch(made)
    assert len(made) <= 64


def test_the_same_parts_make_the_same_oid_and_others_another() -> None:
    assert oids.derive(ROOT, "a", "b") == oids.derive(ROOT, "a", "b")
    others = [oids.derive(ROOT, *parts) for parts in (("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"), ())]
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("length", [20, 30, 38])
def test_a_long_root_still_fits(length: int) -> None:
    root = "1.2" + ".7" * ((length - 3) // 2)
    assert all(len(oids.derive(root, str(n))) <= 64 for n in range(50))


def test_a_root_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        oids.derive("1.2" + ".7" * 20, "a")


@pytest.mark.parametrize(
    ("unique_id", "plain"),
    [
        ("1.2.250.1.999.3.1", True),
        ("2.25." + "9" * 59, True),
        ("2.25." + "9" * 60, False),
        ("1.2.250.1.999.3.1^2026-17", False),
        ("8f2c2f2a-5b1e-4b6f-9b0b-1d2e3f4a5b6c", False),
        ("1.02.3", False),
        ("", False),
    ],
)
def test_an_id_is_plain_when_the_dmp_takes_it_as_it_is(unique_id: str, plain: bool) -> None:
    assert oids.is_plain(unique_id) is plain
