"""What is secret in the settings is shown nowhere: not by repr, not in an error, not by a command, not in a log."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.access.data_keys import lines
from gateway.access.kms import Kms
from gateway.access.sealing import Keys
from gateway.errors import BadSettings
from gateway.services import Services, build
from gateway.settings import Settings
from tests.servers import clean_environment

SECRET = "hunter2CANARYhunter2"  # no real one
MATERIAL = SECRET.encode().ljust(32, b"!")
# What may stand in a setting that holds a secret, or where somebody may put one by mistake.
GIVEN: dict[str, str] = {
    "database": f"postgresql://gateway:{SECRET}@127.0.0.1:1/gateway?password={SECRET}",
    "kms_command": f"/bin/unwrap --token {SECRET}",
    "otlp_endpoint": f"https://user:{SECRET}@otel.example",
    "base_url": f"https://user:{SECRET}@gateway.example/fhir",
    "endpoints": f"https://user:{SECRET}@ehr.example",
    "oidc_issuer": f"https://user:{SECRET}@login.example",
    "inbox_key": SECRET,
    "session_key": f"/nowhere:{SECRET}",
    "data_keys": SECRET,
    "tls_key": f"-----BEGIN {'PRIVATE'} KEY-----\n{SECRET}" * 500,
    "endpoint_key": SECRET,
    "webhook_secrets": SECRET,
    "audit_keys": SECRET,
    "token_keys": SECRET,
    "directory": SECRET,
}


def names() -> list[str]:
    return [field.name for field in fields(Settings)]


@pytest.mark.parametrize("name", names())
def test_no_setting_is_repeated_by_what_shows_them_all(name: str) -> None:
    settings = Settings(**{name: SECRET})  # type: ignore[arg-type] # whatever its type is, it is not shown

    assert SECRET not in f"{settings!r} {settings} {[settings]}"


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_what_is_wrong_with_a_secret_is_told_without_it(name: str) -> None:
    assert name in names()
    try:
        settings = Settings.from_env({f"GATEWAY_{name.upper()}": GIVEN[name]})
    except BadSettings as error:
        told = f"{error} {error!r} {error.issues} {error.__cause__} {error.__context__}"
        assert SECRET not in told
        assert f"GATEWAY_{name.upper()}" in told
    else:
        assert name in {"database", "kms_command"}  # these are right as they are
        assert SECRET not in repr(settings)


def test_every_setting_that_names_what_is_secret_is_among_these() -> None:
    read = {field.name: getattr(field.metadata["read"], "__name__", "") for field in fields(Settings)}

    assert {name for name, reader in read.items() if reader.startswith("key_")} <= GIVEN.keys()
    assert {name for name in read if name.endswith(("_key", "_keys", "_secrets"))} <= GIVEN.keys()
    assert all(read[name].startswith("key_") for name in read if name.endswith(("_key", "_keys", "_secrets")))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://gateway:{SECRET}@127.0.0.1:1/gateway",
        f"postgresql://gateway:{SECRET}%zz@127.0.0.1:1/gateway",
        f"postgresql://gateway:pass@{SECRET}@127.0.0.1:1/gateway",
        f"postgresql://gateway:pass/{SECRET}@127.0.0.1:1/gateway",
        f"postgresql://gateway@127.0.0.1:1/gateway?pasword={SECRET}",
        f"postgresql://gateway@127.0.0.1:1/gateway?password={SECRET}",
        f"mysql://gateway:{SECRET}@127.0.0.1/gateway",
    ],
)
@pytest.mark.parametrize("command", [["serve"], ["store", "info"], ["partners", "list"], ["inbox", "list"]])
def test_no_command_tells_the_password_of_a_store_it_cannot_use(url: str, command: list[str]) -> None:
    environment = clean_environment() | {"GATEWAY_DATABASE": url, "GATEWAY_PORT": "0", "GATEWAY_MLLP_PORT": "0"}
    asked = [sys.executable, "-m", "gateway.cli", *command]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode != 0
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def held(value: Any, seen: set[int]) -> set[str]:
    """Return how an object, and everything it is made of, shows itself."""
    if id(value) in seen:
        return set()
    seen.add(id(value))
    found = {repr(value), str(value)}
    parts: list[Any] = []
    if is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name, None) for field in fields(value) if field.repr]
    return found.union(*(held(part, seen) for part in parts))


def test_the_keys_that_are_read_show_themselves_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = tmp_path / "inbox.key"
    key.write_text(MATERIAL.hex(), encoding="utf-8")
    key.chmod(0o600)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "dev").write_text(SECRET + "0123456789abcdef", encoding="utf-8")
    environ = {
        "GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.sqlite",
        "GATEWAY_INBOX_KEY": str(key),
        "GATEWAY_SESSION_KEY": str(key),
        "GATEWAY_WEBHOOK_SECRETS": str(secrets),
    }
    to: Services = build(Settings.from_env(environ))
    shown = "\n".join(held(to, set())) + caplog.text

    assert isinstance(to.keys, Keys)
    for secret in (SECRET, base64.b64encode(MATERIAL).decode(), MATERIAL.hex(), repr(MATERIAL)):
        assert secret not in shown
    to.store.close()


def test_keys_of_the_store_and_the_program_that_unwraps_them_show_their_names_alone(tmp_path: Path) -> None:
    path = tmp_path / "data.keys"
    encoded = base64.b64encode(MATERIAL).decode()
    line = {"id": "a", "use": "seal", "since": "2026-01-05T00:00:00Z", "key": encoded}
    path.write_text(json.dumps({"keys": [line]}), encoding="utf-8")
    path.chmod(0o600)

    assert encoded not in repr(lines(path))
    assert SECRET not in repr(Kms.read(f"unwrap --token {SECRET}"))
