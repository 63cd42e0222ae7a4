"""HL7's v2-to-FHIR code tables (CSV, one file a table) as R4 ConceptMaps.

https://build.fhir.org/ig/HL7/v2-to-fhir/ and https://hl7.org/fhir/R4/conceptmap.html

A table says of each v2 code what it becomes. It says no equivalence: `equal` is the same code of the same table,
`relatedto` a target that several codes share, `unmatched` a code without a target, and `equivalent` any other. What
a row cannot say by itself (a condition, no v2 code, no system) is not guessed: the row is left out, and listed.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

BASE = "https://msb-gateway.example/fhir"
TABLE = "http://terminology.hl7.org/CodeSystem/v2-"

REASONS = {
    "no-source": "no v2 code: the row only names a FHIR code",
    "no-source-system": "the v2 code names no HL7 table",
    "no-target-system": "the target names no code system",
    "bad-code": "not a code as FHIR writes it",
    "condition": "holds on a condition only, which a ConceptMap cannot say",
    "two-targets": "the table gives the code two targets",
    "repeated": "the same row stands in the table already",
    "no-targets-at-all": "no code of this v2 table has a target, so there is no system to map to",
}

_CODE = re.compile(r"\S+( \S+)*")
_SYSTEM = re.compile(r"(https?://|urn:)\S+")
_HL7_TABLE = re.compile(r"HL7?-?(\d{4})")
_FILE = re.compile(r"(?:HL7 Concept Map_?\s*)?(.*?)(?: - Sheet\d+)?")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+")
_NAME = 255
_ID = 64


@dataclass(frozen=True, slots=True)
class Left:
    """A row that was not used: its file, its line there, and a key of REASONS."""

    file: str
    line: int
    reason: str


@dataclass
class Imported:
    """What became of some tables."""

    concept_maps: list[dict[str, Any]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    not_tables: list[str] = field(default_factory=list)
    rows: int = 0

    @property
    def used(self) -> int:
        """Return how many rows became an element of a ConceptMap."""
        return self.rows - len(self.left)

    @property
    def reasons(self) -> dict[str, int]:
        """Return how many rows were left out for each reason."""
        counted = Counter(left.reason for left in self.left)
        return {reason: counted[reason] for reason in REASONS if counted[reason]}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    code: str
    text: str
    source: str
    conditions: tuple[str, ...]
    target: str
    display: str
    system: str
    comment: str


def files(folder: Path) -> list[Path]:
    """Return the CSV files of a folder, or of its `codesystems` where the whole set was given, in a stable order."""
    inner = folder / "codesystems"
    return sorted((inner if inner.is_dir() else folder).glob("*.csv"))


def imported(paths: Sequence[Path], *, version: str) -> Imported:
    """Return the ConceptMaps of some tables and the rows that were left out; files of another shape are named."""
    found = Imported()
    ids: set[str] = set()
    for path in paths:
        rows = _rows(path)
        if rows is None:
            found.not_tables.append(path.name)
            continue
        found.rows += len(rows)
        groups = _groups(path.name, rows, found.left)
        if groups:
            name = _FILE.fullmatch(path.stem)
            resource = _concept_map((name[1] if name else path.stem).strip(), groups, version, ids)
            ids.add(resource["id"])
            found.concept_maps.append(resource)
    found.left.sort(key=lambda left: (left.file, left.line))
    return found


# ---- reading


def _rows(path: Path) -> list[_Row] | None:
    """Return the rows of a table that are not blank, or None when the file is not one."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.reader(stream)
        above, head = next(reader, []), [cell.strip().lower() for cell in next(reader, [])]
        if not above or above[0].strip() != "HL7 v2" or head[:3] != ["code", "text", "code system"]:
            return None
        columns = _columns(head)
        if columns is None:
            return None
        return [_row(cells, reader.line_num, columns) for cells in reader if any(cell.strip() for cell in cells)]


def _columns(head: list[str]) -> tuple[int, int, int] | None:
    """Return where the target's code, display and system stand: the last columns that are called so."""
    last = {name: max((i for i, one in enumerate(head) if one == name), default=0) for name in ("code", "code system")}
    display = head.index("display") if "display" in head else 0
    found = (last["code"], display, last["code system"])
    return found if min(found) > 2 else None


def _row(cells: list[str], line: int, columns: tuple[int, int, int]) -> _Row:
    padded = [" ".join(cell.split()) for cell in cells] + [""] * (max(columns) + 1 - len(cells))
    code, display, system = columns
    conditions = tuple(cell for cell in padded[3:code] if cell)
    comment = " ".join(cell for cell in padded[system + 1 :] if cell)
    return _Row(
        line, padded[0], padded[1], padded[2], conditions, padded[code], padded[display], padded[system], comment
    )


# ---- what can be used


def _wrong(row: _Row) -> str | None:
    """Return why a row cannot be used, as far as it says so by itself."""
    if not row.code:
        return "no-source"
    if row.conditions:
        return "condition"
    if not _HL7_TABLE.fullmatch(row.source):
        return "no-source-system"
    if row.target and not _SYSTEM.fullmatch(row.system):
        return "no-target-system"
    if not all(_CODE.fullmatch(code) for code in (row.code, row.target) if code):
        return "bad-code"
    return None


def _groups(file: str, rows: list[_Row], left: list[Left]) -> list[dict[str, Any]]:
    good: list[_Row] = []
    for row in rows:
        reason = _wrong(row)
        if reason:
            left.append(Left(file, row.line, reason))
        else:
            good.append(row)
    once = list(_once(file, good, left))
    systems = _systems(once)
    left += [Left(file, row.line, "no-targets-at-all") for row in once if row.source not in systems]
    shared = Counter((row.system, row.target) for row in once if row.target)
    made: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in once:
        if row.source in systems:
            target = row.system if row.target else systems[row.source]
            element = _element(row, shared=shared[row.system, row.target] > 1)
            made.setdefault((_uri(row.source), target), []).append(element)
    return [{"source": source, "target": target, "element": made[source, target]} for source, target in made]


def _once(file: str, rows: list[_Row], left: list[Left]) -> Iterator[_Row]:
    """Yield the rows whose code has one meaning; of two that differ neither is used."""
    meant: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows:
        meant.setdefault((row.source, row.code), set()).add((row.system, row.target))
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key = (row.source, row.code)
        if len(meant[key]) > 1:
            left.append(Left(file, row.line, "two-targets"))
        elif key in seen:
            left.append(Left(file, row.line, "repeated"))
        else:
            seen.add(key)
            yield row


def _systems(rows: list[_Row]) -> dict[str, str]:
    """Return for each v2 table the system that most of its codes go to: there the codes without a target belong."""
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        if row.target:
            counted.setdefault(row.source, Counter())[row.system] += 1
    return {source: min(found, key=lambda system: (-found[system], system)) for source, found in counted.items()}


# ---- writing


def _uri(source: str) -> str:
    return TABLE + source[-4:]


def _element(row: _Row, *, shared: bool) -> dict[str, Any]:
    target: dict[str, Any] = {}
    if row.target:
        target["code"] = row.target
        target |= {"display": row.display} if row.display else {}
    target["equivalence"] = _equivalence(row, shared=shared)
    target |= {"comment": row.comment} if row.comment else {}
    return {"code": row.code, **({"display": row.text} if row.text else {}), "target": [target]}


def _equivalence(row: _Row, *, shared: bool) -> str:
    if not row.target:
        return "unmatched"
    if (row.code, _uri(row.source)) == (row.target, row.system):
        return "equal"
    return "relatedto" if shared else "equivalent"


def _concept_map(table: str, groups: list[dict[str, Any]], version: str, ids: set[str]) -> dict[str, Any]:
    words = _WORD.findall(table)
    id_ = "-".join(["v2", *(word.lower() for word in words)])
    if len(id_) > _ID or id_ in ids:
        mark = sha256(table.encode()).hexdigest()[:8]
        id_ = f"{id_[: _ID - 9].rstrip('-')}-{mark}"
    return {
        "resourceType": "ConceptMap",
        "id": id_,
        "url": f"{BASE}/ConceptMap/{id_}",
        "version": version,
        "name": f"V2{''.join(word[:1].upper() + word[1:] for word in words)}"[:_NAME],
        "title": f"HL7 v2 to FHIR: {table}",
        "status": "draft",
        "experimental": False,
        "description": f"Made from the table '{table}' of HL7's v2-to-FHIR mapping.",
        "group": groups,
    }
