from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import pix
from gateway.protocols.pix import DmpStatus, Existence, OtherPatientError, QueryRefusedError
from gateway.protocols.soap import SoapError

NS = {"h": pix.HL7}
ASKED = Ins("255069999999934", INS_NIR)
HIS = f'<id root="1.2.250.1.213.1.4.2" extension="0099887766"/><id root="{INS_NIR}" extension="{ASKED.number}"/>'
HERS = f'<id root="{INS_NIR}" extension="160012B12345678"/>'


def answer(response: str, *patients: str, acknowledged: str = "AA") -> etree._Element:
    """``patients``: the content of each patient element; a bare word is his statusCode."""
    whole = "".join(
        f"<subject><registrationEvent><subject1><patient>{_patient(one)}</patient></subject1></registrationEvent></subject>"
        for one in patients
    )
    return etree.fromstring(
        f'<PRPA_IN201308UV02 xmlns="{pix.HL7}">{_acknowledgement(acknowledged)}<controlActProcess>{whole}<queryAck>'
        f'<queryResponseCode code="{response}"/></queryAck></controlActProcess></PRPA_IN201308UV02>'
    )


def _patient(content: str) -> str:
    return content if content.startswith("<") else f'<statusCode code="{content}"/>'


def _acknowledgement(said: str) -> str:
    kind, _, code = said.partition(" ")
    detail = f'<acknowledgementDetail><code code="{code}"/></acknowledgementDetail>' if code else ""
    return f'<acknowledgement typeCode="{kind}">{detail}</acknowledgement>' if kind else ""


def test_the_question() -> None:
    patient = Ins("255069999999934", INS_NIR)
    instant = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
    root = etree.fromstring(pix.query(patient, sender=("1.2.3", 'A & "B"'), message="abc", instant=instant, test=False))
    value = root.find(".//h:patientIdentifier/h:value", NS)
    assert value is not None
    assert (value.get("root"), value.get("extension")) == (INS_NIR, "255069999999934")
    assert root.findtext("h:sender/h:device/h:name", namespaces=NS) == 'A & "B"'
    assert [e.get("code") for e in root.findall("h:processingCode", NS)] == ["P"]
    assert [e.get("value") for e in root.findall("h:creationTime", NS)] == ["20260501120000"]


ACTIVE, CLOSED = '<statusCode code="active"/>', '<statusCode code="terminated"/>'
SINCE = '<effectiveTime><high value="20240131120000+0100"/></effectiveTime>'


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (answer("OK", "active"), Existence(DmpStatus.ACTIVE, "active")),
        (answer("OK", "active", acknowledged=""), Existence(DmpStatus.ACTIVE, "active")),
        (answer("OK", "terminated"), Existence(DmpStatus.CLOSED, "terminated")),
        (answer("OK", "suspended"), Existence(DmpStatus.CLOSED, "suspended")),
        (answer("OK", CLOSED + SINCE), Existence(DmpStatus.CLOSED, "terminated", "20240131")),
        (
            answer("OK", CLOSED + '<effectiveTime value="20240131"/><reasonCode code="DEMANDE"/>'),
            Existence(DmpStatus.CLOSED, "terminated", "20240131", "DEMANDE"),
        ),
        (answer("OK", CLOSED + "<reasonCode code='Mme X, par courrier'/>"), Existence(DmpStatus.CLOSED, "terminated")),
        (answer("OK", HIS + ACTIVE), Existence(DmpStatus.ACTIVE, "active")),
        (answer("OK", HERS + CLOSED, HIS + ACTIVE), Existence(DmpStatus.ACTIVE, "active")),
        (answer("NF"), Existence(DmpStatus.NONE, "NF")),
        (answer("NF", acknowledged="AE"), Existence(DmpStatus.NONE, "NF")),
    ],
)
def test_the_answer(element: etree._Element, expected: Existence) -> None:
    assert pix.read(element, ASKED) == expected


@pytest.mark.parametrize("element", [answer("OK"), answer("", "active"), answer("OK", ""), etree.Element("other")])
def test_an_answer_that_says_neither_is_not_taken_for_an_absence(element: etree._Element) -> None:
    with pytest.raises(SoapError):
        pix.read(element, ASKED)


def test_an_answer_for_another_patient_says_nothing_of_ours() -> None:
    with pytest.raises(OtherPatientError):
        pix.read(answer("OK", HERS + ACTIVE), ASKED)
    with pytest.raises(SoapError, match="several"):
        pix.read(answer("OK", ACTIVE, CLOSED), ASKED)


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (answer("AE"), "AE"),
        (answer("QE"), "QE"),
        (answer("OK", "active", acknowledged="AR"), "OK"),
        (answer("", acknowledged="AE"), "AE"),
        (answer("AE", acknowledged="AE XDSRegistryBusy"), "XDSRegistryBusy"),
        (answer("AE", acknowledged="AE <Mme>X".replace("<", "").replace(">", " ")), "AE"),
    ],
)
def test_an_error_keeps_its_code_when_it_is_one(element: etree._Element, code: str) -> None:
    with pytest.raises(QueryRefusedError) as caught:
        pix.read(element, ASKED)
    assert caught.value.code == code
