"""Hosts, networks and addresses as gateway.toml writes them."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

_TRIAL = re.compile(r"(dev|formation|test|recette|qualif|preprod|integ)[a-z]*[0-9]*")
_NATIONAL = (".dmp.gouv.fr", ".mssante.fr")


def is_loopback(host: str) -> bool:
    """Whether what is sent to ``host`` stays on this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_production(host: str) -> bool:
    """Whether ``host`` is a national server (DMP, MSSanté) of no trial environment (spec/dmp/transactions.md §3)."""
    return host.endswith(_NATIONAL) and not is_trial(host)


def is_trial(host: str) -> bool:
    """Whether ``host`` is a national server of a trial environment, as ``dev9.lps2.dmp.gouv.fr``."""
    return host.endswith(_NATIONAL) and any(_TRIAL.fullmatch(label) for label in host.split("."))


def host_and_port(address: str) -> tuple[str, int] | None:
    """``127.0.0.1:2525`` or ``[::1]:2525``; None when it is neither. Without a host: every address of the machine."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        return None
    return host or "0.0.0.0", int(port)  # noqa: S104 - said, not bound


def is_network(text: str) -> bool:
    """Whether ``text`` is an address or a network, as ``10.1.0.0/16``."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def read_url(text: str) -> SplitResult | None:
    """The parts of a URL; None when it cannot be one, or its port is no port."""
    try:
        url = urlsplit(text)
        return url if url.port is None or url.port else None
    except ValueError:
        return None
