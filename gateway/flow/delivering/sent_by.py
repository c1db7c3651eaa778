"""Who asks for a document to be fed: the sender that the hospital's own record names (PRT of SB), when he is known.

The volet's mapping makes him the subject of the VIHF and the author of the submission set. The DMP wants his profession
and, of a doctor or a pharmacist, the specialty, which a PRT does not carry: they are those of the document's author of
the same number, else of the directory. Without them the configured responsible person stands there.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.documents import CdaHeader
from gateway.model.orders import Orders, Participant
from gateway.model.people import Sender
from gateway.model.settings import Responsible
from gateway.terminology import concept, label

_PROFESSIONALS = "1.2.250.1.71.4.2.1"
_WITH_SPECIALTY = ("10", "21")


def rpps_of(orders: Orders | None) -> str:
    """The RPPS of the sender, 11 digits; empty when the record names no professional by it."""
    who = orders.sent_by if orders is not None else None
    number = who.id if who is not None and who.id_oid == _PROFESSIONALS else ""
    return number[1:] if len(number) == 12 and number.isdigit() and number[0] == "8" else ""


def responsible(orders: Orders | None, header: CdaHeader, directory: Sequence[Sender]) -> Responsible | None:
    """The sender as he may stand before the DMP; None: the configured person does. ``directory``: those of his RPPS."""
    rpps = rpps_of(orders)
    if orders is None or orders.sent_by is None or not rpps:
        return None
    written = [one.specialty.code for one in header.authors if one.specialty and one.person.id_extension == f"8{rpps}"]
    known = (one for code in (*written, *(found.specialty_code for found in directory)) if (one := _role(code)))
    role = next(known, None)
    return _person(rpps, orders.sent_by, *role) if role is not None else None


def _role(code: str) -> tuple[str, str] | None:
    """The profession and the specialty (JDV_J01, « G15_10/SM26 »); None when the DMP would not know them."""
    profession, _, specialty = code.removeprefix("G15_").partition("/")
    if concept("JDV_J01", f"G15_{profession}") is None:
        return None
    if profession in _WITH_SPECIALTY and not label("JDV_J01", f"G15_{profession}/{specialty}"):
        return None
    return profession, specialty


def _person(rpps: str, who: Participant, profession: str, specialty: str) -> Responsible:
    name = f"{who.family.upper()} {who.given}".strip()
    return Responsible(id=rpps, name=name or rpps, role=profession, specialty=specialty or None)
