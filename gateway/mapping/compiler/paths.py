"""What the source paths of an expression become in Python: texts, pieces, segments, columns."""

from gateway.fhirpath import ast
from gateway.fhirpath.scope import Code
from gateway.mapping import ir
from gateway.mapping.compiler.elements import Trees
from gateway.mapping.compiler.frame import Frame
from gateway.mapping.compiler.host import Host
from gateway.mapping.compiler.prepare import RECORD, Mark

TEXT = "System.String"


class Paths(Trees):
    """The part of the scope of an expression that knows the source."""

    def __init__(self, frame: Frame, host: Host, marks: dict[tuple[int, int], Mark]) -> None:
        self.frame = frame
        self.host = host
        self.marks = marks
        self.flowing: list[str] = []  # pieces of the source that may be among the values

    @property
    def pieces(self) -> bool:
        """Whether a piece of the source may be among the values."""
        return bool(self.flowing) or self.host.format == "xml"

    def context(self) -> Code | None:
        """Return what `$this` means, where the frame says so."""
        known = self.frame.context
        if known is None:
            return super().context()
        return Code(f"T.use({known.text})" if self.host.traced else known.text, known.many, known.type)

    def is_source(self, name: str) -> bool:
        """Return whether `name-5.1` is a path."""
        return name in self.frame.names

    def source(self, node: ast.SourcePath) -> Code | None:
        """Return the text at a source path, or its pieces where a collection is wanted."""
        if self.host.format == "csv":
            return self._column(node)
        if self.host.format not in ir.SEGMENTED or node.column is not None:
            return None
        if node.qualifier is not None and self.host.format != "edifact":
            return None
        if node.field is None:
            return self.segments(node.base, node.occurrence, node.qualifier)
        mark = self.marks.get((node.start, node.end))
        if mark == "pieces":
            return self._pieces(node)
        return self._present(node) if mark == "present" else self._value(node)

    def step(self, code: Code, node: ast.SourceStep) -> Code | None:
        """Return the text at numeric steps from a piece, or the pieces there."""
        if node.column is not None or self.host.format not in ir.SEGMENTED:
            return None
        mark = self.marks.get((node.start, node.end))
        trace = "T." if self.host.traced else ""
        if code.text in self.flowing:  # what is stepped on from does not come out itself
            self.flowing.remove(code.text)
        if mark == "pieces":
            self.flowing.append("pieces")
            return Code(f"{trace}pieces_at({code.text}, {node.numbers}, {node.repetition})", many=True, type=TEXT)
        if mark == "present":
            return Code(f"{trace}has({code.text}, {node.numbers[0]})", type="boolean")
        numbers = ", ".join(map(str, node.numbers))
        repetition = f", repetition={node.repetition}" if node.repetition else ""
        text = f"{trace}at({code.text}, {numbers}{repetition})"
        return Code(self.host.read(text) if code.text.startswith("a_") else text, type=TEXT)

    def segments(self, name: str, occurrence: int | None, qualifier: str | None = None) -> Code:
        """Return every segment of a name, or the one meant."""
        self.flowing.append("segments")
        cut = f"[{occurrence - 1}:{occurrence}]" if occurrence else ""
        text = f"{self._call('segments')}m, {name!r}{f', {qualifier!r}' if qualifier else ''})"
        return Code(f"{self.host.read(text)}{cut}", many=True, type=TEXT)

    def _value(self, node: ast.SourcePath) -> Code:
        line = self.host.line(node.base, node.occurrence, node.qualifier)
        if self.host.traced:
            written = (node.field, node.repetition, node.component, node.subcomponent)
            return Code(f"T.value({line}, {written})", type=TEXT)
        at = [node.field or 1, node.repetition or 1, node.component or 1, node.subcomponent or 1]
        while len(at) > 1 and at[-1] == 1:
            at.pop()
        numbers = ", ".join(map(str, at))
        return Code(self.host.read(f"{line}.value({numbers})"), type=TEXT)

    def _present(self, node: ast.SourcePath) -> Code:
        line = self.host.line(node.base, node.occurrence, node.qualifier)
        text = f"{self._call('present')}{line}, {node.field}, {node.repetition or 1})"
        return Code(f"({self.host.read(text)} or None)", type="boolean")

    def _pieces(self, node: ast.SourcePath) -> Code:
        self.flowing.append("fields")
        lines = self.lines(node)
        at = (node.field, node.repetition, node.component, node.subcomponent)
        return Code(self.host.read(f"{self._call('fields')}{lines}, {', '.join(map(repr, at))})"), many=True, type=TEXT)

    def lines(self, node: ast.SourcePath) -> str:
        """Return the segments that a path means: all of a name, unless it says which, or each is mapped by itself."""
        if node.occurrence is None and node.qualifier is not None:
            return f"m.qualified({node.base!r}, {node.qualifier!r})"
        if node.occurrence is None and not self.host.line(node.base, None).startswith("each_"):
            return f"m.all({node.base!r})"
        return f"[{self.host.line(node.base, node.occurrence, node.qualifier)}]"

    def _column(self, node: ast.SourcePath) -> Code | None:
        if node.base != RECORD or node.column is None:
            return None
        text = f"T.column(m, {node.column!r})" if self.host.traced else self.host.cell(node.column)
        return Code(text, type=TEXT)

    def _call(self, name: str) -> str:
        return f"{'T.' if self.host.traced else ''}{name}("
