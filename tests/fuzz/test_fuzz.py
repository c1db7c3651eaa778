"""Half a minute of it, every crasher of the past, and no reader without a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import targets
from tests.fuzz.run import kept, replay, run
from tests.fuzz.targets import REACHED, Target

SECONDS = 30.0
SEED = 7
TARGETS = targets.all_targets()


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_a_refusal(name: str) -> None:
    report = run(TARGETS[name], SECONDS / len(TARGETS), SEED)
    print(f"{report.inputs} inputs, slowest {report.slowest[:1]}, grew {report.grown >> 20} MB")
    assert {outcome: data[:200] for outcome, data in report.crashes.items()} == {}
    assert report.inputs > 0


@pytest.mark.parametrize("path", [path for name in TARGETS for path in kept(name)], ids=lambda path: path.name)
def test_what_crashed_once(path: Path) -> None:
    assert replay(TARGETS[path.parent.name], path.read_bytes()) == ""


def test_every_reader_has_a_target() -> None:
    without = {
        targets.named(module)
        for module in targets.modules()
        if targets.readers(module) and targets.named(module) not in {*TARGETS, *REACHED}
    }
    assert without == set()


def test_every_crasher_has_a_target() -> None:
    folder = Path(__file__).with_name("crashers")
    assert {path.name for path in folder.glob("*/")} - set(TARGETS) == set()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_defect_would_be_found(seed: int) -> None:
    def fragile(data: bytes) -> None:
        if b"\xff" in data:
            raise KeyError

    report = run(Target("fragile", fragile, ("csv",)), 2, seed)
    assert [outcome.partition(" ")[0] for outcome in report.crashes] == ["KeyError"]
    assert next(iter(report.crashes.values())) == b"\xff", "made as small as it can be"


def test_a_hang_and_a_hunger_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(_: bytes) -> None:
        while True:
            pass

    def eats(_: bytes) -> None:
        bytearray(2 << 30)

    monkeypatch.setattr("tests.fuzz.run.PATIENCE", 0.2)
    assert list(run(Target("hangs", hangs, ("csv",)), 0.5, 1).crashes) == ["took too long"]
    assert list(run(Target("eats", eats, ("csv",)), 0.5, 1).crashes) == ["MemoryError"]
