"""Conditions that no message meets together, told without trying messages."""

from itertools import combinations, product
from pathlib import Path

import pytest

from gateway.fhirpath import parse
from gateway.mapping import ir
from gateway.mapping.checks import overlap
from gateway.mapping.checks.demands import demands, exclusive
from tests.mapping.writing import HEAD, resource, written

_EVENTS = ("MSH-9.2 = 'A01'", "MSH-9.2 = 'A02'", "'A03' = MSH-9.2", "PV1.exists()", "MSH-9.2 != 'A01'")
_JOINED = (" and ", " or ")


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("MSH-9.1 = 'ADT'", "MSH-9.1 = 'ORU'", True),
        ("MSH-9.1 = 'ADT'", "MSH-9.1 = 'ADT'", False),
        ("MSH-9.1 = 'ADT' and MSH-9.2 = 'A01'", "MSH-9.1 = 'ADT' and (MSH-9.2 = 'A02' or MSH-9.2 = 'A03')", True),
        ("MSH-9.1 = 'ADT' and MSH-9.2 = 'A01'", "MSH-9.1 = 'ADT' and (MSH-9.2 = 'A02' or MSH-9.2 = 'A01')", False),
        ("MSH-9.1 = 'ADT' or PV1.exists()", "MSH-9.1 = 'ORU'", False),
        ("MSH-9.1 = 'ADT'", "MSH-9.2 = 'A01'", False),
        ("MSH-9.1 != 'ADT'", "MSH-9.1 = 'ORU'", False),
        ("(MSH-9.1 = 'ADT').not()", "MSH-9.1 = 'ORU'", False),
        ("NAD(HP)-1 = 'a'", "NAD(MR)-1 = 'b'", False),
        ("MSH-9.1 = 9", "MSH-9.1 = 'ORU'", False),
        ("MSH-9.1 = 'ADT' and MSH-9.1 = 'ORU'", "MSH-9.1 = 'ADT'", True),
    ],
)
def test_conditions_are_apart_when_they_want_other_texts_at_the_same_path(one: str, other: str, *, apart: bool) -> None:
    first, second = (demands(parse(text, source_paths=True)) for text in (one, other))
    assert exclusive(first, second) is exclusive(second, first) is apart


def test_conditions_that_are_apart_are_those_that_no_tried_message_meets(tmp_path: Path) -> None:
    """Every pair that is passed over has no message in common: trying them all says so as well."""
    texts = [f"MSH-9.1 = 'ADT' and ({a}{j}{b})" for a, b in combinations(_EVENTS, 2) for j in _JOINED]
    mappings = [_mapping(tmp_path / str(number), text) for number, text in enumerate([*_EVENTS, *texts])]
    passed_over = 0
    for one, other in product(mappings, mappings):
        if exclusive(overlap._demands(one), overlap._demands(other)):
            passed_over += 1
            assert overlap._message(one, other) is None
    assert passed_over > 20


def _mapping(folder: Path, when: str) -> ir.Mapping:
    head = HEAD.replace("MSH-9.1 = 'ADT' and MSH-9.2 = 'A31'", when)
    (mapping,) = written(folder, resource("active: true"), head=head).mappings
    return mapping
