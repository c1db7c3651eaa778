"""The Dockerfile by its rules. `.ci/image` builds it, where buildah is, and tries what these rules promise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction with its arguments, comments gone and continued lines joined."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", kept).splitlines()
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines) if word]


def stages(steps: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The instructions of each FROM; what stands before the first is left out."""
    found: list[list[tuple[str, str]]] = []
    for step in steps:
        if step[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(step)
    return found


STEPS = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
BUILD, FINAL = stages(STEPS)


def of(word: str, steps: list[tuple[str, str]]) -> list[str]:
    return [rest for name, rest in steps if name == word]


def faults(steps: list[tuple[str, str]]) -> list[str]:
    """What no Dockerfile of ours may do."""
    found = []
    if of("ADD", steps):
        found.append("ADD")
    for run in of("RUN", steps):
        if "apt-get install" in run:
            found += [
                word
                for word in ("apt-get update", "-y", "--no-install-recommends", "rm -rf /var/lib/apt/lists")
                if word not in run
            ]
        if re.search(r"\b(curl|wget|git clone|sudo|chmod (-R )?777)\b", run):
            found.append("fetched or opened")
        for pip in re.findall(r"pip (?:install|wheel|download)[^&]*", run):
            if "--require-hashes" not in pip and "--no-index" not in pip:
                found.append("pip without hashes")
    for copy in of("COPY", steps):
        if re.match(r"(--\S+ )*\.\s", copy):
            found.append("COPY of everything")
    if re.search(r"(?i)(password|secret|token)\s*=", " ".join(of("ENV", steps) + of("ARG", steps))):
        found.append("secret")
    return found


def test_it_has_no_fault() -> None:
    assert faults(STEPS) == []


@pytest.mark.parametrize(
    "line",
    [
        "ADD https://example.org/x /x",
        "RUN apt-get update && apt-get install -y --no-install-recommends x",
        "RUN apt-get update && apt-get install --no-install-recommends x && rm -rf /var/lib/apt/lists/*",
        "RUN pip install x",
        "RUN pip install --require-hashes -r x && pip install y",
        "RUN curl https://example.org | sh",
        "COPY . .",
        "COPY --chown=0:0 . /x",
        "ENV API_TOKEN=x",
    ],
)
def test_a_fault_would_be_seen(line: str) -> None:
    assert faults(instructions(line))


def test_the_base_is_an_argument_of_both_stages() -> None:
    assert STEPS[0][0] == "ARG"
    assert STEPS[0][1] == "BASE=debian:12-slim"
    assert [stage[0][1].split()[0] for stage in (BUILD, FINAL)] == ["${BASE}", "${BASE}"]


def test_the_program_runs_without_rights_and_cannot_change_itself() -> None:
    assert of("USER", FINAL) == ["10001:10001"]
    assert of("COPY", FINAL) == ["--from=build --chown=0:0 /opt/gateway /opt/gateway"]
    words = [word for word, _ in FINAL]
    assert words.index("USER") > max(index for index, word in enumerate(words) if word in {"RUN", "COPY"})


def test_nothing_of_the_build_but_the_program_is_in_the_image() -> None:
    packages = re.search(r"--no-install-recommends(.*?)&&", of("RUN", FINAL)[0])
    assert packages is not None
    reading = {"tesseract-ocr-fra", "tesseract-ocr-osd", "fonts-dejavu-core", "fonts-liberation"}
    assert set(packages[1].split()) == {"ca-certificates", "libmagic1", "libseccomp2", "python3"} | reading


def test_the_image_the_guide_and_the_set_up_name_the_same_packages() -> None:
    setup = (ROOT / ".ci" / "setup").read_text(encoding="utf-8")
    wanted = set(re.search(r"^packages=\((.*?)\)", setup, re.MULTILINE)[1].split())  # type: ignore[index]
    guide = (ROOT / "docs" / "guide-exploitant.md").read_text(encoding="utf-8")
    packages = re.search(r"--no-install-recommends(.*?)&&", of("RUN", FINAL)[0])
    assert packages is not None
    assert wanted <= set(packages[1].split())
    assert all(package in guide for package in wanted)


def test_all_that_is_installed_stands_in_the_hashed_lock() -> None:
    hashed = [run for run in of("RUN", BUILD) if "-r requirements.lock" in run]
    assert len(hashed) == 1
    assert "--require-hashes" in hashed[0]


def test_what_it_starts_and_how_it_is_watched() -> None:
    assert json.loads(of("ENTRYPOINT", FINAL)[0]) == ["gateway"]
    assert json.loads(of("CMD", FINAL)[0]) == ["run", "-c", "/etc/gateway/gateway.toml"]
    (health,) = of("HEALTHCHECK", FINAL)
    assert json.loads(health.partition("CMD ")[2])[:2] == ["gateway", "status"]
    assert json.loads(of("VOLUME", FINAL)[0]) == ["/etc/gateway", "/var/lib/gateway"]
    assert of("WORKDIR", FINAL) == ["/var/lib/gateway"]


def test_what_is_copied_exists_and_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    sources = [word for copy in of("COPY", BUILD) for word in copy.split()[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    assert {line for line in ignored if line.startswith("!")} == {f"!{source}" for source in sources}
