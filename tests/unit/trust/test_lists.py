"""Revocation lists fetched where an authority publishes them: a real HTTP server on loopback, a real signature."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.errors import TrustError
from gateway.trust.lists import fetch
from gateway.trust.revocation import kept, parse
from tests.unit.trust.pki import DAY, NOW, Authority


@dataclass
class Place:
    """What is published; None: the place is down."""

    url: str = ""
    content: bytes | None = None
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def place() -> Iterator[Place]:
    published = Place()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path)
            self.send_response(200 if published.content is not None else 503)
            self.end_headers()
            self.wfile.write(published.content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    published.url = f"http://127.0.0.1:{server.server_port}/aci.crl"
    yield published
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority()


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM], ids=["der", "pem"])
def test_a_list_is_fetched_and_kept(place: Place, root: Authority, tmp_path: Path, encoding: Encoding) -> None:
    place.content = root.crl().public_bytes(encoding)
    assert fetch(place.url, [root.cert], tmp_path, NOW)
    assert not fetch(place.url, [root.cert], tmp_path, NOW)
    assert kept(tmp_path, [root.cert]) == parse(place.content, Path("published"))
    assert kept(tmp_path, [Authority("autre").cert]) == ()


@pytest.mark.parametrize("wrong", ["down", "not a list", "forged", "expired", "older", "empty", "several"])
def test_the_last_good_list_is_kept(place: Place, root: Authority, tmp_path: Path, wrong: str) -> None:
    good = root.crl(root.issue().cert, since=NOW - DAY / 2)
    place.content = good.public_bytes(Encoding.DER)
    fetch(place.url, [root.cert], tmp_path, NOW)
    place.content = {
        "down": None,
        "not a list": b"<html>en maintenance</html>",
        "forged": Authority().crl().public_bytes(Encoding.DER),
        "expired": root.crl(until=NOW - DAY / 24, since=NOW - DAY / 4).public_bytes(Encoding.DER),
        "older": root.crl(since=NOW - DAY).public_bytes(Encoding.DER),
        "empty": b"",
        "several": root.crl().public_bytes(Encoding.PEM) * 2,
    }[wrong]
    with pytest.raises(TrustError):
        fetch(place.url, [root.cert], tmp_path, NOW)
    assert kept(tmp_path, [root.cert]) == (good,)
    assert [path.suffix for path in tmp_path.iterdir()] == [".crl"]


def test_a_list_damaged_on_disk_is_fetched_again(place: Place, root: Authority, tmp_path: Path) -> None:
    place.content = root.crl().public_bytes(Encoding.DER)
    fetch(place.url, [root.cert], tmp_path, NOW)
    (held,) = tmp_path.iterdir()
    held.write_bytes(held.read_bytes()[:40])
    assert kept(tmp_path, [root.cert]) == ()
    assert fetch(place.url, [root.cert], tmp_path, NOW)
    assert len(kept(tmp_path, [root.cert])) == 1
