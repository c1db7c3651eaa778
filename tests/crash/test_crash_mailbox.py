"""Every commit of an arrival and every step in the mailbox, stopped there and started again, on a real Dovecot.

With MOVE, and without, where a move is COPY, STORE and EXPUNGE. Whatever the instant, each mail is taken once, stands
in the done folder once, and its documents are delivered once.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.crash.house import Driver, House, build, copy, driver, survive
from tests.protocol import dovecot, living
from tests.protocol.dovecot import Dovecot
from tests.samples import Samples

RECORD = '[dpi]\nkind = "folder"\npath = "record"\n'
STEPS = {True: {"imap.move"}, False: {"imap.copy", "imap.store", "imap.expunge"}}
EXPECTED = [("filed", None), ("ignored", "copy"), ("filed", None), ("quarantined", "patient-unknown"), ("filed", None)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("move", [True, False], ids=["move", "copy"])
def test_every_crash_point_in_the_mailbox(tmp_path: Path, move: bool) -> None:
    template = build(tmp_path / "template", RECORD)
    (template.folder / "record").mkdir()
    with dovecot.running(without=() if move else ("MOVE",)) as server, driver() as runs:
        points = _discover(_house(template, server, "calm"), server, runs)
        assert {point.split(":")[0] for point in points} == {"ledger.commit.receive", *STEPS[move]}

        def crash(point: str, tag: str) -> bool:
            house = _house(template, server, tag)
            if not runs.stop_and_start(house, {}, point):
                return False
            _check(house, server)
            return True

        survive(points, crash)


def _house(template: House, server: Dovecot, tag: str) -> House:
    """A house of its own, whose mailbox holds four mails."""
    house = copy(template, template.folder.with_name(tag))
    box = living.mailbox(server, _user(house))
    lines = "".join(f"{name} = {json.dumps(str(v) if isinstance(v, Path) else v)}\n" for name, v in box.items())
    with house.config.open("a", encoding="utf-8") as file:
        file.write(f"[[mailbox]]\n{lines}")
    samples = Samples("t")
    server.deliver(_user(house), samples.new(), samples.replacement(), samples.unknown_patient(), samples.letter())
    return house


def _user(house: House) -> str:
    return f"{house.folder.name}@test.mssante.fr"


def _discover(house: House, server: Dovecot, runs: Driver) -> list[str]:
    record = house.folder / "points"
    assert runs.run(house, {}, record=record) == 0
    _check(house, server)
    points = dict.fromkeys(record.read_text().split())
    return [point for point in points if point.startswith(("imap.", "ledger.commit.receive:"))]


def _check(house: House, server: Dovecot) -> None:
    house.check(mails=4)
    lines = house.lines()
    assert [(line.outcome, line.reason) for line in lines] == EXPECTED
    assert [line.source.rpartition(":")[2] for line in lines] == ["1", "1", "2", "3", "4"]
    sheets = [json.loads(path.read_bytes()) for path in (house.folder / "record").glob("*.json")]
    assert sorted(s["sha256"] for s in sheets) == sorted(line.sha256 for line in lines if line.outcome == "filed")
    # stopped between STORE and EXPUNGE without MOVE, mails stay marked \\Deleted: as deleted as another client may do
    assert server.count(_user(house), "INBOX", "UNDELETED") == 0
    assert server.count(_user(house), "Traites") == 4
