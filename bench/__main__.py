"""Runs every benchmark, prints its rows, and with --write renews the tables of docs/scoreboard.md."""

import argparse
import importlib
import platform
import re
from pathlib import Path

from bench.report import Row, show, table

MODULES = (
    "formats",
    "fhirpath",
    "mapping",
    "tables",
    "trees",
    "validation",
    "xml",
    "store",
    "looks",
    "partners",
    "policy",
    "sealing",
    "trust",
    "http",
    "api",
    "search",
    "feeds",
)
SCOREBOARD = Path(__file__).resolve().parents[1] / "docs" / "scoreboard.md"


def main() -> None:
    """Run the benchmarks named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(MODULES), help=f"of {', '.join(MODULES)}")
    parser.add_argument("--full", action="store_true", help="the largest volumes too (some minutes)")
    parser.add_argument("--write", action="store_true", help="renew docs/scoreboard.md")
    chosen = parser.parse_args()
    tables = {name: _measure(name, full=chosen.full) for name in chosen.modules}
    if chosen.write:
        _write(tables)


def _measure(name: str, *, full: bool) -> list[Row]:
    print(f"\n# {name}", flush=True)
    rows: list[Row] = importlib.import_module(f"bench.{name}").rows(full=full)
    show(rows)
    return rows


def _write(tables: dict[str, list[Row]]) -> None:
    """Replace each `<!-- bench:NAME -->` block of the scoreboard by the new table."""
    text = SCOREBOARD.read_text(encoding="utf-8")
    for name, rows in tables.items():
        before, mark, after = text.partition(f"<!-- bench:{name} -->\n")
        text = f"{before}{mark}{table(rows)}\n<!-- end -->{after.partition('<!-- end -->')[2]}" if mark else text
    machine = f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}"
    text = re.sub(r"<!-- machine -->.*", f"<!-- machine --> {machine}", text)
    SCOREBOARD.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
