from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway.model.ports import Observer
from gateway.operate.logs import Logs, UnknownFactError, level


class Frozen:
    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 1, 13, 4, 5, 678900, tzinfo=timezone(timedelta(hours=1)))
        self.seconds = 10.0

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        self.seconds += 0.25
        return self.seconds


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    text = stream.getvalue()
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def logs(*, strict: bool = False, debug: bool = False) -> tuple[Logs, io.StringIO]:
    stream = io.StringIO()
    return Logs(stream, Frozen(), strict=strict, debug=debug), stream


def test_an_event_is_one_line() -> None:
    observer: Observer
    observer, stream = logs()
    observer.event("mail.received", mailbox="accueil", arrival=12, size=3)
    assert lines(stream) == [
        {
            "time": "2026-03-01T12:04:05.678Z",
            "level": "info",
            "event": "mail.received",
            "mailbox": "accueil",
            "arrival": 12,
            "size": 3,
        }
    ]


def test_a_fact_off_the_list_is_refused_in_tests_and_dropped_in_production() -> None:
    strict, stream = logs(strict=True)
    with pytest.raises(UnknownFactError, match=r"^family_name$"):
        strict.event("document.read", family_name="TESTEUR")
    assert lines(stream) == []
    lenient, stream = logs()
    lenient.event("document.read", family_name="TESTEUR", document=3)
    assert "TESTEUR" not in stream.getvalue()
    assert lines(stream)[0]["dropped"] == "family_name"
    assert lines(stream)[0]["document"] == 3


@pytest.mark.parametrize("fact", ["subject", "title", "filename", "address", "ins", "ipp", "message_id", "birth_date"])
def test_what_could_tell_of_a_patient_has_no_name_here(fact: str) -> None:
    with pytest.raises(UnknownFactError):
        logs(strict=True)[0].event("x", **{fact: "1"})


def test_a_long_value_is_cut_and_no_value_makes_a_second_line() -> None:
    observer, stream = logs()
    observer.event("x", code="a\nb\x1b[31m\u2028c", reason="z" * 5000)
    (line,) = lines(stream)
    assert line["code"] == "a?b?[31m?c"
    assert line["reason"] == "z" * 120 + "…"
    assert len(stream.getvalue().splitlines()) == 1


def test_numbers_that_json_lacks_become_null() -> None:
    observer, stream = logs()
    observer.event("x", seconds=float("inf"), delay=float("nan"), age=None, latency=0.12345678)
    assert [lines(stream)[0][key] for key in ("seconds", "delay", "age", "latency")] == [None, None, None, 0.123457]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mail.received", "info"),
        ("reader.died", "warning"),
        ("imap.idle-lost", "warning"),
        ("reader.timed-out", "warning"),
        ("adt.not-understood", "warning"),
        ("rules.translated", "info"),
        ("delivery.refused", "warning"),
        ("daemon.failed", "error"),
        ("failed.done", "info"),
    ],
)
def test_the_level_follows_the_last_part_of_the_name(name: str, expected: str) -> None:
    assert level(name) == expected


def test_steps_are_silent() -> None:
    observer, stream = logs()
    with observer.step("vault.rename"):
        pass
    assert lines(stream) == []


def test_debugging_times_each_step_even_one_that_fails() -> None:
    observer, stream = logs(debug=True)
    with observer.step("vault.rename"):
        pass
    with pytest.raises(ValueError, match="x"), observer.step("dpi.send"):
        raise ValueError("x")
    rows = [(row["level"], row["step"], row["outcome"], row["seconds"]) for row in lines(stream)]
    assert rows == [("debug", "vault.rename", "done", 0.25), ("debug", "dpi.send", "failed", 0.25)]


def test_the_machine_s_clock_is_the_default() -> None:
    stream = io.StringIO()
    Logs(stream).event("x")
    written = datetime.fromisoformat(lines(stream)[0]["time"])
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)
