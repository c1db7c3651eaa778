"""S/MIME as programs write it; each signature is a real one, made here."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re

import pytest
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.mails import smime
from gateway.model.documents import MailReading
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, pdf, text, zipped

LETTER = pdf("Cher confrere, je vous remercie de m'avoir adresse ce patient pour avis specialise.")
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_EC = ec.generate_private_key(ec.SECP256R1())
_HEAD = (
    b"From: ada.exemple@cabinet.mssante.fr\r\nTo: dpi@hopital.mssante.fr\r\nSubject: courrier\r\nMIME-Version: 1.0\r\n"
)
_OPTIONS = [pkcs7.PKCS7Options.Binary]


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ada EXEMPLE")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(7).not_valid_before(start).not_valid_after(start + dt.timedelta(days=9))
    return built.sign(key, hashes.SHA256())


def _signed(
    content: bytes,
    *,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = _RSA,
    digest: hashes.SHA256 | hashes.SHA512 | None = None,
    detached: bool = False,
    pss: bool = False,
    bare: bool = False,
) -> bytes:
    """A signed-data in DER; ``bare`` leaves out the certificate."""
    options = [*_OPTIONS, *([pkcs7.PKCS7Options.DetachedSignature] if detached else [])]
    options += [pkcs7.PKCS7Options.NoCerts] if bare else []
    how = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH) if pss else None
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(_certificate(key), key, digest or hashes.SHA256(), rsa_padding=how)
    return builder.sign(serialization.Encoding.DER, options)


_ENTITY = builders.mail(text(), attached(LETTER, "courrier.pdf")).split(b"MIME-Version: 1.0\r\n")[1]


def _opaque(
    data: bytes, kind: str = "application/pkcs7-mime; smime-type=signed-data", encoding: str = "base64"
) -> bytes:
    coded = base64.encodebytes(data) if encoding == "base64" else data
    head = f'Content-Type: {kind}; name="smime.p7m"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return _HEAD + head.encode() + coded


def _clear(entity: bytes, signature: bytes, *, kind: str = "application/pkcs7-signature") -> bytes:
    return (
        _HEAD
        + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="sig"'
        b"\r\n\r\nMessage signe.\r\n--sig\r\n"
        + entity
        + b"\r\n--sig\r\n"
        + attached(signature, "smime.p7s", kind)
        + b"\r\n--sig--\r\n"
    )


def _one_letter(raw: bytes, reading: MailReading) -> None:
    (letter,) = [one for one in reading.documents if one.ignored is None]
    assert (letter.problem, letter.filename) == (None, "courrier.pdf")
    assert mail.extract(raw, letter.part) == LETTER
    assert reading.envelope.body.startswith("Bonjour")


@pytest.mark.parametrize(
    "data",
    [
        _signed(_ENTITY),
        _signed(_ENTITY, key=_EC),
        _signed(_ENTITY, pss=True),
        _signed(_ENTITY, digest=hashes.SHA512()),
    ],
    ids=["rsa", "ecdsa", "pss", "sha512"],
)
def test_opaque_signed(data: bytes) -> None:
    for raw in (_opaque(data), _opaque(data, "application/x-pkcs7-mime"), _opaque(data, "application/octet-stream")):
        reading = mail.read(raw)
        assert reading.envelope.signature == "valid"
        _one_letter(raw, reading)


def test_written_in_pem_in_base64_without_saying_so_and_in_binary() -> None:
    data = _signed(_ENTITY)
    pem = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(data) + b"-----END PKCS7-----\n"
    for raw in (_opaque(pem), _opaque(pem, encoding="7bit"), _opaque(base64.encodebytes(data), encoding="7bit")):
        _one_letter(raw, mail.read(raw))
    _one_letter(_opaque(data, encoding="binary"), mail.read(_opaque(data, encoding="binary")))


def _indefinite(data: bytes) -> bytes:
    """The same signed-data with lengths left open (BER), its content cut into pieces, as Outlook and OpenSSL write."""
    info = cms.ContentInfo.load(data)["content"]
    content = info["encap_content_info"]["content"].native
    pieces = b"".join(core.OctetString(content[at : at + 1000]).dump() for at in range(0, len(content), 1000))
    inner = b"\x30\x80" + cms.ContentType("data").dump() + b"\xa0\x80\x24\x80" + pieces + bytes(6)
    rest = info["certificates"].dump() + info["signer_infos"].dump()
    body = info["version"].dump() + info["digest_algorithms"].dump() + inner + rest
    return bytes(b"\x30\x80" + cms.ContentType("signed_data").dump() + b"\xa0\x80\x30\x80" + body + bytes(6))


def test_lengths_left_open() -> None:
    raw = _opaque(_indefinite(_signed(_ENTITY)))
    reading = mail.read(raw)
    assert reading.envelope.signature == "valid"
    _one_letter(raw, reading)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_clear_signed_whatever_the_way_made_of_its_line_ends(end: bytes) -> None:
    raw = _clear(_ENTITY, _signed(_ENTITY, detached=True)).replace(b"\r\n", end)
    reading = mail.read(raw)
    assert (reading.envelope.signature, [one.ignored for one in reading.documents]) == (
        "valid",
        [None, Ignored.NOT_A_DOCUMENT],
    )
    assert reading.documents[0].problem is None


def test_signature_part_declared_as_anything_is_an_accessory() -> None:
    raw = _clear(_ENTITY, _signed(_ENTITY, detached=True), kind="application/octet-stream")
    assert [one.ignored for one in mail.read(raw).documents] == [None, Ignored.NOT_A_DOCUMENT]


def test_altered_content_is_read_and_waits_for_a_person() -> None:
    other = _ENTITY.replace(b"ci-joint", b"ci-jolnt")
    for raw in (
        _clear(other, _signed(_ENTITY, detached=True)),
        _opaque(_signed(_ENTITY).replace(b"ci-joint", b"ci-jolnt")),
    ):
        reading = mail.read(raw)
        assert reading.envelope.signature == "invalid"
        letter = reading.documents[0]
        assert (letter.problem, letter.filename) == (Reason.UNTRUSTED_SENDER, "courrier.pdf")
        assert "signature" in letter.detail
        assert mail.extract(raw, letter.part) == LETTER


def test_signature_of_another_key_is_invalid() -> None:
    data = bytearray(_signed(_ENTITY))
    data[-5] ^= 1
    assert smime.opened(bytes(data)).state == "invalid"


def test_what_cannot_be_checked_is_said_and_read() -> None:
    bare = _opaque(_signed(_ENTITY, bare=True))
    assert mail.read(bare).envelope.signature == "unverified"
    _one_letter(bare, mail.read(bare))
    garbage = _clear(_ENTITY, b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + bytes(50))
    assert mail.read(garbage).envelope.signature == "unverified"
    assert mail.read(garbage).documents[0].problem is None


def test_digest_that_is_no_longer_safe_is_unverified() -> None:
    info = cms.ContentInfo.load(_signed(_ENTITY))
    info["content"]["signer_infos"][0]["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": "md5"})
    assert smime.opened(info.dump(force=True)).state == "unverified"


def test_a_crowd_of_signers_is_not_checked() -> None:
    info = cms.ContentInfo.load(_signed(_ENTITY))
    signers = info["content"]["signer_infos"]
    info["content"]["signer_infos"] = [signers[0]] * 31
    assert smime.opened(info.dump(force=True)).state == "unverified"


def test_signature_without_attributes() -> None:
    certificate = asn1_x509.Certificate.load(_certificate(_RSA).public_bytes(serialization.Encoding.DER))
    signer = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": 7}},
        "digest_algorithm": {"algorithm": "sha256"},
        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
        "signature": _RSA.sign(_ENTITY, padding.PKCS1v15(), hashes.SHA256()),
    }
    named = dict(signer, sid=_by_key(certificate)) if certificate.key_identifier else signer
    for one in (signer, named):
        signed = {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "data", "content": _ENTITY},
            "certificates": [certificate],
            "signer_infos": [one],
        }
        data = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
        assert smime.opened(data) == smime.Signed(_ENTITY, "valid")


def _by_key(certificate: asn1_x509.Certificate) -> dict[str, bytes]:
    return {"subject_key_identifier": certificate.key_identifier}


def test_signed_inside_signed_and_forwarded() -> None:
    inner = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    twice = inner + base64.encodebytes(_signed(_ENTITY)).replace(b"\n", b"\r\n")
    raw = _opaque(_signed(twice))
    assert mail.read(raw).envelope.signature == "valid"
    _one_letter(raw, mail.read(raw))
    forwarded = builders.mail(text("Bonjour"), b"Content-Type: message/rfc822\r\n\r\n" + _opaque(_signed(_ENTITY)))
    assert mail.read(forwarded).envelope.signature == ""
    _one_letter(forwarded, mail.read(forwarded))


def test_valid_only_when_everything_is_signed() -> None:
    signed = _clear(_ENTITY, _signed(_ENTITY, detached=True)).split(b"MIME-Version: 1.0\r\n")[1]
    reading = mail.read(builders.mail(signed, attached(LETTER, "ajoute.pdf"), boundary="=_out"))
    assert reading.envelope.signature == "unverified"


def test_signed_file_that_is_no_mail_and_certificates_alone() -> None:
    raw = builders.mail(text(), attached(_signed(LETTER), "courrier.pdf.p7m"))
    (letter,) = mail.read(raw).documents
    assert (letter.filename, letter.problem, mail.extract(raw, letter.part)) == ("courrier.pdf", None, LETTER)
    empty = cms.ContentInfo.load(_signed(b"x"))
    del empty["content"]["encap_content_info"]["content"]
    readings = mail.read(builders.mail(text(), attached(LETTER, "a.pdf"), attached(empty.dump(force=True), "cle.p7c")))
    assert [one.ignored for one in readings.documents] == [None, Ignored.NOT_A_DOCUMENT]


def test_inside_an_archive_the_signature_still_counts() -> None:
    raw = builders.mail(text(), attached(zipped({"courrier.p7m": _signed(_ENTITY)}), "a.zip"))
    (letter,) = mail.read(raw).documents
    assert (letter.problem, mail.extract(raw, letter.part)) == (None, LETTER)
    spoilt = _signed(_ENTITY).replace(b"ci-joint", b"ci-jolnt")
    (letter,) = mail.read(builders.mail(text(), attached(zipped({"courrier.p7m": spoilt}), "a.zip"))).documents
    assert letter.problem is Reason.UNTRUSTED_SENDER


def test_enveloped_is_encrypted() -> None:
    enveloped = pkcs7.PKCS7EnvelopeBuilder().set_data(_ENTITY).add_recipient(_certificate(_RSA))
    data = enveloped.encrypt(serialization.Encoding.DER, _OPTIONS)
    pem = enveloped.encrypt(serialization.Encoding.PEM, _OPTIONS)
    for raw in (_opaque(data, "application/pkcs7-mime; smime-type=enveloped-data"), _opaque(pem), _opaque(data, "a/b")):
        assert [one.problem for one in mail.read(raw).documents] == [Reason.ENCRYPTED]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_damage_is_unreadable(cut: float) -> None:
    data = _signed(_ENTITY)
    spoilt = data[: int(len(data) * cut)]
    with pytest.raises(FormatError):
        smime.opened(spoilt)
    assert [one.problem for one in mail.read(_opaque(spoilt)).documents] == [Reason.UNREADABLE]


def test_stated_digest_is_the_one_of_the_content() -> None:
    digest = hashlib.sha256(_ENTITY).digest()
    assert len(re.findall(re.escape(digest), _signed(_ENTITY))) == 1  # the oracle of the tests above
