"""Business acknowledgements beside the ANS's own examples (corpora/hl7v2-fr), segment by segment."""

from __future__ import annotations

import pytest

from gateway.model.orders import Origin, Tidings, ZamEvent
from gateway.protocols.hl7v2 import parse
from gateway.protocols.zam import build
from tests import outside

ADDRESS = "adam.hoda@test-ci-sis.mssante.fr"
ORIGIN = Origin("015", "SIL-Y", "labo", "PFI-X", "Organisation-X", "P", "2.0")
EXAMPLES = {
    "reception DMP": (Tidings(ZamEvent.DMP, done=False, code="DMPClosed", label="DMP fermé"), "017", "202106060933"),
    "reception MSS": (
        Tidings(ZamEvent.DELIVERED, done=True, party_id="801234567897", address=ADDRESS),
        "018",
        "202106060934",
    ),
    "lecture MSS": (
        Tidings(ZamEvent.READ, done=True, party_id="801234567897", address=ADDRESS),
        "019",
        "202106070933",
    ),
}
#: Where we depart from the examples of version 2.0, and why.
JUSTIFIED = {
    ("EVN", 2): "the examples print one date of their own; ours is the time of MSH-7",
    ("OBX", 12): "a separator at the end of a line, which says nothing",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_field_of_the_examples_of_version_2_0(name: str) -> None:
    (file,) = outside.corpora("hl7v2-fr").rglob(f"Message metier {name}")
    theirs = parse(file.read_bytes())
    tidings, control_id, time = EXAMPLES[name]
    ours = parse(build(ORIGIN, tidings, control_id, time))
    assert [one.name for one in ours.segments] == [one.name for one in theirs.segments]
    for mine, example in zip(ours.segments, theirs.segments, strict=True):
        for n in range(1, max(len(mine.fields), len(example.fields)) + 1):
            if (mine.name, n) not in JUSTIFIED:
                assert mine.raw(n) == example.raw(n), (mine.name, n)


def test_version_2_1_as_its_text_has_it() -> None:
    origin = Origin("015", "SIL-Y", "labo", "PFI-X", "Organisation-X", "T", "2.1")
    said = build(
        origin, Tidings(ZamEvent.DMP, done=False, code="DMPClosed", label="DMP fermé"), "A1", "20260605101500+0200"
    )
    assert said.decode() == (
        "MSH|^~\\&|PFI-X|Organisation-X|SIL-Y|labo|20260605101500+0200||ZAM^Z01^ZAM_Z01|A1|T|2.6"
        "|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
        "EVN||20260605101500+0200\r"
        "OBX|1|CWE|ACK_RECEPTION_DMP^Accusé de réception DMP^AckMetierZAM|015|N^^expandedYes-NoIndicator||||||F\r"
        "ERR|||207^Application error^messageErrorCondition|E|DMPClosed^DMP fermé^DMP_ERROR_CODE\r"
    )


@pytest.mark.parametrize(
    ("event", "table"),
    [(ZamEvent.DELIVERED, "SMTPERRORCODE"), (ZamEvent.READ, "applicationErrorCondition")],
)
def test_an_error_names_the_table_of_its_code_and_its_recipient(event: ZamEvent, table: str) -> None:
    news = Tidings(event, done=False, code="550", label="boîte & absente", address=ADDRESS)
    said = parse(build(ORIGIN, news, "A1", "20260605"))
    assert [one.name for one in said.segments] == ["MSH", "EVN", "OBX", "OBX", "ERR"]
    assert [said.field("ERR", 5, component=n) for n in (1, 2, 3)] == ["550", "boîte & absente", table]
    assert said.named("OBX")[1].field(5, component=4) == ADDRESS


def test_a_success_has_no_error_and_separators_in_values_are_escaped() -> None:
    origin = Origin("a|b", "DPI\\T\\X", "", "", "", "P", "2.1")
    said = parse(build(origin, Tidings(ZamEvent.DMP, done=True), "A1", "20260605"))
    assert said.named("ERR") == ()
    assert (said.field("OBX", 4), said.field("MSH", 5)) == ("a|b", "DPI&X")
