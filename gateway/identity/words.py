"""The words of a page as names are compared, each with its place; and where a name stands among them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final, NamedTuple

from gateway.identity import roles
from gateway.identity.names import normalise, words_of
from gateway.identity.page import Page
from gateway.identity.textdates import Written, every

_WORD: Final = re.compile(r"[^\W_]+")
_MOST: Final = 400  # places of one name: beyond, the text is no letter
_JOINED: Final = re.compile(r"[ \-']{1,2}|")


class Word(NamedTuple):
    """A normalised word and where it stands."""

    text: str
    start: int
    end: int


class Words:
    """The words of a page in order, found again by what they say; its dates, and its lists of copies."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.all = tuple(Word(normalise(m.group()), *m.span()) for m in _WORD.finditer(page.text))
        self._places: dict[str, list[int]] = {}
        for place, word in enumerate(self.all):
            self._places.setdefault(word.text, []).append(place)

    @cached_property
    def dates(self) -> tuple[Written, ...]:
        """The whole dates that the page writes."""
        return every(self.page)

    @cached_property
    def copied(self) -> roles.Spans:
        """The lists of copy recipients."""
        return roles.Spans(roles.copy_spans(self.page))

    def find(self, name: tuple[str, ...]) -> list[tuple[int, int]]:
        """Where a name stands, as (place of its first word, place after its last), its words joined as in a name."""
        return [
            (at, at + len(name))
            for at in (self._places.get(name[0], ())[:_MOST] if name else ())
            if tuple(word.text for word in self.all[at : at + len(name)]) == name
            and all(self.joined(place) for place in range(at, at + len(name) - 1))
        ]

    def joined(self, place: int) -> bool:
        """Whether only a blank, a hyphen or an apostrophe stands between a word and the next one."""
        return place + 1 < len(self.all) and bool(_JOINED.fullmatch(self.between(place, place + 1)))

    def between(self, one: int, other: int) -> str:
        """What stands, folded, between the end of a word and the beginning of a later one."""
        return self.page.prose[self.all[one].end : self.all[other].start]

    def written(self, first: int, after: int) -> str:
        """The words from a place to before another, as the page writes them."""
        return self.page.text[self.all[first].start : self.all[after - 1].end]


def text_words(text: str) -> frozenset[str]:
    """Every normalised word of a text; cheap, to tell at once what a text cannot name."""
    return frozenset(words_of(text))
