from __future__ import annotations

from pathlib import Path

import pytest

from gateway.trust.errors import TrustError
from gateway.trust.secret import read_secret


def secret(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"sesame\n", "sesame"),
        (b"sesame\r\n", "sesame"),
        (b"sesame", "sesame"),
        ("clé à œil".encode(), "clé à œil"),
        (b" blancs gardes \n", " blancs gardes "),
    ],
)
def test_the_newline_alone_is_stripped(tmp_path: Path, content: bytes, expected: str) -> None:
    assert read_secret(secret(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"\n", "vide"),
        (b"un\ndeux\n", "plusieurs lignes"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 70_000, "trop gros"),
    ],
)
def test_what_is_no_secret_is_refused_without_showing_it(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(TrustError, match=words) as refused:
        read_secret(secret(tmp_path, content))
    assert "deux" not in str(refused.value)


def test_a_secret_that_everybody_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match=r"lisible par tous.* ; chmod o= secret"):
        read_secret(secret(tmp_path, b"sesame", 0o644))


def test_a_secret_for_the_group_is_accepted(tmp_path: Path) -> None:
    assert read_secret(secret(tmp_path, b"sesame", 0o640)) == "sesame"
