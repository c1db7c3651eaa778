"""Blocks drawn on sheets: paragraphs, lists, tables whose rows may go over pages, pictures. No word is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.formats.limits import Limits
from gateway.formats.office import lines
from gateway.formats.office.blocks import Block, Cell, Paragraph, Picture, Run, Table, written
from gateway.formats.office.lines import Line, Piece
from gateway.formats.office.sheets import BOTTOM, HEIGHT, MARGIN, WIDTH, Sheets, Shown, opened, sides

_BODY: Final = 10.5
_IN_CELL: Final = 9.5
_HEADINGS: Final = {1: 15.0, 2: 13.0, 3: 12.0}
_INDENT: Final = 6.0
_PADDING: Final = 1.2
_AFTER: Final = 1.2
_MOST_COLUMNS: Final = 20  # beyond, no line of a cell would hold a word
_TALLEST: Final = HEIGHT - 2 * MARGIN
NOT_SHOWN: Final = "[image non reproduite]"


def draw(blocks: Sequence[Block], limits: Limits) -> bytes:
    """A PDF of these blocks. FontsMissingError."""
    drawing = _Drawing(limits)
    for block in blocks:
        drawing.block(block)
    return drawing.sheets.output()


@dataclass(frozen=True, slots=True)
class _Strip:
    """What is drawn as one: a line of letters or a picture, and how far it stands to the right."""

    height: float
    x: float
    points: float = _BODY
    line: Line | None = None
    shown: Shown | None = None
    width: float = 0


class _Drawing:
    def __init__(self, limits: Limits) -> None:
        self.sheets = Sheets(limits)
        self._limits, self._pictures, self._y = limits, 0, MARGIN

    def block(self, block: Block) -> None:
        """Draw one below the other."""
        if isinstance(block, Table):
            self._table(block)
            return
        if block.page_break and self._y > MARGIN:
            self._page()
        self._y += _AFTER if block.heading and self._y > MARGIN else 0
        for strip in self._strips(block, WIDTH - 2 * MARGIN, _HEADINGS.get(block.heading, _BODY)):
            if self._y + strip.height > BOTTOM:
                self._page()
            self._put(strip, MARGIN, self._y)
            self._y += strip.height
        self._y += _AFTER

    def _page(self) -> None:
        self.sheets.page()
        self._y = MARGIN

    def _put(self, strip: _Strip, left: float, y: float) -> None:
        if strip.shown is not None:
            self.sheets.show(strip.shown, left + strip.x, y, (strip.width, strip.height))
        elif strip.line is not None:
            self.sheets.write(strip.line, left + strip.x, y, strip.points)

    def _strips(self, paragraph: Paragraph, width: float, points: float) -> list[_Strip]:
        """The lines and pictures of a paragraph, in their order."""
        self.sheets.set_size(points)
        runs: list[Run] = []
        strips: list[_Strip] = []
        left, marker = min(paragraph.indent * _INDENT, width / 2), self.sheets.drawable(paragraph.marker)
        hang = self.sheets.measure(marker, "") + 1.5 if marker else 0
        room = max(width - left - hang, 10.0)
        for item in paragraph.items:
            if isinstance(item, Run):
                bold = "B" if paragraph.heading and "B" not in item.style else ""
                runs.append(Run(self.sheets.drawable(item.text), item.style + bold))
                continue
            shown = self._shown(item)
            if shown is None:
                runs.append(Run(f" {NOT_SHOWN} "))
                continue
            if any(run.text.strip() for run in runs):
                strips += self._set(runs, paragraph, left + hang, room, points)
            runs = []
            wide, tall = sides(item, shown, room, _TALLEST - 4 * _PADDING)
            at = left + hang + _spare(paragraph, room - wide)
            strips.append(_Strip(tall, at, shown=shown, width=wide))
        if runs or not strips:
            strips += self._set(runs, paragraph, left + hang, room, points)
        if marker and strips[0].line is None:
            strips.insert(0, _Strip(self.sheets.line_height, left + hang, points, Line()))
        if marker and strips[0].line is not None:
            strips[0].line.pieces.insert(0, Piece(marker, "", -hang))
        return strips

    def _set(self, runs: list[Run], paragraph: Paragraph, left: float, room: float, points: float) -> list[_Strip]:
        height = self.sheets.line_height
        laid = lines.laid(runs, room, self.sheets.measure)
        return [_Strip(height, left + _spare(paragraph, room - line.width), points, line) for line in laid]

    def _shown(self, picture: Picture) -> Shown | None:
        self._pictures += 1
        if not picture.data or self._pictures > self._limits.pictures:
            return None
        return opened(picture.data, self._limits)

    def _table(self, table: Table) -> None:
        rows = _grid(table)
        widths = self._widths(rows)
        if len(widths) > _MOST_COLUMNS:
            self.block(Paragraph((Run("\n".join(written(table))),)))
            return
        for row in rows:
            self._row(row, widths, borders=table.borders)
        self._y += _AFTER

    def _row(self, row: dict[int, Cell], widths: Sequence[float], *, borders: bool) -> None:
        """Draw the cells beside each other, over as many pages as the longest needs."""
        places = [(sum(widths[:at]), sum(widths[at : at + cell.columns]), cell) for at, cell in sorted(row.items())]
        waiting = [self._cell(cell, wide) for _, wide, cell in places]
        needed = max((sum(strip.height for strip in strips) for strips in waiting), default=0) + 2 * _PADDING
        if self._y + needed > BOTTOM and self._y > MARGIN and needed <= _TALLEST:
            self._page()
        while True:
            top = self._y <= MARGIN
            taken = [_fitting(strips, BOTTOM - self._y - 2 * _PADDING, anyway=top) for strips in waiting]
            if any(waiting) and not any(taken):
                self._page()
                continue
            tall = max((sum(strip.height for strip in strips) for strips in taken), default=0) + 2 * _PADDING
            for (left, wide, _), strips in zip(places, taken, strict=True):
                self._put_cell(strips, MARGIN + left, wide, tall, borders=borders)
            self._y += tall
            waiting = [strips[len(done) :] for strips, done in zip(waiting, taken, strict=True)]
            if not any(waiting):
                return
            self._page()

    def _put_cell(self, strips: Sequence[_Strip], left: float, width: float, height: float, *, borders: bool) -> None:
        y = self._y + _PADDING
        for strip in strips:
            self._put(strip, left + _PADDING, y)
            y += strip.height
        if borders:
            self.sheets.rule(left, self._y, width, height)

    def _cell(self, cell: Cell, width: float) -> list[_Strip]:
        found: list[_Strip] = []
        for block in cell.blocks:
            paragraph = block if isinstance(block, Paragraph) else Paragraph((Run("\n".join(written(block))),))
            found += self._strips(paragraph, width - 2 * _PADDING, _IN_CELL)
        return found

    def _widths(self, rows: Sequence[dict[int, Cell]]) -> list[float]:
        """Columns as wide as their words ask, together as wide as the page."""
        self.sheets.set_size(_IN_CELL)
        count = max((at + cell.columns for row in rows for at, cell in row.items()), default=1)
        least, most = [4.0] * count, [6.0] * count
        for row in rows:
            for at, cell in row.items():
                word, line = self._asked(cell)
                for column in range(at, at + cell.columns):
                    least[column] = max(least[column], word / cell.columns)
                    most[column] = max(most[column], line / cell.columns)
        return _shared(least, most, WIDTH - 2 * MARGIN)

    def _asked(self, cell: Cell) -> tuple[float, float]:
        """The widths of the longest word and of the longest line, with the padding."""
        word = line = 0.0
        for block in cell.blocks:
            items = block.items if isinstance(block, Paragraph) else (Run("\n".join(written(block))),)
            runs = [Run(self.sheets.drawable(item.text), item.style) for item in items if isinstance(item, Run)]
            found = lines.widest(runs, self.sheets.measure)
            shown = max((item.width or 40 for item in items if isinstance(item, Picture)), default=0.0)
            word, line = max(word, found[0]), max(line, found[1] + _INDENT * bool(getattr(block, "marker", "")), shown)
        return word + 2 * _PADDING + 0.5, line + 2 * _PADDING + 0.5


def _spare(paragraph: Paragraph, room: float) -> float:
    return max(room, 0) * {"C": 0.5, "R": 1.0}.get(paragraph.align, 0.0)


def _fitting(strips: Sequence[_Strip], room: float, *, anyway: bool) -> list[_Strip]:
    """As many as there is room for; ``anyway`` at least one."""
    taken: list[_Strip] = []
    for strip in strips:
        room -= strip.height
        if room < 0 and (taken or not anyway):
            break
        taken.append(strip)
    return taken


def _grid(table: Table) -> list[dict[int, Cell]]:
    """The cells of each row by their column; empty ones where a cell of an earlier row reaches."""
    rows: list[dict[int, Cell]] = []
    covered: dict[int, int] = {}
    for row in table.rows:
        placed: dict[int, Cell] = {}
        column = 0
        fresh: dict[int, int] = {}
        for cell in row:
            while covered.get(column, 0):
                placed[column] = Cell(())
                column += 1
            placed[column] = cell
            fresh |= dict.fromkeys(range(column, column + cell.columns), cell.rows - 1)
            column += cell.columns
        covered = {at: left - 1 for at, left in covered.items() if left > 1} | {a: n for a, n in fresh.items() if n}
        rows.append(placed)
    return rows


def _shared(least: Sequence[float], most: Sequence[float], width: float) -> list[float]:
    if sum(most) <= width:
        return list(most) if sum(most) < 0.6 * width else [one * width / sum(most) for one in most]
    if sum(least) >= width:
        return _cut(least, width)
    spare = (width - sum(least)) / (sum(most) - sum(least))
    return [low + (high - low) * spare for low, high in zip(least, most, strict=True)]


def _cut(wanted: Sequence[float], width: float) -> list[float]:
    """The widest cut to one measure, so that together they fit and the narrow ones keep theirs."""
    low, high = 0.0, width
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(min(one, middle) for one in wanted) < width else (low, middle)
    return [min(one, low) for one in wanted]
