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
_HEADED: Final = 4
_TITLE_BEFORE: Final = re.compile(
    r"(?<![A-Z])(?:DOCTEURE?S?|DRS?|PROFESSEURE?S?|PRS?|MAITRE|CONFRERE|CONSOEUR|CONSŒUR)[ .:,]*$"
)


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


def stands_aside(page: Page, start: int, end: int, copied: Spans) -> bool:
    """Whether the words around a name make it a relative's, a professional's, or a copy recipient's."""
    before, after = context(page, start), _following(page, end)
    labelled = lexicon.PROFESSIONAL_LABEL.search(page.before(start))
    titled = labelled or _TITLE_BEFORE.search(before) or lexicon.PROFESSION.match(after)
    return copied.hold(start) or bool(titled) or is_kin(page, start, end) or _under_heading(page, start)


def is_kin(page: Page, start: int, end: int) -> bool:
    """Whether the words around a name make it a relative's, or that of somebody else about the patient."""
    told = lexicon.APPOSED.match(_following(page, end))
    return bool(told) or speaks_of_kin(context(page, start))


def speaks_of_kin(folded: str) -> bool:
    """Whether words of kinship stand there; a label that holds one says nothing of kin."""
    return bool(lexicon.RELATIVE.search(folded.replace("NOM DE FAMILLE", "NOM")))


def _under_heading(page: Page, at: int) -> bool:
    """Whether one of the lines just above heads another person's block, and none after it the patient's."""
    above = page.folded[max(0, page.line_start(at) - 4 * _LOOK_BACK) : page.line_start(at)].rstrip().split("\n")
    for far, line in enumerate(reversed(above[-_HEADED:])):
        if lexicon.PATIENT_HEADING.fullmatch(line) or lexicon.PATIENT_LINE.match(line + "\n"):
            return False
        if lexicon.KIN_HEADING.match(line) or (far == 0 and lexicon.PROFESSIONAL_HEADING.fullmatch(line)):
            return True
    return False


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
