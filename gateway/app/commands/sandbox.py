"""``gateway sandbox dmp`` and ``gateway sandbox dpi``: the stand-ins alone."""

from __future__ import annotations

import argparse
import ssl
import tempfile
from pathlib import Path

from gateway.app.errors import CommandError
from gateway.sandbox import dmp, dpi
from gateway.sandbox.disk import TableError, read_patients


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; without ``--state`` nothing is left behind."""
    if options.state is not None:
        return _serve(options, options.state)
    with tempfile.TemporaryDirectory(prefix="gateway-sandbox-") as folder:
        return _serve(options, Path(folder))


def _serve(options: argparse.Namespace, state: Path) -> int:
    try:
        patients = read_patients(options.patients)
        if options.kind == "dpi":
            dpi.serve(state, patients, options.port, options.refuse)
        else:
            dmp.serve(state, patients, options.port, options.cert, options.key, options.client_ca)
    except TableError as error:
        raise CommandError(str(error)) from error
    except ssl.SSLError as error:
        raise CommandError(f"bac à sable : certificat ou clé inutilisable ({error.reason})") from error
    except OSError as error:
        raise CommandError(f"bac à sable : {error.strerror} ({error.filename or options.port})") from error
    return 0
