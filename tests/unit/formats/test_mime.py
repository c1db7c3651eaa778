"""The splitter against the standard library, and against what hostile or careless senders write."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.mails import headers, mime, part
from gateway.model.reasons import Reason
from tests.unit.formats.builders import attached, mail, text


def _leaves(raw: bytes, limits: Limits = DEFAULT) -> list[part.Part]:
    return list(mime.split(raw, limits)[1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable"])), min_size=1, max_size=4
    ),
    st.integers(0, 3),
    st.text(max_size=40),
)
def test_same_leaves_as_the_standard_library(contents: list[tuple[bytes, str]], depth: int, name: str) -> None:
    message = EmailMessage()
    message.set_content("corps")
    for data, encoding in contents:
        clean = "".join(c for c in name if c.isprintable()) or "x"
        message.add_attachment(data, maintype="application", subtype="pdf", cte=encoding, filename=clean)
    for _ in range(depth):
        outer = EmailMessage()
        outer.set_content("transfert")
        outer.add_attachment(message)
        message = outer
    raw = message.as_bytes(policy=email.policy.SMTP)
    oracle = [p for p in email.message_from_bytes(raw).walk() if not p.is_multipart()]
    found = _leaves(raw)
    assert [p.media_type for p in found] == [p.get_content_type() for p in oracle]
    assert [p.decoded() for p in found] == [p.get_payload(decode=True) for p in oracle]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_any_line_end(end: str) -> None:
    raw = mail(text("bonjour"), attached(b"%PDF-1.4 x", "a.pdf")).replace(b"\r\n", end.encode())
    assert [leaf.decoded() for leaf in _leaves(raw)] == [b"bonjour", b"%PDF-1.4 x"]


def test_boundary_that_begins_another() -> None:
    inner = b'Content-Type: multipart/mixed; boundary="cut-2"\r\n\r\n--cut-2\r\n\r\none\r\n--cut-2--\r\n'
    raw = mail(inner, b"\r\ntwo", boundary="cut")
    assert [(leaf.path, leaf.decoded()) for leaf in _leaves(raw)] == [("1.1.1", b"one"), ("1.2", b"two")]


def test_no_closing_boundary_and_no_boundary_parameter() -> None:
    raw = mail(b"\r\none", b"\r\ntwo")
    assert [leaf.decoded() for leaf in _leaves(raw.replace(b"--=_cut--\r\n", b""))] == [b"one", b"two\r\n"]
    assert [leaf.decoded() for leaf in _leaves(raw.replace(b'; boundary="=_cut"', b""))] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("filename*=utf-8''compte%20rendu%20%C3%A9t%C3%A9.pdf", "compte rendu été.pdf"),
        ("filename*0*=iso-8859-1''r%E9;\r\n filename*1=sultat;\r\n filename*2*=%2Epdf", "résultat.pdf"),
        ('filename="=?utf-8?B?cmVzdWx0YXQuw6kucGRm?="', "resultat.é.pdf"),
        ("filename=a b.pdf", "a b.pdf"),
        ('filename="C:\\\\dossier\\\\lettre.pdf"', "lettre.pdf"),
        ('filename="../../etc/lettre.pdf"', "lettre.pdf"),
        ('filename="fdp.\u202eexe.pdf"', "fdp.exe.pdf"),
        ('filename="unterminated.pdf', "unterminated.pdf"),
        ('filename="é.pdf"', "é.pdf"),
    ],
)
def test_file_names(field: str, name: str) -> None:
    part = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {field}\r\n\r\nx".encode()
    assert _leaves(mail(part))[0].filename == name


def test_file_name_in_latin_1() -> None:
    part = b'Content-Type: application/pdf; name="\xe9t\xe9.pdf"\r\n\r\nx'
    assert _leaves(mail(part))[0].filename == "été.pdf"


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b"QUJDRA==", b"ABCD"),
        (b"QUJD\r\n RA", b"ABCD"),
        (b"QU!JD\r\n-RA==", b"ABCD"),
        (b"QUJDR", b"ABC"),
        (b"QUJDRA==\r\n____ liste de diffusion", b"ABCD"),
        (b"", b""),
    ],
)
def test_base64_as_it_comes(body: bytes, decoded: bytes) -> None:
    assert part.decode(body, "base64") == decoded


def test_uuencoded_file_in_a_text() -> None:
    content = b"Bonjour\r\n\r\nbegin 644 lettre.pdf\r\n#0V%T\r\n`\r\nend\r\nsuite"
    assert part.uuencoded(content) == (("lettre.pdf", b"Cat"),)
    assert part.without_uuencoded(content.decode()).strip() == "Bonjour"


def test_mail_inside_a_mail_even_in_base64() -> None:
    inside = mail(text("dedans"))
    raw = mail(attached(inside, "m.eml", "message/rfc822"))
    assert [(leaf.path, leaf.mails, leaf.decoded()) for leaf in _leaves(raw)] == [("1.1.1.1", 1, b"dedans")]


def test_ten_thousand_multiparts_and_two_hundred_mails_are_not_opened() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000))
    assert [leaf.too_deep for leaf in _leaves(deep)] == [True]
    mails = b"Content-Type: message/rfc822\r\n\r\n" * 200 + b"\r\nfin"
    assert [leaf.too_deep for leaf in _leaves(mails)] == [True]
    assert not _leaves(b"Content-Type: message/rfc822\r\n\r\n" * 5 + b"\r\nfin")[0].too_deep


def test_too_many_parts() -> None:
    raw = mail(*[b"\r\nx"] * 11)
    assert len(_leaves(raw)) == 11
    with pytest.raises(FormatError) as refused:
        _leaves(
            mail(*[b"\r\nx"] * 5, text(), *[b"Content-Type: message/rfc822\r\n\r\n\r\nx"] * 5),
            replace(DEFAULT, mime_parts=10),
        )
    assert refused.value.reason is Reason.UNSAFE


def test_too_many_lines_that_look_like_a_boundary() -> None:
    raw = mail(b"\r\n" + b"--=_cut-not\r\n" * 60)
    assert len(_leaves(raw)) == 1
    with pytest.raises(FormatError):
        _leaves(raw, replace(DEFAULT, boundary_marks=50))


def test_header_beyond_its_limit() -> None:
    raw = mail(b"\r\nx", head="".join(f"X-{n}: {'a' * 90}\r\n" for n in range(20)))
    assert len(_leaves(raw)) == 1
    with pytest.raises(FormatError) as refused:
        _leaves(raw, replace(DEFAULT, header_block=1000))
    assert refused.value.reason is Reason.UNSAFE


def test_header_value_is_cut() -> None:
    assert headers.parse(b"Subject: " + b"a" * 50, 10).get("subject") == "a" * 9


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Dr A <A@B.fr>", (("Dr A", "a@b.fr"),)),
        ('"Nom, Prénom" <a@b.fr>, c@d.fr', (("Nom, Prénom", "a@b.fr"), ("", "c@d.fr"))),
        ('"vrai@mssante.fr" <faux@ailleurs.fr>', (("vrai@mssante.fr", "faux@ailleurs.fr"),)),
        ("=?utf-8?q?L=C3=A9a?= <l@b.fr>", (("Léa", "l@b.fr"),)),
        ("a@b.fr (service)", (("", "a@b.fr"),)),
        ("undisclosed-recipients:;", ()),
        ("équipe: a@b.fr, c@d.fr;", (("", "a@b.fr"), ("", "c@d.fr"))),
        ("(" * 5000 + "a@b.fr", (("", "a@b.fr"),)),
        ("<" * 5000, ()),
    ],
)
def test_addresses(value: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert headers.parse(f"From: {value}".encode(), 65536).addresses("from") == expected


@pytest.mark.parametrize(
    "value", ["=?utf-8?b?####?=", "=?x-none?q?abc?=", "=?utf-8?q?=ZZ?=", "=?" * 5000, "=?utf-8?b?w6k"]
)
def test_broken_encoded_words_never_raise(value: str) -> None:
    assert isinstance(headers.decode_words(value), str)


def test_first_content_type_wins_and_underscore_is_a_hyphen() -> None:
    fields = headers.parse(b"Content-Type: text/html\r\nContent-Type: text/plain\r\nX_MSS_INS: O\r\n", 1000)
    assert fields.token("content-type") == "text/html"
    assert fields.get("x-mss-ins") == "O"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_split(raw: bytes) -> None:
    for leaf in _leaves(b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" + raw):
        leaf.decoded()
