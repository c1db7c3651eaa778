"""The characters of texts that do not name their encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.charset import decode, guess

_LETTERS = (
    "Né le 12/05/1984, à Orléans. Élève âgé, œdème, « fièvre » 38°5 à 40 µg/l",
    "DUPRÉ Hélène née FRANÇOIS",
    "Prénoms : CÉCILE ZOÉ",
    "Température : 38,5°C, cœur régulier",
    "M. NOËL, prénom : Éric",
)


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", _LETTERS)
def test_french_texts_are_read_in_the_encoding_of_their_machine(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["Née à Nîmes, très fatiguée", "DUPRÉ Hélène née FRANÇOIS", "Température : 38,5°C"])
def test_the_dos_code_page(text: str) -> None:
    assert decode(text.encode("cp850")) == text


def test_latin_9_is_told_by_its_ligature_and_a_half_stays_a_half() -> None:
    assert decode("Le cœur est régulier.".encode("iso8859_15")) == "Le cœur est régulier."
    assert decode("Prendre ½ comprimé".encode("cp1252")) == "Prendre ½ comprimé"


def test_a_letter_cut_in_two_leaves_the_rest_in_utf_8() -> None:
    assert decode("Hélène est opérée, cœur".encode()[:-3]) == "Hélène est opérée, c\N{REPLACEMENT CHARACTER}"


@given(st.binary(max_size=400))
def test_any_bytes_become_a_text(data: bytes) -> None:
    assert isinstance(decode(data), str)
    data[:1].decode(guess(data), "replace")
