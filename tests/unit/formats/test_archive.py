"""Each guard of the archive room, with an archive that only this guard stops."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.archive import Archive
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.model.reasons import Reason
from tests.unit.formats.builders import zipped


def _reason(data: bytes, limits: Limits = DEFAULT) -> Reason | None:
    try:
        opened = Archive(data, limits)
        for entry in opened.entries:
            opened.read(entry)
    except FormatError as error:
        return error.reason
    return None


def test_an_ordinary_archive_reads() -> None:
    opened = Archive(zipped({"IHE_XDM\\SUBSET01\\DOC0001.XML": b"<a/>", "./b.txt": b"b"}), DEFAULT)
    assert [(e.path, e.folder, e.name) for e in opened.entries] == [
        ("IHE_XDM/SUBSET01/DOC0001.XML", "IHE_XDM/SUBSET01", "DOC0001.XML"),
        ("b.txt", "", "b.txt"),
    ]
    assert opened.read(opened.entries[1]) == b"b"


@pytest.mark.parametrize(
    "name",
    ["../a", "a/../../b", "..\\a", "/etc/a", "\\a", "C:\\a", "c:a", "a\x01b", "a\u202egpj.exe", "a/..", "x\\..\\..\\y"],
)
def test_path_tricks(name: str) -> None:
    assert _reason(zipped({name: b"x"})) is Reason.UNSAFE


def test_nul_in_a_name() -> None:
    assert _reason(zipped({"a?b.xml": b"x"}).replace(b"a?b.xml", b"a\x00b.xml")) is Reason.UNSAFE


def test_symbolic_link() -> None:
    out = io.BytesIO()
    info = zipfile.ZipInfo("lien")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert _reason(out.getvalue()) is Reason.UNSAFE


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twin", ["a.xml", "A.XML"])
def test_two_files_of_one_name(twin: str) -> None:
    assert _reason(zipped([("a.xml", b"1"), (twin, b"2")])) is Reason.UNSAFE


def test_clutter_is_no_entry() -> None:
    data = zipped({"__MACOSX/._a.xml": b"", "a/.svn/entries": b"", "Thumbs.db": b"", "._b": b"", "d/": b"", "ok": b"1"})
    assert [entry.path for entry in Archive(data, DEFAULT).entries] == ["ok"]


def test_too_many_entries() -> None:
    data = zipped({str(n): b"" for n in range(20)})
    assert _reason(data) is None
    assert _reason(data, replace(DEFAULT, zip_entries=19)) is Reason.UNSAFE


def test_entry_and_total_size() -> None:
    data = zipped({"a": bytes(range(256)) * 8, "b": bytes(range(256)) * 8}, stored=True)
    assert _reason(data) is None
    assert _reason(data, replace(DEFAULT, zip_entry=2047)) is Reason.UNSAFE
    assert _reason(data, replace(DEFAULT, zip_total=4095)) is Reason.UNSAFE


def test_ratio() -> None:
    bomb = zipped({"a": bytes(2_000_000)})
    assert _reason(bomb) is Reason.UNSAFE
    assert _reason(bomb, replace(DEFAULT, zip_ratio=2000)) is None
    assert _reason(zipped({"a": bytes(500_000)})) is None, "small files may be as empty as they like"


def test_overlapping_entries() -> None:
    """Two directory entries for one body (CVE-2024-0450); this Python does not see it."""
    data = bytearray(zipped({"aaaa": b"corps commun", "bbbb": b"corps commun"}, stored=True))
    second = data.rindex(b"PK\x01\x02")
    name = data.index(b"bbbb")
    data[name : name + 4] = b"zzzz"
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    data[second + 46 : second + 50] = b"aaab"
    data[data.index(b"PK\x01\x02") + 46 + 3] = ord("a")
    assert _reason(bytes(data)) is Reason.UNSAFE


def test_entry_that_runs_into_the_directory() -> None:
    data = bytearray(zipped({"a": b"0123456789"}, stored=True))
    directory = data.index(b"PK\x01\x02")
    data[directory + 20 : directory + 28] = struct.pack("<II", 40, 40)
    assert _reason(bytes(data)) is Reason.UNSAFE


def test_encrypted() -> None:
    data = bytearray(zipped({"a.pdf": b"x"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert _reason(bytes(data)) is Reason.ENCRYPTED


def test_wrong_crc_and_wrong_sizes() -> None:
    data = bytearray(zipped({"a": b"contenu du fichier"}, stored=True))
    at = data.index(b"contenu")
    damaged = data[:at] + b"C" + data[at + 1 :]
    assert _reason(bytes(damaged)) is Reason.UNREADABLE
    directory = data.index(b"PK\x01\x02")
    for real_size in (5, 30):
        lying = bytearray(data)
        lying[directory + 24 : directory + 28] = struct.pack("<I", real_size)
        assert _reason(bytes(lying)) is Reason.UNREADABLE


def test_unbounded_compressions_are_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", b"a" * 1000)
    assert _reason(out.getvalue()) is Reason.UNSUPPORTED_FORMAT


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8), st.booleans())
def test_any_damage_is_a_format_error(at: int, patch: bytes, cut: bool) -> None:
    data = zipped({"IHE_XDM/SUBSET01/METADATA.XML": b"<a/>" * 20, "b.pdf": b"%PDF" * 10})
    at %= len(data)
    _reason(data[:at] if cut else data[:at] + patch + data[at + len(patch) :])
