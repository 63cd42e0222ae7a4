"""What is known of the packages that the gateway needs: their licences, and what an audit of them comes to."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import Any

import pytest

from scripts import audit, licences

TODAY = date(2026, 1, 5)
FINE: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
FOUND = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2"], "description": "x"}
BAD = {"name": "c", "version": "1", "vulns": [FOUND]}


def test_the_list_of_licences_is_that_of_the_lock() -> None:
    listed = licences.LIST.read_text(encoding="utf-8")

    assert listed == licences.written(licences.packages()), "run: python scripts/licences.py"
    lock = (licences.ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert len(re.findall(r"^\| [^ ]+ \| [0-9]", listed, re.MULTILINE)) == len(re.findall(r"(?m)^[a-z0-9.-]+==", lock))


@pytest.mark.parametrize("package", licences.packages(), ids=lambda one: one.name)
def test_every_licence_is_one_that_is_allowed(package: licences.Package) -> None:
    assert licences.is_allowed(package.licence, licences.policy()["allowed"])


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("(MIT OR X) AND (GPL-3.0-only OR Y)", False),
        ("(MIT) OR (X AND Y)", True),
        ("MIT WITH something", False),
        ("", False),
    ],
)
def test_an_expression_is_read_as_spdx_means_it(expression: str, is_allowed: bool) -> None:
    assert licences.is_allowed(expression, ["MIT", "Apache-2.0"]) is is_allowed


def test_a_package_that_says_no_known_licence_is_told() -> None:
    with pytest.raises(KeyError, match="hl7 does not say"):
        licences.licence("hl7", {"stated": {}, "written": {}, "allowed": []})
    with pytest.raises(KeyError, match="not installed"):
        licences.licence("no-such-package", {"stated": {}, "written": {}, "allowed": []})


def test_an_advisory_fails_until_it_is_accepted_and_again_after_that() -> None:
    report = {"dependencies": [FINE, BAD]}
    accepted = [{"id": "CVE-2026-1", "until": TODAY, "why": "not reached"}]

    assert audit.verdict(report, [], TODAY).code == 1
    assert "ADVISORY PYSEC-2026-1: c 1; mended in 2" in audit.verdict(report, [], TODAY).lines
    assert audit.verdict(report, accepted, TODAY).code == 0
    assert "accepted for a while: c PYSEC-2026-1" in audit.verdict(report, accepted, TODAY).lines
    assert audit.verdict(report, accepted, date(2026, 1, 6)).code == 1


def test_who_was_told_nothing_says_so_and_does_not_call_it_fine() -> None:
    nothing = audit.verdict({"dependencies": [SKIPPED]}, [], TODAY)
    some = audit.verdict({"dependencies": [FINE, SKIPPED]}, [], TODAY)

    assert nothing.code == some.code == 0
    assert [line for line in nothing.lines if "NOT AUDITED" in line] == nothing.lines
    assert [line for line in some.lines if "NOT AUDITED" in line and " b" in line]
    assert audit.verdict({"dependencies": [FINE]}, [], TODAY).lines == [
        "1 packages were asked for; advisories that nobody accepted: 0"
    ]


def test_what_is_accepted_says_until_when_and_why() -> None:
    policy = tomllib.loads((licences.ROOT / "scripts" / "dependencies.toml").read_text(encoding="utf-8"))

    assert all({"id", "until", "why"} <= one.keys() for one in policy["advisories"]["accepted"])


def test_an_audit_without_a_service_is_no_failure_and_no_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setattr(audit, "VENV", tmp_path / "venv")
    monkeypatch.setattr(audit, "PINNED", tmp_path / "nothing.txt")

    assert audit.main() == 0
    assert "!!! NOT AUDITED: pip-audit could not be installed" in capsys.readouterr().out
