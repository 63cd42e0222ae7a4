"""What generated code of a map in FML does with its targets, followed by a tracer as every mapping is."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from gateway.errors import Place
from gateway.fhir.frozen import frozen
from gateway.fhirpath import RUNTIME
from gateway.fhirpath.runtime.types import is_type
from gateway.fhirpath.values import Typed
from gateway.mapping.compiler.rules import Rule
from gateway.mapping.findings import Language
from gateway.mapping.fml.slots import Slot
from gateway.mapping.fml.structures import is_resource
from gateway.mapping.ir import Policy
from gateway.mapping.looks import Pair, Read
from gateway.mapping.pieces import plain
from gateway.mapping.shapes import full
from gateway.mapping.tracer import Made, Thunk, Tracer

TYPE = "@xsi:type"
"""Where an object of a v3 document keeps the type it was created as."""
_SYSTEM: dict[type, str] = {str: "string", bool: "boolean", int: "integer", Decimal: "decimal"}


class Resource:
    """A source that is a FHIR resource: each part of it is found by its identity, and named by its JSON pointer."""

    def __init__(self, root: Any) -> None:
        self.root = root  # kept, so that identities stay what they are
        self.pointers: dict[int, str] = {}
        self._walk(root, "")

    def _walk(self, value: Any, pointer: str) -> None:
        if isinstance(value, dict | list) or (isinstance(value, str) and len(value) > 1):
            self.pointers.setdefault(id(value), pointer)
        if isinstance(value, dict):
            for key, inner in value.items():
                self._walk(inner, f"{pointer}/{key}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                self._walk(inner, f"{pointer}/{index}")

    def read(self, value: Any) -> Read | None:
        """Return the look at a part of the resource; None for a value that is none."""
        pointer = self.pointers.get(id(value))
        return None if not pointer else Read(self, (pointer,), value, passed=isinstance(value, dict))

    def place(self, pointer: str) -> Place:
        """Return where that stands."""
        return Place(pointer)


Where: TypeAlias = Callable[[Pair], bool] | None


@frozen()
class Limits:
    """Which items of a source are meant, and how many there must be."""

    type: str | None = None
    mode: str | None = None
    least: int = 0
    most: str = "*"

    def allow(self, number: int) -> bool:
        """Return whether there may be so many."""
        return number >= self.least and not (self.most.isdigit() and number > int(self.most))


class Targets(Tracer):
    """The `T` of the code of a map in FML."""

    result: Any = None
    whole_result = False  # the target itself is wanted, not the resources to store

    def __init__(self, rules: Sequence[Rule], policy: Policy, language: Language) -> None:
        super().__init__(rules, policy, language)
        self._pruned: dict[int, Any] = {}  # what groups gave back: nothing in it is empty
        self._copies: dict[int, tuple[Any, str]] = {}  # what was copied out of the message, and where that stands
        self.known: Resource | None = None  # where the parts of a source that is a resource stand

    # ---- sources

    def source(
        self, rule: int, thunk: Thunk, many: bool, limits: Limits, where: Where = None, default: Thunk | None = None,  # noqa: FBT001 - generated code
    ) -> Iterator[Pair]:  # fmt: skip
        """Yield the items of a source, each with what was read for it."""
        values, reads = self._evaluated(rule, thunk, [] if many else None, fire=False)
        found = [v for v in values or () if v is not None] if many else [] if values is None else [values]
        if limits.type:
            found = [value for value in found if is_type(value, limits.type)]
        pairs = [(value, tuple(read for read in reads if read.value is value) or reads) for value in found]
        if where is not None:
            pairs = [pair for pair in pairs if where(pair)]
        if not pairs and default is not None:
            value, read = self._evaluated(rule, default, None, fire=False)
            pairs = [(value, read)] if value is not None else []
        if not limits.allow(len(pairs)):
            self._count_wrong(rule, reads, f"{limits.least}..{limits.most}")
        for pair in self._chosen(pairs, limits.mode, rule, reads):
            self.fired_rules.add(rule)
            yield pair

    def _chosen(self, pairs: list[Pair], mode: str | None, rule: int, reads: tuple[Read, ...]) -> list[Pair]:
        if mode == "only_one" and len(pairs) > 1:
            self._count_wrong(rule, reads, "0..1")
        cuts = {"first": pairs[:1], "not_first": pairs[1:], "last": pairs[-1:], "not_last": pairs[:-1]}
        return cuts.get(mode or "", pairs)

    def _count_wrong(self, rule: int, reads: tuple[Read, ...], wanted: str) -> None:
        at = [read for read in reads if read.owner is not None][:1]
        self._say("required-missing", self._text("cardinality", wanted=wanted), "error", rule, at)
        self.failed = True

    # ---- targets

    def child(self, holder: dict[str, Any], slot: Slot, rule: int, type_name: str | None = None) -> dict[str, Any]:
        """Return the object of an element: a new one, or the one that an element that does not repeat has."""
        key = slot.chosen(type_name) or slot.key
        made: dict[str, Any] = {TYPE: type_name} if slot.open and type_name else {}
        if not slot.open and is_resource(type_name):
            made["resourceType"] = type_name
        there = holder.get(key)
        if slot.listed is False and isinstance(there, dict) and not made:
            return there
        self._hold(holder, key, slot, made, Made(holder, rule, (), fixed=False))
        return made

    def box(self) -> dict[str, Any]:
        """Return what holds a plain value while rules fill it."""
        return {}

    def shared(self, held: dict[str, Any], name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the object that rules of one run of a group share under a name."""
        if name not in held:
            held[name] = make()
        found: dict[str, Any] = held[name]
        return found

    def assign(
        self, holder: dict[str, Any], slot: Slot, rule: int, thunk: Thunk, many: bool, type_name: str | None,  # noqa: FBT001 - generated code
    ) -> Pair:  # fmt: skip
        """Put the value (of an element that repeats, all values) of a transform; return it with what was read."""
        values, reads = self._evaluated(rule, thunk, [] if many else None)
        found = [value for value in (values if many else [values]) if full(bare_json(value))]
        if slot.listed is not True and len(found) > 1 and not slot.open:
            self._say("rule-failed", self._text("several", element=slot.key), "error", rule, reads[:1])
            self._failed()
        last: Any = None
        for value in found if slot.listed or slot.open else found[:1]:
            own = tuple(read for read in reads if read.value is value) or reads
            last = self._assigned(holder, slot, rule, value, type_name, own)
        return last, reads

    def _assigned(
        self, holder: dict[str, Any], slot: Slot, rule: int, value: Any, type_name: str | None, reads: tuple[Read, ...]
    ) -> Any:  # fmt: skip
        actual = value.type if type(value) is Typed else type_name or _SYSTEM.get(type(value))
        key = slot.chosen(actual) or slot.chosen(_SYSTEM.get(type(bare_json(value)))) or slot.key
        json = _fitting(self._json(value), slot.type if not slot.choices else None)
        self._hold(holder, key, slot, json, Made(holder, rule, reads, fixed=not reads))
        partner = value.partner if type(value) is Typed else None
        if partner and slot.listed is False:
            holder[f"_{key}"] = deepcopy(partner)
        return json

    def _hold(self, holder: dict[str, Any], key: str, slot: Slot, value: Any, made: Made) -> None:
        if slot.listed is None and key in holder:  # a second one: it repeats
            before = holder[key] if isinstance(holder[key], list) else [holder[key]]
            if before is not holder[key] and (first := self.made.get((id(holder), key))):
                self.made[id(before), 0] = first
            holder[key] = before
            self._put(before, None, value, made._replace(holder=before))
        elif slot.listed:
            items = holder.setdefault(key, [])
            self.made.setdefault((id(holder), key), made)
            self._put(items, None, value, made._replace(holder=items))
        else:
            self._put(holder, key, value, made)

    def lay(self, holder: dict[str, Any], rule: int, thunk: Thunk, many: bool) -> None:  # noqa: FBT001 - generated code only
        """Lay the elements of an object over a target, or give a plain target its value."""
        values, reads = self._evaluated(rule, thunk, [] if many else None)
        for value in values if many else [values]:
            json = self._json(value)
            if isinstance(json, dict):
                if not holder:
                    self._copied(bare_json(value), json, holder)
                for key, inner in json.items():
                    origin = self.made.get((id(json), key)) or Made(holder, rule, reads, fixed=False)
                    holder[key] = inner
                    self.made[id(holder), key] = origin._replace(holder=(holder, json))
            elif full(json):
                self._put(holder, "value", json, Made(holder, rule, reads, fixed=not reads))

    def pointer(self, value: Any) -> str | None:
        """Return where an object or array of the message stands, or the one that it was copied from."""
        held = self._copies.get(id(value))
        return held[1] if held is not None else super().pointer(value)

    def _copied(self, value: Any, json: Any, holder: Any) -> None:
        """Remember where the objects and arrays of a copy come from: what is read in them is read there."""
        pointer = self.pointer(value)
        if pointer is not None:
            self._copies[id(holder)] = (holder, pointer)
        for key in value if isinstance(value, dict) else range(len(value)):
            if isinstance(value[key], dict | list):
                self._copied(value[key], json[key], json[key])

    def unbox(self, holder: dict[str, Any], slot: Slot, rule: int, box: dict[str, Any]) -> None:
        """Put the value that rules gave to a plain element, and its extensions."""
        made = self.made.get((id(box), "value"), Made(holder, rule, (), fixed=False))
        if full(box.get("value")):
            self._hold(holder, slot.key, slot, box["value"], made)
        rest = {key: value for key, value in box.items() if key != "value" and full(value)}
        if rest and not slot.listed:
            holder[f"_{slot.key}"] = rest

    def front(self, holder: dict[str, Any], slot: Slot) -> None:
        """Put the last item of a list first."""
        items = holder.get(slot.key)
        if isinstance(items, list) and len(items) > 1:
            self._reorder(items, [len(items) - 1, *range(len(items) - 1)])

    def enter_at(self, path: str) -> str:
        """Begin a group whose targets follow `path`. Returns what `leave` wants back."""
        before = self._prefix
        self._prefix = path if path[:1].isupper() or not before else f"{before}.{path}".rstrip(".")
        return before

    def uuid(self, control_id: str | None, number: int, space: UUID) -> str:
        """Return a UUID that is the same whenever the same message is mapped."""
        self._uuids = getattr(self, "_uuids", 0) + 1
        return str(uuid5(space, f"{control_id}\x1f{number}\x1f{self._uuids}"))

    def _evaluated(self, rule: int, thunk: Thunk, instead: Any, *, fire: bool = True) -> Pair:
        value, reads = super()._evaluated(rule, thunk, instead, fire=fire)
        if self.known is None:
            return value, reads
        found = (bare_json(one) for one in (value if isinstance(value, list) else [value]))
        own = (self.known.read(one) for one in found)
        return value, (*reads, *(read for read in own if read is not None))

    def end(self, rule: int, resource: dict[str, Any]) -> None:
        """End a resource; its type is what the rule that creates it says."""
        self.made.setdefault((id(resource), "resourceType"), Made(resource, rule, (), fixed=True))
        super().end(rule, resource)

    # ---- the end

    def given_back(self, made: Any, wanted: str) -> Any:
        """Return what a group that was called as a function made: its target, or the value(s) of a plain one."""
        self.prune(made)
        self._pruned[id(made)] = made
        for inner in made.values():
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, dict):
                    self._pruned[id(one)] = one  # kept, so that its identity stays its own
        if wanted == "many":
            values = made.get("value", [])
            return values if isinstance(values, list) else [values]
        if wanted == "plain":
            value = made.get("value")
            if not isinstance(value, dict) and (held := self.made.get((id(made), "value"))):
                self._log.extend(held.reads)
            return value
        return made or None

    def finish(self, out: dict[str, Any], target: dict[str, Any]) -> None:
        """Put the resources of a finished Bundle (or the one resource) into the outcome."""
        self.prune(target)
        self.result = target
        if self.whole_result:
            return
        entries = target.get("entry", []) if target.get("resourceType") == "Bundle" else [{"resource": target}]
        for entry in entries:
            resource = entry.get("resource")
            if isinstance(resource, dict) and resource.keys() - {"resourceType"}:
                self.put(out, [resource])

    def prune(self, value: Any) -> bool:
        """Take empty elements out of a value; return whether something is left. What is left keeps its origin."""
        if id(value) in self._pruned:
            return full(value)
        if isinstance(value, dict):
            for key in [key for key, inner in value.items() if not self.prune(inner)]:
                del value[key]
        elif isinstance(value, list):
            kept = [index for index, inner in enumerate(value) if self.prune(inner)]
            if len(kept) < len(value):
                self._reorder(value, kept)
        return full(value)

    def _json(self, value: Any) -> Any:
        """Return a value as it is written out. What rules made is itself; what was read is copied."""
        json = bare_json(value)
        if isinstance(json, dict | list) and not any((id(json), key) in self.made for key in json):
            return deepcopy(json)
        return json

    def _reorder(self, items: list[Any], order: list[int]) -> None:
        moved = [(self.made.pop((id(items), index), None), items[index]) for index in order]
        items[:] = [item for _, item in moved]
        for index, (made, _) in enumerate(moved):
            if made is not None:
                self.made[id(items), index] = made


def bare_json(value: Any) -> Any:
    """Return a value without its type and place."""
    if type(value) is Typed:
        value = value.value
    if isinstance(value, dict | list):
        return value
    return plain(value) if isinstance(value, str | int | Decimal | None) else RUNTIME["fp_plain"](value)


def _fitting(value: Any, type_name: str | None) -> Any:
    """Return a text as the boolean or number that the element is, where it says one."""
    if not isinstance(value, str) or type_name is None:
        return str(value) if type_name in {"string", "id", "code"} and type(value) is int else value
    if type_name == "boolean" and value in {"true", "false"}:
        return value == "true"
    if type_name in {"integer", "positiveInt", "unsignedInt"} and value.lstrip("-").isdigit():
        return int(value)
    return value
