"""The search parameters of the installed packages. https://hl7.org/fhir/R4/searchparameter.html"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.fhir import json
from gateway.fhirpath import FhirPathError
from gateway.fhirpath import compile as compiled
from gateway.validation.packages.store import PackageStore

_log = logging.getLogger(__name__)


def search_parameters(folder: Path) -> list[dict[str, Any]]:
    """Return the SearchParameter resources of the packages in `folder` that can be used, the others told in the log.

    Raises MalformedMessage (bad-package) for a lock file or a resource that cannot be read.
    """
    if not folder.is_dir():
        return []
    store = PackageStore(folder)
    paths = [
        path for each in store.installed() for path in sorted(store.folder_of(each.id).glob("SearchParameter-*.json"))
    ]
    return [found for path in paths if (found := _read(path)) is not None]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.decode(path.read_bytes())
    except GatewayError as error:
        raise type(error)(f"{path.name} cannot be read: {error}", code="bad-package") from error
    if found.get("resourceType") != "SearchParameter":
        return None
    try:
        for alternative in str(found.get("expression", "")).split(" | "):
            if alternative:
                compiled(alternative)
    except FhirPathError as error:
        _log.warning("search-parameter-left-out: %s of %s: %s", path.name, path.parent.parent.name, error)
        return None
    return found
