"""PDF/A-1b (ISO 19005-1) out of the PDF that a sender made: bytes in, bytes out, the same bytes each time.

`convert` chooses the route and holds its result to what the source says and shows; `check` is the reading of the
standard that decides what may leave. The routes: the objects cleaned (`prune`, `images`, `fonts`), or the pages
rendered with their text underneath (`raster`).
"""
