"""Tells what is wrong with a message while it is mapped: with its place, rule and target, by the policy of the rule."""

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.errors import Issue, Severity
from gateway.formats.segmented import Segment
from gateway.mapping import pointers
from gateway.mapping.compiler.rules import Rule
from gateway.mapping.findings import Finding, Language, say
from gateway.mapping.ir import Policy
from gateway.mapping.looks import Looks, Read


class ResourceInWork:
    """A resource while it is made: its error policy, and whether a rule of it failed."""

    def __init__(self, type_: str, policy: Policy | None) -> None:
        self.type = type_
        self.policy = policy
        self.failed = False


class Teller(Looks):
    """What is told of one message (or row), and whether it stops it."""

    def __init__(self, rules: Sequence[Rule], policy: Policy, language: Language) -> None:
        super().__init__()
        self.rules = rules
        self.policy = policy
        self.language = language
        self.issues: list[Issue] = []
        self.failed = False
        self._rule = -1
        self._target = ""
        self._resources: list[ResourceInWork] = []

    def _report(self, finding: Finding, value: Any) -> None:
        reads = self._concerned(value)
        segmented = bool(reads) and isinstance(reads[0].owner, Segment)
        severity, text = finding.severity, finding.say(self.language, segmented=segmented)
        if severity == "error":
            policy = self._failed()
            if policy == "drop-element":
                severity, text = "warning", text + self._text("left-out-element")
            elif policy == "drop-resource":
                severity = "warning"
        expected = finding.expected(self.language, segmented=segmented)
        self._say(finding.code, text, severity, self._rule, reads, expected=expected)

    def _failed(self) -> Policy:
        """Return the policy for the rule that failed, and apply it to the message or resource."""
        within = self._resources[-1] if self._resources else None
        policy = (within.policy if within else None) or self.policy
        if policy == "drop-resource" and within is not None:
            within.failed = True
        elif policy != "drop-element":
            self.failed = True
        return policy

    def _concerned(self, value: Any) -> list[Read]:
        """Return what was read that gave the value, or else what was read last and before that."""
        return pointers.of_value([read for read in self._log if read.owner is not None], value)

    def _say(
        self,
        code: str,
        text: str,
        severity: Severity,
        rule: int,
        reads: Sequence[Read],
        *,
        target: str | None = None,
        expected: str | None = None,
    ) -> None:
        here = self.rules[rule] if rule >= 0 else None
        known = here is not None and here.target is not None
        at = {read.place: read for read in reads}  # a rule may look at one place twice
        places = list(at)
        issue = Issue(
            code, text, severity, target or (self._target or None if known else None), places[0] if places else None,
            str(here.span) if here else None, _values(at.values()), expected, others=tuple(places[1:]),
        )  # fmt: skip
        if issue not in self.issues:
            self.issues.append(issue)

    def _text(self, text: str, **particulars: object) -> str:
        return say(text, self.language, **particulars)


def _values(reads: Iterable[Read]) -> str | None:
    """Return what stands at some places, in their order; None when nothing does."""
    found = [str(read.value) for read in reads if read.value is not None]
    return "; ".join(found) if found else None
