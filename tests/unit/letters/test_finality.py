"""Marks that a document bears about itself, and the same words about something else."""

from __future__ import annotations

import pytest

from gateway.letters import read
from gateway.letters.finality import Finality

BODY = """Docteur Anne Vernay
Cardiologie
12 rue du Moulin
37100 Valbrune
Mme Odile BRUNEREAU, née le 12/04/1957
Compte rendu de consultation
Cher Confrère,
J'ai vu ce jour en consultation votre patiente pour une dyspnée d'effort.
{body}
Je la reverrai dans six mois avec un nouveau bilan.
Bien confraternellement,
Docteur Anne Vernay
{foot}
"""


def finality(*, body: str = "L'examen est normal ce jour.", foot: str = "", title: str = "") -> Finality:
    text = BODY.format(body=body, foot=foot)
    return read(text.replace("Compte rendu de consultation", title) if title else text).finality


@pytest.mark.parametrize(
    "mark",
    [
        "PROVISOIRE",
        "Document provisoire",
        "COMPTE RENDU PROVISOIRE",
        "Compte-rendu non validé",
        "Document non validé",
        "Courrier dicté, non relu",
        "Dicté et non relu",
        "Lettre dictée non relue pour ne pas en retarder l'envoi",
        "En attente de validation",
        "Compte rendu en attente de validation médicale",
        "En attente de validation par le Dr Vernay",
        "Projet de compte rendu",
        "BROUILLON",
        "Statut : provisoire",
        "Résultats partiels",
        "Compte rendu en cours de validation",
        "Non relu par le Dr Vernay",
        "Version non définitive",
        "Résultats préliminaires",
        "Document non signé",
        "Page 1/2 - Document provisoire",
    ],
)
def test_a_mark_alone_on_its_line_says_that_the_document_is_not_final(mark: str) -> None:
    assert not finality(foot=mark).final
    assert not finality(title=mark).final


@pytest.mark.parametrize(
    "title",
    [
        "Compte rendu opératoire provisoire",
        "Compte rendu provisoire d'hospitalisation",
        "COMPTE RENDU PROVISOIRE DU 12/03/2026",
        "Résultats partiels de biologie",
        "Projet de courrier de consultation",
    ],
)
def test_a_title_says_so_among_other_words(title: str) -> None:
    assert not finality(title=title).final


@pytest.mark.parametrize(
    "body",
    [
        "Le diagnostic provisoire est celui d'une polyarthrite débutante.",
        "Une prothèse provisoire a été posée en attendant l'implant.",
        "Le compte rendu provisoire de mars évoquait une lésion bénigne.",
        "Nous avions reçu des résultats partiels de la biologie en avril.",
        "Le score n'est pas validé chez l'enfant de moins de deux ans.",
        "Je suis en attente de validation du dossier par la MDPH.",
        "Diagnostic : provisoire, à réévaluer.",
        "Plâtre provisoire",
        "Traitement non validé par la RCP.",
        "Ce compte rendu définitif remplace le compte rendu provisoire du 3 mars.",
        "Pacemaker provisoire retiré à J2.",
        "Amélioration partielle",
    ],
)
def test_the_same_words_about_something_else_say_nothing(body: str) -> None:
    assert finality(body=body) == Finality()


def test_a_final_report_that_follows_a_provisional_one_is_final() -> None:
    found = finality(title="Compte rendu définitif, annule et remplace le compte rendu provisoire du 03/03/2026")
    assert found.final
    assert found.replaces


@pytest.mark.parametrize(
    "mark", ["Annule et remplace le compte rendu du 03/03/2026", "ANNULE ET REMPLACE", "Version rectifiée"]
)
def test_a_letter_that_replaces_another_is_final_and_says_so_in_its_title(mark: str) -> None:
    said = read(BODY.format(body=mark, foot=""))
    assert said.finality.final
    assert said.finality.replaces
    assert not said.finality.withdrawn
    assert said.title == "Compte rendu de consultation (annule et remplace)"


@pytest.mark.parametrize(
    "mark", ["DOCUMENT ANNULÉ", "Compte rendu annulé", "Résultats annulés", "Courrier annulé le 04/03/2026"]
)
def test_a_document_that_is_withdrawn(mark: str) -> None:
    assert finality(foot=mark).withdrawn


@pytest.mark.parametrize(
    "body", ["La consultation de mars a été annulée.", "Rendez-vous annulé par la patiente.", "Intervention annulée"]
)
def test_what_was_cancelled_in_real_life_withdraws_no_document(body: str) -> None:
    assert not finality(body=body).withdrawn
