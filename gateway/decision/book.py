"""The rules as values, once their files are read and found good."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.decision.conditions import Conditions
from gateway.decision.words import Phrase

#: What a rule may decide: TOML key → the kind of value.
ANSWERS: dict[str, type] = {
    "type": str,
    "alimenter": bool,
    "visible_patient": bool,
    "visible_representants": bool,
    "retenir": bool,
    "attendre_professionnel": bool,
    "service": str,
}

#: Days before a document still hidden from its patient is brought back to mind, unless a file says otherwise.
REMINDER_DAYS = 30


@dataclass(frozen=True, slots=True)
class Rule:
    """One ``[[regle]]``: whom it concerns and what follows, by key of ``ANSWERS``."""

    file: str
    name: str
    conditions: Conditions
    answers: tuple[tuple[str, str | bool], ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """One ``[[type]]``: the words by which a document without metadata says what it is.

    ``documents`` name a document ("ordonnance"); ``examinations`` name an act ("IRM"), which other documents mention
    too; ``phrases`` are believed anywhere in the first lines; ``conditions`` must hold besides.
    """

    file: str
    name: str
    type: str
    documents: tuple[Phrase, ...]
    examinations: tuple[Phrase, ...]
    phrases: tuple[Phrase, ...]
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All the files together, in the order of their names. ``hints`` are types to be confirmed, by specialty;
    ``not_titles`` begin lines of letterhead, never titles. ``reminder_days``: how long a document may stay hidden from
    its patient before those who should tell him are reminded.
    """

    rules: tuple[Rule, ...]
    namings: tuple[Naming, ...]
    hints: tuple[Rule, ...]
    not_titles: tuple[Phrase, ...]
    default_type: str
    default_file: str
    digest: str
    reminder_days: int = REMINDER_DAYS
