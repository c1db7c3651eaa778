"""What is asked of the DMP for each document, and what never is (EX_3.1-2030, spec/dmp/transactions.md §0)."""

from __future__ import annotations

from pathlib import Path

from gateway.model.reasons import Reason
from tests import pki as keys
from tests.crash.house import build
from tests.protocol import between, referees
from tests.protocol.between import running
from tests.samples import REFEREE_ROW, Samples
from tests.unit.formats import builders


async def test_what_is_asked_of_the_dmp_for_each_document(tmp_path: Path) -> None:
    """Whether there is a DMP, once; whether a colleague's CDA is there, before it; nothing after it."""
    pki = keys.make(tmp_path / "pki")
    (tmp_path / "pki" / "homologation").write_text("TEST-000000\n")
    samples = Samples("calls")
    with referees.dmp(tmp_path / "dmp", [REFEREE_ROW], pki) as dmp:
        tables = between.DESTINATIONS.format(record=1, dmp=dmp.base, pki=pki.folder, timeout="10s")
        house = build(tmp_path / "house", f"[dmp]{tables.partition('[dmp]')[2]}")
        asked = []
        async with running(house) as run:
            for mail in (samples.letter(), samples.new(), samples.replacement(), samples.deletion()):
                since = max((entry["seq"] for entry in dmp.journal()), default=0)
                await run.take(mail)
                lines = await run.quiet()
                asked.append([entry["transaction"] for entry in dmp.journal(since)])
        assert {line.dmp for line in lines} <= {"fed", "withdrawn"}
    assert asked == [
        ["TD0.2", "TD2.1"],
        ["TD3.1b", "TD2.1"],
        ["TD3.1b", "TD3.1b", "TD2.1"],
        ["TD3.1b", "TD3.3c"],
    ]


async def test_where_the_site_feeds_always_nobody_is_asked_first(tmp_path: Path) -> None:
    pki = keys.make(tmp_path / "pki")
    (tmp_path / "pki" / "homologation").write_text("TEST-000000\n")
    with referees.dmp(tmp_path / "dmp", [REFEREE_ROW], pki) as dmp:
        tables = between.DESTINATIONS.format(record=1, dmp=dmp.base, pki=pki.folder, timeout="10s")
        always = f'[dmp]\nfeed_received_cda = "always"{tables.partition("[dmp]")[2]}'
        async with running(build(tmp_path / "house", always)) as run:
            await run.take(Samples("always").new())
            (line,) = await run.quiet()
        assert line.dmp == "fed"
        assert [entry["transaction"] for entry in dmp.journal()] == ["TD0.2", "TD2.1"]


async def test_a_document_that_runs_a_script_reaches_the_record_alone(tmp_path: Path) -> None:
    """EX_2.1-1115, without a package of the ANS too."""
    pki = keys.make(tmp_path / "pki")
    (tmp_path / "pki" / "homologation").write_text("TEST-000000\n")
    samples = Samples("script")
    presented = (
        b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">'
        b"<html><script>x()</script></html></xsl:template>" + samples.document() + b"</xsl:stylesheet>"
    )
    mail = samples._mail("script", builders.attached(presented, "document.xml", "text/xml"))
    with referees.dmp(tmp_path / "dmp", [REFEREE_ROW], pki) as dmp:
        tables = between.DESTINATIONS.format(record=1, dmp=dmp.base, pki=pki.folder, timeout="10s")
        house = build(tmp_path / "house", f"[dmp]{tables.partition('[dmp]')[2]}")
        async with running(house) as run:
            await run.take(mail)
            (line,) = await run.quiet()
            (entry,) = await run.entries()
        assert not [one for one in dmp.journal() if one.get("transaction") == "TD2.1"]
    assert (line.outcome, line.dmp, line.dmp_reason) == ("filed", "refused", "schema")
    assert entry.reason is Reason.DMP_REFUSED
    assert "contient un script" in entry.detail
