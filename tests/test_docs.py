"""What README.md says is true: its commands run and print that, every setting is in it, every module on its map."""

import json
import os
import re
import subprocess
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from gateway.mapping.overlays import KEYS
from gateway.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_SESSIONS = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [c for s in _SESSIONS for c in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", s, re.MULTILINE)]


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[c for c, _ in COMMANDS])
def test_readme_commands_print_what_it_says(command: str, output: str) -> None:
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-uc", command], cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )

    assert done.stdout + done.stderr == output


def test_readme_has_commands_and_is_short() -> None:
    assert len(COMMANDS) >= 3
    assert len(README.splitlines()) <= 160


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda f: f.name)
def test_settings_are_documented(setting: Field[Any]) -> None:
    default = "" if setting.default in {(), None, ""} else f"`{setting.default}`"

    assert f"| `GATEWAY_{setting.name.upper()}` | {default} | {setting.metadata['doc']} |" in README


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = set(re.findall(r"`GATEWAY_([A-Z_]+)`", README))

    assert named <= {field.name.upper() for field in fields(Settings)}


def test_the_map_of_the_code_names_each_module() -> None:
    modules = {p.stem for p in (ROOT / "gateway").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}

    assert {m for m in modules - {"__init__", "_data"} if not re.search(rf"`{m}(\.py|/)?`", README)} == set()


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z]+)", README)) <= targets


def test_profiles_are_one_package_with_one_canonical() -> None:
    package = json.loads((ROOT / "profiles" / "package.json").read_text(encoding="utf-8"))
    conformance = [json.loads(p.read_text(encoding="utf-8")) for p in (ROOT / "profiles").glob("*-*.json")]

    assert [r["url"] for r in conformance if "url" in r and not r["url"].startswith(package["canonical"])] == []


def test_every_key_of_an_overlay_is_documented() -> None:
    """The keys that the code reads, and those of the overlays that ship."""
    code = (ROOT / "gateway" / "mapping" / "overlays.py").read_text(encoding="utf-8")
    shipped = [path.read_text(encoding="utf-8") for path in (ROOT / "mappings" / "providers").glob("*.yaml")]
    keys = {key for text in shipped for key in re.findall(r"^(\w+):", text, re.MULTILINE)}
    keys |= set(re.findall(r'(?:root|values)\.get\("(\w+)"', code)) | set(KEYS)
    table = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8").partition("## What a provider's overlay")[2]
    named = {key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}

    assert keys - {"provider"} <= named
    assert keys - set(KEYS) == set()
