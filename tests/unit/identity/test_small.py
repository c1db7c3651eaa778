"""Names, INS numbers and dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import dates, ins, names, textdates
from gateway.identity.page import lay_out
from gateway.identity.text import claims


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Cœur", "COEUR"), ("LÆTITIA", "LAETITIA"), ("Ÿsé", "YSE"), ("d’Argent", "D ARGENT"), ("D'ARGENT", "D ARGENT"),
        ("Garcia--Montoya", "GARCIA MONTOYA"), ("  Le   Goff ", "LE GOFF"), ("Straße", "STRASSE"), ("Łukasz", "LUKASZ"),
        ("Nguyễn", "NGUYEN"), ("e\u0301lise", "ELISE"), ("Jean‑Marc", "JEAN MARC"), ("Øster", "OSTER"), ("ﬁn", "FIN"),
    ],
)  # fmt: skip
def test_normalise(written: str, normal: str) -> None:
    assert names.normalise(written) == normal


@given(st.text(max_size=40))
def test_normalise_is_settled_by_one_turn(name: str) -> None:
    assert names.normalise(names.normalise(name)) == names.normalise(name)


@pytest.mark.parametrize(
    "number",
    ["185057512345673", "180032A04100157", "285072B33004266", "290015012345601", "253072B07300470", "185057512304497",
     "279035121518989", "190012A00412338", "275062B03304538", "160012012345603"],
)  # fmt: skip
def test_right_keys(number: str) -> None:
    assert ins.is_well_formed(number)
    assert ins.key_is_right(number)


@pytest.mark.parametrize("number", ["276037510669380", "289057545611404", "185057512304400"])
def test_wrong_keys(number: str) -> None:
    assert ins.is_well_formed(number)
    assert not ins.key_is_right(number)


@pytest.mark.parametrize(
    "number", ["", "18505751234567", "1850575123456733", "253072C07300443", "985057512345673", "١٨٥٠٥٧٥١٢٣٤٥٦٧٣"]
)
def test_no_numbers(number: str) -> None:
    assert not ins.is_well_formed(number)
    assert not ins.key_is_right(number)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12/03/1956", "19560312"), ("12.3.1956", "19560312"), ("12 03 1956", "19560312"), ("12031956", "19560312"),
        ("1er mars 1956", "19560301"), ("12 déc. 1956", "19561212"), ("lundi 12 mars 1956", "19560312"),
        ("1956-03-12", "19560312"), ("02.08.87", "00870802"), ("mars 1956", "19560300"), ("03/1956", "19560300"),
        ("1956", "19560000"), ("29/02/2000", "20000229"), ("29/02/2001", None),
        ("31/04/1956", None), ("00/01/1956", "19560100"),
        ("28/O6/l945", None), ("12/03/19567", None), ("12/03/0056", None), ("hier", None), ("", None),
    ],
)  # fmt: skip
def test_dates_of_letters(written: str, value: str | None) -> None:
    read = textdates.read(lay_out(written).folded, 0)
    assert (read[0] if read else None) == value


@given(st.text(alphabet="0123456789", max_size=9), st.dates())
def test_a_date_agrees_with_itself_alone(claimed: str, held: object) -> None:
    day = f"{held:%Y%m%d}"
    if dates.agree(claimed, day):
        assert claimed[2:] == day[2:]
        assert claimed[:2] in ("00", day[:2])


@given(st.text(max_size=400))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(claims(text), tuple)


PIECES = (
    "Nom", " : ", "née ", "le ", "M. ", "Mme ", "DUPONT ", "Claire ", "12/03/1956", "\n", "(", ")", "INS ", "Patient",
    "1 56 03 37 261 123 39 ", "sa mère ", "Sexe", "F ", "Copie à ", "d'", "- ",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_letter_is_read_without_an_error(pieces: list[str]) -> None:
    for claim in claims("".join(pieces)):
        assert claim.source == "text"
        assert claim.birth_date is None or len(claim.birth_date) == 8


def test_a_very_long_text_is_read_up_to_its_limit() -> None:
    letter = "Concerne : M. Jean MARTIN, né le 12/03/1956\n"
    assert len(claims(letter + "texte libre " * 50_000)) == 1
    assert claims("texte libre " * 10_000 + letter) == ()
