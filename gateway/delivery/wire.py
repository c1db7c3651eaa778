"""One HTTP exchange with a destination, and how far it went when it failed.

httpcore's trace tells when the first byte leaves and when the body is written: what an error means depends on it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import httpcore

from gateway.model.ports import Observer
from gateway.protocols.mtom import Package, Piece

# httpcore asks sniffio, if there is one, a dozen times a request which loop runs: without it, each time is a search of
# the whole path.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

_MAX_ANSWER = 4 << 20
_KEEP_ALIVE = 30.0
_BROKEN = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProxyError,
    httpcore.RemoteProtocolError,
    OSError,  # ssl.SSLError and TimeoutError among them
)
_REFUSED_BY_TLS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE", "DECRYPT_ERROR")


class Failure(StrEnum):
    """How an exchange failed."""

    UNREACHABLE = "unreachable"  # before any byte left
    CERTIFICATE = "certificate"  # TLS refused one of the two certificates
    LOST = "lost"  # after bytes left: cut
    TIMEOUT = "timeout"  # after bytes left: no answer in time
    TOO_LARGE = "too-large"  # the answer exceeds 4 MiB


@dataclass(frozen=True)
class Request:
    """An HTTP request. ``chunks`` gives the body, of ``length`` bytes; it is read once."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    length: int = 0
    chunks: Callable[[], Iterable[Piece]] = tuple


@dataclass(frozen=True)
class Response:
    """An HTTP answer. The names of ``headers`` are in lower case."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class WireError(Exception):
    """The exchange gave no answer that can be read; ``head`` is the answer without its body when it was too large."""

    def __init__(self, failure: Failure, head: Response | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.head = head


class Wire:
    """Connections kept alive to one server. ``timeout`` in seconds, for connecting, each write, and the whole answer.

    ``tls`` None: for ``http://`` addresses only. Redirections are answers like others: they are not followed.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        observer: Observer,
        *,
        timeout: float,
        connections: int,
        proxy: str | None = None,
    ) -> None:
        self._observer = observer
        self._timeout = timeout
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            proxy=httpcore.Proxy(proxy) if proxy else None,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=_KEEP_ALIVE,
        )

    async def post(self, url: str, package: Package, step: str) -> Response:
        """Write ``package``; as ``exchange``."""
        headers = (("Content-Type", package.content_type),)
        return await self.exchange(Request("POST", url, headers, package.length, package.chunks), step)

    async def exchange(self, request: Request, step: str) -> Response:
        """Send and read the answer; observed as ``step``.send then ``step``.answer. Raises ``WireError``."""
        with ExitStack() as steps:
            deadline = asyncio.timeout(None)
            progress = _Progress(self._observer, step, steps, deadline, self._timeout)
            try:
                async with deadline:
                    return await self._exchange(request, progress)
            except _BROKEN as error:
                raise _failed(error, left=progress.left) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _exchange(self, asked: Request, progress: _Progress) -> Response:
        limits = {"connect": self._timeout, "write": self._timeout, "read": self._timeout}
        headers = [*asked.headers, ("Content-Length", str(asked.length))]
        extensions: dict[str, Any] = {"timeout": limits, "trace": progress}
        request = self._pool.stream(
            asked.method, asked.url, headers=headers, content=_stream(asked.chunks()), extensions=extensions
        )
        async with request as answer:
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            head = Response(answer.status, found.get("content-type", ""), b"", found)
            body = bytearray()
            async for chunk in answer.aiter_stream():
                body += chunk
                if len(body) > _MAX_ANSWER:
                    raise WireError(Failure.TOO_LARGE, head)
            return replace(head, body=bytes(body))


class _Progress:
    """Follows one request through httpcore's trace: opens and closes the observed steps, starts the answer's clock."""

    def __init__(
        self, observer: Observer, step: str, steps: ExitStack, deadline: asyncio.Timeout, timeout: float
    ) -> None:
        self.left = False
        self._observer, self._step, self._steps = observer, step, steps
        self._deadline, self._timeout = deadline, timeout

    async def __call__(self, event: str, _: dict[str, Any]) -> None:
        if event == "http11.send_request_headers.started":
            self.left = True
            self._steps.enter_context(self._observer.step(f"{self._step}.send"))
        elif event == "http11.send_request_body.complete":
            self._steps.close()
            self._steps.enter_context(self._observer.step(f"{self._step}.answer"))
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._timeout)


async def _stream(chunks: Iterable[Piece]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk  # type: ignore[misc] # h11 joins any bytes-like


def _failed(error: Exception, *, left: bool) -> WireError:
    if _certificate_refused(error):
        return WireError(Failure.CERTIFICATE)
    if not left:
        return WireError(Failure.UNREACHABLE)
    late = isinstance(error, (httpcore.TimeoutException, TimeoutError))
    return WireError(Failure.TIMEOUT if late else Failure.LOST)


def _certificate_refused(error: BaseException | None) -> bool:
    """Whether TLS said so, somewhere in the causes: verification here, or an alert from there."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            reason = (error.reason or str(error)).upper()
            return any(word in reason for word in _REFUSED_BY_TLS)
        error = error.__cause__ or error.__context__
    return False
