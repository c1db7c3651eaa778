"""The demonstration's own judgement and words, without a gateway."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace as changed
from rich.console import Console

from gateway.app.config import load
from gateway.app.demo import folder, progress, show
from gateway.app.demo.progress import Way
from gateway.app.errors import CommandError
from gateway.app.samples import Expected, samples
from gateway.ledger.views import Line

BOOK = samples(date(2026, 3, 1))
BLANK = Line(0, "", "", "", "", None, None, "create", "pending", None, None, None, "off", "off", None)


def way(source: str, message_id: str = "", expected: Expected | None = None) -> Way:
    line = changed(BLANK, source=source, message_id=message_id)
    if expected is not None:
        line = changed(
            line,
            outcome=expected.outcome,
            reason=expected.reason,
            dpi=expected.dpi,
            dmp=expected.dmp,
            dmp_reason=expected.dmp_reason,
        )
    return Way(line, 1000.0)


def ended() -> list[Way]:
    return [way(f"smtp:{sample.slug}", sample.message_id, one) for sample in BOOK for one in sample.expected]


def test_all_as_expected() -> None:
    followed = progress.follow(ended(), BOOK)
    assert progress.astray(followed, BOOK) == []
    assert [one.part for one in followed[:3]] == [0, 1, 0]


def test_one_wrong_word_is_astray() -> None:
    ways = ended()
    ways[0] = replace(ways[0], line=changed(ways[0].line, dmp="refused"))
    assert progress.astray(progress.follow(ways, BOOK), BOOK) == [BOOK[0]]


def test_a_missing_or_superfluous_document_is_astray() -> None:
    assert progress.astray(progress.follow(ended()[:-1], BOOK), BOOK) == [BOOK[-1]]
    more = [*ended(), ended()[-1]]
    assert progress.astray(progress.follow(more, BOOK), BOOK) == [BOOK[-1]]


def test_a_mail_not_yet_read_is_known_by_its_turn() -> None:
    followed = progress.follow([way("smtp:a"), way("smtp:b")], BOOK)
    assert [one.sample for one in followed] == [BOOK[0], BOOK[1]]
    assert not followed[0].way.ended


def test_a_mail_of_somebody_else_is_shown_and_not_judged() -> None:
    strange = way("smtp:z", "<z@z>", Expected("filed", None, "delivered", "fed"))
    followed = progress.follow([*ended(), strange], BOOK)
    assert followed[-1].sample is None
    assert progress.astray(followed, BOOK) == []


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_the_table_is_wider_than_the_terminal_nor_folded(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    with show.display(console, 1000.0) as display:
        display.update(progress.follow(ended(), BOOK))
    shown = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", out.getvalue()).splitlines() if line.strip()]
    assert all(len(line.rstrip()) <= width for line in shown)
    rows = [line for line in shown if any(line.strip().startswith(sample.label) for sample in BOOK)]
    assert len(set(rows)) == len(BOOK)


def test_elsewhere_than_on_a_terminal_each_document_has_one_line_once() -> None:
    out = io.StringIO()
    with show.display(Console(file=out), 1000.0) as display:
        for _ in range(2):
            display.update(progress.follow([*ended(), way("smtp:new")], BOOK))
    assert len(out.getvalue().splitlines()) == len(ended())
    assert "\x1b" not in out.getvalue()


def test_the_summary_counts_and_names_what_went_astray() -> None:
    followed = progress.follow(ended(), BOOK)
    good, bad = (list(show.summary(followed, wrong, 2.0)) for wrong in ([], [BOOK[3]]))
    assert "17 messages, 18 documents, en 2,0 s :" in good
    assert "  à traiter par une personne : 6" in good
    assert "Chaque exemple a fini où il devait." in good
    assert "Chaque exemple a fini où il devait." not in bad
    assert any(BOOK[3].slug in line for line in bad)


def test_the_folder_holds_a_configuration_that_loads(tmp_path: Path) -> None:
    made, book = folder.prepare(tmp_path / "demo", date(2026, 3, 1))
    folder.configure(made, 2575, 8443)
    settings = load(made.config)
    assert settings.establishment.test
    assert settings.dmp.enabled
    assert {path.stem for path in made.mails.iterdir()} == {sample.slug for sample in book}
    assert (made.certificates / "sign.key").stat().st_mode & 0o077 == 0


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("x")
    with pytest.raises(CommandError, match="n'est pas vide"):
        folder.prepare(tmp_path, date(2026, 3, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
