"""Which variables of a map are whole messages, tables or rows: by their types, and by what calls give them."""

from typing import Any

from gateway.mapping import ir
from gateway.mapping.fml import structures
from gateway.mapping.fml.paths import MESSAGE, RECORD, TABLE, TREE

RECORD_ELEMENT = "record"
"""The element of a table that is each of its rows."""


class Kinds:
    """The kinds of the variables of one map, found group by group."""

    def __init__(self, listed: list[dict[str, Any]], format_: str, models: dict[str, str]) -> None:
        self.listed = listed
        self.groups: dict[str, dict[str, str]] = {}
        whole = MESSAGE if format_ in ir.SEGMENTED else TREE if format_ in ir.TREES else TABLE
        for number, group in enumerate(listed):
            kinds = self.groups.setdefault(str(group.get("name")), {})
            for at, one in enumerate(group.get("input", ())):
                typed = structures.format_of(models.get(str(one.get("type")), "")) == format_
                if one.get("mode") == "source" and (typed or (number == 0 and at == 0)):
                    kinds[str(one["name"])] = whole
        for _ in listed:
            for group in listed:
                self._pass_on(str(group.get("name")), group)

    def _pass_on(self, name: str, group: dict[str, Any]) -> None:
        self._walk(group.get("rule"), dict(self.groups.get(name, {})))

    def _walk(self, rules: Any, kinds: dict[str, str]) -> None:
        for rule in rules or ():
            inner = kinds | kinds_of(rule, kinds)
            for call in rule.get("dependent", ()):
                self._call(call, inner)
            self._walk(rule.get("rule"), inner)

    def _call(self, call: dict[str, Any], kinds: dict[str, str]) -> None:
        called = next((group for group in self.listed if group.get("name") == call.get("name")), None)
        if called is None:
            return
        for one, name in zip(called.get("input", ()), call.get("variable", ()), strict=False):
            if name in kinds:
                self.groups.setdefault(str(called["name"]), {})[str(one["name"])] = kinds[name]


def kinds_of(rule: dict[str, Any], kinds: dict[str, str]) -> dict[str, str]:
    """Return the kinds of the variables that a rule gives; '' for a name that it gives anew to something else."""
    made: dict[str, str] = {}
    for one in rule.get("source", ()):
        context, element, variable = one.get("context"), one.get("element"), one.get("variable")
        kind = kinds.get(str(context))
        if variable and kind and element is None:
            made[str(variable)] = kind
        elif variable and kind == TABLE and element == RECORD_ELEMENT:
            made[str(variable)] = RECORD
        elif variable in kinds:
            made[str(variable)] = ""  # the name is given anew
    return made
