"""The lock: every package at one version with its hashes, from no named host, and all that pyproject.toml asks for.

The last tests hold every tracked file to the same: no host to fetch packages from, no folder of one machine.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_PACKAGE_HOST = re.compile(
    r"(?i)--(?:extra-)?index-url|--trusted-host|\b(?:pypi|ghcr|quay|deb\.debian)\.(?:org|io)|pythonhosted|\bdocker\.io"
)
_MACHINE = re.compile(r"(?<![\w.$}])/(?:work|root|home|Users)/\w")


def entries(text: str) -> Iterator[Requirement]:
    """Each package of a lock; ValueError at a line that is anything but one version and its hashes."""
    said = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in filter(None, map(str.strip, re.sub(r"\s*\\\n\s*", " ", said).splitlines())):
        named, *hashes = re.split(r" (?=--hash)", line)
        if not hashes or not all(map(_HASH.fullmatch, hashes)):
            raise ValueError(f"no hash: {line}")
        found = Requirement(named)
        if found.url or [(one.operator, "*" in one.version) for one in found.specifier] != [("==", False)]:
            raise ValueError(f"not one version: {line}")
        yield found


LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = {canonicalize_name(found.name): found for found in entries(LOCK)}
SOME = "--hash=sha256:" + "0" * 64
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def asked() -> list[str]:
    """What the project, its build and its tests ask for."""
    return [
        *PROJECT["project"]["dependencies"],
        *PROJECT["build-system"]["requires"],
        *PROJECT["dependency-groups"]["dev"],
    ]


def tracked() -> Iterator[tuple[str, str]]:
    """Each text file that git follows, with what it holds."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path != Path(__file__).resolve():
            yield name, path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize(
    "line",
    [
        "a==1",
        f"a>=1 {SOME}",
        f"a==1.* {SOME}",
        f"a {SOME}",
        "a==1 --hash=md5:" + "0" * 32,
        f"a @ https://example.org/a.whl {SOME}",
        f"--index-url https://example.org {SOME}",
        "-e .",
    ],
)
def test_an_entry_without_version_and_hashes_would_be_seen(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - also the one of a requirement that cannot be read
        list(entries(line))


@pytest.mark.parametrize("requirement", asked())
def test_the_lock_has_what_the_project_asks_for(requirement: str) -> None:
    wanted = Requirement(requirement)
    locked = LOCKED[canonicalize_name(wanted.name)]
    (only,) = locked.specifier
    assert only.version in wanted.specifier
    assert locked.marker is None


def test_no_address_stands_in_the_lock() -> None:
    assert "://" not in LOCK


@pytest.mark.parametrize("text", ["--index-url x", "docker.io/library/debian", "pypi.org/simple", "quay.io/x"])
def test_a_package_host_would_be_seen(text: str) -> None:
    assert _PACKAGE_HOST.search(text)


@pytest.mark.parametrize("text", ["cd /home/me", '"/' + 'root/x"', "file:///" + "work/x"])
def test_a_folder_of_one_machine_would_be_seen(text: str) -> None:
    assert _MACHINE.search(text)


def test_no_package_host_is_named() -> None:
    assert {name: found[0] for name, text in tracked() if (found := _PACKAGE_HOST.search(text))} == {}


def test_no_folder_of_one_machine_is_named() -> None:
    assert {name: found[0] for name, text in tracked() if (found := _MACHINE.search(text))} == {}
