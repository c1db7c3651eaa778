"""Bytes in, documents out. Raises only ``FormatError``; no input or output of its own."""

#: Version of the readers, stored with each reading: raise it whenever the same bytes may now read differently.
VERSION = "2"
