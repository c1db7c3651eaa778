"""Each guard is taken away from a copy of the gateway, and the tests that hold it must fail there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import gateway
from tests.thorough import sampled
from tests.unit.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(gateway.__file__).parent
PASSED, FAILED = 0, 1


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and of its rules, alone in their folder."""
    folder = tmp_path_factory.mktemp("teeth")
    shutil.copytree(HOME, folder / "gateway")
    shutil.copytree(ROOT / "rules", folder / "rules")
    return folder


def test_the_copy_is_what_is_tested(copy: Path) -> None:
    asked = [sys.executable, "-P", "-c", "import gateway; print(gateway.__file__)"]
    said = subprocess.run(asked, env=_environment(copy), capture_output=True, text=True, check=True, cwd=ROOT)
    assert Path(said.stdout.strip()) == copy / "gateway" / "__init__.py"


def test_the_copy_passes_unchanged(copy: Path) -> None:
    code, said = _run(copy, {test for mutation in MUTATIONS for test in mutation.tests})
    assert code == PASSED, said


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.guard)
def test_the_table_says_what_the_module_does(mutation: Mutation) -> None:
    assert (HOME / mutation.module).read_text(encoding="utf-8").count(mutation.fragment) == 1


@pytest.mark.parametrize("mutation", sampled(MUTATIONS, 3), ids=lambda one: one.guard)
def test_without_the_guard_a_test_fails(copy: Path, mutation: Mutation) -> None:
    module = copy / "gateway" / mutation.module
    source = (HOME / mutation.module).read_text(encoding="utf-8")
    try:
        module.write_text(source.replace(mutation.fragment, mutation.without), encoding="utf-8")
        code, said = _run(copy, mutation.tests)
    finally:
        shutil.copy2(HOME / mutation.module, module)
    assert code == FAILED, f"nobody misses it: {mutation.guard}\n{said}"


def _run(copy: Path, tests: Iterable[str]) -> tuple[int, str]:
    options = [
        "-x",
        "-q",
        "--tb=line",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--timeout=20",
        "--import-mode=importlib",
    ]
    command = [sys.executable, "-P", "-m", "pytest", *options, *sorted(tests)]
    done = subprocess.run(command, env=_environment(copy), capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode, (done.stdout + done.stderr)[-2000:]


def _environment(copy: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    paths = os.pathsep.join((str(copy), str(ROOT)))
    return {**kept, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
