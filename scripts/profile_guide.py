"""Make the CapabilityStatement, the MessageDefinitions and the ImplementationGuide in `profiles/`.

    python scripts/profile_guide.py            # writes them
    python scripts/profile_guide.py --check    # says which are not what they should be, and exits 1

The first two are made from the tables the server itself dispatches by, the last from what lies in the folder.
https://hl7.org/fhir/R4/capabilitystatement.html, https://hl7.org/fhir/R4/implementationguide.html
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gateway.data import shipped
from gateway.messaging.events import EVENTS
from gateway.messaging.published import definition
from gateway.rest.metadata import GUIDE, PUBLISHED, capability_statement
from gateway.validation.packages.packing import OWN_MAPS

Resource = dict[str, Any]
BASE = "https://msb-gateway.example/fhir"
GROUPS = {
    "StructureDefinition": "profiles",
    "ValueSet": "terminology",
    "CodeSystem": "terminology",
    "ConceptMap": "terminology",
    "NamingSystem": "terminology",
}


def capabilities() -> Resource:
    """Return what a gateway can do, whatever its address: the statement of no instance."""
    statement = capability_statement(BASE, "certificates or tokens")
    del statement["implementation"]
    for messaging in statement["messaging"]:
        del messaging["endpoint"]  # cpb-3: it is that of an instance
    return statement | {
        "kind": "capability",
        "description": "What a gateway serves; GET metadata of one is its own statement.",
    }


def guide(folder: Path) -> Resource:
    """Return the guide: every definition and example of the package."""
    package = json.loads((folder / "package.json").read_bytes())
    maps = sorted(shipped("mappings") / "concept_maps" / name for name in OWN_MAPS)
    files = sorted(path for path in folder.glob("*-*.json") if not path.name.startswith("ImplementationGuide"))
    held = [_listed(path) for path in (*files, *maps)] + [_example(path) for path in sorted(folder.glob("examples/*"))]
    return {
        "resourceType": "ImplementationGuide",
        "id": GUIDE.rpartition("/")[2],
        "url": GUIDE,
        "version": package["version"],
        "name": "MsbGatewayProfiles",
        "title": package["title"],
        "status": "active",
        "experimental": False,
        "date": PUBLISHED,
        "publisher": "msb-gateway",
        "description": package["description"],
        "packageId": package["name"],
        "license": package["license"],
        "fhirVersion": package["fhirVersions"],
        "definition": {
            "grouping": [
                {"id": "profiles", "name": "Profiles and extensions"},
                {"id": "terminology", "name": "Codes, value sets and maps"},
                {"id": "other", "name": "What is served and measured"},
                {"id": "examples", "name": "Examples"},
            ],
            "resource": held,
        },
    }


def _listed(path: Path) -> Resource:
    resource = json.loads(path.read_bytes())
    kind = resource["resourceType"]
    return {
        "reference": {"reference": f"{kind}/{resource['id']}"},
        "name": resource.get("title") or resource["name"],
        "exampleBoolean": False,
        "groupingId": GROUPS.get(kind, "other"),
    }


def _example(path: Path) -> Resource:
    resource = json.loads(path.read_bytes())
    return {
        "reference": {"reference": f"{resource['resourceType']}/{resource['id']}"},
        "name": resource["id"],
        "exampleCanonical": resource["meta"]["profile"][0],
        "groupingId": "examples",
    }


def text(resource: Resource) -> str:
    """Return a resource with a line for each element, and for each item of its long list."""
    lines = [f" {json.dumps(key)}: {_value(value)}" for key, value in resource.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value(value: Any) -> str:
    for key in ("resource",):
        if isinstance(value, dict) and isinstance(value.get(key), list):
            rest = "".join(f"{json.dumps(k)}: {_one(v)}, " for k, v in value.items() if k != key)
            return f'{{{rest}"{key}": [\n' + ",\n".join("  " + _one(item) for item in value[key]) + "\n ]}"
    if isinstance(value, list) and value and isinstance(value[0], dict) and "resource" in value[0]:
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return _one(value)


def _one(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(*arguments: str) -> int:
    """Write all, or with --check compare them. Return the exit code."""
    folder = shipped("profiles")
    wrong = 0
    made_here: list[tuple[str, Callable[[], Resource]]] = [
        ("CapabilityStatement-gateway.json", capabilities),
        *((f"MessageDefinition-{event.id}.json", partial(definition, event)) for event in EVENTS),
        ("ImplementationGuide-msb-gateway-profiles.json", lambda: guide(folder)),
    ]
    for name, make in made_here:
        path, made = folder / name, text(make())
        if not path.is_file() or path.read_text(encoding="utf-8") != made:
            wrong += 1
            print(f"{name}: {'not what it should be: run scripts/profile_guide.py' if arguments else 'written'}")
            if "--check" not in arguments:
                path.write_text(made, encoding="utf-8")
    return int(bool(wrong) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
