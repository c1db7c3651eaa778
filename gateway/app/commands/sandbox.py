"""``gateway sandbox dmp`` and ``gateway sandbox dpi``: the stand-ins alone."""

from __future__ import annotations

import argparse
import errno
import ssl
import tempfile
from pathlib import Path

from gateway import terminology
from gateway.app import paper
from gateway.app.errors import CommandError
from gateway.sandbox import dmp, dpi
from gateway.sandbox.armed import ScenarioError, listing, order
from gateway.sandbox.disk import TableError, read_patients
from gateway.sandbox.dmp import Rules, Tls
from gateway.sandbox.speaker import Access


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; without ``--state`` nothing is left behind."""
    if options.kind == "dmp" and "list" in options.scenario:
        paper.say(listing())
        return 0
    if options.state is not None:
        return _serve(options, options.state)
    with tempfile.TemporaryDirectory(prefix="gateway-sandbox-") as folder:
        return _serve(options, Path(folder))


def _serve(options: argparse.Namespace, state: Path) -> int:
    if options.kind == "dmp" and options.cert is None and (options.key or options.client_ca):
        raise CommandError("bac à sable : --key et --client-ca demandent --cert")
    try:
        if options.kind == "dmp":
            terminology.use(options.terminology)
        patients = read_patients(options.patients)
        if options.kind == "dpi":
            dpi.serve(state, patients, options.port, options.refuse)
        else:
            tls = Tls(options.cert, options.key, options.client_ca) if options.cert is not None else None
            dmp.serve(state, patients, options.port, tls, _rules(options))
    except (TableError, ScenarioError, terminology.TerminologyError) as error:
        raise CommandError(str(error)) from error
    except ssl.SSLError as error:
        raise CommandError(f"bac à sable : certificat ou clé inutilisable ({error.reason})") from error
    except FileNotFoundError as error:
        raise CommandError("bac à sable : fichier absent ; vérifier --cert, --key et --client-ca") from error
    except OSError as error:
        taken = "est déjà pris" if error.errno == errno.EADDRINUSE else f"est inutilisable ({error.strerror})"
        raise CommandError(f"bac à sable : le port {options.port} {taken}") from error
    return 0


def _rules(options: argparse.Namespace) -> Rules:
    access = Access(frozenset(options.structure), frozenset(options.legal_entity))
    return Rules(access, options.delete_right, tuple(order(one) for one in options.scenario))
