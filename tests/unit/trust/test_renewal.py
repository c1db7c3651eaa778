"""Files that are replaced while they are in use: taken up when they are good, left aside when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.trust.errors import TrustError
from gateway.trust.renewal import Change, Renewal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cert.pem"
    path.write_text("one")
    return path


def _replace(path: Path, text: str) -> None:
    """As an administrator's script does: written beside, then renamed."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def test_nothing_is_taken_up_that_did_not_change(file: Path) -> None:
    taken: list[str] = []
    renewal = Renewal()
    renewal.watch("[dmp]", [file, None], lambda: taken.append(file.read_text()))
    assert list(renewal.look()) == []
    _replace(file, "two")
    assert list(renewal.look()) == [Change("[dmp]")]
    assert list(renewal.look()) == []
    assert taken == ["two"]


def test_what_cannot_be_used_is_said_once_and_tried_again_when_it_changes(file: Path) -> None:
    def take_up() -> None:
        if file.read_text() != "good":
            raise TrustError(file, "illisible", "le refaire")

    renewal = Renewal()
    renewal.watch("[smtp]", [file], take_up)
    _replace(file, "bad")
    (change,) = renewal.look()
    assert change.what == "[smtp]"
    assert "illisible" in change.error
    assert list(renewal.look()) == []
    _replace(file, "good")
    assert list(renewal.look()) == [Change("[smtp]")]


def test_a_file_that_goes_away_is_a_change(file: Path) -> None:
    renewal = Renewal()
    renewal.watch("[dpi]", [file], lambda: None)
    file.unlink()
    assert list(renewal.look()) == [Change("[dpi]")]


def test_a_list_that_joins_its_folder_is_a_change(tmp_path: Path) -> None:
    renewal = Renewal()
    renewal.watch("[dmp]", [tmp_path], lambda: None)
    (tmp_path / "a.part").write_text("half")
    assert list(renewal.look()) == []
    (tmp_path / "a.crl").write_text("whole")
    assert list(renewal.look()) == [Change("[dmp]")]
