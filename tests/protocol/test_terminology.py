"""``gateway terminology`` as a person types it, and that reader processes look codes up as the daemon does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway import terminology
from gateway.app.commands import terminology as command
from gateway.app.config import load
from gateway.isolation.limits import Limits
from gateway.isolation.pool import Pool
from gateway.model.ports import Silent
from tests.protocol.living import Living, build
from tests.unit.terminology.test_refresh import class_map, value_set


def work(request: bytes, _parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    """What a reader says of a type: its class, and whether the DMP takes it."""
    found = terminology.type_code(request.decode())
    return (f"{found.class_code} {found.in_dmp}" if found else "unknown").encode(), ()


@pytest.fixture
def living(tmp_path: Path) -> Living:
    return build(tmp_path, {"terminology": {"folder": "terminologie"}})


def put(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def call(living: Living, *words: str, code: int = 0) -> str:
    done = living.call("terminology", *words, code=code)
    assert code == 0 or len(done.stderr.splitlines()) == 1
    return done.stdout + done.stderr


def test_an_import_is_told_kept_and_shown(living: Living, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "x.toml").write_text('type = "11490-0"\n')
    files = (put(tmp_path, "j66.json", value_set()), put(tmp_path, "x04.json", class_map(A="10")))
    assert "fichier incomplet" in call(living, "import", *files, code=1)
    said = call(living, "import", "--force", *files)
    assert "nouveaux : 99999-1" in said
    assert "l'établissement emploie encore : 11490-0" in said
    assert "sans classe, donc jamais versés : 99999-1" in said
    listed = call(living, "list")
    assert "JDV_J66   1.2.250.1.213.1.1.5.7        2026-06-29       3  de l'établissement (j66.json)" in listed
    assert "JDV_J07   1.2.250.1.213.1.1.5.471      2024-09-27     114  livré avec la passerelle" in listed


def test_one_bad_file_among_several_and_nothing_is_written(living: Living, tmp_path: Path) -> None:
    kept = {"include": [{"system": "urn:oid:2.16.840.1.113883.5.25", "concept": [{"code": code} for code in "NRV"]}]}
    good = put(tmp_path, "good.json", value_set("JDV-J08-Essai", compose=kept))
    bad = put(tmp_path, "bad.json", b"{")
    assert "bad.json" in call(living, "import", good, bad, code=1)
    assert "old.json" in call(living, "import", good, put(tmp_path, "old.json", value_set(version="20200101")), code=1)
    assert "absent.json" in call(living, "import", good, str(tmp_path / "absent.json"), code=1)
    assert not (tmp_path / "terminologie").exists()


def test_without_a_folder_there_is_nowhere_to_import_to(tmp_path: Path) -> None:
    bare = build(tmp_path, {})
    assert "[terminology] folder" in call(bare, "import", put(tmp_path, "j66.json", value_set()), code=1)


def test_a_broken_file_in_the_folder_is_one_line_for_every_command(living: Living, tmp_path: Path) -> None:
    (tmp_path / "terminologie").mkdir()
    put(tmp_path / "terminologie", "JDV_J66.json", b"{")
    assert "réimporter" in call(living, "list", code=1)


async def test_confined_readers_use_the_hospital_s_versions(living: Living, tmp_path: Path) -> None:
    files = (put(tmp_path, "j66.json", value_set()), put(tmp_path, "x04.json", class_map(**{"99999-1": "11"})))
    call(living, "import", "--force", *files)
    folder = load(living.config).terminology.folder
    assert folder is not None
    pool = Pool(f"{__name__}:work", 1, Limits(documents=1), Silent(), allow_unconfined=False)
    try:
        await pool.start()
        assert (await pool.call(b"99999-1")).body == b"11 True"
        assert (await pool.call(b"11490-0")).body == b"10 False"
        (folder / "JDV_J66.json").write_bytes(b"{")
        assert (await pool.call(b"99999-1")).body == b"11 True", "as it was at the start, whatever comes later"
    finally:
        await pool.close()
        terminology.use(None)


def test_few_codes_are_named_and_the_rest_counted() -> None:
    assert command._some([str(n) for n in range(20)]).endswith("11 et 8 autres")
