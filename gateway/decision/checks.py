"""What is allowed but surely not meant: for ``gateway rules check``."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.decision.book import RuleBook
from gateway.decision.conditions import Conditions
from gateway.terminology import type_code


def check(book: RuleBook) -> list[str]:
    """Remarks in French, one line each; empty when there is nothing to say."""
    return [*_types(book), *_unreachable(book), *_repeated(book)]


def _types(book: RuleBook) -> Iterator[str]:
    for rule in book.rules:
        for key, patterns in (*rule.conditions.lists, *rule.conditions.unless_lists):
            for code in patterns if key == "types" else ():
                if not code.endswith("*") and type_code(code) is None:
                    yield f"{rule.file}, règle « {rule.name} » : le type « {code} » n'existe pas ; vérifier le code."
    for naming in book.namings:
        known = type_code(naming.type)
        if known and not known.in_dmp:
            yield (
                f"{naming.file}, règle « {naming.name} » : le type {naming.type} n'est pas accepté par le DMP ; "
                "ces documents iront au dossier seulement."
            )


def _unreachable(book: RuleBook) -> Iterator[str]:
    """A rule all of whose questions an earlier, at least as wide rule always answers first."""
    for position, rule in enumerate(book.rules):
        open_questions = {key for key, _ in rule.answers}
        for earlier in book.rules[:position]:
            if _covers(earlier.conditions, rule.conditions):
                open_questions -= {key for key, _ in earlier.answers}
                if not open_questions:
                    yield (
                        f"{rule.file}, règle « {rule.name} » : ne parlera jamais, « {earlier.name} » "
                        f"({earlier.file}) répond avant elle ; changer l'ordre ou supprimer l'une des deux."
                    )
                    break


def _covers(wide: Conditions, narrow: Conditions) -> bool:
    """Whether every document that ``narrow`` concerns is surely of ``wide`` too."""
    return (
        all(_within(dict(narrow.lists).get(key), values) for key, values in wide.lists)
        and all(_within(dict(narrow.words).get(key), values) for key, values in wide.words)
        and all(_within(values, dict(narrow.unless_lists).get(key)) for key, values in wide.unless_lists)
        and all(_within(values, dict(narrow.unless_words).get(key)) for key, values in wide.unless_words)
        and (
            wide.younger_than is None or (narrow.younger_than is not None and narrow.younger_than <= wide.younger_than)
        )
        and (wide.at_least is None or (narrow.at_least is not None and narrow.at_least >= wide.at_least))
        and wide.final in {None, narrow.final}
    )


def _within(few: tuple[object, ...] | None, many: tuple[object, ...] | None) -> bool:
    return few is not None and many is not None and set(few) <= set(many)


def _repeated(book: RuleBook) -> Iterator[str]:
    """The same words for two types: only the first counts."""
    seen: dict[tuple[str, str], str] = {}
    for naming in book.namings:
        if naming.conditions != Conditions():
            continue
        for kind, phrases in (("d", naming.documents), ("e", naming.examinations), ("p", naming.phrases)):
            for phrase in phrases:
                first = seen.setdefault((kind, phrase.words), naming.name)
                if first != naming.name:
                    yield (
                        f"{naming.file}, règle « {naming.name} » : « {phrase.written} » est déjà dans "
                        f"« {first} », qui passe avant ; n'en garder qu'un."
                    )
