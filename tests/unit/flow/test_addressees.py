"""To whom a mail was written here: mailboxes of ours, their services and codes, whose they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from gateway.flow.delivering.addressees import addressees
from gateway.flow.delivering.papers import Papers
from gateway.model.documents import Envelope
from gateway.model.people import Sender
from gateway.model.settings import Mailbox, Settings, Smtp
from gateway.protocols.handover import Recipient
from tests.unit.protocols.people import ESTABLISHMENT, SENDER

UROLOGY = "urologie@hopital.example.mssante.fr"
SURGERY = "chirurgie@hopital.example.mssante.fr"
ALIAS = "bloc@hopital.example.mssante.fr"
SETTINGS = Settings(
    establishment=ESTABLISHMENT,
    mailbox=(
        Mailbox(name="uro", address=UROLOGY, host="h", service="Urologie", service_code="3435"),
        Mailbox(name="chir", address=SURGERY.title(), host="h", service="Chirurgie", structure_id="1370001234"),
    ),
    smtp=Smtp(listen="127.0.0.1:0", recipients={ALIAS: "chir", "divers@hopital.example.mssante.fr": "divers"}),
)


def papers(*recipients: str, mailbox: str = "uro", service: str = "Urologie") -> Papers:
    known = SimpleNamespace(
        context=SimpleNamespace(settings=SETTINGS, envelope=Envelope(recipients=recipients)),
        arrival=SimpleNamespace(mailbox=mailbox),
        ruling=SimpleNamespace(service=service),
        recipient={"uro": UROLOGY, "chir": SURGERY}.get(mailbox, "divers@hopital.example.mssante.fr"),
    )
    return cast("Papers", known)


def nobody(address: str) -> Sender | None:  # noqa: ARG001 - the directory's signature
    return None


def test_one_mail_to_two_services_names_both_the_one_that_received_it_first() -> None:
    found = addressees(papers(SURGERY, "ailleurs@autre.mssante.fr", UROLOGY), nobody)
    assert found == (Recipient(UROLOGY, "Urologie", "3435", "750000018"), Recipient(SURGERY, "Chirurgie"))


def test_a_mailbox_counts_once_whatever_the_names_it_was_written_to() -> None:
    assert [one.address for one in addressees(papers(ALIAS, SURGERY, mailbox="uro"), nobody)] == [UROLOGY, ALIAS]
    assert [one.address for one in addressees(papers(ALIAS, SURGERY, mailbox="chir"), nobody)] == [SURGERY]


def test_a_mail_taken_from_a_file_was_received_by_no_mailbox() -> None:
    known = papers(UROLOGY, SURGERY, mailbox="", service="")
    known.recipient = UROLOGY  # type: ignore[misc]
    assert [one.address for one in addressees(known, nobody)] == [UROLOGY, SURGERY]


def test_the_service_is_the_one_that_the_rules_chose_with_its_own_code() -> None:
    (sent_on,) = addressees(papers(mailbox="chir", service="Urologie"), nobody)
    assert sent_on == Recipient(SURGERY, "Urologie", "3435", "750000018")
    (elsewhere,) = addressees(papers(service="Néphrologie"), nobody)
    assert elsewhere == Recipient(UROLOGY, "Néphrologie")


@pytest.mark.parametrize("service", ["", "Urologie"])
def test_a_mailbox_that_no_table_describes(service: str) -> None:
    (first,) = addressees(papers(mailbox="divers", service=service), nobody)
    assert (first.address, first.service) == ("divers@hopital.example.mssante.fr", service)


def test_whose_mailbox_it_is_comes_of_the_directory() -> None:
    found = addressees(papers(SURGERY), {SURGERY: SENDER}.get)
    assert [one.owner for one in found] == [None, SENDER]
