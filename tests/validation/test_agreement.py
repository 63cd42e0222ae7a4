"""The quick schema accepts nothing that the walk finds wrong, whatever is done to a right resource."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.validation import Validator
from gateway.validation.structure import structure_issues
from gateway.validation.validator import quick
from tests.validation.samples import ALL

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2**31, Decimal("1.0"), Decimal("1.5"), "", " ", "x", "a b", "\x0b", "x\n", "1", "true"]),
    st.sampled_from(["2026-02-30", "2026", "2026-01-05T10:00:00", "Patient/1", "#a", "urn:uuid:x", "http://a b"]),
    st.sampled_from([[], {}, [None], [{}], {"id": "a"}, {"reference": "Bed/1"}, {"url": "a"}, {"value": "x"}]),
    st.text(max_size=5),
)
NAMES = st.sampled_from(
    ["id", "extension", "_extension", "value", "valueString", "start", "reference", "type", "_given"]
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) in a resource."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in inside for place in [(node, key), *places(value)]]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """Return a sample with one or two of its values replaced, removed, wrapped or given company."""
    resource = deepcopy(draw(st.sampled_from(ALL)))
    for _ in range(draw(st.integers(1, 2))):
        container, key = draw(st.sampled_from(places(resource)))
        match draw(st.sampled_from(["replace", "remove", "wrap", "add", "partner"])):
            case "replace":
                container[key] = deepcopy(draw(JUNK))
            case "remove":
                del container[key]
            case "wrap":
                container[key] = [container[key]]
            case "add" if isinstance(container, dict):
                container[draw(NAMES)] = deepcopy(draw(JUNK))
            case "partner" if isinstance(container, dict):
                container[f"_{key}"] = deepcopy(draw(st.sampled_from([{"id": "a"}, [None], [{"id": "a"}], {}, "x"])))
    return resource


@pytest.mark.parametrize("resource", ALL, ids=[resource["resourceType"] for resource in ALL])
def test_the_samples_take_the_quick_way(resource: dict[str, Any]) -> None:
    assert quick(resource["resourceType"]).is_valid(resource)
    assert structure_issues(resource) == []


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed())
def test_what_the_quick_schema_accepts_the_walk_accepts(resource: Any) -> None:
    assert (Validator().issues(resource) == []) == (structure_issues(resource) == [])


ANYTHING = st.recursive(
    JUNK,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["Patient", "Bundle", "Parameters", "Observation", "Composition", 5, None]), ANYTHING)
def test_anything_at_all_gives_issues_and_no_exception(kind: Any, anything: Any) -> None:
    resource = {"resourceType": kind, "entry": anything, "contained": anything, "text": anything, "parameter": anything}

    assert isinstance(Validator().issues(resource), list)
    assert isinstance(Validator().issues(anything), list)
    assert isinstance(Validator().issues({"resourceType": "Bundle", "type": anything, "entry": [anything]}), list)
