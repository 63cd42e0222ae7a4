"""Print the part of requirements.lock that a running gateway needs: what is for development alone is left out.

`python scripts/runtime_lock.py > runtime.lock`, where everything of the lock is installed; the container file does so.
"""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def needed(wanted: list[Requirement]) -> set[str]:
    """Return the canonical names of `wanted` and of all that these need."""
    found: set[tuple[str, str]] = set()
    left = [(requirement, extra) for requirement in wanted for extra in ("", *requirement.extras)]
    while left:
        requirement, extra = left.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for text in requires(name) or []:
            further = Requirement(text)
            if further.marker is None or further.marker.evaluate({"extra": extra}):
                left += [(further, each) for each in ("", *further.extras)]
    return {name for name, _ in found}


def main() -> None:
    """Print the blocks of the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["postgres"], *extras["otel"]]
    names = needed([Requirement(text) for text in wanted])
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    kept = [found[0] for found in _BLOCK.finditer(lock) if canonicalize_name(found["name"]) in names]
    print("".join(kept), end="")


if __name__ == "__main__":
    main()
