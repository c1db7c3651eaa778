"""Whose documents go in a secret connection: a minor's, hidden from his representatives, where the site does so."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from gateway.flow.delivering.to_dmp import ToDmp
from gateway.model.documents import Visibility

if TYPE_CHECKING:
    from gateway.flow.delivering.papers import Papers

HIDDEN, SEEN = Visibility(invisible_to_representatives=True), Visibility(invisible_to_patient=True)


@pytest.mark.parametrize(
    ("wanted", "majority", "born", "visibility", "secret"),
    [
        (True, 18, "20100604", HIDDEN, True),
        (True, 18, "19800604", HIDDEN, False),
        (True, 18, "20100604", SEEN, False),
        (False, 18, "20100604", HIDDEN, False),
        (True, 15, "20100604", HIDDEN, False),
        (True, 18, "20100600", HIDDEN, True),
    ],
)
def test_whose_documents_go_in_secret(
    wanted: bool, majority: int, born: str, visibility: Visibility, secret: bool
) -> None:
    dmp = SimpleNamespace(minor_secret=wanted, age_of_majority=majority)
    house = cast("Any", SimpleNamespace(settings=SimpleNamespace(dmp=dmp)))
    known = SimpleNamespace(
        patient=SimpleNamespace(birth_date=born), context=SimpleNamespace(today=date(2026, 6, 3)), visibility=visibility
    )
    leg = ToDmp(house, cast("Any", None), cast("Any", None), 0.0)
    assert leg._is_secret(cast("Papers", known)) is secret
