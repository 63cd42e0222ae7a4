"""An expression under construction.

A path over lists becomes one comprehension and a path over single elements a chain of `get`:

    Patient.name.where(use = 'official').given
        [_given for _name in this.get('name') or () if _name.get('use') == 'official' for _given in …]
    Patient.maritalStatus.text
        (this.get('maritalStatus') or {}).get('text')

so a Flow is the clauses of a comprehension (none for a single element) and its item. Nothing is
assigned on the way (`:=` is not allowed in every place a comprehension may stand).
"""

import re
from typing import Literal

from gateway.fhir.frozen import frozen
from gateway.fhirpath.model import Element, kind
from gateway.fhirpath.scope import Code
from gateway.fhirpath.values import System

__all__ = [
    "EMPTY",
    "Choice",
    "Field",
    "Flow",
    "Mode",
    "false",
    "is_simple",
    "items",
    "of_list",
    "one",
    "three",
    "truth",
]

Mode = Literal["value", "element", "json"]
"""What an expression is wanted for: to go on with; with ids and extensions of primitives; as a result."""


@frozen()
class Field:
    """Where an item came from: property `key` of `holder`, which is never None when `present`.

    `clauses` are those that name the holder.
    """

    holder: str
    present: bool
    key: str
    primitive: bool
    clauses: tuple[str, ...] = ()


@frozen()
class Choice:
    """`value[x]` of `holder`, while it may still turn out which type is meant."""

    holder: str
    present: bool
    element: Element


@frozen()
class Flow:
    """`[item clauses]` when `many`, else a value or None.

    present: the item is never None. whole: a list that holds the same items. truth, false: shorter ways to ask
    whether it is true or false. value, values: what a literal, or a union of literals, says.
    ordered: false after children().
    """

    item: str
    type: str | None = None
    many: bool = False
    clauses: tuple[str, ...] = ()
    present: bool = False
    whole: str | None = None
    truth: str | None = None
    false: str | None = None
    field: Field | None = None
    choice: Choice | None = None
    value: System | None = None
    values: tuple[System, ...] | None = None
    ordered: bool = True

    @property
    def empty(self) -> bool:
        """Return whether it is known to be empty."""
        return self.item == "None"

    @property
    def size(self) -> int:
        """Return how many characters of Python it takes."""
        own = len(self.item) + len(self.whole or "") + len(self.truth or "") + len(self.false or "")
        return own + sum(map(len, self.clauses))

    @property
    def sure(self) -> bool:
        """Return whether it is always exactly one value."""
        return self.present and not self.many and not self.clauses

    @property
    def kind(self) -> str:
        """Return how its values behave, see `model.kind`."""
        return kind(self.type)

    def to(self, item: str, type_: str | None, *, present: bool = False) -> "Flow":
        """Return the same clauses with another item."""
        return Flow(item, type_, self.many, self.clauses, present, ordered=self.ordered)

    def code(self) -> Code:
        """Return it as the expression it stands for."""
        return Code(items(self) if self.many else one(self), self.many, self.type)


EMPTY = Flow("None")


def of_list(text: str, type_: str | None, name: str, *, ordered: bool = True) -> Flow:
    """Return the flow over the list that `text` gives, its items called `name`."""
    return Flow(name, type_, many=True, clauses=(f"for {name} in {text}",), present=True, whole=text, ordered=ordered)


def one(flow: Flow) -> str:
    """Return the text of a flow of at most one item: its value, or None."""
    return f"([{flow.item} {' '.join(flow.clauses)}] or fp_none)[0]" if flow.clauses else flow.item


def items(flow: Flow) -> str:
    """Return the text of a list of the items."""
    if flow.whole:
        return flow.whole
    if flow.empty:
        return "[]"
    if not flow.clauses:
        return f"[{flow.item}]" if flow.present else f"fp_collection({flow.item})"
    if flow.present:
        return f"[{flow.item} {' '.join(flow.clauses)}]"
    return f"[_x {' '.join(flow.clauses)} for _x in ({flow.item},) if _x is not None]"


def truth(flow: Flow) -> str:
    """Return a text that Python finds true exactly when the flow is true (empty is not)."""
    if flow.truth:
        return flow.truth
    if flow.many or flow.kind == "any":
        return f"fp_is_true({_any(flow)})"
    if flow.kind == "boolean":
        return one(flow)
    return "True" if flow.sure else f"({one(flow)} is not None)"


def false(flow: Flow) -> str:
    """Return a text that Python finds true exactly when the flow is false (empty is not)."""
    if flow.false:
        return flow.false
    if flow.many or flow.kind == "any":
        return f"fp_is_false({_any(flow)})"
    if flow.kind == "boolean":
        return f"(not {one(flow)})" if flow.sure else f"({one(flow)} is False)"
    return "False"


def three(flow: Flow) -> str:
    """Return a text that gives True, False or, for empty, None."""
    if flow.many or (flow.kind == "any" and not flow.empty):
        return f"fp_boolean({_any(flow)})"
    if flow.kind == "boolean" or flow.empty:
        return one(flow)
    return "True" if flow.sure else f"(None if {one(flow)} is None else True)"


def _any(flow: Flow) -> str:
    return items(flow) if flow.many else one(flow)


_SIMPLE = re.compile(r"\w+(\.get\('\w+'\))?", re.ASCII)


def is_simple(text: str) -> bool:
    """Return whether an expression costs less than a call, so that it may be written twice."""
    return _SIMPLE.fullmatch(text) is not None
