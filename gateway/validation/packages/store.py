"""The folder with installed packages, and `profiles.lock`, which says what they were when they were installed.

    FOLDER/profiles.lock
    FOLDER/<name>#<version>/package/…

A package is put there whole or not at all. The same package again is nothing new; another content under the same name
and version is refused. https://hl7.org/fhir/R4/packages.html
"""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.errors import Conflict, MalformedMessage, ResourceNotFound
from gateway.fhir import json
from gateway.validation.packages.archive import Contents, Limits, read
from gateway.validation.packages.manifest import CORE, Manifest

LOCK = "profiles.lock"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed package."""

    id: str
    sha256: str  # of the archive
    content: str  # of the files, as they were unpacked
    files: int
    fhir_versions: tuple[str, ...]
    dependencies: dict[str, str]
    status: Literal["installed", "unchanged"] = "unchanged"


class PackageStore:
    """The installed packages. Two processes may install at the same time: one waits for the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def installed(self) -> list[Installed]:
        """Return what is installed, by name. Raises MalformedMessage when the lock file cannot be read."""
        return [_installed(id_, row) for id_, row in sorted(self._rows().items())]

    def folder_of(self, id_: str) -> Path:
        """Return where the files of an installed package are."""
        return self.folder / id_ / "package"

    def install(self, content: bytes, *, expected: str | None = None, limits: Limits | None = None) -> Installed:
        """Unpack a package and lock it. `expected` is the SHA-256 it has to have.

        Raises MalformedMessage, TooLarge (bad-package) and Conflict when the checksum is another.
        """
        checksum = sha256(content)
        if expected is not None and expected.lower() != checksum:
            raise Conflict("the package has not the checksum that was asked for", code="bad-package")
        contents = read(content, limits)
        if not contents.manifest.is_r4:
            raise MalformedMessage("the package is for another version of FHIR than R4", code="bad-package")
        with self._alone():
            rows = self._rows()
            held = rows.get(contents.manifest.id)
            if held is not None and held["sha256"] != checksum:
                text = f"{contents.manifest.id} is installed with another checksum; remove it first if this is meant"
                raise Conflict(text, code="bad-package")
            if held is not None and _digest(self.folder_of(contents.manifest.id)) == held["content"]:
                return _installed(contents.manifest.id, held)
            row = self._put(contents, checksum)
            self._write(rows | {contents.manifest.id: row})
        return _installed(contents.manifest.id, row, "installed")

    def _put(self, contents: Contents, checksum: str) -> dict[str, Any]:
        """Write the files beside their place and move them there at once."""
        place = self.folder / contents.manifest.id
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as beside:
            for path, content in contents.files.items():
                target = Path(beside) / "package" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            if place.exists():
                shutil.rmtree(place)
            (Path(beside) / "package").rename(_made(place) / "package")
        return _row(contents.manifest, checksum, _digest(place / "package"), len(contents.files))

    def remove(self, id_: str) -> None:
        """Take a package away. Raises ResourceNotFound when it is not installed."""
        with self._alone():
            rows = self._rows()
            if id_ not in rows:
                raise ResourceNotFound(f"{id_} is not installed", code="not-found")
            self._write({name: row for name, row in rows.items() if name != id_})
            shutil.rmtree(self.folder / id_, ignore_errors=True)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield (package, what is wrong): files that changed or are gone, dependencies that are not installed."""
        rows = self._rows()
        names = {id_.partition("#")[0] for id_ in rows}
        for id_, row in sorted(rows.items()):
            if _digest(self.folder_of(id_)) != row["content"]:
                yield id_, "its files are not those that were installed"
            for name, version in row.get("dependencies", {}).items():
                if name not in names and name != CORE:
                    yield id_, f"it needs {name}#{version}, which is not installed"

    # --- the lock file -----------------------------------------------------------------------------------------

    def _rows(self) -> dict[str, dict[str, Any]]:
        path = self.folder / LOCK
        if not path.is_file():
            return {}
        held = json.decode(path.read_bytes())
        rows = held.get("packages") if isinstance(held, dict) else None
        if not isinstance(rows, dict):
            raise MalformedMessage(f"{LOCK} is not a lock file", code="bad-package")
        return rows

    def _write(self, rows: dict[str, dict[str, Any]]) -> None:
        path = self.folder / LOCK
        beside = path.with_suffix(".new")
        beside.write_bytes(json.encode_pretty({"packages": dict(sorted(rows.items()))}))
        beside.replace(path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from changing the folder meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".held").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _row(manifest: Manifest, checksum: str, content: str, files: int) -> dict[str, Any]:
    return {
        "sha256": checksum,
        "content": content,
        "files": files,
        "fhirVersions": list(manifest.fhir_versions),
        "dependencies": manifest.dependencies,
    }


def _installed(id_: str, row: dict[str, Any], status: Literal["installed", "unchanged"] = "unchanged") -> Installed:
    return Installed(
        id=id_,
        sha256=str(row["sha256"]),
        content=str(row["content"]),
        files=int(row["files"]),
        fhir_versions=tuple(row.get("fhirVersions", ())),
        dependencies=dict(row.get("dependencies", {})),
        status=status,
    )


def _digest(folder: Path) -> str:
    """Return one checksum of every file in a folder, with its path."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path.read_bytes())}\n".encode())
    return whole.hexdigest()
