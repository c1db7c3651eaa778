"""A word processor's document as a person sees it, whatever the format: paragraphs, tables, pictures, in their order.

One value for both uses: the words that are looked through (``plain``) and the pages that are drawn (``rendition``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.model.reasons import Reason

_SUPERSCRIPT: Final = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_SUBSCRIPT: Final = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")

Align = Literal["L", "C", "R", "J"]


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one appearance. ``text`` may hold tabs and line ends; ``style`` any of B, I, S (struck) and U."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a style says of letters: ``style`` as in ``Run``; ``position`` super or sub; ``hidden``: not shown."""

    style: str = ""
    hidden: bool = False
    capitals: bool = False
    position: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture inside the text; ``data`` empty when it cannot be had. Sides in millimetres, 0: unknown."""

    data: bytes
    width: float = 0
    height: float = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``heading`` 1 to 6, 0 for a text; ``marker`` is a list's number or bullet, ``indent`` its depth."""

    items: tuple[Run | Picture, ...]
    heading: int = 0
    marker: str = ""
    indent: int = 0
    align: Align = "L"
    page_break: bool = False

    @property
    def text(self) -> str:
        """The marker and the letters."""
        letters = "".join(item.text for item in self.items if isinstance(item, Run))
        return f"{self.marker} {letters}" if self.marker else letters


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table and over how many columns and rows it reaches."""

    blocks: tuple[Paragraph | Table, ...]
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; a cell reached from above is absent from its row."""

    rows: tuple[tuple[Cell, ...], ...]
    borders: bool = True


Block = Paragraph | Table


def plain(blocks: Iterable[Block], limits: Limits) -> str:
    """The words, line by line; the cells of a row beside each other, a tab between, when each has one line."""
    text = "\n".join(line.rstrip() for block in blocks for line in written(block))
    return text.strip("\n")[: limits.document_text]


def written(block: Block) -> list[str]:
    """The lines of one block."""
    if isinstance(block, Paragraph):
        return block.text.split("\n")
    return [line for row in block.rows for line in _row([_cell_lines(cell) for cell in row])]


def pictures(blocks: Iterable[Block]) -> Iterator[Picture]:
    """Every picture."""
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from (item for item in block.items if isinstance(item, Picture))
        else:
            for row in block.rows:
                for cell in row:
                    yield from pictures(cell.blocks)


def bounded(blocks: Sequence[Block], limits: Limits) -> tuple[Block, ...]:
    """The same blocks. FormatError TOO_LARGE: more of them, or of letters, than a letter can have."""
    room = [limits.office_blocks, limits.office_text]
    for block in blocks:
        _spend(block, room)
    return tuple(blocks)


def raised(text: str, position: str) -> str:
    """Figures above or below the line keep that place (10⁹ is not 109); letters (1er, Mme) lose it.

    ``position``: super, sub, or anything else for neither.
    """
    table = {"super": _SUPERSCRIPT, "sub": _SUBSCRIPT}.get(position)
    return text.translate(table) if table and set(text) <= set("0123456789+-−") else text


def _spend(block: Block, room: list[int]) -> None:
    """Take a block's share of the room (blocks, letters); nothing more is looked at when there is none left."""
    room[0] -= 1
    room[1] -= len(block.text) if isinstance(block, Paragraph) else 0
    if min(room) < 0:
        raise FormatError(Reason.TOO_LARGE, "Le document est trop long pour être un courrier.")
    for row in block.rows if isinstance(block, Table) else ():
        for cell in row:
            room[0] -= 1
            for inner in cell.blocks:
                _spend(inner, room)


def _cell_lines(cell: Cell) -> list[str]:
    return [line for block in cell.blocks for line in written(block) if line.strip()]


def _row(cells: Sequence[list[str]]) -> list[str]:
    """Cells of several lines are columns of a page: one is read after the other, unless the first are labels."""
    most = max((len(cell) for cell in cells), default=0)
    labels = most > 1 and {len(cell) for cell in cells} == {most} and all(_is_label(line) for line in cells[0])
    if most <= 1 or labels:
        return ["\t".join(cell[at] if cell else "" for cell in cells).strip("\t") for at in range(most)]
    return [line for cell in cells for line in cell]


def _is_label(line: str) -> bool:
    return line.rstrip().endswith(":")
