"""Write docs/scoreboard-fhirpath.md: how many of HL7's official FHIRPath cases pass, and why the others do not.

    python scripts/fhirpath_scoreboard.py CASES [docs/scoreboard-fhirpath.md]

CASES is a folder with tests-fhir-r4.xml and its input/ (github.com/FHIR/fhir-test-cases). The reasons are those of
tests/fhirpath/official_failures.yaml; a failing case without one is written as such.
"""

import sys
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.fhirpath.official import Case, cases, failure  # noqa: E402 -- found only after the line above

HEAD = """# FHIRPath: the official cases

{passed} of {total} cases of HL7's R4 suite (`tests-fhir-r4.xml` of github.com/FHIR/fhir-test-cases) pass:
**{share:.2f} %**. Two more stand in the file as comments. A case passes when the values, their types
and their order are those of the suite, or when it has to be refused and is.
`tests/fhirpath/test_official.py` holds this, `scripts/fhirpath_scoreboard.py` writes this page.
"""


def page(folder: Path) -> str:
    """Return the page for the cases in a folder."""
    each = [(case, failure(case, folder)) for case in cases(folder)]
    failed = [(case, how) for case, how in each if how]
    passed = len(each) - len(failed)
    parts = [
        HEAD.format(passed=passed, total=len(each), share=100 * passed / len(each)),
        "## What fails\n",
        _failing(failed),
        "## By group\n",
        _groups(each),
    ]
    return "\n".join(parts)


def _failing(failed: list[tuple[Case, str]]) -> str:
    reasons = yaml.safe_load((ROOT / "tests/fhirpath/official_failures.yaml").read_text(encoding="utf-8"))
    lines = ["| case | expression | what happens | why |", "|---|---|---|---|"]
    for case, how in failed:
        reason = reasons.get(case.key, "**not explained**").strip()
        lines.append(f"| {case.key} | `{_cell(case.expression)}` | {_cell(how)} | {_cell(reason)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _groups(each: list[tuple[Case, str | None]]) -> str:
    total = Counter(case.group for case, _ in each)
    passed = Counter(case.group for case, how in each if not how)
    rows = [f"| {group} | {passed[group]} | {count} |" for group, count in total.items()]
    return "\n".join(["| group | pass | of |", "|---|---:|---:|", *rows]) + "\n"


def main() -> None:
    """Write the page."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "scoreboard-fhirpath.md"
    target.write_text(page(Path(sys.argv[1])), encoding="utf-8")


if __name__ == "__main__":
    main()
