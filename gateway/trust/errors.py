"""The one error of the room."""

from __future__ import annotations

from pathlib import Path

from gateway.model.causes import cause


class TrustError(Exception):
    """A certificate, key, list or secret cannot be used. The text is one French line; no secret is ever in it."""

    def __init__(self, path: Path, wrong: str, remedy: str) -> None:
        super().__init__(f"{path} : {wrong} ; {remedy}")
        self.path = path


def read(path: Path, limit: int = 1_000_000) -> bytes:
    """The bytes of a small file, at most ``limit``.

    Raises:
        TrustError: absent, unreadable by us, empty or too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise TrustError(path, "fichier absent", "vérifier le chemin dans gateway.toml") from None
    except OSError as error:
        raise TrustError(path, f"fichier illisible ({cause(error)})", "vérifier ses droits") from None
    if not content.strip():
        raise TrustError(path, "fichier vide", "y remettre son contenu")
    if len(content) > limit:
        raise TrustError(path, "fichier trop gros pour ce qu'il doit contenir", "vérifier le chemin dans gateway.toml")
    return content
