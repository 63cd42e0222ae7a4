"""One object of the plain dialect: a display of what is certain, then the rest line by line."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gateway.mapping import ir
from gateway.mapping.compiler.body import Body, Made
from gateway.mapping.compiler.frame import Frame

Write = Callable[[ir.Template, Frame], None]
Live: TypeAlias = list[tuple[str, ir.Branch]]
"""The branches that may be taken, each with its condition in Python."""


class Writer(Protocol):
    """What writes the templates in the object."""

    def value(self, template: ir.Template, frame: Frame) -> Made:
        """Return the Python of one template."""

    def member(self, template: ir.Template, frame: Frame, *, of_resource: bool) -> Made:
        """Return the Python of what stands in an object."""

    def bind(self, bindings: tuple[ir.Binding, ...], frame: Frame) -> Frame:
        """Write names; return the frame in which they are visible."""

    def live(self, template: ir.Choice, frame: Frame) -> Live:
        """Return the branches that may be taken."""

    def branches(self, live: Live, frame: Frame, write: Write) -> None:
        """Write branches."""


class Filling:
    """One object: first the elements that are certain, then the others as they come."""

    def __init__(self, plain: Writer, body: Body) -> None:
        self.plain = plain
        self.body = body
        self.certain: list[str] = []
        self.name: str | None = None
        self.sure = False

    def members(self, template: ir.Object, frame: Frame) -> None:
        """Write the members of an object, in their order."""
        whole = any(isinstance(member, ir.Field) and member.name == "resourceType" for member in template.members)
        for member in template.members:
            if isinstance(member, ir.Assign):
                frame = self.plain.bind(member.bindings, frame)
            elif isinstance(member, ir.Field):
                before = len(self.body.noted)
                self.field(member.name, self.plain.member(member.value, frame, of_resource=whole), before)
            elif isinstance(member, ir.Choice):
                self.choice(member, frame)
            else:
                self.begin()
                for part in member.parts:
                    self.joined(part, frame)

    def choice(self, template: ir.Choice, frame: Frame) -> None:
        """Write a choice among the elements; one that the provider's settings decide is no choice."""
        live = self.plain.live(template, frame)
        if live and live[0][0] == "True":
            self.joined(live[0][1].value, frame)
        elif live:
            self.begin()
            before = self.sure
            self.plain.branches(live, frame, self.joined)
            self.sure = before

    def joined(self, template: ir.Template, frame: Frame) -> None:
        """Write an object whose elements join this one."""
        if isinstance(template, ir.Object):
            self.members(template, frame)
        elif isinstance(template, ir.Choice):
            self.choice(template, frame)
        else:
            self.begin()
            made = self.plain.value(template, frame)
            self.body.line(f"{self.name}.update({made.text} or {{}})")

    def field(self, key: str, made: Made, before: int) -> None:
        """Write one element; the notes after the first `before` are about it."""
        if made.empty:
            return
        if made.sure and self.name is None:
            self.certain.append(f"{key!r}: {made.text}")
        elif made.sure:
            self.body.line(f"{self.name}[{key!r}] = {made.text}")
            self.sure = True
        else:
            earlier, self.body.noted = self.body.noted[:before], self.body.noted[before:]
            kept = self.body.kept(made)
            if self.name is None:
                own, self.body.noted = self.body.noted, earlier
                self.begin()
                self.body.noted = own
            self.body.line(f"if {kept.full}: {self.name}[{key!r}] = {kept.text}")

    def begin(self) -> None:
        """Write what is certain so far, under a name."""
        if self.name is None:
            self.name = self.body.name("o")
            self.sure = bool(self.certain)
            self.body.line(f"{self.name} = {{{', '.join(self.certain)}}}")

    def made(self) -> Made:
        """Return the object."""
        if self.name is None:
            return Made(f"{{{', '.join(self.certain)}}}", "whole", sure=bool(self.certain))
        return Made(self.name, "whole", sure=self.sure)
