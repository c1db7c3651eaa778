"""Where patients of the index stand in a text by name and birth date, whatever the layout and the labels.

The text speaks, the index only says what to look for: names are taken as the text writes them, with every word that
belongs to them, and a date counts only when it is not told as that of something else than a birth.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from gateway.identity import dates, fullnames, roles
from gateway.identity.names import tokens
from gateway.identity.page import Page
from gateway.identity.textdates import Written
from gateway.identity.words import Words
from gateway.model.identity import Patient

_MOST_NAMINGS: Final = 40  # of one patient: a name on every page of a long text, and more
_MOST_DATES: Final = 1_000
_ABOVE: Final = 300
_CLOSE: Final = 60  # words between a family name and a given name in two cells
_BESIDE: Final = re.compile(r"[ ,.\-(/|:;)']{0,5}\n?[ \-(|]{0,3}")
_CELL: Final = re.compile(r"\n| {2}|[|:;,()]")
_CELLS_APART: Final = 3  # lines between a family name and a given name, each alone in its cell
_REACH: Final = 3  # lines between a name and its birth date
_LINE: Final = 200  # what a line end weighs beside letters when the nearest name of a date is sought
_ACTS: Final = frozenset(
    re.findall(
        r"\w+",
        """LE DU AU DEPUIS DATE DES ENTRE ET EDITE EDITION IMPRIME CONSULTATION EXAMEN PRELEVEMENT SORTIE ENTREE RDV
    VISITE SEJOUR OPERATOIRE INTERVENTION HOSPITALISATION DECES DECEDE DECEDEE VALIDE SIGNE VU VUE REVU REVUE""",
    )
)
_BORN: Final = re.compile(
    r"(?<![A-Z])(?:NEE?S?|NE ?\( ?E ?\)|NE[.·/\-](?:NE)?E|NAISS[A-Z]*|DDN|D\.D\.N|DN|DOB|BIRTH|BORN|GEBOREN|"
    r"GEBURTSDATUM|NACIMIENTO|NASCIMENTO|NASCITA)(?![A-Z])(?P<then>[^0-9]{0,40})$"
)
_DONE: Final = re.compile(
    r"(?<![A-Z])(?:RE?VUE?|OPEREE?|CONSULT|EXAM|HOSPIT|ADMIS|ENTR|RECUE?|DECED|PRELEV|SORT|EDIT|DATE DE (?!NAIS))"
)
_HOUR: Final = re.compile(r",? ?(?:A )?[0-9]{1,2} ?[H:][0-9]{0,2}")


class Kind(StrEnum):
    """What a date is told to be."""

    BIRTH = "birth"
    BARE = "bare"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Naming:
    """A place where a patient's family and first given name stand together; both as written, whole.

    ``aside``: the place is a relative's, a professional's or a copy recipient's; ``kin``: a relative's.
    """

    patient: Patient
    start: int
    end: int
    family: str
    given: str
    aside: bool
    kin: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """A naming with the patient's birth date near it, nearer to it than to any other naming."""

    naming: Naming
    date: Written
    kind: Kind


def namings(words: Words, patients: Iterable[Patient]) -> tuple[Naming, ...]:
    """Where the patients are named; a name inside a longer one of another patient is that other's."""
    found = [each for patient in patients for each in islice(_of(words, patient), _MOST_NAMINGS)]
    return tuple(one for one in found if not any(_inside(one, other) for other in found))


def sightings(words: Words, named: Sequence[Naming]) -> tuple[Sighting, ...]:
    """The namings beside which the patient's birth date stands. A date told as an act's is no sighting."""
    page = words.page
    return tuple(
        Sighting(one, written, kind)
        for written in words.dates[:_MOST_DATES]
        for one in _owners(page, written, named)
        if dates.agree(written.value, one.patient.birth_date) and (kind := kind_of(page, written)) is not Kind.ACT
    )


def kind_of(page: Page, written: Written) -> Kind:
    """Whether a birth's word stands before a date, another word of a day, or none."""
    before = page.before(written.start)
    if not before.strip(" |-*•:"):
        start = page.line_start(written.start)
        above = page.folded[max(0, start - _ABOVE) : start].rstrip().rsplit("\n", 1)[-1]
        before = "" if re.search("[0-9]", above) else above
    born = _BORN.search(before)
    if born and not _DONE.search(born.group("then")):
        return Kind.BIRTH
    last = re.search(r"([A-Z]+)[^A-Z0-9]*$", before)
    told = (last and last.group(1) in _ACTS) or _HOUR.match(page.folded, written.end)
    return Kind.ACT if told else Kind.BARE


def distance(page: Page, written: Written, one: Naming) -> int | None:
    """How far a date is from a naming, in letters, a line end weighing 200; None out of reach."""
    lines = abs(page.line_number(written.start) - page.line_number(one.start))
    if lines > _REACH:
        return None
    return lines * _LINE + max(0, written.start - one.end, one.start - written.end)


def _owners(page: Page, written: Written, named: Sequence[Naming]) -> tuple[Naming, ...]:
    reached = [(far, one) for one in named if (far := distance(page, written, one)) is not None]
    least = min((far for far, _ in reached), default=0)
    return tuple(one for far, one in reached if far == least)


def _inside(one: Naming, other: Naming) -> bool:
    longer = other.end - other.start > one.end - one.start
    return longer and other.start <= one.start and one.end <= other.end and one.patient.ipp != other.patient.ipp


def _of(words: Words, patient: Patient) -> Iterator[Naming]:
    given = words.find(tokens(patient.first_given))
    families = {tokens(patient.birth_name), tokens(patient.used_name)}
    listed = frozenset(tokens(patient.given_names))
    for family in sorted(families):
        for place in words.find(family) if given else ():
            close = bisect_left(given, (place[0] - _CLOSE, 0)), bisect_right(given, (place[1] + _CLOSE, 0))
            for its in given[slice(*close)]:
                naming = _together(words, patient, place, its, listed)
                if naming is not None:
                    yield naming


def _together(
    words: Words,
    patient: Patient,
    family: tuple[int, int],
    given: tuple[int, int],
    listed: frozenset[str],
) -> Naming | None:
    """The naming that a family name and a given name make when they touch, or stand alone in two cells near by."""
    if family[0] < given[1] and given[0] < family[1]:
        return None
    after = given[0] >= family[1]
    left, right = (family, given) if after else (given, family)
    more = words.all[left[1] : right[0]]
    beside = not more and _BESIDE.fullmatch(words.between(left[1] - 1, right[0]))
    listing = not after and 0 < len(more) <= 4 and all(word.text in listed for word in more)
    if not (beside or listing):
        return _in_cells(words, patient, family, given)
    first, last = _begins(words, left[0]), _ends(words, right[1])
    cut = (left[1], right[0]) if after else (right[0], right[0])
    names = words.written(first, cut[0]), words.written(cut[1], last)
    start, end = words.all[first].start, words.all[last - 1].end
    part = roles.stands_aside(words.page, start, end, words.copied), roles.is_kin(words.page, start, end)
    return Naming(patient, start, end, *(names if after else names[::-1]), *part)


def _in_cells(words: Words, patient: Patient, family: tuple[int, int], given: tuple[int, int]) -> Naming | None:
    page = words.page
    spans = [(words.all[first].start, words.all[after - 1].end) for first, after in (family, given)]
    apart = abs(page.line_number(spans[0][0]) - page.line_number(spans[1][0]))
    if apart > _CELLS_APART or not all(_alone(page, *span) for span in spans):
        return None
    start, end = min(spans)[0], max(spans)[1]
    aside = any(roles.stands_aside(page, *span, words.copied) for span in spans)
    kin = any(roles.is_kin(page, *span) for span in spans)
    return Naming(patient, start, end, words.written(*family), words.written(*given), aside, kin)


def _alone(page: Page, start: int, end: int) -> bool:
    """Whether a cell holds these words and nothing more."""
    before, after = page.folded[max(0, start - 2) : start], page.folded[end : end + 2]
    opened = not before or _CELL.search(before.removesuffix(" ") or before) or before[-1] in "\n|:;,("
    return bool(opened) and (
        not after.strip(" ") or bool(_CELL.match(after.removeprefix(" ") or "\n")) or after == "  "
    )


def _begins(words: Words, first: int) -> int:
    while first > 0 and words.joined(first - 1) and _belongs(words, first - 1) and not _announces(words, first - 1):
        first -= 1
    return first


def _announces(words: Words, place: int) -> bool:
    """Whether a word says that a child's name follows: "Enfant DUPONT Léa"; "Bébé" may be followed by the mother's."""
    word = words.all[place]
    return word.text == "ENFANT" and words.page.text[word.end : word.end + 1] != "-"


def _ends(words: Words, after: int) -> int:
    while after < len(words.all) and words.joined(after - 1) and _belongs(words, after):
        after += 1
    return after


def _belongs(words: Words, place: int) -> bool:
    """Whether a word beside a name has a name's shape: it is then part of the name as the text writes it."""
    word = words.all[place]
    written = words.page.text[word.start : word.end]
    elided = words.page.text[word.end : word.end + 1] == "'"
    shaped = written[0].isupper() and written.isalpha() and (len(written) > 1 or elided)
    hyphened = "-" in (words.page.text[word.start - 1 : word.start], words.page.text[word.end : word.end + 1])
    return (shaped or hyphened) and not fullnames.ends_a_name(word.text)
