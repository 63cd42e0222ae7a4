"""What is said in a file: what it reads, requires, uses and emits."""

from gateway.fhir.frozen import frozen
from gateway.mapping.ir.templates import Binding, Expression, Template
from gateway.mapping.spans import Span

SEGMENTED = frozenset({"hl7v2", "edifact"})
"""Formats whose messages are segments with numbered fields, so that `PID-3.1` and `NAD-2.1` are paths into them."""
TREES = frozenset({"json", "ndjson", "xml", "fhir"})
"""The formats whose sources are trees: a leading name is an element of the message."""


@frozen(eq=False)
class Require:
    """What must be true before anything is emitted; or, when it only `warns`, what is told when it is not.

    `say` is English, `dutch` the same in Dutch; `expected` is what should stand there, in English and Dutch.
    """

    that: Expression
    say: str
    code: str
    span: Span
    warns: bool = False
    dutch: str | None = None
    expected: tuple[str, str] | None = None


@frozen()
class Use:
    """An alias of a ConceptMap or a fragment file."""

    alias: str
    target: str
    span: Span

    @property
    def concept_map(self) -> str | None:
        """Return the id of the ConceptMap it names, or None when it names a file."""
        return self.target.removeprefix("ConceptMap/") if self.target.startswith("ConceptMap/") else None


@frozen(eq=False)
class TreeSource:
    """What is said of a source that is a tree.

    `root` and `namespace` are of the root element of XML, `prefixes` the names of other namespaces in expressions.
    `array`: a JSON array of such messages is taken too. `control` is the id of a message, `event_time` its moment;
    `each` are the values that it is mapped by, each by itself.
    """

    root: str = ""
    namespace: str = ""
    prefixes: tuple[tuple[str, str], ...] = ()
    array: bool = False
    control: Expression | None = None
    event_time: Expression | None = None
    each: Expression | None = None


@frozen(eq=False)
class Source:
    """What a mapping reads, and which messages of that format it accepts."""

    format: str
    span: Span
    when: Expression | None = None
    columns: tuple[str, ...] = ()
    layout: "tuple[tuple[str, object], ...]" = ()
    tree: "TreeSource | None" = None
    named: bool = False  # used where it is asked for by name, and not because of what a message is


@frozen(eq=False)
class Unit:
    """What a mapping and a fragment have in common."""

    name: str
    file: str
    version: str
    span: Span
    uses: tuple[Use, ...] = ()
    lets: tuple[Binding, ...] = ()
    emit: tuple[Template, ...] = ()


@frozen(eq=False)
class Fragment(Unit):
    """A datatype (or a set of resources) made from its parameters. `single`: it makes one, not a list."""

    type: str = ""
    parameters: tuple[str, ...] = ()
    single: bool = True
