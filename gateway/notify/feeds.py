"""The onward feeds of an operator: which resources go to which partner's FHIR server, or numbers to who takes no FHIR.

A file of YAML, read once at start and checked whole:

    feeds:
      - name: region
        to: https://lpz.example/fhir
        resources: [Slot, Schedule, "Location?status=active"]
        token: /run/secrets/region
      - name: national
        kind: lpz-csv
        to: https://national.example/capacity
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from gateway.errors import BadSettings, GatewayError, Issue
from gateway.fhir.search import SearchRequest
from gateway.notify.endpoints import Allowed, Refused
from gateway.notify.subscription import Wanted, parsed, problems

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_KEYS = ("name", "kind", "to", "resources", "token", "most")
_KINDS = ("fhir", "lpz-json", "lpz-csv")
_OF_CAPACITY = ("HealthcareService", "Slot")
_READ_WITH_IT = ("Location", "Organization", "Schedule")
_MOST_IN_A_BUNDLE = 500


@dataclass(frozen=True, slots=True)
class Feed:
    """One partner: where to, what it gets, and the file of the token that is shown to it.

    Of the kind `fhir` that is the base of a FHIR server, and gets resources; of the others an endpoint that gets lines.
    """

    name: str
    to: str
    resources: tuple[str, ...]
    token: Path | None = None
    most: int = 50
    kind: Literal["fhir", "lpz-json", "lpz-csv"] = "fhir"

    @property
    def queue(self) -> str:
        """Return the name of its queue."""
        return f"feed/{self.name}"

    @property
    def types(self) -> frozenset[str]:
        """Return the types of resources that it may see."""
        told = frozenset(parsed(criteria).resource_type for criteria in self.resources)
        return told if self.kind == "fhir" else told.union(_READ_WITH_IT)

    def wanted(self) -> Wanted:
        """Return what it is to be told; it sees no other type."""
        caller = {"organisation": "msb-gateway", "name": self.queue, "types": sorted(self.types)}
        return Wanted(self.to, self.resources, most=self.most, caller=caller)


def read(path: Path, allowed: Allowed) -> tuple[Feed, ...]:
    """Return the feeds of a file. Raises BadSettings with everything that is wrong with it."""
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise BadSettings(f"GATEWAY_FEEDS: {path} cannot be read as YAML: {type(error).__name__}") from error
    listed = content.get("feeds") if isinstance(content, dict) and set(content) == {"feeds"} else None
    if not isinstance(listed, list):
        raise BadSettings(f"GATEWAY_FEEDS: {path} must hold `feeds:`, a list, and nothing else")
    found = [text for number, one in enumerate(listed) for text in _problems(one, number, allowed)]
    names = [str(one.get("name")) for one in listed if isinstance(one, dict)]
    found += [f"feeds: more than one is called {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    if found:
        raise BadSettings([Issue("bad-settings", f"GATEWAY_FEEDS: {text}") for text in found])
    return tuple(_feed(one) for one in listed)


def _feed(one: dict[str, Any]) -> Feed:
    token = Path(one["token"]) if "token" in one else None
    kind = one.get("kind", "fhir")
    resources, to = (one["resources"], one["to"].rstrip("/")) if kind == "fhir" else (_OF_CAPACITY, one["to"])
    return Feed(one["name"], to, tuple(resources), token, int(one.get("most", 50)), kind)


def _problems(one: Any, number: int, allowed: Allowed) -> Iterator[str]:
    at = f"feeds[{number}]"
    if not isinstance(one, dict):
        yield f"{at} is no mapping"
        return
    if unknown := sorted(map(str, set(one) - set(_KEYS))):
        yield f"{at}: {', '.join(unknown)} is not known; known are {', '.join(_KEYS)}"
    if not _NAME.fullmatch(str(one.get("name", ""))):
        yield f"{at}.name is small letters, digits and hyphens"
    try:
        allowed.endpoint(str(one.get("to", "")))
    except Refused as error:
        yield f"{at}.to: {error}"
    if "token" in one and not Path(str(one["token"])).is_file():
        yield f"{at}.token: no file {one['token']}"
    most = one.get("most", 50)
    if not isinstance(most, int) or not 1 <= most <= _MOST_IN_A_BUNDLE:
        yield f"{at}.most is from 1 to {_MOST_IN_A_BUNDLE}"
    kind = one.get("kind", "fhir")
    if kind not in _KINDS:
        yield f"{at}.kind is one of {', '.join(_KINDS)}"
    elif kind == "fhir":
        yield from _problems_of_resources(one.get("resources"), f"{at}.resources")
    elif "resources" in one:
        yield f"{at}.resources: a feed of the kind {kind} tells of all capacity and of nothing else; leave it out"


def _problems_of_resources(listed: Any, at: str) -> Iterator[str]:
    if not isinstance(listed, list) or not listed or not all(isinstance(text, str) for text in listed):
        yield f"{at} is a list of types or searches: [Slot, 'Location?status=active']"
        return
    for text in listed:
        try:
            request: SearchRequest = parsed(text)
        except GatewayError as error:
            yield from (f"{at}: {issue.diagnostics}" for issue in error.issues)
        else:
            yield from (f"{at}: {problem}" for problem in problems(request))
