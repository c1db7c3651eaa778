"""docs/conformite.md says what is: all that it names exists, and no requirement known to us is missing from it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from gateway.protocols import xds
from tests import outside

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "conformite.md").read_text(encoding="utf-8")
COLUMNS = ["Réf.", "Exigence", "Réalisation", "Preuve", "État"]
HELD, OPEN, OUT = "tenu", "point ouvert", "hors du champ"
NAMED = re.compile(r"`([\w/.-]+\.py)::([\w.]+)`")
#: A numbered requirement as the digests write it, and what may follow of its family (/ .6 / .7, /2, -18).
REQUIREMENT = re.compile(
    r"(?P<first>(?:EX|REC)_(?:[0-9.]+|[A-Z]+)-\d+|RG_\d+|EF_[A-Z]+\d+(?:_\d+)?|ECO(?:\.\d+){3}|"
    r"(?:SC|LGC|AMBU)\.[A-Z]+(?:/(?:[A-Z]+|va\d+))?(?:\.\d+)*|(?:INS|MSS)/va[\d.]+\d|SENTINELLE\.\d+|"
    r"EXI (?:ID|REC) \d+)(?P<more>(?: ?/ ?\.?\d+|-\d+)*)"
)
FLAGS = (
    "MASQUE_PS INVISIBLE_PATIENT INVISIBLE_REP_LEGAUX CONNEXION_SECRETE MODIF_CONF_CODE DESTDMP DESTMSSANTEPS "
    "DESTMSSANTEPAT ACK_RECEPTION ACK_LECTURE_MSS CORPSMAIL_PS CORPSMAIL_PATIENT"
)


@dataclass(frozen=True)
class Row:
    """One requirement."""

    reference: str
    requirement: str
    where: str
    proof: str
    state: str

    def states(self) -> list[str]:
        """Its one or two states, each with what is said of it."""
        return re.split(rf" ; (?={OPEN})", self.state)

    @property
    def held(self) -> bool:
        return HELD in self.states()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []


def rows() -> list[Row]:
    """The rows of every chapter; a line of another width is an error."""
    found, within = [], False
    for line in DOCUMENT.splitlines():
        if cells(line) == COLUMNS:
            within = True
        elif not line.startswith("|"):
            within = False
        elif within and not line.startswith("| ---"):
            assert len(cells(line)) == len(COLUMNS), line
            found.append(Row(*cells(line)))
    return found


def passages() -> dict[str, str]:
    """The runs before the referees, each with its tests."""
    return {
        name: tests
        for name, _, tests in re.findall(r"^\| \*\*([A-Z-]+)\*\* \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    }


ROWS, PASSAGES = rows(), passages()


@cache
def names(path: Path) -> frozenset[str]:
    """Functions, classes, their methods, and the names of a module."""

    def within(body: list[ast.stmt], before: str = "") -> Iterator[str]:
        for one in body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                yield before + one.name
            elif isinstance(one, ast.ClassDef):
                yield before + one.name
                yield from within(one.body, f"{before}{one.name}.")
            elif isinstance(one, ast.Assign | ast.AnnAssign):
                targets = one.targets if isinstance(one, ast.Assign) else [one.target]
                found = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
                yield from (before + name.id for name in found)

    return frozenset(within(ast.parse(path.read_text(encoding="utf-8")).body))


def absent(text: str, folder: str) -> list[str]:
    """What is named there and does not exist."""
    missing = []
    for path, name in NAMED.findall(text):
        file = ROOT / folder / path
        if not file.exists() or name not in names(file):
            missing.append(f"{path}::{name}")
    return missing


def known() -> set[str]:
    return {one for row in ROWS for one in (row.reference, *re.split(r" / |, ", row.reference))}


def requirements(text: str) -> Iterator[str]:
    """Every numbered requirement of a digest, shortened ones written in full."""
    for found in REQUIREMENT.finditer(re.sub(r"(?<![/\w])va(?=\d)", "MSS/va", text)):
        first = found["first"]
        yield first
        more = found["more"] if first.startswith(("ECO", "EXI", "SC.MSS")) else ""
        yield from (re.sub(r"\d+$", number, first) for number in re.findall(r"\d+", more))


def checks() -> set[str]:
    """The ids of the referees' own list."""
    home = outside.referee()
    command = [sys.executable, "-m", "referee_common.listing"]
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    listed = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\| ([A-Z][A-Za-z0-9-]*\d\w?|[A-Z]+-[A-Z]+) \|", listed, re.MULTILINE)) - {"DPI"}


def test_there_are_rows_and_no_reference_comes_twice() -> None:
    assert len(ROWS) > 300
    assert [one for one, times in Counter(row.reference for row in ROWS).items() if times > 1] == []


@pytest.mark.parametrize(("column", "folder"), [("where", "gateway"), ("proof", "tests")])
def test_what_is_named_exists(column: str, folder: str) -> None:
    missing = {row.reference: gone for row in ROWS if (gone := absent(getattr(row, column), folder))}
    assert missing == {}


def test_what_the_passages_name_exists() -> None:
    assert set(PASSAGES) == {"A-DMP", "A-CDA", "A-VIE", "A-DPI"}
    assert [gone for tests in PASSAGES.values() for gone in absent(tests, "tests")] == []
    assert all(NAMED.search(tests) for tests in PASSAGES.values())


def test_what_does_not_exist_would_be_found() -> None:
    assert absent("`protocols/mdm.py::build` `protocols/mdm.py::Nobody.build` `protocols/x.py::y`", "gateway") == [
        "protocols/mdm.py::Nobody.build",
        "protocols/x.py::y",
    ]
    assert absent("`delivery/dmp/adapter.py::Dmp.send` `protocols/cda.py::TEMPLATES`", "gateway") == []


def test_every_row_has_a_state_that_says_why() -> None:
    for row in ROWS:
        first, *second = row.states()
        assert first == HELD or first.startswith((f"{OPEN} : ", f"{OUT} : ")), row
        assert not second or (row.held and second[0].startswith(f"{OPEN} : ")), row


def test_nothing_is_held_without_a_test_that_proves_it() -> None:
    for row in (row for row in ROWS if row.held):
        assert row.where, row.reference
        tests = [name for _, name in NAMED.findall(row.proof)]
        assert all(name.startswith("test_") for name in tests), row.reference
        assert tests or re.search(r"\w\w+ dans \*\*A-", row.proof), row.reference
    cited = {one for row in ROWS for one in re.findall(r"\*\*([^*]+)\*\*", row.proof)}
    assert cited <= set(PASSAGES)


def test_the_number_of_rows_is_the_one_that_is_said() -> None:
    held = [row for row in ROWS if row.held]
    partly = sum(len(row.states()) > 1 for row in held)
    left_open, out = (sum(row.state.startswith(state) for row in ROWS) for state in (OPEN, OUT))
    said = f"**{len(ROWS)} lignes : {len(held)} tenues (dont {partly} avec un point ouvert), "
    assert f"{said}{left_open} ouvertes, {out} hors du champ.**" in DOCUMENT


def test_shortened_requirements_are_read_in_full() -> None:
    said = "ECO.1.1.5 / .6 / .7, ECO.2.2.1/2, SC.MSS/CONF.17-18, EXI ID 24/26, EX_2.1-1050, INS/va1.53, INS/DMP; va1.28"
    assert list(requirements(said)) == [
        *("ECO.1.1.5", "ECO.1.1.6", "ECO.1.1.7", "ECO.2.2.1", "ECO.2.2.2", "SC.MSS/CONF.17", "SC.MSS/CONF.18"),
        *("EXI ID 24", "EXI ID 26", "EX_2.1-1050", "INS/va1.53", "MSS/va1.28"),
    ]


def test_every_numbered_requirement_of_the_digests_has_a_row() -> None:
    found = {one for path in outside.spec().rglob("*.md") for one in requirements(path.read_text(encoding="utf-8"))}
    assert len(found) > 70
    assert sorted(found - known()) == []


def test_every_check_of_the_referees_is_cited() -> None:
    listed = checks()
    assert len(listed) > 280
    cited = {word for row in ROWS for word in re.findall(r"[\w-]+", re.sub(r"`[^`]*`", "", row.proof))}
    assert sorted(listed - cited) == []


def test_every_attribute_and_every_flag_has_a_row() -> None:
    attributes = {row.attribute.rpartition(":")[2] for row in xds.TABLE}
    assert {one for one in attributes if not {one, f"DE {one}"} & known()} == set()
    assert {flag for flag in FLAGS.split() if f"Drapeau {flag}" not in known()} == set()


def test_the_ten_invariants_are_held() -> None:
    assert [row.reference for row in ROWS if row.held and row.reference.startswith("Invariant")] == [
        f"Invariant {number}" for number in range(1, 11)
    ]
