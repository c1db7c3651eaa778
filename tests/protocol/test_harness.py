"""The labelled mails, all of them, between the two referees: by files with the harness, and by IMAP with the daemon.

What must be zero is zero for every kind of mail. How much is filed without anybody's help is held for each family, and
for all of them together.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import outside
from tests.crash import kill
from tests.protocol.living import SCRIPT

NEVER = ("wrong_patient", "dmp_wrongly_fed", "missed_quarantine", "lost", "filed_not_ignored", "extra_filed")

#: Its record drops the patients without INS from its table, so it answers 903 for letters about two newborns, although
#: its README says that the IPP designates the patient when --ipp-oid is given. Both are refused, with an entry.
EXCUSED = {"dpi": {"F903": 2}, "dmp": {}}

#: Which documents the DMP may not get although the corpus says so: a CDA whose title is one of those that wait for a
#: professional when the patient is a minor (rules/mineurs.toml). The corpus does not know our rules.
HELD_BY_RULE = 1

#: Families of which some documents may wait for a person: what is on a bad scan is not always legible.
ILLEGIBLE = frozenset({"pdf-scan", "pdf-scan-large", "image"})

#: Of what is expected to be filed, how much is filed by itself, and of what waits, how much for the reason expected.
FILED, REASONS = 0.97, 0.95


def hold(score: Mapping[str, Mapping[str, int]], held: Mapping[str, Mapping[str, int]], least: int) -> None:
    """What holds however the mails come in. ``least``: each referee holds more than so many documents."""
    for family, counts in score.items():
        assert {name: counts[name] for name in NEVER if counts.get(name)} == {}, family
        if family not in ILLEGIBLE | {"TOTAL"}:
            tolerated = counts.get("quarantine_tolerated", 0)
            assert counts.get("filed_right", 0) + tolerated == counts.get("want_file", 0), family
            assert counts.get("quarantined_right", 0) == counts.get("want_quarantine", 0), family
            assert counts.get("needless_quarantine", 0) == 0, family
            assert counts.get("type_ok", 0) == counts.get("type_n", 0), family
    total = score["TOTAL"]
    assert total["filed_right"] >= FILED * (total["want_file"] - total.get("quarantine_tolerated", 0))
    assert total["reason_ok"] >= REASONS * total["quarantined_right"]
    assert total.get("dmp_wrongly_not_fed", 0) <= HELD_BY_RULE
    for name, one in held.items():
        assert one["twice"] == 0, name
        assert one["said"] == one["held"] > least, name


@pytest.mark.timeout(900)
def test_the_harness(tmp_path: Path) -> None:
    harness, corpus = outside.harness(), outside.corpora("mails")
    command = [sys.executable, str(harness / "run_mails.py"), "--gateway", str(SCRIPT), "--mails", str(corpus)]
    command += ["--work", str(tmp_path / "run"), "--referee", str(outside.referee()), "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    scorer = [sys.executable, str(corpus / "score.py"), str(corpus / "truth.jsonl")]
    scored = subprocess.run(
        [*scorer, str(tmp_path / "run" / "results-for-score.jsonl"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    hold(json.loads(scored.stdout), verdict["held"], least=200)
    for name, excused in EXCUSED.items():
        assert Counter(verdict[name]["violations"]) <= Counter(excused), name


@pytest.mark.timeout(900)
def test_the_same_mails_by_imap(tmp_path: Path) -> None:
    """The first quarter of them, which is enough to tell one way in from the other."""
    verdict = kill.campaign(tmp_path, kills=0, seed=0, mails=110)
    assert verdict.wrong == [], str(verdict)
    hold(verdict.families, verdict.held, least=40)
    for name, excused in EXCUSED.items():
        assert Counter(verdict.violations[name]) <= Counter(excused), name
