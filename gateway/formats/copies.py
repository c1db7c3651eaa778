"""Whether a PDF is the readable copy of a CDA of the same mail (ECO.2.1.1, ECO.2.1.5, ECO.2.1.6).

A copy is set aside, so this must never swallow a letter about somebody else, or another letter about the same person:
the bytes decide first, then what the PDF says; a file name or a count speaks only for a PDF without text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from gateway.formats.clinical.cda import CdaReading
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.pages import pdf
from gateway.model.reasons import Reason

_WORD = re.compile(r"[a-z0-9]{4,}")
_MONTHS = tuple(
    re.findall("[a-z]+", "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre")
)
_BIRTH_DATE = re.compile(r" (?:nee?s? le|naissance|ddn) (?:le )?(\d{1,2} (?:\d{1,2}|[a-z]+) \d{2,4}) ")
_NO_TEXT = 40  # letters below which a PDF is taken for an image
_FEW_WORDS = 60  # different words below which a text is too short to be compared
_SAME_TEXT = 0.8  # share of the copy's words that the original has
_SAME_SUBJECT = 0.4  # the same, when the date of the act is there too


@dataclass(frozen=True)
class Original:
    """A CDA with which PDFs are compared."""

    cda: CdaReading
    limits: Limits
    filename: str
    embedded_sha256: str

    @classmethod
    def of(cls, cda: CdaReading, filename: str, limits: Limits) -> Original:
        """The original of a reading; ``filename`` is the CDA's own."""
        return cls(cda, limits, filename, hashlib.sha256(cda.embedded).hexdigest() if cda.embedded else "")

    def holds(self, sha256: str) -> bool:
        """Whether it carries the file of this digest as its own readable form."""
        return sha256 == self.embedded_sha256 or sha256 in self.cda.copies

    def is_twin(self, filename: str) -> bool:
        """Whether a file has the CDA's name but for the extension: DOC00001.XML and DOC00001.PDF."""
        stem = filename.rpartition(".")[0].casefold()
        return bool(stem) and stem == self.filename.rpartition(".")[0].casefold()

    @cached_property
    def text(self) -> str:
        """What the body says: its narrative, or the text of the PDF inside. FormatError when that PDF is dangerous."""
        if not self.cda.embedded:
            return self.cda.text
        try:
            return pdf.read(self.cda.embedded, self.limits).text
        except FormatError as error:
            if error.reason is Reason.UNSAFE:
                raise
            return ""

    @cached_property
    def words(self) -> frozenset[str]:
        """The significant words of the body and title."""
        try:
            return _words(f"{self.text} {self.cda.header.title}") if self.text else frozenset()
        except FormatError:
            return frozenset()


def find(sha256: str, filename: str, text: str, originals: tuple[Original, ...], *, as_many: bool) -> Original | None:
    """The CDA of which a PDF is the copy, None when it is a document of its own.

    ``text`` is its text layer (empty: none); ``as_many`` says that the mail has no more PDFs than CDAs.
    """
    for original in originals:
        if original.holds(sha256):
            return original
    if sum(map(str.isalpha, text)) < _NO_TEXT:
        named = [o for o in originals if o.is_twin(filename) or _named_after(filename, o.cda)]
        return named[0] if named else (originals[0] if as_many and originals else None)
    plain = _plain(text)
    about = (o for o in originals if _names_the_patient(plain, o.cda))
    return next((o for o in about if _tells_the_same(plain, filename, o, as_many=as_many)), None)


def same_bytes(sha256: str, originals: tuple[Original, ...]) -> bool:
    """Whether a PDF is, byte for byte, one inside a CDA: no need to open it."""
    return any(original.holds(sha256) for original in originals)


def _tells_the_same(plain: str, filename: str, original: Original, *, as_many: bool) -> bool:
    cda = original.cda
    if original.is_twin(filename) or _named_after(filename, cda):
        return True
    words = frozenset(_WORD.findall(plain))
    dated = any(date in plain for date in _date_forms(cda.act_date))
    if not original.words or len(words) < _FEW_WORDS:
        return dated and as_many
    shared = len(words & original.words) / len(words)
    return shared >= _SAME_TEXT or (shared >= _SAME_SUBJECT and dated)


def _names_the_patient(plain: str, cda: CdaReading) -> bool:
    """The family name with the given name or the birth date, and no other birth date."""
    header = cda.header
    dates = _date_forms(header.birth_date)
    family = any(name and _has(plain, name) for name in (header.birth_name, header.used_name))
    given = bool(header.first_given) and _has(plain, header.first_given)
    born = any(date in plain for date in dates)
    another = any(f" {found} " not in dates for found in _BIRTH_DATE.findall(plain)) and not born
    return family and (born or given) and not another


def _named_after(filename: str, cda: CdaReading) -> bool:
    """``<date of the act>_<type>_<NAME>_<given>.pdf`` (ECO.2.1.6), each part being this document's."""
    stem = _plain(filename.rpartition(".")[0])
    header = cda.header
    family = any(name and _has(stem, name) for name in (header.birth_name, header.used_name))
    given = bool(header.first_given) and _has(stem, header.first_given)
    parts = filename.split("_")
    kind = _plain(parts[1]).split() if len(parts) >= 4 else []
    labels = _plain(f"{header.code.label} {header.title}")
    typed = bool(kind) and sum(f" {word}" in labels for word in kind) * 2 > len(kind)
    return family and given and typed and (cda.act_date[:8] or "-") in stem


def _has(plain: str, name: str) -> bool:
    wanted = _plain(name).strip()
    return bool(wanted) and f" {wanted} " in plain


def _date_forms(stamp: str) -> tuple[str, ...]:
    day, month, year = stamp[6:8], stamp[4:6], stamp[:4]
    if len(stamp) < 8 or not stamp[:8].isdigit() or not 1 <= int(month) <= 12:
        return ()
    written = (f"{day} {month} {year}", f"{int(day)} {int(month)} {year}", f"{day} {month} {year[2:]}")
    in_words = (f"{number} {_MONTHS[int(month) - 1]} {year}" for number in {day, str(int(day))})
    return tuple(f" {form} " for form in (*written, f"{year} {month} {day}", *in_words))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_plain(text)))


def _plain(text: str) -> str:
    """Lower case, no accents, every other sign a blank; a blank at both ends."""
    folded = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe")).encode("ascii", "ignore")
    return f" {' '.join(re.sub(r'[^a-z0-9]+', ' ', folded.decode().lower()).split())} "
