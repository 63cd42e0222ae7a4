"""The audit of a gateway that runs: its heads are signed while it runs and when it stops, here and in a file."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from gateway.access.signing_keys import make
from gateway.cli import main
from tests.servers import clean_environment, serving

pytestmark = pytest.mark.slow


def test_what_a_gateway_did_until_it_stopped_was_signed(tmp_path: Path, database_url: str) -> None:
    """Sixteen clients at once write to all chains; verifying needs the file and the key, and no gateway."""
    keys, heads = tmp_path / "keys", tmp_path / "heads"
    make(keys, datetime.now(UTC))
    with serving(tmp_path, database_url, AUDIT_KEYS=str(keys), AUDIT_HEADS=str(heads)) as running:

        def read(_: int) -> int:
            return requests.get(f"{running.base}/fhir/Location", timeout=60).status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(read, range(64))) == {200}
        told = requests.get(f"{running.base}/fhir/AuditEvent?subtype=search&_count=1000", timeout=60).json()
        assert told["total"] == 64
        assert running.stop() == 0

    options = ["audit", "verify", "--database", database_url, "--keys", str(keys), "--heads", str(heads)]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.output
    assert "; 0 rows came after the last of them" in result.output


def test_a_gateway_without_its_keys_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    environment = clean_environment() | {
        "GATEWAY_AUDIT_KEYS": str(tmp_path / "keys"),
        "GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.sqlite",
        "GATEWAY_PORT": "0",
        "GATEWAY_MLLP_PORT": "0",
    }
    asked = [sys.executable, "-m", "gateway.cli", "serve"]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert f"GATEWAY_AUDIT_KEYS: there is no key in {tmp_path}/keys: `gateway audit key` makes one" in done.stderr
