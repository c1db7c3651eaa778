"""The DMP adapter before the strict referee: what it accepts of us, and that we tell apart what it answers."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dmp import DmpError, DmpStatus
from gateway.formats.errors import FormatError
from gateway.model.delivery import Answer
from gateway.model.documents import Action, Visibility
from gateway.model.identity import INS_OIDS, Ins
from gateway.protocols import oids
from tests import outside, pki
from tests.protocol import feeding, referees
from tests.protocol.feeding import Document
from tests.protocol.referees import Referee

#: Official examples that break a rule of the header by themselves.
INVALID = {"01_Modèles_contenus_CDA.xml": {"C09"}}
#: What a document can do wrong by itself: its own content, or what its type, class and identity say.
OF_THE_DOCUMENT = ("C", "M46", "M52", "H06", "D05")
VISIBLE = Visibility()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def examples() -> dict[str, Document]:
    return feeding.found(outside.corpora("cda-fr"))


@pytest.fixture(scope="module")
def referee(
    keys: pki.Pki, examples: dict[str, Document], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Referee]:
    rows = {one.patient: one.patient_row() for one in examples.values()}
    with referees.dmp(tmp_path_factory.mktemp("dmp"), rows.values(), keys) as running:
        yield running


@pytest.fixture
def original(examples: dict[str, Document]) -> Document:
    return examples["DOC_NON_STRUCTURE_CDA-R2-N1.xml"]


async def test_feeds_official_examples(keys: pki.Pki, referee: Referee, examples: dict[str, Document]) -> None:
    """Without a warning either. Every one of them goes the whole way in tests/corpora/test_cda_fr.py."""
    dmp = feeding.adapter(referee.base, keys)
    last = max((entry["seq"] for entry in referee.journal()), default=0)
    for name, one in [(n, e) for n, e in examples.items() if not e.header.self_presentable][::5]:
        assert (await dmp.existence(one.patient)).status is DmpStatus.ACTIVE
        assert await dmp.find(one.header.id_root, one.patient) is None
        await dmp.send(dmp.prepare(one.data, one.header, one.patient, VISIBLE, seed=name, instant=feeding.now()))
        judged = referee.journal(since=last)
        last = judged[-1]["seq"]
        assert [entry["transaction"] for entry in judged] == ["TD0.2", "TD3.1b", "TD2.1"]
        violations = {violation["id"] for entry in judged for violation in entry["violations"]}
        assert violations == INVALID.get(name, set()), (name, violations)
        # the bytes as received; formats of JDV_J60 that the part of the set which the referee holds does not name
        ours = {w["id"] for entry in judged for w in entry["warnings"]} - {"X15", "M62", "M54"}
        assert all(warning.startswith("C") for warning in ours), (name, ours)
    await dmp.aclose()


async def test_feeds_a_self_presentable_document(
    keys: pki.Pki, referee: Referee, examples: dict[str, Document]
) -> None:
    dmp = feeding.adapter(referee.base, keys)
    one = next(example for example in examples.values() if example.header.self_presentable)
    outcome = await dmp.send(_prepared(dmp, one))
    await dmp.aclose()
    assert (outcome.answer, referee.journal()[-1]["violations"]) == (Answer.DONE, [])


async def test_feeds_the_documents_of_mails(keys: pki.Pki, tmp_path: Path) -> None:
    mails = outside.corpora("mails")
    with (mails / "referee-patients.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    active = {Ins(row["ins"], row["oid"]) for row in rows if row["dmp_state"] == "active"}
    fed = seq = 0
    with referees.dmp(tmp_path, rows, keys) as referee:
        dmp = feeding.adapter(referee.base, keys)
        for name, one in _carried(mails / "mails", active):
            parent = one.header.parent_id
            target = await dmp.find(parent, one.patient) if parent else None
            seed = f"{name} {one.header.id_root}"
            prepared = dmp.prepare(
                one.data, one.header, one.patient, VISIBLE, seed=seed, instant=feeding.now(), replaces=target
            )
            outcome = await dmp.send(prepared)
            judged = referee.journal(since=seq)[-1]
            seq = judged["seq"]
            violations = {violation["id"] for violation in judged["violations"]}
            assert all(v.startswith(OF_THE_DOCUMENT) for v in violations), (name, violations)
            assert outcome.answer is (Answer.REFUSED if violations else Answer.DONE), name
            fed += not violations
        await dmp.aclose()
    assert fed > 20


def _carried(folder: Path, active: set[Ins]) -> Iterator[tuple[str, Document]]:
    """The CDA documents with a plain OID whose patient has a DMP, of every fourth mail."""
    for path in sorted(folder.glob("*.eml"))[::4]:
        for part in message_from_bytes(path.read_bytes()).walk():
            for data in _unpacked(part.get_payload(decode=True)):
                with suppress(FormatError):
                    one = feeding.document(data)
                    known = {Ins(number, oid) for oid, number in one.header.patient_ids if oid in INS_OIDS} & active
                    if known and not one.header.id_extension:
                        yield path.name, one


def _unpacked(data: Any) -> list[bytes]:
    if not isinstance(data, bytes):
        return []
    found = [data]
    if data.startswith(b"PK"):
        with suppress(zipfile.BadZipFile, RuntimeError, NotImplementedError):
            archive = zipfile.ZipFile(io.BytesIO(data))
            found = [archive.read(item) for item in archive.infolist() if not item.is_dir()]
    return [one for one in found if b"ClinicalDocument" in one]


@pytest.mark.parametrize(("state", "status"), [("closed", DmpStatus.CLOSED), ("none", DmpStatus.NONE)])
async def test_tells_a_closed_dmp_from_an_absent_one(
    keys: pki.Pki, referee: Referee, original: Document, state: str, status: DmpStatus
) -> None:
    dmp = feeding.adapter(referee.base, keys)
    referee.set_dmp_state(original.patient.number, state)
    try:
        assert (await dmp.existence(original.patient)).status is status
    finally:
        referee.set_dmp_state(original.patient.number, "active")
    assert (await dmp.existence(original.patient)).status is DmpStatus.ACTIVE
    await dmp.aclose()


async def test_replaces_then_deletes(keys: pki.Pki, referee: Referee, original: Document) -> None:
    dmp = feeding.adapter(referee.base, keys)
    first = feeding.variant(original.data, "lineage/1")
    second = feeding.variant(original.data, "lineage/2", version=2, replaces=first.header.id_root)
    patient = original.patient

    assert (await dmp.send(_prepared(dmp, first))).answer is Answer.DONE
    target = await dmp.find(first.header.id_root, patient)
    assert target is not None
    assert target.startswith("urn:uuid:")
    replacement = _prepared(dmp, second, replaces=target)
    assert replacement.action is Action.REPLACE
    assert (await dmp.send(replacement)).answer is Answer.DONE

    late = feeding.variant(original.data, "lineage/3", version=3, replaces=first.header.id_root)
    refused = await dmp.send(_prepared(dmp, late, replaces=target))
    assert (refused.answer, refused.code) == (Answer.REFUSED, "XDSRegistryDeprecatedDocumentError")

    current = await dmp.find(second.header.id_root, patient)
    assert current is not None
    deletion = dmp.prepare_deletion(second.header.id_root, current, patient, seed="gone", instant=feeding.now())
    assert (await dmp.look_up(deletion)).answer is Answer.RETRY_LATER
    assert (await dmp.send(deletion)).answer is Answer.DONE
    assert (await dmp.look_up(deletion)).answer is Answer.DONE
    assert await dmp.find(second.header.id_root, patient) is None
    assert not [w for entry in referee.journal()[-9:] for w in entry["warnings"] if w["id"][0] not in "CX"]
    await dmp.aclose()


async def test_the_visibility_of_the_mail_reaches_the_registry(
    keys: pki.Pki, referee: Referee, original: Document
) -> None:
    dmp = feeding.adapter(referee.base, keys)
    one = feeding.variant(original.data, "hidden/1")
    hidden = Visibility(invisible_to_patient=True, invisible_to_representatives=True)
    prepared = dmp.prepare(one.data, one.header, one.patient, hidden, seed="hidden", instant=feeding.now())
    assert (await dmp.send(prepared)).answer is Answer.DONE
    assert referee.journal()[-1]["confidentialityCodes"] == [
        ["N", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]
    ]
    await dmp.aclose()


async def test_the_same_submission_again_is_looked_up(keys: pki.Pki, referee: Referee, original: Document) -> None:
    dmp = feeding.adapter(referee.base, keys)
    prepared = _prepared(dmp, feeding.variant(original.data, "again/1"))
    assert (await dmp.look_up(prepared)).answer is Answer.RETRY_LATER
    assert (await dmp.send(prepared)).answer is Answer.DONE
    again = await dmp.send(prepared)
    assert (again.answer, again.code) == (Answer.UNKNOWN, "XDSDuplicateUniqueIdInRegistry")
    assert (await dmp.look_up(prepared)).answer is Answer.DONE
    await dmp.aclose()


@pytest.mark.parametrize(
    "changes",
    [{"vihf_version": "4.0"}, {"responsible": None}, {"signature": "sha1"}],
    ids=["vihf 4.0", "automaton", "sha1"],
)
async def test_other_settings_are_accepted_too(
    keys: pki.Pki, referee: Referee, original: Document, changes: dict[str, Any]
) -> None:
    dmp = feeding.adapter(referee.base, keys, **changes)
    one = feeding.variant(original.data, f"settings/{changes}")
    assert (await dmp.existence(one.patient)).status is DmpStatus.ACTIVE
    assert (await dmp.send(_prepared(dmp, one))).answer is Answer.DONE
    await dmp.aclose()


async def test_certificates_of_the_legal_entity_and_multipart_answers(tmp_path: Path, original: Document) -> None:
    keys = pki.make(tmp_path / "pki", structure="1750000099")
    options = ("--mtom-responses", "--legal-entity", "1750000099")
    with referees.dmp(tmp_path / "dmp", [original.patient_row()], keys, options) as referee:
        dmp = feeding.adapter(referee.base, keys)
        assert (await dmp.send(_prepared(dmp, original))).answer is Answer.DONE
        refused = await dmp.send(_prepared(dmp, original))
        assert refused.code == "XDSDuplicateUniqueIdInRegistry"
        await dmp.aclose()


async def test_what_is_frozen_depends_on_the_seeds_alone(keys: pki.Pki, original: Document) -> None:
    here, there = (feeding.adapter("https://127.0.0.1:1/services", keys) for _ in range(2))
    instant = feeding.now()
    frozen = [
        dmp.prepare(original.data, original.header, original.patient, VISIBLE, seed=seed, instant=instant)
        for dmp, seed in ((here, "a"), (there, "a"), (here, "b"))
    ]
    assert frozen[0] == frozen[1]
    assert frozen[0].body != frozen[2].body
    assert frozen[0].key == original.header.id_root


async def test_a_header_that_the_dmp_cannot_take_is_refused_before_leaving(keys: pki.Pki, original: Document) -> None:
    dmp = feeding.adapter("https://127.0.0.1:1/services", keys)
    for attribute, header in (
        ("uniqueId", replace(original.header, id_extension="7")),
        ("legalAuthenticator", replace(original.header, legal_authenticator=None)),
        ("healthcareFacilityTypeCode", replace(original.header, facility=None)),
        ("serviceStartTime", replace(original.header, events=())),
        ("author", replace(original.header, authors=())),
    ):
        with pytest.raises(DmpError) as caught:
            dmp.prepare(original.data, header, original.patient, VISIBLE, seed="x", instant=feeding.now())
        assert caught.value.outcome.answer is Answer.REFUSED
        assert caught.value.outcome.code == f"metadata:{attribute}"


def _prepared(dmp: Any, one: Document, replaces: str | None = None) -> Any:
    seed = oids.derive("1.2", one.header.id_root)
    return dmp.prepare(one.data, one.header, one.patient, VISIBLE, seed=seed, instant=feeding.now(), replaces=replaces)
