"""INS numbers as letters print them, and what they are never taken from."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from gateway.identity.text import claims
from gateway.model.identity import INS_NIA, INS_NIR, INS_NIR_DEMO, INS_NIR_TEST, Ins
from gateway.model.reasons import Reason
from tests.unit.identity.people import JEAN, number, patient
from tests.unit.identity.reading import said_of

PERSON = "Nom de naissance : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M\n"

#: First thirteen characters: plain, Corsica before and after 1976, overseas, abroad, unknown and pseudo months,
#: waiting numbers.
THIRTEEN = {
    "metropolitan": "1560337261123",
    "Corse-du-Sud": "156032A004123",
    "Haute-Corse": "156032B033123",
    "Corsica before 1976": "1560320004123",
    "La Réunion": "1560397411123",
    "Polynesia": "1560398735123",
    "born abroad": "2560399351123",
    "month 20": "1562037261123",
    "month 42": "1564237261123",
    "month 50": "1565037261123",
    "month 62": "1566237261123",
    "month 63": "1566337261123",
    "month 99": "1569937261123",
    "provisional man": "7560337261123",
    "provisional woman": "8560337261123",
    "foreigner under a waiting number": "3560337261123",
}
PRINTS = (" ", ".", "-", "", " . ", "  ")
LABELS = {
    "INS : {}": "",
    "INS n° {}": "",
    "I.N.S. : {}": "",
    "Matricule INS : {} (NIR)": INS_NIR,
    "INS-NIR {}": INS_NIR,
    "NIR INS : {}": INS_NIR,
    "INS (NIA) : {}": INS_NIA,
    "{} (INS-NIA)": INS_NIA,
    "INS {} OID 1.2.250.1.213.1.4.8": INS_NIR,
    "Matricule INS\n{}\nOID : 1.2.250.1.213.1.4.9": INS_NIA,
    "Identité nationale de santé : {} / 1.2.250.1.213.1.4.10": INS_NIR_TEST,
    "Identifiant national de santé (INS) : {} (1.2.250.1.213.1.4.11)": INS_NIR_DEMO,
}
SOCIAL = (
    "N° SS : {}", "N° de sécurité sociale : {}", "Numéro de sécu {}", "NSS {}", "NIR : {}", "N° assuré : {}",
    "NIR de l'assuré : {}", "Matricule de l'assuré : {}", "Immatriculation : {}", "Sécurité sociale (INS) : {}",
    "INS de la mère : {}", "{}", "Assuré : MARTIN Claire {}",
)  # fmt: skip


def _printed(thirteen: str, between: str) -> str:
    n = number(thirteen)
    return between.join((n[0], n[1:3], n[3:5], n[5:7], n[7:10], n[10:13], n[13:]))


def _ins(text: str) -> list[Ins]:
    return [claim.ins for claim in claims(PERSON + text) if claim.ins]


@pytest.mark.parametrize("thirteen", THIRTEEN.values(), ids=THIRTEEN.keys())
def test_every_shape_of_number_is_read_however_it_is_printed(thirteen: str) -> None:
    for between, (label, oid) in product(PRINTS, LABELS.items()):
        assert _ins(label.format(_printed(thirteen, between))) == [Ins(number(thirteen), oid)], (label, between)


@pytest.mark.parametrize("label", SOCIAL)
def test_a_social_security_number_is_no_ins(label: str) -> None:
    for between in PRINTS:
        assert _ins(label.format(_printed("2580737261124", between))) == []


def test_a_social_security_number_neither_proves_nor_disturbs() -> None:
    letter = PERSON + "N° de sécurité sociale de l'assuré : " + _printed("2580737261124", " ")
    assert said_of(letter, (JEAN,)).ipp == "JEAN"
    assert said_of(letter.replace("Né le", "Né(e) le").replace("Sexe : M", "Sexe :"), (JEAN,)).ipp is None


@pytest.mark.parametrize("thirteen", THIRTEEN.values(), ids=THIRTEEN.keys())
@pytest.mark.parametrize("oid", [INS_NIR, INS_NIA])
def test_a_number_with_its_authority_and_its_traits_is_its_holder(thirteen: str, oid: str) -> None:
    held = patient("HELD", "MARTIN", "JEAN", "19560312", "M")
    held = replace(held, ins=Ins(number(thirteen), oid))
    letter = f"{PERSON}Matricule INS : {_printed(thirteen, ' ')}\nOID : {oid}"
    found = said_of(letter, (held,))
    assert (found.ipp, found.rule) == ("HELD", "ins-exact")
    other = INS_NIA if oid == INS_NIR else INS_NIR
    assert said_of(letter, (replace(held, ins=Ins(number(thirteen), other)),)).reason is Reason.IDENTITY_CONFLICT


@pytest.mark.parametrize("oid", [INS_NIR_TEST, INS_NIR_DEMO])
def test_a_number_of_test_is_never_a_patient_of_production(oid: str) -> None:
    letter = f"{PERSON}INS : {_printed('1560337261123', ' ')} OID {oid}"
    assert said_of(letter, (JEAN,)).reason is Reason.IDENTITY_CONFLICT


def test_a_wrong_key_is_kept_as_printed_for_a_person_to_see() -> None:
    assert _ins("INS : 1 56 03 37 261 123 01 (NIR)") == [Ins("156033726112301", INS_NIR)]
