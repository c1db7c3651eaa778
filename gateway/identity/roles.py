"""The part that a text gives to a person: patient announced, somebody dated or named, or another than the patient."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from gateway.identity import lexicon
from gateway.identity.page import Page
from gateway.identity.persons import Mention, Part

_LOOK_BACK: Final = 200


class Spans:
    """Spans of a text in order, none over another, searched by halves."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def hold(self, at: int) -> bool:
        """Whether an offset lies in one of them."""
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self._spans[place][1]


def part_of(page: Page, mention: Mention, head: str) -> Part:
    """What the words before and after say of the person's part. A kinship in the same sentence makes it another's."""
    before = context(page, mention.start)
    told = page.folded[mention.start : mention.end]
    after = _following(page, mention.end)
    if lexicon.RELATIVE.search(before) or lexicon.APPOSED.match(after) or lexicon.PROFESSION.match(after):
        return Part.OTHER
    if any(lexicon.APPOSED.match(told, place.start()) for place in re.finditer("[,(]", told)):
        return Part.OTHER
    announced = head in ("LINE", "PATIENT", "PATIENTE") or on_patient_line(page, mention.start)
    if announced or lexicon.ANNOUNCED.search(before):
        return Part.ANNOUNCED
    if mention.birth_date:
        return Part.DATED
    return Part.OTHER if lexicon.PROFESSION.match(page.folded, mention.end) else Part.NAMED


def context(page: Page, at: int) -> str:
    """The paragraph before an offset, 200 letters at most; at the beginning of a line, the line above.

    Not the sentence alone: "Elle vient avec sa mère. Mme X, née le …" speaks of the mother.
    """
    floor = max(0, at - _LOOK_BACK)
    start = page.prose.rfind("\n", floor, at) + 1 or floor
    while start > floor and page.text[start : start + 1].islower():
        start = page.prose.rfind("\n", floor, start - 1) + 1 or floor
    sentence = page.prose[start:at]
    if sentence.strip(" -*•"):
        return sentence
    return page.prose[floor:start].rstrip().rsplit("\n", 1)[-1]


def on_patient_line(page: Page, at: int) -> bool:
    """Whether the line, or the one above when it holds nothing else, says that the patient is named here."""
    start = page.line_start(at)
    found = lexicon.PATIENT_LINE.match(page.folded, start)
    if found and found.group().rstrip().endswith(":"):
        return True
    above = page.folded[max(0, start - _LOOK_BACK) : start].rstrip().rsplit("\n", 1)[-1]
    marked = lexicon.PATIENT_LINE.match(above + "\n")
    return bool(marked) and not page.folded[start:at].strip() and not above[marked.end() if marked else 0 :].strip()


def copy_spans(page: Page) -> tuple[tuple[int, int], ...]:
    """The lines of copy recipients: the marked line and the list under it."""
    spans = []
    for found in lexicon.COPY_LINE.finditer(page.folded):
        end = page.prose.find("\n", found.end())
        end = len(page.prose) if end < 0 else end
        while re.match(r"\n[ \-*•]*(?:DR|PR|DOCTEUR|MME|M\.|MR|MADAME|MONSIEUR)(?![A-Z])", page.folded[end : end + 20]):
            following = page.prose.find("\n", end + 1)
            if lexicon.BORN.search(page.folded[end:following]):
                break
            end = len(page.prose) if following < 0 else following
        spans.append((found.start(), end))
    return tuple(spans)


def _following(page: Page, at: int) -> str:
    """The words after an offset, over a line end only when the sentence goes on."""
    after = page.folded[at : at + 60]
    end = after.find("\n")
    goes_on = page.text[at + end + 1 : at + end + 2].islower()
    return after if end < 0 or goes_on else after[:end]
