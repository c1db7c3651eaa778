"""The samples: what each is read as, and the tables that go with them."""

from __future__ import annotations

import io
from datetime import date

import pytest
from pypdf import PdfReader

from gateway.app.samples import MAILBOX, SENDERS, Sample, patients, patients_csv, samples, senders_csv
from gateway.app.samples.paper import pdf
from gateway.flow.judgement.judge import age
from gateway.formats import mail
from gateway.identity.ins import key_is_right
from gateway.intake import tables
from gateway.model.documents import Action, Carrier, MailReading
from gateway.model.identity import Patient
from gateway.model.people import Sender
from gateway.model.reasons import Ignored, Reason

TODAY = date(2026, 3, 1)
BOOK = {sample.slug: sample for sample in samples(TODAY)}


def read(slug: str) -> MailReading:
    return mail.read(BOOK[slug].raw)


def test_a_dozen_mails_or_more_in_the_order_of_their_numbers() -> None:
    assert len(BOOK) >= 12
    assert list(BOOK) == sorted(BOOK)


def test_the_same_day_makes_the_same_bytes_and_another_day_the_same_ids() -> None:
    assert samples(TODAY) == samples(TODAY)
    later = {sample.slug: sample for sample in samples(date(2031, 7, 14))}
    assert later.keys() == BOOK.keys()
    assert later["01-nouveau"].raw != BOOK["01-nouveau"].raw
    ids = [mail.read(book["01-nouveau"].raw).documents[0].unique_id for book in (later, BOOK)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("sample", BOOK.values(), ids=BOOK.keys())
def test_each_is_read_with_as_many_documents_as_are_expected_of_it(sample: Sample) -> None:
    reading = mail.read(sample.raw)
    assert reading.envelope.message_id.strip("<>") == sample.message_id.strip("<>")
    assert reading.envelope.sender == sample.sender
    assert reading.envelope.recipients == (MAILBOX,)
    assert max(len(reading.documents), 1) == len(sample.expected)
    assert len(sample.label) <= 22
    assert sample.story


@pytest.mark.parametrize(
    ("slug", "carrier", "action"),
    [
        ("02-lettre-pdf", Carrier.PDF, Action.CREATE),
        ("03-remplacement", Carrier.XDM, Action.REPLACE),
        ("04-erreur", Carrier.XDM, Action.CREATE),
        ("05-suppression", Carrier.XDM, Action.DELETE),
        ("06-anapath", Carrier.XDM, Action.CREATE),
        ("07-sans-dmp", Carrier.XDM, Action.CREATE),
        ("08-ins-recuperee", Carrier.XDM, Action.CREATE),
        ("09-mineure", Carrier.XDM, Action.CREATE),
        ("10-inconnu", Carrier.XDM, Action.CREATE),
        ("11-orthographe", Carrier.PDF, Action.CREATE),
        ("14-expediteur", Carrier.PDF, Action.CREATE),
        ("16-doublon", Carrier.XDM, Action.CREATE),
    ],
)
def test_one_sound_document(slug: str, carrier: Carrier, action: Action) -> None:
    (document,) = read(slug).documents
    assert (document.carrier, document.action) == (carrier, action)
    assert document.problem is None
    assert document.ignored is None
    assert document.claims or "DUVALONNE" in document.text or "GAUTEROTTE" in document.text


def test_the_first_brings_its_readable_copy() -> None:
    document, copy = read("01-nouveau").documents
    assert document.carrier is Carrier.XDM
    assert copy.ignored is Ignored.COPY


def test_the_replacement_names_the_first_and_has_a_higher_version() -> None:
    first, second = read("01-nouveau").documents[0], read("03-remplacement").documents[0]
    assert first.header is not None
    assert second.header is not None
    assert second.header.parent_id == first.unique_id
    assert second.header.set_id == first.header.set_id
    assert (first.header.version, second.header.version) == (1, 2)


def test_the_deletion_and_the_second_sending_carry_the_same_bytes() -> None:
    assert read("05-suppression").documents[0].sha256 == read("04-erreur").documents[0].sha256
    assert read("16-doublon").documents[0].sha256 == read("01-nouveau").documents[0].sha256


@pytest.mark.parametrize(("slug", "problem"), [("12-dangereux", Reason.UNSAFE), ("13-archive", Reason.MALFORMED_XDM)])
def test_what_cannot_be_read(slug: str, problem: Reason) -> None:
    (document,) = read(slug).documents
    assert document.problem is problem


def test_mails_without_document() -> None:
    assert read("15-sans-document").problem is Reason.NO_DOCUMENT
    assert read("17-accuse").ignored is Ignored.REPORT


def test_the_girl_is_a_minor_whenever_the_samples_are_played() -> None:
    for day in (TODAY, date(2028, 2, 29), date(2040, 12, 31)):
        girl = next(row for row in patients(day) if row.birth_name == "BRANDÉON")
        assert age(girl.birth_date, day) in (15, 16)


def test_every_matricule_has_the_right_key() -> None:
    assert all(row.ins is not None and key_is_right(row.ins.number) for row in patients(TODAY))


def test_the_tables_are_those_that_the_commands_import() -> None:
    rows = list(tables.read_patients(io.StringIO(patients_csv(patients(TODAY)))))
    assert rows == list(patients(TODAY))
    assert all(isinstance(row, Patient) for row in rows)
    senders = list(tables.read_senders(io.StringIO(senders_csv(SENDERS))))
    assert senders == list(SENDERS)
    assert all(isinstance(row, Sender) for row in senders)


def test_a_page_keeps_accents_brackets_and_backslashes() -> None:
    line = "Éléonore Çağ (née à Bœrsch) \\ 12 € – œdème"
    text = PdfReader(io.BytesIO(pdf([line, "seconde ligne"]))).pages[0].extract_text()
    assert text.splitlines()[0] == line.replace("ğ", "?")
    assert "seconde ligne" in text
