"""``python -m tests.fuzz [--target NAME] [--seconds S] [--seed N]``: S seconds a target; exit 1 when one crashed.

Crashers are written beside this module and tried again by the tests; the slowest input of each target goes to a
temporary folder, named at the end. What corpora gave must not stay in a crasher that is committed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import Report, keep, run
from tests.fuzz.targets import all_targets

SLOW = 1.0


def main() -> int:
    """Run, print a line a target."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    targets = all_targets()
    unknown = [name for name in options.target if name not in targets]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(targets)}")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-slow-"))
    reports = [_shown(run(targets[name], options.seconds, options.seed), folder) for name in options.target or targets]
    crashed = sum(len(report.crashes) for report in reports)
    print(f"{sum(report.inputs for report in reports)} inputs, {crashed} crashers; slow inputs in {folder}")
    return 1 if crashed else 0


def _shown(report: Report, folder: Path) -> Report:
    slow = ", ".join(f"{took:.2f} s ({size} B)" for took, size in report.slowest)
    print(f"{report.target:28} {report.inputs:8} inputs, grew {report.grown >> 20} MB; slowest {slow}", flush=True)
    for path, outcome in zip(keep(report), report.crashes, strict=True):
        print(f"    {outcome}: {path}", flush=True)
    if report.slowest and report.slowest[0][0] > SLOW:
        (folder / report.target).write_bytes(report.slowest_input)
    return report


if __name__ == "__main__":
    sys.exit(main())
