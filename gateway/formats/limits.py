"""How much of anything from outside is accepted. One place, so that tests can shrink each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, depths and sizes in bytes (characters for texts). Beyond: refused, or cut where the name says text."""

    header_block: int = 512 * 1024
    header_value: int = 64 * 1024
    mime_depth: int = 25
    mime_parts: int = 1000
    boundary_marks: int = 100_000
    body_text: int = 20_000
    document_text: int = 100_000
    narrative_text: int = 20_000
    zip_entries: int = 2000
    zip_entry: int = 100 * 1024 * 1024
    zip_total: int = 200 * 1024 * 1024
    zip_ratio: int = 150
    zip_ratio_floor: int = 1024 * 1024
    zip_depth: int = 2
    messages: int = 200
    message_lines: int = 150_000
    message_text: int = 500_000
    tnef_attributes: int = 20_000
    rtf_bytes: int = 2 * 1024 * 1024
    xml_bytes: int = 64 * 1024 * 1024
    xml_depth: int = 120
    schema_errors: int = 20
    office_blocks: int = 20_000
    office_text: int = 1_000_000
    rtf_depth: int = 1000
    pictures: int = 60
    pdf_pages: int = 30
    pdf_objects: int = 300_000
    image_pixels: int = 60_000_000
    picture_pixels: int = 12_000_000
    ocr_pages: int = 30


DEFAULT = Limits()
