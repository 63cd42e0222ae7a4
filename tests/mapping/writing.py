"""Writes small mappings and runs them: what the tests of the language have in common."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run

LIBRARY = Path(__file__).with_name("library")
RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

HEAD = """\
map: https://msb-gateway.example/fhir/StructureMap/written
version: 1.0.0
source: {format: hl7v2, when: "MSH-9.1 = 'ADT' and MSH-9.2 = 'A31'"}
"""

MESSAGE = "\r".join(
    [
        r"MSH|^~\&|EPD|ZKH|GW|ZCC|20260105100000||ADT^A31|M1|P|2.5.1||||||8859/1",
        "EVN|A31|20260105095500",
        "PID|1||999900006^^^NLMINBIZA^NNNLD~7781234^^^ZKH^PI||Jansen&de&Jansen^Anna^M||19410307|F|||"
        "Zeestraat 12&Zeestraat&12||"
        "070-1234567^PRN^PH~anna@example.org^NET^Internet||||||",
        'PV1|1|I|3B^312^1^ZKH|""|||01999901^Bakker^P',
        "OBX|1|NM|A||1",
        "OBX|2|NM|B||2",
        "",
    ]
)


def written(
    folder: Path, body: str, *, head: str = HEAD, name: str = "written", files: dict[str, str] | None = None
) -> Library:
    """Return the library of the tests with one more mapping, `head` and `body` of which are YAML."""
    for path in LIBRARY.rglob("*"):
        inner = path.relative_to(LIBRARY)
        if path.is_file() and inner.parts[0] in {"concept_maps", "providers"}:
            target = folder / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    for file, text in (files or {}).items():
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(text), encoding="utf-8")
    format_ = (re.search(r"format: (\w+)", head) or ["", "hl7v2"])[1]
    target = folder / format_ / name / "mapping.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(head + dedent(body), encoding="utf-8")
    return Library.read([folder])


def resource(*lines: str) -> str:
    """Return a body that emits one Basic with an id and these lines."""
    return "emit:\n  - resourceType: Patient\n    id: x\n" + indent("\n".join(lines), "    ") + "\n"


def mapped(library: Library, message: str = MESSAGE, *, provider: str = "dev", language: Any = "en") -> Mapped:
    """Return what a message becomes."""
    (one,) = run(library, message.encode("latin-1"), provider=provider, received_at=RECEIVED, language=language)
    return one


def resources(library: Library, message: str = MESSAGE, *, provider: str = "dev") -> list[dict[str, Any]]:
    """Return the resources of a message, and hold the traced dialect to the same."""
    found = mapped(library, message, provider=provider)
    plain = [resource for resource, _, _ in found.resources]
    assert traced(library, found, provider) == plain
    return plain


def traced(library: Library, found: Mapped, provider: str) -> list[dict[str, Any]]:
    """Return the resources that the traced dialect makes of the same message."""
    from gateway.mapping.run import Messages

    job = Messages(library, library.provider(provider), RECEIVED)
    out: dict[str, Any] = {}
    mapping = library.mapping(found.mapping)
    sources: Sequence[Any] = found.source if isinstance(found.source, list) else [found.source]
    for source in sources:
        extras = (
            [(part,) for part in source.all(mapping.each)]
            if mapping.each and not isinstance(found.source, list)
            else [()]
        )
        for extra in extras:
            job.traced(mapping, source, extra, out)
    return list(out.values())
