"""Every PDF of the corpora becomes a PDF/A-1b that the check passes, or is refused with the reason of archiving."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.pdfa import check
from gateway.formats.pdfa.content import Bounds
from gateway.formats.pdfa.convert import archive
from gateway.model.reasons import Reason
from tests.outside import corpora

REFUSED = f"refused {Reason.UNSUPPORTED_FORMAT}"


def _of_files(name: str) -> Iterator[bytes]:
    for file in sorted(corpora(name).rglob("*.pdf")):
        yield file.read_bytes()


def _of_mails() -> Iterator[bytes]:
    """The PDF of every third mail."""
    for file in sorted(corpora("mails", "mails").glob("*.eml"))[::3]:
        raw = file.read_bytes()
        for one in mail.read(raw).documents:
            if one.media_type == "application/pdf":
                yield mail.extract(raw, one.part)


def _outcomes(sources: Iterator[bytes]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for source in sources:
        try:
            made = archive(source)
        except FormatError as error:
            outcomes[f"refused {error.reason}"] += 1
        else:
            assert check.problems(made.data, Bounds()) == []
            outcomes[made.route] += 1
    return outcomes


@pytest.mark.parametrize("name", ["pdf-pdfjs", "pdf-pypdf", "pdf-misc"])
def test_files_of_others(name: str) -> None:
    outcomes = _outcomes(_of_files(name))
    print(name, dict(outcomes))
    assert set(outcomes) <= {"as-is", "cleaned", "rendered", REFUSED}
    assert outcomes[REFUSED] * 2 <= outcomes.total(), "most of what opens can be archived"


def test_letters_keep_their_objects() -> None:
    outcomes = _outcomes(_of_mails())
    print(dict(outcomes))
    assert outcomes["cleaned"] > 10 * (outcomes["rendered"] + outcomes[REFUSED]), "a letter is not made a picture"
