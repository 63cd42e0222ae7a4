"""What is done at a shell of the machine stands in the audit as done by an operator, once clients are known."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.access.certificates import write_development
from gateway.cli import main
from gateway.store import open_store
from tests.messages import bed_message


@pytest.fixture
def known(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a gateway that knows its clients."""
    write_development(tmp_path / "certs", datetime.now(UTC))
    certs = f"{tmp_path}/certs"
    return {
        "GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.sqlite",
        "GATEWAY_TLS_CERTIFICATE": f"{certs}/server.pem",
        "GATEWAY_TLS_KEY": f"{certs}/server.key",
        "GATEWAY_TLS_CLIENT_CA": f"{certs}/ca.pem",
    }


def audited(env: dict[str, str]) -> list[dict[str, Any]]:
    store = open_store(env["GATEWAY_DATABASE"])
    with store.reading() as db:
        rows = [json.loads(content) for (content,) in db.rows("select content from audit")]
    store.close()
    return rows


def test_what_a_command_does_is_done_by_who_ran_it(tmp_path: Path, known: dict[str, str]) -> None:
    message = tmp_path / "bed.hl7"
    message.write_bytes(bed_message("A1"))
    for command in (["store", "ingest", str(message)], ["inbox", "replay", "--again", "1"], ["inbox", "requeue", "1"]):
        result = CliRunner().invoke(main, command, env=known)
        assert result.exit_code == 0, result.output

    rows = audited(known)
    assert len(rows) >= 3
    assert {(row["organisation"], row["caller"], row["purpose"], row["development"]) for row in rows} == {
        ("operator", getpass.getuser(), "HSYSADMIN", False)
    }


def test_in_development_mode_it_is_the_development_caller(tmp_path: Path) -> None:
    message = tmp_path / "bed.hl7"
    message.write_bytes(bed_message("A1"))
    env = {"GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.sqlite"}

    assert CliRunner().invoke(main, ["store", "ingest", str(message)], env=env).exit_code == 0

    assert {(row["caller"], row["development"]) for row in audited(env)} == {("development", True)}
