"""``gateway demo`` as a person starts it: a process of its own, real stand-ins, mails by SMTP."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gateway.app.config import load
from gateway.app.daemon import running
from gateway.app.demo import play
from gateway.app.demo.folder import configure, prepare
from gateway.app.demo.play import know, perform
from gateway.app.samples import patients, samples
from gateway.app.samples.people import DMP_STATES
from gateway.model.identity import Patient
from gateway.model.ports import Silent
from tests.pki import Pki
from tests.protocol import referees

GATEWAY = (sys.executable, "-c", "from gateway.app.cli import main; main()")
WORDS = ("outcome", "reason", "dpi", "dmp", "dmp_reason")


def gateway(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GATEWAY, *map(str, arguments)], capture_output=True, text=True, timeout=100, check=False)


def results(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What ``gateway results`` says, by Message-ID."""
    done = gateway("results", "-c", folder / "gateway.toml")
    assert done.returncode == 0, done.stderr
    found = defaultdict(list)
    for line in map(json.loads, done.stdout.splitlines()):
        found[line["message_id"].strip("<>")].append(line)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    return folder, gateway("demo", "--once", "--dir", folder)


def test_every_sample_ends_where_it_should(played: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = played
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "Chaque exemple a fini où il devait." in done.stdout
    assert "\x1b" not in done.stdout
    found = results(folder)
    book = samples(date(2026, 3, 1))
    assert len(found) == len(book)
    for sample in book:
        said = [tuple(line[word] for word in WORDS) for line in found[sample.message_id.strip("<>")]]
        meant = [tuple(getattr(one, word) for word in WORDS) for one in sample.expected]
        assert said == meant, sample.slug


def test_the_stand_ins_hold_what_was_said_to_be_delivered(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = played
    lines = [line for mail in results(folder).values() for line in mail]
    entries = [json.loads(path.read_bytes()) for path in (folder / "dmp" / "entries").iterdir()]
    fed = {line["fed_unique_id"] for line in lines if line["fed_unique_id"]}
    assert {entry["unique_id"] for entry in entries} == fed
    states = {entry["unique_id"]: entry["status"] for entry in entries}
    assert sorted(states.values()) == ["Approved", "Approved", "Approved", "Deleted", "Deprecated"]
    hidden = [entry["type_code"] for entry in entries if "INVISIBLE_PATIENT" in entry["confidentiality"]]
    assert hidden == ["60568-3"]
    held = len(list((folder / "dpi" / "messages").iterdir()))
    assert held == sum(line["dpi"] == "delivered" for line in lines)
    waiting = [line for line in lines if line["outcome"] == "quarantined"]
    assert len(list((folder / "quarantine").glob("[0-9]*"))) == len(waiting)


def test_a_folder_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("x")
    done = gateway("demo", "--once", "--dir", tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


async def test_a_record_that_refuses_makes_it_fail_and_names_the_samples(tmp_path: Path) -> None:
    out = io.StringIO()
    well = await play(tmp_path / "demo", Console(file=out), once=True, dpi_options=("--refuse", "906"))
    assert not well
    said = out.getvalue()
    assert "N'ont pas fini où ils devaient :" in said
    astray = said.partition("N'ont pas fini où ils devaient :")[2]
    assert "01-nouveau" in astray
    assert "07-sans-dmp" in astray
    assert "10-inconnu" not in astray
    assert "refusé au dossier" in said


async def test_the_samples_satisfy_the_strict_referees_too(tmp_path: Path) -> None:
    today = datetime.now().astimezone().date()
    made, book = prepare(tmp_path / "demo", today)
    rows = [_referee_row(patient) for patient in patients(today)]
    structure, pki = "1990000034", Pki(made.certificates)
    with (
        referees.dmp(tmp_path / "referee-dmp", rows, pki, structure=structure) as dmp,
        referees.dpi(tmp_path / "referee-dpi", rows, ("--ipp-oid", "1.2.250.1.999.52.2")) as dpi,
    ):
        configure(made, dpi.port, dmp.port)
        async with running(load(made.config), Silent()) as life:
            await know(life.gateway.house, patients(today))
            wrong = await perform(life, book, Console(file=io.StringIO()))
        assert [entry["violations"] for entry in (*dmp.journal(), *dpi.journal()) if entry["violations"]] == []
    assert [sample.slug for sample in wrong] == []


def _referee_row(patient: Patient) -> dict[str, str]:
    assert patient.ins is not None
    return {
        "ipp": patient.ipp,
        "ins": patient.ins.number,
        "oid": patient.ins.oid,
        "birth_name": patient.birth_name,
        "first_names": patient.given_names,
        "birth_date": patient.birth_date,
        "sex": patient.sex,
        "birth_place": patient.birth_place,
        "dmp_state": DMP_STATES.get(patient.ipp, "active"),
    }


def test_without_once_it_stays_until_it_is_told_to_stop(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [*GATEWAY, "demo", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        try:
            assert process.poll() is None
            assert f"gateway quarantine list -c {folder / 'gateway.toml'}" in "".join(said)
            assert results(folder), "another process may look at the ledger meanwhile"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert _nobody_uses(folder)


def _nobody_uses(folder: Path) -> bool:
    """Whether no process names the folder on its command line any more: the stand-ins are gone."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(path.read_bytes())
            except OSError:
                continue
        if not any(str(folder).encode() in line for line in lines):
            return True
        time.sleep(0.1)
    return False
