"""The shipped unit: correct, closed, and the readers confine themselves inside what it allows.

PID 1 of a build machine is seldom systemd, so a process takes the unit's restrictions upon itself (``under_unit``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.isolation import landlock
from tests.protocol.under_unit import calls, settings

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "gateway.service"
COMMAND = "/opt/gateway/bin/gateway"


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"absent on CI, where it must be: {name}")
    if found is None:
        pytest.skip(f"absent: {name}")
    return found


def verified(folder: Path, text: str) -> str:
    """All that systemd-analyze prints of a unit whose command exists; its exit code says little."""
    path = folder / "gateway.service"
    path.write_text(text.replace(COMMAND, sys.executable))
    done = subprocess.run([tool("systemd-analyze"), "verify", path], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_verify_prints_nothing(tmp_path: Path) -> None:
    assert verified(tmp_path, UNIT.read_text()) == ""


def test_verify_would_tell_of_an_unknown_key(tmp_path: Path) -> None:
    assert "WatchdogSecs" in verified(tmp_path, UNIT.read_text().replace("WatchdogSec", "WatchdogSecs"))


def test_exposure_is_low() -> None:
    told = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", UNIT],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert exposure is not None
    assert float(exposure[1]) < 2.5


def test_the_account_of_the_unit_is_the_one_that_is_made() -> None:
    done = subprocess.run(
        [tool("systemd-sysusers"), "--dry-run", ROOT / "systemd/gateway.sysusers"],
        capture_output=True,
        text=True,
        check=True,
    )
    account = settings(UNIT)["User"][0]
    assert re.search(rf"^u {account} ", (ROOT / "systemd/gateway.sysusers").read_text(), re.MULTILINE)
    assert re.search(
        rf"^d /etc/gateway 0750 root {account} ", (ROOT / "systemd/gateway.tmpfiles").read_text(), re.MULTILINE
    )
    assert "warning" not in done.stderr.lower()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("Restart", "on-failure"),
        ("TimeoutStopSec", "15"),
        ("StateDirectory", "gateway"),
        ("ConfigurationDirectory", "gateway"),
        ("OOMPolicy", "continue"),
        ("ExecStart", f"{COMMAND} run -c /etc/gateway/gateway.toml"),
    ],
)
def test_what_operation_relies_on(key: str, value: str) -> None:
    assert settings(UNIT)[key] == [value]


def test_the_readers_memory_is_not_hidden_from_the_daemon() -> None:
    """ProtectProc=invisible means hidepid=2, under which a process that is not dumpable cannot be watched."""
    assert "ProtectProc" not in settings(UNIT)


def readers_under(unit: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.protocol.under_unit", unit, "tests.protocol.readers_alone"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_daemon_and_readers_work_under_the_unit() -> None:
    tool("systemd-analyze")
    assert readers_under(UNIT) == {
        "reply": "bonjour",
        "left_to_readers": [] if landlock.version() else ["files"],
        "memory_seen": True,
        "families": ["AF_INET", "AF_INET6", "AF_UNIX"],
        "database": "wal",
        "tls": "TLSv1_2",
        "chroot_refused": True,
    }


def test_a_unit_too_narrow_would_show(tmp_path: Path) -> None:
    tool("systemd-analyze")
    narrow = tmp_path / "gateway.service"
    narrow.write_text(UNIT.read_text().replace("=~@privileged", "=~@privileged socketpair"))
    with pytest.raises(subprocess.CalledProcessError):
        readers_under(narrow)


@pytest.mark.skipif(not landlock.version(), reason="no Landlock in this kernel")
def test_a_unit_without_landlock_would_show(tmp_path: Path) -> None:
    tool("systemd-analyze")
    without = tmp_path / "gateway.service"
    without.write_text(re.sub(r" landlock_\w+", "", UNIT.read_text()))
    assert readers_under(without)["left_to_readers"] == ["files"]


def test_the_filter_leaves_what_service_needs_and_no_more() -> None:
    tool("systemd-analyze")
    left = calls(settings(UNIT)["SystemCallFilter"])
    assert {"openat", "fsync", "renameat2", "socketpair", "execve", "clone3", "seccomp", "memfd_create"} <= left
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= left
    assert left.isdisjoint(
        {"mount", "chown", "setuid", "ptrace", "bpf", "reboot", "init_module", "setrlimit", "swapon"}
    )
