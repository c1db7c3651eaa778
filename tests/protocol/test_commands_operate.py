"""The other commands of an operator: the queue, the state, the rules, the trail."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from gateway.app.lock import WorkerLock
from tests.protocol.commands import GATEWAY, Site, build
from tests.samples import ZOE, Samples


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return build(tmp_path / "site")


def test_a_destination_is_held_listed_and_let_go(site: Site) -> None:
    site.gateway("queue", "hold", "--destination", "dpi", "--by", "astreinte")
    site.ingest(new=Samples("q").new())
    (queued,) = json.loads(site.gateway("queue", "list", "--json").stdout)
    assert (queued["destination"], queued["state"], queued["parked"], queued["tries"]) == ("dpi", "waiting", "held", 0)
    assert "retenu" in site.gateway("queue", "list", "--destination", "dpi").stdout
    status = json.loads(site.gateway("status", "--json").stdout)
    assert (status["waiting"], status["today_dpi"]) == (1, 0)
    (dpi,) = [one for one in status["destinations"] if one["name"] == "dpi"]
    assert (dpi["state"], dpi["backlog"], dpi["hold_reason"]) == ("held", 1, "astreinte")
    site.gateway("queue", "resume", "--destination", "dpi", "--by", "astreinte")
    site.work()
    assert [sheet["ipp"] for sheet in site.record] == [ZOE.ipp]
    assert json.loads(site.gateway("status", "--json").stdout)["today_dpi"] == 1
    rows = list(csv.DictReader(io.StringIO(site.gateway("audit", "export", "--format", "csv").stdout)))
    assert [row["action"] for row in rows if row["who"] == "astreinte"] == ["hold", "resume"]


def test_what_failed_is_tried_again_at_once(site: Site) -> None:
    (site.folder / "dpi").rmdir()
    site.ingest(new=Samples("q").new())
    (queued,) = json.loads(site.gateway("queue", "list", "--json").stdout)
    assert queued["tries"] >= 1
    assert queued["code"]
    (site.folder / "dpi").mkdir()
    assert site.gateway("queue", "retry", "--destination", "dmp").stdout.startswith("0 ")
    assert site.gateway("queue", "retry", "--destination", "dpi").stdout.startswith("1 ")
    site.gateway("queue", "retry", "--destination", "elsewhere", code=2)


def test_the_status_of_a_quiet_house(site: Site) -> None:
    words = site.gateway("status").stdout
    for line in ("À traiter : 0", "En attente automatique : 0", "Dossier patient : en service", "DMP : non configuré"):
        assert line in words
    assert "aucun ne travaille" in words


def test_a_daemon_without_a_heartbeat_is_not_alive(site: Site) -> None:
    database = site.folder / "gateway.db"

    def beat(at: float) -> None:
        with closing(sqlite3.connect(database)) as rows, rows:
            rows.execute("INSERT OR REPLACE INTO meta VALUES ('heartbeat', ?)", (repr(at),))

    assert json.loads(site.gateway("status", "--json").stdout)["alive"] is None
    beat(time.time() - 3600)
    assert "est arrêté" in site.gateway("status", code=1).stderr
    with WorkerLock(database) as lock:
        assert lock.take()
        assert "ne répond plus" in site.gateway("status", code=1).stdout
        beat(time.time())
        assert json.loads(site.gateway("status", "--json").stdout)["alive"] is True


def test_a_ledger_that_cannot_be_opened_is_not_healthy(site: Site) -> None:
    (site.folder / "ledger.key").unlink()
    assert "clé absente" in site.gateway("status", code=1).stderr


def test_rules_are_checked_and_tried_without_keeping_anything(site: Site) -> None:
    assert "aucune erreur" in site.gateway("rules", "check").stdout
    mail = site.folder / "mail.eml"
    mail.write_bytes(Samples("q").new())
    told = site.gateway("rules", "test", str(mail)).stdout
    assert f"Classé chez le patient {ZOE.ipp}" in told
    assert "Type du document : 11488-4" in told
    mail.write_bytes(Samples("q").unknown_patient())
    told = site.gateway("rules", "test", str(mail)).stdout
    assert "patient-unknown" in told
    assert "Type du document : 11488-4" in told
    assert site.results() == {}
    site.gateway("rules", "test", str(site.folder / "absent.eml"), code=1)
    site.gateway("rules", "explain", "7", code=1)
    rules = site.folder / "rules"
    rules.mkdir()
    (rules / "a.toml").write_text('[[regle]]\nnom = "x"\nalimentation = true\n')
    assert "alimentation" in site.gateway("rules", "check", code=1).stderr


def test_rules_are_tried_by_a_reader_that_sees_the_schemas(site: Site) -> None:
    schema = site.folder / "schemas" / "CDA_extended.xsd"
    schema.parent.mkdir()
    schema.write_text('<schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="ClinicalDocument"/></schema>')
    with site.config.open("a") as file:
        file.write('[dmp]\nschemas = "schemas"\n')
    mail = site.folder / "mail.eml"
    mail.write_bytes(Samples("q").new())
    assert "Document 1 : " in site.gateway("rules", "test", str(mail)).stdout


def test_a_changed_trail_is_found_out(site: Site) -> None:
    site.ingest(new=Samples("q").new())
    assert "intacte" in site.gateway("audit", "verify").stdout
    lines = [json.loads(text) for text in site.gateway("audit", "export").stdout.splitlines()]
    number = next(line["seq"] for line in lines if line["action"] == "decide")
    with closing(sqlite3.connect(site.folder / "gateway.db")) as rows, rows:
        rows.execute("UPDATE trail SET who = 'nobody' WHERE seq = ?", (number,))
    assert f"ligne {number}" in site.gateway("audit", "verify", code=1).stderr


def test_init_writes_a_file_to_fill(tmp_path: Path) -> None:
    for code in (0, 1):
        done = subprocess.run([GATEWAY, "init", str(tmp_path / "new")], capture_output=True, text=True, check=False)
        assert done.returncode == code
    assert (tmp_path / "new" / "gateway.toml").is_file()
    assert list((tmp_path / "new" / "rules").glob("*.toml"))
