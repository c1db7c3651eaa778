"""The gateway as configured for a FHIR record: a document's life, what is cut on the way, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.protocol import living
from tests.protocol.fhir_server import Record, fhir_server, outcome
from tests.protocol.living import Living
from tests.samples import ZOE, Samples, write

REPORT = b"From: a@b.mssante.fr\r\nContent-Type: message/disposition-notification\r\n\r\nx\r\n"


def house(folder: Path, record: Record) -> Living:
    return living.build(folder, {"dpi": {"kind": "fhir", "url": record.base, "timeout": "5s"}})


def ingest(home: Living, **mails: bytes) -> None:
    home.call("ingest", "--wait", "--timeout", "50", *map(str, write(home.folder / "mails", mails)))


def statuses(record: Record) -> dict[str, str]:
    """The status of each document, by its id."""
    return {one["masterIdentifier"]["value"].rpartition(":")[2]: one["status"] for one in record.resources.values()}


def held(record: Record, unique_id: str) -> dict[str, Any]:
    """The document with this id."""
    (found,) = (one for one in record.resources.values() if one["masterIdentifier"]["value"].endswith(unique_id))
    return found


def test_a_document_and_a_letter_live_there(tmp_path: Path) -> None:
    """The document is replaced and taken back by its author; a professional makes the letter invisible."""
    samples = Samples("f1")
    with fhir_server() as record:
        home = house(tmp_path, record)
        ingest(home, a=samples.new(), b=samples.again(), c=samples.replacement(), d=samples.letter())
        first, second = (held(record, samples.oid(name)) for name in ("first", "second"))
        (letter,) = (one for one in record.resources.values() if one not in (first, second))
        assert (first["status"], second["status"], letter["status"]) == ("superseded", "current", "current")
        assert second["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{first['id']}"
        assert first["subject"]["identifier"]["value"] == (ZOE.ins.number if ZOE.ins else "")
        number = next(str(line["id"]) for line in home.results() if line["filename"] == "lettre.pdf")
        by = ("--by", "Mme Duval", "--on-request-of", "10107507153")
        home.call("documents", "make-invisible", number, *by)
        ingest(home, e=samples.deletion())
        *_, hidden = record.resources.values()
        assert (second["status"], letter["status"], hidden["status"]) == ("entered-in-error", "superseded", "current")
        assert hidden["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{letter['id']}"
        assert [label["coding"][0]["code"] for label in hidden["securityLabel"]] == ["N", "INVISIBLE_PATIENT"]
        assert len(record.resources) == 4
        assert {line["dpi"] for line in home.results() if line["outcome"] == "filed"} == {"delivered"}


def test_what_is_cut_on_the_way_is_there_once(tmp_path: Path) -> None:
    samples = Samples("f3")
    with fhir_server() as record:
        home = house(tmp_path, record)
        record.arm("POST", None, after=True)
        record.arm("GET", outcome(503, "transient"))
        mails = {"a": samples.new(), "report": REPORT}
        for _ in range(5):
            ingest(home, **mails)
            (line,) = (one for one in home.results() if one["outcome"] != "ignored")
            if line["dpi"] == "delivered":
                break
            mails = {"report": REPORT}
        assert line["dpi"] == "delivered"
        assert statuses(record) == {samples.oid("first"): "current"}
        assert len(record.asked("POST")) == 1


def test_a_refusal_waits_for_a_person_and_quotes_nobody(tmp_path: Path) -> None:
    with fhir_server() as record:
        home = house(tmp_path, record)
        record.arm("POST", outcome(422, "business-rule", "XDSUnknownPatientId"))
        ingest(home, a=Samples("f4").new())
        listed = home.call("quarantine", "list", "--json").stdout
        (entry,) = json.loads(listed)
        assert entry["reason"] == "dpi-refused"
        assert "902" in listed
        assert "MARTIN" not in listed
