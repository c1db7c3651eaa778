"""Whose the DMP's two certificates are: the legal entity (EJ), or the site (EG) itself (spec/dmp/transactions.md §3).

The DMP compares their OU with the structure that feeds, or with the legal entity of that site. Texts are French.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.model.settings import Establishment


def amiss(stem: str, units: Collection[str], ours: Establishment) -> str:
    """What is wrong with a certificate (``auth_``, ``sign_``) of these units; empty when it is ours."""
    expected = ours.legal_entity or ours.structure_id
    where = f"[dmp] {stem}cert"
    if expected in units:
        return ""
    if not units:
        return (
            f"{where} : ce certificat n'a pas d'unité (OU) et le DMP refusera ; ce n'est pas un certificat "
            "d'organisation (gamme ORG) de l'IGC-Santé, en demander un"
        )
    if ours.legal_entity and ours.structure_id in units:
        return (
            f"{where} : ce certificat est celui du site {ours.structure_id}, pas de l'entité juridique {expected}, et "
            "le DMP refusera ; retirer [establishment] legal_entity, ou prendre les certificats de l'entité juridique"
        )
    found = ", ".join(sorted(units))
    return (
        f"{where} : l'unité (OU) de ce certificat n'est pas {expected} mais {found}, et le DMP refusera ; prendre le "
        "certificat de la structure, ou, si c'est celui de son entité juridique, écrire "
        f'[establishment] legal_entity = "{found}"'
    )


def apart(units: Mapping[str, Collection[str]]) -> str:
    """What is wrong when the two certificates (by ``auth_``, ``sign_``) are of different structures; else empty."""
    auth, sign = set(units.get("auth_", ())), set(units.get("sign_", ()))
    if not auth or not sign or auth & sign:
        return ""
    return (
        f"[dmp] auth_cert et sign_cert : l'un est de la structure {min(auth)}, l'autre de {min(sign)}, et le DMP "
        "refusera ; prendre deux certificats de la même structure"
    )
