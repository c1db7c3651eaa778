"""Every situation that the sandbox DMP plays, through the whole gateway: each ends where its description says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.app.demo.rehearsal import expected, rehearse
from gateway.app.errors import CommandError
from gateway.app.samples import Expected
from gateway.app.samples.people import MARGUERITE
from gateway.model.delivery import Answer
from gateway.sandbox.armed import ScenarioError, listing, order
from gateway.sandbox.scenarios import SCENARIOS, Moment
from tests.pki import STRUCTURE, Pki, make
from tests.protocol import test_demo
from tests.protocol.test_sandbox import NOW, at, payload, sandbox, tls

NAMES = tuple(SCENARIOS)


@dataclass(frozen=True)
class Played:
    """One demonstration with every situation: its closing words, its results by situation, what the DMP holds."""

    said: str
    lines: dict[str, list[dict[str, Any]]]
    held: Counter[str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("scenarios") / "demo"
    wanted = [word for name in NAMES for word in ("--scenario", name)]
    done = test_demo.gateway("demo", "--once", "--dir", folder, *wanted)
    assert done.returncode == 0, done.stdout + done.stderr
    found = test_demo.results(folder)
    lines: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    for name, number in zip(NAMES, range(20, 100), strict=False):
        for turn in (1, 2):
            lines[name] += found.get(f"{number}-essai-{turn}@exemple.mssante.fr", [])
    entries = [json.loads(path.read_bytes()) for path in (folder / "dmp" / "entries").iterdir()]
    return Played(done.stdout, lines, Counter(entry["unique_id"] for entry in entries))


@pytest.mark.parametrize("name", NAMES)
def test_a_situation_ends_as_it_says(played: Played, name: str) -> None:
    scenario, lines = SCENARIOS[name], played.lines[name]
    said = [Expected(**{word: line[word] for word in test_demo.WORDS}) for line in lines]
    assert tuple(said) == expected(scenario)
    held = played.held[lines[0]["unique_id"]]
    assert held == (1 if scenario.ends == "fed" or scenario.moment is Moment.DELETE else 0)


def test_the_closing_table_says_what_happened_and_what_to_do(played: Played) -> None:
    for scenario in SCENARIOS.values():
        assert f"{scenario.name} : {scenario.happens}" in played.said
        assert scenario.does in played.said


def test_the_list_says_everything_of_each_situation() -> None:
    said = "\n".join(listing())
    for scenario in SCENARIOS.values():
        for words in (scenario.name, scenario.happens, scenario.sees, scenario.does):
            assert words in said
    for command in (("sandbox", "dmp"), ("demo",)):
        assert test_demo.gateway(*command, "--scenario", "list").stdout.rstrip() == said.rstrip()


@pytest.mark.parametrize("text", ["nothing", "http-503:many", "", "no-dmp@123", "tls-refused@299999999999999", "a b"])
def test_an_order_that_is_not_understood_is_said_in_one_line(text: str) -> None:
    with pytest.raises(ScenarioError, match="scénario"):
        order(text)
    with pytest.raises(CommandError, match="scénario"):
        rehearse([text], date(2026, 3, 1))


def test_an_order_names_how_often_and_for_whom() -> None:
    assert (order("HTTP-503").scenario.name, order("http-503").times) == ("http-503", 2)
    assert order("http-503:7@299999999999999").times == 7
    assert order("http-503@299999999999999").ins == "299999999999999"


async def test_a_situation_armed_while_it_runs_concerns_the_next_messages(tmp_path: Path) -> None:
    pki = make(tmp_path / "pki")
    with sandbox("dmp", "--state", tmp_path, *tls(pki), "--scenario", "XDSRegistryBusy:1") as port:
        dmp = at(port, pki)
        first = payload(dmp, "01-nouveau", seed="1")
        assert (await dmp.send(first)).code == "XDSRegistryBusy"
        (tmp_path / "scenario").write_text("XDSTooManyResults@299999999999999 XDSRepositoryBusy:1\n")
        assert (await dmp.send(first)).code == "XDSRepositoryBusy"
        assert not (tmp_path / "scenario").exists()
        assert (await dmp.send(first)).answer is Answer.DONE
        assert MARGUERITE.ins is not None
        assert await dmp.find(first.key, MARGUERITE.ins) is not None
        await dmp.aclose()


@pytest.mark.parametrize(
    ("structure", "options", "code"),
    [
        (STRUCTURE, ("--structure", STRUCTURE), ""),
        (STRUCTURE, ("--structure", "1990000099"), "DMPInvalidVIHF"),
        ("1990000099", (), "DMPInvalidVIHF"),
        ("1990000099", ("--legal-entity", "1990000099"), ""),
    ],
)
async def test_the_certificate_must_be_of_the_structure_or_of_its_legal_entity(
    tmp_path: Path, structure: str, options: tuple[str, ...], code: str
) -> None:
    pki = make(tmp_path / "pki", structure)
    with sandbox("dmp", "--state", tmp_path / "state", *tls(pki), *options) as port:
        dmp = at(port, pki)
        assert (await dmp.send(payload(dmp, "01-nouveau", seed="1"))).code == code
        await dmp.aclose()


async def test_an_authentication_certificate_does_not_sign(tmp_path: Path) -> None:
    pki = make(tmp_path / "pki")
    for name in ("cert", "key"):
        source, target = getattr(pki, name)("auth"), getattr(pki, name)("sign")
        target.write_bytes(source.read_bytes())
    with sandbox("dmp", "--state", tmp_path / "state", *tls(pki)) as port:
        dmp = at(port, Pki(pki.folder))
        assert (await dmp.send(payload(dmp, "01-nouveau", seed="1"))).code == "DMPInvalidCertificate"
        await dmp.aclose()


@pytest.mark.parametrize(("right", "code"), [("feeder", ""), ("author", "DMPAccessDeniedByRightsService")])
async def test_who_may_delete_is_an_option(tmp_path: Path, right: str, code: str) -> None:
    pki = make(tmp_path / "pki")
    with sandbox("dmp", "--state", tmp_path / "state", *tls(pki), "--delete-right", right) as port:
        dmp = at(port, pki)
        fed, patient = payload(dmp, "01-nouveau", seed="1"), MARGUERITE.ins
        assert patient is not None
        assert (await dmp.send(fed)).answer is Answer.DONE
        entry = await dmp.find(fed.key, patient)
        assert entry is not None
        gone = dmp.prepare_deletion(fed.key, entry, patient, seed="2", instant=NOW)
        assert (await dmp.send(gone)).code == code
        await dmp.aclose()
