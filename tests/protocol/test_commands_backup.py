"""``gateway backup`` while somebody works, and ``gateway restore`` in another place."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.app.lock import WorkerLock
from tests.protocol.commands import GATEWAY, Site, build
from tests.samples import ZOE, Samples, write


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = build(tmp_path / "site")
    one.ingest(new=Samples("b").new(), unknown=Samples("b").unknown_patient())
    return one


def elsewhere(site: Site, folder: Path, *, key: bool = True) -> Site:
    """A new machine: the configuration, and the key from where it is kept apart."""
    folder.mkdir()
    shutil.copy(site.config, folder / "gateway.toml")
    (folder / "dpi").mkdir()
    if key:
        shutil.copy2(site.folder / "ledger.key", folder / "ledger.key")
    return Site(folder)


def test_a_backup_made_while_somebody_works_is_brought_back_elsewhere(site: Site, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    more = write(site.folder / "more", {str(n): Samples(f"m{n}").unknown_patient() for n in range(6)})
    command = [GATEWAY, "ingest", "--wait", "-c", str(site.config), *map(str, more)]
    with subprocess.Popen(command) as worker:
        said = site.gateway("backup", str(saved)).stdout
        assert worker.wait(60) == 0
    assert "ledger.key" in said
    key = (site.folder / "ledger.key").read_bytes().strip()
    assert all(key not in path.read_bytes() for path in saved.rglob("*") if path.is_file())
    site.gateway("backup", str(saved), "--by", "nuit")
    assert json.loads(site.gateway("status", "--json").stdout)["backup_at"]
    there = elsewhere(site, tmp_path / "there")
    there.gateway("restore", str(saved))
    assert there.results() == site.results()
    assert "intacte" in there.gateway("audit", "verify").stdout
    status = json.loads(there.gateway("status", "--json").stdout)
    assert status["restored"] is True
    (dpi,) = [one for one in status["destinations"] if one["name"] == "dpi"]
    assert (dpi["state"], dpi["hold_reason"]) == ("held", "restore")
    number = str(there.waiting()[0]["id"])
    there.gateway("quarantine", "assign", number, "--ipp", ZOE.ipp, "--by", "x")
    there.work()
    assert there.record == []
    there.gateway("queue", "resume")
    there.work()
    assert [sheet["ipp"] for sheet in there.record] == [ZOE.ipp]


def test_nothing_is_brought_back_where_it_would_destroy(site: Site, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    site.gateway("backup", str(site.folder), code=1)
    site.gateway("backup", str(saved))
    assert "pas vide" in site.gateway("restore", str(saved), code=1).stderr
    there = elsewhere(site, tmp_path / "there", key=False)
    assert "clé absente" in there.gateway("restore", str(saved), code=1).stderr
    (there.folder / "ledger.key").write_text("ab" * 32)
    (there.folder / "ledger.key").chmod(0o600)
    assert "pas celle" in there.gateway("restore", str(saved), code=1).stderr
    shutil.copy2(site.folder / "ledger.key", there.folder / "ledger.key")
    with WorkerLock(there.folder / "gateway.db") as lock:
        assert lock.take()
        assert "arrêtez-la" in there.gateway("restore", str(saved), code=1).stderr
    assert not (there.folder / "gateway.db").exists()
    lost = next(path for path in (saved / "vault").rglob("*") if path.is_file() and path.name != "address.key")
    lost.unlink()
    assert "incomplète" in there.gateway("restore", str(saved), code=1).stderr
    assert not (there.folder / "gateway.db").exists()
    site.gateway("backup", str(saved))
    there.gateway("restore", str(saved))
    (saved / "manifest.json").unlink()
    assert "pas de sauvegarde complète" in elsewhere(site, tmp_path / "x").gateway("restore", str(saved), code=1).stderr
