"""The INS-C, calculated and abandoned, which old documents still bear (spec/mssante/identity-ins.md §1.3)."""

from __future__ import annotations

from gateway.formats.clinical import cda, xdm_metadata
from gateway.formats.limits import DEFAULT
from gateway.identity.match import Policy, match
from gateway.model.identity import INS_OIDS
from gateway.protocols import hl7v2
from gateway.protocols.adt import PatientUpdate, read
from tests.samples import IPP_OID, ZOE
from tests.unit.formats import builders

INS_C = "1.2.250.1.213.1.4.2"


def test_an_ins_c_is_no_ins_wherever_it_stands() -> None:
    assert ZOE.ins is not None
    assert INS_C not in INS_OIDS
    document = builders.cda(ids=f'<id root="{INS_C}" extension="{ZOE.ins.number}"/>')
    (claim,) = cda.read(document, DEFAULT).claims
    sheet = builders.metadata(builders.listed(document)).decode().replace("1.2.250.1.213.1.4.8", INS_C)
    (listed,) = xdm_metadata.read(sheet.encode(), DEFAULT)
    assert (claim.ins, listed.claim.ins) == (None, None)
    assert match([claim], None, (ZOE,), Policy()).ipp is None


def test_an_ins_c_of_the_record_qualifies_nobody() -> None:
    message = (
        "MSH|^~\\&|A|B|C|D|20260603||ADT^A28^ADT_A05|1|P|2.5\rEVN||20260603\r"
        f"PID|||{ZOE.ipp}^^^H&{IPP_OID}&ISO^PI~9988776655^^^X&{INS_C}&ISO^INS-C||CHAUVELIN^ZOE^^^^^L||19560819|F"
        "|||||||||||||||||||||||VALI"
    )
    found = read(hl7v2.parse(message.encode()), IPP_OID)
    assert isinstance(found, PatientUpdate)
    assert (found.patient.ins, found.patient.qualified) == (None, False)
