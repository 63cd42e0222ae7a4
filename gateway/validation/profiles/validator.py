"""Resources against the profiles they claim in `meta.profile`, and those that are asked for.

https://hl7.org/fhir/R4/profiling.html#profiles
"""

from collections.abc import Iterable, Iterator, Sequence

from gateway.errors import Issue, Severity
from gateway.fhir.types import Resource
from gateway.validation.profiles import base
from gateway.validation.profiles.bindings import Finding
from gateway.validation.profiles.extensions import extensions, may_stand
from gateway.validation.profiles.items import Item, of_resource
from gateway.validation.profiles.library import Profile, ProfileLibrary
from gateway.validation.profiles.walk import Answers, Walk

_MOST_ENTRIES = 20_000
_MOST_CLAIMS = 50  # of one resource
_MOST_ISSUES = 1_000


def claims(resource: Resource) -> bool:
    """Return whether a resource, or one in it, claims a profile; cheap, for those that do not."""
    meta = resource.get("meta")
    if isinstance(meta, dict) and "profile" in meta:
        return True
    if resource.get("resourceType") == "Bundle" and isinstance(resource.get("entry"), list):
        return any(isinstance(one, dict) and _claims(one.get("resource")) for one in resource["entry"])
    held = resource.get("contained")
    return isinstance(held, list) and any(map(_claims, held))


def _claims(resource: object) -> bool:
    return isinstance(resource, dict) and claims(resource)


def profile_issues(library: ProfileLibrary, resource: Resource, asked: Sequence[str] = ()) -> list[Issue]:
    """Return everything wrong with a resource by its profiles: those `asked` for, and those it claims.

    A Bundle is looked into, and so is what is contained; what is asked for is asked of the Bundle's resources of that
    type. A claimed profile that is not known is a warning; one that is asked for and not known is an error.
    """
    issues: list[Issue] = []
    answers: Answers = {}
    for item, around in _resources(resource):
        wanted = dict.fromkeys([*_asked_of(item, resource, asked, library), *_claimed(item.value)])
        if not wanted:
            continue
        for url in wanted:
            issues += _unknown(library, item, url, is_asked=url in asked)
        if any(library.profile(url) for url in wanted):
            issues += _found(Walk(library, around, _Resolver(resource, around), answers), item, wanted)
        if len(issues) > _MOST_ISSUES:
            break
    return issues[:_MOST_ISSUES]


def _asked_of(item: Item, resource: Resource, asked: Sequence[str], library: ProfileLibrary) -> list[str]:
    """Return which profiles a resource is held against: of a Bundle's resources those about their type."""
    if resource.get("resourceType") != "Bundle":
        return list(asked) if item.value is resource else []
    kinds = {entry.type for entry, _ in _resources(resource)} if item.value is resource else set()
    about = {url: library.type_of(url) for url in asked}
    return [url for url, kind in about.items() if kind == item.type or (item.value is resource and kind not in kinds)]


def _found(walk: Walk, item: Item, wanted: Iterable[str]) -> list[Issue]:
    for url in wanted:
        if walk.resource_type(url) == item.type:
            walk.profile(item, url)
    _look_at_extensions(walk, item)
    return walk.issues


def _claimed(resource: Resource) -> list[str]:
    held = (resource.get("meta") or {}).get("profile") if isinstance(resource.get("meta") or {}, dict) else None
    return [url for url in held[:_MOST_CLAIMS] if isinstance(url, str)] if isinstance(held, list) else []


def _unknown(library: ProfileLibrary, item: Item, url: str, *, is_asked: bool) -> list[Issue]:
    profile = library.profile(url)
    if profile is not None and profile.type == item.type:
        return []
    path = f"{item.path}.meta.profile"
    if profile is not None or (library.type_of(url) not in {None, item.type}):
        about = profile.type if profile else library.type_of(url)
        return [
            Issue("profile-type", f"this profile is about {about}, not about {item.type}", expression=path, rule=url)
        ]
    if base.type_of(url):
        return []
    severity: Severity = "error" if is_asked else "warning"
    if url in library.problems:
        text = f"this profile cannot be used: {library.problems[url]}"
        return [Issue("bad-profile", text, severity=severity, expression=path, rule=url)]
    return [Issue("profile-unknown", "this profile is not known here", severity=severity, expression=path, rule=url)]


def _resources(resource: Resource, path: str | None = None) -> Iterator[tuple[Item, Resource]]:
    """Yield a resource and those in it: contained ones, and those of a Bundle's entries, each with its container."""
    item = of_resource(resource, path)
    yield item, resource
    for inner in item.children("contained"):
        if isinstance(inner.value, dict):
            yield inner, resource
    for entry in item.children("entry")[:_MOST_ENTRIES] if item.type == "Bundle" else ():
        for inner in entry.children("resource"):
            if isinstance(inner.value, dict):
                yield from _resources(inner.value, inner.path)


class _Resolver:
    """Finds what a reference names: a contained resource, or an entry of the same Bundle."""

    def __init__(self, root: Resource, around: Resource) -> None:
        held = around.get("contained")
        parts = [one for one in held if isinstance(one, dict) and "id" in one] if isinstance(held, list) else []
        self.contained = {f"#{one['id']}": one for one in parts}
        self.root = root
        self._entries: dict[str, Resource] | None = None

    def __call__(self, text: str) -> Item | None:
        """Return the resource, or None when it is not here."""
        found = self.contained.get(text) if text.startswith("#") else self.entries().get(text)
        return of_resource(found) if found else None

    def entries(self) -> dict[str, Resource]:
        if self._entries is None:
            self._entries = dict(_named(self.root.get("entry") or [])) if _is_bundle(self.root) else {}
        return self._entries


def _is_bundle(resource: Resource) -> bool:
    return resource.get("resourceType") == "Bundle" and isinstance(resource.get("entry"), list)


def _named(entries: Iterable[object]) -> Iterator[tuple[str, Resource]]:
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(resource, dict):
            continue
        if isinstance(entry.get("fullUrl"), str):
            yield entry["fullUrl"], resource
        if "id" in resource:
            yield f"{resource.get('resourceType')}/{resource['id']}", resource


def _look_at_extensions(walk: Walk, item: Item) -> None:
    """Hold every extension against its own definition, where that is known."""
    for found in extensions(item):
        url = found.item.value.get("url") if isinstance(found.item.value, dict) else None
        profile = walk.library.profile(url) if isinstance(url, str) and ":" in url else None
        if profile is None or profile.type != "Extension":
            continue
        walk.profile(found.item, profile.url)
        if not may_stand(found, profile.contexts):
            walk.say(_misplaced(profile), found.item.path, profile.part, profile)


def _misplaced(profile: Profile) -> Finding:
    return Finding("profile-type", f"this extension stands on {', '.join(profile.contexts)} only")
