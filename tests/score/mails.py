"""The labelled mails through the whole gateway, between the two referees, by the harness: its verdict and ours."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.outside import corpora, harness
from tests.protocol.living import SCRIPT
from tests.score import Row, most, none, share
from tests.score.emails import told

_ZERO = {
    "wrong_patient": "filed in the wrong record",
    "dmp_wrongly_fed": "wrongly fed to the DMP",
    "missed_quarantine": "filed that a person had to see",
    "lost": "lost",
    "filed_not_ignored": "filed that is no document",
    "extra_filed": "filed that nobody sent",
}
_PDF = frozenset({"pdf-text", "pdf-scan", "pdf-datamatrix"})
_CDA = frozenset({"cda", "xdm-cda-n1", "xdm-cda-n3"})


def rows() -> Iterator[Row]:
    """The whole, the types by carrier, then each family."""
    folder = corpora("mails")
    with tempfile.TemporaryDirectory(prefix="score-") as name:
        work = Path(name) / "run"
        yield from _run(folder, work)
        scorer, truth = _scorer(folder), _lines(folder / "truth.jsonl")
        found = _lines(work / "results-for-score.jsonl")
    families, _ = scorer.score(truth, found)
    yield from _bounds(families["TOTAL"])
    yield from _types(scorer.match(truth, found)[0])
    yield from (_family(name, counts) for name, counts in sorted(families.items()) if name != "TOTAL")


def _run(mails: Path, work: Path) -> Iterator[Row]:
    """Run the harness; what the referees found."""
    command = [sys.executable, str(harness() / "run_mails.py"), "--gateway", str(SCRIPT)]
    command += ["--mails", str(mails), "--work", str(work)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-2000:])
    verdict = json.loads((work / "verdict.json").read_text())
    violated = sum((Counter(verdict[name]["violations"]) for name in ("dmp", "dpi")), Counter[str]())
    yield Row("checks of the referees violated", told(violated), "none", not violated)
    yield none("delivered twice", sum(held["twice"] for held in verdict["held"].values()))
    yield none("said and not held", sum(abs(held["said"] - held["held"]) for held in verdict["held"].values()))
    yield Row("mails", f"{verdict['mails']} in {verdict['seconds']:.0f} s")


def _bounds(total: dict[str, int]) -> Iterator[Row]:
    count = Counter(total)
    yield from (none(name, count[key]) for key, name in _ZERO.items())
    to_file = count["want_file"] - count["quarantine_tolerated"]
    yield share("filed by itself", count["filed_right"], to_file, 0.97)
    yield share("reasons", count["reason_ok"], count["quarantined_right"], 0.95)
    should = count["dmp_wrongly_not_fed"]
    yield most("not fed that should be", 100 * should / max(1, to_file), "%", 3, of=str(should))


def _types(pairs: list[tuple[Any, dict[str, Any], dict[str, Any] | None]]) -> Iterator[Row]:
    """The type of what was filed in the right record, as the scorer counts it."""
    right: Counter[tuple[str, bool]] = Counter()
    for _, truth, line in pairs:
        if line is None or truth["expected"] != "file" or not truth["type_code"] or line.get("outcome") != "filed":
            continue
        if line.get("patient_ipp") == truth["patient_ipp"]:
            right[truth["carrier"], line.get("type_code") in {truth["type_code"], *truth["accept_type_codes"]}] += 1
    for name, carriers, least in (("type of bare PDFs", _PDF, 0.90), ("type of CDAs", _CDA, 0.99)):
        good = sum(count for (carrier, ok), count in right.items() if ok and carrier in carriers)
        whole = sum(count for (carrier, _), count in right.items() if carrier in carriers)
        yield share(name, good, whole, least)


def _family(name: str, counts: dict[str, int]) -> Row:
    count = Counter(counts)
    said = f"{count['docs']} documents: {count['filed_right']}/{count['want_file']} filed, "
    said += f"{count['quarantined_right']}/{count['want_quarantine']} held"
    odd = {
        key: count[key] for key in ("needless_quarantine", "missed_quarantine", "wrong_patient", "lost") if count[key]
    }
    return Row(f"  {name}", said + "".join(f", {number} {key.replace('_', ' ')}" for key, number in odd.items()))


def _scorer(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_of_mails", folder / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
