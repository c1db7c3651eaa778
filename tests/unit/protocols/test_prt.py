"""Who sent a mail, as each line of the national directory makes him known to the record."""

from __future__ import annotations

import pytest

from gateway.protocols import hl7v2
from gateway.protocols.hl7v2 import Segment
from gateway.protocols.prt import sent_by
from tests.unit.intake.test_annuaire import ACTIVITIES, activity, mailbox, one

PS, ST = "ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO", "ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO"


def segment(line: str) -> Segment:
    return hl7v2.parse(f"MSH|^~\\&|A|B|C|D|2026||MDM|1|P|2.6\r{line}".encode()).segments[1]


@pytest.mark.parametrize(
    ("line", "header", "person", "structure", "application"),
    [
        (
            mailbox(),
            "",
            f"810100000016^VERNAY^Anne^^^^^^{PS}^D^^^IDNPS",
            f"Cabinet du Val^^^^^{ST}^IDNST^^^1370001234",
            "",
        ),
        (
            activity(),
            ACTIVITIES,
            f"810100000016^VERNAY^Anne^^^^^^{PS}^D^^^IDNPS",
            None,
            "",
        ),
        (
            mailbox(id_type="0", id="639312345", national="0639312345"),
            "",
            f"0639312345^VERNAY^Anne^^^^^^{PS}^D^^^IDNPS",
            f"Cabinet du Val^^^^^{ST}^IDNST^^^1370001234",
            "",
        ),
        (
            mailbox(kind="ORG", service="Secrétariat", structure="", company="Cabinet ^ du Val"),
            "",
            "",
            "Cabinet \\S\\ du Val",
            "",
        ),
        (
            mailbox(kind="APP", service="Plateforme"),
            "",
            "",
            f"Cabinet du Val^^^^^{ST}^IDNST^^^1370001234",
            "anne.vernay@medecin.mssante.fr",
        ),
    ],
    ids=["professional", "activity", "adeli", "organisation", "application"],
)
def test_each_kind_of_mailbox(line: str, header: str, person: str, structure: str | None, application: str) -> None:
    sender = one(line, header=header) if header else one(line)
    found = segment(sent_by(sender, sender.address))
    assert found.raw(2) == "UC"
    assert found.raw(4) == "SB^Send by^participation"
    assert found.raw(5) == person
    assert structure is None or found.raw(8) == structure
    assert found.raw(10) == application
    assert found.raw(15) == f"^^X.400^{sender.address}"


def test_of_an_unknown_one_there_is_the_address() -> None:
    found = segment(sent_by(None, "inconnu@medecin.mssante.fr"))
    assert [found.raw(n) for n in (5, 8, 10, 15)] == ["", "", "", "^^X.400^inconnu@medecin.mssante.fr"]
