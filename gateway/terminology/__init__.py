"""Value sets with their versions, and look-ups.

The sets are facts of the CI-SIS and of the DMP (spec/dmp/document-types.md, spec/dmp/metadata.md), kept as the CSV
files beside this module. ``VERSIONS`` names every set and its date; a set of another name raises ``KeyError``. A
hospital's own, newer versions stand in a folder that ``use`` names.
"""

from __future__ import annotations

from gateway.terminology.models import ContentModel, content_model
from gateway.terminology.own import TerminologyError, use
from gateway.terminology.sets import VERSIONS, Concept, concept, contains, label
from gateway.terminology.types import TypeCode, type_code

__all__ = [
    "VERSIONS",
    "Concept",
    "ContentModel",
    "TerminologyError",
    "TypeCode",
    "concept",
    "contains",
    "content_model",
    "label",
    "type_code",
    "use",
]
