"""The daemon and the commands never load a parser of hostile bytes: these live in the reader processes alone."""

from __future__ import annotations

import subprocess
import sys

PARSERS = (
    *("pypdf", "pypdfium2", "pikepdf", "PIL", "zxingcpp", "tesserocr", "fontTools", "fpdf"),
    *("asn1crypto", "saxonche"),
)


def test_the_daemon_loads_no_parser() -> None:
    said = "import sys, gateway.app.cli, gateway.app.daemon, gateway.app.compose; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "gateway.flow.reading.readers" in loaded
    assert loaded & set(PARSERS) == set()
