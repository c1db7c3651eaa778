"""TOML files to a RuleBook; a broken file is refused whole, in one French line that says where, what and what to do."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from gateway.decision.book import ANSWERS, REMINDER_DAYS, Naming, Rule, RuleBook
from gateway.decision.conditions import LISTS, WORDS, Conditions
from gateway.decision.words import Phrase
from gateway.terminology import type_code

MAX_FILE = 262_144
MAX_RULES = 2_000
MAX_VALUES = 500
MAX_DAYS = 3_650
DEFAULT_TYPE = "11488-4"  # CR ou fiche de consultation ou de visite

_UNLESS = "sauf_"
_AGES = ("age_moins_de", "age_a_partir_de")
_CONDITIONS = frozenset({*LISTS, *WORDS, *(_UNLESS + k for k in (*LISTS, *WORDS)), *_AGES, "definitif"})
_NAMING = frozenset({"documents", "examens", "phrases"})
_TABLES = {
    "regle": _CONDITIONS | set(ANSWERS),
    "type": _CONDITIONS | _NAMING | {"type"},
    "indice": _CONDITIONS | {"type"},
}
_LINE = re.compile(r"line (\d+)")
_T = TypeVar("_T")


class RuleError(ValueError):
    """A file of rules cannot be used; the text is for the person who wrote it."""


def load(files: Mapping[str, bytes]) -> RuleBook:
    """Read the files (name → bytes; those not ending in .toml are left alone) in the order of their names.

    Raises RuleError at the first fault; nothing is half loaded.
    """
    texts = {name: files[name] for name in sorted(files) if name.endswith(".toml")}
    tables = {name: _table(name, content) for name, content in texts.items()}
    rules = tuple(_rule(e) for e in _entries(tables, "regle"))
    namings = tuple(_naming(e) for e in _entries(tables, "type"))
    hints = tuple(_hint(e) for e in _entries(tables, "indice"))
    if len(rules) + len(namings) + len(hints) > MAX_RULES:
        raise RuleError(f"Les règles sont plus de {MAX_RULES} : en supprimer ou en regrouper.")
    default_file, default_type = _default(tables)
    titles, days = _not_titles(tables), _reminder(tables)
    return RuleBook(rules, namings, hints, titles, default_type, default_file, _digest(texts), days)


class _Entry:
    """One table of a file, its keys read with the place in every complaint."""

    def __init__(self, file: str, kind: str, number: int, values: object) -> None:
        self.file = file
        self._place = f"{file}, [[{kind}]] n° {number}"
        self._values = self._checked(values, kind)
        self.name = str(self._values["nom"])

    def _checked(self, values: object, kind: str) -> dict[str, Any]:
        if not isinstance(values, dict):
            raise self.wrong("ce n'est pas un tableau", f"écrire [[{kind}]] avec deux crochets")
        name = values.get("nom")
        if not isinstance(name, str) or not name.strip():
            raise self.wrong("la règle n'a pas de nom", 'ajouter nom = "…" : il est cité dans chaque décision')
        self._place = f"{self.file}, règle « {name} »"
        known = _TABLES[kind] | {"nom", "note"}
        for key in values:
            if key not in known:
                raise self.wrong(f"le mot-clé « {key} » est inconnu", f"utiliser l'un de : {', '.join(sorted(known))}")
        return values

    def wrong(self, what: str, remedy: str) -> RuleError:
        """The complaint, with its place."""
        return RuleError(f"{self._place} : {what} ; {remedy}.")

    def get(self, key: str, kind: type[_T]) -> _T | None:
        """A value of this kind, None when absent."""
        value = self._values.get(key)
        if value is None or type(value) is kind:
            return value
        wanted = {bool: "true ou false", int: "un nombre entier", str: "un texte entre guillemets"}[kind]
        raise self.wrong(f"« {key} » n'a pas la bonne forme", f"écrire {wanted}")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty when absent."""
        values = self._values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
            raise self.wrong(f"« {key} » n'est pas une liste de textes", f'écrire {key} = ["…", "…"]')
        if key in self._values and not values:
            raise self.wrong(f"« {key} » est une liste vide", "la remplir ou supprimer la ligne")
        if len(values) > MAX_VALUES:
            raise self.wrong(f"« {key} » a plus de {MAX_VALUES} valeurs", "en faire plusieurs règles")
        return tuple(v.strip() for v in values)

    def phrases(self, key: str) -> tuple[Phrase, ...]:
        """A list of words."""
        try:
            return tuple(Phrase.of(text) for text in self.texts(key))
        except ValueError as problem:
            if isinstance(problem, RuleError):
                raise
            raise self.wrong(str(problem), f"corriger la liste « {key} »") from problem

    def type(self) -> str:
        """The type code, required."""
        code = self.get("type", str)
        if not code:
            raise self.wrong("il manque le type", 'ajouter type = "…" (code du type de document)')
        return self.known_type(code)

    def known_type(self, code: str) -> str:
        """The code, when the value sets have it."""
        if type_code(code) is None:
            raise self.wrong(f"le type « {code} » n'existe pas", "prendre un code de la liste des types de documents")
        return code


def _rule(entry: _Entry) -> Rule:
    answers = tuple(_answers(entry))
    if not answers:
        raise entry.wrong("la règle ne décide rien", f"ajouter l'un de : {', '.join(ANSWERS)}")
    for key, value in answers:
        if key == "type":
            entry.known_type(str(value))
    if any(key == "type" for key, _ in answers) and (entry.texts("types") or entry.texts("sauf_types")):
        raise entry.wrong("le type ne peut dépendre du type", "supprimer « types » ou « type »")
    return Rule(entry.file, entry.name, _conditions(entry), answers)


def _answers(entry: _Entry) -> Iterator[tuple[str, str | bool]]:
    for key, kind in ANSWERS.items():
        value: str | bool | None = entry.get(key, bool) if kind is bool else entry.get(key, str)
        if value is not None:
            yield key, value


def _hint(entry: _Entry) -> Rule:
    return Rule(entry.file, entry.name, _conditions(entry), (("type", entry.type()),))


def _naming(entry: _Entry) -> Naming:
    documents, examinations, phrases = (entry.phrases(key) for key in ("documents", "examens", "phrases"))
    if not (documents or examinations or phrases):
        raise entry.wrong("aucun mot à chercher", "ajouter documents, examens ou phrases")
    if entry.texts("types") or entry.texts("sauf_types"):
        raise entry.wrong("le type ne peut dépendre du type", "supprimer « types »")
    return Naming(entry.file, entry.name, entry.type(), documents, examinations, phrases, _conditions(entry))


def _conditions(entry: _Entry) -> Conditions:
    return Conditions(
        lists=_given((key, entry.texts(key)) for key in LISTS),
        words=_given((key, entry.phrases(key)) for key in WORDS),
        unless_lists=_given((key, entry.texts(_UNLESS + key)) for key in LISTS),
        unless_words=_given((key, entry.phrases(_UNLESS + key)) for key in WORDS),
        younger_than=_age(entry, "age_moins_de"),
        at_least=_age(entry, "age_a_partir_de"),
        final=entry.get("definitif", bool),
    )


def _given(pairs: Iterable[tuple[str, tuple[_T, ...]]]) -> tuple[tuple[str, tuple[_T, ...]], ...]:
    return tuple((key, values) for key, values in pairs if values)


def _age(entry: _Entry, key: str) -> int | None:
    age = entry.get(key, int)
    if age is not None and not 0 <= age <= 130:
        raise entry.wrong(f"« {key} » n'est pas un âge", "écrire un nombre d'années entre 0 et 130")
    return age


def _table(name: str, content: bytes) -> dict[str, Any]:
    if len(content) > MAX_FILE:
        raise RuleError(f"{name} : le fichier dépasse {MAX_FILE // 1024} Kio ; le couper en plusieurs fichiers.")
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise RuleError(f"{name}, ligne {line} : lettre illisible ; enregistrer le fichier en UTF-8.") from problem
    except tomllib.TOMLDecodeError as problem:
        found = _LINE.search(str(problem))
        place = f"{name}, ligne {found[1]}" if found else f"{name}, à la fin"
        raise RuleError(f"{place} : écriture incorrecte ; vérifier guillemets, crochets, virgules et =.") from problem
    for key in table:
        if key not in {*_TABLES, "type_par_defaut", "pas_un_titre", "rappel_jours"}:
            raise RuleError(f"{name} : « {key} » est inconnu ; utiliser [[regle]], [[type]] ou [[indice]].")
    return table


def _entries(tables: Mapping[str, dict[str, Any]], kind: str) -> list[_Entry]:
    entries: list[_Entry] = []
    for file, table in tables.items():
        found = table.get(kind, [])
        if not isinstance(found, list):
            raise RuleError(f"{file} : « {kind} » a un seul crochet ; écrire [[{kind}]] avec deux crochets.")
        named: set[str] = set()
        for number, values in enumerate(found, 1):
            entry = _Entry(file, kind, number, values)
            if entry.name in named:
                raise entry.wrong("deux règles portent ce nom", "en changer un")
            named.add(entry.name)
            entries.append(entry)
    return entries


def _default(tables: Mapping[str, dict[str, Any]]) -> tuple[str, str]:
    for file, table in tables.items():
        code = table.get("type_par_defaut")
        if code is None:
            continue
        if not isinstance(code, str) or type_code(code) is None:
            raise RuleError(
                f"{file} : type_par_defaut n'est pas un type connu ; écrire par exemple « {DEFAULT_TYPE} »."
            )
        return file, code
    return "", DEFAULT_TYPE


def _reminder(tables: Mapping[str, dict[str, Any]]) -> int:
    for file, table in tables.items():
        days = table.get("rappel_jours")
        if days is None:
            continue
        if type(days) is not int or not 1 <= days <= MAX_DAYS:
            raise RuleError(f"{file} : rappel_jours n'est pas un nombre de jours ; écrire par exemple « 30 ».")
        return days
    return REMINDER_DAYS


def _not_titles(tables: Mapping[str, dict[str, Any]]) -> tuple[Phrase, ...]:
    found: list[Phrase] = []
    for file, table in tables.items():
        values = table.get("pas_un_titre", [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise RuleError(f'{file} : pas_un_titre n\'est pas une liste de textes ; écrire pas_un_titre = ["…", "…"].')
        try:
            found += [Phrase.of(value) for value in values]
        except ValueError as problem:
            raise RuleError(f"{file}, pas_un_titre : {problem} ; corriger la liste.") from problem
    return tuple(found)


def _digest(texts: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in texts.items():
        whole.update(f"{len(name.encode())}:{name}{len(content)}:".encode() + content)
    return whole.hexdigest()
