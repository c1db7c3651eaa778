"""A judge of disposition notifications that shares nothing with what it judges: RFC 5322, 2046, 6522, 8098 by hand.

``judge`` returns the fields of the machine part, lower-case names; an AssertionError names what is wrong.
"""

from __future__ import annotations

import re

_FIELD = re.compile(rb"([!-9;-~]+):[ \t]*(.*)", re.DOTALL)
_ONCE = ("from", "to", "date", "message-id", "mime-version", "content-type", "auto-submitted")
_KIND = re.compile(r'multipart/report;\s*report-type=disposition-notification;\s*boundary="([^"]{1,70})"')
_DISPOSITION = re.compile(
    r"(manual-action|automatic-action)/(MDN-sent-manually|MDN-sent-automatically); ?"
    r"(displayed|deleted|dispatched|processed)(?:/(.+))?"
)


def judge(raw: bytes) -> dict[str, str]:
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw) is None, "lines end with CRLF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998, "RFC 5322 §2.1.1"
    head, body = _parted(raw)
    assert all(name in head for name in _ONCE)
    assert "disposition-notification-to" not in head, "RFC 8098 §2.1: none is asked for a notification"
    kind = _KIND.fullmatch(head["content-type"])
    assert kind is not None, head["content-type"]
    opening, *parts, end = (b"\r\n" + body).split(b"\r\n--" + kind[1].encode())
    assert (opening, end) == (b"", b"--\r\n")
    (words, _), (machine, said), (original, _), *more = (_parted(part.removeprefix(b"\r\n")) for part in parts)
    assert words["content-type"].startswith("text/plain")
    assert machine["content-type"] == "message/disposition-notification"
    assert original["content-type"] in {"message/rfc822", "text/rfc822-headers"}
    assert all(part["content-disposition"].startswith("attachment") for part, _ in more), "files of form 1.1.2"
    fields = _fields(said.removesuffix(b"\r\n"))
    assert re.fullmatch(r"rfc822 ?; ?[^@\s]+@[^@\s]+", fields["final-recipient"])
    assert _DISPOSITION.fullmatch(fields["disposition"])
    return fields


def modifier(fields: dict[str, str]) -> str:
    """What stands behind the disposition type."""
    found = _DISPOSITION.fullmatch(fields["disposition"])
    return (found and found[4]) or ""


def _parted(raw: bytes) -> tuple[dict[str, str], bytes]:
    head, blank, body = raw.partition(b"\r\n\r\n")
    assert blank, "a header ends with an empty line"
    return _fields(head), body


def _fields(head: bytes) -> dict[str, str]:
    """A header: ASCII, each field once."""
    found: dict[str, str] = {}
    for line in re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n"):
        field = _FIELD.fullmatch(line)
        assert field is not None, "a line is a field"
        name = field[1].decode().lower()
        assert name not in found, f"{name} twice"
        found[name] = field[2].decode("ascii")
    return found
