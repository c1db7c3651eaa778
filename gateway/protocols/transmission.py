"""The hospital's own documents: what an ORU^R01 (2.5) or an MDM^T02, T10, T04 (2.6) of its record asks of us.

The volet "Transmission de documents CDA en HL7 v2" 2.1, and what its versions 1.2 and 2.0 wrote otherwise
(spec/mssante/dpi-hl7v2.md §6). One message holds one document, in an ORU perhaps a second form of it; the segments PRT
and the flags of the table MetaDMPMSS speak of both. Order is tolerated, contradiction is not: ORC-1, OBX-11 and the
event must say the same, or the message is refused (AE) as the volet has it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pybase64

from gateway.model.documents import Action
from gateway.model.orders import Orders, Origin, Participant
from gateway.protocols.hl7_ack import AckError
from gateway.protocols.hl7v2 import Message, Segment, rewritten

_VERSIONS = {"ORU": "2.5", "MDM": "2.6"}
_EVENTS = {"R01": None, "T02": Action.CREATE, "T10": Action.REPLACE, "T04": Action.DELETE}
_STATUSES = {"F": Action.CREATE, "C": Action.REPLACE, "D": Action.DELETE}
_CONTROLS = {"NW": Action.CREATE, "RO": Action.REPLACE, "CA": Action.DELETE}
_PROFILE = "CISIS_CDA_HL7_V"
_TABLE = "METADMPMSS"
_REQUIRED = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE", "MODIF_CONF_CODE",
             "DESTDMP", "DESTMSSANTEPS", "DESTMSSANTEPAT")  # fmt: skip
_OPTIONAL = ("ACK_RECEPTION", "ACK_LECTURE_MSS", "CORPSMAIL_PS", "CORPSMAIL_PATIENT", "COMP_LOT")
_FORMER = {
    "INVISIBLE_REPRESENTANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "MODIF_CONFIDENTIALITYCODE": "MODIF_CONF_CODE",
    "ACK_LECTURE": "ACK_LECTURE_MSS",
}
_NAMES = frozenset((*_REQUIRED, *_OPTIONAL))
_END = re.compile(rb"</[^<>\s]{0,80}ClinicalDocument\s*>|<ClinicalDocument[^<>]{0,2000}/>")
_CDA = tuple("ClinicalDocument".encode(codec) for codec in ("ascii", "utf-16-le", "utf-16-be"))
_MOST = 2
_PATIENTS = "patient.mssante.fr"


class TransmissionError(ValueError):
    """The message cannot be taken as it is. Its text is French and holds no patient data."""

    def __init__(self, condition: str, text: str, location: str = "", code: str = "") -> None:
        """``condition`` is of table 0357, ``code`` of table 0533 when that is 207; ``location`` is ERR-2."""
        super().__init__(text)
        self.error = AckError(condition, code, text, location)


@dataclass(frozen=True, slots=True)
class Transmission:
    """What a message asks: to feed, replace or delete these CDA documents. ``patient`` is its PID."""

    action: Action
    orders: Orders
    patient: Segment
    documents: tuple[bytes, ...]


def read(message: Message) -> Transmission:
    """What the message asks. Raises TransmissionError."""
    _refuse_others(message)
    patients = message.named("PID")
    if len(patients) != 1:
        raise TransmissionError("100", "Le message doit porter un segment PID, et un seul.", "PID^1")
    enclosed = [one for one in message.named("OBX") if one.field(2).upper() == "ED" and not _flag_of(one)]
    documents = _documents(enclosed)
    orders = _orders(message)
    _refuse_combinations(orders)
    return Transmission(_action(message, enclosed), orders, patients[0], documents)


def _refuse_others(message: Message) -> None:
    kind, event = message.field("MSH", 9), message.field("MSH", 9, component=2)
    if kind not in _VERSIONS:
        raise TransmissionError("200", "Seuls les messages ORU et MDM sont attendus ici.", "MSH^1^9")
    if event not in _EVENTS or (kind == "ORU") != (event == "R01"):
        raise TransmissionError("201", f"L'événement {kind}^{event[:4]} n'est pas pris en charge.", "MSH^1^9")
    if message.field("MSH", 12).strip() not in {_VERSIONS[kind], f"{_VERSIONS[kind]}.1"}:
        raise TransmissionError("203", f"La version attendue pour {kind} est {_VERSIONS[kind]}.", "MSH^1^12")
    if not message.control_id.strip():
        raise TransmissionError("101", "L'identifiant du message (MSH-10) manque.", "MSH^1^10")
    profile = "".join(message.field("MSH", 21, component=2).upper().split())
    if profile and not profile.startswith(_PROFILE):
        raise TransmissionError("103", "Le profil attendu est 2.1^CISIS_CDA_HL7_V2.", "MSH^1^21")


def _documents(enclosed: Sequence[Segment]) -> tuple[bytes, ...]:
    if not enclosed:
        raise TransmissionError("101", "Aucun OBX de type ED ne porte de document.", "OBX^1^5")
    if len(enclosed) > _MOST:
        raise TransmissionError("198", "Le message porte plus de deux documents.", "OBX")
    return tuple(_document(one, number) for number, one in enumerate(enclosed, 1))


def _document(one: Segment, number: int) -> bytes:
    where = f"OBX^{number}^5"
    packed = "".join(one.field(5, component=5).split())
    if not packed:
        raise TransmissionError("101", "OBX-5 ne contient pas de document.", where)
    if one.field(5, component=4).strip().upper() not in {"BASE64", "A"}:
        raise TransmissionError("102", "Le document doit être en Base64 (OBX-5.4).", where)
    data = _unpacked(packed)
    if data is None:
        raise TransmissionError("102", "Le contenu de OBX-5 n'est pas du Base64 entier.", where)
    if not any(word in data for word in _CDA):
        raise TransmissionError("102", "OBX-5 ne contient pas de document CDA.", where)
    if _END.search(data.replace(b"\x00", b"")) is None:  # without what UTF-16 has between
        raise TransmissionError("102", "Le document CDA de OBX-5 n'est pas entier : sa fin manque.", where)
    return data


def _unpacked(packed: str) -> bytes | None:
    """Base64, its padding tolerated absent."""
    try:
        return pybase64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _action(message: Message, enclosed: Sequence[Segment]) -> Action:
    """What the event, the request (ORC-1) and each document (OBX-11) say, which must be one thing."""
    said = {_EVENTS[message.field("MSH", 9, component=2)]}
    said |= {_CONTROLS.get(one.field(1).strip().upper()) for one in message.named("ORC")}
    statuses = {one.field(11).strip().upper() for one in enclosed} - {""}
    if statuses - _STATUSES.keys():
        raise TransmissionError("103", "OBX-11 du document doit être F, C ou D.", "OBX^1^11")
    said |= {_STATUSES[status] for status in statuses}
    asked = {action for action in said if action is not None}
    if len(asked) > 1:
        text = "L'événement, ORC-1 et OBX-11 ne demandent pas la même chose (dépôt, remplacement ou suppression)."
        raise TransmissionError("199", text, "OBX^1^11")
    return asked.pop() if asked else Action.CREATE


def _orders(message: Message) -> Orders:
    flags = _flags(message)
    raised = {name: flags[name].field(5).strip().upper() == "Y" for name in flags}
    taking_part = dict.fromkeys((one.field(4).strip().upper(), _participant(one)) for one in message.named("PRT"))
    senders = [who for role, who in taking_part if role == "SB"]
    replies = [who.address for role, who in taking_part if role == "REPLY" and who.address]
    return Orders(
        origin=_origin(message),
        masked_to_professionals=raised["MASQUE_PS"],
        invisible_to_patient=raised["INVISIBLE_PATIENT"],
        invisible_to_representatives=raised["INVISIBLE_REP_LEGAUX"],
        secret=raised["CONNEXION_SECRETE"],
        visibility_changed=raised["MODIF_CONF_CODE"],
        to_dmp=raised["DESTDMP"],
        to_professionals=raised["DESTMSSANTEPS"],
        to_patient=raised["DESTMSSANTEPAT"],
        receipt_wanted=raised.get("ACK_RECEPTION", False),
        reading_wanted=raised.get("ACK_LECTURE_MSS", False),
        words_for_professionals=_words(flags.get("CORPSMAIL_PS")),
        words_for_patient=_words(flags.get("CORPSMAIL_PATIENT")),
        no_answer=_no_answer(message),
        sent_by=senders[0] if senders else None,
        recipients=tuple(who for role, who in taking_part if role == "RCT"),
        reply_to=replies[0] if replies else "",
        patient_class=message.field("PV1", 2).strip().upper(),
    )


def _flags(message: Message) -> dict[str, Segment]:
    """The OBX of each flag. A value that is neither Y nor N is an error, and so are two: nobody guesses who may see a
    document.
    """
    found: dict[str, Segment] = {}
    for one in message.named("OBX"):
        name = _flag_of(one)
        if name and found.setdefault(name, one).raw(5) != one.raw(5):
            raise TransmissionError("198", f"La métadonnée {name} a deux valeurs.", f"OBX^{one.field(1)}^5")
    for name in _REQUIRED:
        if name not in found:
            raise TransmissionError("101", f"La métadonnée {name} manque.", "OBX")
    for name, one in found.items():
        answer = one.field(5).strip().upper() if one.repetitions(5) == 1 else ""
        if (name in _REQUIRED or name.startswith("ACK")) and answer not in {"Y", "N"}:
            raise TransmissionError("103", f"La métadonnée {name} doit valoir Y ou N.", f"OBX^{one.field(1)}^5")
    return found


def _flag_of(one: Segment) -> str:
    """The flag that an OBX is, by the name of today; empty when it is none."""
    name = "".join(one.field(3).upper().split())
    name = _FORMER.get(name, name)
    if name in _NAMES:
        return name
    table = "".join(one.field(3, component=3).upper().split())
    return name if table == _TABLE else ""


def _words(one: Segment | None) -> str:
    """The text of an OBX: in base64 (ED), or as it is."""
    if one is None:
        return ""
    if one.field(2).upper() != "ED":
        return one.field(5)
    packed = one.field(5, component=5)
    if one.field(5, component=4).strip().upper() != "BASE64":
        return packed
    data = _unpacked("".join(packed.split())) or b""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("iso-8859-15")


def _no_answer(message: Message) -> bool:
    """NTE-4 FIN below the OBX of DESTMSSANTEPAT."""
    below = ""
    for one in message.segments:
        if one.name == "OBX":
            below = _flag_of(one)
        elif one.name == "NTE" and below == "DESTMSSANTEPAT" and "FIN" in {one.field(4).strip(), one.field(3).strip()}:
            return True
    return False


def _participant(one: Segment) -> Participant:
    return Participant(
        id=one.field(5).strip(),
        id_oid=_authority(one, 5, 9),
        id_type=one.field(5, component=13).strip(),
        family=one.field(5, component=2).strip(),
        given=one.field(5, component=3).strip(),
        organisation=one.field(8).strip(),
        organisation_id=one.field(8, component=10).strip(),
        organisation_oid=_authority(one, 8, 6),
        organisation_type=one.field(8, component=7).strip(),
        device=one.field(10).strip(),
        address=next(_addresses(one), ""),
    )


def _authority(one: Segment, field: int, component: int) -> str:
    """The OID of an HD, which some write as its first part."""
    second = one.field(field, component=component, sub=2).strip()
    return second or one.field(field, component=component).strip()


def _addresses(one: Segment) -> Iterator[str]:
    for repetition in range(1, one.repetitions(15) + 1):
        address = one.field(15, repetition, 4).strip().lower()
        if "@" in address:
            yield address


def _origin(message: Message) -> Origin:
    msh = message.first("MSH")
    return Origin(
        control_id=message.control_id,
        sending_application=rewritten(msh, 3),
        sending_facility=rewritten(msh, 4),
        receiving_application=rewritten(msh, 5),
        receiving_facility=rewritten(msh, 6),
        processing=msh.field(11).strip() or "P",
        profile=msh.field(21).strip(),
    )


def _refuse_combinations(orders: Orders) -> None:
    """The matrix of the volet (spec/mssante/mssante-mail.md §2.6), as far as its own examples follow it."""
    both = orders.to_professionals and orders.to_patient
    patient_alone = orders.to_patient and not orders.to_professionals
    forbidden = (
        (
            orders.to_professionals and orders.masked_to_professionals,
            "Un document masqué aux professionnels (MASQUE_PS) ne part pas à un professionnel (DESTMSSANTEPS).",
        ),
        (
            orders.to_patient and orders.invisible_to_patient,
            "Un document non visible par le patient (INVISIBLE_PATIENT) ne lui est pas envoyé (DESTMSSANTEPAT).",
        ),
        (
            both and orders.invisible_to_representatives,
            "Avec INVISIBLE_REP_LEGAUX, le document part au professionnel ou au patient (DESTMSSANTE…), pas aux deux.",
        ),
        (
            patient_alone and (orders.secret or orders.to_dmp),
            "Un envoi au seul patient (DESTMSSANTEPAT) ne va ni avec CONNEXION_SECRETE ni avec DESTDMP.",
        ),
    )
    for holds, text in forbidden:
        if holds:
            raise TransmissionError("207", text, "OBX", code="906")
    reached = any(who.address and not who.address.endswith("@" + _PATIENTS) for who in orders.recipients)
    if orders.to_professionals and not reached:
        text = "DESTMSSANTEPS vaut Y, mais aucun PRT de type RCT ne donne l'adresse d'un destinataire."
        raise TransmissionError("101", text, "PRT^1^15")
