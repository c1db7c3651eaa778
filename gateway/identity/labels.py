"""The labels of forms and headers, and the lines that carry them: "Nom :", "DDN", "Sexe", with or without colon."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from gateway.identity import textdates

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
TRAIT: Final = {label: trait for trait, labels in _LABELS.items() for label in labels.split("|")}
_PERSON: Final = (
    r"NOMS? ?(?:,|/|-|ET|&)? ?PRENOMS?(?:\(S\))?(?: (?:DU|DE LA) PATIENTE?)?|PRENOMS?(?:\(S\))? ?(?:,|/|-|ET|&)? ?NOM"
)
_ANY: Final = "|".join(re.escape(label) for label in sorted(TRAIT, key=len, reverse=True))
BIRTH: Final = r"(?:DATE DE NAISSANCE|DDN|NEE?\(?E?\)? LE) ?(?:/|-|ET) ?SEXE"
#: "Petit nom :" is no "nom :".
_NOT_ONE: Final = r"(?<!DE )(?<!PETIT )(?<!AUTRE )(?<!ANCIEN )(?<!SECOND )"
_WITH_COLON: Final = re.compile(
    rf"(?<![A-Z0-9'\-(]){_NOT_ONE}(?P<label>{BIRTH}|{_PERSON}|{_ANY})(?: {{0,3}}| ?[._]{{2,40}} ?):"
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


def labels_of(folded: str) -> list[tuple[str, int, int, int]]:
    """The labels of a line: (label, its beginning, beginning of its value, end of its value)."""
    found = [(m.group("label"), m.start(), m.end()) for m in _WITH_COLON.finditer(folded)]
    if not found:
        found = _without_colon(folded)
    ends = [*(start for _, start, _ in found[1:]), len(folded)][: len(found)]
    return [(*each, end) for each, end in zip(found, ends, strict=True)]


def _without_colon(folded: str) -> list[tuple[str, int, int]]:
    strung = [(m.group("label"), m.start(), m.end()) for m in _STRUNG.finditer(folded)]
    if len({TRAIT[label] for label, *_ in strung} & _WHOLE) == len(_WHOLE) and all(
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
    dated = textdates.read(folded, first.end() + 1) if TRAIT[label_text] == "birth_date" else None
    alone = dated is not None and not folded[dated[1] :].strip(" .")
    if (label_text in _PROSE and not alone) or (label_text == "NOM" and not _is_cell(rest)):
        return []
    return [(label_text, first.start(), first.end())]


def _is_cell(rest: str) -> bool:
    return len(rest.split()) <= 4 and not re.search("[.,;:0-9]", rest)
