"""Follows one message through a mapping: what each rule read, what became of it, what was wrong with it.

The traced dialect of the generated code calls it for every step. Values are computed by the same
expressions as in the plain dialect; here a Finding becomes an issue with its place, rule and target,
the policy of the rule is applied, and the rest of the message is mapped all the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from gateway.fhirpath import FhirPathError
from gateway.mapping import pointers
from gateway.mapping.compiler.rules import Rule
from gateway.mapping.concept_maps import Row
from gateway.mapping.findings import LANGUAGES, Finding, Language, in_language
from gateway.mapping.ir import Policy
from gateway.mapping.looks import Pair, Read
from gateway.mapping.shapes import first, full, plain
from gateway.mapping.teller import ResourceInWork, Teller

WRONG_SHAPE = (AttributeError, TypeError, KeyError, ArithmeticError, ValueError)
"""What an expression raises when a value is not of the kind it was written for."""


Thunk = Callable[[], Any]


class Made(NamedTuple):
    """What a rule put somewhere. `holder` is kept so that its identity stays its own."""

    holder: Any
    rule: int
    reads: tuple[Read, ...]
    fixed: bool


class Asked(NamedTuple):
    """A code that a ConceptMap was asked for. `row` None: it has none; `read`: where the code stood, if anywhere."""

    concept_map: str
    code: str
    row: Row | None
    read: Read | None
    rule: int


def apart(values: Sequence[Any], reads: tuple[Read, ...]) -> Iterator[Pair]:
    """Yield each of some values with its own reads; of values that are one object, each with the next of its reads."""
    times = Counter(map(id, values))
    seen: Counter[int] = Counter()
    for value in values:
        own = tuple(read for read in reads if read.value is value)
        number = seen[id(value)]
        seen[id(value)] += 1
        yield value, (own[number : number + 1] if times[id(value)] > 1 else ()) or own or reads


class Tracer(Teller):
    """The `T` of traced code; one for a message (or a row)."""

    def __init__(self, rules: Sequence[Rule], policy: Policy, language: Language) -> None:
        super().__init__(rules, policy, language)
        self.made: dict[tuple[int, Any], Made] = {}
        self.fired_rules: set[int] = set()
        self.asked: list[Asked] = []
        self._prefix = ""

    # ---- functions

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what an added function makes; a Finding is reported and its `instead` returned."""
        try:
            return function(*arguments)
        except Finding as finding:
            self._report(finding, arguments[0] if arguments else None)
            return finding.instead

    def translate(self, table: Any, code: str | None) -> Any:
        """Return what a ConceptMap makes of a code, and remember the row."""
        if code:
            found = table.concept_map
            self.asked.append(
                Asked(found.id, code, found.find(code), next(iter(self._concerned(code)), None), self._rule)
            )
        made = self.call(table, code)
        if code is not None and made is not None:
            self._log.append(Read(None, (), None, through=table.row(code)))
        return made

    def given(self, thunk: Thunk) -> Pair:
        """Return an argument of a fragment with what was read for it."""
        return self._watched(thunk)

    def each(self, thunk: Thunk, rule: int | None = None) -> Iterator[Pair]:
        """Yield the items of a collection, each with what was read for it."""
        values, reads = self._evaluated(rule, thunk, []) if rule is not None else self._watched(thunk)
        yield from apart(values or (), reads)

    def _watched(self, thunk: Thunk) -> Pair:
        before, self._log = self._log, []
        try:
            return thunk(), tuple(self._log)
        finally:
            self._log = before

    # ---- rules

    def named(self, rule: int, thunk: Thunk, many: bool) -> Pair:  # noqa: FBT001 - called by generated code only
        """Return the value of a `let` or `assign`."""
        return self._evaluated(rule, thunk, [] if many else None)

    def test(self, rule: int, thunk: Thunk) -> bool:
        """Return whether a condition holds."""
        value, _ = self._evaluated(rule, thunk, instead=False, fire=False)
        if value:
            self.fired_rules.add(rule)
        return bool(value)

    def fired(self, rule: int) -> None:
        """Note that a last resort was taken."""
        self.fired_rules.add(rule)

    def require(
        self,
        rule: int,
        thunk: Thunk,
        code: str,
        text: str,
        warns: bool = False,  # noqa: FBT001, FBT002 - as above
        dutch: str | None = None,
        expected: tuple[str, str] | None = None,
    ) -> None:
        """Report what does not hold. It stops the message (or row), whatever the policies, unless it only warns."""
        value, reads = self._evaluated(rule, thunk, instead=True)
        if not value:
            concerned = pointers.of_requirement(reads, code, f"{text}\n{dutch or ''}")
            told = expected and expected[LANGUAGES.index(self.language)]
            said = in_language(text, dutch, self.language)
            self._say(code, said, "warning" if warns else "error", rule, concerned, expected=told)
            self.failed = self.failed or not warns

    def literal(self, holder: Any, key: Any, rule: int, value: Any) -> None:
        """Put a fixed value."""
        self._put(holder, key, value, Made(holder, rule, (), fixed=True))

    def leaf(self, holder: Any, key: Any, rule: int, thunk: Thunk, many: bool) -> None:  # noqa: FBT001 - generated code only
        """Put the first value of an expression, if there is one."""
        value, reads = self._evaluated(rule, thunk, None)
        value = first(value) if many and value else value
        if not many or value is not None:
            self._keep(holder, key, rule, plain(value), reads)

    def leaves(self, holder: Any, key: Any, rule: int, thunk: Thunk, many: bool) -> None:  # noqa: FBT001 - generated code only
        """Put all values of an expression."""
        values, reads = self._evaluated(rule, thunk, [])
        items = [value for value in (values if many else [values]) if full(value)]
        target = holder if key is None else []
        for item, own in apart(items, reads):
            self._keep(target, None, rule, plain(item), own)
        if key is not None and target:
            holder[key] = target

    def whole(self, holder: Any, key: Any, rule: int, value: Any) -> None:
        """Put an object or list that was made element by element, unless it stayed empty."""
        if value:
            self._put(holder, key, value, Made(holder, rule, (), fixed=False))

    def merge(self, holder: dict[str, Any], made: list[Any]) -> None:
        """Lay the elements of objects over an object."""
        for index, part in enumerate(made):
            for key, value in part.items() if isinstance(part, dict) else ():
                origin = self.made.get((id(part), key)) or self.made.get((id(made), index))
                holder[key] = value
                if origin is not None:
                    self.made[id(holder), key] = origin._replace(holder=(holder, part))

    def _keep(self, holder: Any, key: Any, rule: int, value: Any, reads: tuple[Read, ...]) -> None:
        if full(value):
            self._put(holder, key, value, Made(holder, rule, reads, fixed=False))

    def _put(self, holder: Any, key: Any, value: Any, made: Made) -> None:
        self.fired_rules.add(made.rule)
        if key is None:
            key = len(holder)
            holder.append(value)
        else:
            holder[key] = value
        self.made[id(holder), key] = made

    # ---- resources

    def begin(self, type_: str, policy: Policy | None) -> None:
        """Begin a resource."""
        self._resources.append(ResourceInWork(type_, policy))

    def end(self, rule: int, resource: dict[str, Any]) -> None:
        """End a resource; one that a failed rule drops becomes empty, and so is not put anywhere."""
        done = self._resources.pop()
        if done.failed:
            self._say("resource-dropped", self._text("left-out-resource", type=done.type), "warning", rule, ())
            resource.clear()

    def put(self, out: dict[str, Any], made: list[Any]) -> None:
        """Put the finished resources of one `emit` into the outcome."""
        for resource in made:
            if "id" not in resource and self.failed:
                continue  # what is wrong has been told; that nothing can be named after it follows
            if "id" not in resource:
                self._say(
                    "rule-failed",
                    self._text("no-id"),
                    "error",
                    self._rule,
                    (),
                    target=f"{resource.get('resourceType')}.id",
                )
                self.failed = True
                continue
            url = f"{resource['resourceType']}/{resource['id']}"
            if url in out and out[url] != resource:
                self._say(
                    "duplicate-resource",
                    self._text("duplicate"),
                    "warning",
                    self._rule,
                    (),
                    target=resource["resourceType"],
                )
            out[url] = resource

    # ---- fragments

    def enter(self) -> str:
        """Begin a fragment: its targets follow the target it is used for. Returns what `leave` wants back."""
        before, self._prefix = self._prefix, self._target
        return before

    def leave(self, before: str) -> None:
        """End a fragment."""
        self._prefix = before

    def only(self, made: list[Any]) -> Any:
        """Return what a fragment of one thing made, or None; what was read for a text counts as read by its user."""
        if not made:
            return None
        if not isinstance(made[0], dict):
            self._log.extend(self.made[id(made), 0].reads)
        return made[0]

    # ---- findings

    def _evaluated(self, rule: int, thunk: Thunk, instead: Any, *, fire: bool = True) -> Pair:
        before = (self._rule, self._target, self._prefix, self._log)
        self._rule, self._log = rule, []
        target = self.rules[rule].target
        if target is not None:
            self._target = (
                target if target[:1].isupper() or not self._prefix else f"{self._prefix}.{target}".rstrip(".")
            )
        try:
            value = thunk()
            if fire:
                self.fired_rules.add(rule)
        except Finding as finding:
            self._report(finding, None)
            value = instead if finding.instead is None else finding.instead
        except FhirPathError as error:
            why = error.issues[0].diagnostics
            self._report(Finding("rule-failed", "expression", why=why), None)
            value = instead
        except WRONG_SHAPE:
            self._report(Finding("rule-failed", "wrong-shape"), None)
            value = instead
        finally:
            reads = tuple(self._log)
            self._rule, self._target, self._prefix, self._log = before
        return value, reads
