"""Labels and values: "Nom : MARTIN Prénom : Jean", a label on one line and its value on the next, rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from gateway.identity import fullnames, lexicon, textdates
from gateway.identity.mentions import person_at, sex_of
from gateway.identity.page import Page, lay_out

#: Folded labels and the trait that each announces; "" for a value that is read over.
_LABELS: Final = {
    "birth_name": "NOM DE NAISSANCE|NOM NAISSANCE|NOM PATRONYMIQUE|NOM DE JEUNE FILLE|NOM DE FAMILLE DE NAISSANCE|"
    "NOM (DE NAISSANCE)|NOM DE FAMILLE (NAISSANCE)|NAISSANCE (NOM)",
    "used_name": "NOM UTILISE|NOM D'USAGE|NOM USUEL|NOM MARITAL|NOM D'EPOUSE|NOM D'EPOUX|NOM USAGE|NOM (USAGE)|"
    "NOM (D'USAGE)|NOM DE FAMILLE UTILISE",
    "family_name": "NOM|NOM DE FAMILLE|NOM DU PATIENT|NOM DE LA PATIENTE|NOM PATIENT",
    "first_given": "PREMIER PRENOM DE NAISSANCE|PREMIER PRENOM|1ER PRENOM DE NAISSANCE|1ER PRENOM|PRENOM DE NAISSANCE",
    "given_names": "PRENOM(S) DE NAISSANCE|PRENOMS DE NAISSANCE|PRENOM(S)|PRENOMS|PRENOM|LISTE DES PRENOMS|"
    "PRENOM DU PATIENT|PRENOM DE LA PATIENTE|PRENOM PATIENT|LISTE DES PRENOMS DE NAISSANCE",
    "birth_date": "DATE DE NAISSANCE|DATE NAISSANCE|DATE DE NAISS.|DATE DE NAISS|DDN|D.D.N.|NE(E) LE|NEE LE|NE LE|"
    "NE.E LE|NE·E LE|NE/E LE|NE/NEE LE|NE (E) LE|NE(E)|DATE DE NAISSANCE DU PATIENT|DATE NAISS.|NAISSANCE",
    "sex": "SEXE|SEXE DE NAISSANCE|SEXE ADMINISTRATIF|GENRE|CIVILITE",
    "birth_place": "CODE LIEU DE NAISSANCE|CODE COMMUNE DE NAISSANCE|CODE INSEE DE NAISSANCE|CODE INSEE NAISSANCE|"
    "LIEU DE NAISSANCE (CODE INSEE)|LIEU DE NAISSANCE (COG)|CODE INSEE DU LIEU DE NAISSANCE|CODE COG|"
    "CODE OFFICIEL GEOGRAPHIQUE|LIEU DE NAISSANCE (INSEE)|LIEU DE NAISSANCE",
    "": "PRENOM UTILISE|PRENOM D'USAGE|PRENOM USUEL|AGE|ADRESSE|TEL|TELEPHONE|IPP|NIP|MEDECIN|MEDECIN TRAITANT|SERVICE|"
    "DATE|PRESCRIPTEUR|DEMANDEUR|N° DOSSIER|DOSSIER|MATRICULE INS|INS|OID|NIR|PROFESSION|EMAIL|MOBILE|VILLE|"
    "CORRESPONDANT|EXAMEN",
}
_TRAIT: Final = {label: trait for trait, labels in _LABELS.items() for label in labels.split("|")}
_PERSON: Final = (
    r"NOMS? ?(?:,|/|-|ET|&)? ?PRENOMS?(?:\(S\))?(?: (?:DU|DE LA) PATIENTE?)?|PRENOMS?(?:\(S\))? ?(?:,|/|-|ET|&)? ?NOM"
)
_ANY: Final = "|".join(re.escape(label) for label in sorted(_TRAIT, key=len, reverse=True))
_BIRTH: Final = r"(?:DATE DE NAISSANCE|DDN|NEE?\(?E?\)? LE) ?(?:/|-|ET) ?SEXE"
_WITH_COLON: Final = re.compile(
    rf"(?<![A-Z0-9'\-(])(?<!DE )(?P<label>{_BIRTH}|{_PERSON}|{_ANY})(?: {{0,3}}| ?[._]{{2,40}} ?):"
)
_AT_START: Final = re.compile(rf"[ \-*•|]*(?P<label>{_ANY})(?= |$)")
_IN_ROW: Final = re.compile(rf"[ |;/,]*(?P<label>{_ANY})(?= |$|[|;/,])")
#: "NOM X PRENOM Y DDN 12/03/1960 SEXE F": labels without colon between their values, when the line has them all.
_STRUNG: Final = re.compile(
    r"(?<![A-Z0-9'\-(])(?P<label>IPP|NOM DE NAISSANCE|NOM|PRENOMS?|DATE DE NAISSANCE|DDN|NE\(E\) LE|SEXE)(?= )"
)
_WHOLE: Final = frozenset(("given_names", "birth_date", "sex"))
#: Too common at the beginning of a sentence to be labels without a colon.
_PROSE: Final = frozenset(("NAISSANCE", "NE LE", "NEE LE", "NE(E)", "NE(E) LE", *_LABELS[""].split("|"), "GENRE"))
_SEXES: Final = re.compile(
    r"(?<![A-Z])(?:FEMININ|MASCULIN|FEMME|HOMME|MADAME|MADEMOISELLE|MME|MLLE|MONSIEUR|MR|[FMH])(?![A-Z])"
)
_COG: Final = re.compile(r"(?:2[AB]|[0-9]{2})[0-9]{3}(?![0-9])")
#: Labels that, with other labels right under them, head a professional's block.
_PROFESSIONALS: Final = frozenset(("MEDECIN", "MEDECIN TRAITANT", "PRESCRIPTEUR", "DEMANDEUR", "CORRESPONDANT"))
_APART: Final = 12
_MOST_PENDING: Final = 10
_KIN_LINES: Final = 4


@dataclass(slots=True)
class Block:
    """The traits of one person read from fields, and the line (from 1) of each; ``other``: not the patient."""

    other: bool
    traits: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The first line of the block."""
        return min(self.lines.values(), default=0)

    @property
    def last(self) -> int:
        """The last line of the block."""
        return max(self.lines.values(), default=0)


def blocks(page: Page) -> tuple[Block, ...]:
    """The persons whom fields describe, in order."""
    reader = _Reader()
    for number, (written, folded) in enumerate(
        zip(page.text.split("\n"), page.folded.split("\n"), strict=True), start=1
    ):
        if folded.strip():
            reader.line(number, written, folded)
    return tuple(block for block in reader.blocks if block.traits)


class _Reader:
    """Goes down the lines with the labels that await their value and the heading under which they stand."""

    def __init__(self) -> None:
        self.blocks: list[Block] = [Block(other=False)]
        self._pending: list[str] = []
        self._row = False
        self._other_for = 0

    def line(self, number: int, written: str, folded: str) -> None:
        """Take one line that is not blank."""
        labels = _labels(folded)
        if labels:
            self._labelled(number, written, labels, folded)
        elif self._pending:
            self._awaited(number, written)
        else:
            self._heading(folded)

    def _labelled(self, number: int, written: str, labels: list[tuple[str, int, int, int]], folded: str) -> None:
        prefix = folded[: labels[0][1]]
        if lexicon.RELATIVE.search(prefix) or lexicon.PROFESSION.match(prefix) or "CONTACT" in prefix:
            self._other_for = 1
        if self._pending and self._pending[-1] in _PROFESSIONALS:
            self._other_for, self._pending = 1, []
        values = [written[end:limit].strip(" |;,.") for _, _, end, limit in labels]
        if any(values):
            self._pending = []
        for (label, *_), value in zip(labels, values, strict=True):
            if value:
                self._take(number, label, value)
            elif len(self._pending) < _MOST_PENDING:
                self._pending.append(label)
        self._row = len(labels) > 1 and not any(values)

    def _awaited(self, number: int, written: str) -> None:
        if self._row and len(written.split()) > 1:
            for label, value in _row_values(self._pending, written):
                self._take(number, label, value)
            self._pending = []
        else:
            self._row = False
            self._take(number, self._pending.pop(0), written.strip(" |;,."))

    def _heading(self, folded: str) -> None:
        if lexicon.PATIENT_HEADING.fullmatch(folded):
            self._other_for = 0
            self.blocks.append(Block(other=False))
        elif lexicon.KIN_HEADING.match(folded):
            self._other_for = _KIN_LINES
        elif lexicon.PROFESSIONAL_HEADING.fullmatch(folded):
            self._other_for = 1
        else:
            self._other_for = max(0, self._other_for - 1)

    def _take(self, number: int, label: str, value: str) -> None:
        read = _read(label, value)
        if not read:
            return
        block = self._block(number, read)
        for trait, said in read.items():
            block.traits.setdefault(trait, said)
            block.lines.setdefault(trait, number)

    def _block(self, number: int, read: dict[str, str]) -> Block:
        block, other = self.blocks[-1], self._other_for > 0
        held = block.traits
        differs = any(trait in held and held[trait] != said for trait, said in read.items() if trait[0] != "~")
        if held and (differs or number - block.last > _APART or (other and not block.other)):
            block = Block(other=other)
            self.blocks.append(block)
        elif not held:
            block.other = other
        return block


def _labels(folded: str) -> list[tuple[str, int, int, int]]:
    """The labels of a line: (label, its beginning, beginning of its value, end of its value)."""
    found = [(m.group("label"), m.start(), m.end()) for m in _WITH_COLON.finditer(folded)]
    if not found:
        found = _without_colon(folded)
    ends = [*(start for _, start, _ in found[1:]), len(folded)][: len(found)]
    return [(*each, end) for each, end in zip(found, ends, strict=True)]


def _without_colon(folded: str) -> list[tuple[str, int, int]]:
    strung = [(m.group("label"), m.start(), m.end()) for m in _STRUNG.finditer(folded)]
    if len({_TRAIT[label] for label, *_ in strung} & _WHOLE) == len(_WHOLE) and all(
        after - end > 1 for (_, _, end), (_, after, _) in pairwise(strung)
    ):
        return strung
    first = _AT_START.match(folded)
    if first is None:
        return []
    row, at = [], 0
    while at < len(folded):
        label = _IN_ROW.match(folded, at)
        if label is None:
            break
        row.append((label.group("label"), label.start(), label.end()))
        at = label.end()
    if not folded[at:].strip(" |;/,"):
        return row
    label_text = first.group("label")
    rest = folded[first.end() :]
    dated = textdates.read(folded, first.end() + 1) if _TRAIT[label_text] == "birth_date" else None
    alone = dated is not None and not folded[dated[1] :].strip(" .")
    if (label_text in _PROSE and not alone) or (label_text == "NOM" and not _is_cell(rest)):
        return []
    return [(label_text, first.start(), first.end())]


def _is_cell(rest: str) -> bool:
    return len(rest.split()) <= 4 and not re.search("[.,;:0-9]", rest)


def _read(label: str, value: str) -> dict[str, str]:
    """The traits that a value says under its label; those that begin with ~ give way to any other wording."""
    folded = lay_out(value).folded
    if label not in _TRAIT and re.fullmatch(_BIRTH, label):
        date = textdates.read(folded, 0)
        return _read_birth_date(label, folded) | _read_sex(folded[date[1] :].lstrip(" /-,")) if date else {}
    trait = _TRAIT.get(label, "person")
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


def _row_values(labels: list[str], written: str) -> Iterable[tuple[str, str]]:
    """The cells of a row under several labels: names first, then a date and a sex wherever they stand."""
    page = lay_out(written)
    words, end = fullnames.run(page, 0)
    traits = [_TRAIT.get(label, "") for label in labels]
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
