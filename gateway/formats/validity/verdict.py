"""What the rules say of a document. Values only: they cross the reader process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a document breaks. None of it quotes the document.

    ``source`` names the rules: schema, structuration minimale, or a content model with its version. ``rule`` is the
    rule's own id, ``place`` the path of the element, ``text`` what the rule says (French, or as its author wrote it).
    """

    source: str
    rule: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``judged`` names the rules that were applied, ``skipped`` what was not and why (French, for the operator)."""

    faults: tuple[Fault, ...] = ()
    judged: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing is broken."""
        return not self.faults


def in_french(verdict: Verdict, most: int = 5) -> str:
    """The first faults in a sentence each, for a person."""
    said = [f"{n}. {_sentence(fault)}" for n, fault in enumerate(verdict.faults[:most], 1)]
    left = len(verdict.faults) - most
    if left > 0:
        said.append(f"Et {left} autre{'s' if left > 1 else ''} écart{'s' if left > 1 else ''}.")
    return " ".join(said)


def _sentence(fault: Fault) -> str:
    rule = f", règle {fault.rule}" if fault.rule else ""
    place = f", à l'endroit {fault.place}" if fault.place else ""
    return f"{fault.source}{rule}{place} : {fault.text}"
