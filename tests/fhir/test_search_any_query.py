from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest, TooLarge
from gateway.fhir.search import SearchRequest, parse

NAMES = st.sampled_from(
    ["status", "start", "schedule", "service-type", "_id", "_sort", "_include", "_count", "_has:Slot:schedule", "_page"]
)
TAILS = st.sampled_from(
    ["", ":not", ":missing", ":exact", ":Schedule", ".actor", ":iterate", ":", ".", ".actor:Location.name"]
)
VALUES = st.text(alphabet="ab1|,\\/:.-+ %_'\"T\x00é\ud800ge2026", max_size=30) | st.text(max_size=30)
PAIRS = st.lists(st.tuples(st.builds(str.__add__, NAMES, TAILS) | st.text(max_size=20), VALUES), max_size=5)


@given(PAIRS, st.booleans())
def test_any_query_is_a_search_or_a_reasoned_refusal(pairs: list[tuple[str, str]], strict: bool) -> None:
    try:
        request = parse("Slot", pairs, strict=strict)
    except (BadRequest, TooLarge):
        return
    assert isinstance(request, SearchRequest)
    if request.page is None:
        assert parse("Slot", request.applied, refuse_codes=False).conditions == request.conditions
