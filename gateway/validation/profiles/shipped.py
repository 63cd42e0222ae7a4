"""The profiles a gateway knows: its own, and those of the packages that are installed."""

from collections.abc import Iterable
from pathlib import Path

from gateway.data import shipped
from gateway.fhir.xml import read as read_xml
from gateway.validation.packages import PackageStore, read
from gateway.validation.profiles.definitions import Definitions
from gateway.validation.profiles.library import ProfileLibrary

_READERS = {".xml": read_xml}


def library(installed: Path | None = None, more: Iterable[Path] = ()) -> ProfileLibrary:
    """Return the profiles of the gateway, of the packages in the folder `installed`, and of `more`.

    Each of `more` is a package (`.tgz`), a file or a folder with definitions, in JSON or XML; they come first. Raises
    MalformedMessage (bad-package) for a package or a lock file that cannot be read.
    """
    definitions = Definitions()
    for path in more:
        add(definitions, path)
    for path in sorted(shipped("profiles").glob("*.json")):
        definitions.add_folder(path)
    if installed is not None and installed.is_dir():
        store = PackageStore(installed)
        for package in store.installed():
            definitions.add_folder(store.folder_of(package.id))
    return ProfileLibrary(definitions)


def add(definitions: Definitions, path: Path) -> None:
    """Add the definitions of a package, a file or a folder. Raises MalformedMessage (bad-package) for a bad package."""
    if path.suffix in {".tgz", ".gz"} and not path.name.endswith(".json.gz"):
        for name, content in read(path.read_bytes()).files.items():
            if name.endswith(".json") and "/" not in name:
                definitions.add_content(content, f"{path.name}/{name}")
    else:
        definitions.add_folder(path, _READERS)
