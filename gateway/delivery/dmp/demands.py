"""What the DMP demands of a CDA's header beyond its metadata (spec/dmp/metadata.md, "CDA R2 header").

Neither the schema nor the ANS's schematrons hold these against a document, and its metadata could be written all the
same; the DMP refuses it. Only its author, or the publisher of his software, can mend it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.model.documents import CdaHeader
from gateway.protocols.xds_rules import TITLE_LIMIT, main_act

LANGUAGE: Final = "fr-FR"

_TO_THE_SECOND = re.compile(r"\d{14}(\.\d+)?[+-]\d{4}")
_TO_THE_DAY = re.compile(r"\d{8}.*")
_RELATIONS: Final = frozenset({"", "RPLC", "XFRM"})


def faults(header: CdaHeader) -> Iterator[tuple[str, str]]:
    """Each fault: the XDS attribute or CDA element, and in French what is wrong with it.

    What is absent is told by the metadata.
    """
    act = main_act(header)
    checks = (
        ("title", len(header.title) > TITLE_LIMIT, f"titre de plus de {TITLE_LIMIT} caractères"),
        (
            "creationTime",
            _unlike(_TO_THE_SECOND, header.effective_time),
            "date sans secondes ou sans décalage horaire",
        ),
        ("languageCode", header.language not in ("", LANGUAGE), f"langue autre que {LANGUAGE}"),
        ("versionNumber", header.version == 0, "numéro de version nul"),
        ("relatedDocument", header.related not in _RELATIONS, "lien autre que RPLC ou XFRM avec un autre document"),
        ("serviceStartTime", _unlike(_TO_THE_DAY, act.low), "date de l'acte sans le jour"),
        ("serviceStopTime", _unlike(_TO_THE_DAY, act.high), "date de fin de l'acte sans le jour"),
    )
    return ((element, text) for element, wrong, text in checks if wrong)


def _unlike(form: re.Pattern[str], value: str) -> bool:
    return bool(value) and form.fullmatch(value) is None
