"""The index beside the wording: each guard of what a text is taken to state, alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gateway.identity.identify import Evidence, identify
from gateway.identity.match import Policy
from gateway.model.identity import Claim
from gateway.model.reasons import Reason
from tests.unit.identity.people import CLAIRE, JEAN, KARIM, LEA, NEWBORN, OPEN, TOWN, TWIN_A, YOUNG_JEAN
from tests.unit.identity.reading import evidence, said_of

ROW = "MARTIN | Jean | 12/03/1956 | M"


def test_a_row_without_labels_is_what_the_text_states() -> None:
    found = said_of(ROW, TOWN)
    assert (found.ipp, found.rule) == ("JEAN", "stated-in-text")
    assert all(each.claimed for each in found.candidates[0].evidence), "nothing is taken from the index"


@pytest.mark.parametrize(
    "letter",
    [
        "MARTIN | Jean | 12/03/1956",
        "MARTIN | Jean | 12/03/1956 | M / F",
        "MARTIN | Jean | 12/03/1956 | F",
        "MARTIN | 12/03/1956 | M",
        "MARTIN | Jean | M",
        "MARTIN | Jean-Paul | 12/03/1956 | M",
        "MARTIN-DURAND | Jean | 12/03/1956 | M",
        "MARTIN DURAND Jean 12/03/1956 M",
        "MARTIN | Jean | Entrée : 12/03/1956 | M",
        "MARTIN | Jean | 12/03/1956 à 10:30 | M",
        "MARTIN | Jean | consultation du 12/03/1956 | M",
        "MARTIN | Jean | 12/03/1956 | M\nDDN 09/08/1985",
        "MARTIN | Jean | 12/03/1956 | 11/02/1950 | M",
        "Père | MARTIN | Jean | 12/03/1956 | M",
        "Enfant Léa\nMARTIN | Jean | 12/03/1956 | M",
        "Dr MARTIN | Jean | 12/03/1956 | M",
        "Prescripteur : MARTIN Jean 12/03/1956 M",
        "Copie : MARTIN Jean 12/03/1956 M",
        "MARTIN | Jean | 12/03/1956 | M\nMère : X\n",
        "Le conjoint est dit MARTIN Jean 12/03/1956 M",
        "MARTIN | Jean | 12/03/1956 | M\n\n\n\n\nTREMBLAY | Odilon | 04/04/1944 | M",
        "MARTIN | Jean | 12/03/1956 | M\n\n\n\n\nTREMBLAY\nOdilon\n04/04/1944\nM",
        "on dit bien souvent dans cette ville que les gens parlent de MARTIN Jean, DDN 12/03/1956, M",
        "il y a bien longtemps dans cette ville vivait heureux MARTIN Jean 12/03/1956 M",
    ],
)
def test_what_is_not_plainly_an_identity_states_nothing(letter: str) -> None:
    assert said_of(letter, TOWN).ipp is None


def test_a_date_without_a_word_may_be_that_of_the_letter() -> None:
    assert said_of("PETIT | Adam | 01/03/2026 | M", TOWN).ipp is None
    assert said_of("PETIT | Adam | né le 01/03/2026 | M", TOWN).ipp == NEWBORN.ipp
    old = replace(evidence("PETIT | Adam | 01/03/2026 | M"), on=date(2031, 1, 1))
    assert identify(old, TOWN, OPEN).ipp == NEWBORN.ipp


def test_two_who_stand_there_are_nobody() -> None:
    assert said_of(f"{ROW}\nBEN ALI | Karim | 09/08/1985 | M", TOWN).ipp is None
    assert said_of(f"{ROW}\nBEN ALI | Karim | 09/08/1985 | M", (KARIM,)).ipp is None
    twin = "on se souvient très bien ici de ce que disait alors la petite ROUX Anaëlle 04/04/2003"
    assert said_of("ROUX | Anaïs | 04/04/2003 | F", TOWN).ipp == TWIN_A.ipp
    assert said_of(f"ROUX | Anaïs | 04/04/2003 | F\n\n\n\n\n{twin}", TOWN).ipp is None


def test_two_records_of_one_name_and_date_are_ambiguous() -> None:
    twice = replace(JEAN, ipp="TWICE", ins=None)
    assert said_of(ROW, (JEAN, twice)).ipp is None


def test_what_the_wording_says_of_somebody_else_is_not_completed() -> None:
    for named in ("Concerne : M. Odilon TREMBLAY", "Concerne : Mme Claire DUPONT", "Patient : enfant LEROY Emma"):
        assert said_of(f"{named}\n\n\n\n\n\n{ROW}", TOWN).ipp is None


def test_what_a_form_leaves_both_ways_is_not_completed() -> None:
    form = "Madame Jean MARTIN, né le 12/03/1956\n"
    assert said_of(form, TOWN).ipp is None
    assert said_of(f"{form}\n\n\n\n\n{ROW}", TOWN).ipp is None


def test_a_header_without_sex_is_completed_by_its_letter() -> None:
    letter = evidence("J'ai vu Monsieur Jean MARTIN\n\nMARTIN Jean né le 12/03/1956 M")
    header = Claim("hprim", family_name="MARTIN", given_names="JEAN", birth_date="19560312")
    assert identify(replace(letter, claims=(header,)), TOWN, OPEN).ipp == "JEAN"
    other = replace(header, given_names="PAUL")
    assert identify(replace(letter, claims=(other,)), TOWN, OPEN).ipp is None


def test_a_coded_header_is_not_completed_by_a_text() -> None:
    header = Claim("cda", family_name="MARTIN", given_names="JEAN", birth_date="19560312")
    assert identify(replace(evidence(ROW), claims=(header,)), TOWN, OPEN).ipp is None


def test_what_the_text_says_besides_of_the_patient_must_be_his() -> None:
    letter = "Patient : M. Jean MARTIN, né le 12/03/1956\n\nTexte.\n\n"
    assert said_of(letter + "Jean MARTIN (M) page 1", TOWN).ipp == "JEAN"
    for other in ("Jean MARTIN (F) page 1", "Jean MARTIN née DUPONT page 1"):
        found = said_of(letter + other, TOWN)
        assert (found.ipp, found.reason, found.rule) == (None, Reason.IDENTITY_CONFLICT, "text-disagrees")


@pytest.mark.parametrize(
    "beside",
    [
        "DUPONT Claire 01/07/1958 page 1/1",
        "Claire MARTIN | 01/07/1958",
        "Nom du malade précédent DUPONT\nClaire\n01/07/1958",
        "Claire DUPONT, DDN le premier juillet mil neuf cent cinquante-huit",
    ],
)
def test_another_patient_in_the_text_holds_it(beside: str) -> None:
    found = said_of(f"Patient : M. Jean MARTIN, né le 12/03/1956\n\nTexte.\n\n\n{beside}", TOWN)
    assert (found.ipp, found.reason) == (None, Reason.SEVERAL_PATIENTS)
    assert {"JEAN", "CLAIRE"} & {one.ipp for one in found.candidates}


@pytest.mark.parametrize(
    "beside",
    [
        "Dr Claire DUPONT 01/07/1958",
        "Épouse : Claire DUPONT 01/07/1958",
        "Copie à : Mme Claire DUPONT 01/07/1958",
        "Claire DUPONT\nConsultation du 01/07/1958",
        "Claire DUPONT",
        "Le 01/07/1958",
    ],
)
def test_somebody_explained_or_not_dated_disturbs_nothing(beside: str) -> None:
    assert said_of(f"Patient : M. Jean MARTIN, né le 12/03/1956\n\nTexte.\n\n\n{beside}", TOWN).ipp == "JEAN"


def test_a_match_that_a_person_must_see_is_doubted_too() -> None:
    letter = evidence("Patient : M. Jean MARTIN, né le 12/03/1956\n\nTexte.\n\n\nDUPONT Claire 01/07/1958 page 1/1")
    assert identify(letter, TOWN, Policy()).reason is Reason.SEVERAL_PATIENTS
    assert identify(evidence(ROW), TOWN, Policy()).reason is Reason.HELD_BY_RULE


def test_the_homonym_s_date_beside_the_name_is_ambiguous() -> None:
    found = said_of("Patient : M. Jean MARTIN, né le 12/03/1956\n\n\nMARTIN Jean 12/03/1986 page 1/1", TOWN)
    assert (found.ipp, found.reason) == (None, Reason.IDENTITY_AMBIGUOUS)
    assert {one.ipp for one in found.candidates} >= {JEAN.ipp, YOUNG_JEAN.ipp}


def test_a_name_inside_a_longer_one_is_not_sighted() -> None:
    longer = replace(TWIN_A, ipp="LONGER", first_given="ANAIS-ROSE", given_names="ANAIS-ROSE")
    found = said_of(
        "Patiente : Mme Anaïs-Rose ROUX, née le 04/04/2003\n\n\nROUX Anaïs-Rose 04/04/2003", (TWIN_A, longer)
    )
    assert found.ipp == "LONGER"


def test_a_letter_of_nobody_proposes_whoever_stands_in_it() -> None:
    found = said_of("MARTIN | Léa | 15/11/2015", TOWN)
    assert (found.reason, [one.ipp for one in found.candidates]) == (Reason.IDENTITY_MISSING, [LEA.ipp])


def test_without_a_text_nothing_is_added() -> None:
    said = Evidence((Claim("text", family_name="MARTIN"),))
    assert identify(said, (JEAN, CLAIRE), OPEN).reason is Reason.IDENTITY_INCOMPLETE


def test_a_word_that_announces_a_child_is_no_part_of_the_name() -> None:
    header = Claim("hprim", family_name="MARTIN", first_given="JEAN", birth_date="19560312", sex="M")
    for line, ipp in (("Enfant MARTIN Jean, né le 12/03/1956", JEAN.ipp), ("Bébé MARTIN Jean, né le 12/03/1956", None)):
        assert identify(Evidence((header,), None, line), (JEAN,), OPEN).ipp == ipp
