"""Whom a rule concerns: its conditions, and the question as the rules see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gateway.decision.layout import MAX_LINE, MAX_LINES, Heading, announced, heading_of, headings, opening
from gateway.decision.words import Lines, Phrase, joined, normalise
from gateway.model.decision import Question


class View:
    """A question, its words made comparable once. ``type`` is the type decided so far, empty before."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.type = ""

    @cached_property
    def title(self) -> Heading:
        """The title that the document or its metadata states."""
        return heading_of(self.question.title[:MAX_LINE])

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The lines that look like titles."""
        return tuple(headings(self.question.lines))

    @cached_property
    def starts(self) -> Lines:
        """How the headings begin."""
        return joined(start for heading in self.headings for start in heading.starts)

    @cached_property
    def opening(self) -> str:
        """The aim named in the opening sentence."""
        return opening(self.question.lines)

    @cached_property
    def announced(self) -> str:
        """What the opening sentence says to stand below."""
        return announced(self.question.lines)

    @cached_property
    def subject(self) -> Heading:
        """The subject of the mail."""
        return heading_of(self.question.subject[:MAX_LINE])

    @cached_property
    def filename(self) -> Heading:
        """The file name without its extension, CamelCase cut."""
        stem = self.question.filename[:MAX_LINE].rpartition(".")[0] or self.question.filename[:MAX_LINE]
        spaced = "".join(f" {c}" if c.isupper() and p.islower() else c for p, c in zip(" " + stem, stem, strict=False))
        return heading_of(spaced.replace("_", " "))

    @cached_property
    def text(self) -> Lines:
        """The first lines, as one run of words."""
        return joined([normalise(" ".join(line[:MAX_LINE] for line in self.question.lines[:MAX_LINES]))])

    @cached_property
    def stated(self) -> Lines:
        """The title, the subject and the file name."""
        return joined((*self.title.parts, *self.subject.parts, *self.filename.parts))


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that are given must hold. Lists hold when one of their values does; those of ``unless`` must not.

    Keys of ``lists`` and ``unless`` are those of ``LISTS``, of ``words`` those of ``WORDS``.
    """

    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    words: tuple[tuple[str, tuple[Phrase, ...]], ...] = ()
    unless_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unless_words: tuple[tuple[str, tuple[Phrase, ...]], ...] = ()
    younger_than: int | None = None
    at_least: int | None = None
    final: bool | None = None

    def hold(self, view: View) -> bool:
        """Whether the rule concerns this document."""
        return (
            all(LISTS[key](view, values) for key, values in self.lists)
            and all(_says(view, key, phrases) for key, phrases in self.words)
            and not any(LISTS[key](view, values) for key, values in self.unless_lists)
            and not any(_says(view, key, phrases) for key, phrases in self.unless_words)
            and self._age_fits(view.question.age)
            and self.final in {None, view.question.final}
        )

    def _age_fits(self, age: int | None) -> bool:
        if self.younger_than is None and self.at_least is None:
            return True
        if age is None:
            return False
        return (self.younger_than is None or age < self.younger_than) and (
            self.at_least is None or age >= self.at_least
        )


def like(value: str, pattern: str) -> bool:
    """Whether a code or name equals the pattern, case and accents aside; a final ``*`` is a joker."""
    wanted, held = pattern.casefold(), value.casefold()
    return held.startswith(wanted[:-1]) if wanted.endswith("*") else held == wanted


def from_sender(address: str, pattern: str) -> bool:
    """Whether an address is the pattern, of the domain it names, or of one below it (``*.x``)."""
    address, pattern = address.casefold(), pattern.casefold()
    domain = address.rpartition("@")[2]
    if "@" in pattern.lstrip("@"):
        return address == pattern
    pattern = pattern.removeprefix("*@").removeprefix("@")
    return domain.endswith(pattern[1:]) if pattern.startswith("*.") else domain == pattern


def _any_like(value: Callable[[View], str]) -> Callable[[View, tuple[str, ...]], bool]:
    return lambda view, patterns: any(like(value(view), pattern) for pattern in patterns)


LISTS: dict[str, Callable[[View, tuple[str, ...]], bool]] = {
    "expediteurs": lambda view, patterns: any(from_sender(view.question.sender, p) for p in patterns),
    "boites": _any_like(lambda view: view.question.mailbox),
    "services": _any_like(lambda view: view.question.service),
    "specialites": _any_like(lambda view: view.question.specialty),
    "types": _any_like(lambda view: view.type),
}


def _in_title(view: View, phrase: Phrase) -> bool:
    """In the title, or at the beginning of a heading: a letterhead holds many words that are not its title."""
    return phrase.inside(view.title.lines) or phrase.begins(view.starts)


WORDS: dict[str, Callable[[View, Phrase], bool]] = {
    "titre": _in_title,
    "objet": lambda view, phrase: phrase.inside(view.subject.lines),
    "fichier": lambda view, phrase: phrase.inside(view.filename.lines),
    "texte": lambda view, phrase: phrase.inside(view.text),
    "mots": lambda view, phrase: phrase.inside(view.text) or phrase.inside(view.stated),
}


def _says(view: View, key: str, phrases: tuple[Phrase, ...]) -> bool:
    return any(WORDS[key](view, phrase) for phrase in phrases)
