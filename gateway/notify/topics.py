"""The topics that can be subscribed to: which change of which resource is an event of which.

A topic is published as a Basic resource, as the guide of the R5 backport says; `gateway.notify.published` makes it.
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics-in-fhir-r4
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Content = Mapping[str, Any]
Change = Callable[[Content | None, Content | None], bool]
"""Whether it is an event that the first became the second; None where there was none, or is none any more."""

BASE = "https://msb-gateway.example/fhir/SubscriptionTopic/"
_OURS = "https://msb-gateway.example/fhir/StructureDefinition/"
_MOMENTS = frozenset({f"{_OURS}capacity-{name}" for name in ("freshness", "measured-at", "received-at")})
_HOLD = f"{_OURS}slot-hold"
_BREAK_GLASS = ("https://msb-gateway.example/fhir/CodeSystem/consent-basis", "break-glass")
_ANSWERS = frozenset({"accepted", "rejected"})
_STOPPED = frozenset({"stop", "threatened"})  # who is closed has not ended its stop


@dataclass(frozen=True, slots=True)
class Trigger:
    """A change of one type of resource; `on` says which, `path` in FHIRPath what `is_event` decides, where it can."""

    type: str
    on: tuple[str, ...]
    is_event: Change
    path: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """What can be subscribed to, by its name."""

    name: str
    title: str
    description: str
    triggers: tuple[Trigger, ...]

    @property
    def url(self) -> str:
        """Return its canonical URL."""
        return BASE + self.name

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types of resources that it is about."""
        return tuple(trigger.type for trigger in self.triggers)

    def trigger(self, resource_type: str) -> Trigger | None:
        """Return what makes a change of a type an event, None when nothing does."""
        return next((trigger for trigger in self.triggers if trigger.type == resource_type), None)


def _says_more(previous: Content | None, current: Content | None) -> bool:
    """Return whether anything is other than before, but for the moment at which it was so."""
    return _said(previous) != _said(current)


def _said(content: Content | None) -> dict[str, Any] | None:
    if content is None:
        return None
    said = {name: value for name, value in content.items() if name not in {"meta", "text"}}
    said["extension"] = [one for one in content.get("extension", []) if one.get("url") not in _MOMENTS]
    return said


def _is_capacity(previous: Content | None, current: Content | None) -> bool:
    return _says_more(previous, current) and any(
        one.get("url") == f"{_OURS}capacity-source" for one in ((current or previous or {}).get("extension", []))
    )


def _stop(content: Content | None) -> str:
    """Return what a service says of its stop, '' where it says nothing."""
    for extension in (content or {}).get("extension", []):
        if extension.get("url") == f"{_OURS}capacity-stop":
            parts = {part.get("url"): part.get("valueCode") for part in extension.get("extension", [])}
            return str(parts.get("status") or "")
    return ""


def _is_stop(previous: Content | None, current: Content | None) -> bool:
    return _stop(current) in _STOPPED and _stop(current) != _stop(previous)


def _is_end_of_stop(previous: Content | None, current: Content | None) -> bool:
    return _stop(previous) in _STOPPED and _stop(current) in {"open", ""}


def _is_new(previous: Content | None, current: Content | None) -> bool:
    return previous is None and current is not None


def _is_answer(previous: Content | None, current: Content | None) -> bool:
    before, after = ((content or {}).get("status") for content in (previous, current))
    return after in _ANSWERS and after != before


def _holds(content: Content | None) -> set[tuple[str, str]]:
    """Return the holds that a place tells of: when each ended, and how ('': it has not)."""
    found = set()
    for extension in (content or {}).get("extension", []):
        if extension.get("url") == _HOLD:
            parts = {part.get("url"): part for part in extension.get("extension", [])}
            at, ended = parts.get("endedAt", {}), parts.get("ended", {})
            found.add((str(at.get("valueInstant")), str(ended.get("valueCode", ""))))
    return found


def _is_end_of_hold(previous: Content | None, current: Content | None) -> bool:
    if current is None:
        return any(not ended for _, ended in _holds(previous))
    return any(ended for _, ended in _holds(current) - _holds(previous))


def _is_expired_hold(previous: Content | None, current: Content | None) -> bool:
    return any(ended == "expired" for _, ended in _holds(current) - _holds(previous))


def _is_break_glass(previous: Content | None, current: Content | None) -> bool:
    """Return whether something is opened in an emergency, confirmed or closed."""
    bases = (coding for one in (current or {}).get("category", []) for coding in one.get("coding", []))
    is_one = any((coding.get("system"), coding.get("code")) == _BREAK_GLASS for coding in bases)
    return is_one and _says_more(previous, current)


_EVERY, _WRITTEN = ("create", "update", "delete"), ("create", "update")
_ENDED = f"extension('{_HOLD}').extension.where(url = 'ended').value"
_STATUS = f"extension('{_OURS}capacity-stop').extension.where(url = 'status').value"

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        topic.url: topic
        for topic in (
            Topic(
                "capacity-changed",
                "Capacity changed",
                "A bed, a place, a period or a count of places says something else than before, or is gone.",
                (
                    Trigger("Slot", _EVERY, _says_more),
                    Trigger("Location", _EVERY, _is_capacity),
                    Trigger("MeasureReport", _EVERY, _is_capacity),
                ),
            ),
            Topic(
                "stop-announced",
                "Stop announced",
                "A service says that nobody may be brought, or that this is coming.",
                (
                    Trigger(
                        "HealthcareService",
                        _WRITTEN,
                        _is_stop,
                        f"%current.{_STATUS} in ('stop' | 'threatened') and %current.{_STATUS} != %previous.{_STATUS}",
                    ),
                ),
            ),
            Topic(
                "stop-ended",
                "Stop ended",
                "A service says no longer that nobody may be brought, or is gone.",
                (
                    Trigger(
                        "HealthcareService",
                        _EVERY,
                        _is_end_of_stop,
                        f"%previous.{_STATUS} in ('stop' | 'threatened') "
                        f"and (%current.{_STATUS}.empty() or %current.{_STATUS} = 'open')",
                    ),
                ),
            ),
            Topic(
                "referral-received",
                "Referral received",
                "A request to take somebody over is here for the first time.",
                (Trigger("ServiceRequest", ("create",), _is_new, "%previous.empty()"),),
            ),
            Topic(
                "referral-answered",
                "Referral answered",
                "A provider accepts or refuses a referral that was put to it.",
                (
                    Trigger(
                        "Task",
                        _WRITTEN,
                        _is_answer,
                        "%current.status in ('accepted' | 'rejected') and %current.status != %previous.status",
                    ),
                ),
            ),
            Topic(
                "hold-expired",
                "Hold expired",
                "A place is held no longer for a request, because the time of that has passed.",
                (
                    Trigger(
                        "Slot",
                        ("update",),
                        _is_expired_hold,
                        f"%current.{_ENDED}.where($this = 'expired').exists() "
                        f"and %previous.extension('{_HOLD}').where(extension.where(url = 'ended').empty()).exists()",
                    ),
                ),
            ),
            Topic(
                "hold-ended",
                "Hold ended",
                "A place is held no longer for a request: its time has passed, it was given back or booked, the "
                "request was withdrawn, its source says that it is taken, or it is gone. The Slot tells which.",
                (Trigger("Slot", ("update", "delete"), _is_end_of_hold),),
            ),
            Topic(
                "break-glass",
                "Record opened in an emergency",
                "Somebody of another organisation opened the record of a patient in an emergency, confirmed that, or "
                "closed it. The Consent tells who, why, what of it and until when.",
                (
                    Trigger(
                        "Consent",
                        _WRITTEN,
                        _is_break_glass,
                        "%current.category.coding.where(code = 'break-glass').exists()",
                    ),
                ),
            ),
        )
    }
)
"""The topics by their canonical URLs."""


def named(canonical: str) -> Topic | None:
    """Return the topic of a canonical URL, None when there is none of it."""
    return TOPICS.get(canonical.partition("|")[0])


def refusal() -> str:
    """Return why a canonical URL is no topic here, and what is."""
    return f"no topic of that URL is served; the topics are {', '.join(TOPICS)}"
