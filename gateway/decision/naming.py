"""What kind of document it is, from its own words: the stronger the place, the more it is believed.

The order of places: the title, the headings, the opening sentence, the subject, the file name, the phrases of the first
lines; all these are certain. Among headings those that say "compte rendu" or are labelled come first, then those that
name a document, then the bare name of an examination: letterheads list those too, so that a sentence of the letter that
says otherwise leaves the type to be confirmed. Where none of these speaks, what the words and the layout of the whole
letter make of it (gateway/letters) is certain above ``CERTAIN``. Last come mere hints, always to be confirmed: the name
of an examination in a subject, the author's specialty, and the default type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from gateway.decision.book import Naming, RuleBook
from gateway.decision.conditions import View
from gateway.decision.layout import Heading, without_lead
from gateway.decision.words import Lines, Phrase, joined
from gateway.terminology import type_code

EXAMINATION = "intitulé, nom d'examen"

#: The confidence from which the guess is believed: of generated letters told with it, more than nine in ten are right.
CERTAIN = 0.9

_Kind = Callable[[Naming], tuple[Phrase, ...]]


@dataclass(frozen=True, slots=True)
class Named:
    """A type, whether it is certain, and the rule, place and words that say so (the rule's words, not the text's)."""

    type: str
    certain: bool
    file: str
    rule: str
    place: str
    words: str = ""


def name_document(view: View, book: RuleBook) -> Named:
    """The type of a document that states none."""
    given = _by_rule(view, book)
    if given:
        return given
    namings = [naming for naming in book.namings if naming.conditions.hold(view)]
    named = next(_found(view, namings, book.not_titles), None)
    hint = _by_hint(view, book)
    if named and named.place == EXAMINATION and _contradicted(named, view, namings, hint):
        named = replace(named, certain=False)
    if named and named.certain:
        return named
    return _by_guess(view) or named or hint or _default(view, book)


def _contradicted(named: Named, view: View, namings: list[Naming], hint: Named | None) -> bool:
    """Whether the letter speaks as one of another type, and nothing else speaks for this one."""
    if hint and hint.type == named.type:
        return False
    opening = next(_beginning(_opening(view), namings, "phrase d'introduction"), None)
    said = opening or next(_saying(view, namings), None)
    return said is not None and said.type != named.type


def _found(view: View, namings: list[Naming], not_titles: tuple[Phrase, ...]) -> Iterator[Named]:
    """Every finding, the strongest first."""
    lines = [h for h in view.headings if h.plain and not any(phrase.begins(h.lines) for phrase in not_titles)]
    yield from _beginning(joined(view.title.starts), namings, "titre")
    yield from _containing(view.title.lines, namings, "titre")
    for heading in lines:
        if heading.explicit:
            yield from _beginning(joined(heading.starts), namings, "intitulé")
    for heading in lines:
        yield from _beginning(joined(heading.starts), namings, "intitulé", _documents)
    for heading in lines:
        if heading.bare:
            yield from _beginning(joined(heading.parts[:1]), namings, EXAMINATION, _examinations)
    yield from _beginning(_opening(view), namings, "phrase d'introduction")
    yield from _containing(joined([view.announced]), namings, "phrase d'introduction")
    for heading, place in ((view.subject, "objet du message"), (view.filename, "nom du fichier")):
        yield from _beginning(joined(heading.reported), namings, place)
        yield from _containing(heading.lines, namings, place)
    yield from _saying(view, namings)
    for heading, place in (
        (view.title, "titre"),
        (view.subject, "objet du message"),
        (view.filename, "nom du fichier"),
    ):
        yield from _mentioning(heading, namings, place)


def _saying(view: View, namings: list[Naming]) -> Iterator[Named]:
    for naming in namings:
        for phrase in naming.phrases:
            if phrase.inside(view.text):
                yield _named(naming, "premières lignes", phrase)


def _documents(naming: Naming) -> tuple[Phrase, ...]:
    return naming.documents


def _examinations(naming: Naming) -> tuple[Phrase, ...]:
    return naming.examinations


def _both(naming: Naming) -> tuple[Phrase, ...]:
    return (*naming.documents, *naming.examinations)


def _opening(view: View) -> Lines:
    return joined((view.opening, without_lead(view.opening)))


def _beginning(lines: Lines, namings: list[Naming], place: str, kind: _Kind = _both) -> Iterator[Named]:
    for naming in namings:
        for phrase in kind(naming):
            if phrase.begins(lines):
                yield _named(naming, place, phrase)


def _containing(lines: Lines, namings: list[Naming], place: str) -> Iterator[Named]:
    for naming in namings:
        for phrase in naming.documents:
            if phrase.inside(lines):
                yield _named(naming, place, phrase)


def _mentioning(heading: Heading, namings: list[Naming], place: str) -> Iterator[Named]:
    for naming in namings:
        for phrase in naming.examinations:
            if phrase.inside(heading.lines):
                yield _named(naming, place, phrase, certain=False)


def _named(naming: Naming, place: str, phrase: Phrase, *, certain: bool = True) -> Named:
    return Named(naming.type, certain, naming.file, naming.name, place, phrase.written)


def _by_rule(view: View, book: RuleBook) -> Named | None:
    for rule in book.rules:
        for key, value in rule.answers:
            if key == "type" and rule.conditions.hold(view):
                return Named(str(value), True, rule.file, rule.name, "règle de l'établissement")
    return None


def _by_hint(view: View, book: RuleBook) -> Named | None:
    for rule in book.hints:
        if rule.conditions.hold(view):
            return Named(str(rule.answers[0][1]), False, rule.file, rule.name, "spécialité de l'auteur")
    return None


def _by_guess(view: View) -> Named | None:
    guess = view.question.guess
    if guess is None or guess.confidence < CERTAIN or type_code(guess.code) is None:
        return None
    place = f"mots et mise en page de la lettre, confiance {guess.confidence:.0%}"
    return Named(guess.code, True, "", "", place, ", ".join(guess.evidence))


def _default(view: View, book: RuleBook) -> Named:
    guess = view.question.guess
    known = type_code(guess.code) if guess else None
    doubt = f" ; peut-être {known.code} {known.label}, confiance {guess.confidence:.0%}" if guess and known else ""
    return Named(book.default_type, False, book.default_file, "type par défaut", f"aucun mot reconnu{doubt}")
