"""Every official French CDA, sent by the gateway itself to the strict DMP with its schematron: it finds nothing to say.

Of the 58 documents 57 are valid by the schema, the "structuration minimale" and the schematron of their own content
model; they are fed. ``01_Modèles_contenus_CDA.xml`` is not: it names the model of the medical synthesis (VSM) and has
neither its type nor its sections, for it is an album of sections; nor does its time have seconds, which the referee
holds against it. It is refused by us, and waits for a person.

Each is sent as a new document of a patient of the index: the relation of those that replace one which nobody has is
taken out, and documents that give one number to several persons go to houses of their own. Some are sent once more as
what the DMP would refuse: with an extension in their id, or a UUID, without INS, without birthplace, with a number of
the patient that is null; they go as transformations.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select

from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.flow import index
from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from gateway.ledger.tables import entry
from gateway.model.identity import INS_OIDS, InsStatus, Patient
from gateway.model.ports import Silent
from gateway.protocols import oids
from tests import outside, pki
from tests.protocol import living, referees
from tests.protocol.living import Living
from tests.samples import SENDER

HL7 = "{urn:hl7-org:v3}"
EXAMPLES = 58
NOT_VALID = "01_Modèles_contenus_CDA.xml"
#: What the referee remarks of these documents: null flavours, wrong keys, names that lack, bytes as they came; and
#: formats of JDV_J60 that the part of the set which it holds does not name.
REMARKS = {"C16", "C23", "M54", "M62", "X15"}


House = tuple[Living, "list[Sent]"]


@dataclass(frozen=True)
class Sent:
    """A document as it is sent, and the patient of the index, made from its own header, INS *qualifiée*."""

    name: str
    data: bytes
    patient: Patient

    def mail(self, number: int) -> bytes:
        mail = EmailMessage()
        mail["From"], mail["To"] = SENDER.address, "accueil@etablissement.mssante.fr"
        mail["Subject"], mail["Message-ID"] = "Document", f"<exemple.{number}@exemple.mssante.fr>"
        mail["Date"] = "Wed, 03 Jun 2026 10:00:00 +0200"
        mail.set_content("Document joint.")
        mail.add_attachment(self.data, maintype="text", subtype="xml", filename="document.xml")
        return mail.as_bytes()


@pytest.mark.timeout(300)
def test_the_dmp_finds_nothing_to_say(tmp_path: Path) -> None:
    examples = [as_new(path) for path in sorted(outside.corpora("cda-fr").rglob("*.xml"))]
    assert len(examples) == EXAMPLES
    keys = pki.make(_folder(tmp_path / "pki"))
    rows = {one.patient.ins: _row(one.patient) for one in examples}
    with referees.dmp(tmp_path / "dmp", rows.values(), keys, ["--schematron"]) as referee:
        told = {"schemas": outside.corpora("cda-validation")}
        houses = [
            _house(tmp_path / f"{number}", documents, living.to_dmp(referee.base, keys, **({} if number else told)))
            for number, documents in enumerate(_houses([*examples, *_transformed(examples)]))
        ]
        with ThreadPoolExecutor() as side_by_side:
            fed = {name: state for part in side_by_side.map(_fed, houses) for name, state in part.items()}
        journal = referee.journal()
    assert {name for name, state in fed.items() if state != "fed"} == {NOT_VALID}
    assert fed[NOT_VALID] == "refused"
    (detail,) = _told(houses[0])
    assert "CI-SIS_VSM" in detail
    assert "/ClinicalDocument" in detail
    assert [found["violations"] for found in journal if found["violations"]] == []
    assert {remark["id"] for found in journal for remark in found["warnings"]} <= REMARKS
    assert sum(found["transaction"] == "TD2.1" for found in journal) == len(fed) - 1


def as_new(path: Path) -> Sent:
    """A document that replaces none."""
    root = etree.fromstring(path.read_bytes())
    return _changed(path.name, path.read_bytes(), _unrelated) if next(_related(root), None) is not None else _sent(path)


def _sent(path: Path) -> Sent:
    return Sent(path.name, path.read_bytes(), _patient(path.read_bytes()))


def _transformed(examples: list[Sent]) -> Iterator[Sent]:
    """What the DMP would refuse for its header alone."""
    by_name = {one.name: one for one in examples}
    for name in ("DOC_NON_STRUCTURE_CDA-R2-N1.xml", "LDL-SES_2022.01.xml", "IMG_CR_IMG_2024.01.xml"):
        one = by_name[name]
        for what, change in (
            ("extension", _with_extension),
            ("UUID", _with_uuid),
            ("INS", _without_ins),
            ("birthplace", _without_birthplace),
            ("null", _with_null_number),
        ):
            made = _changed(f"{what} {name}", one.data, change)
            yield Sent(made.name, made.data, one.patient)


def _changed(name: str, data: bytes, change: Callable[[etree._Element, str], None]) -> Sent:
    root = etree.fromstring(data)
    change(next(root.iter(f"{HL7}ClinicalDocument")), name)
    made = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return Sent(name, made, _patient(data))


def _related(root: etree._Element) -> Iterator[etree._Element]:
    return (one for one in root.iter(f"{HL7}relatedDocument"))


def _unrelated(document: etree._Element, _: str) -> None:
    for one in list(_related(document)):
        document.remove(one)


def _renamed(document: etree._Element, name: str) -> etree._Element:
    identifier = _one(document, "id")
    identifier.attrib.clear()
    identifier.set("root", oids.derive("1.2.250.1.999.7.9", name))
    return identifier


def _with_extension(document: etree._Element, name: str) -> None:
    _renamed(document, name).set("extension", "2026-17")


def _with_uuid(document: etree._Element, name: str) -> None:
    _renamed(document, name).set("root", str(uuid.uuid5(uuid.NAMESPACE_OID, name)).upper())


def _without_ins(document: etree._Element, name: str) -> None:
    _renamed(document, name)
    role = _one(document, f"recordTarget/{HL7}patientRole")
    for number in role.findall(f"{HL7}id"):
        if number.get("root") in INS_OIDS:
            role.remove(number)


def _without_birthplace(document: etree._Element, name: str) -> None:
    _renamed(document, name)
    patient = _one(document, f"recordTarget/{HL7}patientRole/{HL7}patient")
    patient.remove(_one(patient, "birthplace"))


def _with_null_number(document: etree._Element, name: str) -> None:
    _renamed(document, name)
    first = _one(document, f"recordTarget/{HL7}patientRole/{HL7}id")
    first.addnext(etree.Element(f"{HL7}id", nullFlavor="UNK"))


def _one(element: etree._Element, path: str) -> etree._Element:
    found = element.find(f"{HL7}{path}")
    assert found is not None
    return found


def _patient(data: bytes) -> Patient:
    claim = cda.read(data, DEFAULT).claims[0]
    assert claim.ins is not None
    return Patient(
        ipp=f"IPP{claim.ins.number}",
        ins=claim.ins,
        ins_status=InsStatus.QUALIFIEE,
        birth_name=claim.birth_name or "",
        used_name=claim.used_name or "",
        given_names=claim.given_names or "",
        first_given=claim.first_given or "",
        birth_date=claim.birth_date or "",
        sex=claim.sex or "U",
        birth_place=claim.birth_place or "",
    )


def _row(patient: Patient) -> dict[str, str]:
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
    }


def _houses(documents: list[Sent]) -> list[list[Sent]]:
    """As few houses as there must be: in each one number is one person's."""
    houses: list[tuple[dict[str, Patient], list[Sent]]] = []
    for one in documents:
        for known, mine in houses:
            if known.setdefault(one.patient.ipp, one.patient) == one.patient:
                mine.append(one)
                break
        else:
            houses.append(({one.patient.ipp: one.patient}, [one]))
    return [mine for _, mine in houses]


def _house(folder: Path, documents: list[Sent], dmp: dict[str, Any]) -> House:
    made = living.build(folder, {"establishment": {"test": True}, "dmp": dmp})
    ledger, _ = open_ledger(load(made.config), Silent())
    ledger.submit("import", lambda c: index.put_all(c, [one.patient for one in documents], 4e9)).result()
    ledger.close()
    return made, documents


def _fed(one: House) -> dict[str, str]:
    """What became of each at the DMP, by name."""
    house, documents = one
    mails = _folder(house.folder / "mails")
    for number, document in enumerate(documents):
        (mails / f"{number}.eml").write_bytes(document.mail(number))
    house.call("ingest", "--wait", "--timeout", "240", *map(str, sorted(mails.iterdir())), timeout=280)
    return {documents[int(Path(line["source"]).stem)].name: line["dmp"] for line in house.results()}


def _told(one: House) -> list[str]:
    """What stands in the worklist for a person."""
    ledger, _ = open_ledger(load(one[0].config), Silent())
    try:
        return list(ledger.look(lambda c: c.execute(select(entry.c.detail)).scalars().all()))
    finally:
        ledger.close()


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
