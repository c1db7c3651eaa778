"""CDA and the XML guards under it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.formats import mail, xmltree
from gateway.formats.clinical import cda
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.model.documents import Address, Carrier
from gateway.model.identity import Claim, Ins
from gateway.model.reasons import Reason
from tests.unit.formats import builders

_BILLION = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>"""


def _reason(data: bytes, limits: Limits = DEFAULT) -> Reason | None:
    try:
        cda.read(data, limits)
    except FormatError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    "data",
    [
        _BILLION,
        b"<!DOCTYPE a SYSTEM 'http://localhost/x.dtd'><a/>",
        b"<?xml version='1.0'?><!-- <a> --><!DOCTYPE a><a/>",
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a><a/>".encode("utf-16"),
        b"\xef\xbb\xbf<!DOCTYPE a><a/>",
        b"<!DOCTYPE a><a>never even parsed",
    ],
)
def test_document_types_are_refused(data: bytes) -> None:
    assert _reason(data) is Reason.UNSAFE


def test_doctype_behind_a_long_prolog_is_refused_after_parsing() -> None:
    data = b"<?xml version='1.0'?><!--" + b"x" * 70_000 + b"--><!DOCTYPE a><a/>"
    assert _reason(data) is Reason.UNSAFE


def test_a_cda_may_speak_of_a_doctype() -> None:
    assert _reason(builders.cda(body="le mot <![CDATA[<!DOCTYPE]]>")) is None


def test_depth_and_size() -> None:
    deep = b"<a>" * 130 + b"</a>" * 130
    assert _reason(deep) is Reason.UNSAFE
    assert _reason(b"<a>" * 100_000) is not None
    data = builders.cda()
    assert _reason(data, replace(DEFAULT, xml_bytes=len(data))) is None
    assert _reason(data, replace(DEFAULT, xml_bytes=len(data) - 1)) is Reason.TOO_LARGE


def test_a_large_inline_pdf_is_legitimate() -> None:
    reading = cda.read(builders.cda(body=b"%PDF-" + bytes(12_000_000)), DEFAULT)
    assert len(reading.embedded) == 12_000_005


def test_not_well_formed_and_not_a_cda() -> None:
    assert _reason(builders.cda()[:-30]) is Reason.UNREADABLE
    assert _reason(b"<a/>") is Reason.UNSUPPORTED_FORMAT
    assert _reason(builders.cda().replace(b"<setId", b"<x xmlns='relative'/><setId")) is Reason.UNREADABLE
    assert _reason(builders.cda().replace(b'<id root="1.2.250.1.999.7.1"/>', b"")) is Reason.UNREADABLE


def test_header_and_claim() -> None:
    reading = cda.read(builders.cda(related="1.2.250.1.999.7.0"), DEFAULT)
    header = reading.header
    assert (header.unique_id, header.set_id, header.version) == ("1.2.250.1.999.7.1", "1.2.250.1.999.8.1", 2)
    assert (header.related, header.parent_id) == ("RPLC", "1.2.250.1.999.7.0")
    assert (header.code.code, header.title, header.confidentiality) == ("11490-0", "Lettre de liaison", "N")
    author = header.authors[0]
    assert (author.person.family, author.person.id_extension) == ("EXEMPLE", "810000000001")
    assert author.organisation is not None
    assert author.organisation.id_extension == "1123456789"
    assert reading.act_date == "20260603093000+0200"
    assert reading.claims == (
        Claim(
            source="cda",
            ins=Ins("284057812345678", builders.INS),
            birth_name="MARTINEAU",
            used_name="DURANDAL",
            first_given="LÉONIE",
            given_names="LÉONIE JEANNE",
            birth_date="19840512",
            sex="F",
            birth_place="63113",
            local_ids=(("1.2.250.1.999.3", "IPP7"),),
        ),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('<addr nullFlavor="UNK"/>', None),
        (
            (
                '<addr use="WP"><city>LYON</city></addr><addr use="H"><houseNumber>2 bis</houseNumber><streetName>rue '
                "Haute</streetName><postalCode>63000</postalCode><city>RIOM</city><country>FRANCE</country></addr>"
            ),
            Address("2 bis rue Haute", "RIOM", "63000", "FRA"),
        ),
        (
            (
                "<addr><streetAddressLine>Le Bourg</streetAddressLine><streetAddressLine>Bât. B</streetAddressLine>"
                "<country>Royaume-Uni</country></addr>"
            ),
            Address("Le Bourg Bât. B"),
        ),
    ],
)
def test_where_the_patient_lives(written: str, read: Address | None) -> None:
    data = builders.cda().replace(b"<patient>", written.encode() + b"<patient>", 1)
    header = cda.read(data, DEFAULT).header
    assert header.address == read


def test_two_numbers_are_two_claims() -> None:
    ids = f'<id root="{builders.INS}" extension="1"/><id root="1.2.250.1.213.1.4.9" extension="2"/>'
    claims = cda.read(builders.cda(ids=ids), DEFAULT).claims
    assert [claim.ins for claim in claims] == [Ins("1", builders.INS), Ins("2", "1.2.250.1.213.1.4.9")]


def test_two_record_targets_are_two_claims() -> None:
    data = builders.cda().decode()
    target = data[data.index("<recordTarget>") : data.index("</recordTarget>") + len("</recordTarget>")]
    twice = data.replace(target, target + target.replace("MARTINEAU", "AUTRE"))
    assert [claim.birth_name for claim in cda.read(twice.encode(), DEFAULT).claims] == ["MARTINEAU", "AUTRE"]


@pytest.mark.parametrize(
    ("value", "date"),
    [("1984", "19840000"), ("198405", "19840500"), ("19840512103000+0200", "19840512"), ("", None), ("mai", None)],
)
def test_birth_dates(value: str, date: str | None) -> None:
    assert cda.read(builders.cda(birth=value), DEFAULT).claims[0].birth_date == date


def test_narrative_of_a_structured_body_and_file_of_level_one() -> None:
    structured = cda.read(builders.cda(body="<paragraph>Tension</paragraph><paragraph>normale</paragraph>"), DEFAULT)
    assert structured.text == "Conclusion\nTension\nnormale"
    assert cda.read(builders.cda(body="x" * 100), replace(DEFAULT, narrative_text=20)).text == "Conclusion\nxxxxxxxxx"
    assert cda.read(builders.cda(body=b"%PDF-1.4"), DEFAULT).embedded == b"%PDF-1.4"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    data = builders.cda().decode().replace('encoding="UTF-8"', f'encoding="{declared}"').encode(encoding)
    assert cda.read(data, DEFAULT).claims[0].first_given == "LÉONIE"


def test_canonical_digests_are_those_of_the_document_with_comments() -> None:
    data = builders.cda().replace(b"<setId", b"<!-- note --><setId")
    tree = etree.ElementTree(etree.fromstring(data))
    canonical = etree.tostring(tree, method="c14n", with_comments=True)
    header = cda.read(data, DEFAULT).header
    assert header.canonical_sha256 == hashlib.sha256(canonical).hexdigest()
    assert header.canonical_sha1 == hashlib.sha1(canonical).hexdigest()
    assert b"<!-- note -->" in canonical
    assert b"<?xml-stylesheet" in canonical


def test_self_presentable() -> None:
    inner = builders.cda().decode().partition("?>\n")[2].partition("?>\n")[2]
    sheet = f'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">{inner}</xsl:stylesheet>'
    header = cda.read(sheet.encode(), DEFAULT).header
    assert header.self_presentable
    assert header.unique_id == "1.2.250.1.999.7.1"


_BARE = builders.cda().decode().partition("?>")[2].strip()
_ROOT = _BARE[_BARE.index("<ClinicalDocument") :]
_SHEET = (
    '<?xml version="1.0"?><!-- feuille --><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    f'<xsl:template match="/"><html><body>{"<p>texte</p>" * 200}</body></html></xsl:template>{_ROOT}</xsl:stylesheet>'
)


@pytest.mark.parametrize(
    "data",
    [
        re.sub(r"<(/?)(?=\w)", r"<\1cda:", _ROOT).replace("xmlns=", "xmlns:cda=").encode(),
        _ROOT.encode(),
        b"\xef\xbb\xbf" + builders.cda(),
        b"\r\n \t" + builders.cda(),
        f"<!-- <html> de {'x' * 5000} -->\n{_ROOT}".encode(),
        f'<?xml version="1.0"?><?mso-application progid="Word"?>{_ROOT}'.encode(),
        f'<?xml version="1.0" encoding="UTF-16"?>{_ROOT}'.encode("utf-16"),
        f'<?xml version="1.0" encoding="UTF-16"?>{_ROOT}'.encode("utf-16-le"),
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{_ROOT}'.encode("latin-1"),
        f'<?xml version="1.0" encoding="windows-1252"?>{_ROOT}'.encode("cp1252"),
        _SHEET.encode(),
    ],
    ids=[
        "prefix",
        "bare",
        "mark",
        "blanks",
        "comment",
        "instruction",
        "utf-16",
        "no mark",
        "latin-1",
        "cp1252",
        "sheet",
    ],
)
@pytest.mark.parametrize("name", ["cr.xml", "cr.txt", "cr.doc", "cr.html", "sans extension"])
def test_every_form_under_every_name(data: bytes, name: str) -> None:
    (reading,) = mail.read(builders.mail(builders.text(), builders.attached(data, name))).documents
    assert (reading.carrier, reading.problem) == (Carrier.CDA, None)
    assert [claim.birth_name for claim in reading.claims] == ["MARTINEAU"]


def test_schema_errors_are_reported_not_raised() -> None:
    schema = etree.XMLSchema(
        etree.fromstring(
            b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">'
            b'<xs:element name="ClinicalDocument"><xs:complexType/></xs:element></xs:schema>'
        )
    )
    assert cda.read(builders.cda(), DEFAULT, schema).schema_errors
    assert cda.read(builders.cda(), DEFAULT).schema_errors == ()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=6))
def test_any_damage_is_a_format_error(at: int, patch: bytes) -> None:
    data = builders.cda()
    at %= len(data)
    _reason(data[:at] + patch + data[at + len(patch) :])


def test_no_entity_no_network() -> None:
    with pytest.raises(FormatError):
        xmltree.parse(b"<a>&lt;&undefined;</a>", DEFAULT)


def test_the_national_identifier_is_taken_wherever_it_stands() -> None:
    own, null = '<id root="1.2.3" extension="own"/>', '<id nullFlavor="NAV"/>'
    number = '<id root="1.2.250.1.71.4.2.1" extension="810100063480"/>'
    structure = '<id root="1.2.250.1.71.4.2.2" extension="2732829320"/>'
    document = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2"/><code code="11488-4"/><author><assignedAuthor>'
        f"{null}{own}{number}<representedOrganization>{own}{structure}</representedOrganization></assignedAuthor></author>"
        f"<author><assignedAuthor>{null}{own}</assignedAuthor></author>"
        f"<author><assignedAuthor>{null}</assignedAuthor></author></ClinicalDocument>"
    )
    authors = cda.read(document.encode(), DEFAULT).header.authors
    assert [one.person.id_extension for one in authors] == ["810100063480", "own", ""]
    assert authors[0].organisation is not None
    assert authors[0].organisation.id_extension == "2732829320"
