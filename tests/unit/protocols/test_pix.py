from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import pix
from gateway.protocols.pix import DmpStatus, Existence
from gateway.protocols.soap import SoapError

NS = {"h": pix.HL7}


def answer(response: str, status: str = "") -> etree._Element:
    patient = f'<subject><patient><statusCode code="{status}"/></patient></subject>' if status else ""
    return etree.fromstring(
        f'<PRPA_IN201308UV02 xmlns="{pix.HL7}"><controlActProcess>{patient}<queryAck>'
        f'<queryResponseCode code="{response}"/></queryAck></controlActProcess></PRPA_IN201308UV02>'
    )


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


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (answer("OK", "active"), Existence(DmpStatus.ACTIVE, "active")),
        (answer("OK", "terminated"), Existence(DmpStatus.CLOSED, "terminated")),
        (answer("OK", "suspended"), Existence(DmpStatus.CLOSED, "suspended")),
        (answer("NF"), Existence(DmpStatus.NONE, "NF")),
    ],
)
def test_the_answer(element: etree._Element, expected: Existence) -> None:
    assert pix.read(element) == expected


@pytest.mark.parametrize("element", [answer("AE"), answer("OK"), answer("", "active"), etree.Element("other")])
def test_an_answer_that_says_neither_is_not_taken_for_an_absence(element: etree._Element) -> None:
    with pytest.raises(SoapError):
        pix.read(element)
