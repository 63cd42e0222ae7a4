"""The rules of a program: what the trace, the issues and the coverage call them."""

from gateway.fhir.frozen import frozen
from gateway.mapping.spans import Span


@frozen()
class Rule:
    """One rule. `name` is its path (`emit[1].status`); `target` its element, None for conditions and names.

    In a fragment both begin at the fragment: `cx.value`, and the target follows where the fragment is used.
    """

    name: str
    span: Span
    target: str | None


class Rules:
    """Numbers rules while they are written; the same rule of a fragment written twice keeps its number."""

    def __init__(self) -> None:
        self.all: list[Rule] = []
        self._numbers: dict[Rule, int] = {}

    def add(self, name: str, span: Span, target: str | None) -> int:
        """Return the number of a rule."""
        rule = Rule(name, span, target)
        if rule not in self._numbers:
            self._numbers[rule] = len(self.all)
            self.all.append(rule)
        return self._numbers[rule]
