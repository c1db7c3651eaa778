"""What word processors write: DOCX, ODT, RTF, HTML and plain text, as a person sees them.

`words` is the way in: which of them a file is, its blocks, its words. DOCX, ODT and HTML become the same `blocks`, from
which both the words and the PDF of the record (`gateway.formats.rendition`) are made.
"""
