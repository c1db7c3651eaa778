"""formatCode of a document: by the media type of an unstructured body (ASS_A12), else by the model (ASS_A11)."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.terminology import contains, content_model

IMAGING_REPORT = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
#: What JDV_J60 names for a document whose model it does not reference.
ANY_MODEL = "urn:asipSante:modelesHorsProfils:2011"

_UNSTRUCTURED = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
    "image/jpeg": "urn:ihe:iti-fr:xds-sd:jpeg:2010",
    "text/rtf": "urn:ihe:iti-fr:xds-sd:rtf:2010",
    "image/tiff": "urn:ihe:iti-fr:xds-sd:tiff:2010",
}


def format_code(media_type: str, template_ids: Sequence[str]) -> str:
    """The code; empty for a media type that the DMP does not know."""
    if media_type:
        return _UNSTRUCTURED.get(media_type, "")
    model = content_model(template_ids)
    return model.format_code if model and contains("JDV_J60", model.format_code) else ANY_MODEL
