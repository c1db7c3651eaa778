"""A run of names in a text: where it ends, and which of its words are family and given names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.identity.names import normalise
from gateway.identity.page import Page

_WORD: Final = re.compile(r"[^\W\d_](?:[^\W_]|['](?=\w)|-{1,2}(?=\w))*'?")
_LOWER_PARTICLES: Final = frozenset(
    re.findall(
        r"\w+", "d de du des la le les l van von der den ter ten da do dos das di del della lo el al ben bin ould"
    )
)
#: Words of letters and forms that end a name, folded.
_STOPS: Final = frozenset(
    re.findall(
        r"\w+",
        """NE NEE NES NEES EPOUSE EPOUX EPSE EP VEUVE VVE DIVORCEE DDN DATE SEXE AGE AGEE PATIENT PATIENTE NOM NOMS
    PRENOM PRENOMS INS IPP NIP NIR NIA DOSSIER NAISSANCE MONSIEUR MADAME MADEMOISELLE MME MLLE MELLE MR DR DOCTEUR PR
    PROFESSEUR EST SONT AVEC QUI QUE POUR CE CET CETTE CES EN ET OU PAR SUR DANS AU AUX DOMICILIE DOMICILIEE DEMEURANT
    HOSPITALISE HOSPITALISEE VU VUE JE VOUS IL ELLE SON SA SES SERVICE MEDECIN PRESCRIPTEUR DEMANDEUR CORRESPONDANT
    ADRESSE TEL TELEPHONE EXAMEN CONSULTATION COURRIER COMPTE RENDU OBJET CONCERNE RPPS FINESS ADELI OID MATRICULE
    ORDONNANCE CERTIFICAT POIDS TAILLE PAGE CHER CHERE MERCI MADAME BONJOUR UN UNE SES CIVILITE GENRE LIEU CODE
    PRELEVEMENT RESULTAT RESULTATS REALISE REALISEE VENU VENUE SUIVI SUIVIE CHAMBRE LIT ENTREE SORTIE SEJOUR ACTE
    CC COPIE TITULAIRE ASSURE ASSUREE DIT DITE PRESENTE PRESENTAIT SOUFFRE CONSULTE A""",
    )
)
_SEXES: Final = frozenset(("FEMININ", "MASCULIN", "HOMME", "FEMME", "MALE", "FEMALE"))
_MOST_WORDS: Final = 9


@dataclass(frozen=True, slots=True)
class Names:
    """What a run of names says. ``whole`` when neither order nor border can be seen."""

    family: str | None = None
    first_given: str | None = None
    given_names: str | None = None
    whole: str | None = None


def run(page: Page, at: int) -> tuple[tuple[str, ...], int]:
    """The words of a name written from an offset on, and the offset after them."""
    words: list[str] = []
    ends = [at]
    while len(words) < _MOST_WORDS:
        found = _WORD.match(page.text, _after_blanks(page, ends[-1], words))
        if found is None or not _is_name(found.group(), words):
            break
        words.append(found.group())
        ends.append(found.end())
    while (
        words
        and _is_particle(words[-1])
        and (words[-1].islower() or page.folded[ends[-1] + 1 : ends[-1] + 2].isdigit())
    ):
        words.pop()
        ends.pop()
    return tuple(words), ends[-1]


def before(page: Page, at: int) -> tuple[str, ...]:
    """The words of a name written on the same line just before an offset."""
    written = page.text[max(page.line_start(at), at - 120) : at]
    words: list[str] = []
    for word in reversed(re.split(r" +", written.rstrip(" ,:(-"))):
        if _WORD.fullmatch(word) is None or not _is_name(word, ["a name follows"]):
            break
        words.insert(0, word)
    while words and _is_particle(words[0]) and words[0].islower():
        words.pop(0)
    return tuple(words[-_MOST_WORDS:])


def names(words: tuple[str, ...]) -> Names:
    """The parts of a name: capitals are the family name beside given names that are not (NOM Prénom, Prénom NOM)."""
    kinds = _kinds(words)
    shape = re.sub(r"(.)\1+", r"\1", "".join(kinds))
    if shape in ("CT", "TC"):
        family = " ".join(word for word, kind in zip(words, kinds, strict=True) if kind == "C")
        return _with_given(family, tuple(word for word, kind in zip(words, kinds, strict=True) if kind == "T"))
    if len(words) == 1:
        return Names(family=words[0])
    return Names(whole=" ".join(words)) if words else Names()


def given(words: tuple[str, ...]) -> Names:
    """Given names alone: one word is the first one, several are a list of which the first is not told apart."""
    return _with_given(None, words)


def _with_given(family: str | None, words: tuple[str, ...]) -> Names:
    listed = " ".join(words) or None
    return Names(family=family, first_given=words[0] if len(words) == 1 else None, given_names=listed)


def _kinds(words: tuple[str, ...]) -> list[str]:
    """C for capitals, T for the rest; a particle goes with the capitals that it precedes."""
    kinds = [_kind(word) for word in words]
    for place in range(len(words) - 2, -1, -1):
        if _is_particle(words[place]) and kinds[place + 1] == "C":
            kinds[place] = "C"
    return kinds


def _kind(word: str) -> str:
    letters = [letter for letter in word if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    if capitals == len(letters) or (capitals >= 3 and word[-2:].isupper()):
        return "C"
    return "T"


def _is_particle(word: str) -> bool:
    return word.lower().rstrip("'") in _LOWER_PARTICLES


def ends_a_name(normalised: str) -> bool:
    """Whether a word of letters and forms stops a name that stands beside it."""
    return normalised in _STOPS or normalised in _SEXES


def _is_name(word: str, words: list[str]) -> bool:
    if word[0].islower() and not (_is_particle(word) and words) and not word.startswith("d'"):
        return False
    return normalise(word) not in _STOPS


def _after_blanks(page: Page, at: int, words: list[str]) -> int:
    """Skip blanks; a line end only inside a wrapped paragraph, and only for a name that lacks a part."""
    end = at
    while end < len(page.prose) and end - at < 4 and page.prose[end] == " ":
        if page.text[end] == "\n" and len(set(_kinds(tuple(words)))) > 1:
            break
        end += 1
    return end
