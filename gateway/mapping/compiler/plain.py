"""Templates as straight-line Python: the dialect that runs.

An object whose elements are all certain is one display; from the first uncertain element on it is
filled line by line. Nothing here reports: a Finding ends the run, and the traced dialect runs instead.
"""

from dataclasses import replace
from typing import Any

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.body import Body, Made, kind_of
from gateway.mapping.compiler.filling import Filling, Live, Write
from gateway.mapping.compiler.frame import Frame, Name
from gateway.mapping.compiler.shared import Expressions


class Plain:
    """Writes templates into one function body."""

    def __init__(self, body: Body, expressions: Expressions) -> None:
        self.body = body
        self.expressions = expressions

    # ---- the parts of a unit

    def bind(self, bindings: tuple[ir.Binding, ...], frame: Frame) -> Frame:
        """Write the names of `let` and `assign`; return the frame in which they are visible."""
        wanted = self.expressions.host.stepped(frame.unit)
        tree = self.expressions.host.format in ir.TREES  # its nodes are stepped on from by name
        for binding in bindings:
            known = self.expressions.known(binding, frame)
            if isinstance(known, ast.Literal | ast.Empty):
                name = Name("None", fixed=known)
            else:
                name = replace(
                    self._variable(binding, frame, keep=tree or binding.name in wanted),
                    path=known if isinstance(known, ast.SourcePath) else None,
                )
            frame = frame.having({binding.name: name})
        return frame

    def _variable(self, binding: ir.Binding, frame: Frame, *, keep: bool) -> Name:
        """Write one name. Pieces stay pieces only where something steps on from the name."""
        code, pieces = self.expressions.code(binding.value, frame, pieces=False)
        variable = self.body.name(f"n_{binding.name}_")
        text = f"plain({code.text})" if pieces and not keep and kind_of(code.type) in {"text", "any"} else code.text
        text = self._apart(Made(text, "any"), frame).text
        self.body.note(binding.span)
        self.body.line(f"{variable} = {text}")
        solid = not code.many and self.expressions.sure(binding.value, frame)
        return Name(variable, code.many, code.type, pieces=pieces and keep, solid=solid, present=code.present)

    def require(self, rule: ir.Require, frame: Frame) -> None:
        """Write a requirement: when it does not hold, the traced dialect says why."""
        truth = self._apart(Made(self.expressions.truth(rule.that, frame), "value"), frame).text
        if truth != "True":
            self.body.note(rule.span)
            self.body.line(f"if not ({truth}): raise Finding('required-missing', 'require')")

    def emit(self, template: ir.Template, frame: Frame) -> None:
        """Write what stands under `emit` of a mapping: resources into `out`."""
        if isinstance(template, ir.Choice):
            self._branches(template, frame, self.emit)
        elif isinstance(template, ir.Loop):
            self._loop(template, frame, self.emit)
        elif isinstance(template, ir.Items):
            for item in template.items:
                self.emit(item, frame)
        else:
            start = len(self.body.lines)
            self._put(self._apart(self.value(template, frame), frame, start))

    def _apart(self, made: Made, frame: Frame, start: int | None = None) -> Made:
        """Return what was made, by a function of its own where rows of a table can share it."""
        begun = len(self.body.lines) if start is None else start
        return self.expressions.host.apart(self.body, begun, made, frame)

    def member(self, template: ir.Template, frame: Frame, *, of_resource: bool) -> Made:
        """Return the Python of what stands in an object."""
        start = len(self.body.lines)
        made = self.value(template, frame)
        return self._apart(made, frame, start) if of_resource else made

    def _put(self, made: Made) -> None:
        if made.many:
            with self.body.block(f"for r in {made.text}"):
                self.body.line("put(out, r)")
        elif made.sure:
            self.body.line(f"put(out, {made.text})")
        else:
            kept = self.body.kept(made, "r")
            self.body.line(f"if {kept.text}: put(out, {kept.text})")

    # ---- values

    def value(self, template: ir.Template, frame: Frame) -> Made:
        """Return the Python of one template, its preparations written."""
        self.body.note(template.span)
        match template:
            case ir.Literal():
                return Made(self.expressions.literal(template.value), "value", sure=True)
            case ir.Expression():
                return self._expression(template, frame)
            case ir.Concat():
                return self._concat(template, frame)
            case ir.Object():
                return self._object(template, frame)
            case ir.Items():
                return self._items(template, frame)
            case ir.Choice():
                return self._choice(template, frame)
            case ir.Loop():
                name = self._list()
                self._append(name, template, frame)
                return Made(name, "whole", many=True)

    def _expression(self, template: ir.Expression, frame: Frame) -> Made:
        code, pieces = self.expressions.code(template, frame, pieces=template.many)
        kind = kind_of(code.type)
        text = f"plain({code.text})" if pieces and kind in {"text", "any"} else code.text
        if template.many:
            if code.text in {"None", "[]"}:
                return Made("[]", "whole", many=True)
            if not code.many:
                kept = self.body.kept(Made(text, kind))
                return Made(f"[{kept.text}] if {kept.full} else []", "whole", many=True)
            return Made(text if kind in {"whole", "solid"} else f"solid({text})", "whole", many=True)
        if code.text == "None":
            return Made("None", "solid")
        if code.many:
            return Made(f"first({text})", kind)
        if self.expressions.sure(template, frame):
            return Made(text, "solid", sure=True)
        return Made(text, kind, sure=code.present and kind not in {"text", "any"})

    def _concat(self, template: ir.Concat, frame: Frame) -> Made:
        texts, tests = [], []
        for part in template.parts:
            if isinstance(part, ir.Literal):
                texts.append(repr(part.value))
                continue
            made = self.body.kept(self._expression(part, frame))
            texts.append(made.text if made.kind in {"text", "solid"} else f"written({made.text})")
            tests += [] if made.sure else [made.full]
        joined = " + ".join(texts)
        return Made(f"({joined}) if {' and '.join(tests)} else None" if tests else joined, "solid", sure=not tests)

    # ---- objects

    def _object(self, template: ir.Object, frame: Frame) -> Made:
        filling = Filling(self, self.body)
        filling.members(template, frame)
        return filling.made()

    def _choice(self, template: ir.Choice, frame: Frame) -> Made:
        name = self.body.name("c")
        kinds: set[Any] = set()

        def assign(value: ir.Template, inner: Frame) -> None:
            made = self.value(value, inner)
            kinds.add((made.kind, made.many))
            self.body.line(f"{name} = {made.text}")

        self.body.line(f"{name} = None")
        self._branches(template, frame, assign)
        many = any(many for _, many in kinds)
        return Made(f"({name} or [])" if many else name, kinds.pop()[0] if len(kinds) == 1 else "any", many=many)

    def live(self, template: ir.Choice, frame: Frame) -> Live:
        """Return the branches that may be taken, each with its condition in Python; after `True` there is none."""
        found: Live = []
        for branch in template.branches:
            truth = self.expressions.truth(branch.condition, frame) if branch.condition else "True"
            found += [(truth, branch)] if truth != "False" else []
            if truth == "True":
                break
        return found

    def branches(self, live: Live, frame: Frame, write: Write) -> None:
        """Write branches one inside the `else` of the other, so that each condition may need preparations."""
        depth = self.body.depth
        for index, (truth, branch) in enumerate(live):
            if truth == "True":
                write(branch.value, frame)
                break
            self.body.note(branch.span)
            with self.body.block(f"if {truth}"):
                write(branch.value, self.expressions.narrowed(branch.condition, frame))
            if index < len(live) - 1:
                self.body.line("else:")
                self.body.depth += 1
                self.body.line("pass")
        self.body.depth = depth

    def _branches(self, template: ir.Choice, frame: Frame, write: Write) -> None:
        self.branches(self.live(template, frame), frame, write)

    # ---- lists

    def _list(self, items: str = "") -> str:
        name = self.body.name("l")
        self.body.line(f"{name} = [{items}]")
        return name

    def _items(self, template: ir.Items, frame: Frame) -> Made:
        if len(template.items) == 1 and isinstance(template.items[0], ir.Expression) and template.items[0].many:
            return self.value(template.items[0], frame)
        sure: list[str] = []
        name: str | None = None
        for item in template.items:
            if name is None and not isinstance(item, ir.Choice | ir.Loop):
                made = self.value(item, frame)
                if made.sure and not made.many:
                    sure.append(made.text)
                if made.empty or (made.sure and not made.many):
                    continue
                name = self._list(", ".join(sure))
                self._add(name, made)
                continue
            name = name or self._list(", ".join(sure))
            self._append(name, item, frame)
        if name is None:
            return Made(f"[{', '.join(sure)}]", "whole", sure=bool(sure), many=True)
        return Made(name, "whole", sure=bool(sure), many=True)

    def _append(self, name: str, template: ir.Template, frame: Frame) -> None:
        """Write what adds a template to a list."""
        if isinstance(template, ir.Choice):
            self._branches(template, frame, lambda value, inner: self._append(name, value, inner))
        elif isinstance(template, ir.Loop):
            self._loop(template, frame, lambda value, inner: self._append(name, value, inner))
        elif isinstance(template, ir.Items):
            for item in template.items:
                self._append(name, item, frame)
        else:
            self._add(name, self.value(template, frame))

    def _add(self, name: str, made: Made) -> None:
        if made.empty:
            return
        if made.many:
            self.body.line(f"{name} += {made.text}")
        elif made.sure:
            self.body.line(f"{name}.append({made.text})")
        else:
            kept = self.body.kept(made)
            self.body.line(f"if {kept.full}: {name}.append({kept.text})")

    def _loop(self, template: ir.Loop, frame: Frame, write: Write) -> None:
        code, pieces = self.expressions.code(template.source, frame, pieces=True)
        if code.text in {"None", "[]"}:
            return
        source = code.text if code.many else f"some({code.text})"
        item = self.body.name(f"x_{template.variable}_")
        names = {template.variable: Name(item, type=code.type, pieces=pieces)}
        head = f"for {item} in {source}"
        if template.index:
            index = self.body.name(f"i_{template.index}_")
            names[template.index] = Name(index, type="System.Integer")
            head = f"for {index}, {item} in enumerate({source})"
        self.body.note(template.span)
        with self.body.block(head):
            write(template.body, frame.having(names))
