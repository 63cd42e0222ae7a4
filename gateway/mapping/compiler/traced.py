"""Templates as calls of a tracer: the dialect that knows of every element where it came from.

It makes the same resources as the plain one (a test holds them together), slower, and goes on after a
Finding. It runs when somebody asks for a trace, and when the plain one met anything it would have to report.
"""

from collections.abc import Callable
from dataclasses import replace

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.body import Body
from gateway.mapping.compiler.frame import Frame, Name
from gateway.mapping.compiler.rules import Rules
from gateway.mapping.compiler.shared import Expressions

Write = Callable[[ir.Template, Frame], None]


class Traced:
    """Writes templates into one function body; `path` names the rule, as in `emit[1].status`."""

    def __init__(self, body: Body, expressions: Expressions, rules: Rules) -> None:
        self.body = body
        self.expressions = expressions
        self.rules = rules

    # ---- the parts of a unit

    def bind(self, bindings: tuple[ir.Binding, ...], frame: Frame, path: str) -> Frame:
        """Write names with what was read for them; return the frame in which they are visible."""
        for binding in bindings:
            known = self.expressions.known(binding, frame)
            if isinstance(known, ast.Literal | ast.Empty):
                name = Name("None", fixed=known)
            else:
                name = replace(
                    self._variable(binding, frame, path), path=known if isinstance(known, ast.SourcePath) else None
                )
            frame = frame.having({binding.name: name})
        return frame

    def _variable(self, binding: ir.Binding, frame: Frame, path: str) -> Name:
        code, pieces = self.expressions.code(binding.value, frame, pieces=False)
        variable = self.body.name(f"n_{binding.name}_")
        rule = self.rules.add(f"{path}{binding.name}", binding.span, None)
        self.body.line(f"{variable} = T.named({rule}, lambda: {code.text}, {code.many})")
        return Name(variable, code.many, code.type, pieces=pieces)

    def require(self, rule: ir.Require, frame: Frame, path: str) -> None:
        """Write a requirement."""
        number = self.rules.add(path, rule.span, None)
        self.body.line(
            f"T.require({number}, lambda: {self.expressions.truth(rule.that, frame)}, {rule.code!r}, "
            f"{rule.say!r}, {rule.warns}, {rule.dutch!r}, {rule.expected!r})"
        )

    def emit(self, template: ir.Template, frame: Frame, path: str) -> None:
        """Write what stands under `emit` of a mapping: resources into `out`."""
        if isinstance(template, ir.Choice):
            self._branches(template, frame, path, lambda value, inner: self.emit(value, inner, path))
        elif isinstance(template, ir.Loop):
            self._loop(template, frame, path, lambda value, inner: self.emit(value, inner, path))
        elif isinstance(template, ir.Items):
            for index, item in enumerate(template.items):
                self.emit(item, frame, f"{path}[{index}]")
        else:
            name = self._list()
            self.into(name, None, template, frame, path, "")
            self.body.line(f"T.put(out, {name})")

    # ---- values, into an object under a key or into a list

    def into(self, holder: str, key: str | None, template: ir.Template, frame: Frame, path: str, target: str) -> None:
        """Write a template so that its value goes into `holder`. `target` is its place in the resource."""
        match template:
            case ir.Literal():
                rule = self.rules.add(path, template.span, target)
                self.body.line(f"T.literal({holder}, {key!r}, {rule}, {self.expressions.literal(template.value)})")
            case ir.Expression():
                self._expression(holder, key, template, frame, (path, target))
            case ir.Concat():
                self._concat(holder, key, template, frame, (path, target))
            case ir.Object():
                made = self._object(template, frame, path, target)
                self.body.line(f"T.whole({holder}, {key!r}, {self.rules.add(path, template.span, target)}, {made})")
            case ir.Choice():
                write: Write = lambda value, inner: self.into(holder, key, value, inner, path, target)  # noqa: E731 - it is passed on
                self._branches(template, frame, path, write)
            case ir.Items() | ir.Loop():
                self._many(holder, key, template, frame, (path, target))

    def _expression(
        self, holder: str, key: str | None, template: ir.Expression, frame: Frame, at: tuple[str, str]
    ) -> None:
        code, _ = self.expressions.code(template, frame, pieces=template.many)
        rule = self.rules.add(at[0], template.span, at[1])
        call = "leaves" if template.many else "leaf"
        self.body.line(f"T.{call}({holder}, {key!r}, {rule}, lambda: {code.text}, {code.many})")

    def _concat(self, holder: str, key: str | None, template: ir.Concat, frame: Frame, at: tuple[str, str]) -> None:
        rule = self.rules.add(at[0], template.span, at[1])
        frame_text = tuple(str(part.value) if isinstance(part, ir.Literal) else None for part in template.parts)
        values = []
        for part in template.parts:
            if isinstance(part, ir.Expression):
                code, _ = self.expressions.code(part, frame, pieces=False)
                values.append(f"first({code.text})" if code.many else code.text)
        call = f"joined({', '.join([repr(frame_text), *values])})"
        self.body.line(f"T.leaf({holder}, {key!r}, {rule}, lambda: {call}, False)")

    def _many(
        self, holder: str, key: str | None, template: ir.Items | ir.Loop, frame: Frame, at: tuple[str, str]
    ) -> None:
        path, target = at
        name = holder if key is None else self._list()
        if isinstance(template, ir.Items):
            for index, item in enumerate(template.items):
                self.into(name, None, item, frame, f"{path}[{index}]", f"{target}[{index}]")
        else:
            self._loop(template, frame, path, lambda value, inner: self.into(name, None, value, inner, path, target))
        if key is not None:
            self.body.line(f"T.whole({holder}, {key!r}, {self.rules.add(path, template.span, target)}, {name})")

    def _object(self, template: ir.Object, frame: Frame, path: str, target: str) -> str:
        name = self.body.name("o")
        self.body.line(f"{name} = {{}}")
        outer = target  # the rule of a resource is one, whether it is put somewhere or dropped
        if template.resource_type is not None:
            target = template.resource_type
            self.body.line(f"T.begin({template.resource_type!r}, {template.policy!r})")
        self._members(name, template, frame, path, target)
        if template.resource_type is not None:
            self.body.line(f"T.end({self.rules.add(path, template.span, outer)}, {name})")
        return name

    def _members(self, name: str, template: ir.Object, frame: Frame, path: str, target: str) -> None:
        for member in template.members:
            if isinstance(member, ir.Assign):
                frame = self.bind(member.bindings, frame, f"{path}.")
            elif isinstance(member, ir.Field):
                inner = f"{target}.{member.name}" if target else member.name
                self.into(name, member.name, member.value, frame, f"{path}.{member.name}", inner)
            elif isinstance(member, ir.Choice):
                self._branches(member, frame, path, lambda value, inner: self._joined(name, value, inner, path, target))
            else:
                for part in member.parts:
                    self._joined(name, part, frame, path, target)

    def _joined(self, name: str, template: ir.Template, frame: Frame, path: str, target: str) -> None:
        if isinstance(template, ir.Object):
            self._members(name, template, frame, path, target)
        elif isinstance(template, ir.Choice):
            self._branches(template, frame, path, lambda value, inner: self._joined(name, value, inner, path, target))
        else:
            made = self._list()
            self.into(made, None, template, frame, path, target)
            self.body.line(f"T.merge({name}, {made})")

    # ---- choices and loops

    def _branches(self, template: ir.Choice, frame: Frame, path: str, write: Write) -> None:
        depth = self.body.depth
        for branch in template.branches:
            rule = self.rules.add(f"{path} {_word(branch, template)}", branch.span, None)
            if branch.condition is None:
                self.body.line(f"T.fired({rule})")
                write(branch.value, frame)
                break
            truth = self.expressions.truth(branch.condition, frame)
            with self.body.block(f"if T.test({rule}, lambda: {truth})"):
                write(branch.value, frame)
            if branch is not template.branches[-1]:
                self.body.line("else:")
                self.body.depth += 1
                self.body.line("pass")
        self.body.depth = depth

    def _loop(self, template: ir.Loop, frame: Frame, path: str, write: Write) -> None:
        code, pieces = self.expressions.code(template.source, frame, pieces=True)
        source = code.text if code.many else f"some({code.text})"
        rule = self.rules.add(f"{path} for", template.span, None)
        item, index = self.body.name(f"x_{template.variable}_"), self.body.name("i_")
        names = {template.variable: Name(item, type=code.type, pieces=pieces)}
        if template.index:
            names[template.index] = Name(f"({index}, ())", type="System.Integer")
        with self.body.block(f"for {index}, {item} in enumerate(T.each(lambda: {source}, {rule}))"):
            write(template.body, frame.having(names))

    def _list(self) -> str:
        name = self.body.name("l")
        self.body.line(f"{name} = []")
        return name


def _word(branch: ir.Branch, choice: ir.Choice) -> str:
    if branch.condition is None:
        return "else"
    return "if" if branch is choice.branches[0] else "elif"
