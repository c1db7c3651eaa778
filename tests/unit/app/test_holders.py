"""Certificates of the legal entity, of the site, of somebody else: what ``check`` says."""

from __future__ import annotations

import pytest

from gateway.app import holders
from gateway.model.settings import Establishment

SITE, ENTITY, OTHER = "1750000018", "1750000099", "1999999999"


def of(legal_entity: str | None) -> Establishment:
    return Establishment(
        name="Clinique",
        structure_id=SITE,
        sector="SA01",
        oid_root="1.2.3",
        ipp_oid="1.2.4",
        legal_entity=legal_entity,
    )


@pytest.mark.parametrize(("legal_entity", "unit"), [(None, SITE), (ENTITY, ENTITY), (SITE, SITE)])
def test_ours(legal_entity: str | None, unit: str) -> None:
    assert holders.amiss("auth_", [unit], of(legal_entity)) == ""


@pytest.mark.parametrize(
    ("legal_entity", "units", "words"),
    [
        (None, [OTHER], ("sign_cert", f"n'est pas {SITE} mais {OTHER}", f'legal_entity = "{OTHER}"')),
        (ENTITY, [SITE], ("sign_cert", f"celui du site {SITE}", f"l'entité juridique {ENTITY}")),
        (ENTITY, [OTHER], ("sign_cert", f"n'est pas {ENTITY} mais {OTHER}")),
        (None, [], ("sign_cert", "pas d'unité (OU)", "gamme ORG")),
    ],
)
def test_not_ours(legal_entity: str | None, units: list[str], words: tuple[str, ...]) -> None:
    said = holders.amiss("sign_", units, of(legal_entity))
    assert all(word in said for word in words), said


def test_two_certificates_of_two_structures() -> None:
    assert holders.apart({"auth_": [SITE], "sign_": [SITE]}) == ""
    assert holders.apart({"auth_": [SITE]}) == ""
    said = holders.apart({"auth_": [ENTITY], "sign_": [SITE]})
    assert ENTITY in said
    assert SITE in said
