"""Content negotiation, Prefer and entity tags."""

import pytest

from gateway.errors import BadRequest, NotAcceptable, UnsupportedMediaType
from gateway.rest.headers import (
    Prefer,
    check_utf8,
    media_type,
    negotiate,
    negotiate_fhir,
    prefer,
    version_of,
    versions_of,
)

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        (None, None),
        ("", None),
        ("*/*", None),
        ("application/*", None),
        ("application/fhir+json", None),
        ("application/json", None),
        ("application/fhir+json; fhirVersion=4.0", None),
        ("application/fhir+xml;q=0.4, application/fhir+json;q=0.5", None),
        ("application/fhir+xml", "json"),
        ("application/fhir+xml", "application/fhir+json"),
        (None, "application/fhir json"),
    ],
)
def test_json_is_answered_unless_xml_is_asked(accept: str | None, format_: str | None) -> None:
    assert negotiate_fhir(accept, format_) == "application/fhir+json"


@pytest.mark.parametrize(
    ("accept", "format_", "sent"),
    [
        ("application/fhir+xml", None, None),
        ("application/xml", None, None),
        ("text/xml", None, None),
        ("application/fhir+xml, application/fhir+json;q=0.5", None, None),
        (BROWSER, None, None),
        ("application/fhir+json", "xml", None),
        ("application/fhir+json", "text/xml", None),
        (None, "application/fhir xml", None),
        (None, None, "application/fhir+xml; charset=utf-8"),
        ("*/*", None, "text/xml"),
    ],
)
def test_xml_is_answered_to_who_asks_or_sends_it(accept: str | None, format_: str | None, sent: str | None) -> None:
    assert negotiate_fhir(accept, format_, sent) == "application/fhir+xml"


def test_who_sends_xml_may_ask_for_json() -> None:
    assert negotiate_fhir("application/fhir+json", None, "application/fhir+xml") == "application/fhir+json"


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("image/png", None),
        ("application/fhir+json;q=0", None),
        ("application/fhir+json; fhirVersion=5.0", None),
        ("application/fhir+json", "html"),
        (None, "<script>"),
        ("application/fhir+json;q=high", None),
    ],
)
def test_anything_else_is_refused_and_the_offer_named(accept: str | None, format_: str | None) -> None:
    with pytest.raises(NotAcceptable) as refused:
        negotiate_fhir(accept, format_)

    assert "application/fhir+json" in str(refused.value)
    assert "script" not in str(refused.value)


def test_a_content_type_for_another_fhir_version_is_refused() -> None:
    assert media_type("Application/FHIR+json; fhirVersion=4.0") == "application/fhir+json"
    with pytest.raises(UnsupportedMediaType):
        media_type("application/fhir+json; fhirVersion=5.0")


def test_fhir_json_is_utf8() -> None:
    check_utf8("application/fhir+json; charset=UTF-8")
    with pytest.raises(UnsupportedMediaType):
        check_utf8("application/fhir+json; charset=iso-8859-1")


def test_prefer_is_read_and_what_it_does_not_know_is_passed_over() -> None:
    assert prefer(None) == Prefer(None, strict=True)
    assert prefer("return=minimal") == Prefer("minimal", strict=True)
    assert prefer("respond-async, handling=lenient; return=OperationOutcome") == Prefer(
        "OperationOutcome", strict=False
    )
    assert prefer("return=minimal, return=representation").returned == "minimal"  # RFC 7240, 2: the first


@pytest.mark.parametrize("value", ["return=everything", "handling=loose"])
def test_a_bad_preference_is_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        prefer(value)


@pytest.mark.parametrize(("etag", "version"), [('W/"3"', "3"), ('"3"', "3"), ("3", "3"), (None, None), ("", None)])
def test_an_entity_tag_names_a_version(etag: str | None, version: str | None) -> None:
    assert version_of(etag) == version


@pytest.mark.parametrize("etag", ['W/"1", W/"2"', '""', '"'])
def test_if_match_names_one_version(etag: str) -> None:
    with pytest.raises(BadRequest):
        version_of(etag)


def test_if_none_match_may_name_several() -> None:
    assert versions_of('W/"1", "2", *') == {"1", "2", "*"}
    assert versions_of(None) == frozenset()


def test_any_range_takes_an_empty_default() -> None:
    assert negotiate("*/*", {"text/plain": "text/plain"}, default="") == ""
