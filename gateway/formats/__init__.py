"""Bytes to documents. Raises only FormatError."""
