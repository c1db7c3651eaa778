"""A document in the name of who sends it: the VIHF and the submission set tell of him, and of his activity."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from gateway.delivery.dmp import Feed
from gateway.model.documents import Visibility
from gateway.model.settings import Responsible
from gateway.protocols.cda import build
from tests.unit.delivery.test_dmp_signatures import IN_ENVELOPE, NS, PATIENT, PEOPLE, ROLE, adapter, said
from tests.unit.protocols.people import wrap_request
from tests.unit.protocols.signing import verifies

CONFIGURED = PEOPLE["doctor"][0]
SENDER = Responsible(id="10107507153", name="DURAND Marc", role="60")


async def told(asks: Responsible | None) -> tuple[bytes, bytes]:
    """The envelope and the set that leave for a document of an outpatient visit."""
    dmp, wire = adapter(responsible=CONFIGURED)
    document, header = build(wrap_request())
    feed = Feed(document, header, Visibility(), content_type="07", responsible=asks)
    payload = dmp.prepare_all([feed], PATIENT, seed="s", instant=datetime(2026, 6, 3, 8, 0, tzinfo=UTC))
    await dmp.send(payload)
    return wire.envelope, bytes(payload.body)


async def test_the_sender_speaks_in_the_place_of_the_configured_person() -> None:
    envelope, submission = await told(SENDER)
    name = etree.fromstring(envelope).findtext(".//saml:NameID", "", NS)
    assert (name, said(envelope, ROLE)) == ("810107507153", ["60"])
    assert b"810107507153^DURAND^Marc" in submission
    assert b"10100063480" not in envelope + submission
    assert b'nodeRepresentation="07"' in submission
    assert verifies(envelope, IN_ENVELOPE)


async def test_without_one_the_configured_person_does() -> None:
    envelope, submission = await told(None)
    assert etree.fromstring(envelope).findtext(".//saml:NameID", "", NS) == "810100063480"
    assert b"810100063480^ESSAI^Camille" in submission
