"""The title as a record shows it, without date, person or place."""

from __future__ import annotations

import pytest

from gateway.letters import read
from gateway.model.identity import Claim

BRUNEREAU = Claim("text", birth_name="BRUNEREAU", first_given="Odile")


def title(*lines: str) -> str:
    return read(
        "\n".join(("Docteur Anne Vernay", *lines, "L'examen est normal, sans argument pour une lésion.")), [BRUNEREAU]
    ).title


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COMPTE RENDU DE CONSULTATION", "COMPTE RENDU DE CONSULTATION"),
        ("Compte rendu opératoire du 12/03/2026", "Compte rendu opératoire"),
        ("Compte-rendu d'hospitalisation (12/03/2026 - 14/03/2026)", "Compte-rendu d'hospitalisation"),
        (
            "Objet : consultation spécialisée du 04/06/2026 - Mr CASTAING Guillaume, DDN 28/11/1976",
            "consultation spécialisée",
        ),
        ("Examen : IRM du genou droit   Date : 15/06/2026", "IRM du genou droit"),
        ("*** ORDONNANCE ***", "ORDONNANCE"),
        ("Compte rendu de consultation de Mme Zélie PONTAVICE", "Compte rendu de consultation"),
        ("Examen de suivi de l'enfant", "Examen de suivi de l'enfant"),
        ("Certificat médical", "Certificat médical"),
    ],
)
def test_the_words_that_name_the_document(line: str, expected: str) -> None:
    assert title(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "IRM - Scanner - Échographie",
        "Consultations sur rendez-vous",
        "Compte rendu BRUNEREAU Odile",
        "Service de cardiologie",
        "CR relu et validé le 05/03/2026",
        "Nous avons relu le compte rendu opératoire de mars avec la patiente et sa fille.",
    ],
)
def test_what_is_no_title(line: str) -> None:
    assert title(line) == ""


def test_what_says_compte_rendu_goes_before_the_name_of_an_examination() -> None:
    assert title("Échographie", "Compte rendu d'échocardiographie") == "Compte rendu d'échocardiographie"
