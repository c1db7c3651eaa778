"""Where the material that is not ours lies: corpora, referees, harness. Absent: the test is skipped, saying so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def corpora(*names: str) -> Path:
    """The folder of a corpus, or a path inside it."""
    return _found(Path(os.environ.get("GATEWAY_CORPORA", _SHARED / "corpora")).joinpath(*names))


def referee() -> Path:
    """The folder from which the referees are started with ``python -m``."""
    return _found(Path(os.environ.get("GATEWAY_REFEREE", _SHARED / "referee")))


def spec() -> Path:
    """The folder of the digests, which say what is required."""
    return _found(Path(os.environ.get("GATEWAY_SPEC", _SHARED / "spec")))


def harness() -> Path:
    """The folder of the harness that runs the gateway between the referees."""
    return _found(Path(os.environ.get("GATEWAY_HARNESS", _SHARED / "harness")))


def _found(path: Path) -> Path:
    if path.exists():
        return path
    if os.environ.get("CI"):
        pytest.fail(f"absent on CI, where it must be: {path.name}")
    pytest.skip(f"absent: {path.name} (see tests/outside.py)")
