"""What the operator is told of the ANS's package: nothing when all is there, one line for what lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from gateway.app import ans_package
from gateway.app.config import load
from gateway.model.settings import Settings
from tests.unit.app.test_config import BASE

RULES = '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern>{}</pattern></schema>'
RULE = '<rule context="/"><assert test="{}">Faux.</assert></rule>'


def settings(folder: Path, schemas: Path | None, *, enabled: bool = True) -> Settings:
    (folder / "gateway.toml").write_text(BASE, encoding="utf-8")
    read = load(folder / "gateway.toml")
    return structs.replace(read, dmp=structs.replace(read.dmp, enabled=enabled, schemas=schemas))


def package(folder: Path) -> Path:
    """A package in an arrangement of its own."""
    deep = folder / "ans" / "2031" / "regles"
    deep.mkdir(parents=True)
    (deep / "CDA_extended.xsd").write_text("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>")
    (deep / "STRUC-MIN-v9.sch").write_text(RULES.format(RULE.format("true()")))
    (deep / "CI-SIS_LDL-SES_2031.01.sch").write_text(RULES.format(RULE.format("true()")))
    return folder / "ans"


def test_nothing_is_said_of_a_whole_package(tmp_path: Path) -> None:
    whole = settings(tmp_path, package(tmp_path))
    assert list(ans_package.remarks(whole)) == []
    assert ans_package.judged(whole) == "schéma, structuration minimale, 1 modèle de contenu"


def test_without_a_package_the_check_is_off_and_said(tmp_path: Path) -> None:
    (remark,) = ans_package.remarks(settings(tmp_path, None))
    assert "[dmp] schemas : absent" in remark
    assert ans_package.judged(settings(tmp_path, None)) == "aucun ([dmp] schemas)"


def test_nothing_is_said_where_nothing_goes_to_the_dmp(tmp_path: Path) -> None:
    assert list(ans_package.remarks(settings(tmp_path, None, enabled=False))) == []
    assert ans_package.judged(settings(tmp_path, None, enabled=False)) == ""


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("CDA_extended.xsd", "CDA_extended.xsd ne s'y trouve pas"),
        ("STRUC-MIN-v9.sch", "structuration minimale"),
        ("CI-SIS_LDL-SES_2031.01.sch", "modèles de contenu"),
    ],
)
def test_what_lacks_is_named(tmp_path: Path, gone: str, words: str) -> None:
    folder = package(tmp_path)
    next(folder.rglob(gone)).unlink()
    (remark,) = ans_package.remarks(settings(tmp_path, folder))
    assert words in remark


def test_a_value_set_that_lacks_is_named(tmp_path: Path) -> None:
    folder = package(tmp_path)
    rules = next(folder.rglob("CI-SIS_*.sch"))
    rules.write_text(RULES.format(RULE.format("doc('valeurs/JDV_X.xml')//@code = 'a'")))
    (remark,) = ans_package.remarks(settings(tmp_path, folder))
    assert "valeurs/JDV_X.xml" in remark


def test_a_schematron_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = package(tmp_path)
    next(folder.rglob("CI-SIS_*.sch")).write_text("<schema")
    (remark,) = ans_package.remarks(settings(tmp_path, folder))
    assert "illisible" in remark
