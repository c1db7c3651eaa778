"""What a person reads of the system's and OpenSSL's refusals is French, for every cause that we name."""

from __future__ import annotations

import errno
import ssl

import pytest

from gateway.model.causes import cause


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOENT, "absent"), (errno.EADDRINUSE, "déjà prise"), (errno.ENOSPC, "disque plein"), (errno.EXDEV, "link")],
)
def test_the_system(number: int, said: str) -> None:
    assert said in cause(OSError(number, "Invalid cross-device link"))


def test_a_certificate_that_is_not_accepted() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message, error.reason = 10, "certificate has expired", "CERTIFICATE_VERIFY_FAILED"
    assert cause(error) == "expiré"
    error.verify_code, error.verify_message = 9999, "something new"
    assert cause(error) == "something new"


def test_an_alert() -> None:
    error = ssl.SSLError(1, "alert")
    error.reason = "TLSV1_ALERT_UNKNOWN_CA"
    assert "autorité" in cause(error)
    error.reason = "NEW_ALERT"
    assert cause(error) == "NEW_ALERT"


def test_what_says_nothing_is_named() -> None:
    assert cause(TimeoutError()) == "TimeoutError"
