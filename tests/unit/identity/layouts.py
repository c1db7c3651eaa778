"""Letters made of a household: many layouts that state their patient, the same without a sex, and traps with others.

Each layout is a function of how the persons are written. ``STATED``: all four traits are the patient's, and he may be
filed. ``SILENT``: something strict is not said. ``TRAPS``: others stand in the letter; he may be filed, nobody else
ever. ``ASTRAY``: only others are dated, nobody may be filed.
"""

# ruff: noqa: E501 - a letter stands on one line

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.model.identity import Patient
from tests.unit.identity.families import Household

_MONTHS: Final = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
    *("août", "septembre", "octobre", "novembre", "décembre"),
)


@dataclass(frozen=True)
class Person:
    """One person as one letter writes him. ``f`` the family name, ``b`` the birth name, ``g`` the given name."""

    f: str
    b: str
    g: str
    d: str
    short: str
    sex: str
    long_sex: str
    mr: str
    monsieur: str
    ne: str

    @property
    def married(self) -> bool:
        """Whether the used name is another than the birth name."""
        return self.f != self.b


@dataclass(frozen=True)
class Cast:
    """Everybody of a household, in one style."""

    p: Person
    twin: Person
    parent: Person
    child: Person
    spouse: Person
    homonym: Person
    doctor: Person
    previous: Person


Layout = Callable[[Cast], str]


def cast(chance: random.Random, house: Household) -> Cast:
    """The household as one letter writes it."""
    capitals, bare, words = chance.random() < 0.15, chance.random() < 0.2, chance.randrange(6)
    return Cast(*(_person(one, words, capitals=capitals, bare=bare) for one in house.town))


def _person(one: Patient, form: int, *, capitals: bool, bare: bool) -> Person:
    def written(name: str) -> str:
        return _bare(name) if bare else name

    given = one.first_given if capitals else one.first_given.title().replace("'S", "'s")
    man = one.sex == "M"
    return Person(
        f=written(one.used_name), b=written(one.birth_name), g=written(given), d=_date(one.birth_date, form),
        short=_date(one.birth_date, 0), sex=one.sex, long_sex="Masculin" if man else "Féminin",
        mr="M." if man else "Mme", monsieur="Monsieur" if man else "Madame", ne="né" if man else "née",
    )  # fmt: skip


def _bare(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))


def _date(value: str, form: int) -> str:
    year, month, day = value[:4], value[4:6], value[6:]
    if form == 4:
        return f"{'1er' if day == '01' else int(day)} {_MONTHS[int(month) - 1]} {year}"
    return (f"{day}/{month}/{year}", f"{day}.{month}.{year}", f"{day}-{month}-{year}", f"{day} {month} {year}", "",
            f"{int(day)}/{int(month)}/{year}")[form]  # fmt: skip


STATED: Final[dict[str, Layout]] = {
    "sentence": lambda c: f"Cher confrère,\nJ'ai vu ce jour {c.p.monsieur} {c.p.g} {c.p.f}, {c.p.ne} le {c.p.d}, pour une toux.",
    "family name first": lambda c: f"Je vous remercie de m'avoir adressé {c.p.mr} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}.",
    "concerne": lambda c: f"Concerne : {c.p.mr} {c.p.f} {c.p.g} {c.p.ne} le {c.p.d}\n\nCher ami,",
    "objet": lambda c: f"Objet : compte rendu de {c.p.monsieur} {c.p.g} {c.p.f}, {c.p.ne} le {c.p.d}",
    "re": lambda c: f"Re: {c.p.mr} {c.p.f} {c.p.g} ({c.p.d})",
    "réf": lambda c: f"Réf. : 20345/AB\nConcerne : {c.p.monsieur} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}",
    "patient line": lambda c: f"Patient : {c.p.f} {c.p.g} - {c.p.ne} le {c.p.d} - sexe {c.p.sex}",
    "patient with letter": lambda c: f"Patient(e) : {c.p.f} {c.p.g} ({c.p.sex}) {c.p.short}",
    "fields": lambda c: f"Nom : {c.p.f}\nPrénom : {c.p.g}\nDate de naissance : {c.p.d}\nSexe : {c.p.sex}",
    "fields of birth": lambda c: f"Nom de naissance : {c.p.b}\nNom utilisé : {c.p.f}\nPremier prénom : {c.p.g}\nNé(e) le : {c.p.d}\nSexe : {c.p.long_sex}",
    "ddn": lambda c: f"NOM : {c.p.f}   PRENOM : {c.p.g}   DDN : {c.p.d}   SEXE : {c.p.sex}",
    "naiss.": lambda c: f"Identité\nNom usuel : {c.p.f}\nPrénom : {c.p.g}\nDate naiss. : {c.p.d}\nSexe : {c.p.sex}",
    "identité": lambda c: f"Identité : {c.p.mr} {c.p.f} {c.p.g}, DDN {c.p.d}",
    "ipp": lambda c: f"IPP : 8001234\nNom : {c.p.f} Prénom : {c.p.g}\nNé(e) le : {c.p.d} Sexe : {c.p.sex}\nNDA : 123456789",
    "nip inside": lambda c: f"NIP 8001234 - {c.p.mr} {c.p.f} {c.p.g} - {c.p.ne} le {c.p.d}",
    "table with a head": lambda c: f"Nom            Prénom       Date de naissance   Sexe\n{c.p.f}         {c.p.g}        {c.p.short}          {c.p.sex}",
    "bars": lambda c: f"| Nom | Prénom | Né(e) le | Sexe |\n| {c.p.f} | {c.p.g} | {c.p.short} | {c.p.sex} |",
    "labels then values": lambda c: f"Nom\nPrénom\nDate de naissance\nSexe\n{c.p.f}\n{c.p.g}\n{c.p.d}\n{c.p.sex}",
    "label over value": lambda c: f"Nom\n{c.p.f}\nPrénom\n{c.p.g}\nDate de naissance\n{c.p.d}\nSexe\n{c.p.long_sex}",
    "bilingual": lambda c: f"Nom / Surname : {c.p.f}\nPrénom / First name : {c.p.g}\nDate de naissance / Date of birth : {c.p.d}\nSexe / Sex : {c.p.sex}",
    "English": lambda c: f"Surname: {c.p.f}\nGiven name: {c.p.g}\nDate of birth: {c.p.d}\nSex: {c.p.sex}",
    "bare row": lambda c: f"{c.p.f} {c.p.g}   {c.p.short}   {c.p.sex}\nNFS du 02/02/2027\nHémoglobine 13,2 g/dl",
    "bare row with bars": lambda c: f"{c.p.f} | {c.p.g} | {c.p.short} | {c.p.sex} | 8001234",
    "semicolons": lambda c: f"{c.p.f};{c.p.g};{c.p.short};{c.p.sex}",
    "civility before a bare date": lambda c: f"{c.p.monsieur} {c.p.f} {c.p.g}\n{c.p.short}\n\nOrdonnance du 02/02/2027",
    "stacked": lambda c: f"{c.p.monsieur}\n{c.p.f}\n{c.p.g}\n{c.p.ne} le {c.p.d}\n\nCONSULTATION",
    "odd labels": lambda c: f"Patronyme : {c.p.f}\nPetit nom : {c.p.g}\nVenu au monde (naissance) : {c.p.d}\nGenre : {c.p.long_sex}",
    "header of a report": lambda c: f"COMPTE RENDU D'IRM\n{c.p.f} {c.p.g} {c.p.ne} le {c.p.short} Sexe {c.p.sex}\nExamen du 02/02/2027",
    "footer on each page": lambda c: f"Cher confrère,\nTout va bien.\n{c.p.mr} {c.p.f} {c.p.g} - {c.p.ne} le {c.p.short} - page 1/2\nSuite.\n{c.p.mr} {c.p.f} {c.p.g} - {c.p.ne} le {c.p.short} - page 2/2",
    "laboratory": lambda c: f"{c.p.mr} {c.p.f} {c.p.g}\n{c.p.ne.capitalize()} le : {c.p.short}\nPrélevé le 02/02/2027 à 08:15",
    "capitals": lambda c: f"{c.p.monsieur} {c.p.f} {c.p.g} {c.p.ne} LE {c.p.short}".upper(),
    "certificate": lambda c: f"Je soussigné certifie avoir examiné {c.p.monsieur} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d} à Tours.",
    "hprim body": lambda c: f"8001234\n{c.p.f}\n{c.p.g}\n12 rue des Lilas\n\n37000 TOURS\n{c.p.short}\n\nCher confrère,\nJ'ai vu {c.p.monsieur} {c.p.g} {c.p.f}, {c.p.ne} le {c.p.d}.",
    "comma": lambda c: f"Patient : {c.p.f}, {c.p.g}, {c.p.ne} le {c.p.d}, {c.p.long_sex.lower()}",
    "hospital label": lambda c: f"{c.p.f} {c.p.g}\n{c.p.ne.upper()} LE {c.p.short}   SEXE: {c.p.sex}\nIPP 8001234   IEP 33445566\nUF 2314 CARDIOLOGIE",
    "age": lambda c: f"{c.p.mr} {c.p.f} {c.p.g} ({c.p.ne} le {c.p.d}, 45 ans)",
    "date first": lambda c: f"{c.p.short} {c.p.f} {c.p.g} {c.p.sex}\nRadiographie du 02/02/2027",
    "maiden": lambda c: f"{c.p.mr} {c.p.f} {c.p.g}, {c.p.ne + ' ' + c.p.b + ', ' if c.p.married else ''}{c.p.ne} le {c.p.d}",
    "spouse's name": lambda c: f"Patient : {c.p.mr} {c.p.b + ' épouse ' if c.p.married else ''}{c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}",
    "subject": lambda c: f"Sujet : {c.p.monsieur} {c.p.g} {c.p.f}\nDate de naissance : {c.p.d}",
    "dossier": lambda c: f"Dossier n° 45672 : {c.p.mr} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}",
}  # fmt: skip

SILENT: Final[dict[str, Layout]] = {
    "fields without sex": lambda c: f"Nom : {c.p.f}\nPrénom : {c.p.g}\nNé(e) le : {c.p.d}",
    "row without sex": lambda c: f"{c.p.f} {c.p.g}   {c.p.short}\nNFS du 02/02/2027",
    "both sexes": lambda c: f"Nom : {c.p.f}\nPrénom : {c.p.g}\nNé(e) le : {c.p.d}\nSexe : M / F",
    "boxes": lambda c: f"{c.p.f} {c.p.g} {c.p.short}  [ ] M  [ ] F",
    "no date": lambda c: f"{c.p.monsieur} {c.p.f} {c.p.g}\nConsultation du 02/02/2027",
    "an act's date": lambda c: f"{c.p.monsieur} {c.p.f} {c.p.g}\nConsultation du {c.p.short}",
    "month and year": lambda c: f"{c.p.monsieur} {c.p.f} {c.p.g}, {c.p.ne} en {c.p.short[3:]}",
    "family name alone": lambda c: f"{c.p.monsieur} {c.p.f}, {c.p.ne} le {c.p.d}",
    "given name alone": lambda c: f"{c.p.g}, sexe {c.p.sex}, {c.p.ne} le {c.p.d}",
    "the sex of a doctor": lambda c: f"{c.p.f} {c.p.g}   {c.p.short}\nMédecin : Madame Odile VASSEUR",
}  # fmt: skip

_HEAD: Layout = lambda c: f"Concerne : {c.p.monsieur} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}\n"  # noqa: E731

TRAPS: Final[dict[str, Layout]] = {
    "parent comes along": lambda c: _HEAD(c) + f"Accompagné de son père/sa mère, {c.parent.mr} {c.parent.f} {c.parent.g}, {c.parent.ne} le {c.parent.d}.",
    "trusted person": lambda c: _HEAD(c) + f"Personne de confiance : {c.spouse.mr} {c.spouse.f} {c.spouse.g} {c.spouse.ne} le {c.spouse.d}",
    "to be warned, in fields": lambda c: _HEAD(c) + f"Personne à prévenir\nNom : {c.parent.f}\nPrénom : {c.parent.g}\nNé(e) le : {c.parent.d}\nSexe : {c.parent.sex}",
    "insured": lambda c: _HEAD(c) + f"Assuré : {c.parent.f} {c.parent.g} {c.parent.ne} le {c.parent.d} N° SS 1 56 03 37 261 123 39",
    "copies": lambda c: _HEAD(c) + f"Dr {c.doctor.g} {c.doctor.f}\nCopie à : Dr {c.doctor.g} {c.doctor.f} ; {c.spouse.monsieur} {c.spouse.g} {c.spouse.f}",
    "doctor is a patient": lambda c: f"Docteur {c.doctor.g} {c.doctor.f}, né(e) le {c.doctor.d}\nCardiologue\n\n" + _HEAD(c),
    "family history": lambda c: _HEAD(c) + f"Antécédents familiaux : {c.parent.g} {c.parent.f}, {c.parent.ne} le {c.parent.d}, infarctus.",
    "her child's birth": lambda c: _HEAD(c) + f"A eu un enfant le {c.child.d}. Naissance sans particularité.",
    "spouse": lambda c: _HEAD(c) + f"Vit avec {c.spouse.mr} {c.spouse.g} {c.spouse.f}, {c.spouse.ne} le {c.spouse.d}.",
    "surgeon": lambda c: _HEAD(c) + f"Chirurgien : Dr {c.doctor.f} {c.doctor.g}\nOpéré(e) le {c.homonym.short}.",
    "acts on other birthdays": lambda c: _HEAD(c) + f"Consultation du {c.twin.short}. Scanner le {c.parent.short}, contrôle du {c.homonym.short}.",
    "donor": lambda c: _HEAD(c) + f"Donneur : {c.parent.mr} {c.parent.g} {c.parent.f}, {c.parent.ne} le {c.parent.d}",
    "twin": lambda c: _HEAD(c) + f"Son frère jumeau / sa sœur jumelle {c.twin.g} {c.twin.f}, {c.twin.ne} le {c.twin.d}, va bien.",
    "warning": lambda c: _HEAD(c) + f"Attention homonyme : {c.homonym.f} {c.homonym.g} {c.homonym.ne} le {c.homonym.d}",
    "genealogy": lambda c: _HEAD(c) + f"Cas index : {c.parent.g} {c.parent.f} ({c.parent.d}), porteur du variant.",
    "responsible": lambda c: f"Responsable légal : {c.parent.f} {c.parent.g} {c.parent.d}\n" + _HEAD(c),
}  # fmt: skip

#: Nobody is named for certain: the patient unsaid, or two persons who could both be meant.
ASTRAY: Final[dict[str, Layout]] = {
    "only the parent is dated": lambda c: f"Concerne : l'enfant {c.p.g} {c.p.f}\nMère/père : {c.parent.f} {c.parent.g} {c.parent.d} {c.parent.sex}",
    "a list of patients": lambda c: f"{c.p.f} {c.p.g} {c.p.short} {c.p.sex}\n{c.previous.f} {c.previous.g} {c.previous.short} {c.previous.sex}\n{c.doctor.f} {c.doctor.g} {c.doctor.short} {c.doctor.sex}",
    "a list in a table": lambda c: f"Nom            Prénom       Date de naissance   Sexe\n{c.p.f}   {c.p.g}   {c.p.short}   {c.p.sex}\n{c.previous.f}   {c.previous.g}   {c.previous.short}   {c.previous.sex}",
    "a meeting's list": lambda c: f"RCP du 02/02/2027\n1. {c.p.mr} {c.p.f} {c.p.g} {c.p.ne} le {c.p.d}\n2. {c.previous.mr} {c.previous.f} {c.previous.g} {c.previous.ne} le {c.previous.d}",
    "the previous patient in the footer": lambda c: _HEAD(c) + f"Cher confrère,\nTout va bien.\n\n{c.previous.f} {c.previous.g} - {c.previous.short} - page 1/1",
    "the previous patient in fields": lambda c: _HEAD(c) + f"Texte.\n\n\n{c.previous.f} {c.previous.g}\nDDN {c.previous.d}",
    "another mail quoted": lambda c: _HEAD(c) + f"Cordialement.\n\n-----Message d'origine-----\nObjet : {c.previous.mr} {c.previous.f} {c.previous.g} {c.previous.ne} le {c.previous.d}\nCher ami,",
    "the homonym in the footer": lambda c: _HEAD(c) + f"Texte.\n\n{c.homonym.f} {c.homonym.g} né(e) le {c.homonym.d} page 1/1",
    "the twin in the footer": lambda c: _HEAD(c) + f"Texte.\n\n{c.twin.f} {c.twin.g} {c.twin.short} page 1/1",
    "two columns of two": lambda c: f"{c.p.f} {c.p.g}          {c.previous.f} {c.previous.g}\n{c.p.ne} le {c.p.d}     {c.previous.ne} le {c.previous.d}",
    "insured beside a child": lambda c: f"Bénéficiaire : {c.child.g}\nAssuré : {c.p.f} {c.p.g} {c.p.short} {c.p.sex}",
    "the mother's row": lambda c: f"Nouveau-né\nMère   {c.p.f} {c.p.g}   {c.p.short}   F\nPère   {c.spouse.f} {c.spouse.g}   {c.spouse.short}   M",
    "the copy only": lambda c: f"Cher confrère,\nVotre patient va bien.\nCopie : {c.p.monsieur} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}",
    "the doctor only": lambda c: f"Dr {c.p.g} {c.p.f}\n{c.p.ne} le {c.p.d}\nSexe : {c.p.sex}",
    "another name, his date": lambda c: f"Patient : {c.doctor.f} {c.doctor.g}\nNé(e) le {c.p.d}\nSexe : {c.doctor.sex}\n{c.p.f} {c.p.g}",
    "prose about somebody": lambda c: f"On m'a parlé longuement hier soir de {c.p.mr} {c.p.f} {c.p.g} qui serait du {c.p.short} environ, sans certitude aucune.",
    "a relative told after": lambda c: f"{c.p.mr} {c.p.f} {c.p.g}, {c.p.ne} le {c.p.d}, qui est le parent de la patiente, a téléphoné.",
    "junior": lambda c: f"{c.p.f} {c.p.g} Junior   {c.p.short}   {c.p.sex}",
    "a child under his mother's name": lambda c: f"Enfant de {c.p.mr} {c.p.f} {c.p.g} {c.p.ne} le {c.p.d}\nPoids 3 200 g",
    "births in an obstetric letter": lambda c: f"Patiente : {c.previous.f}\nA accouché de {c.p.g} {c.p.f} le {c.p.d}, sexe {c.p.sex}, puis de {c.twin.g} {c.twin.f} le {c.twin.d}.",
    "guardian in an unknown form": lambda c: f"{c.child.g}\nTuteur : {c.p.f} {c.p.g} {c.p.short} {c.p.sex}",
    "a row under a heading of kin": lambda c: f"ENTOURAGE\n{c.p.f} {c.p.g}   {c.p.short}   {c.p.sex}",
    "donor and recipient": lambda c: f"Donneur : {c.p.f} {c.p.g} {c.p.short} {c.p.sex}\nReceveur : {c.previous.f} {c.previous.g} {c.previous.short} {c.previous.sex}",
}  # fmt: skip
