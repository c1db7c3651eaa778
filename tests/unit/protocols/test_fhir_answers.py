"""What a FHIR server says, read: known codes only, any nesting, any bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols import fhir_answers
from gateway.protocols.fhir_types import FhirError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["resourceType", "issue", "entry", "total", "rest", "details", "code"]), inner
        )
    ),
)


def outcome(*issues: dict[str, Any]) -> bytes:
    return json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()


def test_codes_of_errors_the_most_precise_first() -> None:
    said = outcome(
        {"severity": "warning", "code": "informational"},
        {"severity": "error", "code": "business-rule", "details": {"coding": [{"code": "XDSUnknownPatientId"}]}},
        {"severity": "fatal", "code": "exception"},
    )
    assert fhir_answers.issues(said) == ("XDSUnknownPatientId", "business-rule", "exception")


def test_what_is_of_no_closed_list_is_not_kept() -> None:
    said = outcome(
        {"severity": "error", "code": "MARTIN ZOE", "details": {"text": "MARTIN ZOE", "coding": [{"code": "MARTIN"}]}}
    )
    assert fhir_answers.issues(said) == ()


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b'{"resourceType":"Bundle"}', b"\xff", b"[" * 100_000])
def test_what_is_no_outcome(body: bytes) -> None:
    assert fhir_answers.issues(body) is None


def test_a_search() -> None:
    entries = [
        {"resource": {"resourceType": "DocumentReference", "id": "7", "content": [{"attachment": {"size": 1}}]}},
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
    ]
    bundle = {"resourceType": "Bundle", "total": 3, "entry": entries}
    assert fhir_answers.search(json.dumps(bundle).encode()) == fhir_answers.Found(3, ("DocumentReference/7",))
    del bundle["total"]
    assert fhir_answers.search(json.dumps(bundle).encode()).total == 1
    with pytest.raises(FhirError):
        fhir_answers.search(json.dumps({**bundle, "link": [{"relation": "next"}]}).encode())
    with pytest.raises(FhirError):
        fhir_answers.search(b'{"resourceType":"DocumentReference"}')


@given(JSON | st.binary(max_size=200))
def test_whatever_it_says(said: Any) -> None:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    fhir_answers.issues(body)
    for read in (fhir_answers.search, fhir_answers.capabilities):
        with suppress(FhirError):
            read(body)
