"""Groups and rules to Python: a second generator over the same intermediate form, with the same expressions.

A group is a function, written anew for each kind of arguments it is given, so that the types of what it reads and makes
are known where they are known in the call. There is one dialect, which tells a tracer what it does: a map runs traced.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gateway.mapping import ir
from gateway.mapping.compiler.body import Body
from gateway.mapping.compiler.frame import Name, outermost
from gateway.mapping.compiler.program import _CONTEXT, Program, _Builder
from gateway.mapping.compiler.sources import Units, source_parameters, stepped_names
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.fml import structures, transforms
from gateway.mapping.fml.imports import Maps
from gateway.mapping.fml.scope import Scope, Target
from gateway.mapping.fml.swift import Swift
from gateway.mapping.fml.targets import Targets
from gateway.mapping.fml.writing import RulesWriter
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems, suggestion

MAX_GROUPS = 2000
"""So many functions one map may become."""
_OUTER = "out"


def program(
    mapping: ir.Mapping, overlay: Overlay, units: Units, problems: Problems, *, traced: bool, maps: Maps | None = None
) -> Program:
    """Return the program of a map in FML; what cannot be compiled goes to `problems`."""
    made = GroupBuilder(mapping, overlay, units, problems, maps or Maps((mapping,))).program()
    return replace(made, tracer=Targets) if traced else replace(made, run=_untraced(made))


def _untraced(made: Program) -> Any:
    """Return what runs the rules and, where something would have to be reported, raises a Finding."""

    def run(source: Any, received_at: str, control_id: str | None, out: dict[str, Any], *extra: Any) -> dict[str, Any]:
        tracer = Swift()
        tracer.document = source
        made.run(source, received_at, control_id, tracer, out, *extra)
        return out

    return run


class GroupBuilder(_Builder):
    """Writes the functions of a map in FML; the host of its expressions."""

    def __init__(self, mapping: ir.Mapping, overlay: Overlay, units: Units, problems: Problems, maps: Maps) -> None:
        super().__init__(mapping, overlay, units, problems, traced=True)
        self.maps = maps
        self.models = MappingProxyType(dict(mapping.models))
        found = maps.groups(mapping, problems)
        called = tuple(ir.Use(name, name, one.span) for name, one in found.items())
        self.groups = {name: replace(one, uses=(*called, *mapping.uses, *one.uses)) for name, one in found.items()}
        self.reach = _Reach(self.groups, units)
        self.known_maps: dict[str, ConceptMap | None] = {}
        names = {f"fml_{name}": made[0] for name, made in transforms.TRANSFORMS.items()}
        self.namespace.update(names)

    # ---- what expressions ask

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        """Return the group that a name means."""
        return self.groups.get(use.target) or super().fragment(use)

    def sources(self, fragment: ir.Fragment) -> frozenset[int]:
        """Return which parameters of a group are pieces of the source, by position."""
        return source_parameters(fragment, self.reach)

    def stepped(self, unit: ir.Unit) -> frozenset[str]:
        """Return the names of a group that must stay pieces of the source."""
        return stepped_names(unit, self.reach)

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        """Return the ConceptMap that a url means, the provider's own rows laid over it."""
        found = self.maps.concept_map(
            self.mapping, use.target.removeprefix("ConceptMap/"), self.units, use, self.problems
        )
        return found.with_codes(self.overlay.codes(found.id)) if found else None

    def frame_of(self, group: ir.Group) -> Scope:
        """Return the scope of a group before its parameters: its ConceptMaps, and all groups as functions."""
        frame = outermost(self.groups.get(group.name, group))
        root = self.root()
        kinds = {} if root is None else {root[0]: root[1]}
        return Scope(frame, kinds=MappingProxyType(kinds))

    def root(self) -> tuple[str, str] | None:
        """Return name and kind of the message that the first group is given, where it is a whole message or table."""
        first = self.mapping.groups[0].takes[0] if self.mapping.groups[0].takes else None
        return (first.name, first.kind) if first is not None and first.kind else None

    # ---- functions

    def _write_mapping(self) -> None:
        each = self.mapping.each if self.format in ir.SEGMENTED else None
        item = each or ("item" if self.mapping.each and self.format in ir.TREES else None)
        extra = ", ".join(["T", "out"] + ([f"each_{item}"] if item else []))
        body = Body(f"def mapping({_CONTEXT}, {extra})")
        if each:
            body.segments[each, None, None] = f"each_{each}"
        self.bodies.append(body)
        self._entry(self.mapping.groups[0], body)
        self.bodies.pop()
        self.functions.append(body.text())

    def _entry(self, group: ir.Group, body: Body) -> None:
        """Write the group that a message begins with into the function of the mapping."""
        scope, made = self.frame_of(group), None
        for parameter in group.takes:
            if parameter.mode == "target":
                type_ = structures.type_of(parameter.type, self.models)
                name = body.name(f"o_{_plain(parameter.name)}_")
                body.line(f"{name} = {_begun(type_)}")
                made = made or name
                scope = scope.filling(parameter.name, Target(name, type_, type_ or ""))
            elif parameter.kind:
                scope = scope.whole(parameter.name, parameter.kind)
            else:
                type_ = structures.type_of(parameter.type, self.models)
                scope = scope.reading(parameter.name, Name("(m, ())", type=type_, present=True))
        if made is None:
            self.problems.add(group.span, f"the group '{group.name}' makes nothing: it has no target")
        self.write_rules(group, scope, body)
        body.line(f"T.finish(out, {made})" if made else "pass")
        body.line("return out")

    def write_rules(self, group: ir.Group, scope: Scope, body: Body) -> None:
        """Write the rules of a group, those of the group it extends before its own."""
        if group.extends:
            base = self.group(group.extends, group.span)
            if base is not None and base is not group:
                given = [one.name for one in group.takes]
                self.write_rules(base, self._renamed(scope, given, [one.name for one in base.takes]), body)
        RulesWriter(self, body, group).rules(group.rules, scope)

    def _renamed(self, scope: Scope, given: list[str], wanted: list[str]) -> Scope:
        """Return the scope of a group that is extended, its parameters those of the group that extends it."""
        for old, new in zip(given, wanted, strict=False):
            if old in scope.targets:
                scope = scope.filling(new, scope.targets[old])
            elif old in scope.kinds:
                scope = scope.whole(new, scope.kinds[old])
            elif old in scope.frame.names:
                scope = scope.reading(new, scope.frame.names[old])
        return scope

    def group(self, name: str, span: Any) -> ir.Group | None:
        """Return a group by its name; a name that none has is a problem."""
        found = self.groups.get(name)
        if found is None:
            self.problems.add(span, f"no group '{name}'{suggestion(name, self.groups)}")
        return found

    def function(self, group: ir.Group, given: list[Name | Target | str]) -> str:
        """Return the function of a group for arguments of these kinds, written when it is first wanted."""
        key = ("group", group.file, *(_signature(one) for one in given))
        if key not in self.known:
            if len(self.known) >= MAX_GROUPS:
                self.problems.add(group.span, f"the groups call each other in more than {MAX_GROUPS} ways")
                return "None"
            self.known[key] = f"g_{_plain(group.name)}_{len(self.known) + 1}"
            self._write_group(group, given, self.known[key])
        return self.known[key]

    def _write_group(self, group: ir.Group, given: list[Name | Target | str], function: str) -> None:
        scope = self.frame_of(group)
        parameters: list[str] = []
        for parameter, one in zip(group.takes, given, strict=True):
            variable = f"a_{_plain(parameter.name)}_{len(parameters)}"
            if isinstance(one, str):
                scope = scope.whole(parameter.name, one)
                continue
            parameters.append(variable)
            if isinstance(one, Target):
                declared = structures.type_of(parameter.type, self.models)
                type_ = one.type or declared
                path = type_ if type_ and structures.is_resource(type_) else ""
                scope = scope.filling(parameter.name, replace(one, text=variable, type=type_, path=path or ""))
            else:
                scope = scope.reading(parameter.name, replace(one, text=variable))
        body = Body(f"def {function}({', '.join([_CONTEXT, 'T', *parameters])})")
        self.open.append(group.file)  # what is mapped by itself is not seen here, only the message
        self._written(body, group, scope)
        self.open.pop()

    def _written(self, body: Body, group: ir.Group, scope: Scope, *, end: str = "return None") -> None:
        self.bodies.append(body)
        self.write_rules(group, scope, body)
        body.line(end)
        self.bodies.pop()
        self.functions.append(body.text())

    def _write_fragment(self, fragment: ir.Fragment, names: tuple[Name, ...], function: str) -> None:
        """Write a group that an expression calls: it gives what its target became."""
        if not isinstance(fragment, ir.Group):
            super()._write_fragment(fragment, names, function)
            return
        scope, passed = self.frame_of(fragment), []
        rest = iter(names)
        for parameter in fragment.takes:
            if parameter.mode == "target":
                type_ = structures.type_of(parameter.type, self.models)
                path = type_ if type_ and structures.is_resource(type_) else ""
                target = Target("made", type_, path, plain=structures.is_plain(type_), several=not fragment.single)
                scope = scope.filling(parameter.name, target)
            elif parameter.kind:
                scope = scope.whole(parameter.name, parameter.kind)
            else:
                given = next(rest)
                variable = f"a_{_plain(parameter.name)}"
                passed += [variable] if given.fixed is None else []
                scope = scope.reading(parameter.name, replace(given, text=variable))
        body = Body(f"def {function}({', '.join([_CONTEXT, 'T', *passed])})")
        made: Mapping[str, str] = {"resourceType": fragment.type} if structures.is_resource(fragment.type) else {}
        body.line(f"made = {dict(made) if fragment.single else {}!r}")
        body.line("before = T.enter()")
        self.open.append(fragment.file)
        end = "T.leave(before)"
        if fragment.single and structures.is_resource(fragment.type):
            body.line(f"T.begin({fragment.type!r}, {fragment.policy!r})")
            number = self.rules.add(fragment.name, fragment.span, fragment.type)
            end += f"\n    T.end({number}, made)"
        wanted = "many" if not fragment.single else "plain" if _gives_plain(fragment) else "whole"
        end += f"\n    return T.given_back(made, {wanted!r})"
        self._written(body, fragment, scope, end=end)
        self.open.pop()


class _Reach:
    """Finds what the groups of a map use: each other, and what the library has."""

    def __init__(self, groups: Mapping[str, ir.Group], units: Units) -> None:
        self.groups = groups
        self.units = units
        self.stepped: dict[str, frozenset[str]] = {}

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        """Return the group that a name means."""
        return self.groups.get(use.target)

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        """Return the ConceptMap that an alias means."""
        return self.units.concept_map(use)


def _begun(type_: str | None) -> str:
    return f"{{'resourceType': {type_!r}}}" if structures.is_resource(type_) else "{}"


def _gives_plain(group: ir.Group) -> bool:
    return structures.is_plain(group.type) or not structures.type_of(group.type, {})


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name)


def _signature(one: Name | Target | str) -> tuple[object, ...]:
    if isinstance(one, Name):
        return ("source", *one.signature)
    return ("target", one.type, one.plain, one.several) if isinstance(one, Target) else ("whole", one)
