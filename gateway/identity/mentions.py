"""Persons named in running text: who, with what civility, birth name, date and sex, and in which part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from gateway.identity import fullnames, lexicon
from gateway.identity.page import Page
from gateway.identity.persons import Mention, Part, skip, skip_blanks, tail
from gateway.identity.roles import Spans, context, copy_spans, on_patient_line, part_of

_ORPHAN_LINES: Final = 4
_ORPHAN_REACH: Final = 300
_ORPHAN: Final = re.compile(r"(?m)^[ \-]*(?=(?:NEE?|NE\(E\)) (?:LE|EN) |DDN|DATE DE NAISSANCE)")
_AFTER_NAME: Final = re.compile(
    r"(?<![A-Z0-9])(?:SEXE ?:? ?(?:FEMININ|MASCULIN|[FMH])[ ,;-]{1,3})?"
    r"(?:(?:NEE?|NE\(E\)|NE\.E|DDN|D\.D\.N\.?)(?= ?:? ?(?:LE|EN)? ?:? ?[0-9])"
    r"|(?:NEE|EPOUSE|EPSE|EP\.|VEUVE) (?=[A-Z]))"
)
#: What follows is the value of a field, given names alone.
_GIVEN_LABEL: Final = re.compile(r"PRENOMS?(?:\(S\))?[A-Z ]{0,20} ?:? *$|(?:FIRST|GIVEN) NAMES? ?:? *$")
_FILE_NUMBER: Final = re.compile(r"(?:N° ?)?[0-9]{3,12} ?[/\-,] ?(?=[A-Z])")


def mentions(page: Page) -> tuple[Mention, ...]:
    """Every person named with a civility, on a line that announces the patient, or just before a birth date."""
    found: list[Mention] = []
    copied = Spans(copy_spans(page))
    for start, head, after in _heads(page):
        mention = _mention(page, start, head, after, copied) if not found or start >= found[-1].end else None
        if mention:
            found.append(mention)
    found += _named_before_date(page, Spans([(mention.start, mention.end) for mention in found]))
    return tuple(_with_orphans(page, sorted(found, key=lambda each: each.start)))


def _heads(page: Page) -> Iterable[tuple[int, str, int]]:
    """Where a name may begin: (start, civility or PATIENT_LINE, offset of the name)."""
    lines = [(m.start(), "LINE", m.end()) for m in lexicon.PATIENT_LINE.finditer(page.folded)]
    civil = [(m.start(), m.group(1), m.end()) for m in lexicon.HEAD.finditer(page.folded) if _is_head(page, m)]
    return sorted([*lines, *civil])


def _is_head(page: Page, found: re.Match[str]) -> bool:
    """M, Mr, Dr, Pr are heads only with their capital, and "M" not as a sex or a unit."""
    written = found.group(1)
    if written in ("M", "MR", "DR", "PR", "MAITRE"):
        return page.text[found.start()].isupper()
    return True


def _mention(page: Page, start: int, head: str, after: int, copied: Spans) -> Mention | None:
    if head == "LINE":
        after = skip(page, after)
        filed = _FILE_NUMBER.match(page.folded, after)
        after = filed.end() if filed else after
        if lexicon.HEAD.match(page.folded, after):
            return None
    widow = lexicon.WIDOW.match(page.folded, after)
    words, end = fullnames.run(page, skip_blanks(page, widow.end() if widow else after))
    professional = bool(lexicon.PROFESSIONAL.fullmatch(head)) or bool(lexicon.TITLED.match(page.folded, after))
    if not words and not professional:
        return None
    sex = None if lexicon.BOTH.search(page.folded[max(0, start - 14) : start]) else lexicon.SEX.get(head)
    told = head == "LINE" or on_patient_line(page, start) or bool(lexicon.ANNOUNCED.search(context(page, start)))
    mention = tail(page, Mention(start, end, Part.NAMED, fullnames.names(words), sex=sex), dashes=told)
    if professional or copied.hold(start):
        return replace(mention, part=Part.OTHER)
    whole = mention.birth_date or (mention.names.family and mention.names.given_names)
    if _is_loose(page, start, head) and not whole:
        return None
    return replace(mention, part=part_of(page, mention, head))


def _is_loose(page: Page, start: int, head: str) -> bool:
    """Whether the words after this head may be something else than a name, unless they have a name's shape."""
    loose = lexicon.LOOSE_LINE.match(page.folded, start) if head == "LINE" else None
    return head not in (*lexicon.SEX, "LINE") or loose is not None


def _named_before_date(page: Page, known: Spans) -> Iterable[Mention]:
    """A name without civility just before its birth date: "DUPONT Jean né le 12/03/1956"."""
    past = 0
    for found in _AFTER_NAME.finditer(page.folded):
        if found.start() < past or known.hold(found.start()):
            continue
        words = fullnames.before(page, found.start())
        start = page.text.rfind(words[0], 0, found.start()) if words else 0
        if len(words) < 2 or _GIVEN_LABEL.search(page.folded, page.line_start(start), start):
            continue
        mention = tail(page, Mention(start, found.start(), Part.NAMED, fullnames.names(words)), dashes=False)
        if mention.birth_date:
            past = mention.end
            yield replace(mention, part=part_of(page, mention, ""))


def _with_orphans(page: Page, found: list[Mention]) -> Iterable[Mention]:
    """Give a line "née le …" to the person whose name and address stand in the lines just above."""
    for mention, following in zip_longest(found, found[1:]):
        until = min(mention.end + _ORPHAN_REACH, following.start if following else len(page.folded))
        orphan = _ORPHAN.search(page.folded, mention.end, until) if mention.birth_date is None else None
        if orphan and _under(page, mention, orphan.end()):
            born = tail(page, replace(mention, end=orphan.end()), dashes=False)
            part = Part.DATED if mention.part is Part.NAMED and born.birth_date else mention.part
            yield replace(born, part=part)
        else:
            yield mention


def _under(page: Page, mention: Mention, at: int) -> bool:
    between = page.folded[mention.end : at]
    alone = not page.folded[page.line_start(mention.start) : mention.start].strip()
    short = all(len(line) < 50 for line in between.split("\n"))
    return alone and short and between.count("\n") <= _ORPHAN_LINES and not lexicon.RELATIVE.search(between)
