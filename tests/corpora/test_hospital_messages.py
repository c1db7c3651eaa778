"""Every example of the volet "Transmission de documents CDA en HL7 v2": read as sent, or refused with where and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.flow.reading import enclosed
from gateway.model.documents import Action
from gateway.model.reasons import Reason
from gateway.protocols.hl7v2 import parse
from gateway.protocols.transmission import TransmissionError, read
from tests.outside import corpora

#: A message with words in the place of its document is shorter (bytes).
SHORTEST = 10_000


def examples() -> list[Path]:
    every = (path for path in corpora("hl7v2-fr").rglob("message*") if path.suffix in {".er7", ".hl7"})
    found = sorted(path for path in every if "trans_doc" in str(path).lower())
    assert found, "the corpus has examples"
    return found


def test_those_with_a_document_are_read_and_the_others_refused_for_it() -> None:
    for path in examples():
        message = parse(path.read_bytes())
        if len(path.read_bytes()) < SHORTEST:
            with pytest.raises(TransmissionError) as problem:
                read(message)
            assert (problem.value.error.condition, problem.value.error.location) == ("102", "OBX^1^5"), path.name
            continue
        said = read(message)
        reading = enclosed.read(path.read_bytes(), None)
        assert len(reading.documents) == len(said.documents)
        for one, data in zip(reading.documents, said.documents, strict=True):
            assert enclosed.extract(path.read_bytes(), one.part) == data
            assert one.orders == said.orders
            assert one.size == len(data)
            assert one.header is not None
            assert len({claim.birth_date for claim in one.claims}) == 1, "the message and the document agree"


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n"])
def test_line_ends_do_not_matter(ending: bytes) -> None:
    for path in examples():
        lines = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        told = [enclosed.read(end.join(lines), None).documents for end in (b"\n", ending)]
        assert told[0] == told[1]


def test_what_each_event_asks() -> None:
    asked = {}
    for path in examples():
        reading = enclosed.read(path.read_bytes(), None)
        asked.update({path: {one.action for one in reading.documents if one.problem is None}})
    for path, actions in asked.items():
        wanted = {"RPLC": Action.REPLACE, "DEL": Action.DELETE}
        expected = next((action for word, action in wanted.items() if f"_{word}_" in path.name), Action.CREATE)
        assert actions <= {expected}, path.name


def test_a_replacement_that_names_nothing_waits_for_a_person() -> None:
    (path,) = (one for one in examples() if one.name == "message_ORU_CR_Bio_RPLC_N1_Base64_N3_Base64.er7")
    problems = [one.problem for one in enclosed.read(path.read_bytes(), None).documents]
    assert problems == [None, Reason.VERSION_CONFLICT]
