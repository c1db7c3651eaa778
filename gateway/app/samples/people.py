"""The persons of the samples: all invented, with INS of the test authority (spec/mssante/identity-ins.md §1.3)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date

from gateway.model.identity import INS_NIR_TEST, Ins, InsStatus, Patient
from gateway.model.people import Sender

MAILBOX = "secretariat@clinique-des-genets.exemple.mssante.fr"


def person(
    ipp: str,
    birth_name: str,
    given_names: str,
    birth_date: str,
    sex: str,
    birth_place: str,
    status: InsStatus = InsStatus.QUALIFIEE,
) -> Patient:
    """A patient whose matricule follows from the traits: ``birth_date`` YYYYMMDD, ``birth_place`` a COG code."""
    body = f"{1 if sex == 'M' else 2}{birth_date[2:6]}{birth_place}{int(ipp) % 1000:03}"
    number = f"{body}{97 - int(body) % 97:02}"
    first = given_names.partition(" ")[0]
    ins = Ins(number, INS_NIR_TEST)
    return Patient(ipp, ins, status, birth_name, birth_name, given_names, first, birth_date, sex, birth_place)


def minor(today: date) -> Patient:
    """A girl who is fifteen, whenever the samples are played."""
    return person("00100106", "BRANDÉON", "LILA", f"{today.year - 16}0307", "F", "44109")


MARGUERITE = person("00100101", "DUVALONNE", "MARGUERITE JEANNE", "19510314", "F", "35238")
BAPTISTE = person("00100102", "KERVELLIC", "BAPTISTE", "19680902", "M", "29232")
ODILE = person("00100103", "TRÉMELOT", "ODILE MARIE", "19790520", "F", "37261", InsStatus.RECUPEREE)
HUGO = person("00100104", "SALVERTINE", "HUGO", "19600111", "M", "21231")
ELISE = person("00100105", "GAUTHEROTTE", "ÉLISE", "19870228", "F", "74010")
NOBODY = person("00100199", "LEROYENNE", "PAUL", "19580714", "M", "56260")  # not in the table

#: IPP → state of the DMP, where it is not active.
DMP_STATES: Mapping[str, str] = {BAPTISTE.ipp: "none"}

DOCTOR = Sender(
    address="helene.marchandeau@medecin.exemple.mssante.fr",
    kind="PER",
    rpps="10900000019",
    civility="MME",
    title="DR",
    name="Marchandeau",
    given="Hélène",
    specialty_code="G15_10/SM26",
    specialty_label="Médecin - Qualifié en Médecine Générale (SM)",
    structure="Maison de santé des Tilleuls",
    structure_id="1990000018",
    authorised=True,
    sector="SA08",
    practice_setting="AMBULATOIRE",
)
PATHOLOGIST = Sender(
    address="yann.lebrigand@anapath.exemple.mssante.fr",
    kind="PER",
    rpps="10900000027",
    civility="M",
    title="DR",
    name="Lebrigand",
    given="Yann",
    specialty_code="G15_10/SM01",
    specialty_label="Médecin - Anatomie et Cytologie pathologiques (SM)",
    structure="Cabinet de pathologie du Port",
    structure_id="1990000026",
    authorised=True,
    sector="SA08",
    practice_setting="AMBULATOIRE",
)
SENDERS = (DOCTOR, PATHOLOGIST)


def patients(today: date) -> tuple[Patient, ...]:
    """The patients that the clinic knows."""
    return (MARGUERITE, BAPTISTE, ODILE, HUGO, ELISE, minor(today))


def patients_csv(rows: Iterable[Patient]) -> str:
    """The table of ``gateway patients import``, with ``dmp_state`` for the sandboxes."""
    return _csv(
        {
            "ipp": row.ipp,
            "ins": row.ins.number if row.ins else "",
            "ins_oid": row.ins.oid if row.ins else "",
            "ins_status": row.ins_status,
            "birth_name": row.birth_name,
            "used_name": row.used_name,
            "first_names": row.given_names,
            "first_given": row.first_given,
            "birth_date": row.birth_date,
            "sex": row.sex,
            "birth_place_cog": row.birth_place,
            "dmp_state": DMP_STATES.get(row.ipp, "active"),
        }
        for row in rows
    )


def senders_csv(rows: Iterable[Sender]) -> str:
    """The table of ``gateway senders import``."""
    names = (
        "address", "kind", "rpps", "civility", "title", "name", "given", "specialty_code", "specialty_label",
        "structure", "structure_id", "sector", "practice_setting",
    )  # fmt: skip
    return _csv({**{name: getattr(row, name) for name in names}, "authorised": int(row.authorised)} for row in rows)


def _csv(rows: Iterable[Mapping[str, object]]) -> str:
    listed = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return out.getvalue()
