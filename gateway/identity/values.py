"""What a value says under its label: names, dates, sexes, places; and the cells of a row under several labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateway.identity import fullnames, lexicon, textdates
from gateway.identity.labels import BIRTH, TRAIT
from gateway.identity.page import lay_out
from gateway.identity.persons import person_at, sex_of

_SEXES: Final = re.compile(
    r"(?<![A-Z])(?:FEMININ|MASCULIN|FEMME|HOMME|MADAME|MADEMOISELLE|MME|MLLE|MONSIEUR|MR|[FMH])(?![A-Z])"
)
_COG: Final = re.compile(r"(?:2[AB]|[0-9]{2})[0-9]{3}(?![0-9])")


def read(label: str, value: str) -> dict[str, str]:
    """The traits that a value says under its label; those that begin with ~ give way to any other wording."""
    folded = lay_out(value).folded
    if label not in TRAIT and re.fullmatch(BIRTH, label):
        date = textdates.read(folded, 0)
        return _read_birth_date(label, folded) | _read_sex(folded[date[1] :].lstrip(" /-,")) if date else {}
    trait = TRAIT.get(label, "person")
    if trait in ("birth_name", "used_name", "family_name", "person"):
        return _read_names(trait, value)
    if trait in ("first_given", "given_names"):
        return _read_given(trait, value)
    if trait == "birth_date":
        return _read_birth_date(label, folded)
    if trait == "sex":
        return _read_sex(folded)
    if trait == "birth_place":
        code = _COG.match(folded)
        whole = code is not None and (label != "LIEU DE NAISSANCE" or code.end() == len(folded))
        return {"birth_place": code.group()} if code and whole else {}
    return {}


def row_values(labels: list[str], written: str) -> Iterable[tuple[str, str]]:
    """The cells of a row under several labels: names first, then a date and a sex wherever they stand."""
    cells = [cell for cell in re.split(r" {2,}|\t|\|", written.strip(" |")) if cell.strip()]
    if len(cells) == len(labels):
        yield from ((label, cell.strip()) for label, cell in zip(labels, cells, strict=True))
        return
    page = lay_out(written)
    words, end = fullnames.run(page, 0)
    traits = [TRAIT.get(label, "") for label in labels]
    parts = fullnames.names(words)
    named = [
        label for label, trait in zip(labels, traits, strict=True) if trait.endswith(("_name", "given", "given_names"))
    ]
    if len(named) == 2 and parts.whole and len(words) == 2:
        yield from zip(named, words, strict=True)
    elif len(named) == 2 and parts.family and parts.given_names:
        order = traits.index("family_name") if "family_name" in traits else 0
        family = labels[order] if order < len(labels) else "NOM"
        yield family, parts.family
        yield "PRENOM", parts.given_names
    for at in range(end, len(page.folded)):
        if page.folded[at].isdigit() and not page.folded[at - 1].isalnum():
            read = textdates.read(page.folded, at)
            if read and "birth_date" in traits:
                yield labels[traits.index("birth_date")], page.text[at : read[1]]
                break
    sex = _SEXES.search(page.folded, end)
    if sex and "sex" in traits:
        yield "SEXE", sex.group()


def _read_names(trait: str, value: str) -> dict[str, str]:
    person = person_at(lay_out(value))
    if person is None:
        return {}
    said = {"~civility": person.sex} if person.sex else {}
    if person.birth_date:
        said["birth_date"] = person.birth_date
    parts = person.names
    if trait == "person":
        pairs = (
            ("~family", parts.family),
            ("~first", parts.first_given),
            ("~given", parts.given_names),
            ("whole", parts.whole),
        )
        said |= {name: text for name, text in pairs if text}
    else:
        said[trait] = " ".join(person.words)
        if parts.family and parts.given_names:
            said |= {"~family": parts.family, "~given": parts.given_names}
    for name, other in (("birth_name", person.birth), ("used_name", person.used)):
        if other is not None and name != trait:
            said[name] = other.family or other.whole or ""
    return said


def _read_given(trait: str, value: str) -> dict[str, str]:
    person = person_at(lay_out(value))
    if person is None:
        return {}
    listed = " ".join(person.words)
    alone = trait == "first_given" or len(person.words) == 1
    said = {"given_names": listed} | ({"first_given": listed} if alone else {})
    more = (("birth_date", person.birth_date), ("sex", person.sex))
    return said | {name: text for name, text in more if text}


def _read_birth_date(label: str, folded: str) -> dict[str, str]:
    at = 3 if folded.startswith("LE ") else 0
    read = textdates.read(folded, at)
    if read is None:
        return {}
    sex = {"NE LE": "M", "NEE LE": "F"}.get(label)
    return {"birth_date": read[0]} | ({"~born": sex} if sex else {})


def _read_sex(folded: str) -> dict[str, str]:
    """One sex; boxes that show both say nothing."""
    said = {lexicon.SEX.get(word) or sex_of(word) for word in _SEXES.findall(folded[:40])} - {None}
    return {"sex": next(iter(said)) or ""} if len(said) == 1 and _SEXES.match(folded) else {}
