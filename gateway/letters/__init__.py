"""What a letter without metadata says of itself: type, title, date of the act, signatories, and whether it is final.

Pure and linear in the length of the text; never raises. What is doubtful is left empty.
"""

from __future__ import annotations

from gateway.letters.said import Said, read

__all__ = ["Said", "read"]
