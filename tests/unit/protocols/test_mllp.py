"""MLLP framing: any split of the bytes gives the same messages; a stream out of step is given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.mllp import Deframer, MllpError, frame

MESSAGES = st.lists(st.binary().filter(lambda m: b"\x0b" not in m and b"\x1c\r" not in m + b"\r"), max_size=4)


def framed(messages: list[bytes]) -> bytes:
    return b"".join(b"".join(frame(m)) for m in messages)


@given(MESSAGES, st.integers(1, 7))
def test_any_split_gives_the_messages(messages: list[bytes], size: int) -> None:
    stream = framed(messages)
    deframer = Deframer()
    found = [m for at in range(0, len(stream), size) for m in deframer.feed(stream[at : at + size])]
    assert found == messages == Deframer().feed(stream)
    assert deframer.idle


def test_the_payload_is_not_copied() -> None:
    payload = bytes(1000)
    assert frame(payload)[1] is payload


def test_line_ends_between_frames_are_tolerated() -> None:
    assert Deframer().feed(b"\r\n" + framed([b"a"]) + b"\n" + framed([b"b"])) == [b"a", b"b"]


def test_a_frame_begun_is_not_idle() -> None:
    deframer = Deframer()
    assert deframer.feed(b"\x0bMSH|") == []
    assert not deframer.idle


@pytest.mark.parametrize("stream", [b"MSH|", b"\x0ba\x1c\rgarbage\x0bb\x1c\r", b"\x0ba\x0bb\x1c\r"])
def test_bytes_out_of_place_end_the_stream(stream: bytes) -> None:
    deframer = Deframer()
    with pytest.raises(MllpError):
        deframer.feed(stream)
    with pytest.raises(MllpError):
        deframer.feed(framed([b"fine"]))


@pytest.mark.parametrize("stream", [b"\x0b" + b"x" * 11, b"\x0b" + b"x" * 11 + b"\x1c\r"])
def test_a_message_beyond_the_limit_is_refused(stream: bytes) -> None:
    with pytest.raises(MllpError):
        Deframer(limit=10).feed(stream)
