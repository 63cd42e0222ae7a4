"""What each indicator is: data with a version and an owner, read and checked whole.

`profiles/kpi` holds ours; a folder that GATEWAY_KPIS names holds those of a region, each in the place of ours of the
same number. https://hl7.org/fhir/R4/measure.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.access.fields import Document, Fields
from gateway.data import shipped
from gateway.errors import BadRequest, BadSettings, Issue
from gateway.kpi.shapes import SHAPES, Need, Parameter, PerCare, Range, Shape, Text, Words
from gateway.mapping import documents

_KEYS = (
    "kpi", "version", "owner", "status", "name", "counts", "pitfalls", "figures", "splits", "parameters",
    "settles_hours",
)  # fmt: skip
_LANGUAGES = ("nl", "en")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/_|#-]{0,199}")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_STATUSES = ("draft", "active", "retired")
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """How a figure is told: its unit (UCUM) and decimals, and its name by language."""

    code: str
    unit: str
    decimals: int
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator. `splits` are the combinations by which it is split; `parameters` are what the formula asks.

    `settles` is for how many hours after a period what happens still counts to it.
    """

    id: str
    version: str
    owner: str
    status: str
    name: Mapping[str, str]
    counts: Mapping[str, str]
    pitfalls: Mapping[str, str]
    figures: tuple[Shown, ...]
    splits: tuple[tuple[str, ...], ...]
    parameters: Mapping[str, Any]
    settles: int

    @property
    def needs(self) -> tuple[Need, ...]:
        """Return the facts that its formula is made of."""
        return SHAPES[self.id].needs

    def shown(self, code: str) -> Shown:
        """Return how a figure is told. KeyError for one that the definition does not tell."""
        for one in self.figures:
            if one.code == code:
                return one
        raise KeyError(code)


def definitions(folder: Path | None = None) -> dict[str, Definition]:
    """Return all indicators by their numbers, a region's own in the place of ours.

    Raises BadSettings with everything that is wrong with the files, each with file and line.
    """
    return dict(_definitions(folder))


def definition(number: str, folder: Path | None = None) -> Definition:
    """Return an indicator: `K-05`, `k5` and `5` are the same one. Raises BadRequest where there is
    none, and BadSettings as above."""
    found = definitions(folder)
    named = re.fullmatch(r"(?:[Kk]-?)?0*([0-9]{1,2})", number)
    wanted = f"K-{int(named[1]):02}" if named else number
    if wanted not in found:
        text = f"there is no indicator of this number; there are {min(found)} to {max(found)}"
        raise BadRequest(text, code="bad-value")
    return found[wanted]


@lru_cache(maxsize=8)
def _definitions(folder: Path | None) -> tuple[tuple[str, Definition], ...]:
    found: dict[str, Definition] = {}
    problems: list[Issue] = []
    for one in filter(None, (shipped("profiles") / "kpi", folder)):
        paths = sorted(one.glob("*.yaml"))
        read = [_read(path, problems) for path in paths]
        for path, made in zip(paths, read, strict=True):
            if made is not None and [other.id for other in read if other].count(made.id) > 1:
                problems.append(Issue("bad-settings", f"another file defines {made.id} too", rule=f"{path.name}:1"))
        found |= {made.id: made for made in read if made}
    if problems:
        raise BadSettings(list(dict.fromkeys(problems)))
    return tuple(sorted(found.items()))


def _read(path: Path, problems: list[Issue]) -> Definition | None:
    """Return what a file defines; None, with problems added, where something is wrong with it."""
    try:
        content, lines = documents.read(path)
    except BadSettings as error:
        problems.extend(error.issues)
        return None
    fields = Fields(content, Document(lines, path.name, "bad-settings"))
    fields.only(_KEYS)
    number = fields.one_of("kpi", SHAPES)
    made = _made(fields, number, SHAPES[number]) if number in SHAPES else None
    problems.extend(fields.problems)
    return None if fields.problems else made


def _made(fields: Fields, number: str, shape: Shape) -> Definition:
    return Definition(
        number,
        fields.text("version", _VERSION, "must be a version: 1.0.0", required=True),
        fields.text("owner", _TEXT, "must say whose decision it is", required=True),
        fields.one_of("status", _STATUSES),
        _said(fields, "name"),
        _said(fields, "counts"),
        _said(fields, "pitfalls"),
        tuple(_figures(fields, shape)),
        tuple(_splits(fields, shape)),
        dict(_parameters(fields, shape)),
        fields.integer("settles_hours", 0, 0, 24 * 366),
    )


def _said(fields: Fields, key: str) -> Mapping[str, str]:
    """Return a text in each language."""
    if not fields.has(key):
        fields.add(key, "is missing")
        return {}
    inner = fields.inner(key)
    inner.only(_LANGUAGES)
    return {one: inner.text(one, _TEXT, "must be text", required=True) for one in _LANGUAGES}


def _figures(fields: Fields, shape: Shape) -> Iterator[Shown]:
    told = fields.objects("figures")
    for one in told:
        one.only(("figure", "unit", "decimals", "name"))
        code = one.one_of("figure", shape.figures)
        unit = one.text("unit", _TEXT, "must be a unit of UCUM", required=True)
        yield Shown(code, unit, one.integer("decimals", 0, 0, _DECIMALS), _said(one, "name"))
    codes = [one.any_text("figure") for one in told]
    if missing := sorted(set(shape.figures) - set(codes)):
        fields.add("figures", f"says nothing of {', '.join(missing)}")
    if len(codes) > len(set(codes)):
        fields.add("figures", "has a figure twice")


def _splits(fields: Fields, shape: Shape) -> Iterator[tuple[str, ...]]:
    value = fields.value("splits")
    if not isinstance(value, list) or not all(isinstance(one, list) for one in value):
        fields.add("splits", "must be a list of lists: [[care], [care, urgency]]")
        return
    for number, one in enumerate(value):
        known = one and set(map(str, one)) <= set(shape.splits) and len(one) == len(set(map(str, one)))
        if not known:
            fields.add(f"splits[{number}]", f"must be of {', '.join(shape.splits) or 'nothing'}, each once")
        else:
            yield tuple(one)


def _parameters(fields: Fields, shape: Shape) -> Iterator[tuple[str, Any]]:
    if not shape.parameters and not fields.has("parameters"):
        return
    inner = fields.inner("parameters")
    inner.only(shape.parameters)
    for name, kind in shape.parameters.items():
        if inner.has(name):
            yield name, _parameter(inner, name, kind)
        else:
            inner.add(name, "is missing")


def _parameter(inner: Fields, name: str, kind: Parameter) -> Any:
    match kind:
        case Range(low, high):
            return inner.integer(name, low, low, high)
        case Words(of):
            return inner.among(name, of, "is not known here") if of else inner.words(name, _CODE, "must be a code")
        case Text():
            return inner.text(name, _CODE, "must be a code or a canonical", required=True)
        case PerCare():
            return _per_care(inner.inner(name))


def _per_care(fields: Fields) -> Mapping[str, Any]:
    for code in fields.keys:
        number = fields.value(code)
        if type(number) not in {int, Decimal} or number < 0:
            fields.add(code, "must be a number, 0 or more")
    return {} if fields.problems else {code: fields.value(code) for code in fields.keys}
