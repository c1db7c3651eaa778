"""What an MLLP line owes: an inlet that is listened on, a server that is reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.app.hosts import host_and_port, is_loopback, is_network, read_url
from gateway.app.problem import Problem


def listened(where: str, listen: str | None, allow: Sequence[str], example: str) -> Iterator[Problem]:
    """An inlet: ``where`` is the table and the beginning of its keys (``[patients] adt_``); None: it is not open."""
    address = host_and_port(listen) if listen is not None else ("localhost", 0)
    if address is None:
        yield Problem(f"{where}listen", f'"{listen}" ne convient pas', f'écrire par exemple "{example}"')
    elif not is_loopback(address[0]) and not allow:
        yield Problem(f"{where}allow", "manque pour écouter hors de cette machine", "nommer les réseaux admis")
    for network in allow:
        if not is_network(network):
            yield Problem(f"{where}allow", f'"{network}" n\'est pas un réseau', 'écrire par exemple "10.1.2.0/24"')


def is_here(listen: str) -> bool:
    """Whether an inlet is open to this machine alone."""
    address = host_and_port(listen)
    return address is not None and is_loopback(address[0])


def reached(table: str, address: str, *, clear: bool) -> Iterator[Problem]:
    """A server by its ``url``; ``clear``: the site accepts that documents travel in clear."""
    url = read_url(address)
    if url is None or url.scheme not in {"mllp", "mllps"} or not url.hostname or not url.port or url.path.strip("/"):
        remedy = 'écrire "mllp://serveur:port" ou "mllps://serveur:port"'
        yield Problem(f"{table} url", f'"{address}" ne convient pas', remedy)
    elif url.scheme == "mllp" and not is_loopback(url.hostname) and not clear:
        remedy = "écrire \"mllps://…\", ou cleartext_accepted = true si l'établissement l'accepte"
        yield Problem(f"{table} url", "mllp:// envoie les documents en clair sur le réseau", remedy)
