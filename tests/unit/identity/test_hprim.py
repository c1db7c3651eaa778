"""What a text adds to the identity in the fields of a message, or says against it. Every person is invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.identity import hprim
from gateway.identity.match import Policy, match
from gateway.model.identity import Claim
from gateway.model.reasons import Reason

WOMAN = Claim("hprim", family_name="MERCOEUR", first_given="ODILE", given_names="ODILE", birth_date="19510207")
CHILD = replace(WOMAN, first_given="LEO", given_names="LEO", birth_date="20190207")
DAY = "20260605"


def _head(claim: Claim) -> str:
    born = claim.birth_date or ""
    date = f"{born[6:]}/{born[4:6]}/{born[:4]}"
    return f"Expéditeur : Laboratoire du Val\nDestinataire : Dr Hugo Ternier\n\nNom : MERCOEUR\nPrénom : {claim.first_given}\nDate de naissance : {date}\n\n"  # noqa: E501


@pytest.mark.parametrize(
    ("body", "sex"),
    [
        ("Mme MERCOEUR\nHb 13", "F"),
        ("Madame Odile MERCOEUR, née le 07/02/1951", "F"),
        ("Madame MERCOEUR Odile", "F"),
        ("Compte-rendu d'examens de :Mr MERCOEUR ODILE", "M"),
        ("MERCOEUR Odile née le 07/02/1951", "F"),
        ("Sexe : F\nHb 13", "F"),
        ("Mme MERCOEUR née LAVIGNE Odile, née le 07/02/1951", "F"),
        ("Madame LAVIGNE Odile née MERCOEUR", "F"),
        ("Mme LAVIGNE ODILE NÉE MERCOEUR", "F"),
        ("Mme LAVIGNE Paule née MERCOEUR", None),
        ("Nouveau-né MERCOEUR, garçon de Mme MERCOEUR Odile", None),
        ("BB de Mme MERCOEUR Odile", None),
        ("Hb 13", None),
        ("J'ai vu son mari, M. MERCOEUR, ce jour.", None),
        ("Son fils, Monsieur Paul MERCOEUR, l'accompagne.", None),
        ("M. Paul MERCOEUR (mari de la patiente)", None),
        ("Madame le Docteur MERCOEUR\nHb 13", None),
        ("Dr MERCOEUR", None),
        ("Prélevé par Mme DURAND", None),
        ("J'ai reçu Madame Mercoeur et Monsieur Mercoeur.", None),
    ],
)
def test_the_sex_is_that_of_the_same_person(body: str, sex: str | None) -> None:
    assert hprim.completed(WOMAN, _head(WOMAN) + body, DAY).sex == sex


@pytest.mark.parametrize(
    ("body", "sex"),
    [
        ("M. MERCOEUR signale une toux.", None),
        ("Concernant Mme MERCOEUR", None),
        ("L'enfant Léo MERCOEUR, né le 07/02/2019", "M"),
    ],
)
def test_a_civility_before_the_family_name_alone_is_not_a_child_s(body: str, sex: str | None) -> None:
    assert hprim.completed(CHILD, _head(CHILD) + body, DAY).sex == sex


@pytest.mark.parametrize(
    ("body", "birth", "used"),
    [
        ("Mme LAVIGNE ODILE née MERCOEUR", "MERCOEUR", "LAVIGNE"),
        ("Mme MERCOEUR ODILE née LAVIGNE", "LAVIGNE", "MERCOEUR"),
        ("Mme MERCOEUR Odile épouse LAVIGNE", "MERCOEUR", "LAVIGNE"),
    ],
)
def test_both_names_that_the_text_gives_must_fit(body: str, birth: str, used: str) -> None:
    claim = hprim.completed(WOMAN, _head(WOMAN) + body, DAY)
    assert (claim.birth_name, claim.used_name, claim.family_name) == (birth, used, None)
    assert hprim.others(claim, _head(WOMAN) + body) == ()


def test_a_sex_that_is_stated_stays() -> None:
    stated = replace(WOMAN, sex="M")
    assert hprim.completed(stated, _head(WOMAN) + "Mme MERCOEUR", DAY) is stated


@pytest.mark.parametrize(
    "body",
    [
        "Madame Sophie TERRIER, née le 01/02/1960",
        "Patient : TERRIER Paul\nNé le : 03/04/1970",
        "Concernant Mme TERRIER",
        "Mme TERRIER\nHb 13",
        "Date de naissance : 08/02/1951",
    ],
)
def test_another_patient_in_the_text_is_told(body: str) -> None:
    others = hprim.others(WOMAN, _head(WOMAN) + body)
    assert others
    assert match((WOMAN, *others), None, (), Policy()).reason is Reason.IDENTITY_CONFLICT


@pytest.mark.parametrize(
    "body",
    [
        "Hb 13",
        "Madame Odile MERCOEUR, née le 07/02/1951",
        "Mme MERCOEUR née LAVIGNE",
        "Prescripteur : Mme Sophie MARTIN\nHb 13",
        "Monsieur MARTIN\n12 rue des Lilas\n41000 BLOIS\n\nHb 13",
        "Accompagnée de sa fille, Mme Sophie TERRIER.",
    ],
)
def test_a_text_that_agrees_or_says_nothing_adds_nobody(body: str) -> None:
    assert hprim.others(WOMAN, _head(WOMAN) + body) == ()


@pytest.mark.parametrize("line", ["NOUVEAU-NÉ MERCOEUR", "Bébé : MERCOEUR, 3 jours", "BB MERCOEUR Odile"])
def test_a_newborn_is_not_its_mother(line: str) -> None:
    words = f"{line}\nMme MERCOEUR ODILE\nSang de cordon"
    said, baby = _head(WOMAN) + words, replace(WOMAN, birth_date="20260601")
    (child,) = hprim.others(WOMAN, said, "text", DAY)
    assert match((WOMAN, child), None, (), Policy()).reason is Reason.IDENTITY_CONFLICT
    assert hprim.others(baby, _head(baby) + words, "text", DAY) == ()
    assert hprim.others(WOMAN, _head(WOMAN) + "Le nouveau-né va bien.\nNouveau-né : Léo", "text", DAY) == ()


def test_the_text_of_a_file_inside_may_be_of_somebody_else() -> None:
    message = Claim("hl7v2", birth_name="LAVIGNE", first_given="ODILE", birth_date="19510207", sex="F")
    letter = "Madame Sophie TERRIER, née le 01/02/1960, a été vue."
    assert [claim.source for claim in hprim.others(message, letter)] == ["text"]
    assert hprim.others(message, "Madame Odile MERCOEUR née LAVIGNE, née le 07/02/1951, a été vue.") == ()
