"""Reads `cases/*.txt`: `expression => what it gives`, a line a case.

What it gives is JSON: a list, or one value. `error` stands for a FhirPathError, `error: words` for one with those
words in its text. `## Patient` names the resource that the lines below it are asked of. A line that ends in a
backslash goes on. `(typed)` before an expression: only with the static type; `(untyped)`: only without.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    file: str
    line: int
    root: str
    expression: str
    gives: Any  # a list, or the text of an error
    only: str | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def read() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in _of_file(path)]


def _of_file(path: Path) -> Iterator[Case]:
    root, before = "Patient", ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            root = line[3:].strip()
        elif line.endswith("\\"):
            before += line[:-1]
        elif line.strip() and not line.startswith("#"):
            yield _case(path.stem, number, root, before + line)
            before = ""


def _case(file: str, number: int, root: str, line: str) -> Case:
    expression, _, gives = line.rpartition(" => ")
    assert expression, f"{file}:{number}: no ' => '"
    only = next((o for o in ("typed", "untyped") if expression.startswith(f"({o}) ")), None)
    if only:
        expression = expression[len(only) + 3 :]
    return Case(file, number, root, expression.strip(), _gives(gives.strip()), only)


def _gives(text: str) -> Any:
    if text.startswith("error"):
        return text
    value = json.loads(text, parse_float=Decimal)
    return value if isinstance(value, list) else [value]
