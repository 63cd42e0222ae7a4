"""What a package says of itself in `package/package.json`. https://hl7.org/fhir/R4/packages.html"""

import re
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import MalformedMessage
from gateway.fhir import json

CORE = "hl7.fhir.r4.core"  # R4 itself: the gateway's own tables hold it
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*", re.IGNORECASE)
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Manifest:
    """Name, version, and what else the package needs."""

    name: str
    version: str
    fhir_versions: tuple[str, ...] = ()
    canonical: str = ""
    title: str = ""
    dependencies: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return `name#version`."""
        return f"{self.name}#{self.version}"

    @property
    def is_r4(self) -> bool:
        """Return whether it is for R4; one that does not say is taken to be."""
        return not self.fhir_versions or any(one.startswith("4.0") for one in self.fhir_versions)


def name_and_version(text: str) -> tuple[str, str]:
    """Return the parts of `NAME#VERSION`. Raises MalformedMessage (bad-package)."""
    name, _, version = text.partition("#")
    if not is_name(name) or not _VERSION.fullmatch(version):
        raise MalformedMessage("a package is named NAME#VERSION, such as hl7.fhir.uv.ips#1.1.0", code="bad-package")
    return name, version


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a package."""
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def read_manifest(content: bytes) -> Manifest:
    """Return what `package.json` says. Raises MalformedMessage (bad-package) when it says no name or version."""
    try:
        said = json.decode(content)
    except MalformedMessage as wrong:
        raise MalformedMessage("package/package.json is not JSON", code="bad-package") from wrong
    said = said if isinstance(said, dict) else {}
    if not isinstance(said.get("name"), str) or not isinstance(said.get("version"), str):
        raise MalformedMessage("package/package.json says no name and version", code="bad-package")
    name_and_version(f"{said['name']}#{said['version']}")
    versions = said.get("fhirVersions") or said.get("fhir-version-list") or []
    return Manifest(
        name=said["name"],
        version=said["version"],
        fhir_versions=tuple(str(one) for one in versions if isinstance(versions, list)),
        canonical=str(said.get("canonical", "")),
        title=str(said.get("title", "")),
        dependencies=_dependencies(said.get("dependencies")),
    )


def _dependencies(said: Any) -> dict[str, str]:
    if not isinstance(said, dict):
        return {}
    return {name: str(version) for name, version in said.items() if is_name(name)}
