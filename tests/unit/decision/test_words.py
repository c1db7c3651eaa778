from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.decision.words import Phrase, joined, normalise


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Compte-rendu de l'ÉCHOGRAPHIE", "cr echographie"),
        ("C.R. d’échographie", "cr echographie"),
        ("Cœur, œdème & ÆGIS", "coeur oedeme aegis"),
        ("CR_IRM-genou", "cr irm genou"),
        ("  ", ""),
    ],
)
def test_texts_are_compared_by_their_plain_words(text: str, words: str) -> None:
    assert normalise(text) == words


def test_a_phrase_is_found_by_whole_words_unless_it_ends_with_a_joker() -> None:
    assert Phrase.of("greffe").inside(joined(["une greffe renale"]))
    assert not Phrase.of("greffe").inside(joined(["greffes"]))
    assert Phrase.of("greffe*").inside(joined(["deux greffes"]))
    assert not Phrase.of("greffe*").inside(joined(["autogreffe"]))
    assert Phrase.of("bilan sanguin").begins(joined(["bilan sanguin mars"]))
    assert not Phrase.of("bilan sanguin").begins(joined(["un bilan sanguin"]))


@pytest.mark.parametrize("written", ["", "*", "a*", "gre*ffe", "de la", "**"])
def test_a_phrase_that_would_find_anything_or_nothing_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"«.*»"):
        Phrase.of(written)


@given(st.text(max_size=200))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
