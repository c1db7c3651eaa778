"""Delivery into a folder: the JSON comes last, a repetition changes nothing, a full disk is said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dpi.folder import Folder, Sheet, prepare
from gateway.model.delivery import Answer
from gateway.model.documents import Action, Visibility
from gateway.model.ports import Silent
from gateway.protocols.handover import Recipient
from tests.unit.protocols.people import PATIENT, SENDER, UNQUALIFIED

PDF = b"%PDF-1.4 nothing more"
SHEET = Sheet(
    unique_id="1.2.3^4",
    action=Action.CREATE,
    patient=PATIENT,
    type_code="11488-4",
    type_label="CR ou fiche de consultation ou de visite",
    title="Consultation d'été",
    act_date="20260105",
    filename="lettre à M. Été.pdf",
    media_type="application/pdf",
    sha256=hashlib.sha256(PDF).hexdigest(),
    sender=SENDER,
    mailbox="urologie",
    message_id="<1@example>",
    visibility=Visibility(invisible_to_patient=True),
    replaces="1.2.3^3",
    sender_address=SENDER.address,
    subject="CR d'été | 3",
    reply_to="secretariat@example.mssante.fr",
    recipients=(
        Recipient("urologie@example.mssante.fr", "Urologie", "3435", "120456789"),
        Recipient("chirurgie@example.mssante.fr"),
    ),
    modified_confidentiality=True,
)


class Recorder(Silent):
    """Remembers each step, and what the folder held when it began. ``failing`` makes one step fail."""

    def __init__(self, folder: Path, failing: int = -1) -> None:
        self.folder, self.failing = folder, failing
        self.seen: list[tuple[str, list[str]]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if len(self.seen) == self.failing:
            raise OSError(28, "no space left")
        self.seen.append((name, visible(self.folder)))
        yield


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def visible(folder: Path) -> list[str]:
    return [name for name in everything(folder) if not name.startswith(".")]


def told(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "d-1.json").read_text(encoding="utf-8"))
    return content


async def test_the_document_lies_beside_what_is_said_of_it(tmp_path: Path) -> None:
    frozen = prepare("d-1", SHEET, PDF)
    assert (await Folder(tmp_path, Silent()).send(frozen)).answer is Answer.DONE
    assert visible(tmp_path) == ["d-1.json", "d-1.pdf"]
    assert (tmp_path / "d-1.pdf").read_bytes() == PDF
    said = told(tmp_path)
    assert (said["document"], said["unique_id"], said["action"], said["replaces"]) == (
        *("d-1.pdf", "1.2.3^4", "create", "1.2.3^3"),
    )
    assert said["ipp"] == PATIENT.ipp
    assert said["ins"] == {"number": "256089932695080", "oid": "1.2.250.1.213.1.4.8"}
    assert said["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert said["sender"]["rpps"] == SENDER.rpps
    assert said["filename"] == SHEET.filename
    assert (said["invisible_to_patient"], said["masked_to_professionals"]) == (True, False)


async def test_it_says_what_a_message_would(tmp_path: Path) -> None:
    await Folder(tmp_path, Silent()).send(prepare("d-1", replace(SHEET, sender=None), PDF))
    said = told(tmp_path)
    assert (said["sender"], said["sender_address"], said["reply_to"]) == (
        *(None, SENDER.address, "secretariat@example.mssante.fr"),
    )
    assert said["recipients"] == [
        {"address": "urologie@example.mssante.fr", "service": "Urologie", "service_code": "3435"},
        {"address": "chirurgie@example.mssante.fr", "service": "", "service_code": ""},
    ]
    assert (said["message_id"], said["subject"]) == ("<1@example>", "CR d'été | 3")
    assert (said["modified_confidentiality"], said["invisible_to_representatives"]) == (True, False)


async def test_the_json_comes_when_the_document_is_whole(tmp_path: Path) -> None:
    watch = Recorder(tmp_path)
    await Folder(tmp_path, watch).send(prepare("d-1", SHEET, PDF))
    assert watch.seen == [
        ("dpi.folder.write", []),
        ("dpi.folder.rename", []),
        ("dpi.folder.sync", ["d-1.pdf"]),
        ("dpi.folder.write", ["d-1.pdf"]),
        ("dpi.folder.rename", ["d-1.pdf"]),
        ("dpi.folder.sync", ["d-1.json", "d-1.pdf"]),
    ]


@pytest.mark.parametrize("step", range(6))
async def test_an_interruption_anywhere_is_mended_by_sending_again(tmp_path: Path, step: int) -> None:
    frozen = prepare("d-1", SHEET, PDF)
    broken = await Folder(tmp_path, Recorder(tmp_path, failing=step)).send(frozen)
    assert (broken.answer, broken.down, broken.code) == (Answer.RETRY_LATER, True, "errno 28")
    assert "dossier" in broken.text
    folder = Folder(tmp_path, Silent())
    for _ in range(2):
        assert (await folder.send(frozen)).answer is Answer.DONE
    assert everything(tmp_path) == ["d-1.json", "d-1.pdf"]


async def test_looking_up(tmp_path: Path) -> None:
    folder, frozen = Folder(tmp_path, Silent()), prepare("d-1", SHEET, PDF)
    assert (await folder.look_up(frozen)).answer is Answer.RETRY_LATER
    await folder.send(frozen)
    assert (await folder.look_up(frozen)).answer is Answer.DONE


async def test_an_absent_folder_is_said_in_french(tmp_path: Path) -> None:
    outcome = await Folder(tmp_path / "absent", Silent()).send(prepare("d-1", SHEET, PDF))
    assert (outcome.answer, outcome.down) == (Answer.RETRY_LATER, True)
    assert "vérifier" in outcome.text


async def test_the_ins_leaves_only_when_qualified(tmp_path: Path) -> None:
    await Folder(tmp_path, Silent()).send(prepare("d-1", replace(SHEET, patient=UNQUALIFIED, sender=None), PDF))
    assert told(tmp_path)["ins"] is None
    assert told(tmp_path)["sender"] is None


async def test_a_deletion_may_come_without_bytes(tmp_path: Path) -> None:
    sheet = replace(SHEET, action=Action.DELETE)
    assert (await Folder(tmp_path, Silent()).send(prepare("d-1", sheet, b""))).answer is Answer.DONE
    assert visible(tmp_path) == ["d-1.json"]
    assert (told(tmp_path)["action"], told(tmp_path)["document"]) == ("delete", None)


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "a" * 200, "é"])
def test_a_key_that_cannot_name_a_file_is_an_error(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        prepare(key, SHEET, PDF)
