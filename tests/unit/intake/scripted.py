"""An IMAP server that says what a test tells it to: for what no real server would say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.model.settings import Mailbox

#: Command words → lines of the answer, tag excluded. ``{tag}`` in a line is the command's.
Answers = dict[str, bytes]

GREETING = b"* OK ready\r\n"
BASE: Answers = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR MOVE UIDPLUS IDLE\r\n{tag} OK done\r\n",
    "AUTHENTICATE": b"{tag} OK in\r\n",
    "LOGIN": b"{tag} OK in\r\n",
    "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n{tag} OK [READ-WRITE] done\r\n",
    "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n{tag} OK [READ-ONLY] done\r\n",
    "NOOP": b"{tag} OK done\r\n",
    "STATUS": b"* STATUS x (MESSAGES 0)\r\n{tag} OK done\r\n",
}


class Script:
    """What the server heard, and how to reach it."""

    def __init__(self, greeting: bytes, answers: Answers) -> None:
        self.heard: list[str] = []
        self.port = 0
        self._greeting = greeting
        self._answers = BASE | answers

    def settings(self, **changes: object) -> Mailbox:
        defaults: dict[str, object] = {
            "name": "bal",
            "address": "bal@test.mssante.fr",
            "host": "127.0.0.1",
            "port": self.port,
            "tls": "none",
        }
        return Mailbox(**(defaults | changes))  # type: ignore[arg-type]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._greeting)
        tag = b""
        while line := (await reader.readline()).rstrip(b"\r\n"):
            self.heard.append(line.decode())
            words = line.split(b" ")
            if len(words) > 1:
                tag = words.pop(0)
            word = (words[1] if words[0] == b"UID" else words[0]).decode()
            answer = self._answers.get(word, b"{tag} BAD unknown\r\n")
            writer.write(answer.replace(b"{tag}", tag))
        writer.close()


@asynccontextmanager
async def scripted(answers: Answers | None = None, greeting: bytes = GREETING) -> AsyncIterator[Script]:
    script = Script(greeting, answers or {})
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()


def sends(text: str) -> Callable[[str], bool]:
    """Whether a line that was heard, its tag aside, is this one."""
    return lambda line: line == text or line.partition(" ")[2] == text
