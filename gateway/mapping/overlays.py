"""Provider overlays: what is particular to one sender, so that no mapping has to be copied for it.

`mappings/providers/<name>.yaml`; `default.yaml` says what holds for all of them.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.fhir.attachment import MAX_SIZE
from gateway.mapping import signing, yaml_tree
from gateway.mapping.spans import Problems, Span, suggestion
from gateway.mapping.yaml_tree import Node, Scalar, Sequence

ZONE = "Europe/Amsterdam"
CHARSET = "windows-1252"
MAX_ATTACHMENT = "maxAttachment"
ABSENT = ("close", "keep", "report")
SCOPES = ("everything", "site", "ward")
SHARES = ("capacity", "clinical")
KEYS = (
    "appointments", "birthCare", "charset", "codes", "freshness", "maxAttachment", "method", "namespace", "occupancy",
    "organisation", "partsOfDay", "provider", "reshape", "share", "signature", "slotHorizon", "snapshot", "stops",
    "systems", "timezone",
)  # fmt: skip
"""What an overlay may say that has a meaning of its own."""
_BASE = "https://msb-gateway.example/fhir/provider/"


@dataclass(frozen=True)
class Snapshots:
    """What is done with a table that lists everything: with the beds that it no longer lists, and when it is not whole.

    `at_least` is the share of the last list that it must have, in percent; `scope` the places that it is complete for;
    `total`: its last line says how many beds it has.
    """

    absent: str = "keep"
    at_least: int = 50
    scope: str = "site"
    total: bool = False


@dataclass(frozen=True)
class Overlay:
    """One provider. `values` is all that its file (and the default) says, for `%provider.x`."""

    name: str
    file: str
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    spans: Mapping[tuple[str, ...], Span] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def share(self) -> str:
        """Return `capacity` or `clinical`; clinical data passes the mapping only when the provider says so."""
        return str(self.values.get("share", "capacity"))

    @property
    def timezone(self) -> str:
        """Return the zone of times without an offset."""
        return str(self.values.get("timezone", ZONE))

    @property
    def charset(self) -> str:
        """Return what a message is read in when it declares no (known) character set."""
        return str(self.values.get("charset", CHARSET))

    @property
    def max_attachment(self) -> int:
        """Return how many bytes a document inside a message has at most."""
        return int(self.values.get(MAX_ATTACHMENT, MAX_SIZE))

    @property
    def namespace(self) -> uuid.UUID:
        """Return the namespace of the ids of this provider's resources."""
        own = self.values.get("namespace")
        return uuid.UUID(str(own)) if own else uuid.uuid5(uuid.NAMESPACE_URL, _BASE + self.name)

    @property
    def reshape(self) -> tuple[str, ...]:
        """Return the mappings that this provider's FHIR messages go through; without them they go as they are."""
        own = self.values.get("reshape", ())
        return tuple(map(str, own)) if isinstance(own, list | tuple) else (str(own),)

    @property
    def signature(self) -> Mapping[str, Any] | None:
        """Return how this provider signs what it sends to a webhook; None when it does not."""
        return self.values.get("signature")

    @property
    def snapshots(self) -> Mapping[str, Snapshots]:
        """Return which mappings read tables that list every bed of this provider, and what is done with the others."""
        said = self.values.get("snapshot", {})
        return {name: _snapshot(value) for name, value in said.items()}

    def codes(self, concept_map: str) -> Mapping[str, str]:
        """Return the provider's own rows for a ConceptMap: source code → target code."""
        rows = self.values.get("codes", {}).get(concept_map, {})
        return {str(code): str(target) for code, target in rows.items()}

    def value(self, path: tuple[str, ...]) -> Any:
        """Return what stands at `%provider.a.b`, or None."""
        found: Any = {"name": self.name, "share": self.share, "timezone": self.timezone, **self.values}
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def over(self, default: "Overlay | None") -> "Overlay":
        """Return this overlay with what it does not say taken from the default."""
        return Overlay(self.name, self.file, _laid(default.values, self.values), self.spans) if default else self


def read(text: str, file: str, name: str, problems: Problems) -> Overlay | None:
    """Return the overlay in a file, or None; every complaint goes to `problems`."""
    root = yaml_tree.read(text, file, problems)
    if not isinstance(root, yaml_tree.Mapping):
        if root is not None:
            problems.add(root.span, "an overlay is an object of settings")
        return None
    for check in _CHECKS:
        check(root, name, problems)
    values = MappingProxyType({key.text: _plain(value) for key, value in root})
    return Overlay(name, file, values, MappingProxyType(dict(_spans(root, ()))))


def _keys(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    """Tell keys that are nearly one with a meaning. Others are a mapping's own: it reads them as `%provider.key`."""
    for key, _value in root:
        hint = "" if key.text in KEYS else suggestion(key.text, KEYS, at_least=0.85)
        if hint:
            problems.add(key.span, f"an overlay has no '{key.text}'{hint}")


def _snapshot(said: Any) -> Snapshots:
    if not isinstance(said, Mapping):
        return Snapshots(absent=str(said))
    return Snapshots(
        absent=str(said.get("absent", "keep")),
        at_least=int(said.get("atLeast", 50)),
        scope=str(said.get("scope", "site")),
        total=bool(said.get("total", False)),
    )


def _snapshots(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    for _key, value in yaml_tree.settings(root, "snapshot", "{mapping: close, keep or report}", problems):
        _check_snapshot(value, problems)


def _check_snapshot(node: Node, problems: Problems) -> None:
    if not isinstance(node, yaml_tree.Mapping):
        _check_word(node, "absent", ABSENT, problems)
        return
    for key, value in node:
        match key.text:
            case "absent":
                _check_word(value, "absent", ABSENT, problems)
            case "scope":
                _check_word(value, "scope", SCOPES, problems)
            case "atLeast":
                if not (isinstance(value, Scalar) and type(value.value) is int and 0 <= value.value <= 100):
                    problems.add(value.span, "'atLeast' must be a percentage, from 0 to 100")
            case "total":
                if not (isinstance(value, Scalar) and type(value.value) is bool):
                    problems.add(value.span, "'total' must be true or false")
            case _:
                hint = suggestion(key.text, ("absent", "scope", "atLeast", "total"))
                problems.add(key.span, f"a snapshot has no '{key.text}'{hint}")


def _check_word(node: Node, name: str, words: tuple[str, ...], problems: Problems) -> None:
    if not (isinstance(node, Scalar) and node.text in words):
        hint = suggestion(node.text, words) if isinstance(node, Scalar) else ""
        problems.add(node.span, f"'{name}' of a snapshot must be one of {', '.join(words)}{hint}")


def _spans(node: yaml_tree.Mapping, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Yield where every key stands."""
    for key, value in node:
        yield (*path, key.text), key.span
        if isinstance(value, yaml_tree.Mapping):
            yield from _spans(value, (*path, key.text))


def _laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    both = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            both[key] = _laid(below[key], above[key])
    return MappingProxyType(both)


def _plain(node: Node) -> Any:
    if isinstance(node, yaml_tree.Mapping):
        return MappingProxyType({key.text: _plain(value) for key, value in node})
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return node.value


def _name(root: yaml_tree.Mapping, name: str, problems: Problems) -> None:
    node = root.get("provider")
    if not isinstance(node, Scalar) or node.text != name:
        problems.add(node.span if node else root.span, f"'provider' must be '{name}', as the file is called")


def _share(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    node = root.get("share")
    if node is not None and not (isinstance(node, Scalar) and node.text in SHARES):
        hint = suggestion(node.text, SHARES) if isinstance(node, Scalar) else ""
        problems.add(node.span, f"'share' must be one of {', '.join(SHARES)}{hint}")


def _zone(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    node = root.get("timezone")
    if node is None:
        return
    try:
        ZoneInfo(node.text if isinstance(node, Scalar) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(node.span, "'timezone' must be the name of a time zone, such as Europe/Amsterdam")


def _charset(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    node = root.get("charset")
    try:
        "".encode(node.text if isinstance(node, Scalar) else "utf-8")
    except LookupError:
        assert node is not None
        problems.add(node.span, "'charset' must be the name of a character set, such as windows-1252")


def _max_attachment(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    node = root.get(MAX_ATTACHMENT)
    if node is not None and not (isinstance(node, Scalar) and type(node.value) is int and node.value > 0):
        problems.add(node.span, f"'{MAX_ATTACHMENT}' must be a number of bytes above 0")


def _namespace(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    node = root.get("namespace")
    try:
        uuid.UUID(node.text if isinstance(node, Scalar) else str(uuid.NAMESPACE_URL))
    except ValueError:
        assert node is not None
        problems.add(node.span, "'namespace' must be a UUID")


def _codes(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    node = root.get("codes")
    if node is None:
        return
    maps = node.pairs if isinstance(node, yaml_tree.Mapping) else ()
    rows = [codes for _, codes in maps]
    if not isinstance(node, yaml_tree.Mapping) or not all(isinstance(codes, yaml_tree.Mapping) for codes in rows):
        problems.add(node.span, "'codes' must be an object {ConceptMap id: {source code: target code}}")


_CHECKS = (_keys, _name, _share, _zone, _charset, _max_attachment, _namespace, _codes, _snapshots, signing.check)
