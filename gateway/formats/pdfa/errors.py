"""Why a route is left."""

from __future__ import annotations

import struct
import zlib

import pikepdf
from fontTools.ttLib import TTLibError
from pikepdf.models.image import HifiPrintImageNotTranscodableError, InvalidPdfImageError
from PIL import Image


class UnsureError(Exception):
    """This cannot be made PDF/A-1 here without a doubt: the next route. The text names the rule, never the content."""


#: What the libraries let escape from damaged files.
DAMAGE = (
    pikepdf.DataDecodingError,
    pikepdf.DeletedObjectError,
    pikepdf.DependencyError,
    pikepdf.ForeignObjectError,
    pikepdf.PasswordError,
    pikepdf.PdfError,
    pikepdf.UnsupportedImageTypeError,
    HifiPrintImageNotTranscodableError,
    InvalidPdfImageError,
    TTLibError,
    Image.DecompressionBombError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
