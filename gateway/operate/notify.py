"""What the daemon tells systemd (sd_notify(3)): ready, alive, stopping, and a line of status.

Without ``NOTIFY_SOCKET`` (a terminal, a container) nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Datagrams to the service manager. A manager that is gone never stops the daemon."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._environment = environment

    def ready(self) -> None:
        """Started: intake and deliveries run."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The stop has begun."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``; no patient data."""
        self._send("STATUS=" + text.replace("\n", " ")[:200])

    def watchdog_period(self) -> float | None:
        """Seconds between two ``alive``: half of what the unit allows; None when it asks for none, or of another."""
        microseconds = self._environment.get("WATCHDOG_USEC", "")
        pid = self._environment.get("WATCHDOG_PID", str(os.getpid()))
        if not microseconds.isdecimal() or int(microseconds) == 0 or pid != str(os.getpid()):
            return None
        return int(microseconds) / 2_000_000

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(state.encode(), self._address)
            except OSError:
                return
