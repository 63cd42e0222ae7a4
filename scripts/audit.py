"""`make audit`: whether an advisory is known of a package of requirements.lock, and plainly so when nobody answers.

pip-audit asks; it is installed for this alone, pinned, into `.venv-audit`, and is no part of the gateway. It counts a
package that it was told nothing of as well, so what it was not told is counted here. Returned is 1 for an advisory that
nobody accepted, and 0 else: also where the service cannot be reached, with a line that nobody can read over.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv-audit"
PINNED = ROOT / "scripts" / "audit.requirements.txt"
_SECONDS = 90  # of each step; where nobody answers, nobody is waited for
NOT_ASKED = "!!! NOT AUDITED: {}. Nothing is known of advisories: run `make audit` where they can be asked for. !!!"
_NOBODY = "the advisory service told nothing of any of the {} packages"


class Verdict(NamedTuple):
    """What is to be said, and what the command returns."""

    lines: list[str]
    code: int


def verdict(report: Mapping[str, Any], accepted: Iterable[Mapping[str, Any]], today: datetime.date) -> Verdict:
    """Return what a report of pip-audit comes to. An advisory that is accepted counts again after the day `until`."""
    packages = report["dependencies"]
    told = [one for one in packages if "skip_reason" not in one]
    if not told:
        return Verdict([NOT_ASKED.format(_NOBODY.format(len(packages)))], 0)
    kept = {str(one["id"]) for one in accepted if one["until"] >= today}
    found = [(package, found) for package in told for found in package["vulns"]]
    open_ = [one for one in found if not kept & {one[1]["id"], *one[1].get("aliases", ())}]
    lines = [_line(package, vulnerability) for package, vulnerability in open_]
    lines += [
        f"accepted for a while: {package['name']} {one['id']}" for package, one in found if (package, one) not in open_
    ]
    untold = [one["name"] for one in packages if "skip_reason" in one]
    if untold:
        lines.append(NOT_ASKED.format(f"nothing was told of {', '.join(untold)}"))
    lines.append(f"{len(told)} packages were asked for; advisories that nobody accepted: {len(open_)}")
    return Verdict(lines, int(bool(open_)))


def _line(package: Mapping[str, Any], vulnerability: Mapping[str, Any]) -> str:
    fixed = ", ".join(vulnerability.get("fix_versions", ())) or "no version yet"
    return f"ADVISORY {vulnerability['id']}: {package['name']} {package['version']}; mended in {fixed}"


def asked() -> Mapping[str, Any]:
    """Return pip-audit's report on the lock. Raises CalledProcessError, TimeoutExpired or ValueError without one."""
    if not (VENV / "bin" / "pip-audit").exists():
        _run(sys.executable, "-m", "venv", str(VENV))
        _run(
            str(VENV / "bin" / "pip"),
            "install",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check",
            "-r",
            str(PINNED),
        )
    options = ("--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json", "--timeout", "10")
    command = [str(VENV / "bin" / "pip-audit"), "-r", str(ROOT / "requirements.lock"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # 1: it found some
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)


def main() -> int:
    """Say what is known of the lock, and return 1 for an advisory that nobody accepted."""
    policy = tomllib.loads((ROOT / "scripts" / "dependencies.toml").read_text(encoding="utf-8"))["advisories"]
    try:
        found = verdict(asked(), policy["accepted"], datetime.datetime.now(datetime.UTC).date())
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        found = Verdict(
            [NOT_ASKED.format(f"pip-audit could not be installed or could not ask ({type(error).__name__})")], 0
        )
    print("\n".join(found.lines))
    return found.code


if __name__ == "__main__":
    sys.exit(main())
