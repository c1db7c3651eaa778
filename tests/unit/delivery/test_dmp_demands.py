"""What the DMP refuses of a header though schema and schematrons pass it (spec/dmp/metadata.md, "CDA R2 header")."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.delivery.dmp.demands import faults
from gateway.model.documents import ServiceEvent
from tests.unit.protocols.test_xds import HEADER

ACT = HEADER.events[0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "É" * 128},
        {"effective_time": "20260501103000.25-1100"},
        {"version": 12},
        {"related": "XFRM"},
        {"language": ""},
        {"events": (replace(ACT, low="20260501", high=""),)},
        {"events": ()},
    ],
)
def test_what_the_dmp_admits_is_no_fault(changes: dict[str, Any]) -> None:
    assert list(faults(replace(HEADER, **changes))) == []


@pytest.mark.parametrize(
    ("element", "changes"),
    [
        ("title", {"title": "É" * 129}),
        ("creationTime", {"effective_time": "20260501103000"}),
        ("creationTime", {"effective_time": "202605011030+0200"}),
        ("languageCode", {"language": "fr-CA"}),
        ("versionNumber", {"version": 0}),
        ("relatedDocument", {"related": "APND"}),
        ("serviceStartTime", {"events": (ServiceEvent(), replace(ACT, low="202605"))}),
        ("serviceStopTime", {"events": (replace(ACT, high="2026"),)}),
    ],
)
def test_each_is_named(element: str, changes: dict[str, Any]) -> None:
    assert [name for name, _ in faults(replace(HEADER, **changes))] == [element]
