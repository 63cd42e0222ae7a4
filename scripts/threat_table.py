"""Make the table of threats in `docs/security.md`: each bad input by its number, what becomes of it, and what shows it.

    python scripts/threat_table.py            # writes it
    python scripts/threat_table.py --check    # says what is wrong, or that it is not what it should be, and exits 1

What comes in stands in `tests/attacks/threats.yaml`; what shows it are the tests that are marked with its number.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
TESTS = ROOT / "tests"
_BEGIN, _END = "<!-- threats: made by scripts/threat_table.py -->\n", "<!-- end of threats -->\n"
_HEAD = "| | what comes in | what becomes of it | seen to in | shown by |\n|---|---|---|---|---|\n"
OPEN = "open"
LAST = 137


class Threat(NamedTuple):
    """A bad input: in words, what becomes of it (`open`: nothing yet), and the file of the code that sees to it."""

    comes_in: str
    becomes: str
    code: str


def threats() -> dict[str, dict[int, Threat]]:
    """Return the bad inputs of each chapter, by number."""
    chapters = yaml.safe_load((TESTS / "attacks" / "threats.yaml").read_text(encoding="utf-8"))
    return {name: {number: Threat(*said) for number, said in rows.items()} for name, rows in chapters.items()}


class _Collected:
    """A plugin of pytest that notes which tests bear which numbers."""

    def __init__(self) -> None:
        self.tests: dict[int, dict[str, None]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("threat"):
                for number in mark.args:
                    self.tests.setdefault(number, {})[item.nodeid.partition("[")[0]] = None


def shown() -> dict[int, list[str]]:
    """Return the tests that show each number, as pytest names them. AssertionError when they cannot be collected."""
    marked = [path for path in sorted(TESTS.rglob("test_*.py")) if "mark.threat(" in path.read_text(encoding="utf-8")]
    files = {str(path) for path in (*marked, *(TESTS / "attacks").glob("test_*.py"))}
    found, said = _Collected(), StringIO()
    with redirect_stdout(said):
        status = pytest.main([*sorted(files), "--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[found])
    assert status == pytest.ExitCode.OK, said.getvalue()
    return {number: list(tests) for number, tests in found.tests.items()}


def table(tests: Mapping[int, list[str]]) -> str:
    """Return the table, chapter by chapter."""
    return "\n".join(
        f"#### {name}\n\n{_HEAD}{''.join(_row(number, said, tests) for number, said in rows.items())}"
        for name, rows in threats().items()
    )


def _row(number: int, said: Threat, tests: Mapping[int, list[str]]) -> str:
    code = f"`{said.code}`" if said.code else ""
    becomes = "**Open**" if said.becomes == OPEN else said.becomes
    return f"| {number} | {said.comes_in} | {becomes} | {code} | {'; '.join(_by_file(tests.get(number, [])))} |\n"


def _by_file(tests: list[str]) -> Iterator[str]:
    """Yield each file with its tests."""
    files: dict[str, list[str]] = {}
    for file, _, name in (test.partition("::") for test in tests):
        files.setdefault(file, []).append(f"`{name}`")
    yield from (f"`{file}`: {', '.join(names)}" for file, names in files.items())


def with_table(page: str, made: str) -> str:
    """Return the page with the table in its place."""
    return re.sub(rf"(?<={re.escape(_BEGIN)}).*(?={re.escape(_END)})", lambda _: f"\n{made}\n", page, flags=re.DOTALL)


def problems(tests: Mapping[int, list[str]]) -> Iterator[str]:
    """Yield what is wrong: a number that nothing shows to a real gateway, one of no threat, code that is not there."""
    known = {number: said for rows in threats().values() for number, said in rows.items()}
    for number in sorted(tests.keys() | known.keys() | set(range(1, LAST + 1))):
        said = known.get(number)
        if said is None:
            yield f"{number} is not in threats.yaml"
        elif said.becomes == OPEN:
            if number in tests:
                yield f"{number} is shown, and threats.yaml calls it open"
        elif not (ROOT / said.code).is_file():
            yield f"{number} names code that is not there: {said.code}"
        elif not any(test.startswith("tests/attacks/") for test in tests.get(number, [])):
            yield f"{number} is not shown by any test of tests/attacks"


def main() -> int:
    """Write the page, or only say what is wrong; return the exit status."""
    tests = shown()
    page = PAGE.read_text(encoding="utf-8")
    made = with_table(page, table(tests))
    wrong = list(problems(tests))
    if made != page and "--check" not in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    elif made != page:
        wrong.append(f"{PAGE.name} is not what scripts/threat_table.py makes")
    print("".join(f"{one}\n" for one in wrong), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
