"""Write docs/licences.md: every package of requirements.lock with its licence, as its own metadata says it.

`python scripts/licences.py` where everything of the lock is installed. It fails for a licence that is not allowed:
`dependencies.toml` beside it holds those that are, and what packages do not say as SPDX does.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from scripts.runtime_lock import needed  # noqa: E402 - found by the line above

LIST = ROOT / "docs" / "licences.md"
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_CLASSIFIER = "License :: OSI Approved :: "
_HEAD = """# Licences

Every package of `requirements.lock`, with its licence as SPDX writes it and what it is for: **running** the gateway, an
**option** of it (PostgreSQL, OpenTelemetry), or its **development** alone, which no installation of the gateway holds.
Made by `python scripts/licences.py` of what the packages say of themselves; which licences are allowed stands in
`scripts/dependencies.toml`, and a test fails when this list is not that of the lock.

| package | version | licence | for |
|---|---|---|---|
"""


class Package(NamedTuple):
    """A package of the lock."""

    name: str
    version: str
    licence: str
    use: str


def policy() -> dict[str, Any]:
    """Return what dependencies.toml says of licences."""
    found: dict[str, Any] = tomllib.loads((ROOT / "scripts" / "dependencies.toml").read_text(encoding="utf-8"))
    return dict(found["licences"])


def packages() -> list[Package]:
    """Return every package of the lock. Raises KeyError with those that say no licence that is known by a name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    running = needed([Requirement(text) for text in project["dependencies"]])
    optional = needed([Requirement(text) for text in (*extras["postgres"], *extras["otel"])])
    found = []
    for pinned in _PINNED.finditer((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        name = canonicalize_name(pinned["name"])
        use = "running" if name in running else "option" if name in optional else "development"
        found.append(Package(name, pinned["version"], licence(name, policy()), use))
    return found


def licence(name: str, said: Mapping[str, Any]) -> str:
    """Return the licence of a package as an SPDX expression. KeyError when nobody says one."""
    if name in said["stated"]:
        return str(said["stated"][name])
    try:
        own = metadata(name)
    except PackageNotFoundError as error:
        raise KeyError(f"{name} is not installed here: state its licence in dependencies.toml") from error
    if expression := (own.get_all("License-Expression") or [""])[0]:
        return str(expression)
    told = [*(own.get_all("License") or []), *(c.removeprefix(_CLASSIFIER) for c in own.get_all("Classifier") or [])]
    known = [said["written"].get(text, text if text in said["allowed"] else None) for text in told]
    clear = [one for one in known if one and not one.startswith("LicenseRef-")] or [one for one in known if one]
    if not clear:
        raise KeyError(f"{name} does not say a licence that is known: state it in dependencies.toml")
    return str(clear[0])


def is_allowed(expression: str, allowed: list[str]) -> bool:
    """Return whether an SPDX expression can be kept to with the licences that are allowed."""
    bare = expression.strip()
    while bare.startswith("(") and _closing(bare) == len(bare) - 1:
        bare = bare[1:-1].strip()
    for word, every in ((" OR ", False), (" AND ", True)):
        parts = _split(bare, word)
        if len(parts) > 1:
            said = [is_allowed(part, allowed) for part in parts]
            return all(said) if every else any(said)
    return bare in allowed


def _closing(text: str) -> int:
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at
    return -1


def _split(text: str, word: str) -> list[str]:
    """Return the parts of an expression that a word joins, what stands in brackets kept whole."""
    parts, depth, began, at = [], 0, 0, 0
    while at < len(text):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0 and text.startswith(word, at):
            parts.append(text[began:at])
            at = began = at + len(word)
        else:
            at += 1
    return [*parts, text[began:]]


def written(found: list[Package]) -> str:
    """Return the list as it stands in docs/licences.md."""
    return _HEAD + "".join(f"| {one.name} | {one.version} | {one.licence} | {one.use} |\n" for one in found)


def main() -> int:
    """Write the list; return 1 when a licence in it is not allowed."""
    found, allowed = packages(), policy()["allowed"]
    LIST.write_text(written(found), encoding="utf-8")
    refused = [one for one in found if not is_allowed(one.licence, allowed)]
    for one in refused:
        print(f"{one.name} {one.version}: {one.licence} is not among the licences that are allowed")
    return bool(refused)


if __name__ == "__main__":
    sys.exit(main())
