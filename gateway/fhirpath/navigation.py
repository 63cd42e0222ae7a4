"""Steps along elements whose types the model knows. https://hl7.org/fhirpath/N1/#path-selection"""

from dataclasses import replace

from gateway.fhirpath import ast
from gateway.fhirpath.calls import FUNCTIONS, Compiler, named
from gateway.fhirpath.errors import nearest
from gateway.fhirpath.flow import EMPTY, Choice, Field, Flow, Mode, items, of_list
from gateway.fhirpath.model import Element, child, children, descends, is_abstract, is_primitive

__all__ = ["choice_constant", "choice_names", "member", "narrowed", "settle"]


def member(compiler: Compiler, base: Flow, name: str, node: ast.Node, mode: Mode) -> Flow:
    """Return the elements called `name` of a flow, a choice element left open."""
    if base.empty:
        return EMPTY
    if base.choice:
        return _member_of_choice(compiler, base, name, node, mode)
    if base.type is None or base.type.startswith("System."):
        return _dynamic(compiler, base, name)
    element = child(base.type, name)
    if element is None:
        return _unknown(compiler, base, name, node)
    if compiler.strict and name in _json_names(base.type):
        raise compiler.wrong(f"'{name}' is a name in JSON only", node, f"value.ofType({element.types[0]})")
    return _step(compiler, base, element, mode)


def _json_names(type_name: str) -> set[str]:
    return {json for element in children(type_name).values() if element.choice for json in element.json_names}


def _unknown(compiler: Compiler, base: Flow, name: str, node: ast.Node) -> Flow:
    assert base.type is not None
    if is_abstract(base.type):
        return _dynamic(compiler, base, name)
    if name == "value" and is_primitive(base.type) and not compiler.strict:
        return base  # HL7's own maps write `linkId.value`, as primitives have it in the XML form
    if compiler.strict:
        known = children(base.type)
        meant = f"{name}()" if name in FUNCTIONS else nearest(name, known)
        raise compiler.wrong(f"no element '{name}' in {base.type}", node, meant)
    return EMPTY


def _dynamic(compiler: Compiler, base: Flow, name: str) -> Flow:
    one, several, key, _ = compiler.elements(name)
    if base.many:
        text = f"{several}({items(base)}, {key!r})"
    else:
        base = named(compiler, base) if base.clauses else base
        text = f"{one}({base.item}, {key!r})"
        if base.clauses:
            text = f"{several}({items(base)}, {key!r})"
    return of_list(text, None, compiler.name(name), ordered=base.ordered)


def _step(compiler: Compiler, base: Flow, element: Element, mode: Mode) -> Flow:
    if element.choice:
        return replace(base.to(base.item, None), choice=Choice(base.item, base.present, element))
    (type_name,) = element.types
    primitive = is_primitive(type_name)
    if primitive and mode == "element":
        return _element(compiler, base, element, type_name)
    holder = base.item if base.present else f"({base.item} or {{}})"
    got = f"{holder}.get({element.name!r})"
    field = Field(base.item, base.present, element.name, primitive, base.clauses)
    if not element.is_list:
        return Flow(got, type_name, base.many, base.clauses, field=field, ordered=base.ordered)
    name = compiler.name(element.name)
    clauses = (*base.clauses, f"for {name} in {got} or ()")
    if primitive:
        clauses += (f"if {name} is not None",)
    whole = None if base.clauses or primitive else f"({got} or [])"
    made = Flow(name, type_name, many=True, clauses=clauses, present=True, whole=whole)
    return replace(made, field=field, ordered=base.ordered)


def _element(compiler: Compiler, base: Flow, element: Element, type_name: str) -> Flow:
    arguments = f"({base.item}, {element.name!r}, {type_name!r})"
    if not element.is_list:
        return base.to(f"fp_element{arguments}", None)
    name = compiler.name(element.name)
    clauses = (*base.clauses, f"for {name} in fp_elements{arguments}")
    return Flow(name, None, many=True, clauses=clauses, present=True, ordered=base.ordered)


def narrowed(base: Flow, wanted: str) -> Flow | None:
    """Return a choice cut to the types that are `wanted`, undecided or decided; None when none is."""
    assert base.choice is not None
    element = base.choice.element
    fitting = tuple(t for t in element.types if t == wanted or (not is_primitive(t) and descends(t, wanted)))
    if not fitting:
        return None
    return replace(base, choice=replace(base.choice, element=replace(element, types=fitting)))


def _member_of_choice(compiler: Compiler, base: Flow, name: str, node: ast.Node, mode: Mode) -> Flow:
    """Go on from a choice: only the types that have the element come into question."""
    assert base.choice is not None
    element = base.choice.element
    having = tuple(t for t in element.types if child(t, name))
    if not having:
        if compiler.strict:
            raise compiler.wrong(f"no type of '{element.name}' has an element '{name}'", node)
        return EMPTY
    if len(having) == 1:
        cut = replace(base, choice=replace(base.choice, element=replace(element, types=having)))
        inner: Mode = "element" if is_primitive(having[0]) else "value"
        return member(compiler, settle(compiler, cut, inner), name, node, mode)
    return _dynamic(compiler, settle(compiler, base, "element"), name)


def settle(compiler: Compiler, flow: Flow, mode: Mode) -> Flow:
    """Return the flow with its choice decided: the one type left, or a value that carries its type."""
    if flow.choice is None:
        return flow
    choice, element = flow.choice, flow.choice.element
    holder = Flow(choice.holder, None, flow.many, flow.clauses, choice.present, ordered=flow.ordered)
    if len(element.types) == 1:
        return _step(compiler, holder, replace(element, name=element.json_names[0], choice=False), mode)
    if mode == "json":
        return _json_choice(holder, element)
    keys = ", ".join(f"({key!r}, {t!r})" for key, t in zip(element.json_names, element.types, strict=True))
    constant = compiler.constant(f"({keys})", f"types_of_{element.name}")
    return holder.to(f"fp_choose({holder.item}, {constant})", None)


def _json_choice(holder: Flow, element: Element) -> Flow:
    return holder.to(f"fp_choose_json({holder.item}, {element.json_names!r})", "Element")


def choice_names(element: Element) -> tuple[str, ...]:
    """Return the JSON names of a choice, those of primitives' partners too."""
    pairs = tuple(zip(element.json_names, element.types, strict=True))
    return tuple(name for name, _ in pairs) + tuple(f"_{name}" for name, type_ in pairs if is_primitive(type_))


def choice_constant(compiler: Compiler, element: Element) -> str:
    """Return the constant that holds those names as a set."""
    return compiler.constant(f"frozenset({sorted(choice_names(element))!r})", f"{element.name}_x")
