"""The type of a letter by its words and layout, honest about its confidence.

Each type gathers the weights of the words found in their places (weights.csv); words that stand anywhere count little,
so that a letter that quotes an examination is not taken for its report. The confidence is the share of the best type in
a softmax over all types and "none of them", whose two constants were fitted on generated letters (tests/unit/letters)
so that among letters told with 0.9 at least nine in ten are right.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from gateway.letters.headings import opening, title_forms, titles
from gateway.letters.page import Page, words
from gateway.letters.shape import section_of, shapes
from gateway.letters.weights import WEIGHTS, Place, Weight, as_lines
from gateway.model.documents import TypeGuess

#: What the words of one place may add up to for one type, in points.
CAPS = {Place.TITLE: 6.0, Place.OPENING: 6.0, Place.SECTION: 6.0, Place.BODY: 4.0, Place.SHAPE: 7.0}
TEMPERATURE = 0.9
NOTHING = 3.2
MOST_EVIDENCE = 6

_STRONGEST = frozenset({Place.TITLE, Place.OPENING})


def guess(page: Page) -> TypeGuess | None:
    """The likeliest type, how sure (0 to 0.99), and the words that say so; None when nothing speaks for any."""
    if not page.lines:
        return None
    scores: dict[str, float] = defaultdict(float)
    evidence: dict[str, list[Weight]] = defaultdict(list)
    for code, place, found in _gathered(page):
        scores[code] += _points(place, found)
        evidence[code] += found
    if not scores or max(scores.values()) <= 0:
        return None
    best = max(scores, key=lambda code: scores[code])
    spoken = sorted((w for w in evidence[best] if w.weight > 0), key=lambda w: -w.weight)
    said = dict.fromkeys(f"{w.place} : {w.written}" for w in spoken)
    return TypeGuess(best, _share(scores, best), tuple(said)[:MOST_EVIDENCE])


def _share(scores: dict[str, float], best: str) -> float:
    weights = [math.exp((score - scores[best]) / TEMPERATURE) for score in scores.values()]
    nothing = math.exp((NOTHING - scores[best]) / TEMPERATURE)
    return round(min(1 / (sum(weights) + nothing), 0.99), 3)


def _points(place: Place, found: list[Weight]) -> float:
    """The strongest title counts alone; the words of other places add up, the repetition of an idea less and less."""
    against = min((w.weight for w in found if w.weight < 0), default=0.0)
    favour = sorted((w.weight for w in found if w.weight > 0), reverse=True)
    if place in _STRONGEST:
        favour = favour[:1]
    return min(sum(favour), CAPS[place]) + against


def _gathered(page: Page) -> Iterator[tuple[str, Place, list[Weight]]]:
    places = _places(page)
    found: dict[tuple[str, Place], list[Weight]] = defaultdict(list)
    for weight in WEIGHTS:
        if weight.needle in places[weight.place]:
            found[weight.type, weight.place].append(weight)
    for (code, place), weights in found.items():
        yield code, place, weights


def _places(page: Page) -> dict[Place, str]:
    return {
        Place.TITLE: as_lines(form for line in titles(page) for form in title_forms(line)),
        Place.OPENING: as_lines([" ".join(line.sentence for line in opening(page))]),
        Place.SECTION: as_lines(section_of(line) for line in page.lines),
        Place.BODY: as_lines([" ".join(line.sentence for line in page.lines)]),
        Place.SHAPE: as_lines(words(shape) for shape in shapes(page)),
    }
