"""Labels and values: "Nom : MARTIN Prénom : Jean", a label on one line and its value on the next, rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateway.identity import lexicon
from gateway.identity.labels import TRAIT, labels_of
from gateway.identity.page import Page
from gateway.identity.values import read, row_values

#: Labels that, with other labels right under them, head a professional's block.
_PROFESSIONALS: Final = frozenset(("MEDECIN", "MEDECIN TRAITANT", "PRESCRIPTEUR", "DEMANDEUR", "CORRESPONDANT"))
_GIVEN: Final = ("given", "given_names")
_APART: Final = 12
_MOST_PENDING: Final = 10
_KIN_LINES: Final = 4


@dataclass(slots=True)
class Block:
    """The traits of one person read from fields, and the line (from 1) of each; ``other``: not the patient."""

    other: bool
    traits: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The first line of the block."""
        return min(self.lines.values(), default=0)

    @property
    def last(self) -> int:
        """The last line of the block."""
        return max(self.lines.values(), default=0)


def blocks(page: Page) -> tuple[Block, ...]:
    """The persons whom fields describe, in order."""
    reader = _Reader()
    for number, (written, folded) in enumerate(
        zip(page.text.split("\n"), page.folded.split("\n"), strict=True), start=1
    ):
        if folded.strip():
            reader.line(number, written, folded)
    return tuple(block for block in reader.blocks if block.traits)


class _Reader:
    """Goes down the lines with the labels that await their value and the heading under which they stand."""

    def __init__(self) -> None:
        self.blocks: list[Block] = [Block(other=False)]
        self._pending: list[str] = []
        self._row = False
        self._other_for = 0

    def line(self, number: int, written: str, folded: str) -> None:
        """Take one line that is not blank."""
        labels = labels_of(folded)
        if labels:
            self._labelled(number, written, labels, folded)
        elif self._pending:
            self._awaited(number, written)
        else:
            self._heading(folded)

    def _labelled(self, number: int, written: str, labels: list[tuple[str, int, int, int]], folded: str) -> None:
        prefix = folded[: labels[0][1]]
        if lexicon.RELATIVE.search(prefix) or lexicon.PROFESSION.match(prefix) or "CONTACT" in prefix:
            self._other_for = 1
        if self._pending and self._pending[-1] in _PROFESSIONALS:
            self._other_for, self._pending = 1, []
        values = [written[end:limit].strip(" |;,.") for _, _, end, limit in labels]
        if any(values):
            self._pending = []
        for (label, *_), value in zip(labels, values, strict=True):
            if value:
                self._take(number, label, value)
            elif len(self._pending) < _MOST_PENDING:
                self._pending.append(label)
        self._row = len(labels) > 1 and not any(values)

    def _awaited(self, number: int, written: str) -> None:
        if self._row and len(written.split()) > 1:
            for label, value in row_values(self._pending, written):
                self._take(number, label, value)
            self._pending = []
        else:
            self._row = False
            said = self._take(number, self._pending.pop(0), written.strip(" |;,."))
            if "~given" in said and self._pending and TRAIT.get(self._pending[0], "").endswith(_GIVEN):
                self._pending.pop(0)

    def _heading(self, folded: str) -> None:
        if lexicon.PATIENT_HEADING.fullmatch(folded):
            self._other_for = 0
            self.blocks.append(Block(other=False))
        elif lexicon.KIN_HEADING.match(folded):
            self._other_for = _KIN_LINES
        elif lexicon.PROFESSIONAL_HEADING.fullmatch(folded):
            self._other_for = 1
        else:
            self._other_for = max(0, self._other_for - 1)

    def _take(self, number: int, label: str, value: str) -> dict[str, str]:
        """Note what a value says under its label; a name's value may say the given name too."""
        said = read(label, value)
        if not said:
            return said
        block = self._block(number, said)
        for trait, text in said.items():
            block.traits.setdefault(trait, text)
            block.lines.setdefault(trait, number)
        return said

    def _block(self, number: int, said: dict[str, str]) -> Block:
        block, other = self.blocks[-1], self._other_for > 0
        held = block.traits
        differs = any(trait in held and held[trait] != text for trait, text in said.items() if trait[0] != "~")
        if held and (differs or number - block.last > _APART or (other and not block.other)):
            block = Block(other=other)
            self.blocks.append(block)
        elif not held:
            block.other = other
        return block
