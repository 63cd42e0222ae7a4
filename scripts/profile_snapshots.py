"""Give every StructureDefinition in `profiles/` the snapshot that follows from its differential.

    python scripts/profile_snapshots.py            # writes them
    python scripts/profile_snapshots.py --check    # says which are not what they should be, and exits 1

The base of a profile is R4 as `profiles/r4/` has it, or another profile of the folder. The same differentials give the
same bytes: one line an element, so that a difference can be read. https://hl7.org/fhir/R4/profiling.html#snapshot
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.data import shipped
from gateway.validation.profiles import Definitions, snapshot

Resource = dict[str, Any]


def definitions(folder: Path) -> Iterator[tuple[Path, Resource]]:
    """Yield each StructureDefinition of a folder, without its snapshot."""
    for path in sorted(folder.glob("StructureDefinition-*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        resource.pop("snapshot", None)
        yield path, resource


def with_snapshot(resource: Resource, known: Definitions) -> Resource:
    """Return a definition with its snapshot, which stands before the differential."""
    made = {"element": snapshot(resource, known.structure, again=True)}
    rest = {key: value for key, value in resource.items() if key != "differential"}
    return rest | {"snapshot": made, "differential": resource["differential"]}


def text(resource: Resource) -> str:
    """Return a resource as the folder's files are written: an element, a concept, a long list's item on a line each."""
    lines = [f" {_one(key)}: {_value(value)}" for key, value in resource.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], dict):
        return "[\n" + ",\n".join("  " + _one(item) for item in value) + "\n ]"
    if isinstance(value, dict) and set(value) == {"element"}:
        return '{"element": [\n' + ",\n".join("  " + _one(item) for item in value["element"]) + "\n ]}"
    return _one(value)


def _one(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(*arguments: str) -> int:
    """Write the snapshots, or with --check compare them. Return the exit code."""
    folder = shipped("profiles")
    held = list(definitions(folder))
    known = Definitions()
    for _, resource in held:
        known.add_resource(resource)
    wrong = 0
    for path, resource in held:
        made = text(with_snapshot(resource, known))
        if made != path.read_text(encoding="utf-8"):
            wrong += 1
            print(f"{path.name}: {'not what its differential says' if '--check' in arguments else 'written'}")
            if "--check" not in arguments:
                path.write_text(made, encoding="utf-8")
    return int(bool(wrong) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
