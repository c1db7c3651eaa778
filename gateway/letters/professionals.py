"""A professional's name as letters write it: title, given and family names in either order, initials, particles."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.letters.page import fold

TITLE = re.compile(
    r"(?<!\w)(?:(?:Le |La |le |la )?(?:Docteure?|DOCTEURE?|Dr(?:e|esse)?|DR|Professeure?|PROFESSEURE?|Pr|PR|Pre)\b\.?)"
    r"\s*"
)
_CIVILITY = re.compile(r"(?:M\.|Mr\.?|M|Mme\.?|Mlle\.?|Monsieur|Madame|Mademoiselle)\s+")
_PROFESSION = re.compile(
    r"medecin|chirurg|cardiolog|radiolog|biologiste|pharmacien|sage-?femme|kinesitherap|orthophon|orthopt|infirmi|psycholog|"
    r"psychiatr|neurolog|pneumolog|rhumatolog|dermatolog|pediatr|gyneco|urolog|gastro|hepato|endocrino|nephrolog|ophtalmo|"
    r"anesthesis|oncolog|hematolog|geriatr|generaliste|interne\b|chef de (?:clinique|service)|praticien|"
    r"assistante? (?:des|spec)|pedicure|podolog|dieteti|ergotherap|psychomot|pathologiste|geneticien|angiolog|"
    r"allergolog|stomatolog|dentiste|odontolog|\borl\b|remplacante?\b|\bide\b|\bipa\b|docteur junior|"
    r"faisant fonction|externe\b|medecine"
)
_SECRETARY = re.compile(r"secretaire|secretariat|assistante medicale|directeur|directrice|cadre de sante|accueil")
#: Words that are no names though they may begin with a capital.
_STOPS = frozenset(
    """
    service services clinique centre hopital hospitalier cabinet pole maison chef medecin chirurgien chirurgienne
    praticien praticienne hospitaliere interne assistant assistante specialiste specialisee remplacant remplacante
    docteur professeur cardiologue cardiologie radiologue radiologie neurologue neurologie pneumologue urologue
    rhumatologue dermatologue pediatre gynecologue obstetricien gastro enterologue endocrinologue nephrologue
    ophtalmologue ophtalmologiste anesthesiste reanimateur oncologue hematologue geriatre generaliste psychiatre
    psychologue biologiste pathologiste pharmacien pharmacienne infirmier infirmiere kinesitherapeute masseur
    orthophoniste orthoptiste podologue orl sage femme ergotherapeute psychomotricien dieteticien dieteticienne
    geneticien angiologue allergologue stomatologue dentiste rpps adeli finess tel telephone fax mail courriel
    secretariat secretaire signe signature valide validee relu dicte le la les un une et ou par pour avec sur rendez
    vous page copie ancien ancienne universite faculte diplome ald cher chere confrere consoeur madame monsieur
    mademoiselle mme mlle mr bien cordialement confraternellement medecine chirurgie generale qualifie qualifiee
    laboratoire imagerie medicale unite consultation consultations externe externes date fait document compte rendu
    resultats conclusion pr dr electroniquement ce cette j je nous patient patiente objet nom prenom concerne
    adresse destinataire attention suite merci sincerement amicalement respectueusement
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
_PARTICLES = frozenset(
    {"de", "du", "des", "la", "le", "d", "l", "van", "von", "der", "den", "da", "dos", "di", "el", "ben", "al", "y"}
)
_ELIDED = re.compile(r"[dl]['’][^\W\d_a-zà-ÿ]")  # d'Espinay
_MARRIED = frozenset({"epouse", "ep", "epse", "nee", "née"})
_TOKEN = re.compile(r"\(?[^\W\d_][^\s,;:()|/]*\)?|[,;:|/]|\d+|\S")
_RPPS = re.compile(r"rpps\D{0,20}((?:\d[ .]?){10}\d)(?!\d)|(?<!\d)(10\d{9})(?!\d)", re.IGNORECASE)
_MOST_WORDS = 7


@dataclass(frozen=True, slots=True)
class Named:
    """``capitals``: the family name is told from the given ones by its capitals."""

    family: str
    given: str
    capitals: bool


def read_name(text: str, *, bare: bool = False, civility: bool = False) -> Named | None:
    """The name with which a text begins; None when it begins otherwise.

    A title (Dr, Pr…) must stand first unless ``bare``; with ``civility`` a civility must.
    """
    rest = text.strip(" \t-–—•*.:")
    titled = TITLE.match(rest)
    polite = _CIVILITY.match(rest)
    if titled:
        rest = rest[titled.end() :]
        again = TITLE.match(rest) or _CIVILITY.match(rest)  # "Docteur Mme X", "Pr. Dr X"
        rest = rest[again.end() :] if again else rest
    elif not bare or (civility and not polite):
        return None
    elif polite:
        rest = rest[polite.end() :]
    if not titled and _SECRETARY.search(fold(text)):
        return None
    name, end = _run(rest)
    if not name or (bare and not titled and (len(name) < 2 or not _ends_well(rest[end:]))):
        return None
    return _parted(name)


def profession(text: str) -> bool:
    """Whether a text names a profession of those who sign letters."""
    folded = fold(text)
    return _PROFESSION.search(folded) is not None and _SECRETARY.search(folded) is None


def rpps_in(text: str) -> str:
    """The first RPPS number of a text whose key is right; empty when none."""
    for match in _RPPS.finditer(text):
        number = re.sub(r"\D", "", match[1] or match[2])
        if _luhn(number):
            return number
    return ""


def _luhn(number: str) -> bool:
    doubled = (int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _run(text: str) -> tuple[list[str], int]:
    """The words of the name, and where it ends."""
    found: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text[:120]):
        token = match[0]
        bare = token.strip("().")
        plain = fold(bare).rstrip("'")
        is_particle = plain in _PARTICLES or plain in _MARRIED
        begins = bare[2:] if bare[:2] in {"d'", "d’"} else bare  # "Paul d'Ormesson"
        if not bare or not (begins[:1].isupper() or is_particle) or (plain in _STOPS and not is_particle):
            break
        if any(letter.isdigit() for letter in bare) or len(found) >= _MOST_WORDS or text[end : match.start()].strip():
            break
        found.append(bare)
        end = match.end()
    while found and fold(found[-1]).rstrip("'") in _PARTICLES | _MARRIED:
        found.pop()
    return found, end


def _ends_well(rest: str) -> bool:
    """Whether a name without title is followed by nothing, or by what follows a name."""
    return not rest.strip(" .") or rest.lstrip()[:1] in {",", "-", "–", "—", "(", "|", ":"} or profession(rest)


def _parted(name: list[str]) -> Named | None:
    """Family and given names: capitals tell them apart; else the first word is the given name."""
    said = [word for word in name if fold(word) not in _MARRIED]
    capitals = [word for word in said if len(word) > 2 and word.isupper() and "." not in word]
    others = [word for word in said if word not in capitals]
    given = [word for word in others if fold(word).rstrip("'") not in _PARTICLES]
    if capitals and given:
        family = [word for word in said if word in capitals or (word in others and word not in given)]
        return Named(" ".join(family), " ".join(given), capitals=True)
    if len(said) == 1:
        return Named(said[0], "", capitals=bool(capitals)) if len(said[0].strip(".")) > 1 else None
    if capitals:
        return Named(" ".join(said), "", capitals=False)
    at = 1
    while at < len(said) - 1 and _is_initial(said[at]):
        at += 1
    return Named(" ".join(said[at:]), " ".join(said[:at]), capitals=False)


def _is_initial(word: str) -> bool:
    return fold(word) not in _PARTICLES and len(word.replace(".", "").replace("-", "")) <= 2 and word[:1].isupper()
