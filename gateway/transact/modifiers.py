"""Extensions that change what a resource says: one that is not known is refused, for it would be read wrongly.

https://hl7.org/fhir/R4/extensibility.html#modifierExtension
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.errors import InvalidResource, Issue
from gateway.transact.entries import Entry
from gateway.validation.validator import Validator

NAME = "modifierExtension"


def check(entries: Sequence[Entry], validator: Validator) -> None:
    """Raise InvalidResource with each modifier extension that no installed package defines."""
    found = [
        entry.at(Issue("unknown-modifier", _TEXT, expression=path, value=url))
        for entry in entries
        for path, url in _modifiers(entry.resource, entry.type)
        if not _is_known(url, validator)
    ]
    if found:
        raise InvalidResource(found)


_TEXT = "this extension changes what the resource says, and no installed package defines it: nothing of it was used"


def _is_known(url: Any, validator: Validator) -> bool:
    return isinstance(url, str) and validator.profiles is not None and validator.profiles.type_of(url) == "Extension"


def _modifiers(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the place and the url of each modifier extension, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _modifiers(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == NAME and isinstance(inner, list):
                urls = ((i, one.get("url") if isinstance(one, dict) else None) for i, one in enumerate(inner))
                yield from ((f"{path}.{NAME}[{index}]", url) for index, url in urls)
            else:
                yield from _modifiers(inner, f"{path}.{name}")
