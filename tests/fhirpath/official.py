"""The official FHIRPath cases: read, run, compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.fhir.json import decode
from gateway.fhirpath import FhirPathError, compile  # noqa: A004 -- as re.compile
from gateway.fhirpath.values import Date, DateTime, Quantity, Time, Typed
from tests.fhirpath.xml_resources import resource

NOW = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    number: int  # among the cases with this name
    file: str | None
    expression: str
    outputs: tuple[tuple[str | None, str], ...]
    invalid: str | None
    strict: bool
    predicate: bool
    ordered: bool

    @property
    def key(self) -> str:
        return self.name if self.number == 1 else f"{self.name}#{self.number}"


def cases(folder: Path) -> Iterator[Case]:
    seen: dict[str, int] = {}
    for group in etree.parse(folder / "tests-fhir-r4.xml").iter("group"):
        for test in group.iter("test"):
            expression = test.find("expression")
            assert expression is not None
            name = test.get("name", "")
            seen[name] = seen.get(name, 0) + 1
            invalid = expression.get("invalid")
            yield Case(
                group.get("name", ""),
                name,
                seen[name],
                test.get("inputfile"),
                expression.text or "",
                tuple((o.get("type"), o.text or "") for o in test.iter("output")),
                invalid,
                invalid == "semantic" or "strict" in (test.get("mode"), expression.get("mode")),
                test.get("predicate") == "true",
                test.get("ordered") != "false",
            )


@cache
def read_input(path: Path) -> Any:
    if path.suffix == ".json":
        return decode(path.read_bytes())
    return resource(etree.parse(path).getroot())


def failure(case: Case, folder: Path) -> str | None:
    """Return how a case fails, or None when it passes."""
    given = read_input(folder / "input" / case.file) if case.file else None
    root = given["resourceType"] if given else None
    try:
        compiled = compile(case.expression, root=root, strict=case.strict)
        values = compiled.typed(given, now=NOW)
    except FhirPathError as wrong:
        return None if case.invalid else f"error: {wrong}"
    if case.invalid:
        return f"gives {_shown(values)}; expected an error"
    if case.predicate:
        values = [bool(values)]
    found, wanted = [_text(v) for v in values], [(t, x.removeprefix("@")) for t, x in case.outputs]
    if not case.ordered:
        found, wanted = sorted(found), sorted(wanted, key=lambda w: (w[0] or "", w[1]))
    if len(found) == len(wanted) and all(map(_fits, found, wanted)):
        return None
    return f"gives {_shown(values)}; expected {', '.join(x for _, x in case.outputs) or 'nothing'}"


def _shown(values: list[Any]) -> str:
    return ", ".join(_text(v)[1] for v in values) or "nothing"


def _fits(found: tuple[str, str], wanted: tuple[str | None, str]) -> bool:
    return found[1] == wanted[1] and (wanted[0] is None or found[0].lower() == wanted[0].lower())


_TYPES: dict[type, str] = {
    str: "string", bool: "boolean", int: "integer", Decimal: "decimal", Date: "date", DateTime: "dateTime",
    Time: "time", Quantity: "Quantity", dict: "complex",
}  # fmt: skip


def _text(value: Any) -> tuple[str, str]:
    type_name = value.type if isinstance(value, Typed) else _TYPES[type(value)]
    plain = value.value if isinstance(value, Typed) else value
    if isinstance(plain, bool):
        return type_name, str(plain).lower()
    if isinstance(plain, Time):
        return type_name, f"T{plain}"
    return type_name, f"{plain:f}" if isinstance(plain, Decimal) else str(plain)
