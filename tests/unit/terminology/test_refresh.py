"""Value sets of the hospital's own: what is taken of the ANS's files, what is refused, and that it is then used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import terminology
from gateway.terminology.own import MAX_FILE, TerminologyError
from gateway.terminology.published import MAX_CODES, read
from gateway.terminology.refresh import compare, in_use, summary, write
from tests.outside import corpora

NOS = "https://mos.esante.gouv.fr/NOS"
TRE_A05 = f"{NOS}/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
LOINC = "2.16.840.1.113883.6.1"


@pytest.fixture(autouse=True)
def _packaged_again() -> Iterator[None]:
    yield
    terminology.use(None)


def value_set(name: str = "JDV-J66-TypeCode-DMP", version: str = "20260629120000", **more: Any) -> bytes:
    """A ValueSet as the ANS publishes them, small."""
    included = [
        {"system": TRE_A05, "concept": [{"code": "CERT_DECL", "display": "Certificat, déclaration"}]},
        {"system": "http://loinc.org", "concept": [{"code": "11488-4"}, {"code": "99999-1", "display": "CR d'essai"}]},
    ]
    resource = {
        "resourceType": "ValueSet",
        "id": name,
        "version": version,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.213.1.1.5.7"}],
        "compose": {"include": included},
    }
    return json.dumps({**resource, **more}).encode()


def class_map(**classes: str) -> bytes:
    element = [{"code": code, "target": [{"code": target}]} for code, target in classes.items()]
    return json.dumps(
        {
            "resourceType": "ConceptMap",
            "id": "ASS-X04-CorrespondanceType-Classe-CISIS",
            "identifier": {"value": "urn:oid:1.2.250.1.213.1.1.4.249"},
            "date": "2026-06-29T12:00:00+01:00",
            "group": [{"source": "http://loinc.org", "element": element}, {"element": [{"code": "x", "target": []}]}],
        }
    ).encode()


def taken(folder: Path, data: bytes, *systems: bytes) -> None:
    write(folder, compare(read(data), map(read, systems), "essai.json", force=True).new)
    terminology.use(folder)


def test_every_set_of_the_corpora_that_we_use_is_what_we_package() -> None:
    folder = corpora("cda-validation", "jeuxDeValeurs")
    seen = []
    for path in sorted(folder.glob("JDV_J[0-9]*.xml")):
        published = read(path.read_bytes())
        if published.name not in terminology.VERSIONS:
            with pytest.raises(TerminologyError, match="n'emploie pas"):
                compare(published, (), path.name)
            continue
        change = compare(published, (), path.name)
        assert (change.added, change.dropped) == ((), ()), path.name
        assert change.new.version == change.before
        seen.append(published.name)
        for one in change.new.entries:
            known = terminology.concept(published.name, one.code)
            assert known is not None
            assert known.system == one.system, one.code
    assert {"JDV_J01", "JDV_J02", "JDV_J04", "JDV_J07", "JDV_J08", "JDV_J47"} <= set(seen)


def test_the_hospital_s_version_stands_in_place_of_the_packaged_one(tmp_path: Path) -> None:
    taken(tmp_path, value_set())
    assert terminology.contains("JDV_J66", "99999-1")
    assert not terminology.contains("JDV_J66", "11490-0")
    assert terminology.contains("JDV_J07", "11490-0"), "another set stays as packaged"
    concept = terminology.concept("JDV_J66", "11488-4")
    assert concept is not None
    assert (concept.system, concept.label) == (LOINC, "CR ou fiche de consultation ou de visite")
    certificate = terminology.concept("JDV_J66", "CERT_DECL")
    assert certificate is not None
    assert certificate.system == "1.2.250.1.213.1.1.4.12", "learned from the codes already in use"
    gone = terminology.type_code("11490-0")
    assert gone is not None
    assert (gone.in_dmp, gone.in_cisis) == (False, True)
    held = {one.name: one for one in in_use()}["JDV_J66"]
    assert (held.version, held.count, held.source) == ("2026-06-29", 3, "essai.json")
    assert "JDV_J66 2026-06-29" in summary()
    terminology.use(None)
    assert terminology.contains("JDV_J66", "11490-0")


def test_a_new_type_has_a_class_when_a_map_gives_it_one(tmp_path: Path) -> None:
    change = compare(read(value_set()), (), "x", force=True)
    assert change.unclassed == ("99999-1",)
    taken(tmp_path, value_set())
    without = terminology.type_code("99999-1")
    assert without is not None
    assert (without.in_dmp, without.class_code) == (True, "")
    taken(tmp_path, class_map(**{"99999-1": "11", "11488-4": "10"}))
    found = terminology.type_code("99999-1")
    assert found is not None
    assert (found.class_code, found.class_label) == ("11", "Synthèse")
    held = {one.name: one for one in in_use()}["ASS_X04"]
    assert (held.oid, held.version, held.count) == ("1.2.250.1.213.1.1.4.249", "2026-06-29", 2)


def test_a_change_names_what_comes_and_what_goes() -> None:
    change = compare(read(value_set()), (), "x", force=True)
    assert change.added == ("99999-1",)
    assert "11490-0" in change.dropped
    assert "11488-4" not in change.dropped


def test_an_older_version_is_refused_unless_forced() -> None:
    published = read(value_set(version="20200101"))
    with pytest.raises(TerminologyError, match="plus ancien"):
        compare(published, (), "x")
    assert compare(published, (), "x", force=True).new.version == "2020-01-01"


def test_a_system_that_is_not_known_wants_its_code_system() -> None:
    url = f"{NOS}/TRE_R999-Essai/FHIR/TRE-R999-Essai"
    content = {"include": [{"system": url, "concept": [{"code": "NEUF", "display": "Nouveau"}]}]}
    whole = {"include": [{"system": url}]}
    system = json.dumps(
        {
            "resourceType": "CodeSystem",
            "url": url,
            "version": "20260629120000",
            "identifier": [{"value": "urn:oid:1.2.250.1.213.1.6.1.999"}],
            "concept": [{"code": "NEUF", "display": "Nouveau", "concept": [{"code": "FILS", "display": "Fils"}]}],
        }
    ).encode()
    for compose in (content, whole):
        with pytest.raises(TerminologyError, match="CodeSystem"):
            compare(read(value_set(compose=compose)), (), "x")
    named, taken_whole = (
        compare(read(value_set(compose=compose)), (read(system),), "x", force=True).new for compose in (content, whole)
    )
    assert named.entries[0].system.endswith(".999")
    assert [one.code for one in taken_whole.entries] == ["NEUF", "FILS"]


def test_a_version_that_loses_most_codes_is_refused_unless_forced() -> None:
    with pytest.raises(TerminologyError, match="fichier incomplet"):
        compare(read(value_set()), (), "x")
    assert compare(read(value_set()), (), "x", force=True).dropped


SVS = (
    '<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet displayName="JDV_J07" {0}>{1}</ValueSet>'
    "</RetrieveValueSetResponse>"
)
CODE = '<ConceptList><Concept code="A" codeSystem="1.2.3" displayName="a"/></ConceptList>'


def test_a_code_that_has_ended_is_left_out() -> None:
    codes = "".join(
        f'<Concept code="{code}" codeSystem="1.2.3" displayName="x" dateFin="{end}"/>'
        for code, end in (("A", ""), ("B", "20200101000000"), ("C", "20991231000000"))
    )
    published = read(SVS.format('dateMaj="20260101"', f"<ConceptList>{codes}</ConceptList>").encode())
    assert [one.code for one in published.entries] == ["A", "C"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ni un JDV"),
        (b"code;label", "ni un JDV"),
        (b"<html>", "bien formé"),
        (b"<html/>", "jeu de valeurs"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]>' + SVS.format('dateMaj="20260101"', CODE).encode(), "jeu de valeurs"),
        (SVS.format("", CODE).encode(), "version"),
        (SVS.format('dateMaj="20260101"', "").encode(), "aucun code"),
        (SVS.format('dateMaj="20260101"', CODE.replace('"A"', '""')).encode(), "vide"),
        (SVS.format('dateMaj="20260101"', CODE.replace('"A"', f'"{"A" * 600}"')).encode(), "trop long"),
        (b"{", "FHIR"),
        (b'{"resourceType": "Patient", "id": "JDV_J66", "version": "20260101"}', "Patient"),
        (value_set(name="my-set"), "quel jeu"),
        (value_set(version="4"), "version"),
        (value_set(compose={"include": []}), "aucun code"),
        (value_set(compose={"include": [{"filter": [{"property": "x"}]}]}), "expansion"),
        (value_set(expansion={"total": 200, "contains": [{"code": "a", "system": "b"}]}), "page"),
        (value_set(compose=5), "FHIR"),
        (b'{"concept": ' + b'[{"code":"a","concept":' * 5000, "FHIR"),
        (b"{" + b" " * MAX_FILE, "trop gros"),
        (value_set(compose={"include": [{"concept": [{"code": str(n)} for n in range(MAX_CODES + 1)]}]}), "trop"),
    ],
)
def test_what_is_no_value_set_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(TerminologyError, match=said) as refused:
        read(data)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "said"), [("JDV-J99-Essai", "n'emploie pas"), ("ASS-X04-Essai", "sous la forme attendue")]
)
def test_a_set_that_the_gateway_does_not_use_is_refused(name: str, said: str) -> None:
    with pytest.raises(TerminologyError, match=said):
        compare(read(value_set(name=name)), (), "x")


@pytest.mark.parametrize("content", [b"{", b'{"name": "JDV_J07"}', None])
def test_a_broken_file_of_the_folder_is_said_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    taken(tmp_path, value_set())
    kept = (tmp_path / "JDV_J66.json").read_bytes()
    (tmp_path / "JDV_J04.json").write_bytes(kept if content is None else content)
    with pytest.raises(TerminologyError, match=r"JDV_J04\.json"):
        terminology.use(tmp_path)
