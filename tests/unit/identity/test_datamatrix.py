"""The INS Data Matrix: what the specification allows is read, all else says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.datamatrix import claims, read
from gateway.model.identity import INS_NIR, INS_NIR_TEST, Ins

HEADER = "IS01" + "0" * 22
GS = "\x1d"
S1, S2, S3, S4, S5, S6, S7 = (
    "S1185057512345673",
    f"S2{INS_NIR}",
    "S3ADA",
    "S4LOVELACE",
    "S5F",
    "S610-12-1815",
    "S799100",
)
WHOLE = HEADER + S1 + S2 + GS + S3 + GS + S4 + GS + S5 + S6 + S7


def test_every_block() -> None:
    claim = read(WHOLE)
    assert len(WHOLE) == 104
    assert claim is not None
    assert (claim.source, claim.ins) == ("datamatrix", Ins("185057512345673", INS_NIR))
    assert (claim.birth_name, claim.first_given, claim.given_names) == ("LOVELACE", "ADA", "ADA")
    assert (claim.birth_date, claim.sex, claim.birth_place) == ("18151210", "F", "99100")
    assert ("birth_name", "Data Matrix S4") in claim.found


@pytest.mark.parametrize(
    "symbol",
    [
        HEADER + S6 + S7 + S5 + S4 + GS + S3 + GS + S2 + GS + S1,
        HEADER + S6 + S3 + GS + S1 + S2 + GS + S4 + GS + S5 + S7 + GS,
        WHOLE.replace(GS, "<GS>"),
        WHOLE.replace(GS, ""),
    ],
    ids=["backwards", "mixed", "printed separator", "lost separator"],
)
def test_any_order_and_any_separator(symbol: str) -> None:
    assert read(symbol) is not None
    assert read(symbol).birth_name == "LOVELACE"  # type: ignore[union-attr]


def test_no_separator_after_an_oid_of_full_length() -> None:
    claim = read(WHOLE.replace(S2 + GS, f"S2{INS_NIR_TEST}"))
    assert claim is not None
    assert claim.ins == Ins("185057512345673", INS_NIR_TEST)


def test_the_birthplace_may_be_absent() -> None:
    claim = read(WHOLE.removesuffix(S7))
    assert claim is not None
    assert claim.birth_place is None


def test_a_list_does_not_say_where_its_first_name_ends() -> None:
    claim = read(WHOLE.replace("S3ADA", "S3JEAN-PIERRE MARIE"))
    assert claim is not None
    assert (claim.first_given, claim.given_names) == (None, "JEAN-PIERRE MARIE")


def test_names_that_end_or_begin_like_blocks() -> None:
    claim = read(WHOLE.replace("S4LOVELACE", "S4SS").replace("S3ADA", "S3S"))
    assert claim is not None
    assert (claim.birth_name, claim.given_names) == ("SS", "S")


@pytest.mark.parametrize(
    "symbol",
    [
        "",
        HEADER,
        WHOLE.removeprefix("IS01"),
        "DC04" + WHOLE[4:],
        WHOLE.replace("LOVELACE", "Lovelace"),
        WHOLE.replace("ADA", "ADÈLE"),
        WHOLE.replace("10-12-1815", "1815-12-10"),
        WHOLE.replace("10-12-1815", "31-02-1815"),
        WHOLE.replace("S5F", "S5X"),
        WHOLE.replace(INS_NIR, "1.2.250.1.213.1.4.2"),
        WHOLE + "S5F",
        WHOLE + "S9X",
        WHOLE + "S4",
        WHOLE.replace(S6, ""),
        WHOLE.replace(S4 + GS, ""),
        WHOLE.replace("LOVELACE", "L" * 101),
        WHOLE.replace("99100", "991"),
        WHOLE.replace("S3ADA", "S3"),
    ],
)
def test_what_is_not_allowed_says_nothing(symbol: str) -> None:
    assert read(symbol) is None


def test_two_symbols_are_two_claims() -> None:
    other = WHOLE.replace("185057512345673", "285072B33004266")
    assert [claim.ins.number for claim in claims((WHOLE, "nothing", other)) if claim.ins] == [
        "185057512345673",
        "285072B33004266",
    ]


@given(st.text(alphabet="S1234567ABM-. \x1d<>G0", max_size=60))
def test_anything_after_the_header_is_read_or_refused(rest: str) -> None:
    claim = read(HEADER + rest)
    assert claim is None or claim.ins is not None


def test_a_number_with_a_wrong_key_is_stated_to_stand_against_the_traits() -> None:
    claim = read(WHOLE.replace("185057512345673", "185057512345674"))
    assert claim is not None
    assert claim.ins == Ins("185057512345674", INS_NIR)
