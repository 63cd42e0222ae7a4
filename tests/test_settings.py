from __future__ import annotations

from dataclasses import Field, FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import BadSettings
from gateway.settings import Settings


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        Settings.from_env(environ)
    assert {issue.code for issue in caught.value.issues} == {"bad-settings"}
    return [issue.diagnostics for issue in caught.value.issues]


@pytest.fixture
def pem(tmp_path: Path) -> str:
    path = tmp_path / "some.pem"
    path.write_text("PEM", encoding="utf-8")
    return str(path)


def test_without_variables_it_runs_on_this_machine_alone() -> None:
    settings = Settings.from_env({"PATH": "/bin", "HOME": "/root"})

    assert settings == Settings()
    assert settings.development
    assert settings.database == "sqlite:///var/gateway.sqlite"
    assert settings.base_url == "http://127.0.0.1:8080/fhir"


def test_a_socket_is_for_a_proxy_whose_clients_are_known(tmp_path: Path, pem: str) -> None:
    own = {"GATEWAY_SOCKET": str(tmp_path / "http.sock"), "GATEWAY_SOCKET_ACCESS": "group"}
    known = own | {"GATEWAY_TLS_CLIENT_CA": pem, "GATEWAY_BASE_URL": "https://gateway.example/fhir"}
    settings = Settings.from_env(known | {"GATEWAY_HOST": "0.0.0.0"})
    assert (settings.socket, settings.socket_access) == (tmp_path / "http.sock", "group")
    for more, said in (
        ({"GATEWAY_BASE_URL": ""}, "GATEWAY_SOCKET: needs GATEWAY_BASE_URL"),
        ({"GATEWAY_TLS_CLIENT_CA": ""}, "GATEWAY_SOCKET: needs GATEWAY_TLS_CLIENT_CA"),
        ({"GATEWAY_PROXIES": "127.0.0.1"}, "by the one or by the other"),
        ({"GATEWAY_DIRECTORY": pem}, "behind no proxy"),
        ({"GATEWAY_MLLP_HOST": "0.0.0.0"}, "GATEWAY_TLS_CLIENT_CA: needs GATEWAY_TLS_CERTIFICATE"),
        ({"GATEWAY_SOCKET_ACCESS": "everybody"}, "GATEWAY_SOCKET_ACCESS"),
    ):
        with pytest.raises(BadSettings, match=said):
            Settings.from_env(known | more)


def test_what_unwraps_keys_is_no_key() -> None:
    with pytest.raises(BadSettings, match="GATEWAY_KMS_COMMAND: needs GATEWAY_DATA_KEYS"):
        Settings.from_env({"GATEWAY_KMS_COMMAND": "unwrap --now"})


def test_every_variable_is_read(tmp_path: Path, pem: str) -> None:
    settings = Settings.from_env(
        {
            "GATEWAY_DATABASE": "postgresql://gateway@db.example/gateway",
            "GATEWAY_HOST": "0.0.0.0",
            "GATEWAY_NODE": "gateway-1",
            "GATEWAY_PORT": "443",
            "GATEWAY_MLLP_HOST": "::",
            "GATEWAY_MLLP_PORT": "2576",
            "GATEWAY_WORKERS": "8",
            "GATEWAY_MAPPINGS": f"{tmp_path}:{tmp_path}",
            "GATEWAY_PROFILES": str(tmp_path / "packages"),
            "GATEWAY_BASE_URL": "https://gateway.example/fhir/",
            "GATEWAY_MAX_BODY": "1000",
            "GATEWAY_MAX_ATTACHMENT": "1000",
            "GATEWAY_DURABILITY": "Normal",
            "GATEWAY_FOLDER": str(tmp_path),
            "GATEWAY_FOLDER_LANGUAGE": "en",
            "GATEWAY_FOLDER_DAYS": "30",
            "GATEWAY_INBOX_KEY": f"{pem}:{pem}",
            "GATEWAY_DATA_KEYS": pem,
            "GATEWAY_KMS_COMMAND": "unwrap --now",
            "GATEWAY_INBOX_DAYS": "7",
            "GATEWAY_WEBHOOK_SECRETS": str(tmp_path),
            "GATEWAY_MAX_WAITING": "9",
            "GATEWAY_WAIT_SECONDS": "3",
            "GATEWAY_REFERENCES": "strict",
            "GATEWAY_TLS_CERTIFICATE": pem,
            "GATEWAY_TLS_KEY": pem,
            "GATEWAY_TLS_CLIENT_CA": pem,
            "GATEWAY_TLS_CLIENT_CRL": pem,
            "GATEWAY_TLS_CLIENT_CERTIFICATE": "optional",
            "GATEWAY_PROXIES": "10.20.0.9/32",
            "GATEWAY_TOKEN_KEYS": str(tmp_path),
            "GATEWAY_AUDIT_KEYS": str(tmp_path),
            "GATEWAY_AUDIT_HEADS": str(tmp_path / "heads"),
            "GATEWAY_AUDIT_DAYS": "3653",
            "GATEWAY_ISSUERS": pem,
            "GATEWAY_OIDC_ISSUER": "https://login.example",
            "GATEWAY_OIDC_CLIENT_ID": "msb-gateway",
            "GATEWAY_OIDC_ROLE_CLAIM": "realm_access.roles",
            "GATEWAY_OIDC_ORGANISATION_CLAIM": "ura",
            "GATEWAY_OIDC_ACR": "substantial high",
            "GATEWAY_SESSION_KEY": pem,
            "GATEWAY_ROLES": pem,
            "GATEWAY_MESSAGE_DESTINATIONS": "https://msb.example/fhir",
            "GATEWAY_POLICY": pem,
            "GATEWAY_ENDPOINTS": "https://ehr.example",
            "GATEWAY_ENDPOINT_NETWORKS": "10.20.0.0/16",
            "GATEWAY_ENDPOINT_CA": pem,
            "GATEWAY_ENDPOINT_CERTIFICATE": pem,
            "GATEWAY_ENDPOINT_KEY": pem,
            "GATEWAY_FEEDS": pem,
            "GATEWAY_HOLD_DURATIONS": pem,
            "GATEWAY_FRESHNESS": pem,
            "GATEWAY_KPIS": str(tmp_path),
            "GATEWAY_CLOSED_QUESTION": "https://mitz.example",
            "GATEWAY_DELIVERY_DAYS": "9",
            "GATEWAY_OTLP_ENDPOINT": "https://otel.example:4318",
            "GATEWAY_LOG_LEVEL": "DEBUG",
        }
    )

    assert not settings.development
    as_ever = {f.name for f in fields(settings) if getattr(settings, f.name) == getattr(Settings(), f.name)}
    assert as_ever == {"directory", "socket", "socket_access"}  # where people do not log in at a provider, and no port
    assert settings.mappings == (tmp_path, tmp_path)
    assert settings.base_url == "https://gateway.example/fhir"
    assert (settings.durability, settings.log_level) == ("normal", "debug")


def test_an_empty_variable_is_not_set() -> None:
    assert Settings.from_env({"GATEWAY_PORT": "", "GATEWAY_TLS_KEY": ""}) == Settings()


def test_all_problems_are_told_at_once() -> None:
    assert problems(
        {
            "GATEWAY_DATABSE": "sqlite:///x",
            "GATEWAY_MAPPINGS": "/nowhere:/neither",
            "GATEWAY_PORT": "80 80",
            "GATEWAY_HOST": "0.0.0.0",
            "GATEWAY_NODE": "gateway-1",
        }
    ) == [
        "GATEWAY_DATABSE: unknown; did you mean GATEWAY_DATABASE?",
        "GATEWAY_MAPPINGS: no folder /nowhere, /neither",
        "GATEWAY_PORT: must be a whole number from 0 to 65535",
        "GATEWAY_HOST: must be a loopback address, because without GATEWAY_TLS_CLIENT_CA nobody is authenticated "
        "(development mode)",
    ]


def test_what_resembles_nothing_gets_no_suggestion() -> None:
    assert problems({"GATEWAY_XYZZY": "1"}) == ["GATEWAY_XYZZY: unknown"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE", "mysql://x"),
        ("DATABASE", "var/gateway.sqlite"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "\uff18\uff10"),
        ("PORT", "9" * 5000),
        ("WORKERS", "0"),
        ("MAX_BODY", "20MB"),
        ("DURABILITY", "some"),
        ("REFERENCES", "yes"),
        ("LOG_LEVEL", "loud"),
        ("BASE_URL", "gateway.example/fhir"),
        ("TLS_CLIENT_CA", "/nowhere.pem"),
    ],
)
def test_a_bad_value_is_one_problem_that_names_its_variable(name: str, value: str) -> None:
    (problem,) = problems({f"GATEWAY_{name}": value})

    assert problem.startswith(f"GATEWAY_{name}: ")


def test_a_password_is_not_repeated() -> None:
    (problem,) = problems({"GATEWAY_DATABASE": "mysql://gateway:geheim@db"})

    assert "geheim" not in problem


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_development_mode_listens_on_loopback(host: str) -> None:
    assert Settings.from_env({"GATEWAY_HOST": host, "GATEWAY_MLLP_HOST": host}).development


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example", "127.0.0.1.example"])
@pytest.mark.parametrize("name", ["HOST", "MLLP_HOST"])
def test_development_mode_listens_nowhere_else(name: str, host: str) -> None:
    (problem,) = problems({f"GATEWAY_{name}": host})

    assert "nobody is authenticated" in problem


def test_a_certificate_alone_authenticates_nobody(pem: str) -> None:
    found = problems({"GATEWAY_HOST": "0.0.0.0", "GATEWAY_TLS_CERTIFICATE": pem, "GATEWAY_TLS_KEY": pem})

    assert [problem.partition(":")[0] for problem in found] == ["GATEWAY_HOST"]


@pytest.mark.parametrize("names", [("CERTIFICATE",), ("KEY",), ("CLIENT_CA",), ("CERTIFICATE", "CLIENT_CA")])
def test_tls_needs_all_its_files(names: tuple[str, ...], pem: str) -> None:
    found = problems({f"GATEWAY_TLS_{name}": pem for name in names})

    assert all("GATEWAY_TLS_" in problem for problem in found)


def test_the_base_url_follows_what_is_listened_on(pem: str) -> None:
    settings = Settings.from_env({"GATEWAY_HOST": "::1", "GATEWAY_TLS_CERTIFICATE": pem, "GATEWAY_TLS_KEY": pem})

    assert settings.base_url == "https://[::1]:8080/fhir"
    assert settings.with_port(9000).base_url == "https://[::1]:9000/fhir"
    assert Settings(base_url="https://gateway.example/fhir").with_port(9).base_url == "https://gateway.example/fhir"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_says_in_a_sentence_what_it_is_for(setting: Field[Any]) -> None:
    doc = setting.metadata["doc"]

    assert doc.endswith(".")
    assert "\n" not in doc


def test_what_knows_clients_needs_their_authorities(tmp_path: Path) -> None:
    pem = tmp_path / "some.pem"
    pem.touch()
    given = {"TLS_CLIENT_CRL": str(pem), "PROXIES": "127.0.0.1", "TOKEN_KEYS": str(tmp_path)}
    assert problems({f"GATEWAY_{name}": value for name, value in given.items()}) == [
        f"GATEWAY_{name}: needs GATEWAY_TLS_CLIENT_CA" for name in given
    ]


def test_without_tls_clients_are_known_on_loopback_alone_and_by_a_proxy_that_is_named(tmp_path: Path) -> None:
    pem = tmp_path / "some.pem"
    pem.touch()
    without = {"GATEWAY_TLS_CLIENT_CA": str(pem)}
    behind = without | {"GATEWAY_PROXIES": "127.0.0.1"}
    (told,) = problems(without)
    assert "needs GATEWAY_TLS_CERTIFICATE" in told
    assert problems(behind | {"GATEWAY_HOST": "0.0.0.0"}) == [told]
    assert not Settings.from_env(behind).development


@pytest.mark.parametrize("days", ["1", "1826", "-1", "x"])
def test_the_audit_is_kept_for_five_years_at_least(days: str) -> None:
    """https://zoek.officielebekendmakingen.nl/stcrt-2019-38007.html"""
    assert problems({"GATEWAY_AUDIT_DAYS": days}) == ["GATEWAY_AUDIT_DAYS: must be a whole number from 1827 to 36500"]


def test_the_audit_can_be_kept_for_good() -> None:
    assert Settings.from_env({"GATEWAY_AUDIT_DAYS": "0"}).audit_days == 0
