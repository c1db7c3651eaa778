"""gateway.toml: what loads, and the one French line for what does not."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from msgspec import inspect

from gateway.app.config import ConfigError, load
from gateway.app.decode import FORMS
from gateway.model.settings import Seconds, Settings
from tests.outside import harness
from tests.unit.trust.pki import Authority, write_secret

BASE = """
[establishment]
name = "CLINIQUE DES TILLEULS"
structure_id = "1350000018"
sector = "SA04"
oid_root = "1.2.250.1.999.1"
ipp_oid = "1.2.250.1.999.2"
"""
MAILBOX = """
[[mailbox]]
name = "accueil"
address = "accueil@tilleuls.mssante.fr"
host = "imap.operateur.example"
password_file = "secret"
"""
DMP = """
[dmp]
enabled = true
base_url = "https://dmp.example/si-dmp-server/v2/services"
auth_cert = "auth.pem"
auth_key = "auth.key"
sign_cert = "auth.pem"
sign_key = "auth.key"
lps_name = "Passerelle"
lps_version = "1.0"
lps_homologation_file = "homologation.txt"
responsible = { id = "810100000001", name = "MARTIN CLAIRE", role = "10" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the examples name."""
    Authority().issue().write(tmp_path, "auth")
    Authority().write(tmp_path)
    write_secret(tmp_path / "secret", "sesame")
    (tmp_path / "bundle.p12").write_bytes(b"x")
    (tmp_path / "homologation.txt").write_text("TEST-1\n")
    (tmp_path / "depot").mkdir()
    return tmp_path


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def refused(folder: Path, text: str) -> str:
    """The message, which must be one line in the form: file, where, what is wrong, what to do."""
    with pytest.raises(ConfigError) as error:
        loaded(folder, text)
    message = str(error.value)
    assert "\n" not in message
    assert re.fullmatch(r".+gateway\.toml : .+ ; .+", message)
    assert "Expected" not in message
    return message.removeprefix(f"{folder / 'gateway.toml'} : ")


# What loads


def test_the_least_file_loads_with_every_default(folder: Path) -> None:
    settings = loaded(folder, BASE)
    assert settings.ledger.url == f"sqlite:///{folder}/gateway.db"
    assert settings.ledger.vault == folder / "vault"
    assert settings.quarantine.folder == folder / "quarantine"
    assert settings.dmp.existence_ttl == Seconds(43200)
    assert settings.receipt.max_wait == Seconds(72 * 3600)
    assert settings.mailbox == ()


def test_paths_start_from_the_folder_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = BASE + MAILBOX + '[ledger]\nurl = "sqlite:///sous/base.db"\nvault = "/srv/coffre"\n'
    (folder / "gateway.toml").write_text(text)
    monkeypatch.chdir(folder)
    settings = load(Path("gateway.toml"))
    assert settings.mailbox[0].password_file == folder / "secret"
    assert settings.ledger.url == f"sqlite:///{folder}/sous/base.db"
    assert settings.ledger.vault == Path("/srv/coffre")


def test_an_absolute_database_stays_where_it_is(folder: Path) -> None:
    settings = loaded(folder, BASE + '[ledger]\nurl = "sqlite:////srv/gateway.db"\n')
    assert settings.ledger.url == "sqlite:////srv/gateway.db"


@pytest.mark.parametrize(
    ("written", "seconds"), [("0s", 0), ("5s", 5), ("1.5s", 1.5), ("15m", 900), ("12h", 43200), ("2d", 172800)]
)
def test_durations(folder: Path, written: str, seconds: float) -> None:
    assert loaded(folder, f'{BASE}[matching]\nparent_wait = "{written}"\n').matching.parent_wait == seconds


@pytest.mark.parametrize(("written", "size"), [("500kB", 500_000), ("50MB", 50_000_000), ("2Go", 2_000_000_000)])
def test_sizes(folder: Path, written: str, size: int) -> None:
    assert loaded(folder, f'{BASE}{MAILBOX}max_size = "{written}"\n').mailbox[0].max_size == size


def test_a_whole_dmp_loads(folder: Path) -> None:
    dmp = loaded(folder, BASE + DMP).dmp
    assert dmp.auth_cert == folder / "auth.pem"
    assert dmp.responsible is not None
    assert dmp.responsible.specialty is None


def test_a_pkcs12_stands_for_certificate_and_key(folder: Path) -> None:
    text = DMP.replace('auth_cert = "auth.pem"', 'auth_p12 = "bundle.p12"')
    text = text.replace('auth_key = "auth.key"', 'auth_password_file = "secret"')
    assert loaded(folder, BASE + text).dmp.auth_p12 == folder / "bundle.p12"


def test_a_byte_order_mark_is_no_matter(folder: Path) -> None:
    assert loaded(folder, "\ufeff" + BASE).establishment.name == "CLINIQUE DES TILLEULS"


def test_rules_beside_the_file_win_over_those_shipped(folder: Path) -> None:
    assert (loaded(folder, BASE).rules.folder).name in {"rules", "default_rules"}
    assert loaded(folder, BASE).rules.folder != folder / "rules"
    (folder / "rules").mkdir()
    assert loaded(folder, BASE).rules.folder == folder / "rules"


def test_the_configuration_of_the_harness_loads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(harness()))
    spec = importlib.util.spec_from_file_location("run_mails", harness() / "run_mails.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_mails", module)
    spec.loader.exec_module(module)
    certs = sys.modules["certs"]
    monkeypatch.delitem(sys.modules, "certs")
    certs.make(folder / "pki")
    text = module.CONFIG.format(
        structure=certs.STRUCTURE,
        ipp_oid=module.IPP_OID,
        dpi=2575,
        dmp="https://127.0.0.1:8443/si-dmp-server/v2/services",
        dmp_extra="",
    )
    settings = loaded(folder, text)
    assert settings.dpi.url == "mllp://127.0.0.1:2575"
    assert settings.matching.parent_wait == Seconds(0)


# What does not decode


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE + '[dmp]\nbase_ulr = "x"\n', "[dmp] base_ulr : clé inconnue ; vouliez-vous écrire base_url ?"),
        (BASE + "[dmpp]\n", "[dmpp] : table inconnue ; vouliez-vous écrire dmp ?"),
        (BASE + MAILBOX + "prot = 993\n", '[[mailbox]] "accueil" prot : clé inconnue ; vouliez-vous écrire port ?'),
        (BASE + '[rules]\nzzzzzz = "x"\n', "[rules] zzzzzz : clé inconnue ; la retirer, ou choisir parmi : folder"),
        (MAILBOX, "[establishment] : manque ; l'écrire : une table"),
        (BASE.replace('name = "CLINIQUE DES TILLEULS"\n', ""), "[establishment] name : manque ; l'écrire : un texte"),
        (BASE + '[[mailbox]]\nname = "a"\n', '[[mailbox]] "a" address : manque'),
        (BASE + '[[mailbox]]\naddress = "a@b"\n', "[[mailbox]] n° 1 name : manque"),
        (BASE + '[dmp]\nresponsible = { id = "1" }\n', "[dmp] responsible.name : manque"),
        (BASE + '[dmp]\nenabled = "true"\n', '[dmp] enabled : "true" ne convient pas ; écrire true ou false'),
        (BASE + MAILBOX + 'port = "143"\n', '[[mailbox]] "accueil" port : "143" ne convient pas ; écrire un nombre'),
        (BASE + '[dpi]\nkind = "hl7"\n', '[dpi] kind : "hl7" ne convient pas ; écrire une de ces valeurs : "fhir"'),
        (BASE + "[dmp]\nconnections = 50\n", "[dmp] connections : 50 ne convient pas ; écrire un nombre entier d'au"),
        (BASE + "[ledger]\nretention_days = 0\n", "[ledger] retention_days : 0 ne convient pas"),
        (BASE + '[retry]\nfirst = "5 s"\n', '[retry] first : "5 s" ne convient pas ; écrire une durée comme "5s"'),
        (BASE + '[retry]\nfirst = "-5s"\n', '[retry] first : "-5s" ne convient pas'),
        (BASE + "[retry]\nfirst = 5\n", "[retry] first : 5 ne convient pas ; écrire une durée"),
        (BASE + MAILBOX + 'max_size = "gros"\n', '[[mailbox]] "accueil" max_size : "gros" ne convient pas ;'),
        (BASE + "[ledger]\nvault = 3\n", "[ledger] vault : 3 ne convient pas ; écrire un chemin entre guillemets"),
        (BASE + '[ledger]\nvault = ""\n', '[ledger] vault : "" ne convient pas'),
        (BASE + "[senders]\ntrusted_domains = [1]\n", "[senders] trusted_domains : 1 ne convient pas"),
        (BASE + '[senders]\ntrusted_domains = "x"\n', '[senders] trusted_domains : "x" ne convient pas ; écrire une'),
        (BASE + '[smtp]\nlisten = "a"\nrecipients = { b = "c", a = 3 }\n', "[smtp] recipients : 3 ne convient pas"),
        (BASE + '[smtp]\nlisten = "a"\nrecipients = 3\n', "[smtp] recipients : 3 ne convient pas ; écrire une table"),
        (BASE.replace("1350000018", "FINESS"), '"FINESS" ne convient pas ; écrire un numéro de structure comme "13'),
        (BASE + MAILBOX.replace('"accueil"', '"à l accueil"'), "name : \"à l accueil\" ne convient pas ; écrire"),
        (BASE.replace("1.2.250.1.999.2", "1.02"), '[establishment] ipp_oid : "1.02" ne convient pas'),
        ('mailbox = 3\n' + BASE, "[mailbox] : 3 ne convient pas ; écrire une ou plusieurs tables [[mailbox]]"),
        ('mailbox = [3]\n' + BASE, "[[mailbox]] n° 1 : 3 ne convient pas ; écrire une table"),
        ('dmp = "oui"\n' + BASE, '[dmp] : "oui" ne convient pas ; écrire une table'),
        (BASE + "[matching]\nocr = 2024-01-01\n", '[matching] ocr : "2024-01-01" ne convient pas'),
        (BASE + f'[dpi]\nurl = {["x" * 90]}\n', "…"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_remedy(folder: Path, text: str, message: str) -> None:
    assert message in refused(folder, text)


SUBMISSION = '[submission]\nhost = "127.0.0.1"\ntls = "none"\nauth = "none"\n'


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (SUBMISSION + 'mailbox = "x"\n', '[submission] mailbox : "x" n\'est pas une boîte relevée'),
        ('[receipt]\nerror_mailbox = "e@x.fr"\n', "[receipt] error_mailbox : demande un serveur d'envoi"),
        ('[receipt]\nerror_mailbox = "e"\n' + SUBMISSION, "[receipt] error_mailbox"),
        (
            '[receipt]\nerror_mailbox = "ACCUEIL@tilleuls.mssante.fr"\n' + SUBMISSION,
            "[receipt] error_mailbox : est une boîte que la passerelle relève",
        ),
    ],
)
def test_in_whose_name_mails_leave_and_who_learns_of_errors(folder: Path, tables: str, said: str) -> None:
    assert refused(folder, BASE + MAILBOX + tables).startswith(said)


def test_every_pattern_of_the_settings_is_told_in_words() -> None:
    schema = str(inspect.type_info(Settings))
    patterns = set(re.findall(r"pattern='([^']+)'", schema))
    assert {pattern.replace("\\\\", "\\") for pattern in patterns} == set(FORMS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[establishment]\nname = "x\n', "ligne 2, colonne"),
        (BASE + "[dmp\n", "ligne 8"),
        (BASE + "name\n", "syntaxe TOML incorrecte"),
        (BASE + '[rules]\nfolder = "a"\nfolder = "b"\n', "clé ou table écrite deux fois"),
        (BASE + "[rules]\n[rules]\n", "clé ou table écrite deux fois"),
        (BASE + 'x = """abc', "ligne 8"),
        ("x = " + "[" * 5000, "syntaxe TOML incorrecte"),
    ],
)
def test_the_line_of_a_syntax_error_is_given(folder: Path, text: str, message: str) -> None:
    assert message in refused(folder, text)


def test_another_encoding_is_said_with_its_line(folder: Path) -> None:
    (folder / "gateway.toml").write_bytes(b'\n\nname = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"ligne 3 : ce n'est pas de l'UTF-8"):
        load(folder / "gateway.toml")


def test_an_absent_file_names_the_command_that_makes_it(folder: Path) -> None:
    with pytest.raises(ConfigError, match="gateway init"):
        load(folder / "autre.toml")


def test_a_folder_and_a_huge_file_are_said(folder: Path) -> None:
    with pytest.raises(ConfigError, match="illisible"):
        load(folder)
    (folder / "huge.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="trop gros"):
        load(folder / "huge.toml")


# What keys owe to each other

BOX = '[[mailbox]] "accueil"'
SMTP = '[smtp]\nlisten = "127.0.0.1:2525"\nrecipients = { "accueil@tilleuls.mssante.fr" = "accueil" }\n'
OPEN = SMTP.replace("127.0.0.1", "0.0.0.0")
TEST = BASE + "test = true\n"
TLS = 'cert = "auth.pem"\nkey = "auth.key"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE.replace('"SA04"', '"04"'), "[establishment] sector"),
        (BASE.replace('"SA04"', '"SA99"'), '[establishment] sector : "SA99"'),
        (BASE.replace('"SA04"', '"SA64"') + DMP, "[establishment] sector"),
        (BASE + 'practice_setting = "HOPITAL"\n', "[establishment] practice_setting"),
        (BASE.replace("CLINIQUE DES TILLEULS", " "), "[establishment] name : est vide"),
        (BASE + '[ledger]\nurl = "mysql://x"\n', "[ledger] url"),
        (BASE + '[ledger]\nurl = "sqlite:///"\n', "[ledger] url"),
        (BASE + '[ledger]\nurl = "postgresql://gateway@h/b"\n', "[ledger] url : PostgreSQL"),
        (BASE + MAILBOX + MAILBOX, f"{BOX} name : deux boîtes"),
        (BASE + MAILBOX.replace("accueil@tilleuls.mssante.fr", "accueil"), f"{BOX} address"),
        (BASE + MAILBOX + "port = 70000\n", f"{BOX} port"),
        (BASE + MAILBOX + 'tls = "none"\n', f"{BOX} tls"),
        (BASE + MAILBOX.replace('password_file = "secret"\n', ""), f"{BOX} password_file : manque"),
        (BASE + MAILBOX + 'auth = "xoauth2"\n', f"{BOX} token_file : manque"),
        (BASE + MAILBOX + 'auth = "external"\n', f"{BOX} client_cert : manque"),
        (BASE + MAILBOX + 'client_cert = "auth.pem"\n', f"{BOX} client_key : manque alors que client_cert"),
        (BASE + MAILBOX + 'client_key = "auth.key"\n', f"{BOX} client_cert : manque alors que client_key"),
        (BASE + MAILBOX + 'client_p12 = "bundle.p12"\n', f"{BOX} client_password_file : manque"),
        (
            BASE + MAILBOX + 'client_cert = "auth.pem"\nclient_key = "auth.key"\n'
            'client_p12 = "bundle.p12"\nclient_password_file = "secret"\n',
            f"{BOX} client_p12 : donné en même temps",
        ),
        (BASE + MAILBOX + 'done_folder = "INBOX"\n', f"{BOX} done_folder"),
        (BASE + MAILBOX + 'poll = "0s"\n', f"{BOX} poll"),
        (BASE + MAILBOX + 'ca = "absent.pem"\n', "absent.pem n'existe pas"),
        (BASE + MAILBOX + 'ca = "secret/ca.pem"\n', "est hors d'atteinte"),
        (BASE + MAILBOX.replace('"secret"', '"depot"'), f"{BOX} password_file : "),
        (BASE + '[rules]\nfolder = "regles"\n', "[rules] folder : "),
        (BASE + '[rules]\nfolder = "secret"\n', "[rules] folder : "),
        (BASE + '[submission]\nhost = "smtp.example"\n', "[submission] password_file"),
        (BASE + '[submission]\nhost = "smtp.example"\npassword_file = "secret"\n', "[submission] user"),
        (BASE + '[submission]\nhost = "smtp.example"\nauth = "none"\ntls = "none"\n', "[submission] tls"),
        (BASE + '[submission]\nhost = "smtp.example"\nauth = "external"\n', "[submission] client_cert"),
        (BASE + SMTP.replace(":2525", ""), "[smtp] listen"),
        (BASE + SMTP.replace("2525", "99999"), "[smtp] listen"),
        (BASE + '[smtp]\nlisten = "127.0.0.1:25"\nrecipients = {}\n', "[smtp] recipients : est vide"),
        (BASE + OPEN, "[smtp] peers : manque"),
        (BASE + OPEN.replace("0.0.0.0", ""), "[smtp] peers : manque"),
        (BASE + OPEN + 'peers = ["10.0.0.0/8"]\n', "[smtp] cert : manque"),
        (BASE + OPEN + TLS + 'peers = ["10.0.0.0/99"]\n', "[smtp] peers"),
        (BASE + OPEN + TLS + 'peers = ["mta.example"]\n', "[smtp] client_ca : manque"),
        (BASE + SMTP + 'cert = "auth.pem"\n', "[smtp] key : manque alors que cert"),
        (BASE + '[antivirus]\nclamd = "unix:run/clamd.ctl"\n', "[antivirus] clamd"),
        (BASE + '[antivirus]\nclamd = "/run/clamd.ctl"\n', "[antivirus] clamd"),
        (BASE + f'[antivirus]\nclamd = "unix:/{"x" * 120}"\n', "[antivirus] clamd"),
        (BASE + '[antivirus]\nclamd = "tcp://10.1.1.1:3310"\n', "en clair"),
        (BASE + '[antivirus]\nclamd = "tcp://antivirus.example:3310"\n', "[antivirus] clamd"),
        (BASE + '[antivirus]\nclamd = "tcp://127.0.0.1"\n', "[antivirus] clamd"),
        (BASE + '[antivirus]\nclamd = "tcp://127.0.0.1:0"\n', "[antivirus] clamd"),
        (BASE + '[antivirus]\nclamd = "unix:/run/s"\ntimeout = "0s"\n', "[antivirus] timeout"),
        (BASE + '[patients]\nadt_listen = "2576"\n', "[patients] adt_listen"),
        (BASE + '[patients]\nadt_listen = "10.0.0.1:2576"\n', "[patients] adt_allow"),
        (BASE + '[patients]\nadt_allow = ["serveur"]\n', "[patients] adt_allow"),
        (BASE + '[hospital]\nlisten = "2577"\n', "[hospital] listen"),
        (BASE + '[hospital]\nlisten = "10.0.0.1:2577"\n', "[hospital] allow"),
        (BASE + '[hospital]\nlisten = "10.0.0.1:2577"\nallow = ["10.1.0.0/16"]\n', "[hospital] cert"),
        (BASE + '[hospital]\nlisten = "127.0.0.1:2577"\nmax_size = "200MB"\n', "[hospital] max_size"),
        (BASE + '[ack]\nurl = "http://dpi.exemple:2578"\n', "[ack] url"),
        (BASE + '[ack]\nurl = "mllp://dpi.exemple:2578"\n', "[ack] url"),
        (BASE + '[patients]\nmax_age = "0s"\n', "[patients] max_age"),
        (BASE + '[dpi]\nkind = "folder"\n', "[dpi] path : manque"),
        (BASE + '[dpi]\nkind = "mllp"\n', "[dpi] url : manque"),
        (BASE + '[dpi]\nkind = "mllp"\nurl = "tcp://127.0.0.1:1"\n', "[dpi] url"),
        (BASE + '[dpi]\nkind = "mllp"\nurl = "mllp://127.0.0.1"\n', "[dpi] url"),
        (BASE + '[dpi]\nkind = "mllp"\nurl = "mllp://h:99999"\n', "[dpi] url"),
        (BASE + '[dpi]\nkind = "mllp"\nurl = "mllp://10.1.1.1:2575"\n', "cleartext_accepted = true"),
        (BASE + '[dpi]\nkind = "fhir"\n', "[dpi] url : manque"),
        (BASE + '[dpi]\nkind = "fhir"\nurl = "mllp://127.0.0.1:1"\n', "[dpi] url"),
        (BASE + '[dpi]\nkind = "fhir"\nurl = "https://dpi.example/fhir?x=1"\n', "[dpi] url"),
        (BASE + '[dpi]\nkind = "fhir"\nurl = "http://dpi.example/fhir"\n', "cleartext_accepted = true"),
        (
            BASE + '[dpi]\nkind = "fhir"\nurl = "http://dpi.example/fhir"\ncleartext_accepted = true\n'
            'token_file = "gateway.toml"\n',
            "[dpi] token_file",
        ),
        (BASE + DMP.replace("https://dmp", "http://dmp"), "[dmp] base_url"),
        (BASE + '[dmp]\nbase_url = "https://["\n', "[dmp] base_url"),
        (BASE + DMP.replace('sign_cert = "auth.pem"\nsign_key = "auth.key"\n', ""), "[dmp] sign_cert : manque"),
        (BASE + DMP.replace('lps_version = "1.0"\n', ""), "[dmp] lps_version : manque"),
        (BASE + DMP.replace('lps_homologation_file = "homologation.txt"\n', ""), "[dmp] lps_homologation_file"),
        (BASE + DMP[: DMP.index("responsible")], "[dmp] responsible : manque"),
        (BASE + DMP + 'timeout = "0s"\n', "[dmp] timeout"),
        (BASE + '[retry]\nfirst = "2h"\n', "[retry] first : dépasse max"),
        (BASE + '[retry]\nfirst = "0s"\n', "[retry] first"),
        (TEST + MAILBOX.replace("imap.operateur.example", "imap.operateur.mssante.fr"), f"{BOX} host : imap"),
        (TEST + '[submission]\nauth = "none"\nhost = "smtp.mssante.fr"\n', "[submission] host"),
        (TEST + '[dmp]\nbase_url = "https://lps2.dmp.gouv.fr/si-dmp-server"\n', "[dmp] base_url : lps2"),
    ],
)  # fmt: skip
def test_keys_that_disagree_are_refused(folder: Path, text: str, message: str) -> None:
    said = refused(folder, text)
    assert message in said
    assert "hunter" not in said


@pytest.mark.parametrize(
    "text",
    [
        BASE + MAILBOX.replace("imap.operateur.example", "127.0.0.1") + 'tls = "none"\n',
        BASE + MAILBOX.replace("imap.operateur.example", "::1") + 'tls = "none"\n',
        BASE + MAILBOX + 'auth = "external"\nclient_p12 = "bundle.p12"\nclient_password_file = "secret"\n',
        BASE + MAILBOX.replace('password_file = "secret"\n', 'auth = "xoauth2"\ntoken_file = "secret"\n'),
        BASE + MAILBOX + MAILBOX.replace('"accueil"', '"labo"'),
        BASE + SMTP,
        BASE + SMTP.replace("127.0.0.1", "[::1]"),
        BASE + OPEN + TLS + 'peers = ["10.0.0.0/8", "2001:db8::/32"]\n',
        BASE + OPEN + TLS + 'client_ca = "ca.pem"\npeers = ["mta.example"]\n',
        BASE + '[antivirus]\nclamd = "unix:/run/clamav/clamd.ctl"\n',
        BASE + '[antivirus]\nclamd = "tcp://127.0.0.1:3310"\n',
        BASE + '[antivirus]\nclamd = "tcp://[::1]:3310"\n',
        BASE + '[patients]\nadt_listen = "0.0.0.0:2576"\nadt_allow = ["10.1.0.0/16"]\n',
        BASE + '[hospital]\nlisten = "0.0.0.0:1"\nallow = ["10.1.0.0/16"]\ncleartext_accepted = true\n',
        BASE + '[ack]\nurl = "mllps://dpi.exemple:2578"\n',
        BASE + '[dpi]\nkind = "folder"\npath = "depot"\n',
        BASE + '[dpi]\nkind = "folder"\npath = "pas-encore-la"\n',
        BASE + '[dpi]\nkind = "mllp"\nurl = "mllp://[::1]:2575"\n',
        BASE + '[dpi]\nkind = "mllp"\nurl = "mllps://dpi.example:2576"\n',
        BASE + '[dpi]\nkind = "fhir"\nurl = "https://dpi.example/fhir/r4"\n',
        BASE + '[dpi]\nkind = "fhir"\nurl = "http://127.0.0.1:8080/fhir"\ntoken_file = "gateway.toml"\n',
        BASE + '[dpi]\nkind = "mllp"\nurl = "mllp://10.1.1.1:2575"\ncleartext_accepted = true\n',
        BASE + DMP.replace("https://dmp.example", "http://localhost:8080"),
        BASE + '[dmp]\nenabled = false\nlps_name = "x"\n',
        TEST + '[dmp]\nbase_url = "https://dev9.lps2.dmp.gouv.fr/si-dmp-server"\n',
        TEST + '[dmp]\nbase_url = "https://lps.dev1.dmp.gouv.fr/si-dmp-server"\n',
        TEST + MAILBOX,
        BASE + '[submission]\nhost = "smtp.example"\nuser = "x"\npassword_file = "secret"\n',
    ],
)
def test_what_agrees_is_accepted(folder: Path, text: str) -> None:
    assert loaded(folder, text).establishment.sector == "SA04"
