"""What the rules decide for one document, and why."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.documents import Code, TypeGuess
from gateway.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class Question:
    """What the rules may look at. ``lines`` are the first lines of the text; ``age`` in whole years, None if unknown.

    ``type_given`` is the type that the document itself states (CDA); the rules do not overrule it. ``guess`` is what
    its words and layout make of it: it speaks where no rule does.
    """

    sender: str
    mailbox: str
    service: str
    specialty: str
    type_given: Code | None
    title: str
    subject: str
    filename: str
    lines: tuple[str, ...]
    age: int | None
    final: bool
    guess: TypeGuess | None = None


@dataclass(frozen=True, slots=True)
class Spoke:
    """A rule that spoke: its file, its name, the question it answered and its answer."""

    file: str
    rule: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rules' answers. ``type_certain`` is False when the type is the default and must be confirmed.

    ``feed`` False means that a rule says no; ``hold`` sends the document to a person (held-by-rule);
    ``wait_for_professional`` keeps it out of the DMP until a professional says so (minor-rule).
    """

    type: Code
    type_certain: bool
    feed: bool
    invisible_to_patient: bool
    invisible_to_representatives: bool
    hold: Reason | None
    wait_for_professional: bool
    service: str
    spoke: tuple[Spoke, ...]
    digest: str  # of the rules that answered
