"""One resource against profiles: everything that is wrong, at once.

https://hl7.org/fhir/R4/validation.html#profiles
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from gateway.errors import Issue
from gateway.fhir.types import Resource
from gateway.validation.profiles import base, bindings, constraints, fixed, matching
from gateway.validation.profiles.bindings import Finding
from gateway.validation.profiles.items import Item
from gateway.validation.profiles.library import Profile, ProfileLibrary
from gateway.validation.profiles.parts import UNSAID, Part, TypeRule
from gateway.validation.profiles.terminology import Terminology
from gateway.validation.profiles.tree import Node

_DEEPEST = 40  # elements in elements, profiles in profiles
_MOST_ISSUES = 1_000
Resolve = Callable[[str], Item | None]
Answers = dict[tuple[int, str], bool]  # whether a value (by its identity: it outlives the walk) follows a profile


class Untold(Enum):
    """The answer where nobody can tell."""

    UNTOLD = "untold"


UNTOLD = Untold.UNTOLD


class Walk:
    """Carries what is found, the resource it is found in, and which values have been held against which profiles."""

    def __init__(self, library: ProfileLibrary, root: Resource, resolve: Resolve, answers: Answers) -> None:
        self.library = library
        self.root = root
        self.resource = root  # what %resource means
        self.resolve_ = resolve
        self.issues: list[Issue] = []
        self._answers = answers
        self._open: set[tuple[int, str]] = set()  # what is being looked at
        self._seen: set[tuple[int, str, str]] = set()  # what has been told of
        self._told: set[tuple[str, str, str, str]] = set()
        self._depth = 0

    # --- what matching asks ------------------------------------------------------------------------------------

    @property
    def terminology(self) -> Terminology:
        """Return the value sets that are known."""
        return self.library.terminology

    def resolve(self, text: str) -> Item | None:
        """Return the resource a reference names, if it is in the same resource or Bundle."""
        return self.resolve_(text)

    def opened(self, node: Node) -> dict[str, Node]:
        """Return what stands in an element, its type opened."""
        return self.library.opened(node)

    def resource_type(self, url: str) -> str | None:
        """Return the type that a profile is about."""
        return self.library.type_of(url)

    def tree(self, url: str) -> Node | None:
        """Return the elements of a profile."""
        profile = self.library.profile(url)
        return profile.tree if profile else None

    def conforms(self, item: Item, url: str) -> bool | None:
        """Return whether a value follows a profile, without telling what is wrong; None when it is not known."""
        if self.library.profile(url) is None:
            return True if base.type_of(url) else None
        key = (id(item.value), url)
        if key not in self._answers:
            self._answers[key] = self._is_right(item, url)
        return self._answers[key]

    def _is_right(self, item: Item, url: str) -> bool:
        held = self.issues, self._told, self._seen
        self.issues, self._told, self._seen = [], set(), set()
        self.profile(item, url)
        is_right = all(issue.severity != "error" for issue in self.issues)
        self.issues, self._told, self._seen = held
        return is_right

    # --- profiles ----------------------------------------------------------------------------------------------

    def profile(self, item: Item, url: str) -> None:
        """Hold a value against a profile, once. One that is being looked at already (a circle) counts as right."""
        profile = self.library.profile(url)
        key, place = (id(item.value), url), (id(item.value), item.path, url)
        if profile is None or self._depth > _DEEPEST or key in self._open or place in self._seen:
            return
        self._seen.add(place)
        self._open.add(key)
        outer, self.resource = self.resource, item.value if profile.is_resource else self.resource
        self.part(item, profile.part, profile)
        self.resource = outer
        self._open.discard(key)

    def say(self, found: Finding, path: str, part: Part, profile: Profile, value: object = None) -> None:
        """Take down one finding, once."""
        key = (path, profile.url, part.id, found.text)
        if key in self._told or len(self.issues) >= _MOST_ISSUES:
            return
        self._told.add(key)
        shown = None if value is None or isinstance(value, dict | list) else str(value)[:200]
        rule = f"{profile.url}#{part.id}"
        self.issues.append(
            Issue(found.code, found.text, severity=found.severity, expression=path, rule=rule, value=shown)
        )

    # --- one value ---------------------------------------------------------------------------------------------

    def part(self, item: Item, part: Part, profile: Profile) -> None:
        """Look at one value of one element, and at what stands in it."""
        if self._depth > _DEEPEST:
            return
        self._depth += 1
        for found in self.findings(item, part):
            self.say(found, item.path, part, profile, item.value)
        for rule in part.types:
            if rule.code == item.type and rule.profiles:
                self.follows_one(item, rule.profiles, part, profile)
            if rule.code == item.type and rule.targets:
                self.points_to_one(item, rule, part, profile)
        inner = profile.part_at(part.again) if part.again else part
        for child in inner.children.values():
            self.group(item, item.children(child.name), child, profile)
        self._depth -= 1

    def findings(self, item: Item, part: Part) -> Iterable[Finding]:
        """Yield what is wrong with a value by itself: type, fixed, pattern, codes, invariants."""
        if part.types and item.type not in {rule.code for rule in part.types} and not _is_resource(part):
            allowed = ", ".join(rule.code for rule in part.types)
            yield Finding("profile-type", f"the type here is {allowed}, not {item.type}")
        if part.fixed is not UNSAID and not fixed.is_equal(item.value, part.fixed):
            yield Finding("profile-value", f"the value here is fixed{_shown(part.fixed)}")
        if part.pattern is not UNSAID and not fixed.holds(item.value, part.pattern):
            yield Finding("profile-value", f"the value here has at least{_shown(part.pattern)}")
        for binding in part.bindings:
            yield from bindings.findings(item, binding, self.terminology)
        for rule in part.constraints:
            found = constraints.finding(rule, item, self.resource, self.root, self.terminology)
            if found:
                yield found

    def follows_one(self, item: Item, urls: Sequence[str], part: Part, profile: Profile) -> None:
        """Hold a value against the profiles of its type: against the one there is, or one of several."""
        known = [url for url in urls if self.library.profile(url)]
        for url in urls:
            if url not in known and not base.type_of(url):
                text = f"the profile {url} is not known here"
                self.say(Finding("profile-unchecked", text, "information"), item.path, part, profile)
        if len(known) == 1 and len(urls) == 1:
            self.profile(item, known[0])
        elif len(known) == len(urls) and not any(self.conforms(item, url) for url in known):
            self.say(Finding("profile-type", f"this follows none of {', '.join(urls)}"), item.path, part, profile)

    def points_to_one(self, item: Item, rule: TypeRule, part: Part, profile: Profile) -> None:
        """Look at where a Reference points: to a resource of an allowed type, and of an allowed profile if here."""
        if rule.code != "Reference" or not isinstance(item.value, dict):
            return
        text = item.value.get("reference")
        found = self.resolve(text) if isinstance(text, str) else None
        type_ = found.type if found else matching.referred_type(item.value)
        types = {url: self.resource_type(url) for url in rule.targets}
        mine = [url for url, of in types.items() if of in {type_, None}]
        if type_ is None:
            return
        if not mine:
            allowed = " or ".join(sorted({of for of in types.values() if of}))
            self.say(
                Finding("profile-reference", f"this refers to {allowed}, not to {type_}"), item.path, part, profile
            )
        elif found and all(self.conforms(found, url) is False for url in mine):
            named = " or ".join(mine)
            self.say(
                Finding("profile-reference", f"the resource this refers to does not follow {named}"),
                item.path,
                part,
                profile,
            )

    # --- the values of one element -----------------------------------------------------------------------------

    def group(self, owner: Item, items: list[Item], part: Part, profile: Profile) -> None:
        """Look at everything that stands in one element: how much of it, in which slices, and each by itself."""
        path = f"{owner.path}.{part.name}"
        for found in _cardinality(len(items), part, part.name):
            self.say(found, path, part, profile)
        if part.slicing is None:
            self.each(items, part, profile)
        else:
            self.sliced(items, part, profile, path)

    def sliced(self, items: list[Item], part: Part, profile: Profile, path: str) -> None:
        """Look at the values of a sliced element, each in its slice.

        A value of which nobody can tell may be in the slice that lacks one, so it counts against no minimum.
        """
        chosen = [self.slice_at(item, part, profile) for item in items]
        counts = Counter(chosen)
        self.each([item for item, at in zip(items, chosen, strict=True) if not isinstance(at, int)], part, profile)
        for at, one in enumerate(part.slices):
            mine = [item for item, chose in zip(items, chosen, strict=True) if chose == at]
            for found in _cardinality(len(mine), one, f"{part.name}:{one.slice_name}", perhaps=counts[UNTOLD]):
                self.say(found, path, one, profile)
            if one.slicing is None:
                self.each(mine, one, profile)
            else:  # a slice that is sliced again
                self.sliced(mine, one, profile, path)
        for found, where in _rules(chosen, part):
            self.say(found, items[where].path, part, profile)

    def each(self, items: list[Item], part: Part, profile: Profile) -> None:
        """Look at each of some values by itself."""
        for item in items:
            self.part(item, part, profile)

    def slice_at(self, item: Item, part: Part, profile: Profile) -> "int | Untold | None":
        """Return which slice of an element a value belongs to: None for none, UNTOLD when nobody can tell."""
        if part.slicing is None:
            return None
        if part.slicing.by_url is not None:
            url = item.value.get("url") if isinstance(item.value, dict) else None
            return part.slicing.by_url.get(url) if isinstance(url, str) else None
        untold = False
        for at, node in enumerate(part.slicing.nodes):
            answer = matching.belongs(item, node, part.slicing.discriminators, self)
            if answer is True:
                return at
            untold |= answer is None
        if not untold:
            return None
        text = "whether this is one of the profile's slices cannot be told here"
        self.say(Finding("profile-unchecked", text, "information"), item.path, part, profile)
        return UNTOLD


def _is_resource(part: Part) -> bool:
    return any(rule.code in {"Resource", "DomainResource"} for rule in part.types)


def _shown(value: object) -> str:
    """Return a fixed value for a message: it is the profile's, never the sender's."""
    text = str(value)
    return f": {text}" if len(text) <= 120 else ""


def _cardinality(count: int, part: Part, name: str, perhaps: int = 0) -> Iterable[Finding]:
    if count + perhaps < part.low:
        yield Finding("profile-cardinality", f"{name}: at least {part.low} needed, there are {count}")
    if part.high is not None and count > part.high:
        most = f"at most {part.high} allowed" if part.high else "not allowed here"
        yield Finding("profile-cardinality", f"{name}: {most}, there are {count}")


def _rules(chosen: Sequence[int | Untold | None], part: Part) -> Iterable[tuple[Finding, int]]:
    """Yield what breaks the rules of the slicing itself: nothing outside the slices, only at the end, in order."""
    slicing = part.slicing
    if slicing is None:
        return
    last = max((where for where, at in enumerate(chosen) if isinstance(at, int)), default=-1)
    highest = -1
    for where, at in enumerate(chosen):
        if at is None:
            if slicing.rules == "closed":
                yield Finding("profile-slice", f"{part.name}: this fits none of {_slices(part)}"), where
            elif slicing.rules == "openAtEnd" and where < last:
                yield Finding("profile-slice", f"{part.name}: what fits no slice comes after the slices"), where
        elif isinstance(at, int) and slicing.is_ordered and at < highest:
            yield Finding("profile-slice", f"{part.name}: the slices come in the order {_slices(part)}"), where
        elif isinstance(at, int):
            highest = max(highest, at)


def _slices(part: Part) -> str:
    return ", ".join(str(one.slice_name) for one in part.slices)
