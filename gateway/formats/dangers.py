"""What no clinical document needs and no gateway should pass on: programs, scripts, macros, test viruses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.formats.errors import FormatError
from gateway.formats.sniff import Kind, start_of_text
from gateway.model.reasons import Reason

#: Extensions that a double click executes; content alone cannot tell a script from a text.
_RUNNABLE = re.compile(
    r"\.(ade|adp|app|appx|bat|chm|cmd|com|cpl|dll|exe|gadget|hta|inf|ins|iso|jar|js|jse|lnk|mde|msc|msi|msix|msp|mst|"
    r"pif|ps1|ps1xml|ps2|psc1|psm1|py|reg|scf|scr|sct|sh|shb|sys|url|vb|vbe|vbs|vhd|vhdx|ws|wsc|wsf|wsh|xll)[ .]*$",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"<script\b|<\?php|WScript\.|ActiveXObject|CreateObject\(|@echo off|powershell(?:\.exe)? -|javascript:",
    re.IGNORECASE,
)
# In two halves, so that no scanner takes this source file for the test virus itself.
_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
_VBA = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "Macros"))
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MAIL_ENVELOPED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
_MAIL_AUTH_ENVELOPED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"


def refuse(data: bytes, kind: Kind, name: str) -> None:
    """Nothing, or FormatError: UNSAFE for what is dangerous, ENCRYPTED for what only a password or key opens."""
    if kind is Kind.EXECUTABLE or _RUNNABLE.search(name):
        raise FormatError(Reason.UNSAFE, "La pièce jointe est un programme ou un script ; elle n'a pas été ouverte.")
    if _EICAR in data[:4096]:
        raise FormatError(Reason.UNSAFE, "La pièce jointe contient la signature d'un virus.")
    if kind in {Kind.HTML, Kind.TEXT, Kind.XML} and _SCRIPT.search(start_of_text(data, 65536)):
        raise FormatError(Reason.UNSAFE, "La pièce jointe contient un script.")
    if kind is Kind.RTF and b"\\objdata" in data:
        raise FormatError(Reason.UNSAFE, "Le document RTF contient un objet incorporé.")
    if kind is Kind.OLE:
        _refuse_ole(data)
    if kind is Kind.PGP or (kind is Kind.PKCS7 and _enveloped(data)):
        raise FormatError(Reason.ENCRYPTED, "Le message est chiffré ; la passerelle n'en a pas la clé.")


def refuse_macros(names: Sequence[str]) -> None:
    """UNSAFE when the entry names of an office document show macros or active parts."""
    lower = [name.lower() for name in names]
    if any(n.endswith("vbaproject.bin") or "/activex/" in n or n.startswith(("basic/", "scripts/")) for n in lower):
        raise FormatError(Reason.UNSAFE, "Le document bureautique contient des macros.")


def _refuse_ole(data: bytes) -> None:
    if _OLE_ENCRYPTED in data:
        raise FormatError(Reason.ENCRYPTED, "Le document bureautique est protégé par un mot de passe.")
    if any(name in data for name in _VBA):
        raise FormatError(Reason.UNSAFE, "Le document bureautique contient des macros.")


def _enveloped(data: bytes) -> bool:
    return _MAIL_ENVELOPED in data[:64] or _MAIL_AUTH_ENVELOPED in data[:64]
