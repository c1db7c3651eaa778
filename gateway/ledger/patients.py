"""The patient index and the sender directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, delete, func, insert, or_, select, update

from gateway.identity.keys import Keys
from gateway.identity.names import normalise, tokens
from gateway.ledger.tables import existence, meta, patient, sender
from gateway.model.identity import Ins, InsStatus, Patient
from gateway.model.people import Sender

# Made once: building a statement costs SQLAlchemy more than running it.
_PATIENT = select(patient).where(patient.c.ipp == bindparam("of"))
_NAMES: BindParameter[str] = bindparam("names", expanding=True)
_BY_INS = select(patient).where(patient.c.ins.in_(bindparam("ins", expanding=True))).order_by(patient.c.ipp)
_BY_BIRTH = select(patient).where(patient.c.birth_date.in_(bindparam("dates", expanding=True))).order_by(patient.c.ipp)
_BY_NAME = (
    select(patient)
    .where(or_(patient.c.birth_key.in_(_NAMES), patient.c.used_key.in_(_NAMES)))
    .where(patient.c.given_key.in_(bindparam("words", expanding=True)))
    .order_by(patient.c.ipp)
)
_STANDING = select(patient.c.ipp, patient.c.birth_key, patient.c.used_key, patient.c.given_key).where(
    patient.c.birth_date.in_(bindparam("dates", expanding=True))
)
_BY_IPP = select(patient).where(patient.c.ipp.in_(bindparam("ipps", expanding=True))).order_by(patient.c.ipp)
_SENDER = select(sender.c.content).where(sender.c.address == bindparam("of"))
_CHANGE_SENDER = (
    update(sender).where(sender.c.address == bindparam("of")).values(content=bindparam("held"), at=bindparam("now"))
)
_NEW_SENDER = insert(sender).values(address=bindparam("of"), content=bindparam("held"), at=bindparam("now"))
_MOST_SENDERS = 50
_META = select(meta.c.value).where(meta.c.name == bindparam("of"))
_SET_META = update(meta).where(meta.c.name == bindparam("of"))
_OF_INS = (existence.c.ins == bindparam("number")) & (existence.c.oid == bindparam("authority"))
_EXISTENCE = select(existence.c.status, existence.c.code, existence.c.at).where(
    _OF_INS, existence.c.at >= bindparam("since")
)
_SET_EXISTENCE = update(existence).where(_OF_INS)


def get_patient(c: Connection, ipp: str) -> Patient | None:
    """A patient by his local number, as stored (a merged one too)."""
    row = c.execute(_PATIENT, {"of": ipp}).one_or_none()
    return None if row is None else _patient(row)


def surviving(c: Connection, ipp: str) -> Patient | None:
    """A patient by his local number, merges followed to the end."""
    seen: set[str] = set()
    found = get_patient(c, ipp)
    while found is not None and found.replaced_by and found.replaced_by not in seen:
        seen.add(found.ipp)
        found = get_patient(c, found.replaced_by)
    return found


def candidates(c: Connection, wanted: Keys) -> list[Patient]:
    """Every patient who could fit, as ``identity.keys`` demands: no limit, and the survivors of merges."""
    queries: tuple[tuple[Select[Any], dict[str, list[str]]], ...] = (
        (_BY_INS, {"ins": list(wanted.ins)}),
        (_BY_BIRTH, {"dates": list(wanted.birth_dates)}),
        (_BY_NAME, {"names": list(wanted.names), "words": list(wanted.first_words)}),
        (_BY_IPP, {"ipps": _standing(c, wanted)}),
    )
    found = {row.ipp: _patient(row) for query, keys in queries if all(keys.values()) for row in c.execute(query, keys)}
    for gone in [row for row in found.values() if row.replaced_by]:
        last = surviving(c, gone.ipp)
        if last is not None:
            found[last.ipp] = last
    return list(found.values())


def _standing(c: Connection, wanted: Keys) -> list[str]:
    """The patients who may stand in the text: narrow rows first, since a long text writes many dates."""
    words = wanted.text_words
    rows = c.execute(_STANDING, {"dates": list(wanted.text_dates)}) if wanted.text_dates and words else ()
    return [
        ipp
        for ipp, birth, used, given in rows
        if given in words and (birth.partition(" ")[0] in words or used.partition(" ")[0] in words)
    ]


def put_patient(c: Connection, new: Patient, revision: int) -> Patient | None:
    """Insert or change by IPP; returns what was there before."""
    before = get_patient(c, new.ipp)
    if before is None:
        c.execute(insert(patient).values(ipp=new.ipp, row_version=1, revision=revision, **values_of(new)))
    elif values_of(before) != values_of(new):
        changed = {**values_of(new), "row_version": before.row_version + 1, "revision": revision}
        c.execute(update(patient).where(patient.c.ipp == new.ipp).values(**changed))
    return before


def next_revision(c: Connection, at: float) -> int:
    """A new revision of the index, noted with its instant."""
    number = index_revision(c) + 1
    set_meta(c, "index_revision", str(number))
    set_meta(c, "index_at", repr(at))
    return number


def index_revision(c: Connection) -> int:
    """The revision of the index; 0 before the first import."""
    return int(get_meta(c, "index_revision") or 0)


def index_at(c: Connection) -> float | None:
    """When the index was last fed."""
    at = get_meta(c, "index_at")
    return None if at is None else float(at)


def count_patients(c: Connection) -> int:
    """How many patients the index knows."""
    return c.execute(select(func.count()).select_from(patient)).scalar_one()


def put_senders(c: Connection, rows: Iterable[Sender], at: float) -> int:
    """Insert or change by address; how many."""
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - the count is the result
        content = msgspec.json.encode(row).decode()
        values = {"content": content, "at": at}
        if c.execute(update(sender).where(sender.c.address == row.address).values(**values)).rowcount == 0:
            c.execute(insert(sender).values(address=row.address, **values))
    return count


def merge_senders(c: Connection, rows: Sequence[Sender], at: float) -> int:
    """Insert or change by address what the national directory says; how many changed.

    What the hospital decided stays: ``authorised``, ``feeds_dmp``, ``practice_setting``, the sector that it gave; and
    the person that it named for a mailbox that the directory gives to nobody.
    """
    held = {one.address: one for one in _senders_at(c, [row.address for row in rows])}
    merged = [_merged(held.get(row.address), row) for row in rows]
    changed = [row for row in merged if held.get(row.address) != row]
    values = [{"of": row.address, "held": msgspec.json.encode(row).decode(), "now": at} for row in changed]
    for statement, known in ((_CHANGE_SENDER, True), (_NEW_SENDER, False)):
        of_kind = [one for one in values if (one["of"] in held) is known]
        if of_kind:
            c.execute(statement, of_kind)
    return len(changed)


def _senders_at(c: Connection, addresses: list[str]) -> list[Sender]:
    query = select(sender.c.content).where(sender.c.address.in_(addresses))
    return [msgspec.json.decode(content, type=Sender) for content in c.execute(query).scalars()]


def _merged(before: Sender | None, new: Sender) -> Sender:
    if before is None:
        return new
    if before.rpps and not new.is_person:
        return before
    same = before.rpps == new.rpps
    return replace(
        new,
        authorised=before.authorised,
        feeds_dmp=before.feeds_dmp,
        practice_setting=before.practice_setting,
        sector=before.sector or new.sector,
        structure=new.structure or (before.structure if same else ""),
        structure_id=new.structure_id or (before.structure_id if same else ""),
    )


def get_sender(c: Connection, address: str) -> Sender | None:
    """A sender of the directory."""
    content = c.execute(_SENDER, {"of": address.lower()}).scalar_one_or_none()
    return None if content is None else msgspec.json.decode(content, type=Sender)


def senders_like(c: Connection, *, rpps: str = "", name: str = "") -> list[Sender]:
    """The senders with this RPPS, or with this name (case, accents and hyphens aside); at most 50, for a person.

    The whole directory is gone through: only a person's question may cost that.
    """
    wanted = f'"rpps":"{rpps}"' if rpps else f'"name":"{_blurred(name)}"'
    query = select(sender.c.content).where(func.lower(sender.c.content).like(f"%{wanted}%")).limit(_MOST_SENDERS)
    found = [msgspec.json.decode(content, type=Sender) for content in c.execute(query).scalars()]
    return [one for one in found if (one.rpps == rpps if rpps else normalise(one.name) == normalise(name))]


def _blurred(name: str) -> str:
    """A pattern of LIKE for all the ways in which a name may be accented or hyphened."""
    return "".join(letter if letter in "bdfghjklmpqrstvwxz" else "_" for letter in normalise(name).lower())


def known_existence(c: Connection, ins: Ins, since: float) -> tuple[str, str, float] | None:
    """The last answer of TD0.2 (status, code, instant), if it is fresh enough."""
    row = c.execute(_EXISTENCE, {"number": ins.number, "authority": ins.oid, "since": since}).one_or_none()
    return None if row is None else (row.status, row.code, row.at)


def keep_existence(c: Connection, ins: Ins, status: str, code: str, at: float) -> None:
    """Store an answer of TD0.2."""
    said = {"status": status, "code": code, "at": at}
    if c.execute(_SET_EXISTENCE, {"number": ins.number, "authority": ins.oid, **said}).rowcount == 0:
        c.execute(insert(existence).values(ins=ins.number, oid=ins.oid, **said))


def forget_existence(c: Connection, ipp: str) -> None:
    """The DMP has just contradicted what TD0.2 said of a patient: ask again next time."""
    found = get_patient(c, ipp)
    if found is not None and found.ins is not None:
        c.execute(delete(existence).where(existence.c.ins == found.ins.number, existence.c.oid == found.ins.oid))


def get_meta(c: Connection, name: str) -> str | None:
    """A fact about the ledger."""
    return c.execute(_META, {"of": name}).scalar_one_or_none()


def set_meta(c: Connection, name: str, value: str) -> None:
    """Note a fact about the ledger."""
    if c.execute(_SET_META, {"of": name, "value": value}).rowcount == 0:
        c.execute(insert(meta).values(name=name, value=value))


def _patient(row: Row[Any]) -> Patient:
    return Patient(
        ipp=row.ipp,
        ins=Ins(row.ins, row.ins_oid) if row.ins else None,
        ins_status=InsStatus(row.ins_status),
        birth_name=row.birth_name,
        used_name=row.used_name,
        given_names=row.given_names,
        first_given=row.first_given,
        birth_date=row.birth_date,
        sex=row.sex,
        birth_place=row.birth_place,
        opposed=row.opposed,
        attributes=frozenset(row.attributes.split()),
        replaced_by=row.replaced_by,
        row_version=row.row_version,
    )


def values_of(new: Patient) -> dict[str, object]:
    """A patient's columns, with the keys by which he is looked up; without his IPP, version and revision."""
    return {
        "ins": new.ins.number if new.ins else None,
        "ins_oid": new.ins.oid if new.ins else None,
        "ins_status": new.ins_status.value,
        "birth_name": new.birth_name,
        "used_name": new.used_name,
        "given_names": new.given_names,
        "first_given": new.first_given,
        "birth_date": new.birth_date,
        "sex": new.sex,
        "birth_place": new.birth_place,
        "opposed": new.opposed,
        "attributes": " ".join(sorted(new.attributes)),
        "replaced_by": new.replaced_by,
        "birth_key": normalise(new.birth_name),
        "used_key": normalise(new.used_name),
        "given_key": next(iter(tokens(new.first_given)), ""),
    }
