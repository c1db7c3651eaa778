"""OCR: pages as scanners and faxes make them; what is doubtful is marked, what is illegible is not believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from gateway.formats.pages import ocr
from gateway.formats.pages.layout import Word
from gateway.formats.pages.ocr import DOUBTFUL, OcrMissingError
from tests.unit.formats import drawn

NAMED = "Concerne : Madame Solène KERGOAT, née le 17/05/1962"


@pytest.mark.parametrize(
    "scan",
    [
        lambda page: page,
        lambda page: page.rotate(90, expand=True),
        lambda page: page.rotate(180),
        lambda page: page.rotate(270, expand=True),
        lambda page: page.rotate(3, Image.Resampling.BICUBIC, expand=True, fillcolor=255),
        drawn.noisy,
    ],
    ids=["clean", "90", "180", "270", "3", "noisy"],
)
def test_a_page_is_read_line_by_line_however_it_lay(scan: Callable[[Image.Image], Image.Image]) -> None:
    found = ocr.read(scan(drawn.page()))
    assert NAMED in found.lines
    assert found.confidence > 80


@pytest.mark.parametrize(
    "scan", [drawn.illegible, drawn.fax, lambda page: drawn.noisy(page, 120)], ids=["blurred", "fax", "noise"]
)
def test_what_is_read_of_a_bad_page_is_right_or_marked(scan: Callable[[Image.Image], Image.Image]) -> None:
    words = ocr.read(scan(drawn.page())).text.split()
    figures = [word for word in words if any(letter.isdigit() for letter in word)]
    assert set(figures) <= {"17/05/1962", "27"}
    assert {word for word in words if word.isupper() and word.isalpha() and len(word) > 2} <= {"KERGOAT"}


@pytest.mark.parametrize(
    "picture", [Image.new("L", (600, 800), 255), Image.new("L", (1, 1)), drawn.page(("a",), dpi=40)]
)
def test_a_page_without_words_has_none(picture: Image.Image) -> None:
    assert ocr.read(picture).lines == ()


def test_noise_alone_is_not_searched_for_letters() -> None:
    assert ocr.read(Image.effect_noise((900, 900), 200).point([0] * 128 + [255] * 128)).lines == ()


def _seen(*words: tuple[str, float]) -> tuple[ocr._Seen, ...]:
    return tuple(
        ocr._Seen(Word(text, 100 * at, 100 * at + 90, 50, 20, at), sure, tall=False)
        for at, (text, sure) in enumerate(words)
    )


def _told(*words: tuple[str, float], again: tuple[str, ...], sure: float = 95) -> list[str]:
    first = _seen(*words)
    second = (ocr._Seen(_scaled(one.word, text), sure, tall=False) for one, text in zip(first, again, strict=True))
    return [word.text for word in ocr._marked(first, tuple(second))]


def _scaled(word: Word, text: str) -> Word:
    scale = ocr._SECOND
    return Word(text, word.left * scale, word.right * scale, word.base * scale, word.height * scale, word.place)


def test_a_doubtful_word_takes_the_names_and_figures_beside_it() -> None:
    words = ("vu", "Jean", "DUPONT", "MARTIN", "ce", "jour")
    told = _told(*((word, 95) for word in words), again=("vu", "Jean", "DUPORT", "MARTIN", "ce", "jour"))
    assert told == ["vu", DOUBTFUL, DOUBTFUL, DOUBTFUL, "ce", "jour"]


def test_what_carries_must_be_read_twice_and_be_sure_once() -> None:
    date = "17/05/1962"
    assert _told(("le", 96), (date, 96), again=("le", "11/05/1962")) == ["le", DOUBTFUL]
    assert _told(("le", 20), (f"{date}.", 20), again=("le", date)) == ["le", f"{date}."]
    assert _told(("le", 20), (date, 20), again=("le", date), sure=30) == ["le", DOUBTFUL]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    ocr._engine.cache_clear()
    monkeypatch.setattr(ocr, "_PLACES", ())
    yield
    ocr._engine.cache_clear()


@pytest.mark.usefixtures("elsewhere")
def test_the_words_of_the_language_are_looked_for_when_they_are_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(OcrMissingError):
        ocr.read(drawn.page())


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 2), (59, 59), (600, 7000)])
def test_what_has_not_the_shape_of_a_page_is_not_read(size: tuple[int, int]) -> None:
    assert ocr.read(Image.new("L", size, 255)) == ocr.OcrPage((), 0.0)
