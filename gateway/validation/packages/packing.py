"""A folder of definitions as a FHIR package: the same files give the same bytes.

https://hl7.org/fhir/R4/packages.html
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.data import shipped
from gateway.errors import MalformedMessage
from gateway.fhir import json
from gateway.fhir.types import Resource
from gateway.validation.packages.manifest import read_manifest

OWN_MAPS = (  # the ConceptMaps that are about codes of the package
    "appointment-status-to-slot.json",
    "bed-status-to-location.json",
    "bed-status-to-slot.json",
    "capacity-figure-to-saner.json",
    "care-type-to-havbed.json",
    "care-type-to-role-code.json",
    "care-type-to-saner.json",
)
_EPOCH = 0  # a fixed time, so that the same content is the same archive
_KEYS = ("resourceType", "id", "url", "version", "kind", "type")


def pack(folder: Path, more: Iterable[Path] = ()) -> tuple[str, bytes]:
    """Return `name#version` and the archive of a folder: its `*.json`, `examples/` as `example/`, and `more` files.

    Raises MalformedMessage (bad-package) when it has no usable package.json or a file is not JSON.
    """
    manifest_file = folder / "package.json"
    if not manifest_file.is_file():
        raise MalformedMessage("the folder has no package.json", code="bad-package")
    manifest = read_manifest(manifest_file.read_bytes())
    files = {"package/package.json": manifest_file.read_bytes()}
    for path in folder.glob("*.json"):
        if path.name != "package.json":
            files[f"package/{path.name}"] = path.read_bytes()
    for path in more:
        files[f"package/ConceptMap-{path.name}"] = path.read_bytes()
    for path in folder.glob("examples/*.json"):
        files[f"package/example/{path.name}"] = path.read_bytes()
    files["package/.index.json"] = _index(files, "package/")
    files["package/example/.index.json"] = _index(files, "package/example/")
    return manifest.id, archive(files)


def own() -> tuple[str, bytes]:
    """Return the gateway's own profiles as a package, with the ConceptMaps from its own code systems."""
    maps = shipped("mappings") / "concept_maps"
    return pack(shipped("profiles"), sorted(path for path in maps.glob("*.json") if path.name in OWN_MAPS))


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files by path as a `.tgz`, in the order of their paths, without times and owners."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=_EPOCH) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as out,
    ):
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(content), 0o644, _EPOCH
            out.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _index(files: Mapping[str, bytes], below: str) -> bytes:
    """Return `.index.json`: what the files of a folder are."""
    rows = []
    for path, content in sorted(files.items()):
        name = path.removeprefix(below)
        if path.startswith(below) and "/" not in name and name != "package.json":
            rows.append({"filename": name} | _head(json.decode(content)))
    return json.encode_pretty({"index-version": 1, "files": rows})


def _head(resource: Resource) -> dict[str, Any]:
    return {key: resource[key] for key in _KEYS if key in resource}
