"""The day of the act, among births, appointments, antecedents and stamps."""

from __future__ import annotations

import pytest

from gateway.letters import read
from gateway.model.identity import Claim

BORN = Claim("text", birth_name="BRUNEREAU", first_given="Odile", birth_date="19570412")


def act_date(*lines: str, received: str = "20260401") -> str:
    return read("\n".join(lines), [BORN], received).act_date


@pytest.mark.parametrize(
    "line",
    [
        "Compte rendu de consultation du 12/03/2026",
        "Compte rendu de consultation - le 12.03.26",
        "COMPTE RENDU DE CONSULTATION DU 12 MARS 2026",
        "Compte rendu de consultation\nRéalisé le 12 mars 2026",
        "Compte rendu de consultation\n12/03/2026",
        "Date de l'examen : 12/03/2026",
        "Date de l'examen\n12/03/2026",
        "Date de l'acte : 2026-03-12",
        "Examen du 12/03/2026",
        "Date de consultation : 12-03-2026",
        "Intervention du 12/03/2026",
        "Prélevé le 12/03/2026 à 08h15",
        "Valbrune, le 12 mars 2026",
        "Valbrune, le jeudi 12 mars 2026",
        "Le 12/03/2026",
        "Fait à Valbrune, le 12/03/2026",
        "J'ai vu en consultation le 12 mars 2026 votre patiente, pour une dyspnée.",
        "Votre patiente a été hospitalisée dans le service du 12/03/2026 au 18/03/2026 pour une pneumopathie.",
    ],
)
def test_the_day_is_read_where_it_is_said(line: str) -> None:
    assert act_date("Docteur Anne Vernay", "Mme Odile BRUNEREAU née le 12/04/1957", line, "Tout va bien.") == "20260312"


@pytest.mark.parametrize(
    "line",
    [
        "née le 12/03/1957",
        "Date de naissance : 12/03/1957",
        "12/04/1957",
        "Prochain rendez-vous le 12/03/2026",
        "Consultation prévue le 12/05/2026",
        "Antécédents : fracture du poignet le 12/03/2024",
        "Elle avait été vue en consultation le 12/03/2025 par un confrère pour la même plainte.",
        "Document validé le 12/03/2026",
        "Édité le 12/03/2026",
        "Vaccination antigrippale faite le 12.03.2026.",
        "Dernier bilan biologique du 12/03/2026 : normal",
        "Dans les suites de l'intervention du 12/03/2019, la patiente va bien et reprend la marche.",
        "Date de l'examen : 31/02/2026",
    ],
)
def test_other_days_are_not_taken_for_it(line: str) -> None:
    assert act_date("Docteur Anne Vernay", "Mme Odile BRUNEREAU", line, "Tout va bien.") == ""


def test_nothing_lies_after_the_mail() -> None:
    assert act_date("Compte rendu de consultation du 12/05/2026") == ""
    assert act_date("Compte rendu de consultation du 12/05/2026", received="") == "20260512"


def test_two_different_days_of_one_label_are_doubtful() -> None:
    assert act_date("Date de l'examen : 12/03/2026", "Date de l'examen : 14/03/2026") == ""


def test_the_day_of_the_act_goes_before_that_of_the_letter() -> None:
    assert act_date("Valbrune, le 18/03/2026", "Date de l'examen : 12/03/2026") == "20260312"
