"""Every real French CDA of the corpus as a FHIR record gets it: valid R4, and within the profile."""

from __future__ import annotations

import json

from gateway.formats.clinical import cda
from gateway.formats.limits import Limits
from gateway.protocols import fhir
from tests import outside
from tests.unit.protocols.fhir_profile import violations
from tests.unit.protocols.test_fhir import publication


def test_every_real_document_is_told_in_valid_r4() -> None:
    found, titles = {}, set()
    for path in sorted(outside.corpora("cda-fr").rglob("*.xml")):
        document = path.read_bytes()
        header = cda.read(document, Limits()).header
        body = fhir.document_reference(publication(document=document, header=header))
        found[path.name] = violations(body)
        told = json.loads(body)
        titles.add(told["content"][0]["attachment"]["title"])
        assert told["context"]["sourcePatientInfo"], path.name
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(found) > 40
    assert len(titles) > 20
