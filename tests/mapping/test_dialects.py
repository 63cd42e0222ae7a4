"""The plain and the traced dialect are two texts of one mapping: on every message at hand they say the same."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.fhir.json import encode
from gateway.formats import hl7v2
from gateway.formats.detect import detect
from gateway.mapping.contradiction import kept
from gateway.mapping.declared import declared
from gateway.mapping.ir import Mapping
from gateway.mapping.keeping import Keeps, parted
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import Messages, run
from tests.conftest import library
from tests.golden import cases
from tests.shared import SHARED

RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ENGINE = Path(__file__).with_name("library")


def messages() -> list[Path]:
    own = [case.message for found in cases().values() for case in found]
    shared = [SHARED / "data" / "feeds", SHARED / "data" / "hl7v2" / "messages"] if SHARED else []
    return own + [path for folder in shared for path in sorted(folder.iterdir())]


def taken(data: bytes, provider: str = "dev") -> Iterator[Mapped]:
    """Yield what is not refused."""
    try:
        rest = run(library(), data, provider=provider, received_at=RECEIVED)
    except GatewayError:
        return
    while True:
        try:
            yield next(rest)
        except StopIteration:
            return
        except GatewayError:
            continue


@pytest.mark.parametrize("path", messages(), ids=lambda path: path.stem)
@pytest.mark.parametrize("provider", ["dev", "duinrand"])
def test_both_dialects_make_the_same_bytes(path: Path, provider: str) -> None:
    data = path.read_bytes()
    for mapped in taken(data, provider):
        if mapped.mapping == "fhir":
            continue
        traced, keeps = by_trace(mapped, provider)
        assert encode(traced) == encode([resource for resource, _, _ in mapped.resources])
        assert keeps == mapped.keeps


def by_trace(mapped: Mapped, provider: str) -> tuple[list[Any], Keeps]:
    """Return the resources of a second run, in the traced dialect, and what it says of absent elements."""
    job = Messages(library(), library().provider(provider), RECEIVED)
    mapping, out = library().mapping(mapped.mapping), dict[str, Any]()
    for source, extra in sources(mapped, mapping):
        own: dict[str, Any] = {}
        tracer = job.traced(mapping, source, extra, own)
        if not tracer.failed and not any(i.severity == "error" for i in getattr(source, "issues", ()) if mapping.each):
            out |= kept(own, out)
    resources, keeps = parted([(resource, "PUT", url) for url, resource in out.items()])
    made, _, _ = declared(resources)
    return [resource for resource, _, _ in made], keeps


def sources(mapped: Mapped, mapping: Mapping) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return what the mapping runs over: the message, each of its items, or each row."""
    if isinstance(mapped.source, list):
        return [(row, ()) for row in mapped.source]
    each = mapped.source.all(mapping.each) if mapping.each else None
    return [(mapped.source, ())] if each is None else [(mapped.source, (part,)) for part in each]


@pytest.mark.parametrize("path", messages(), ids=lambda path: path.stem)
def test_every_element_has_an_origin(path: Path) -> None:
    for mapped in taken(path.read_bytes()):
        if mapped.whole is not None and mapped.whole["type"] == "collection":
            continue  # told entry by entry, without the Bundle around them
        traced = {entry.path for entry in mapped.trace.entries() if not is_declared(entry.path)}
        leaves = sum(count(resource) for resource, _, _ in mapped.resources)
        assert len(traced) == leaves


def is_declared(path: str) -> bool:
    """Return whether an element is no part of what is made of the message."""
    return path.startswith("Parameters") or ".modifierExtension[" in path


def count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("path", messages(), ids=lambda path: path.stem)
def test_the_same_bytes_give_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    first, second = (encode([mapped.bundle() for mapped in taken(data)]) for _ in range(2))

    assert first == second


BROKEN = st.tuples(
    st.sampled_from([case.message for case in cases()["hl7v2/adt_a01_admit"]][:4]),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.sampled_from([b"", b"^", b"~", b"&", b"|", b'""', b"\\", b"\r", b"9", b"\xff", b" "])
        ),
        max_size=6,
    ),
)


@settings(max_examples=60, deadline=None)
@given(BROKEN)
def test_a_message_with_anything_in_it_is_mapped_or_refused(broken: tuple[Path, list[tuple[float, bytes]]]) -> None:
    data = broken[0].read_bytes()
    for at, junk in broken[1]:
        place = int(at * len(data))
        data = data[:place] + junk + data[place + 1 :]
    try:
        if detect(data, None) != "hl7v2":
            return
        parts = list(hl7v2.split(data))
    except GatewayError:
        return
    for part in parts:
        for mapped in taken(bytes(part)):
            mapped.trace.entries()
            encode(mapped.bundle())
