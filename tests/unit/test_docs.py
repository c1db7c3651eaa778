"""What the documents name exists: commands and their options, keys of gateway.toml, files, links, guide's sections."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import inspect

from gateway.app.cli import parser
from gateway.app.keys import KEYS, TABLES
from gateway.model.reasons import Ignored, NotFed, Reason
from gateway.model.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOR_OPERATORS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "docs" / "guide-exploitant.md"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(text: str) -> Iterator[str]:
    """The spans and the lines of blocks that are code."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    yield from (line for block in blocks for line in block.splitlines())
    without = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", without)


def commands(text: str) -> Iterator[list[str]]:
    """What follows ``gateway`` in code, word by word."""
    for line in code(text):
        found = re.search(r"(?:^|/|; )gateway (?!$)([^;&']+)", line)
        if found and "…" not in found[1]:
            yield shlex.split(found[1], comments=True)


def verbs(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next((dict(a.choices or {}) for a in of._actions if isinstance(a, argparse._SubParsersAction)), {})


def wrong(words: list[str]) -> str | None:
    """What of a command does not exist."""
    at = parser()
    while words and (below := verbs(at)):
        if words[0].startswith("-") or words[0].isupper():
            break
        if words[0] not in below:
            return words[0]
        at, words = below[words[0]], words[1:]
    options = {option for action in at._actions for option in action.option_strings}
    return next((word for word in words if word.startswith("-") and word not in options), None)


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_every_command_exists(path: Path) -> None:
    assert {" ".join(words) for words in commands(path.read_text()) if wrong(words)} == set()


def test_what_does_not_exist_would_be_found() -> None:
    assert wrong(["quarantine", "lost"]) == "lost"
    assert wrong(["check", "--connected", "-c", "x"]) == "--connected"
    assert wrong(["quarantine", "show", "12", "-c", "x"]) is None
    assert list(commands("`gateway status` and `gateway … -c x`\n```sh\nx/gateway run -c a # b\n```")) == [
        ["run", "-c", "a"],
        ["status"],
    ]


def test_every_command_is_named_in_the_guide() -> None:
    said = {words[0] for path in FOR_OPERATORS for words in commands(path.read_text())}
    assert set(verbs(parser())) - said == set()


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text()
    anchors = {anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("http"):
            assert (path.parent / target.partition("#")[0]).exists(), target


def anchor(title: str) -> str:
    """As the usual renderers make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_every_file_of_ours_that_is_named_exists(path: Path) -> None:
    for name in re.findall(r"`((?:tests|systemd|docs|\.ci)/[\w./-]+)`", path.read_text()):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`([a-z_0-9]+/[a-z_0-9/]+\.py)`", path.read_text()):
        assert (ROOT / name).exists() or (ROOT / "gateway" / name).exists(), name


def tables() -> dict[str, set[str]]:
    """Each table of gateway.toml with its keys."""
    found: dict[str, set[str]] = {name: set() for name in TABLES}
    for dotted in KEYS:
        table, _, key = dotted.partition(".")
        found[table].add(key)
    return found


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_every_key_of_the_configuration_exists(path: Path) -> None:
    """``[table] key``, ``table.key``, and every ``key`` of a row that begins with a table."""
    text, known = path.read_text(), tables()
    pairs = re.findall(r"`\[+(\w+)\]+ (\w+)", text)
    pairs += [pair for pair in re.findall(r"`(\w+)\.(\w+)`", text) if pair[0] in known and pair[1] not in {"py", "key"}]
    for row in re.findall(r"^\| `\[+(\w+)\]+` \|(.+)\|$", text, re.MULTILINE):
        pairs += [(row[0], key) for key in re.findall(r"`(\w+)(?: = [^`]+)?`", row[1])]
    assert {f"{table}.{key}" for table, key in pairs if key not in known.get(table, set())} == set()


def test_every_table_of_the_configuration_is_in_the_guide() -> None:
    text = (ROOT / "docs" / "guide-exploitant.md").read_text()
    root = inspect.type_info(Settings)
    assert isinstance(root, inspect.StructType)
    said = set(re.findall(r"^\| `\[+(\w+)\]+` \|", text, re.MULTILINE))
    assert {field.encode_name for field in root.fields} - said == set()


@pytest.mark.parametrize("path", FOR_OPERATORS, ids=named)
def test_every_reason_exists(path: Path) -> None:
    codes = {*Reason, *NotFed, *Ignored}
    named_codes = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", path.read_text()))
    assert named_codes - {str(one) for one in codes} == set()


def test_decisions_are_numbered_without_gap() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=named)
def test_a_decision_has_its_parts_on_one_page(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Alternatives", "Consequences"]
    assert len(text.splitlines()) <= 60
