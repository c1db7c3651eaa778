from __future__ import annotations

import pytest

from gateway import decision
from gateway.decision import RuleError
from tests.unit.decision.shipped import FOLDER, book

GOOD = b'[[regle]]\nnom = "A"\nservices = ["x"]\nalimenter = false\n'


def load(text: str, name: str = "local.toml") -> decision.RuleBook:
    return decision.load({name: text.encode()})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[regle]]\nnom = "A"\nservices = ["x"\nalimenter = false', "local.toml, ligne"),
        ('nom = "A', "local.toml, à la fin"),
        ("[[regle]]\nalimenter = false", "[[regle]] n° 1 : la règle n'a pas de nom"),
        ('[[regle]]\nnom = "A"\nalimente = false', "« alimente » est inconnu"),
        ('[[regle]]\nnom = "A"\nalimenter = "non"', "« alimenter » n'a pas la bonne forme"),
        ('[[regle]]\nnom = "A"\nalimenter = 1', "true ou false"),
        ('[[regle]]\nnom = "A"\nservices = ["x"]', "ne décide rien"),
        ('[[regle]]\nnom = "A"\nservices = "x"\nalimenter = false', "n'est pas une liste de textes"),
        ('[[regle]]\nnom = "A"\nservices = []\nalimenter = false', "liste vide"),
        ('[[regle]]\nnom = "A"\nage_moins_de = 400\nalimenter = false', "n'est pas un âge"),
        ('[[regle]]\nnom = "A"\nmots = ["a*b"]\nalimenter = false', "joker"),
        ('[[regle]]\nnom = "A"\nmots = [" "]\nalimenter = false', "liste de textes"),
        ('[[regle]]\nnom = "A"\ntype = "99999-9"', "« 99999-9 » n'existe pas"),
        ('[[regle]]\nnom = "A"\ntypes = ["11488-4"]\ntype = "11488-4"', "ne peut dépendre du type"),
        ('[regle]\nnom = "A"\nalimenter = false', "deux crochets"),
        ('[[regel]]\nnom = "A"', "« regel » est inconnu"),
        ('[[type]]\nnom = "A"\ntype = "11488-4"', "aucun mot à chercher"),
        ('[[type]]\nnom = "A"\ndocuments = ["x"]', "il manque le type"),
        ('type_par_defaut = "nul"', "type_par_defaut"),
        ('pas_un_titre = "x"', "pas_un_titre"),
        ('rappel_jours = "30"', "rappel_jours"),
        ("rappel_jours = 0", "rappel_jours"),
        ("rappel_jours = true", "rappel_jours"),
        ('[[regle]]\nnom = "A"\nalimenter = false\n[[regle]]\nnom = "A"\nalimenter = true', "portent ce nom"),
        ("regle = [1]", "ce n'est pas un tableau"),
    ],
)
def test_a_broken_file_is_refused_in_one_line_that_says_where_and_what(text: str, said: str) -> None:
    with pytest.raises(RuleError) as refused:
        load(text)
    message = str(refused.value)
    assert said in message
    assert message.startswith("local.toml")
    assert "\n" not in message
    assert ";" in message, "what to do follows"


def test_one_broken_file_refuses_them_all() -> None:
    with pytest.raises(RuleError, match=r"b\.toml"):
        decision.load({"a.toml": GOOD, "b.toml": b"["})


def test_a_letter_that_is_not_utf8_is_named_by_its_line() -> None:
    with pytest.raises(RuleError, match=r"ligne 3.*UTF-8"):
        decision.load({"a.toml": b"# un\n# deux\n# \xe9t\xe9\n"})


def test_a_file_too_large_is_refused() -> None:
    with pytest.raises(RuleError, match="Kio"):
        decision.load({"a.toml": b"#" * 300_000})


def test_a_byte_order_mark_is_no_fault_and_other_files_are_left_alone() -> None:
    assert len(decision.load({"a.toml": b"\xef\xbb\xbf" + GOOD, "notes.txt": b"\xff"}).rules) == 1


def test_the_digest_changes_with_each_byte_and_not_with_the_order() -> None:
    one = decision.load({"a.toml": GOOD, "b.toml": b""}).digest
    assert one == decision.load({"b.toml": b"", "a.toml": GOOD}).digest
    assert one != decision.load({"a.toml": GOOD + b"#", "b.toml": b""}).digest
    assert one != decision.load({"a.toml": GOOD}).digest


def test_the_shipped_rules_load_and_have_no_fault_but_the_type_that_the_dmp_refuses() -> None:
    assert {path.name for path in FOLDER.glob("*.toml")} >= {
        "annonce.toml",
        "jamais.toml",
        "mineurs.toml",
        "types.toml",
    }
    remarks = decision.check(book())
    assert [remark for remark in remarks if "56446-8" not in remark] == []


def test_check_names_a_rule_that_can_never_speak() -> None:
    book = load(
        '[[regle]]\nnom = "Large"\nservices = ["a", "b"]\nalimenter = false\n'
        '[[regle]]\nnom = "Étroite"\nservices = ["a"]\nage_moins_de = 3\nalimenter = true\n'
        '[[regle]]\nnom = "Autre"\nservices = ["c"]\nalimenter = true\n'
        '[[regle]]\nnom = "Sauf"\nservices = ["a"]\nalimenter = false\nretenir = true\n'
    )
    remarks = decision.check(book)
    assert len(remarks) == 1
    assert "« Étroite »" in remarks[0]
    assert "« Large »" in remarks[0]


def test_check_does_not_call_a_rule_hidden_by_one_that_has_an_exception() -> None:
    book = load(
        '[[regle]]\nnom = "Large"\nsauf_services = ["a"]\nalimenter = false\n'
        '[[regle]]\nnom = "Étroite"\nservices = ["a"]\nalimenter = true\n'
    )
    assert decision.check(book) == []


def test_check_names_an_unknown_type_and_a_word_given_twice() -> None:
    book = load(
        '[[regle]]\nnom = "R"\ntypes = ["1-1"]\nalimenter = false\n'
        '[[type]]\nnom = "T1"\ntype = "11488-4"\ndocuments = ["avis"]\n'
        '[[type]]\nnom = "T2"\ntype = "34874-8"\ndocuments = ["Avis"]\n'
    )
    unknown, repeated = decision.check(book)
    assert "« 1-1 »" in unknown
    assert "« Avis » est déjà dans « T1 »" in repeated


def test_the_reminder_is_the_rules_own() -> None:
    assert load("").reminder_days == decision.load({}).reminder_days == 30
    assert load("rappel_jours = 12").reminder_days == 12
