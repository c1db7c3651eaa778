"""Content models of structured documents: ASS_A11 (version 20260629), template → format, and the volet of each.

The volet is the name under which the ANS's package holds the model's own schematron
(``CI-SIS_<volet>_<version>.sch``); empty where the package read has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gateway.terminology.tables import rows

#: The ANS's own models say more than the international ones from which they derive.
_NATIONAL = "1.2.250.1.213."
_UNSTRUCTURED, _TELEMEDICINE = "1.3.6.1.4.1.19376.1.2.20", "85208-7"


@dataclass(frozen=True, slots=True)
class ContentModel:
    """One model. ``format_code`` is the one of ASS_A11, empty for an unstructured document: its media type says."""

    template_id: str
    format_code: str
    volet: str


def content_model(template_ids: Iterable[str], type_code: str = "") -> ContentModel | None:
    """The model of a document: the last named that is known, the ANS's first. None: it follows none that is known.

    An unstructured document has a model for one type only, the report of telemedicine (TLM-CR).
    """
    named = tuple(template_ids)
    known = [_models()[root] for root in reversed(named) if root in _models()]
    known.sort(key=lambda model: not model.template_id.startswith(_NATIONAL))
    if not known and type_code == _TELEMEDICINE and _UNSTRUCTURED in named:
        return ContentModel(_UNSTRUCTURED, "", "TLM-CR")
    return known[0] if known else None


@lru_cache(maxsize=1)
def _models() -> dict[str, ContentModel]:
    found = (ContentModel(row["template_id"], row["format_code"], row["volet"]) for row in rows("contentmodels"))
    return {model.template_id: model for model in found}
