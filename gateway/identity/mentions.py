"""Persons named in running text: who, with what civility, birth name, date and sex, and in which part."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from typing import Final

from gateway.identity import fullnames, lexicon, textdates
from gateway.identity.page import Page

_LOOK_BACK: Final = 200
_ORPHAN_LINES: Final = 4
_ORPHAN_REACH: Final = 300
_ORPHAN: Final = re.compile(r"(?m)^[ \-]*(?=(?:NEE?|NE\(E\)) (?:LE|EN) |DDN|DATE DE NAISSANCE)")
_AFTER_NAME: Final = re.compile(
    r"(?<![A-Z0-9])(?:SEXE ?:? ?(?:FEMININ|MASCULIN|[FMH])[ ,;-]{1,3})?"
    r"(?:(?:NEE?|NE\(E\)|NE\.E|DDN|D\.D\.N\.?)(?= ?:? ?(?:LE|EN)? ?:? ?[0-9])"
    r"|(?:NEE|EPOUSE|EPSE|EP\.|VEUVE) (?=[A-Z]))"
)
_FILE_NUMBER: Final = re.compile(r"(?:N° ?)?[0-9]{3,12} ?[/\-,] ?(?=[A-Z])")

_BIRTHS: Final = (lexicon.BORN, lexicon.BORN_AT, lexicon.DATED)
_LE: Final = re.compile("LE ")


class Part(StrEnum):
    """The part that the text gives to a person."""

    ANNOUNCED = "announced"
    DATED = "dated"
    NAMED = "named"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Mention:
    """One person named from ``start`` to ``end``. ``birth_date`` as in Claim; ``doubt`` when the sexes disagree."""

    start: int
    end: int
    part: Part
    names: fullnames.Names
    birth: fullnames.Names | None = None
    used: fullnames.Names | None = None
    birth_date: str | None = None
    sex: str | None = None
    words: tuple[str, ...] = ()


def person_at(page: Page) -> Mention | None:
    """The person with whom a short text begins: a value beside its label. None when it begins otherwise."""
    head = lexicon.HEAD.match(page.folded)
    at = head.end() if head else 0
    words, end = fullnames.run(page, _skip_blanks(page, at))
    if not words or (head and lexicon.PROFESSIONAL.fullmatch(head.group(1))):
        return None
    sex = lexicon.SEX.get(head.group(1)) if head else None
    return _tail(page, Mention(0, end, Part.ANNOUNCED, fullnames.names(words), sex=sex, words=words), dashes=True)


def mentions(page: Page) -> tuple[Mention, ...]:
    """Every person named with a civility, on a line that announces the patient, or just before a birth date."""
    found: list[Mention] = []
    copied = _Spans(_copy_spans(page))
    for start, head, after in _heads(page):
        mention = _mention(page, start, head, after, copied) if not found or start >= found[-1].end else None
        if mention:
            found.append(mention)
    found += _named_before_date(page, _Spans([(mention.start, mention.end) for mention in found]))
    return tuple(_with_orphans(page, sorted(found, key=lambda each: each.start)))


class _Spans:
    """Spans of a text in order, none over another, searched by halves."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def hold(self, at: int) -> bool:
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self._spans[place][1]


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


def _mention(page: Page, start: int, head: str, after: int, copied: _Spans) -> Mention | None:
    if head == "LINE":
        after = _skip(page, after)
        filed = _FILE_NUMBER.match(page.folded, after)
        after = filed.end() if filed else after
        if lexicon.HEAD.match(page.folded, after):
            return None
    widow = lexicon.WIDOW.match(page.folded, after)
    words, end = fullnames.run(page, _skip_blanks(page, widow.end() if widow else after))
    professional = bool(lexicon.PROFESSIONAL.fullmatch(head)) or bool(lexicon.TITLED.match(page.folded, after))
    if not words and not professional:
        return None
    sex = None if lexicon.BOTH.search(page.folded[max(0, start - 14) : start]) else lexicon.SEX.get(head)
    told = head == "LINE" or _on_patient_line(page, start) or bool(lexicon.ANNOUNCED.search(_context(page, start)))
    mention = _tail(page, Mention(start, end, Part.NAMED, fullnames.names(words), sex=sex), dashes=told)
    if professional or copied.hold(start):
        return replace(mention, part=Part.OTHER)
    whole = mention.birth_date or (mention.names.family and mention.names.given_names)
    if _is_loose(page, start, head) and not whole:
        return None
    return replace(mention, part=_part(page, mention, head))


def _is_loose(page: Page, start: int, head: str) -> bool:
    """Whether the words after this head may be something else than a name, unless they have a name's shape."""
    loose = lexicon.LOOSE_LINE.match(page.folded, start) if head == "LINE" else None
    return head not in (*lexicon.SEX, "LINE") or loose is not None


def _tail(page: Page, mention: Mention, *, dashes: bool) -> Mention:
    """Read on after the name: birth name, used name, birth date, sex, age; in any order, at most eight pieces.

    ``dashes``: a person announced as the patient, whose birth date may stand without a word.
    """
    end, born_sex = mention.end, None
    for _ in range(8):
        at = _skip(page, end)
        read = _piece(page, at, mention, dashes=dashes)
        if read is None:
            break
        mention, end, said = read
        born_sex = said or born_sex
    if born_sex and mention.sex and born_sex != mention.sex:
        return replace(mention, end=end, sex="U")
    return replace(mention, end=end, sex=mention.sex or born_sex)


def _piece(page: Page, at: int, mention: Mention, *, dashes: bool) -> tuple[Mention, int, str | None] | None:
    folded = page.prose
    for birth in _BIRTHS if mention.birth_date is None else ():
        born = birth.match(folded, at)
        dated = textdates.read(folded, born.end()) if born else None
        if born and dated:
            return replace(mention, birth_date=dated[0]), dated[1], _born_sex(born)
    since = _LE.match(folded, at) if mention.birth and mention.birth_date is None else None
    dated = textdates.read(folded, since.end()) if since else None
    if dated:
        return replace(mention, birth_date=dated[0]), dated[1], None
    for form, field in ((lexicon.MAIDEN, "birth"), (lexicon.MARRIED, "used")):
        opened = form.match(folded, at)
        if opened:
            words, end = fullnames.run(page, opened.end())
            if words:
                said = "F" if opened.group().startswith("NEE") else None
                return _married(mention, field, fullnames.names(words), words), end, said
    return _small_piece(page, at, mention, dashes=dashes)


def _married(mention: Mention, field: str, said: fullnames.Names, words: tuple[str, ...]) -> Mention:
    """The other family name; the given names that stand only after it ("Mme X née Y Anne") are the person's."""
    if said.family and said.given_names and said.family.startswith(words[0]) and not mention.names.given_names:
        own = replace(mention.names, first_given=said.first_given, given_names=said.given_names)
        mention, said = replace(mention, names=own), fullnames.Names(family=said.family)
    return replace(mention, birth=said) if field == "birth" else replace(mention, used=said)


def _small_piece(page: Page, at: int, mention: Mention, *, dashes: bool) -> tuple[Mention, int, str | None] | None:
    sexed = lexicon.SEXED.match(page.folded, at - 1) or lexicon.SEXED.match(page.folded, at)
    sexed = sexed or (lexicon.LETTER_SEX.match(page.folded, at) if dashes else None)
    if sexed:
        return mention, sexed.end(), sex_of(sexed.group("in") or sexed.groupdict().get("out"))
    aged = lexicon.AGED.match(page.folded, at)
    if aged:
        return mention, aged.end(), None
    if dashes and mention.birth_date is None:
        dated = textdates.read(page.prose, at)
        if dated and "00" not in (dated[0][4:6], dated[0][6:]):
            return replace(mention, birth_date=dated[0]), dated[1], None
    family = mention.names.family or mention.names.whole or ""
    if family.isupper() and not mention.names.given_names and (dashes or mention.sex):
        read = _after_family(page, at, mention)
        if read:
            return read
    if mention.birth and not mention.names.given_names and mention.names.family and at <= len(page.text):
        words, end = fullnames.run(page, at)
        parts = fullnames.names(words)
        if words and parts.whole is None and len(words) == 1 and words[0] != words[0].upper():
            return replace(mention, names=replace(mention.names, first_given=words[0], given_names=words[0])), end, None
    return None


def _after_family(page: Page, at: int, mention: Mention) -> tuple[Mention, int, str | None] | None:
    """The given names after "NOM, " or "NOM (AUTRE NOM) "; the name between brackets is the birth name."""
    before = page.folded[:at].rstrip()[-1:]
    words, end = fullnames.run(page, at)
    birth = mention.birth
    if before == "(" and words and " ".join(words).isupper() and page.folded[end : end + 2] == ") " and not birth:
        birth = fullnames.Names(family=" ".join(words))
        words, end = fullnames.run(page, end + 2)
    elif before != "," or mention.names.whole:  # of several capitals before a comma, one may be the given name
        return None
    if not words or len(words) > 3 or any(word.isupper() for word in words):
        return None
    listed = " ".join(words)
    family = mention.names.family or mention.names.whole
    own = fullnames.Names(family, words[0] if len(words) == 1 else None, listed)
    return replace(mention, names=own, birth=birth), end, None


def sex_of(word: str | None) -> str | None:
    """M or F for the words that say it."""
    return {"F": "F", "M": "M", "H": "M"}.get((word or " ")[0]) if word != "FEMME" else "F"


def _born_sex(born: re.Match[str]) -> str | None:
    return {"NE": "M", "NEE": "F"}.get(born.groupdict().get("born") or "")


def _part(page: Page, mention: Mention, head: str) -> Part:
    """What the words before and after say of the person's part. A kinship in the same sentence makes it another's."""
    context = _context(page, mention.start)
    told = page.folded[mention.start : mention.end]
    after = _following(page, mention.end)
    if lexicon.RELATIVE.search(context) or lexicon.APPOSED.match(after) or lexicon.PROFESSION.match(after):
        return Part.OTHER
    if any(lexicon.APPOSED.match(told, place.start()) for place in re.finditer("[,(]", told)):
        return Part.OTHER
    announced = head in ("LINE", "PATIENT", "PATIENTE") or _on_patient_line(page, mention.start)
    if announced or lexicon.ANNOUNCED.search(context):
        return Part.ANNOUNCED
    if mention.birth_date:
        return Part.DATED
    return Part.OTHER if lexicon.PROFESSION.match(page.folded, mention.end) else Part.NAMED


def _following(page: Page, at: int) -> str:
    """The words after an offset, over a line end only when the sentence goes on."""
    after = page.folded[at : at + 60]
    end = after.find("\n")
    goes_on = page.text[at + end + 1 : at + end + 2].islower()
    return after if end < 0 or goes_on else after[:end]


def _context(page: Page, at: int) -> str:
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


def _on_patient_line(page: Page, at: int) -> bool:
    """Whether the line, or the one above when it holds nothing else, says that the patient is named here."""
    start = page.line_start(at)
    found = lexicon.PATIENT_LINE.match(page.folded, start)
    if found and found.group().rstrip().endswith(":"):
        return True
    above = page.folded[max(0, start - _LOOK_BACK) : start].rstrip().rsplit("\n", 1)[-1]
    marked = lexicon.PATIENT_LINE.match(above + "\n")
    return bool(marked) and not page.folded[start:at].strip() and not above[marked.end() if marked else 0 :].strip()


def _named_before_date(page: Page, known: _Spans) -> Iterable[Mention]:
    """A name without civility just before its birth date: "DUPONT Jean né le 12/03/1956"."""
    past = 0
    for found in _AFTER_NAME.finditer(page.folded):
        if found.start() < past or known.hold(found.start()):
            continue
        words = fullnames.before(page, found.start())
        if len(words) < 2:
            continue
        start = page.text.rfind(words[0], 0, found.start())
        mention = _tail(page, Mention(start, found.start(), Part.NAMED, fullnames.names(words)), dashes=False)
        if mention.birth_date:
            past = mention.end
            yield replace(mention, part=_part(page, mention, ""))


def _with_orphans(page: Page, found: list[Mention]) -> Iterable[Mention]:
    """Give a line "née le …" to the person whose name and address stand in the lines just above."""
    for mention, following in zip_longest(found, found[1:]):
        until = min(mention.end + _ORPHAN_REACH, following.start if following else len(page.folded))
        orphan = _ORPHAN.search(page.folded, mention.end, until) if mention.birth_date is None else None
        if orphan and _under(page, mention, orphan.end()):
            born = _tail(page, replace(mention, end=orphan.end()), dashes=False)
            part = Part.DATED if mention.part is Part.NAMED and born.birth_date else mention.part
            yield replace(born, part=part)
        else:
            yield mention


def _under(page: Page, mention: Mention, at: int) -> bool:
    between = page.folded[mention.end : at]
    alone = not page.folded[page.line_start(mention.start) : mention.start].strip()
    short = all(len(line) < 50 for line in between.split("\n"))
    return alone and short and between.count("\n") <= _ORPHAN_LINES and not lexicon.RELATIVE.search(between)


def _copy_spans(page: Page) -> tuple[tuple[int, int], ...]:
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


def _skip(page: Page, at: int) -> int:
    joint = lexicon.JOINT.match(page.folded, at)
    return joint.end() if joint else at


def _skip_blanks(page: Page, at: int) -> int:
    while at < len(page.prose) and page.prose[at] in " .":
        at += 1
    return at
