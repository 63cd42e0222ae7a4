"""`gateway partners`: what an operator does with it, and what it says."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.access.certificates import write_development
from gateway.cli.partners import partners
from gateway.registry import Registry
from gateway.store import open_store
from tests.access.keys import ec_key, jwks
from tests.conftest import NOW


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs") / "dev"
    write_development(folder, NOW)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Return the URL of an empty store: what both engines make of this is tested below the command."""
    return f"sqlite:///{tmp_path}/store.sqlite"


@pytest.fixture(scope="module")
def world(certs: Path) -> str:
    """Return the URL of a store with the development partners, which stays as it is."""
    url = f"sqlite:///{certs.parent}/world.sqlite"
    run(url, "add", "--development", "--certs", certs)
    return url


def run(store: str, *arguments: str | Path, exit_code: int = 0) -> Result:
    done = CliRunner().invoke(partners, [*map(str, arguments), "--database", store])
    assert done.exit_code == exit_code, done.output
    return done


def shown(store: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(store, "show", id_, "--format", "json").stdout)
    return found


def written(folder: Path, text: str, name: str = "partners.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_development_world_is_added_whole(store: str) -> None:
    done = run(store, "add", "--development")

    assert done.stdout.splitlines() == [
        f"{id_}: added, version 1" for id_ in ("zcc-west", "duinrand", "haagrand", "duinhof", "rtp-west", "rav-15")
    ]
    listed = json.loads(run(store, "list", "--format", "json").stdout)
    assert {one["id"]: one["kind"] for one in listed} == {
        "zcc-west": "zcc",
        "duinrand": "ziekenhuis",
        "haagrand": "hap",
        "duinhof": "vvt",
        "rtp-west": "rtp",
        "rav-15": "rav",
    }
    assert shown(store, "rtp-west")["regions"] == ["west/haaglanden", "west/hollands-midden"]


def test_with_certificates_each_has_a_client(world: str, certs: Path) -> None:
    found = shown(world, "duinrand")

    assert [client["id"] for client in found["clients"]] == ["duinrand"]
    assert found["clients"][0]["keys"] == [{"jwks": json.loads((certs / "client-hospital.jwks").read_text())}]


def test_a_partner_by_options_is_the_same_as_by_file(store: str, tmp_path: Path, certs: Path) -> None:
    pem = certs / "client-hospital.pem"
    keys = written(tmp_path, json.dumps(jwks(ec_key("a"))), "keys.json")
    run(
        store, "add", "--id", "a", "--name", "A", "--kind", "ziekenhuis", "--ura", "00000001",
        "--agb", "06999901", "--oin", "00000099000000010000", "--region", "west", "--network", "n",
        "--certificate", pem,
        "--client", "a-ehr", "--jwks", keys, "--scope", "system/Slot.rs", "--scope", "system/Location.read",
        "--provider", "dev", "--sees", "Slot", "--rate", "60", "--endpoint", "hl7-fhir-rest=https://a.example/fhir",
    )  # fmt: skip
    by_file = {
        "id": "a", "name": "A", "kind": "ziekenhuis", "ura": "00000001", "agb": "06999901",
        "oin": "00000099000000010000", "regions": ["west"], "networks": ["n"],
        "certificates": [{"pem": pem.read_text()}],
        "clients": [{"id": "a-ehr", "jwks": json.loads(keys.read_text())}],
        "scopes": ["system/Slot.rs", "system/Location.read"], "providers": ["dev"], "sees": ["Slot"], "rate": 60,
        "endpoints": {"hl7-fhir-rest": "https://a.example/fhir"},
    }  # fmt: skip

    done = run(store, "add", written(tmp_path, json.dumps(by_file, indent="\t"), "a.json"), "--replace")

    assert done.stdout == "nothing changed: they are there as they are here\n"


def test_every_problem_of_a_file_is_told_with_its_line(store: str, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "partners:\n"
        "  - id: a\n"
        "    name: A\n"
        "    kind: hospital\n"
        "    ura: 0000001\n"
        "  - id: b\n"
        "    name: B\n"
        "    kind: rav\n"
        "    providers: [deev]\n"
        "    clients:\n"
        "      - id: x\n"
        "        jwks_url: https://elsewhere.example/keys\n",
    )

    told = run(store, "add", file, exit_code=1).stderr

    for line in (
        "partners[0].kind (line 4): must be one of",
        "partners[0].ura (line 5): must be the eight digits of a URA",
        "partners[1].providers[0] (line 9): is no provider (`mappings/providers`); did you mean dev?",
        "partners[1].clients[0].jwks_url (line 12): the endpoint is not at an origin that this gateway sends to",
    ):
        assert f"Error: {line}" in told
    assert run(store, "list").stdout == "there are no partners\n"


@pytest.mark.parametrize("text", ["partners: [", "", "a: &x [*x]", "\t- a"])
def test_what_is_no_document_is_told(store: str, tmp_path: Path, text: str) -> None:
    assert "Error: " in run(store, "add", written(tmp_path, text), exit_code=1).stderr


def test_a_leading_zero_is_kept(store: str, tmp_path: Path) -> None:
    run(store, "add", written(tmp_path, "id: a\nname: A\nkind: rav\nura: 00000015\nagb: 06999901\n"))

    assert (shown(store, "a")["ura"], shown(store, "a")["agb"]) == ("00000015", "06999901")


def test_problems_come_as_an_outcome_too(store: str) -> None:
    done = run(store, "add", "--id", "A", "--name", "A", "--kind", "x", "--format", "json", exit_code=1)

    outcome = json.loads(done.stdout)

    assert outcome["resourceType"] == "OperationOutcome"
    assert [issue["details"]["coding"][0]["code"] for issue in outcome["issue"]] == ["bad-partner"] * 2


def test_what_is_anothers_is_told(world: str) -> None:
    told = run(world, "add", "--id", "a", "--name", "A", "--kind", "rav", "--ura", "00000015", exit_code=1).stderr

    assert "its URA is that of the partner rav-15" in told


def test_a_rotation_shows_both_until_the_old_one_ends(store: str, certs: Path, tmp_path: Path) -> None:
    run(store, "add", "--development", "--certs", certs)
    write_development(tmp_path / "new", NOW)
    pem, keys = tmp_path / "new" / "client-hospital.pem", tmp_path / "new" / "client-hospital.jwks"

    run(store, "rotate", "duinrand", "--certificate", pem, "--until", "2036-12-01T00:00:00+01:00")
    run(store, "rotate", "duinrand", "--client", "duinrand", "--jwks", keys, "--until", "2036-12-01")

    found = shown(store, "duinrand")
    assert [one.get("until") for one in found["certificates"]] == ["2036-11-30T23:00:00Z", None]
    assert [one.get("until") for one in found["clients"][0]["keys"]] == ["2036-11-30T23:00:00Z", None]
    text = run(store, "show", "duinrand").stdout
    assert text.count(", until 2036-11-30T23:00:00.000+00:00") == 2
    assert [(one["change"], one["fields"]) for one in found["history"]][:2] == [
        ("rotated", ["clients"]),
        ("rotated", ["certificates"]),
    ]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "text"),
    [
        (["--until", "now"], 2, "say either --certificate"),
        (["--client", "duinrand", "--until", "now"], 1, "has either jwks"),
        (["--client", "x", "--jwks-url", "https://x.example/", "--until", "now"], 1, "GATEWAY_ENDPOINTS"),
        (["--certificate", "client-hospital.key", "--until", "now"], 1, "holds a private key"),
        (["--certificate", "ca.crl", "--until", "now"], 1, "must be one certificate"),
        (["--certificate", "client-hospital.pem", "--until", "soon"], 1, "the moment must be as 2026-12-01"),
        (["--certificate", "client-hospital.pem", "--until", "2020-01-01"], 1, "ended before now"),
    ],
)
def test_a_rotation_that_cannot_be_is_told(
    world: str, certs: Path, arguments: list[str], exit_code: int, text: str
) -> None:
    there = [str(certs / one) if (certs / one).is_file() else one for one in arguments]

    assert text in run(world, "rotate", "duinrand", *there, exit_code=exit_code).stderr


def test_a_certificate_is_shown_as_it_is_known(store: str, tmp_path: Path) -> None:
    names = "[{issuer: CN=CA, uzi: '00000015'}, {spki: " + "ab" * 32 + "}, {issuer: CN=CA, subject: CN=A}]"
    run(store, "add", written(tmp_path, f"id: a\nname: A\nkind: rav\ncertificates: {names}\n"))

    told = run(store, "show", "a").stdout

    for number, name in enumerate(
        ("UZI server certificates of URA 00000015, issued by CN=CA", f"public key {'ab' * 32}", "CN=A, issued by CN=CA")
    ):
        assert f"certificate {number + 1} {name}\n" in told


def test_disabling_is_told_once_and_undone(store: str) -> None:
    run(store, "add", "--development")

    assert run(store, "disable", "duinrand", "--by", "jansen").stdout == "duinrand: disabled, version 2\n"
    assert run(store, "disable", "duinrand").stdout == "nothing changed: duinrand was disabled already\n"
    assert "DISABLED" in run(store, "list").stdout
    assert shown(store, "duinrand")["history"][0]["by"] == "jansen"
    with closing(open_store(store)) as opened:
        registry = Registry(opened)
        assert registry.partners().by_ura("00000002") is None

        run(store, "enable", "duinrand")

        assert registry.partners().by_ura("00000002") is not None


@pytest.mark.parametrize("command", ["show", "disable", "enable"])
def test_who_is_not_there_is_told(world: str, command: str) -> None:
    assert "there is no such partner" in run(world, command, "nobody", exit_code=1).stderr


@pytest.mark.parametrize("arguments", [[], ["--development", "--id", "x"], ["--id", "x", "--certs", "."]])
def test_it_must_be_clear_what_is_added(world: str, arguments: list[str]) -> None:
    run(world, "add", *arguments, exit_code=2)


def test_no_private_key_is_ever_printed(store: str, certs: Path) -> None:
    """Not when it is handed in by mistake, and not from what is kept."""
    key = certs / "client-hospital.key"
    private = load_pem_private_key(key.read_bytes(), None)
    secret = f"{private.private_numbers().private_value:x}"  # type: ignore[union-attr] # of an EC key
    refused = run(
        store, "add", "--id", "a", "--name", "A", "--kind", "rav", "--certificate", key, exit_code=1
    ).output  # fmt: skip
    run(store, "add", "--development", "--certs", certs)
    told = [refused, run(store, "list", "--format", "json").output, json.dumps(shown(store, "duinrand"))]
    with closing(open_store(store)) as opened, opened.reading() as db:
        kept = [str(row) for row in db.rows("select * from partner") + db.rows("select content from audit")]

    for text in [*told, *kept]:
        assert secret not in text
        assert "PRIVATE" not in text
        assert '"d":' not in text.replace(" ", "")
