"""Let an independent validator (Medplum's, in Node) look at everything that the mappings make and the profiles show.

    python scripts/second_opinion.py TOOL          # TOOL: a folder with its validate.mjs and package.json

The tool is copied to `var/second-opinion` and installed there with `npm ci`, once. It is no part of the gateway: where
it is not installed, the test that asks it (`tests/mappings/test_second_opinion.py`) is skipped. Exit code: 0
when it finds no error.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.data import shipped

HERE = Path(__file__).resolve().parents[1] / "var" / "second-opinion"
_NOT_GOLDEN = (".in.json", ".issues.json")


def installed(tool: Path | None = None) -> Path | None:
    """Return the validator, copied and installed first when `tool` says from where; None when it is not there."""
    script = HERE / "validate.mjs"
    if tool is not None:
        HERE.mkdir(parents=True, exist_ok=True)
        for path in tool.iterdir():
            if path.is_file():
                shutil.copyfile(path, HERE / path.name)
    if tool is not None and not (HERE / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--silent"], cwd=HERE, check=True)
    return script if (HERE / "node_modules").is_dir() and shutil.which("node") else None


def looked_at() -> Iterator[Path]:
    """Yield every golden output, every sample that is not broken on purpose, and every example of the profiles."""
    goldens = shipped("mappings").glob("*/*/cases/*.json")
    yield from sorted(path for path in goldens if not path.name.endswith(_NOT_GOLDEN))
    yield from sorted(
        path for path in shipped("mappings").glob("samples/*.json") if not path.name.startswith("broken-")
    )
    yield from sorted(shipped("profiles").glob("*-example-*.json"))


def opinion(script: Path) -> subprocess.CompletedProcess[str]:
    """Return what the validator says of everything, in one run: a line for each finding, and a sum."""
    command = ["node", str(script), "--codes", *map(str, looked_at())]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> int:
    """Install the tool if need be, and print its opinion."""
    script = installed(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    if script is None:
        print("the validator is not installed: say where it is, and see that node and npm are there")
        return 2
    said = opinion(script)
    print(said.stdout + said.stderr, end="")
    return said.returncode


if __name__ == "__main__":
    sys.exit(main())
