"""``gateway check --connect`` of a FHIR record: what its own CapabilityStatement promises. Nothing is created there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Literal

from gateway.app.compose import record_server
from gateway.app.tls import Contexts
from gateway.delivery.dpi.fhir import Fhir
from gateway.model.ports import Silent
from gateway.model.settings import Dpi
from gateway.protocols.fhir_answers import Capabilities
from gateway.protocols.fhir_types import FhirError

Line = tuple[Literal["ok", "note", "warning", "error"], str]

_UNREADABLE = "ce que le serveur dit savoir faire (metadata) est illisible ; vérifier url"
_ONCE = (
    "n'annonce pas la création conditionnelle (conditionalCreate) : après une coupure un document peut y être créé "
    "deux fois ; à voir avec son éditeur"
)


async def record(dpi: Dpi, contexts: Contexts, patience: float) -> AsyncIterator[Line]:
    """What is found. Raises DpiError, TrustError."""
    server = Fhir(replace(record_server(dpi, contexts), timeout=patience), Silent())
    try:
        found = await server.capabilities()
    except FhirError:
        yield "error", _UNREADABLE
        return
    finally:
        await server.close()
    if not found.version.startswith("4."):
        yield "error", f"le serveur parle FHIR « {_shown(found.version)} », la passerelle FHIR R4"
        return
    yield "ok", f"connexion acceptée par {_shown(found.software) or 'un serveur'}, FHIR {_shown(found.version)}"
    for text in _lacks(found):
        yield "warning", f"le serveur {text}"


def _lacks(found: Capabilities) -> Iterator[str]:
    """What we need and the server does not announce."""
    if "create" not in found.interactions:
        yield "n'annonce pas qu'il prend des DocumentReference (create)"
    if not found.conditional_create:
        yield _ONCE
    if "identifier" not in found.searches:
        yield "n'annonce pas la recherche par identifiant : une issue incertaine le restera"
    if "patch" not in found.interactions:
        yield "n'annonce pas PATCH : remplacements et suppressions attendront une personne"


def _shown(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:60]
