"""Before it goes to the DMP: what rules say of a CDA, said in French and without quoting it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.formats.validity import package
from gateway.formats.validity.judge import Judge
from gateway.formats.validity.schematron import SchematronError, compile_schematron
from gateway.formats.validity.verdict import Fault, Verdict, in_french

SCH = "http://purl.oclc.org/dsdl/schematron"
DOCUMENT = """<ClinicalDocument xmlns="urn:hl7-org:v3">{templates}<code code="{code}"/><title>Durand</title>
<component><nonXMLBody><text representation="B64">{body}</text></nonXMLBody></component></ClinicalDocument>"""
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:hl7-org:v3"
 targetNamespace="urn:hl7-org:v3" elementFormDefault="qualified"><xs:element name="ClinicalDocument"><xs:complexType>
 <xs:sequence><xs:element name="templateId" minOccurs="0" maxOccurs="9"><xs:complexType><xs:attribute name="root"/>
 <xs:attribute name="extension"/></xs:complexType></xs:element><xs:element name="code"><xs:complexType>
 <xs:attribute name="code" type="xs:integer" use="required"/></xs:complexType></xs:element>
 <xs:element name="title" type="xs:string"/><xs:element name="component" type="xs:anyType"/></xs:sequence>
 </xs:complexType></xs:element></xs:schema>"""


def document(code: str = "1", templates: str = "", body: str = "QUJD") -> bytes:
    return DOCUMENT.format(code=code, templates=templates, body=body).encode()


def schematron(folder: Path, inside: str, name: str = "STRUC-MIN.sch", attributes: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(
        f'<schema xmlns="{SCH}" queryBinding="xslt2" {attributes}><ns prefix="h" uri="urn:hl7-org:v3"/>'
        f"{inside}</schema>",
        encoding="utf-8",
    )
    return file


def judge(folder: Path, data: bytes) -> Verdict:
    return Judge(package.find(folder)).judge(data)


def test_an_assertion_that_fails_is_told_with_its_place_and_never_quotes(tmp_path: Path) -> None:
    schematron(
        tmp_path,
        '<pattern id="p"><rule id="titre" context="h:ClinicalDocument/h:title"><assert test=". = \'x\'">'
        'Le titre <value-of select="."/> du <name/> est faux.</assert></rule></pattern>',
    )
    (fault,) = judge(tmp_path, document()).faults
    assert fault == Fault("structuration minimale", "titre", "/ClinicalDocument/title", "Le titre … du … est faux.")


def test_a_warning_forbids_nothing_and_a_report_tells_what_holds(tmp_path: Path) -> None:
    schematron(
        tmp_path,
        '<pattern><rule context="h:code"><assert role="warning" test="false()">Averti.</assert>'
        "<report test=\"@code = '1'\">Le code est 1.</report><report test=\"@code = '2'\">Non.</report></rule>"
        "</pattern>",
    )
    verdict = judge(tmp_path, document())
    assert [fault.text for fault in verdict.faults] == ["Le code est 1."]


def test_only_the_first_rule_that_fits_a_node_speaks_in_a_pattern(tmp_path: Path) -> None:
    schematron(
        tmp_path,
        '<pattern><rule context="h:code[@code]"><assert test="true()">a</assert></rule>'
        '<rule context="h:code"><assert test="false()">b</assert></rule></pattern>'
        '<pattern><rule context="h:code"><assert test="false()">c</assert></rule></pattern>',
    )
    assert [fault.text for fault in judge(tmp_path, document()).faults] == ["c"]


def test_abstract_rules_patterns_variables_and_includes(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "coded.sch").write_text(
        f'<pattern xmlns="{SCH}" id="coded" abstract="true"><rule context="$where"><let name="mine" value="@code"/>'
        '<assert test="$mine = $wanted">Code faux.</assert><assert test="$wanted != \'$wantedness\'">!</assert>'
        "</rule></pattern>",
        encoding="utf-8",
    )
    schematron(
        tmp_path,
        '<include href="parts/coded.sch"/><let name="two" value="\'2\'"/>'
        '<pattern is-a="coded" id="q"><param name="where" value="h:code"/><param name="wanted" value="$two"/></pattern>'
        '<pattern><rule abstract="true" id="any"><assert test="@code">Sans code.</assert></rule>'
        '<rule context="h:title"><extends rule="any"/></rule></pattern>',
    )
    assert [fault.text for fault in judge(tmp_path, document()).faults] == ["Code faux.", "Sans code."]


def test_only_the_patterns_of_the_default_phase(tmp_path: Path) -> None:
    inside = "".join(
        f'<pattern id="{name}"><rule context="h:code"><assert test="false()">{name}</assert></rule></pattern>'
        for name in "ab"
    )
    schematron(tmp_path, '<phase id="f"><active pattern="b"/></phase>' + inside, attributes='defaultPhase="f"')
    assert [fault.text for fault in judge(tmp_path, document()).faults] == ["b"]


def test_a_function_that_the_rules_bring_along(tmp_path: Path) -> None:
    schematron(
        tmp_path,
        '<ns prefix="f" uri="urn:f"/><xsl:function xmlns:xsl="http://www.w3.org/1999/XSL/Transform" '
        'xmlns:f="urn:f" name="f:odd"><xsl:param name="n"/><xsl:sequence select="number($n) mod 2 = 1"/></xsl:function>'
        '<pattern><rule context="h:code"><assert test="f:odd(@code)">Pair.</assert></rule></pattern>',
    )
    assert judge(tmp_path, document("1")).valid
    assert not judge(tmp_path, document("2")).valid


def test_a_value_set_is_read_from_the_folder_of_the_rules(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "a.xml").write_text('<set><c code="1"/></set>')
    rule = "doc('sets/a.xml')//c/@code = @code"
    schematron(tmp_path, f'<pattern><rule context="h:code"><assert test="{rule}">Inconnu.</assert></rule></pattern>')
    assert judge(tmp_path, document("1")).valid
    assert not judge(tmp_path, document("2")).valid


def test_without_its_value_set_an_assertion_is_left_out_and_said_and_the_others_judge(tmp_path: Path) -> None:
    schematron(
        tmp_path,
        '<pattern><let name="path" value="\'gone.xml\'"/><rule context="h:code">'
        '<assert test="document($path)//c/@code = @code">Jamais.</assert><assert test="false()">Autre.</assert>'
        "</rule></pattern>",
    )
    verdict = judge(tmp_path, document())
    assert [fault.text for fault in verdict.faults] == ["Autre."]
    assert any("gone.xml" in said for said in verdict.skipped)
    assert any("1 règle" in said for said in verdict.skipped)


def test_a_missing_include_is_left_out_and_said(tmp_path: Path) -> None:
    file = schematron(tmp_path, '<include href="gone.sch"/><pattern is-a="gone" id="x"/>')
    assert compile_schematron(file).missing == ("gone.sch", "gone")


@pytest.mark.parametrize(
    "text", ["<schema", "<other/>", f'<schema xmlns="{SCH}"><include href="STRUC-MIN.sch"/></schema>']
)
def test_what_is_no_schematron_is_refused_by_name_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "STRUC-MIN.sch").write_text(text)
    with pytest.raises(SchematronError, match=r"STRUC-MIN\.sch"):
        compile_schematron(tmp_path / "STRUC-MIN.sch")


def test_rules_that_saxon_does_not_take_are_left_out_and_said(tmp_path: Path) -> None:
    schematron(tmp_path, '<pattern><rule context="h:code"><assert test="nonsense((">x</assert></rule></pattern>')
    verdict = judge(tmp_path, document())
    assert verdict.valid
    assert "structuration minimale : schématron inutilisable" in verdict.skipped


def test_the_schema_speaks_first_in_french_and_quotes_nothing(tmp_path: Path) -> None:
    (tmp_path / "CDA_extended.xsd").write_text(XSD)
    schematron(tmp_path, '<pattern><rule context="h:code"><assert test="false()">x</assert></rule></pattern>')
    wrong = document("Durand").replace(b"<title>", b"<id/><title>")
    verdict = judge(tmp_path, wrong)
    assert {fault.source for fault in verdict.faults} == {"schéma CDA"}
    assert [(fault.place, fault.text) for fault in verdict.faults] == [
        ("/ClinicalDocument/code", "la valeur de l'attribut code n'est pas de la forme attendue."),
        ("/ClinicalDocument/id", "cet élément n'est pas attendu ici. Attendu : title."),
    ]
    assert "Durand" not in in_french(verdict)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b'<code code="1"/>', b"<code/>", "l'attribut code y manque."),
        (b'<code code="1"/>', b'<code code="1" x="2"/>', "l'attribut x n'y est pas admis."),
        (b"<code", b"text<code", "le texte de cet élément n'est pas de la forme attendue."),
        (b"<title>Durand</title>", b"", "cet élément n'est pas attendu ici. Attendu : title."),
    ],
)
def test_what_the_schema_says(tmp_path: Path, before: bytes, after: bytes, said: str) -> None:
    (tmp_path / "CDA_extended.xsd").write_text(XSD)
    (fault,) = judge(tmp_path, document().replace(before, after)).faults
    assert fault.text == said


def model(folder: Path, name: str, *, holds: bool) -> None:
    schematron(
        folder,
        f'<pattern id="{name}"><rule context="h:code"><assert test="{str(holds).lower()}()">{name}</assert></rule>'
        "</pattern>",
        f"CI-SIS_{name}.sch",
    )


def template(extension: str = "") -> str:
    return f'<templateId root="1.2.250.1.213.1.1.1.29"{extension and f" extension={extension!r}"}/>'


def test_a_document_is_judged_by_its_own_models_version(tmp_path: Path) -> None:
    model(tmp_path / "a", "LDL-SES_2022.01", holds=True)
    model(tmp_path / "b", "LDL-SES_2024.01", holds=False)
    assert judge(tmp_path, document(templates=template("2022.01"))).judged == ("CI-SIS_LDL-SES_2022.01",)
    (fault,) = judge(tmp_path, document(templates=template("2024.01"))).faults
    assert fault.source == "CI-SIS_LDL-SES_2024.01"


def test_a_document_without_version_follows_one_of_its_models_versions_at_least(tmp_path: Path) -> None:
    model(tmp_path, "LDL-SES_2022.01", holds=True)
    model(tmp_path, "LDL-SES_2024.01", holds=False)
    assert judge(tmp_path, document(templates=template())).valid
    (tmp_path / "CI-SIS_LDL-SES_2022.01.sch").unlink()
    assert not judge(tmp_path, document(templates=template())).valid


def test_a_version_that_the_package_lacks_is_not_judged_and_said(tmp_path: Path) -> None:
    model(tmp_path, "LDL-SES_2022.01", holds=False)
    verdict = judge(tmp_path, document(templates=template("2030.01")))
    assert verdict.valid
    assert any("1.2.250.1.213.1.1.1.29 2030.01" in said for said in verdict.skipped)


def test_the_bulk_of_a_file_inside_is_not_shown_to_the_rules(tmp_path: Path) -> None:
    test = "string-length(.) le 1000 and matches(., '^[A-Za-z0-9+/]+$')"
    schematron(tmp_path, f'<pattern><rule context="h:text"><assert test="{test}">x</assert></rule></pattern>')
    assert judge(tmp_path, document(body="QUJD" * 500_000)).valid


def test_a_self_presentable_document_is_judged_itself(tmp_path: Path) -> None:
    schematron(
        tmp_path, '<pattern><rule context="/h:ClinicalDocument"><assert test="false()">x</assert></rule></pattern>'
    )
    sheet = b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">%s</xsl:stylesheet>'
    (fault,) = judge(tmp_path, sheet % document()).faults
    assert fault.place == "/ClinicalDocument"


def test_the_first_faults_are_numbered_and_the_others_counted() -> None:
    faults = tuple(Fault("schéma CDA", f"R{n}", f"/a[{n}]", "faux.") for n in range(7))
    said = in_french(Verdict(faults), most=2)
    assert said == (
        "1. schéma CDA, règle R0, à l'endroit /a[0] : faux. 2. schéma CDA, règle R1, à l'endroit /a[1] : faux. "
        "Et 5 autres écarts."
    )
