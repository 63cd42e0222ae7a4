"""`gateway people`: the directory of a demonstration, in a file that only its owner reads."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.access import passwords, totp
from gateway.cli import main
from gateway.identities import directory

JANSEN = ("--name", "J. Jansen", "--role", "zcc-coordinator", "--organisation", "00000010")


def people(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["people", *arguments], env={"GATEWAY_DIRECTORY": str(path)})


def test_a_person_is_added_with_secrets_that_are_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    done = people(path, "add", "jansen", *JANSEN)
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = re.search(r"^password: (\S{20})$", done.output, re.MULTILINE)
    secret = re.search(
        r"^authenticator: otpauth://totp/msb-gateway:jansen\?secret=([A-Z2-7]{32})&", done.output, re.MULTILINE
    )
    assert password
    assert secret
    kept = directory.read(path)["jansen"]
    assert passwords.fits(password[1], kept.password)
    assert kept.totp == secret[1]
    assert (kept.name, kept.role, kept.organisation) == ("J. Jansen", "zcc-coordinator", "00000010")
    totp.check(kept.totp)
    shown = people(path, "list").output
    assert shown == "jansen  zcc-coordinator  00000010  J. Jansen\n"
    assert password[1] not in path.read_text(encoding="utf-8")


def test_who_is_disabled_stays_listed_and_may_be_enabled(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    people(path, "add", "jansen", *JANSEN)
    people(path, "add", "de.vries", *JANSEN)
    assert people(path, "disable", "jansen").output == "disabled jansen\n"
    assert [one.disabled for one in directory.read(path).values()] == [True, False]
    assert people(path, "list").output.splitlines()[0].endswith("disabled")
    assert people(path, "enable", "jansen").exit_code == 0
    assert [one.disabled for one in directory.read(path).values()] == [False, False]


def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    people(path, "add", "jansen", *JANSEN)
    before = path.read_bytes()
    wrong = people(path, "add", "J Jansen", "--name", "J", "--role", "machine-account", "--organisation", "x y")
    assert wrong.exit_code == 1
    for said in ("people[1].id", "people[1].role", "people[1].organisation"):
        assert said in wrong.output
    assert "password: " not in wrong.output
    assert "has one id twice" in people(path, "add", "jansen", *JANSEN).output
    assert "there is no such person" in people(path, "disable", "nobody").output
    assert path.read_bytes() == before
    assert people(tmp_path / "none.yaml", "list").output == ""


def test_a_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    people(path, "add", "jansen", *JANSEN)
    path.chmod(0o644)
    for arguments in (("list",), ("disable", "jansen"), ("add", "other", *JANSEN)):
        done = people(path, *arguments)
        assert (done.exit_code, "chmod 600" in done.output) == (1, True)
