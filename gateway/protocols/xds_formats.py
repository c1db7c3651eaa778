"""formatCode of a document: by the media type of an unstructured body, else by the model (JDV_J60, ASS_A11)."""

from __future__ import annotations

from collections.abc import Sequence

#: Model of the CI-SIS → formatCode. ASS_A11 is not public: these are the pairs whose names leave no doubt; any other
#: structured body is ``_ANY_MODEL``, which the DMP accepts for what is not referenced.
_MODELS = {
    "1.3.6.1.4.1.19376.1.3.3": "urn:ihe:lab:xd-lab:2008",
    "1.2.250.1.213.1.1.1.55": "urn:ihe:lab:xd-lab:2008",
    "1.2.250.1.213.1.1.1.13": "urn:asip:ci-sis:vsm:2012",
    "1.2.250.1.213.1.1.1.24": "urn:asip:ci-sis:fludr:2017",
    "1.2.250.1.213.1.1.1.29": "urn:asip:ci-sis:ldl-ses:2017",
    "1.2.250.1.213.1.1.1.32": "urn:asip:ci-sis:crgm:2018",
    "1.2.250.1.213.1.1.1.37": "urn:asip:ci-sis:vac:2019",
    "1.2.250.1.213.1.1.1.39": "urn:ihe:pharm:pre:2010",
    "1.2.250.1.213.1.1.1.40": "urn:asip:ci-sis:cr-anest:2020",
    "1.2.250.1.213.1.1.1.45": "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
    "1.2.250.1.213.1.1.1.47": "urn:ans:ci-sis:img-da:2022",
    "1.2.250.1.213.1.1.1.59": "urn:ans:ci-sis:trod:2024",
    "1.2.250.1.213.1.1.1.5.4": "urn:ans:ci-sis:cse-mde:2023",
}
_ANY_MODEL = "urn:asipSante:modelesHorsProfils:2011"
_UNSTRUCTURED = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
    "image/jpeg": "urn:ihe:iti-fr:xds-sd:jpeg:2010",
    "text/rtf": "urn:ihe:iti-fr:xds-sd:rtf:2010",
    "image/tiff": "urn:ihe:iti-fr:xds-sd:tiff:2010",
}


def format_code(media_type: str, template_ids: Sequence[str]) -> str:
    """The code; empty for a media type that the DMP does not know. The last template named is the most specific."""
    if media_type:
        return _UNSTRUCTURED.get(media_type, "")
    models = (_MODELS[model] for model in reversed(template_ids) if model in _MODELS)
    return next(models, _ANY_MODEL)
