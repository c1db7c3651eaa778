"""Fictitious people and places for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.model.documents import Code
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient
from gateway.model.people import Sender
from gateway.model.settings import Establishment
from gateway.protocols.cda import WrapRequest

PATIENT = Patient(
    ipp="00712345",
    ins=Ins("256089932695080", INS_NIR),
    ins_status=InsStatus.QUALIFIEE,
    birth_name="D'ÉTÉ-NOËL",
    used_name="MARTIN & FILS",
    given_names="ZOÉ ANNE",
    first_given="ZOÉ",
    birth_date="19560819",
    sex="F",
    birth_place="99326",
)
UNQUALIFIED = replace(PATIENT, ins_status=InsStatus.RECUPEREE)
SENDER = Sender(
    address="marc.durand@liberal.example.mssante.fr",
    kind="PER",
    rpps="10107507153",
    civility="M.",
    title="Dr",
    name="Durand",
    given="Marc",
    specialty_code="G15_10/SM26",
    specialty_label="Médecin - Qualifié en Médecine Générale (SM)",
    structure="Maison de santé <du Pont>",
    structure_id="1626148477",
    authorised=True,
    sector="SA07",
    practice_setting="AMBULATOIRE",
)
DEPARTMENT = replace(
    SENDER, kind="ORG", rpps="", civility="", title="", name="Secrétariat", given="", specialty_code="", sector=""
)
ESTABLISHMENT = Establishment(
    name='Clinique "des Tilleuls"',
    structure_id="1750000018",
    sector="SA01",
    oid_root="1.2.250.1.999.7",
    ipp_oid="1.2.250.1.999.7.1",
)
LETTER = Code("11488-4", "2.16.840.1.113883.6.1", "CR ou fiche de consultation ou de visite")


def wrap_request(**changes: Any) -> WrapRequest:
    """A PDF of one page to be wrapped."""
    request = WrapRequest(
        id="1.2.250.1.999.7.2.1",
        set_id="1.2.250.1.999.7.3.1",
        version=1,
        patient=PATIENT,
        ipp_oid=ESTABLISHMENT.ipp_oid,
        author=SENDER,
        establishment=ESTABLISHMENT,
        type=LETTER,
        title="Consultation d'été",
        effective_time="20260105101112+0100",
        act_date="20260105",
        media_type="application/pdf",
        body=b"%PDF-1.4 nothing more",
    )
    return replace(request, **changes)
