"""The words that speak for a type, as ``weights.csv`` beside this module lists them, read once.

One line: a type of JDV_J07, a place, a weight, words separated by ``|``; a final ``*`` is a joker. Places: ``titre``
(a title begins so), ``début`` (the first sentences say so), ``section`` (the heading of a paragraph), ``corps``
(anywhere), ``forme`` (what the layout looks like). A negative weight speaks against the type.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from gateway.letters.page import sentence, words


class Place(StrEnum):
    """Where words stand in a letter."""

    TITLE = "titre"
    OPENING = "début"
    SECTION = "section"
    BODY = "corps"
    SHAPE = "forme"


@dataclass(frozen=True, slots=True)
class Weight:
    """Words that speak for ``type`` in ``place``. ``needle`` is looked for in lines as ``as_lines`` makes them."""

    type: str
    place: Place
    weight: float
    written: str
    needle: str


def _load() -> tuple[Weight, ...]:
    text = files("gateway.letters").joinpath("weights.csv").read_text(encoding="utf-8")
    return tuple(weight for row in csv.DictReader(text.splitlines()) for weight in _weights(row))


def _weights(row: dict[str, str]) -> list[Weight]:
    place, points = Place(row["place"]), float(row["poids"])
    found = (written.strip() for written in row["mots"].split("|"))
    return [Weight(row["type"], place, points, written, _needle(written, place)) for written in found]


def as_lines(found: Iterable[str]) -> str:
    """Words as lines, so that a needle tells the beginning of one."""
    return "".join(f"\n {line} " for line in found)


def _needle(written: str, place: Place) -> str:
    """A title or a section begins with the words; elsewhere they stand anywhere, whole."""
    phrase, end = written.removesuffix("*"), "" if written.endswith("*") else " "
    return f" {sentence(phrase)}{end}" if place in {Place.OPENING, Place.BODY} else f"\n {words(phrase)}{end}"


#: Read when the module is loaded: a confined reader opens no file.
WEIGHTS = _load()
