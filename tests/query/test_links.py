"""The link of a search to itself is its parameters, escaped as the library does it."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.search import SearchRequest, bears_bsn
from gateway.query.links import Links

BASE = "https://gateway.example/fhir"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1).filter(lambda pairs: not bears_bsn(pairs)))
def test_whatever_was_asked(pairs: list[tuple[str, str]]) -> None:
    request = SearchRequest("Patient", applied=tuple(pairs))

    ((relation, url),) = Links(request, BASE, None, None).sealed(lambda: b"")

    address, _, query = url.partition("?")
    assert (relation, address) == ("self", f"{BASE}/Patient")
    assert query == urlencode(pairs, safe=":,/")
    assert parse_qsl(query, keep_blank_values=True) == pairs
