"""The engine: first match wins, conditions add up, every decision names its rule."""

from __future__ import annotations

from typing import Any

import pytest

from gateway import decision
from gateway.model.decision import Ruling
from gateway.model.documents import Code
from gateway.model.reasons import Reason
from tests.unit.decision.shipped import question, ruling

CDA = Code("60568-3", "2.16.840.1.113883.6.1", "CR d'anatomie et de cytologie pathologiques")


def asked(rules: str, text: str = "", **given: Any) -> Ruling:
    return decision.rule(question(text, **given), decision.load({"a.toml": rules.encode()}))


def test_without_any_rule_a_document_feeds_and_its_type_is_to_be_confirmed() -> None:
    ruling = asked("")
    assert (ruling.type.code, ruling.type_certain, ruling.feed) == ("11488-4", False, True)
    assert ruling.hold is None
    assert not ruling.invisible_to_patient


def test_the_first_rule_answers_each_question() -> None:
    rules = (
        '[[regle]]\nnom = "un"\nservices = ["a"]\nalimenter = false\n'
        '[[regle]]\nnom = "deux"\nalimenter = true\nretenir = true\nservice = "tri"\n'
    )
    ruling = asked(rules, service="A")
    assert (ruling.feed, ruling.hold, ruling.service) == (False, Reason.HELD_BY_RULE, "tri")
    assert [(s.file, s.rule, s.question) for s in ruling.spoke[1:]] == [
        ("a.toml", "un", "alimenter"),
        ("a.toml", "deux", "retenir"),
        ("a.toml", "deux", "service"),
    ]


@pytest.mark.parametrize(
    ("condition", "given", "holds"),
    [
        ('expediteurs = ["a@b.mssante.fr"]', {"sender": "A@B.mssante.fr"}, True),
        ('expediteurs = ["b.mssante.fr"]', {"sender": "a@b.mssante.fr"}, True),
        ('expediteurs = ["b.mssante.fr"]', {"sender": "a@c.b.mssante.fr"}, False),
        ('expediteurs = ["*.b.mssante.fr"]', {"sender": "a@c.b.mssante.fr"}, True),
        ('expediteurs = ["b.mssante.fr"]', {"sender": "a@evil-b.mssante.fr"}, False),
        ('boites = ["urg*"]', {"mailbox": "urgences"}, True),
        ('specialites = ["G15_60*"]', {"specialty": "G15_60/SI01"}, True),
        ('specialites = ["G15_60"]', {"specialty": "G15_60/SI01"}, False),
        ('types = ["60568-3"]', {"type_given": CDA}, True),
        ('sauf_types = ["60568-3"]', {"type_given": CDA}, False),
        ('objet = ["urgent"]', {"subject": "URGENT : votre patient"}, True),
        ('fichier = ["annexe"]', {"filename": "Lettre_Annexe.pdf"}, True),
        ('titre = ["annexe"]', {"title": "Une annexe"}, True),
        ('titre = ["annexe"]', {"text": "Annexe au dossier"}, True),
        ('titre = ["annexe"]', {"text": "Avec son annexe"}, False),
        ('texte = ["soins palliatifs"]', {"text": "relève de soins\npalliatifs"}, True),
        ('mots = ["urgent"]\nsauf_mots = ["non urgent"]', {"subject": "non urgent"}, False),
        ("age_moins_de = 18", {"age": 17}, True),
        ("age_moins_de = 18", {"age": 18}, False),
        ("age_moins_de = 18", {"age": None}, False),
        ("age_a_partir_de = 75", {"age": 75}, True),
        ("definitif = false", {"final": True}, False),
        ("definitif = false", {"final": False}, True),
    ],
)
def test_conditions(condition: str, given: dict[str, Any], holds: bool) -> None:
    ruling = asked(f'[[regle]]\nnom = "r"\n{condition}\nretenir = true\n', **given)
    assert (ruling.hold is Reason.HELD_BY_RULE) is holds


def test_the_type_that_the_document_states_is_not_overruled() -> None:
    ruling = asked('[[regle]]\nnom = "r"\ntype = "11488-4"\n', type_given=CDA, title="Ordonnance")
    assert ruling.type == CDA
    assert ruling.type_certain


def test_a_rule_of_the_house_gives_a_type_before_any_word() -> None:
    ruling = asked('[[regle]]\nnom = "Labo"\nexpediteurs = ["labo.fr"]\ntype = "11502-2"\n', sender="x@labo.fr")
    assert (ruling.type.code, ruling.type_certain, ruling.spoke[0].rule) == ("11502-2", True, "Labo")


def test_explaining_names_each_rule_in_french() -> None:
    lines = decision.explain(ruling("Examen anatomopathologique\nBiopsie"))
    assert lines[0].startswith("Type du document : 60568-3")
    assert "types.toml" in lines[0]
    assert any(
        "Visible par le patient : non — règle « Anatomie pathologique », fichier annonce.toml" in s for s in lines
    )
    assert lines[-1].startswith("Alimentation du DMP : oui")


def test_an_uncertain_type_is_explained_as_such() -> None:
    lines = decision.explain(ruling("Bonjour"))
    assert "à confirmer" in lines[0]
    assert "à confirmer par une personne" in lines[1]
