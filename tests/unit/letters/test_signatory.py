"""Who signs, and who is only named."""

from __future__ import annotations

import pytest

from gateway.letters import read
from gateway.model.identity import Claim

HEAD = """Clinique du Val
Service de cardiologie
Docteur Paul CASTELNAU
3 place de la Mairie
37200 Bellefond
Valbrune, le 04/03/2026
Mme Odile BRUNEREAU, née le 12/04/1957
Compte rendu de consultation
Cher Confrère,
J'ai vu ce jour en consultation votre patiente, suivie par le Dr Henri Tolbiac pour une dyspnée.
Elle a été opérée par le Pr Mérieux en 2019, sans complication à distance de ce geste.
"""
FORMULA = "Je vous prie de croire, cher confrère, à l'assurance de mes sentiments les meilleurs.\n"


def signs(text: str) -> list[tuple[str, str]]:
    return [(one.given, one.family) for one in read(text).signatories]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Docteur Anne VERNAY", ("Anne", "VERNAY")),
        ("Dr Anne Vernay", ("Anne", "Vernay")),
        ("Dr Paul-Henri d'Espinay", ("Paul-Henri", "d'Espinay")),
        ("Docteur Luce de L'Isle", ("Luce", "de L'Isle")),
        ("Dr VERNAY Anne", ("Anne", "VERNAY")),
        ("Dr. A. VERNAY", ("A", "VERNAY")),
        ("Pr Jean-Pierre LE GOFF", ("Jean-Pierre", "LE GOFF")),
        ("Docteur J.P. Le Goff", ("J.P", "Le Goff")),
        ("DR ANNE VERNAY", ("", "ANNE VERNAY")),
        ("Dr Anne VERNAY, cardiologue", ("Anne", "VERNAY")),
        ("Dr Anne VERNAY - Chef de service", ("Anne", "VERNAY")),
        ("Dr Anne de Lestrac", ("Anne", "de Lestrac")),
        ("Dr Anne-Lise d'Ormond", ("Anne-Lise", "d'Ormond")),
        ("Dr Anne d’ORMOND", ("Anne", "d’ORMOND")),
        ("Docteur VERNAY", ("", "VERNAY")),
        ("Dr Karim Haddad (remplaçant le Dr Anne Vernay)", ("Karim", "Haddad")),
        ("Dr Karim HADDAD remplaçant du Dr Anne VERNAY", ("Karim", "HADDAD")),
        ("P/O Dr Anne VERNAY", ("Anne", "VERNAY")),
        ("Anne VERNAY", ("Anne", "VERNAY")),
        ("Mme Julie PETIT, sage-femme", ("Julie", "PETIT")),
        ("Julie Petit\nMasseur-kinésithérapeute", ("Julie", "Petit")),
    ],
)
def test_the_name_below_the_closing_formula(written: str, expected: tuple[str, str]) -> None:
    assert signs(HEAD + FORMULA + written) == [expected]


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("Signé électroniquement par Dr Anne Vernay le 04/03/2026 à 10:12", [("Anne", "Vernay")]),
        ("Document validé par Dr Anne Vernay le 04/03/2026", [("Anne", "Vernay")]),
        ("Validé le 04/03/2026 par : Docteur Anne VERNAY", [("Anne", "VERNAY")]),
        ("Compte rendu validé par le Dr Anne VERNAY", [("Anne", "VERNAY")]),
        ("Signataire : Dr Anne VERNAY", [("Anne", "VERNAY")]),
        ("Résultats validés par Anne VERNAY - 04/03/2026", [("Anne", "VERNAY")]),
        ("Dicté par Dr Anne Vernay, relu par Dr Luc Ozanne", [("Anne", "Vernay"), ("Luc", "Ozanne")]),
        ("Signature :\nDr Anne VERNAY", [("Anne", "VERNAY")]),
    ],
)
def test_what_says_who_signs(mark: str, expected: list[tuple[str, str]]) -> None:
    assert signs(HEAD + mark) == expected


def test_a_doctor_alone_at_the_end_signs_without_a_formula() -> None:
    assert signs(HEAD + "Dr Anne Vernay\nCR relu le 05/03/2026") == [("Anne", "Vernay")]


def test_two_who_sign_are_both_given() -> None:
    beside = "Dr Paul DURIF, interne          Pr Anne VERNAY"
    assert signs(HEAD + FORMULA + beside) == [("Paul", "DURIF"), ("Anne", "VERNAY")]
    assert signs(HEAD + FORMULA + "Léa Dubourg, interne\nDr Anne VERNAY") == [("Léa", "Dubourg"), ("Anne", "VERNAY")]


@pytest.mark.parametrize(
    "foot",
    [
        "Copie : Dr Henri Tolbiac",
        "Copies à :\nDr Henri Tolbiac\nDr Paul Castelnau",
        "CC Dr Henri TOLBIAC, Pr Mérieux",
        "Destinataires : Docteur Henri TOLBIAC",
        "Double au Dr Henri Tolbiac",
        "Médecin traitant : Dr Henri Tolbiac",
        "Secrétariat du Dr Henri Tolbiac : 02 47 00 00 00",
        "Docteur Paul CASTELNAU\n3 place de la Mairie\n37200 Bellefond",
    ],
)
def test_who_receives_a_copy_does_not_sign(foot: str) -> None:
    assert signs(f"{HEAD}{FORMULA}Dr Anne VERNAY\n{foot}") == [("Anne", "VERNAY")]


def test_nobody_signs_when_only_others_are_named() -> None:
    assert signs(HEAD) == []
    assert signs(HEAD + FORMULA + "Copie : Dr Henri Tolbiac") == []
    assert signs(HEAD + "Examen demandé par le Dr Henri Tolbiac et relu par ses soins après la réunion.") == []


def test_a_letterhead_with_a_rpps_is_that_of_who_signs() -> None:
    own = "Dr Anne VERNAY\nCardiologie\n12 rue du Moulin\n37100 Valbrune\nRPPS 10100000016\n"
    assert signs(own + HEAD) == [("Anne", "VERNAY")]
    assert read(own + HEAD).signatories[0].rpps == "10100000016"


def test_the_letterhead_of_a_group_says_nothing() -> None:
    group = "Dr Anne VERNAY - Dr Luc Ozanne\nDr Karim Haddad\nRPPS 10100000016\n"
    assert signs(group + HEAD) == []


def test_an_addressee_on_top_is_no_letterhead() -> None:
    assert signs("Docteur Paul CASTELNAU\nMédecin généraliste\n3 place de la Mairie\n37200 Bellefond\n" + HEAD) == []


def test_a_rpps_beside_the_name_is_kept_when_its_key_is_right() -> None:
    text = HEAD + FORMULA + "Dr Anne VERNAY\nRPPS : 10100000016"
    (one,) = read(text).signatories
    assert one.rpps == "10100000016"
    assert one.line == text.count("\n")


def test_a_rpps_with_a_wrong_key_is_none() -> None:
    (one,) = read(HEAD + FORMULA + "Dr Anne VERNAY\nRPPS : 10100000017").signatories
    assert one.rpps == ""


def test_the_patient_signs_nothing() -> None:
    claim = Claim("text", birth_name="BRUNEREAU", first_given="Odile")
    assert read(HEAD + FORMULA + "Odile BRUNEREAU", [claim]).signatories == ()
