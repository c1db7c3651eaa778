"""What the hospital's own record asks for one of its documents, and what it is told back.

The volet "Transmission de documents CDA en HL7 v2" 2.1 (spec/mssante/dpi-hl7v2.md §6): an ORU^R01 or an MDM carries the
document, the segments PRT below it and twelve flags (OBX of the table MetaDMPMSS); its fate goes back as ZAM messages.

How it is used: ``formats.messages.hospital`` reads a message, and hangs ``Orders`` on each ``DocumentReading.orders``
(None for whatever came otherwise). Judging, planning and each leg read them there: ``to_dmp`` feeds the DMP,
``to_professionals`` and ``to_patient`` say whom a mail by MSSanté goes to. Who learns what became of a document plans
a delivery to ``ack`` whose column ``says`` is ``Tidings`` as JSON (``flow.planning.telling.tell``), when
``receipt_wanted`` (Z01, Z02) or ``reading_wanted`` (Z03) is true; the leg ``flow.delivering.to_zam`` makes the message
of both values.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Participant:
    """One PRT: a person (PRT-5), an organisation (PRT-8), a device (PRT-10), where to write (PRT-15.4, lower case).

    ``id_oid`` is PRT-5.9.2 (1.2.250.1.71.4.2.1 for a professional, an INS authority for the patient), ``id_type``
    PRT-5.13 (IDNPS, RPPS, INS…). ``organisation_id`` is PRT-8.10, ``organisation_type`` PRT-8.7 (FINEG, IDNST, UF…).
    """

    id: str = ""
    id_oid: str = ""
    id_type: str = ""
    family: str = ""
    given: str = ""
    organisation: str = ""
    organisation_id: str = ""
    organisation_oid: str = ""
    organisation_type: str = ""
    device: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The header of the message that carried a document. MSH-3 to MSH-6 (HD) are escaped, in our own separators.

    ``profile`` is MSH-21.1 (the version of the volet that the record speaks), ``processing`` MSH-11 (P, T or D).
    """

    control_id: str
    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing: str = "P"
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the record asks for one document. The flags bear the names of the table MetaDMPMSS in their comments.

    ``patient_class`` is PV1-2. ``recipients`` are the PRT of RCT, patients and professionals alike, as given;
    ``sent_by`` is the PRT of SB. ``no_answer``: NTE-4 FIN, the patient may not answer (X-MSS-MES).
    """

    origin: Origin
    masked_to_professionals: bool = False  # MASQUE_PS
    invisible_to_patient: bool = False  # INVISIBLE_PATIENT
    invisible_to_representatives: bool = False  # INVISIBLE_REP_LEGAUX
    secret: bool = False  # CONNEXION_SECRETE
    visibility_changed: bool = False  # MODIF_CONF_CODE
    to_dmp: bool = False  # DESTDMP
    to_professionals: bool = False  # DESTMSSANTEPS
    to_patient: bool = False  # DESTMSSANTEPAT
    receipt_wanted: bool = False  # ACK_RECEPTION
    reading_wanted: bool = False  # ACK_LECTURE_MSS
    words_for_professionals: str = ""  # CORPSMAIL_PS
    words_for_patient: str = ""  # CORPSMAIL_PATIENT
    no_answer: bool = False
    sent_by: Participant | None = None
    recipients: tuple[Participant, ...] = ()
    reply_to: str = ""
    patient_class: str = ""

    def asks_beyond(self, before: Orders | None) -> bool:
        """Whether something is asked here that was not asked by ``before``, for the same document."""
        if not (self.to_dmp or self.to_professionals or self.to_patient):
            return False
        if before is None:
            return True
        return not _destinations(self) <= _destinations(before) or _hidden(self) != _hidden(before)


def _destinations(of: Orders) -> set[str]:
    written = {one.address for one in of.recipients if of.to_professionals and one.address}
    return written | {name for name in ("to_dmp", "to_professionals", "to_patient") if getattr(of, name)}


def _hidden(of: Orders) -> tuple[bool, ...]:
    return (of.masked_to_professionals, of.invisible_to_patient, of.invisible_to_representatives, of.secret)


#: The place of an arrival that the record handed over by MLLP: only there are orders believed.
PLACE = "hospital"


class ZamEvent(StrEnum):
    """The three business acknowledgements of the volet."""

    DMP = "Z01"  # received by the DMP
    DELIVERED = "Z02"  # received by the recipient's mail server
    READ = "Z03"  # read or treated by the recipient


@dataclass(frozen=True, slots=True)
class Tidings:
    """What the record is told of one document: ``done``, or else the error's own ``code`` and ``label``.

    ``party_id`` and ``address`` name the recipient (Z02) or the reader (Z03).
    """

    event: ZamEvent
    done: bool
    code: str = ""
    label: str = ""
    party_id: str = ""
    address: str = ""
