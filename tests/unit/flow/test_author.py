"""The sender and who signs: one person written in two ways, or two persons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.flow.judgement.author import is_same, others
from gateway.model.documents import Carrier, DocumentReading, Signatory
from gateway.model.people import Sender
from tests.samples import SENDER

LETTER = DocumentReading(1, Carrier.PDF, "1.2", "lettre.pdf", "application/pdf", 1000, "aa" * 32, "bb" * 20)


def sender(name: str, given: str, address: str = "cabinet.dupont@exemple.mssante.fr") -> Sender:
    return replace(SENDER, name=name, given=given, address=address)


@pytest.mark.parametrize(
    ("signed", "known"),
    [
        (("MARTIN", "Jean-Pierre"), ("Martin", "Jean-Pierre")),
        (("Martin", "J.P"), ("MARTIN", "Jean-Pierre")),
        (("MARTIN", "JP"), ("MARTIN", "Jean Pierre")),
        (("MARTIN", "J-P"), ("MARTIN", "Jean-Pierre")),
        (("Martin", "J"), ("MARTIN", "Jean-Pierre")),
        (("MARTIN", "Jean"), ("MARTIN", "Jean-Pierre")),
        (("MARTIN", ""), ("MARTIN", "Jean-Pierre")),
        (("JEAN-PIERRE MARTIN", ""), ("MARTIN", "Jean-Pierre")),
        (("MARTIN JEAN-PIERRE", ""), ("MARTIN", "Jean-Pierre")),
        (("Jean-Pierre", "Martin"), ("MARTIN", "Jean-Pierre")),
        (("FERRIERE", "Marianne"), ("Ferrière", "Marianne")),
        (("de Lestrac", "Anne"), ("LESTRAC", "Anne")),
        (("LESTRAC", "Anne"), ("DE LESTRAC", "Anne")),
        (("LE GOFF", "Anne"), ("Le Goff", "Anne")),
        (("DURAND-LEROY", "Anne"), ("DURAND", "Anne")),
        (("DURAND", "Anne"), ("DURAND-LEROY", "Anne")),
        (("LEROY", "Anne"), ("DURAND LEROY", "Anne Marie")),
        (("DURAND-LEROY", ""), ("DURAND", "Anne")),
        (("N'GUESSAN", "Luc"), ("NGUESSAN", "Luc")),
        (("Ferriere", "Marianne"), ("FERIERE", "Marianne")),
        (("DURAND", "Marie"), ("DURAND", "Anne Marie")),
    ],
)
def test_one_person_written_in_two_ways(signed: tuple[str, str], known: tuple[str, str]) -> None:
    assert is_same(Signatory(*signed), sender(*known))


@pytest.mark.parametrize(
    ("signed", "known"),
    [
        (("MARTIN", "Paul"), ("MARTIN", "Jean-Pierre")),
        (("MARTIN PAUL", ""), ("MARTIN", "Jean-Pierre")),
        (("VERNAY", "Jean-Pierre"), ("MARTIN", "Jean-Pierre")),
        (("MARTIN", "P"), ("MARTIN", "Jean")),
        (("MARTINET", "Luc"), ("MARTIN", "Jean")),
        (("MARTEN", "Paul"), ("MARTIN", "Jean")),
        (("LE GOFF", "Anne"), ("LE BRAS", "Anne")),
        (("de Lestrac", "Luc"), ("de Kermadec", "Luc")),
        (("PETIT", ""), ("MARTIN", "Jean")),
    ],
)
def test_two_persons(signed: tuple[str, str], known: tuple[str, str]) -> None:
    assert not is_same(Signatory(*signed), sender(*known))


def test_a_name_in_the_address_is_the_directorys_too() -> None:
    assert is_same(Signatory("LEROY", "Anne"), sender("DURAND", "Anne", "anne.leroy@exemple.mssante.fr"))
    assert not is_same(Signatory("LEROY", "Luc"), sender("DURAND", "Anne", "anne.leroy@exemple.mssante.fr"))
    assert not is_same(Signatory("VERNAY", "Anne"), sender("DURAND", "Anne", "anne.durand@exemple.mssante.fr"))


def test_the_rpps_goes_before_the_name() -> None:
    known = sender("MARTIN", "Jean")
    assert is_same(Signatory("LEROY", "Anne", SENDER.rpps), known)
    assert not is_same(Signatory("MARTIN", "Jean", "10100000016"), known)
    assert is_same(Signatory("MARTIN", "Jean", "10100000016"), replace(known, rpps=""))


def test_who_signs_in_the_senders_place() -> None:
    mine, colleague = Signatory("DURAND", "Marc"), Signatory("LEROY", "Anne")
    assert others(replace(LETTER, signatories=(colleague,)), SENDER) == (colleague,)
    assert others(replace(LETTER, signatories=(colleague, mine)), SENDER) == ()
    assert others(LETTER, SENDER) == ()
    assert others(replace(LETTER, signatories=(colleague,)), None) == ()
