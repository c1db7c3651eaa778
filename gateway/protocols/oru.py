"""HL7 v2.5 ORU^R01 for a record that takes no MDM: the structure of the volet "Transmission de documents CDA".

Profile ``2.1^CISIS_CDA_HL7_V2`` (spec/mssante/dpi-hl7v2.md §6 and the examples of the ANS), turned towards the record:
the document in OBX 1, final, corrected or deleted by OBX-11; ten flags of MetaDMPMSS as CE, of which those that ask for
a diffusion are all down, for nothing is to be sent anywhere again; the words of the mail as CORPSMAIL_PS, with its
Message-ID and subject as notes. There is no TXA: OBR-3 holds what all versions of a document share, its set or else its
own id; the parent stands in the CDA alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pybase64

from gateway.protocols.handover import Handover, checked, written
from gateway.protocols.handover_segments import (
    CONTROL,
    Flag,
    document_begun,
    document_ended,
    document_id,
    flags,
    hidden,
    modified,
    msh,
    pv1,
    type_of,
)
from gateway.protocols.hl7_charset import CODECS
from gateway.protocols.hl7v2 import escape, line
from gateway.protocols.pid import pid

_SECRET: Flag = ("CONNEXION_SECRETE", "Connexion Secrete", False)
_NOWHERE: tuple[Flag, ...] = (
    ("DESTDMP", "Destinataire DMP", False),
    ("DESTMSSANTEPS", "Destinataire (Professionnel de Santé, organisation ou BAL applicative)", False),
    ("DESTMSSANTEPAT", "Destinataire Patient", False),
    ("ACK_RECEPTION", "Accusé de réception", False),
    ("ACK_LECTURE_MSS", "Accusé de lecture", False),
)
_WORDS = "CORPSMAIL_PS^Corps du mail pour un PS^MetaDMPMSS"


def build(handover: Handover) -> Iterator[bytes]:
    """The message in chunks, without MLLP bytes. Raises HandoverError before the first one."""
    one = checked(handover)
    before = [
        msh(one, "ORU^R01^ORU_R01", "2.5", "2.1^CISIS_CDA_HL7_V2"),
        pid(one),
        pv1(),
        line("ORC", {1: CONTROL[one.action], 3: _filler(one)}),
        line("OBR", {1: "1", 3: _filler(one), 4: type_of(one.header), 25: "F"}),
        document_begun(one, "TEXT"),
    ]
    raised = [*hidden(one), _SECRET, modified(one), *_NOWHERE]
    after = [*document_ended(one), *flags(raised, 2, "CE"), *_mail(one, len(raised) + 2)]
    return written(one, before, after)


def _filler(one: Handover) -> str:
    return document_id(one.header.set_id or one.header.unique_id)


def _mail(one: Handover, number: int) -> list[str]:
    content = pybase64.b64encode(one.envelope.body.encode(CODECS[one.charset])).decode()
    words = line("OBX", {1: str(number), 2: "ED", 3: _WORDS, 5: f"^TEXT^^Base64^{content}", 11: "F"})
    said = [text for text in (one.envelope.message_id, " ".join(one.envelope.subject.split())) if text]
    return [words, *(line("NTE", {1: str(n), 3: escape(text)}) for n, text in enumerate(said, 1))]
