"""Documents that are pictures: each is looked at apart, and one that kills its reader costs nothing but its words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest

from gateway.flow.house import House
from gateway.flow.reading import look
from gateway.flow.reading.reader import ILLEGIBLE, NO_OCR
from gateway.flow.reading.reader import look as look_at
from gateway.formats.pages import ocr
from gateway.identity import datamatrix
from gateway.isolation.errors import ReaderDied, ReaderError, ReaderRefused, ReadersUnavailable, ReaderTimedOut
from gateway.ledger.rows import Mail
from gateway.model.documents import Carrier, DocumentReading, Envelope, MailReading
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders, drawn

MAIL = cast("Mail", SimpleNamespace(id=1, digest="digest"))
PICTURE = DocumentReading(1, Carrier.OTHER, "1.2", "photo.jpg", "image/jpeg", 9, "sha256", "sha1", image_only=True)
INS = "IS01" + "0" * 22 + "S1185057512345673S21.2.250.1.213.1.4.8\x1dS3ADA\x1dS4LOVELACE\x1dS5FS610-12-1815S799100"


@dataclass
class Looking:
    """Readers that have an error for some parts."""

    errors: dict[str, ReaderError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def look(self, digest: str, one: DocumentReading, date: str) -> DocumentReading:
        assert (digest, date) == ("digest", "today")
        self.asked.append(one.part)
        if one.part in self.errors:
            raise self.errors[one.part]
        return replace(one, text="lu", image_only=False)


async def _seen(readers: Looking, *documents: DocumentReading) -> tuple[DocumentReading, ...]:
    house = cast("House", SimpleNamespace(readers=readers, observer=SimpleNamespace(event=lambda *_, **__: None)))
    reading = MailReading("1", Envelope(date="today"), documents)
    return (await look.with_pictures(house, MAIL, reading)).documents


async def test_only_pictures_without_problem_are_looked_at() -> None:
    readers = Looking()
    others = (
        replace(PICTURE, part="1.3", image_only=False),
        replace(PICTURE, part="1.4", ignored=Ignored.COPY),
        replace(PICTURE, part="1.5", problem=Reason.UNREADABLE),
    )
    seen = await _seen(readers, PICTURE, *others)
    assert readers.asked == ["1.2"]
    assert (seen[0].text, seen[1:]) == ("lu", others)


@pytest.mark.parametrize("error", [ReaderDied("memory"), ReaderTimedOut("90 s"), ReaderRefused("ValueError")])
async def test_a_reader_that_fails_costs_this_document_its_words(error: ReaderError) -> None:
    seen = await _seen(Looking({"1.2": error}), PICTURE, replace(PICTURE, part="1.3"))
    assert (seen[0].image_only, seen[0].problem, seen[0].detail) == (True, None, look.FAILED)
    assert seen[1].text == "lu"


async def test_readers_that_cannot_be_had_are_no_fault_of_the_document() -> None:
    with pytest.raises(ReadersUnavailable):
        await _seen(Looking({"1.2": ReadersUnavailable("closed")}), PICTURE)


async def test_the_pictures_of_a_mail_are_bounded() -> None:
    readers = Looking()
    seen = await _seen(readers, *(replace(PICTURE, part=f"1.{number}") for number in range(12)))
    assert len(readers.asked) == look.MOST
    assert [one.detail for one in seen[look.MOST :]] == [look.TOO_MANY] * 2


def _look(picture: bytes) -> DocumentReading:
    return look_at(builders.mail(builders.text(), builders.attached(picture, "photo.png")), PICTURE, "")


def test_a_photo_of_a_letter_states_its_patient() -> None:
    seen = _look(drawn.saved(drawn.page(), "PNG"))
    (claim,) = seen.claims
    assert (seen.text_source, seen.image_only, claim.source) == ("ocr", False, "ocr")
    assert (claim.family_name, claim.given_names, claim.birth_date, claim.sex) == ("KERGOAT", "Solène", "19620517", "F")


def test_its_symbol_speaks_before_its_words() -> None:
    page = drawn.page()
    page.paste(drawn.symbol(INS), (page.width - 300, 60))
    seen = _look(drawn.saved(page, "PNG"))
    assert [claim.source for claim in seen.claims] == ["datamatrix", "ocr"]
    assert seen.claims[0] == datamatrix.read(INS)


def test_what_is_illegible_or_cannot_be_read_here_waits_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _look(drawn.saved(drawn.illegible(drawn.page()), "PNG"))
    assert (seen.image_only, seen.problem, seen.claims, seen.detail) == (True, None, (), ILLEGIBLE)

    def missing(_: object) -> None:
        raise ocr.OcrMissingError

    monkeypatch.setattr(ocr, "read", missing)
    assert _look(drawn.saved(drawn.page(), "PNG")).detail == NO_OCR
