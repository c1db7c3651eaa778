"""The kill campaign in small: the first mails of the corpus, two kills. The whole of it is run by hand (kill.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.kill import campaign


@pytest.mark.timeout(300)
def test_two_kills(tmp_path: Path) -> None:
    verdict = campaign(tmp_path, kills=2, seed=1, mails=30)
    assert verdict.wrong == [], str(verdict)
    assert verdict.score["filed_right"] > 0
    assert verdict.held["dmp"]["held"] > 0
