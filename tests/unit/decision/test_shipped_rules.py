"""The rules as shipped, on letters of a kind that practices send (all invented)."""

from __future__ import annotations

import pytest

from gateway.model.documents import Code
from tests.unit.decision.shipped import ruling

RADIOLOGIST, BIOLOGIST, CARDIOLOGIST, PSYCHIATRIST = "G15_10/SM44", "G15_21/G", "G15_10/SM04", "G15_10/SM42"


@pytest.mark.parametrize(
    ("text", "given", "code"),
    [
        ("Dr P. Morel\nCompte-rendu opératoire du 12/03/2026\nOpérateur : Dr Morel", {}, "34874-8"),
        ("Service de chirurgie\nLETTRE DE LIAISON À LA SORTIE\nDate d'entrée : 3/3/2026", {}, "11490-0"),
        ("C.R. d'hospitalisation du 3 au 8 mars 2026", {}, "34112-3"),
        ("Cher ami,\nJe vous adresse Mme Roux pour une échographie du genou.", {}, "96349-6"),
        ("Cher ami,\nMerci de m'avoir adressé M. Roux, 45 ans, pour une échographie du genou.", {}, "18748-4"),
        ("Chère Consœur,\nJ'ai vu en consultation votre patiente pour des vertiges.", {}, "11488-4"),
        ("Fiche de RCP de sénologie", {}, "34794-8"),
        ("Centre de pathologie\nEXAMEN ANATOMO-PATHOLOGIQUE\nBiopsies gastriques", {}, "60568-3"),
        ("ORDONNANCE\nM. Roux\n20 séances de kinésithérapie du genou", {}, "PRESC-KINE"),
        ("ORDONNANCE\nM. Roux\nAmoxicilline 1 g : 1 comprimé matin et soir", {}, "57833-6"),
        ("Ordonnance\nPansement par une infirmière à domicile un jour sur deux", {}, "PRESC-INF"),
        ("Ordonnance\nFaire pratiquer : NFS, CRP, ionogramme", {}, "PRESC-BIO"),
        ("Demande d'IRM cérébrale", {}, "55115-0"),
        ("Laboratoire\nOrdonnance du 12/03/2026\nBIOCHIMIE\nGlucose 5,1", {"specialty": BIOLOGIST}, "11502-2"),
        ("Mme Roux\nMammographie bilatérale\nIndication : dépistage", {"specialty": RADIOLOGIST}, "18748-4"),
        ("Échographie transthoracique du 3 mars 2026\nVG non dilaté", {"specialty": CARDIOLOGIST}, "70004-7"),
        ("Coloscopie totale\nIndication : rectorragies", {}, "70004-7"),
        ("Bilan orthophonique\nNom : Roux", {}, "47420-5"),
        ("Consultation d'anesthésie\nASA 2", {}, "34749-2"),
        ("Examen ophtalmologique\nAcuité 10/10", {}, "78513-9"),
        ("Je soussigné Dr Morel certifie que M. Roux peut pratiquer le football.", {}, "89601-9"),
        ("Volet de synthèse médicale (VSM)", {}, "60591-5"),
        ("Compte rendu d'accouchement", {}, "15508-5"),
        ("Compte rendu de téléconsultation", {}, "85208-7"),
        ("", {"subject": "CR IRM genou", "filename": "scan0001.pdf"}, "18748-4"),
        ("", {"filename": "CompteRenduOperatoire_ROUX.pdf"}, "34874-8"),
        ("", {"title": "Lettre de sortie"}, "11490-0"),
    ],
)
def test_a_letter_that_says_what_it_is(text: str, given: dict[str, str], code: str) -> None:
    found = ruling(text, **given)
    assert (found.type.code, found.type_certain) == (code, True), found.spoke[0]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Bonjour,\nvoici le document demandé.", {}),
        ("", {"subject": "IRM genou ROUX", "filename": "scan0001.pdf"}),
        ("Courrier\nVotre patient va bien.", {"specialty": RADIOLOGIST}),
        ("Dr B\nÉchographie cardiaque\nHolter ECG\nCher confrère,\nJe vous remercie de m'avoir adressé M. Roux", {}),
        ("Chère amie,\nLe compte rendu opératoire vous parviendra. L'IRM est normale.", {}),
    ],
)
def test_a_guess_is_never_given_as_a_fact(text: str, given: dict[str, str]) -> None:
    assert not ruling(text, **given).type_certain


def test_the_title_beats_the_subject_and_the_letterhead() -> None:
    letter = (
        "Cardiologie\nÉchographie - Holter - Épreuve d'effort\nConsultations externes\nCompte rendu de consultation"
    )
    assert ruling(letter, subject="Ordonnance").type.code == "11488-4"


def test_words_in_the_prose_name_no_document() -> None:
    letter = "Cher ami,\nJ'ai vu ce jour M. Roux.\nIl apporte une\nOrdonnance du 12/03/2026\net un\nCRO"
    assert ruling(letter).type.code == "11488-4"


@pytest.mark.parametrize("code", ["60568-3", "34794-8", "51969-4"])
def test_what_is_to_be_announced_feeds_and_is_hidden_from_the_patient(code: str) -> None:
    found = ruling(type_given=Code(code))
    assert found.invisible_to_patient
    assert found.feed
    assert not found.invisible_to_representatives


def test_the_words_of_an_announcement_hide_too() -> None:
    assert ruling("Compte rendu de consultation\nDécouverte d'un adénocarcinome colique").invisible_to_patient
    assert not ruling("Compte rendu de consultation\nAngine").invisible_to_patient


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Compte rendu de consultation\nDemande de contraception", {"age": 15}),
        ("Compte rendu de consultation", {"age": 16, "specialty": PSYCHIATRIST}),
        ("Bilan\nÀ l'insu de ses parents", {"age": 13}),
    ],
)
def test_a_minors_secret_waits_for_a_professional(text: str, given: dict[str, object]) -> None:
    found = ruling(text, **given)
    assert found.wait_for_professional
    assert found.hold is None, "the record gets it"
    assert not ruling(text, **(given | {"age": 18})).wait_for_professional


def test_ordinary_letters_of_minors_do_not_wait() -> None:
    assert not ruling("Examen de suivi de l'enfant\nVaccins à jour", age=3).wait_for_professional


def test_an_invoice_is_not_fed_and_a_letter_that_mentions_one_is() -> None:
    assert not ruling("Facture n° 12\nConsultation du 12/03/2026 : 60 euros").feed
    assert ruling("Compte rendu de consultation\nLa facture suivra.").feed
    assert ruling("Dr B, carte vitale acceptée\nCompte rendu de consultation").feed
