"""What a person sees of a demonstration: a table that fills in, or a line a document, then a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.app.demo.folder import Folder
from gateway.app.demo.progress import Followed, Way
from gateway.app.samples import Sample
from gateway.ledger.views import Line
from gateway.model.reasons import Ignored, Reason
from gateway.operate.messages import IGNORED, REASONS, not_fed

#: From this width on the table also says why.
WIDE = 110

#: What the other columns of the table take, with what is between them.
_TIMES = 63

_GOOD, _MEANWHILE, _PERSON, _BAD, _ASIDE = "green", "cyan", "yellow", "red", "dim"


class Display(Protocol):
    """Follows the documents."""

    def __enter__(self) -> Display:
        """Begin."""

    def __exit__(self, *error: object) -> None:
        """Leave the last state standing."""

    def update(self, followed: Sequence[Followed]) -> None:
        """Show how far they have come."""


def display(console: Console, started: float) -> Display:
    """A live table on a terminal, plain lines elsewhere. ``started``: seconds since 1970."""
    return _Screen(console, started) if console.is_terminal else _Lines(console, started)


class _Screen:
    """The live table."""

    def __init__(self, console: Console, started: float) -> None:
        self._console, self._started = console, started
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="visible")

    def __enter__(self) -> _Screen:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def update(self, followed: Sequence[Followed]) -> None:
        """Draw the table anew."""
        self._live.update(_table(followed, self._started, self._console.width), refresh=True)


class _Lines:
    """One line a document, when it has ended."""

    def __init__(self, console: Console, started: float) -> None:
        self._console, self._started = console, started
        self._said: set[tuple[str, int]] = set()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is left to tidy."""

    def update(self, followed: Sequence[Followed]) -> None:
        """Say what has ended since the last time."""
        for one in followed:
            key = (one.way.line.source, one.part)
            if one.way.ended and key not in self._said:
                self._said.add(key)
                say(self._console, f"{_name(one):32}{issue(one.way.line)} ({', '.join(_times(one.way))})")


def say(console: Console, *lines: str, style: str = "") -> None:
    """Print lines as they are: no markup, no folding where there is no screen."""
    for line in lines:
        console.print(Text(line, style), soft_wrap=not console.is_terminal)


def _name(one: Followed) -> str:
    """What a document is called on a line of its own."""
    mail = one.sample.label if one.sample else "Autre message"
    return f"{mail}, pièce {one.part + 1}" if one.part else mail


def _row_name(one: Followed) -> str:
    """The same in the table, below the first piece of its mail."""
    return f"  et pièce jointe {one.part + 1}" if one.part else _name(one)


def issue(line: Line, *, why: bool = True) -> str:
    """What became of a document, in the words of the guide; with ``why``, the reason."""
    word, reason, _ = _issue(line)
    return f"{word} : {reason}" if why and reason else word


def _issue(line: Line) -> tuple[str, str, str]:
    """The word, the reason and the style."""
    if line.outcome == "quarantined":
        return "à traiter", _lower(REASONS[Reason(line.reason)].title) if line.reason else "", _PERSON
    if line.outcome == "ignored":
        return "écarté", IGNORED[Ignored(line.reason)] if line.reason else "", _ASIDE
    if line.outcome == "rejected":
        return "rejeté", "", _ASIDE
    if line.outcome == "pending":
        return "lecture en cours", "", _MEANWHILE
    return _filed(line)


def _filed(line: Line) -> tuple[str, str, str]:
    if line.dpi == "refused":
        return "refusé au dossier", "une personne doit regarder", _BAD
    if line.dmp == "refused":
        return "refusé par le DMP", "une personne doit regarder", _BAD
    if "unknown" in (line.dpi, line.dmp):
        return "issue à vérifier", "la passerelle va demander", _PERSON
    if "waiting" in (line.dpi, line.dmp):
        return "remise en cours", "", _MEANWHILE
    if line.dmp == "not-fed":
        return "au dossier seul", not_fed(line.dmp_reason or ""), _PERSON if _needs(line) else _GOOD
    return {"replace": "remplacé", "delete": "supprimé"}.get(line.action, "dossier et DMP"), "", _GOOD


def _needs(line: Line) -> bool:
    """Whether a professional is waited for, though the document is filed."""
    return line.dmp_reason == "minor-rule"


def _table(followed: Sequence[Followed], started: float, width: int) -> Table:
    caption = "reçu : secondes depuis le début ; puis millisecondes depuis la réception"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, padding=(0, 1), caption=caption)
    table.add_column("message", no_wrap=True, min_width=22)
    for name, room in (("reçu", 5), ("lu", 5), ("décidé", 6), ("DPI", 5), ("DMP", 5)):
        table.add_column(name, justify="right", no_wrap=True, min_width=room)
    table.add_column("issue", no_wrap=True, overflow="ellipsis", max_width=max(width - _TIMES, 17))
    for one in followed:
        way = one.way
        received = f"{way.received - started:.1f}".replace(".", ",")
        steps = [_since(way, at) for at in (way.read, way.decided, way.dpi, way.dmp)]
        table.add_row(_row_name(one), received, *steps, Text(issue(way.line, why=width >= WIDE), _issue(way.line)[2]))
    return table


def _times(way: Way) -> Iterator[str]:
    steps = (("lu", way.read), ("décidé", way.decided), ("DPI", way.dpi), ("DMP", way.dmp))
    for name, at in steps:
        if at is not None:
            yield f"{name} {_since(way, at)} ms"


def _since(way: Way, at: float | None) -> str:
    return "" if at is None else f"{max(0.0, at - way.received) * 1000:.0f}"


def summary(followed: Sequence[Followed], wrong: Sequence[Sample], seconds: float) -> Iterator[str]:
    """The closing lines: how many ended where, what waits for a person and why, and what went astray."""
    lines = [one.way.line for one in followed]
    mails = len({line.source for line in lines})
    yield ""
    yield f"{mails} messages, {len(lines)} documents, en {seconds:.1f} s".replace(".", ",") + " :"
    filed = [line for line in lines if line.outcome == "filed"]
    both = [line.action for line in filed if line.dpi == "delivered" and line.dmp in ("fed", "already-there")]
    deleted = both.count("delete")
    yield f"  au dossier et au DMP : {len(both) - deleted}"
    yield f"  supprimés ensuite par leur auteur : {deleted}"
    yield from _counted("au dossier seul", [not_fed(line.dmp_reason or "") for line in filed if line.dmp == "not-fed"])
    refused = [issue(line, why=False) for line in filed if "refused" in (line.dpi, line.dmp)]
    if refused:
        yield from _counted("refusés par un serveur", refused)
    held = [line.reason for line in lines if line.outcome == "quarantined" and line.reason]
    yield from _counted("à traiter par une personne", [_lower(REASONS[Reason(reason)].title) for reason in held])
    aside = [line.reason for line in lines if line.outcome == "ignored" and line.reason]
    yield from _counted("écartés", [IGNORED[Ignored(reason)] for reason in aside])
    yield from _rehearsed(followed)
    yield ""
    if wrong:
        yield "N'ont pas fini où ils devaient :"
        yield from (f"  {sample.label} ({sample.slug}) : {sample.story}" for sample in wrong)
    else:
        yield "Chaque exemple a fini où il devait."


def places(folder: Folder, *, kept: bool) -> Iterator[str]:
    """Where the files of the demonstration are, when they are kept."""
    if not kept:
        yield "Rien n'est gardé. Pour voir la quarantaine, le dossier et le DMP : gateway demo --once --dir DOSSIER"
        return
    yield "Fichiers de la démonstration :"
    yield f"  quarantaine            {folder.root / 'quarantine'}"
    yield f"  dossier patient        {folder.record}"
    yield f"  DMP                    {folder.dmp / 'documents'}"
    yield f"  messages d'exemple     {folder.mails}"
    yield f"  configuration          {folder.config}"


def what_to_try(folder: Folder) -> Iterator[str]:
    """Commands for another terminal."""
    yield "À essayer dans un autre terminal :"
    for command in ("results", "quarantine list"):
        yield f"  gateway {command} -c {folder.config}"
    yield f"  gateway ingest --wait -c {folder.config} MESSAGE.eml"
    yield "Ctrl-C pour finir."


def _rehearsed(followed: Sequence[Followed]) -> Iterator[str]:
    """The situations of the DMP that were asked for: what happened, where the document ended, what a person does."""
    ends = {one.sample.story: (one.sample, one.way) for one in followed if one.sample and one.sample.advice}
    if ends:
        yield ""
        yield "Situations du DMP répétées :"
    for story, (sample, way) in ends.items():
        yield f"  {story}"
        yield f"    fin      {issue(way.line)}"
        yield f"    à faire  {sample.advice}"


def _counted(name: str, reasons: Sequence[str]) -> Iterator[str]:
    yield f"  {name} : {len(reasons)}"
    for reason, count in Counter(reasons).items():
        yield f"    {count} {reason}"


def _lower(title: str) -> str:
    """A title within a sentence."""
    return title[:1].lower() + title[1:]
