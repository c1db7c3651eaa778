"""ZIP archives, and single files under gzip, opened with guards (study/reliability.md §5).

Nothing is written, nothing is read beyond its limits. Python 3.11.7's ``zipfile`` lets entries overlap (CVE-2024-0450),
so that is checked here.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails.headers import decode_bytes
from gateway.model.reasons import Reason

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    OverflowError,
    IndexError,
)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_AES = 99
_LOCAL_HEADER = 30
_UTF8_NAME = 0x800
_GZIP_MEMBERS = 50
_GZIP = b"\x1f\x8b\x08"
_GZIP_NAME = re.compile(rb"\x1f\x8b\x08[\x08-\x0b].{6}([^\x00]{1,255})\x00", re.DOTALL)  # no extra field before
_HIDDEN_MARKS = re.compile("[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CLUTTER = frozenset({"__macosx", ".svn", ".git", ".ds_store", "thumbs.db", "desktop.ini", "cvs"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive. ``index`` is its place in the directory, ``path`` has ``/`` as separator."""

    index: int
    path: str
    size: int

    @property
    def name(self) -> str:
        """The last component."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path without the last component; empty at the root."""
        return self.path.rpartition("/")[0]


class Budget:
    """What the archives of one mail may unfold to, all together: files and bytes."""

    def __init__(self, limits: Limits) -> None:
        self._files, self._bytes = limits.zip_entries, limits.zip_total

    def spend(self, files: int, size: int) -> None:
        """Take what one container holds. FormatError UNSAFE when the whole is beyond measure."""
        self._files -= files
        self._bytes -= size
        if self._files < 0 or self._bytes < 0:
            raise FormatError(Reason.UNSAFE, "Les archives de ce message sont démesurées une fois décompressées.")


class Archive:
    """An archive that passed every guard of its directory. ``entries`` leaves out folders and file-system clutter."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        if data.count(b"PK\x01\x02") > limits.zip_entries:
            raise _unsafe("un nombre anormal de fichiers")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise FormatError(Reason.UNREADABLE, "L'archive est abîmée et ne s'ouvre pas.") from error
        infos = self._zip.infolist()
        _check_names(infos)
        _check_sizes(infos, limits)
        _check_overlap(infos, data, self._zip.start_dir)
        self._infos = infos
        self._locked = any(info.flag_bits & 0x1 or info.compress_type == _AES for info in infos)
        self.entries = tuple(
            Entry(index, path, info.file_size)
            for index, info in enumerate(infos)
            if not info.is_dir() and not _is_clutter(path := _path(info)) and not path.endswith("/")
        )
        _check_twins(self.entries)

    def read(self, entry: Entry) -> bytes:
        """The bytes of an entry, as many as declared and with the declared CRC; FormatError otherwise."""
        info = self._infos[entry.index]
        if self._locked:
            raise FormatError(Reason.ENCRYPTED, "L'archive est protégée par un mot de passe.")
        if info.compress_type not in _METHODS:
            raise FormatError(Reason.UNSUPPORTED_FORMAT, "L'archive utilise une compression que l'on ne sait pas lire.")
        try:
            with self._zip.open(info) as stream:
                data = stream.read(info.file_size + 1)
        except (*_BROKEN, RuntimeError) as error:
            raise FormatError(Reason.UNREADABLE, "Un fichier de l'archive est abîmé.") from error
        if len(data) != info.file_size:
            raise FormatError(Reason.UNREADABLE, "Un fichier de l'archive n'a pas la taille annoncée.")
        return data


def at(archive: Archive, index: int) -> Entry:
    """The entry of a place; FormatError when there is none."""
    for entry in archive.entries:
        if entry.index == index:
            return entry
    raise FormatError(Reason.UNREADABLE, "Ce fichier n'est pas dans l'archive.")


def gunzipped(data: bytes, limits: Limits) -> tuple[str, bytes]:
    """The (name, bytes) of a file compressed by gzip (RFC 1952); the name may be empty. FormatError."""
    most = min(limits.zip_entry, max(limits.zip_ratio_floor, limits.zip_ratio * len(data)))
    out, rest = bytearray(), data
    try:
        for _ in range(_GZIP_MEMBERS):
            if not rest.startswith(_GZIP):
                break
            stream = zlib.decompressobj(wbits=31)
            out += stream.decompress(rest, most + 1 - len(out))
            if len(out) > most:
                raise _unsafe("un fichier démesuré une fois décompressé")
            if not stream.eof:
                raise FormatError(Reason.UNREADABLE, "L'archive est abîmée et ne s'ouvre pas.")
            rest = stream.unused_data
    except zlib.error as error:
        raise FormatError(Reason.UNREADABLE, "L'archive est abîmée et ne s'ouvre pas.") from error
    named = _GZIP_NAME.match(data)
    return (decode_bytes(named[1]) if named else ""), bytes(out)


def _path(info: zipfile.ZipInfo) -> str:
    return _decoded(info).replace("\\", "/").removeprefix("./")


def _decoded(info: zipfile.ZipInfo) -> str:
    """A name that declares no UTF-8 is nevertheless UTF-8 where it can be, else the DOS page of Western Europe."""
    name = info.orig_filename
    if info.flag_bits & _UTF8_NAME or name.isascii():
        return name
    raw = name.encode("cp437")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850")


def _is_clutter(path: str) -> bool:
    return any(step in _CLUTTER or step.startswith("._") for step in path.lower().split("/"))


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    for info in infos:
        path = _path(info)
        if path.startswith("/") or path[1:2] == ":" or ".." in path.split("/"):
            raise _unsafe("un chemin qui sort de son dossier")
        if _HIDDEN_MARKS.search(path):
            raise _unsafe("un nom de fichier trompeur")
        mode = stat.S_IFMT(info.external_attr >> 16)
        if mode not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise _unsafe("un lien ou un fichier spécial")


def _check_sizes(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    for info in infos:
        expanded = info.file_size > limits.zip_ratio * max(info.compress_size, 1)
        if info.file_size > limits.zip_entry or (expanded and info.file_size > limits.zip_ratio_floor):
            raise _unsafe("un fichier démesuré une fois décompressé")
    if sum(info.file_size for info in infos) > limits.zip_total:
        raise _unsafe("un volume démesuré une fois décompressé")


def _check_overlap(infos: list[zipfile.ZipInfo], data: bytes, directory: int) -> None:
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise _unsafe("des fichiers qui se chevauchent")
        lengths = data[info.header_offset + 26 : info.header_offset + _LOCAL_HEADER]
        if len(lengths) < 4:
            raise FormatError(Reason.UNREADABLE, "L'archive est abîmée et ne s'ouvre pas.")
        name, extra = struct.unpack("<HH", lengths)
        end = info.header_offset + _LOCAL_HEADER + name + extra + info.compress_size
    if end > directory:
        raise _unsafe("des fichiers qui se chevauchent")


def _check_twins(entries: tuple[Entry, ...]) -> None:
    if len({entry.path.casefold() for entry in entries}) < len(entries):
        raise _unsafe("deux fichiers du même nom")


def _unsafe(what: str) -> FormatError:
    return FormatError(Reason.UNSAFE, f"L'archive contient {what} ; elle n'a pas été ouverte.")
