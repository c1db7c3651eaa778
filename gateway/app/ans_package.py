"""The ANS's package of schemas and schematrons as the operator sees it: what is judged by it, and what lacks."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.validity import package
from gateway.formats.validity.schematron import SchematronError, compile_schematron
from gateway.model.settings import Settings


def judged(settings: Settings) -> str:
    """What is judged before it goes to the DMP, for ``gateway status``; empty when nothing goes there."""
    if not settings.dmp.enabled:
        return ""
    found = package.find(settings.dmp.schemas).judges if settings.dmp.schemas else ()
    return ", ".join(found) or "aucun ([dmp] schemas)"


def remarks(settings: Settings) -> Iterator[str]:
    """What of the package is not there: that check is off, and said (ADR 0034)."""
    folder = settings.dmp.schemas
    if not settings.dmp.enabled:
        return
    if folder is None:
        yield "[dmp] schemas : absent ; les CDA ne sont pas contrôlés par les schémas de l'ANS"
        return
    found = package.find(folder)
    for what, there in (
        (f"{package.SCHEMA} ne s'y trouve pas ; le schéma du CDA n'est pas contrôlé", found.schema),
        ("aucun schématron de la structuration minimale ; elle n'est pas contrôlée", found.minimal),
        ("aucun schématron CI-SIS_*.sch ; les modèles de contenu ne sont pas contrôlés", found.models),
    ):
        if not there:
            yield f"[dmp] schemas : {what}"
    yield from _lacking(found)


def _lacking(found: package.Package) -> Iterator[str]:
    missing: dict[str, None] = {}
    broken = []
    for path in found.schematrons:
        try:
            missing |= dict.fromkeys(compile_schematron(path).missing)
        except (SchematronError, OSError):
            broken.append(path.name)
    if broken:
        yield f"[dmp] schemas : {len(broken)} schématron(s) illisible(s), dont {broken[0]}"
    if missing:
        yield (
            f"[dmp] schemas : {len(missing)} fichier(s) que les schématrons citent n'y sont pas, dont "
            f"{next(iter(missing))} ; les règles qui en dépendent ne sont pas appliquées"
        )
