"""Who may hand mails over: networks, or the names in client certificates. Without a list, this machine alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any


@dataclass(frozen=True, slots=True)
class Admission:
    """The peers of ``[smtp]``, told apart."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, peers: Sequence[str]) -> Admission:
        """Read the list: what is an address or a network is one, the rest are certificate names."""
        networks, names = [], set()
        for peer in peers or ("127.0.0.0/8", "::1"):
            try:
                networks.append(ip_network(peer, strict=False))
            except ValueError:
                names.add(peer.lower())
        return cls(tuple(networks), frozenset(names))

    def by_address(self, address: str) -> bool:
        """Whether the address alone is enough."""
        found = _plain(address)
        return any(found in network for network in self.networks)

    def at_connect(self, address: str, *, tls: bool) -> bool:
        """Whether to speak at all: the address is enough, or a certificate may yet be; never in clear from afar."""
        if self.needs_tls(address) and not tls:
            return False
        return self.by_address(address) or bool(self.names)

    def needs_tls(self, address: str) -> bool:
        """Whether nothing is accepted before STARTTLS."""
        return not _plain(address).is_loopback or not self.by_address(address)

    def identity(self, certificate: Mapping[str, Any]) -> str:
        """The admitted name of a certificate (as ``ssl.getpeercert`` gives it), else its first one, else empty."""
        names = list(_names(certificate))
        return next((name for name in names if name.lower() in self.names), next(iter(names), ""))

    def by_identity(self, address: str, identity: str) -> bool:
        """Whether a peer that has shown ``identity`` may go on."""
        return self.by_address(address) or identity.lower() in self.names


def _plain(address: str) -> IPv4Address | IPv6Address:
    found = ip_address(address)
    return getattr(found, "ipv4_mapped", None) or found


def _names(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Common names, then DNS names; every one was signed by ``client_ca``."""
    for relative in certificate.get("subject", ()):
        yield from (value for kind, value in relative if kind == "commonName")
    yield from (value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")
