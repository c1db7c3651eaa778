"""``gateway quarantine`` as its users run it: what waits is seen, settled, and follows its way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.protocol.commands import Site, build
from tests.samples import SENDER, ZOE, Samples

SOMEBODY = "0001_unknown.eml/document.xml"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return build(tmp_path / "site")


def unknown(site: Site, tag: str = "q") -> int:
    """One document waits for a person; the number of its entry."""
    site.ingest(unknown=Samples(tag).unknown_patient())
    (entry,) = site.waiting()
    return int(entry["id"])


def test_an_entry_is_listed_and_explained(site: Site) -> None:
    number = unknown(site)
    (entry,) = site.waiting()
    assert (entry["reason"], entry["hl7"], entry["sender"]) == ("patient-unknown", "902", SENDER.address)
    shown = site.gateway("quarantine", "show", str(number)).stdout
    for words in ("Patient inconnu", "902", SENDER.address, "LEROUX", "À faire", "assign", "reject", "par les règles"):
        assert words in shown
    assert str(number) in site.gateway("quarantine", "list").stdout
    assert site.results()[SOMEBODY]["outcome"] == "quarantined"


def test_assigned_it_goes_to_the_record_of_that_patient(site: Site) -> None:
    number = unknown(site)
    said = site.gateway("quarantine", "assign", str(number), "--ipp", ZOE.ipp, "--by", "Mme Duval").stdout
    assert ZOE.ipp in said
    assert site.waiting() == []
    assert site.shown() == []
    site.work()
    line = site.results()[SOMEBODY]
    assert (line["outcome"], line["patient_ipp"], line["dpi"]) == ("filed", ZOE.ipp, "delivered")
    assert [sheet["ipp"] for sheet in site.record] == [ZOE.ipp]
    trail = [json.loads(text) for text in site.gateway("audit", "export").stdout.splitlines()]
    (by_her,) = [one for one in trail if one["who"] == "Mme Duval" and one["action"] == "assign"]
    assert by_her["detail"]["ipp"] == ZOE.ipp
    assert "intacte" in site.gateway("audit", "verify").stdout
    told = site.gateway("rules", "explain", str(line["id"])).stdout
    assert "par Mme Duval : classé chez" in told
    assert "par les règles : patient inconnu (patient-unknown)" in told


def test_what_cannot_be_done_is_said_and_changes_nothing(site: Site) -> None:
    number = str(unknown(site))
    wrong = site.gateway("quarantine", "assign", number, "--ipp", "nobody", "--by", "x", code=1)
    assert "nobody" in wrong.stderr
    site.gateway("quarantine", "assign", "999", "--ipp", ZOE.ipp, "--by", "x", code=1)
    site.gateway("quarantine", "reject", number, "--reason", "  ", "--by", "x", code=1)
    site.gateway("quarantine", "reject", number, "--reason", "doublon", "--by", " ", code=1)
    site.gateway("quarantine", "assign", number, "--ipp", ZOE.ipp, code=2)
    site.gateway("quarantine", "assign", "seven", "--ipp", ZOE.ipp, "--by", "x", code=2)
    assert len(site.waiting()) == 1
    site.gateway("quarantine", "reject", number, "--reason", "pas d'ici", "--by", "x")
    again = site.gateway("quarantine", "reject", number, "--reason", "pas d'ici", "--by", "y", code=1)
    assert "déjà été réglée par x" in again.stderr


def test_released_and_rejected(site: Site) -> None:
    number = str(unknown(site))
    assert site.shown() == [f"{int(number):06d}"]
    assert "rien n'a changé" in site.gateway("quarantine", "release", number, "--by", "x").stdout
    site.gateway("quarantine", "reject", number, "--reason", "patient d'un autre site", "--by", "M. Roux")
    assert site.results()[SOMEBODY]["outcome"] == "rejected"
    assert site.shown() == []
    site.gateway("quarantine", "undo", number, "--by", "M. Roux")
    assert site.results()[SOMEBODY]["outcome"] == "quarantined"
