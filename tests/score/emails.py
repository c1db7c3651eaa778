"""The mails of other libraries' test suites: read or refused, how fast, in how much memory, with which attachments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import mime
from tests.outside import corpora
from tests.score import Row, child, most, share
from tests.score.attachments import expected, normal

CORPORA = ("mimekit", "stalwart", "nodemailer", "cpython", "rubymail", "mime4j", "tnef")


def rows() -> Iterator[Row]:
    """Each corpus, then the worst of all files, then the attachments."""
    slowest, largest = (0.0, ""), (0.0, "")
    agreed, wanted = 0, 0
    died = 0
    for name in CORPORA:
        outcomes: Counter[str] = Counter()
        alike: Counter[bool] = Counter()
        for file in files(f"email-{name}"):
            raw = file.read_bytes()
            measured = child.read(raw)
            outcomes[measured.mail] += 1
            slowest = max(slowest, (measured.seconds, file.name))
            largest = max(largest, (measured.megabytes, file.name))
            alike.update(_agreement(file, raw))
        died += outcomes["died"]
        agreed, wanted = agreed + alike[True], wanted + alike.total()
        yield Row(f"email-{name}", told(outcomes), "none dies", outcomes["died"] == 0)
    yield most("slowest mail", slowest[0], "s", 2, of=slowest[1])
    yield most("largest memory over a mail", largest[0], "MB", 300, of=largest[1])
    yield share("attachments as the other libraries", agreed, wanted, 0.98)


def files(name: str) -> list[Path]:
    """The files of a corpus."""
    return [file for file in sorted(corpora(name).rglob("*")) if file.is_file()]


def told(outcomes: Counter[str]) -> str:
    """How many, and of what."""
    return f"{outcomes.total()}: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())


def _agreement(file: Path, raw: bytes) -> Iterator[bool]:
    """For each attachment that another library finds, whether we have the same bytes."""
    wanted = expected(file, raw)
    if not wanted:
        return
    try:
        ours = Counter(normal(part.decoded()) for part in mime.split(raw, DEFAULT)[1])
    except FormatError:
        ours = Counter()
    for content in wanted:
        yield ours[content] > 0
        ours[content] -= 1
