"""What a Subscription asks: read whole, refused with every reason, and kept as a value that a worker goes by.

Both kinds of R4 are read: a search as criteria, and a topic of ours as the guide of the R5 backport says.
https://hl7.org/fhir/R4/subscription.html, https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from gateway.errors import GatewayError, Issue
from gateway.fhir import datetime as moments
from gateway.fhir.search import AnyOf, Chain, Condition, Has, SearchRequest, bears_bsn, parse, parse_query
from gateway.notify import headers, topics
from gateway.notify.endpoints import Allowed, Refused

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
PROFILE = f"{BACKPORT}backport-subscription"
FILTER = f"{BACKPORT}backport-filter-criteria"
CONTENT = f"{BACKPORT}backport-payload-content"
HEARTBEAT, TIMEOUT, MOST = (f"{BACKPORT}backport-{name}" for name in ("heartbeat-period", "timeout", "max-count"))

FHIR_JSON, FHIR_XML = "application/fhir+json", "application/fhir+xml"
PAYLOADS = (FHIR_JSON, FHIR_XML)
CONTENTS = ("empty", "id-only", "full-resource")
_LIMITS: Mapping[str, tuple[str, int, int]] = {
    HEARTBEAT: ("valueUnsignedInt", 10, 7 * 24 * 60 * 60),
    TIMEOUT: ("valueUnsignedInt", 1, 60),
    MOST: ("valuePositiveInt", 1, 1000),
}
_NOT_SUPPORTED, _NOT_ALLOWED = "subscription-not-supported", "endpoint-not-allowed"


class Wanted(Struct, omit_defaults=True):
    """What is told, where and how. `topic` is '' where `criteria`, searches, are all there is.

    `headers` is how many it wants to be sent; `heartbeat` and `timeout` are seconds; `end` and `since` microseconds
    since 1970-01-01 UTC; `caller` is on whose behalf, as far as it decides what may be seen.
    """

    endpoint: str
    criteria: tuple[str, ...] = ()
    topic: str = ""
    payload: str = ""
    content: str = ""
    heartbeat: int = 0
    timeout: int = 0
    most: int = 1
    headers: int = 0
    end: int | None = None
    since: int = 0
    caller: dict[str, Any] = {}


_DECODER = msgspec.json.Decoder(Wanted)


def kept(about: str) -> Wanted:
    """Return what was asked, as it is kept beside a queue."""
    return _DECODER.decode(about)


class _Reader:
    def __init__(self, resource: Resource, allowed: Allowed, now: datetime) -> None:
        self.resource, self.allowed, self.now = resource, allowed, now
        self.channel: dict[str, Any] = resource.get("channel") or {}
        self.issues: list[Issue] = []
        self.topic = topics.named(str(resource.get("criteria", "")))

    def refuse(self, text: str, at: str, code: str = _NOT_SUPPORTED) -> None:
        self.issues.append(Issue(code, text, expression=f"Subscription.{at}"))

    def read(self) -> Wanted:
        wanted = Wanted(endpoint=self._endpoint(), criteria=self._criteria(), end=self._end())
        wanted.payload = self._payload()
        wanted.headers = len(self.channel.get("header", []))
        self._check_channel()
        if self.topic is not None:
            wanted.topic = self.topic.url
            wanted.content = self._content()
            limits = {url: self._limit(url) for url in _LIMITS}
            wanted.heartbeat, wanted.timeout = limits[HEARTBEAT], limits[TIMEOUT]
            wanted.most = limits[MOST] or 1
        return wanted

    def _endpoint(self) -> str:
        endpoint = str(self.channel.get("endpoint", ""))
        try:
            self.allowed.endpoint(endpoint)
        except Refused as error:
            self.refuse(str(error), "channel.endpoint", _NOT_ALLOWED)
        return endpoint

    def _check_channel(self) -> None:
        if self.channel.get("type") != "rest-hook" or "_type" in self.channel:
            self.refuse("the gateway tells subscribers by rest-hook alone", "channel.type")
        known = set(_LIMITS) if self.topic else set()
        for place, text in _unknown_extensions(self.channel.get("extension"), known):
            self.refuse(text, f"channel.extension[{place}]")
        for problem in headers.problems(self.channel.get("header", [])):
            self.refuse(problem, "channel.header")

    def _criteria(self) -> tuple[str, ...]:
        text = str(self.resource.get("criteria", ""))
        added = (self.resource.get("_criteria") or {}).get("extension", [])
        for place, problem in _unknown_extensions(added, {FILTER} if self.topic else set()):
            self.refuse(problem, f"criteria.extension[{place}]")
        if self.topic is not None:
            return tuple(self._filters(added))
        if "://" in text.partition("?")[0]:
            self.refuse(topics.refusal(), "criteria")
            return ()
        self._search(text, None, "criteria")
        return (text,)

    def _filters(self, extensions: list[dict[str, Any]]) -> Iterator[str]:
        assert self.topic is not None
        for number, extension in enumerate(extensions):
            if extension.get("url") == FILTER:
                text = str(extension.get("valueString", ""))
                self._search(text, set(self.topic.types), f"criteria.extension[{number}].value")
                yield text

    def _search(self, text: str, types: set[str] | None, at: str) -> None:
        try:
            found = parsed(text)
        except GatewayError as error:
            for issue in error.issues:
                self.issues.append(Issue(issue.code, issue.diagnostics, expression=f"Subscription.{at}"))
            return
        if types is not None and found.resource_type not in types:
            self.refuse(f"this topic is about {' and '.join(sorted(types))}", at)
        for problem in problems(found):
            self.refuse(problem, at)

    def _payload(self) -> str:
        payload = str(self.channel.get("payload", ""))
        if payload and payload not in PAYLOADS:
            self.refuse(f"a payload is {' or '.join(PAYLOADS)}", "channel.payload")
        if not payload and self.topic is not None:
            self.refuse(f"the payload of a topic is {' or '.join(PAYLOADS)}", "channel.payload")
        return payload

    def _content(self) -> str:
        extensions = (self.channel.get("_payload") or {}).get("extension", [])
        found = [extension.get("valueCode") for extension in extensions if extension.get("url") == CONTENT]
        if len(found) != 1 or found[0] not in CONTENTS:
            self.refuse(f"backport-payload-content is one of {', '.join(CONTENTS)}", "channel.payload.extension")
        return str(found[0]) if found else ""

    def _limit(self, url: str) -> int:
        name, least, most = _LIMITS[url]
        for extension in self.channel.get("extension", []):
            if extension.get("url") == url:
                value = extension.get(name)
                if isinstance(value, int) and least <= value <= most:
                    return value
                self.refuse(f"{url.rpartition('/')[2]} is from {least} to {most}", "channel.extension")
        return 0

    def _end(self) -> int | None:
        text = self.resource.get("end")
        moment = moments.read(text) if isinstance(text, str) else None
        if moment is None:
            return None
        if moment.low <= self.now.timestamp() * 1_000_000:
            self.refuse("it ended before it began", "end")
        return moment.low


def read(resource: Resource, allowed: Allowed, now: datetime) -> tuple[Wanted, list[Issue]]:
    """Return what a Subscription that is valid FHIR asks, and every reason why it cannot have it."""
    reader = _Reader(resource, allowed, now)
    return reader.read(), reader.issues


def types(wanted: Wanted) -> tuple[str, ...]:
    """Return the types of resources that somebody wants to be told of."""
    topic = topics.named(wanted.topic)
    return topic.types if topic is not None else tuple(parsed(text).resource_type for text in wanted.criteria)


def parsed(criteria: str) -> SearchRequest:
    """Return the search that criteria are: `Type?name=value`. Raises BadRequest."""
    resource_type, _, query = criteria.partition("?")
    return parse_query(resource_type, query) if query else parse(resource_type, [])


def problems(request: SearchRequest) -> Iterator[str]:
    """Yield why a search cannot be what somebody is told by."""
    if bears_bsn(request.applied):
        yield "criteria stand in a resource that others read, and may not hold a BSN"
    if any(map(_looks_further, request.conditions)):
        yield "criteria look at the resource itself: no chains and no _has"
    if len(request.conditions) < len(request.applied):
        yield "criteria say which resources, and not how they are shown: no sorting, paging or including"


def _looks_further(condition: Condition) -> bool:
    if isinstance(condition, AnyOf):
        return any(map(_looks_further, condition.conditions))
    return isinstance(condition, Chain | Has)


def _unknown_extensions(extensions: Any, known: set[str]) -> Iterator[tuple[int, str]]:
    """Yield the place of each extension of the backport that is not served here; others may stand there."""
    for number, extension in enumerate(extensions or []):
        url = str(extension.get("url", ""))
        if url.startswith(BACKPORT) and url not in known:
            yield number, f"{url.removeprefix(BACKPORT)} is not supported here"
