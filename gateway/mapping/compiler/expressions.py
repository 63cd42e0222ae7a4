"""FHIRPath inside a mapping: what its names, source paths and added functions become in Python.

Two dialects exist. The plain one only computes; the traced one tells a tracer (`T`) what it reads and
which function is called on what, and so goes on after a Finding.
"""

from collections.abc import Iterable
from dataclasses import replace

from gateway.fhirpath import ast
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.scope import Argument, Code, Function, Invocation
from gateway.mapping import functions, ir, moments
from gateway.mapping.compiler.body import kind_of
from gateway.mapping.compiler.folding import solid
from gateway.mapping.compiler.frame import Frame, Name
from gateway.mapping.compiler.host import Host
from gateway.mapping.compiler.paths import TEXT, Paths
from gateway.mapping.compiler.prepare import EARLIER, LATER, Mark, segment_name
from gateway.mapping.compiler.texts import NAMES as TEXT_FUNCTIONS
from gateway.mapping.compiler.texts import REPLACE, Texts
from gateway.mapping.values import Identifiers

_INTEGER = "System.Integer"


class Names(Paths):
    """Answers the compiler's questions about one expression in one frame."""

    def __init__(self, frame: Frame, host: Host, marks: dict[tuple[int, int], Mark]) -> None:
        super().__init__(frame, host, marks)
        self._texts = Texts()

    def constant(self, name: str) -> Code | None:
        """Return `%receivedAt`, `%controlId`, a `%provider.…` of several values, and the moment of `now()`."""
        if name in {"receivedAt", "controlId"}:
            type_ = "instant" if name == "receivedAt" else TEXT
            return Code(_CONTEXT[name], type=type_)
        if name == "message" and self.tree:
            return Code("m.root")
        if name == "now":
            return Code("fp_date_time(received_at)", type="System.DateTime")
        if name.startswith("provider"):
            value = self.host.overlay.value(tuple(name.split(".")[1:]))
            return Code(self.host.constant(value, "provider"), many=isinstance(value, list))
        return None

    def identifier(self, name: str) -> Code | None:
        """Return the value of a name, or every segment called so."""
        known = self.frame.names.get(name)
        if known is not None:
            self.flowing += [known.text] if known.pieces else []
            text = f"T.use({known.text})" if self.host.traced else known.text
            return Code(text, known.many, known.type, present=known.present and not known.many)
        return self.segments(name, None) if self.host.format in ir.SEGMENTED and segment_name(name) else None

    def function(self, name: str) -> Function | None:
        """Return what writes the calls of an added function or of a fragment."""
        if name in {LATER, EARLIER}:
            return self._moved
        if name in TEXT_FUNCTIONS and not self.host.traced:
            return self._text
        if name == "count" and not self.host.traced:
            return self._count
        if name in functions.ADDED:
            return lambda call: self._added(functions.ADDED[name], call)
        own = {functions.TRANSLATE: self._translate, functions.DELETED: self._deleted, functions.LINES: self._lines}
        if name in own:
            return own[name]
        use = self.frame.uses.get(name)
        if use and use.concept_map is None:
            return lambda call: self._fragment(use, call)
        return self.tree_function(name)

    def names(self) -> Iterable[str]:
        """Return every name there is, for `did you mean`."""
        return (*self.frame.names, *self.frame.uses, *functions.NAMES, "provider", *_CONTEXT)

    # ---- functions

    def _added(self, added: functions.Added, call: Invocation) -> Code:
        name, arguments = call.node.name, [argument.code() for argument in call.arguments]
        value = call.receiver() if added.method else None
        if added.method and value is None and len(arguments) > added.least:
            value = arguments.pop(0)
        if added.method and value is None:
            raise FhirPathError(f"{name}() needs a value before its dot", position=call.node.start)
        if not added.least <= len(arguments) <= added.most:
            wanted = f"{added.least} to {added.most}" if added.least != added.most else str(added.least)
            raise FhirPathError(f"{name}() takes {wanted} arguments, not {len(arguments)}", position=call.node.start)
        fixed = [self.host.constant(moments.zone(self.host.zone), "zone")] if added.zone else []
        fixed += [str(self.host.overlay.max_attachment)] if added.limit else []
        texts = [self.given(name, _single(argument), argument.type) for argument in arguments]
        if name == "id":
            present = any(argument.present for argument in arguments[1:])
            return Code(self._id(arguments, call, texts), type=added.type, present=present)
        if value is None:
            return Code(self._written(name, [*fixed, *texts]), type=added.type)
        if name == "toInstant" and not texts and value.type in {"instant", "dateTime"} and not value.many:
            return value if value.type == "instant" else Code(self._written("complete", [value.text]), type="instant")
        if not value.many:
            given = self.given(name, value.text, value.type)
            text = all(_is_text(one) for one in (value, *arguments))
            return Code(self._written(name, [given, *fixed, *texts], text=text), type=added.type)
        made = self._written(name, [self.given(name, "_v", value.type), *fixed, *texts])
        return Code(f"[_w for _v in {value.text} for _w in ({made},) if _w is not None]", many=True, type=added.type)

    def _id(self, arguments: list[Code], call: Invocation, texts: list[str]) -> str:
        """Return the Python of an id; of a kind and one text it is looked up without a call."""
        ids = Identifiers(str(self.host.overlay.namespace))
        kind = call.arguments[0].node
        if self.host.traced or len(texts) != 2 or not _is_text(arguments[1]) or not _is_kind(kind):
            return self._called(self.host.constant(ids, "ids"), texts)
        assert isinstance(kind, ast.Literal)
        return f"{self.host.constant(ids.of(str(kind.value)), f'{kind.value}_ids')}[{texts[1]}]"

    def _written(self, name: str, texts: list[str], *, text: bool = False) -> str:
        """Return a call of an added function; `text`: it is given nothing but texts and constants."""
        return self._called(self.host.shared(f"map_{name}") if text else f"map_{name}", texts)

    def _called(self, function: str, texts: list[str]) -> str:
        return f"T.call({', '.join((function, *texts))})" if self.host.traced else f"{function}({', '.join(texts)})"

    def _text(self, call: Invocation) -> Code:
        wanted = 2 if call.node.name == REPLACE else 0
        if len(call.arguments) != wanted:
            given = len(call.arguments)
            raise FhirPathError(f"{call.node.name}() takes {wanted} arguments, not {given}", position=call.node.start)
        written = self._texts.write(call)
        if written is None:
            raise FhirPathError(f"{call.node.name}() needs a value before its dot", position=call.node.start)
        return written

    def _count(self, call: Invocation) -> Code:
        """Count segments and repetitions where they stand, without making pieces of them."""
        base = call.node.base
        if base is None or call.arguments:
            raise FhirPathError("count() stands after a collection", position=call.node.start)
        bare = isinstance(base, ast.Identifier) and not self.tree and base.name not in self.frame.names
        if bare and isinstance(base, ast.Identifier) and segment_name(base.name):
            return Code(f"len(m.all({base.name!r}))", type=_INTEGER, present=True)
        path = base if isinstance(base, ast.SourcePath) and self.host.format in ir.SEGMENTED else None
        if path is not None and path.field is not None and path.component is None and path.column is None:
            text = self.host.read(f"count({self.lines(path)}, {path.field}, {path.repetition})")
            return Code(text, type=_INTEGER, present=True)
        receiver = call.receiver()
        assert receiver is not None
        text = f"len({receiver.text})" if receiver.many else f"({receiver.text} is not None) + 0"
        return Code(f"({text})", type=_INTEGER, present=True)

    def _moved(self, call: Invocation) -> Code:
        moment, _, seconds = (argument.code() for argument in call.arguments)
        name = "later" if call.node.name == LATER else "earlier"
        node = call.arguments[1].node
        assert isinstance(node, ast.Literal)
        whole = self.host.constant(node.value, "duration")
        made = self._written(name, [moment.text, seconds.text, whole], text=_is_text(moment))
        return Code(made, type=moment.type, present=moment.present)

    def _translate(self, call: Invocation) -> Code:
        base = call.node.base
        use = self.frame.uses.get(base.name) if isinstance(base, ast.Identifier) else None
        concept_map = self.host.concept_map(use) if use else None
        if concept_map is None:
            raise FhirPathError("translate() stands after the alias of a ConceptMap", position=call.node.start)
        if not 1 <= len(call.arguments) <= 2:
            raise FhirPathError("translate() takes a code and the type to make", position=call.node.start)
        kind = _kind(call)
        code = call.arguments[0].code()
        table = self.host.constant((concept_map, kind), f"{concept_map.id}_{kind}")
        call_ = f"T.translate({table}, " if self.host.traced else f"{table}("
        if not code.many:
            return Code(f"{call_}{self.given('translate', code.text, code.type)})", type=kind)
        made = f"{call_}{self.given('translate', '_v', code.type)})"
        return Code(f"[_w for _v in {code.text} for _w in ({made},) if _w is not None]", many=True, type=kind)

    def _deleted(self, call: Invocation) -> Code:
        node = call.arguments[0].node if len(call.arguments) == 1 else None
        if not isinstance(node, ast.SourcePath) or node.field is None or self.host.format != "hl7v2":
            raise FhirPathError("isDelete() takes one path such as PID-5", position=call.node.start)
        line = self.host.line(node.base, node.occurrence)
        numbers = f"{node.field}, {node.repetition or 1}, {node.component or 1}, {node.subcomponent or 1}"
        return Code(f"{line}.is_null({numbers})", type="boolean")

    def _lines(self, call: Invocation) -> Code:
        node = call.arguments[0].node if call.arguments else None
        if not isinstance(node, ast.SourcePath) or node.field is None or node.component is not None:
            raise FhirPathError("lines() takes a path to a field, such as TXT-1", position=call.node.start)
        if self.host.format not in ir.SEGMENTED or len(call.arguments) > 2:
            raise FhirPathError("lines() takes a path, and what stands between components", position=call.node.start)
        between = f", {_single(call.arguments[1].code())}" if len(call.arguments) == 2 else ""
        text = f"{self._call('lines')}{self.lines(node)}, {node.field}{between})"
        return Code(self.host.read(text), type=TEXT)

    def _fragment(self, use: ir.Use, call: Invocation) -> Code:
        fragment = self.host.fragment(use)
        if fragment is None:
            raise FhirPathError(f"the fragment '{use.alias}' could not be read", position=call.node.start)
        given, wanted = len(call.arguments), len(fragment.parameters)
        if given != wanted:
            parameters = ", ".join(fragment.parameters)
            text = f"{use.alias}({parameters}) takes {wanted} arguments, not {given}"
            raise FhirPathError(text, position=call.node.start)
        given_ = [self._argument(argument, fragment, index) for index, argument in enumerate(call.arguments)]
        codes, names = [code for code, _ in given_], tuple(name for _, name in given_)
        function = self.host.called(fragment, names)
        texts = ["_v" if index == 0 and code.many else code.text for index, code in enumerate(codes)]
        passed = [text for text, name in zip(texts, names, strict=True) if name.fixed is None]
        return self._applied(function, fragment, passed, codes[0])

    def _argument(self, argument: Argument, fragment: ir.Fragment, index: int) -> tuple[Code, Name]:
        before, self.flowing = self.flowing, []
        code = argument.code()
        pieces, self.flowing = self.pieces, before
        if code.many and index and index in self.host.sources(fragment):
            code = replace(code, text=f"first({code.text})", many=False)
        fixed = argument.node if isinstance(argument.node, ast.Literal | ast.Empty) and not code.many else None
        if pieces and not self.tree and index not in self.host.sources(fragment):
            pieces = False
            if not code.many and not self.host.traced:
                code = replace(code, text=f"plain({code.text})")
        made = Name("", code.many and index > 0, code.type, fixed=fixed, pieces=pieces)
        if code.many:
            return code, made
        return code, replace(made, present=code.present, solid=solid(argument.node, self.frame.names))

    def _applied(self, function: str, fragment: ir.Fragment, texts: list[str], over: Code) -> Code:
        if self.host.traced:
            texts = ["T", *("_v" if text == "_v" else f"T.given(lambda: {text})" for text in texts)]
        made = f"{function}({', '.join(filter(None, [self.host.context(function), *texts]))})"
        type_, always = fragment.type or None, fragment.single and self.host.always(function)
        if not over.many:
            return Code(self.host.inlined(function) or made, not fragment.single, type_, present=always)
        source = f"T.each(lambda: {over.text})" if self.host.traced else over.text
        inner = f"({made},) if _w" if fragment.single else made
        return Code(f"[_w for _v in {source} for _w in {inner}]", many=True, type=type_)


_CONTEXT = {"receivedAt": "received_at", "controlId": "control_id"}


def _single(code: Code) -> str:
    return f"fp_single({code.text})" if code.many else code.text


def _is_text(code: Code) -> bool:
    return not code.many and kind_of(code.type) in {"text", "solid"}


def _is_kind(node: ast.Node) -> bool:
    return isinstance(node, ast.Literal) and isinstance(node.value, str)


def _kind(call: Invocation) -> str:
    if len(call.arguments) == 1:
        return "code"
    node = call.arguments[1].node
    kind = node.value if isinstance(node, ast.Literal) else None
    if not isinstance(kind, str) or kind not in functions.TRANSLATED:
        wanted = ", ".join(f"'{name}'" for name in functions.TRANSLATED)
        raise FhirPathError(f"the second argument of translate() is one of {wanted}", position=node_start(call))
    return kind


def node_start(call: Invocation) -> int:
    """Return where the last argument of a call begins."""
    return call.arguments[-1].node.start
