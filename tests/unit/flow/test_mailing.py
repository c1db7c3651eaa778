"""To whom a document of the hospital goes: a patient only at the address of his qualified INS (ECO.2.2.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.flow.planning.mailing import recipients
from gateway.model.identity import InsStatus, Patient
from gateway.model.orders import Orders, Origin
from gateway.protocols.outgoing import Audience
from tests.samples import ZOE

TO_PATIENT = Orders(Origin("1"), to_patient=True)


@pytest.mark.parametrize(
    ("patient", "address"),
    [
        (ZOE, "256089932695080@patient.mssante.fr"),
        (replace(ZOE, ins_status=InsStatus.RECUPEREE), ""),
        (replace(ZOE, ins_status=InsStatus.VALIDEE), ""),
        (replace(ZOE, ins=None), ""),
        (None, ""),
    ],
)
def test_a_patient_has_an_address_by_his_qualified_ins_alone(patient: Patient | None, address: str) -> None:
    assert list(recipients(TO_PATIENT, patient)) == [(Audience.PATIENT, address)]
