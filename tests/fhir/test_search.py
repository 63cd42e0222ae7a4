from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from gateway.errors import BadRequest, TooLarge
from gateway.fhir.search import (
    Chain,
    Composite,
    DateRange,
    Filter,
    Has,
    Missing,
    NumberRange,
    Page,
    QuantityRange,
    SearchRequest,
    Target,
    Text,
    Token,
    UnknownCodes,
    Value,
    Words,
    parse,
    parse_query,
)

HOUR_US = 3_600_000_000


def asked(query: str, resource_type: str = "Slot", *, strict: bool = True) -> SearchRequest:
    return parse(resource_type, parse_qsl(query, keep_blank_values=True), strict=strict)


def the_filter(query: str, resource_type: str = "Slot") -> Filter:
    (condition,) = asked(query, resource_type).conditions
    assert isinstance(condition, Filter)
    return condition


def the_value(query: str, resource_type: str = "Slot") -> Value:
    (value,) = the_filter(query, resource_type).values
    return value


def problems(query: str, resource_type: str = "Slot") -> list[str]:
    with pytest.raises(BadRequest) as refused:
        asked(query, resource_type)
    return [issue.diagnostics for issue in refused.value.issues]


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("status=free", Token(None, "free")),
        ("service-type=http://a|1", Token("http://a", "1")),
        ("service-type=|1", Token("", "1")),
        ("service-type=http://a|", Token("http://a", None)),
        ("service-type=a%5C|b|c", Token("a|b", "c")),
        ("schedule=1", Target(("Schedule",), "1")),
        ("schedule=Schedule/1", Target(("Schedule",), "1")),
        ("schedule=Schedule/1/_history/2", Target(("Schedule",), "1", "2")),
        (
            "schedule=https://other.example/fhir/Schedule/1/_history/2",
            Target(("",), "https://other.example/fhir/Schedule/1", "2"),
        ),
        ("schedule:Schedule=1", Target(("Schedule",), "1")),
        ("schedule=https://other.example/fhir/Schedule/1", Target(("",), "https://other.example/fhir/Schedule/1")),
        ("schedule:identifier=http://a|1", Token("http://a", "1")),
        ("_id=1", Token(None, "1")),
        ("status:missing=true", Missing(missing=True)),
    ],
)
def test_a_value_is_read_by_the_type_of_its_parameter(query: str, value: Value) -> None:
    assert the_value(query) == value


def test_values_are_parted_at_commas_that_are_not_escaped() -> None:
    assert the_filter("name=a%5C,b,c%5C%5C,d", "Location").values == (Text("a,b"), Text("c\\"), Text("d"))


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap", ""])
def test_a_date_has_a_prefix_or_is_equal(prefix: str) -> None:
    value = the_value(f"start={prefix}2026-01-05")

    assert isinstance(value, DateRange)
    assert value.prefix == (prefix or "eq")
    assert value.high - value.low == 24 * HOUR_US


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-01-05", 24), ("2026-03", 743), ("2026", 8760)]
)
def test_a_date_without_a_zone_is_as_long_as_it_is_in_amsterdam(day: str, hours: int) -> None:
    value = the_value(f"start={day}")

    assert isinstance(value, DateRange)
    assert (value.high - value.low) / HOUR_US == hours


def test_a_date_may_stop_at_minutes_and_have_a_zone() -> None:
    local, utc = the_value("start=2026-01-05T10:00"), the_value("start=2026-01-05T09:00Z")

    assert local == utc
    assert isinstance(local, DateRange)
    assert local.high - local.low == 60_000_000


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("100", 99.5, 100.5), ("100.00", 99.995, 100.005), ("1e2", 95, 105), ("1.1e2", 109.5, 110.5)],
)
def test_a_number_is_as_wide_as_its_precision(text: str, low: float, high: float) -> None:
    value = the_value(f"probability={text}", "RiskAssessment")

    assert isinstance(value, NumberRange)
    assert (value.low, value.high) == (low, high)


@pytest.mark.parametrize(("text", "low", "high"), [("ap100", 90, 110), ("ap5", 4.5, 5.5), ("ap-20", -22, -18)])
def test_about_a_number_is_a_tenth_of_it_and_no_less_than_its_precision(text: str, low: float, high: float) -> None:
    value = the_value(f"probability={text}", "RiskAssessment")

    assert isinstance(value, NumberRange)
    assert (value.low, value.high) == (low, high)


def test_the_two_values_of_a_composite_are_read_each_by_its_own_parameter() -> None:
    value = the_value("component-code-value-quantity=http://loinc.org|8480-6$gt140||mmHg", "Observation")

    number = NumberRange("gt", 140, 139.5, 140.5)
    assert value == Composite((Token("http://loinc.org", "8480-6"), QuantityRange(number, None, "mmHg")))
    assert the_value(r"code-value-string=a\$b$c\,d", "Observation") == Composite((Token(None, "a$b"), Text("c,d")))
    pointed = the_value("relationship=DocumentReference/1$replaces", "DocumentReference")
    assert pointed == Composite((Target(("DocumentReference",), "1"), Token(None, "replaces")))


def test_the_words_of_a_text_are_folded() -> None:
    assert the_value("_text=Koorts. én HOEST*", "Patient") == Words(("koorts", "en", "hoest*"))


def test_a_kind_of_identifier_stands_before_its_value() -> None:
    value = the_value("identifier:of-type=http://x|MR|12", "Patient")

    assert value == Token("http://x|MR", "12")


class _Colours:
    """A value set and a code system to read with."""

    def members(self, value_set: str) -> set[tuple[str, str]]:
        if value_set != "http://x/colours":
            raise UnknownCodes("there is no such value set here")
        return {("http://x", "red"), ("http://x", "blue")}

    def related(self, system: str, code: str, direction: str) -> set[str]:
        return {code, f"{direction} {code} of {system}"}


def test_codes_are_read_where_value_sets_are_known() -> None:
    def read(query: str, resource_type: str = "Observation") -> Filter:
        (found,) = parse(resource_type, parse_qsl(query), codes=_Colours()).conditions
        assert isinstance(found, Filter)
        return found

    reds = (Token("http://x", "blue"), Token("http://x", "red"))
    assert (read("code:in=http://x/colours").modifier, read("code:in=http://x/colours").values) == (None, reds)
    assert (read("code:not-in=http://x/colours").modifier, read("code:not-in=http://x/colours").values) == ("not", reds)
    assert read("code:below=http://x|a").values == (
        Token("http://x", "a"),
        Token("http://x", "below a of http://x"),
    )
    # The system of a plain code is known by its binding.
    system = "http://hl7.org/fhir/slotstatus"
    assert Token(system, f"above free of {system}") in read("status:above=free", "Slot").values
    with pytest.raises(BadRequest, match="there is no such value set"):
        read("code:in=http://y")


def test_an_include_of_everything_is_of_every_reference_of_the_matches() -> None:
    request = asked("_include=*", "Schedule")

    assert request.applied == (("_include", "Schedule:*"),)
    assert [parameter.code for parameter in request.includes[0].parameters] == ["actor"]


def test_a_chain_goes_through_references() -> None:
    (condition,) = asked("schedule.actor:HealthcareService.name=spoed").conditions

    assert isinstance(condition, Chain)
    ((target, then),) = condition.targets
    assert target == "Schedule"
    assert isinstance(then, Chain)
    assert [target for target, _ in then.targets] == ["HealthcareService"]


def test_a_chain_without_a_type_goes_to_every_type_that_has_the_parameter() -> None:
    (condition,) = asked("actor.name=x", "Schedule").conditions

    assert isinstance(condition, Chain)
    assert {target for target, _ in condition.targets} >= {"HealthcareService", "Location", "Patient", "Practitioner"}
    assert "PractitionerRole" not in {target for target, _ in condition.targets}


def test_bars_writes_a_reference_by_the_type_it_points_at() -> None:
    request = asked(
        "Schedule.actor:HealthcareService=abc&_include:recurse=Schedule:actor:Location&_include=Slot:schedule"
    )

    assert request.applied == (
        ("schedule.actor:HealthcareService", "abc"),
        ("_include:iterate", "Schedule:actor:Location"),
        ("_include", "Slot:schedule"),
    )


def test_has_asks_what_points_here() -> None:
    (condition,) = asked("_has:Encounter:patient:status=in-progress", "Patient").conditions

    assert isinstance(condition, Has)
    assert (condition.source, condition.parameter.code) == ("Encounter", "patient")
    assert isinstance(condition.then, Filter)


def test_every_problem_is_told_at_once_with_what_is_known() -> None:
    found = problems("staus=free&start=gisteren&status:nto=x&_count=-1&_sort=strat&_include=Slot:scedule&_total=ja")

    assert len(found) == 7
    assert found[0].startswith("no parameter 'staus' on Slot; did you mean 'status'? Known are _count, _elements, _id")
    assert found[1].startswith("start: a date is")
    assert (
        found[2]
        == "'status' takes no modifier ':nto'; did you mean 'not'? Known are above, below, in, missing, not, not-in"
    )
    assert "did you mean 'start'?" in found[4]
    assert "did you mean 'schedule'?" in found[5]


@pytest.mark.parametrize(
    ("query", "resource_type", "told"),
    [
        ("status=", "Slot", "it has no value"),
        ("status=free,,busy", "Slot", "it has no value"),
        ("status=a|b|c", "Slot", "a token is"),
        ("status=|", "Slot", "a token is"),
        ("start=2026-02-30", "Slot", "a date is"),
        ("start=2026-01-05T25:00", "Slot", "a date is"),
        ("start=2026-01-05T10:00:00+01:00", "Slot", "a + in a URL is written %2B"),
        ("start=ge", "Slot", "a date is"),
        ("schedule=Patient/1", "Slot", "it points at Schedule only"),
        ("schedule=Shedule/1", "Slot", "no such resource type"),
        ("schedule=a b", "Slot", "a reference is"),
        ("schedule:Patient=1", "Slot", "takes no modifier"),
        ("schedule.actr=1", "Slot", "did you mean 'actor'?"),
        ("status.x=1", "Slot", "is no reference"),
        ("schedule:Location.name=1", "Slot", "does not point at 'Location'"),
        ("name=-", "Location", "no letter or digit"),
        ("name=a%00b", "Location", "control character"),
        ("status:missing=yes", "Slot", "true or false"),
        ("probability=1e999999999", "RiskAssessment", "a number is"),
        ("length=1||", "Encounter", None),
        ("length=1|", "Encounter", "a quantity is"),
        ("_has:Encounter:patient=1", "Patient", "_has is written"),
        ("_has:Encunter:patient:status=1", "Patient", "did you mean 'Encounter'?"),
        ("_has:Encounter:location:status=1", "Patient", "does not point at Patient"),
        ("_include=Schedule:actor", "Slot", "write _include:iterate"),
        ("_include=Slot:status", "Slot", "is no reference"),
        ("_include=Slot", "Slot", "it is written"),
        ("_include:iterate=*", "Slot", "it is written"),
        ("_revinclude=*", "Slot", "it is written"),
        ("_include=Slot:schedule:Patient", "Slot", "does not point at Patient"),
        ("_include:all=Slot:schedule", "Slot", "takes the modifier ':iterate' only"),
        ("_revinclude=Slot:schedule", "Patient", "does not point at Patient"),
        ("_summary=some", "Slot", "_summary is count, true"),
        ("_elements=sttus", "Slot", "did you mean 'status'?"),
        ("_sort=schedule.actor", "Slot", "without modifier or chain"),
        ("_sort=" + ",".join(["status"] * 5), "Slot", "at most 4"),
        ("_count=1e9", "Slot", "a whole number"),
        ("_count=" + "9" * 20, "Slot", "a whole number"),
        ("near=52|4", "Slot", "no parameter 'near'"),
        ("_filter=x", "Slot", "_filter is not served: conditions are parameters"),
        ("_list=7", "Slot", "_list is not served: read the List"),
        ("_content=x", "Patient", "_content is not served"),
        ("_query=x", "Patient", "_query is not served"),
        ("phonetic=x", "Patient", "phonetic is not served"),
        ("_contained=true", "Patient", "_contained is not served"),
        ("schedule:above=1", "Slot", "':above' is not served for references"),
        ("schedule:below=1", "Slot", "':below' is not served for references"),
        ("service-type:text=bed", "Slot", "':text' is not served on Slot: the words beside its codes"),
        ("status:text=vrij", "Task", "'status' takes no modifier ':text'"),
        ("identifier:in=http://x", "Patient", "'identifier' takes no modifier ':in'"),
        ("code:of-type=a|b|c", "Observation", "'code' takes no modifier ':of-type'"),
        ("identifier:of-type=a|b", "Patient", ":of-type takes the system and code"),
        ("code:in=http://x", "Observation", "value sets are looked up for a search"),
        ("code:below=x", "Observation", ":below takes a code with its system"),
        ("_source:above=urn:oid:1.2", "Slot", ":above is about the steps of a URL"),
        ("_text=a OR b", "Patient", "_text takes up to 10 words"),
        ("_text=(a b)", "Patient", "_text takes up to 10 words"),
        ("_text=--", "Patient", "no letter or digit in it"),
        ("_text:exact=a", "Patient", "'_text' takes no modifier"),
        ("_text=a", "Bundle", "no parameter '_text' on Bundle"),
        ("_sort=_text", "Patient", "_sort takes parameters with one value each"),
        ("_sort=code-value-quantity", "Observation", "_sort takes parameters with one value each"),
        ("code-value-quantity=8867-4", "Observation", "two values with a $ between them: code$value-quantity"),
        ("code-value-quantity=8867-4$ge", "Observation", "a number is a prefix"),
        ("code-value-quantity:missing=true", "Observation", "takes no modifier ':missing'"),
        ("schedule" + ".actor:Location.organization.partof.partof.partof.partof.name=x", "Slot", None),
        ("name=" + "x" * 1001, "Location", "at most 1000 characters"),
        ("name=" + ",".join(["x"] * 51), "Location", "at most 50 values"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(query: str, resource_type: str, told: str | None) -> None:
    if told is None and query.startswith("length"):
        assert asked(query, resource_type).conditions
        return
    (found,) = problems(query, resource_type)

    assert (told or "at most 4 references deep") in found


def test_a_diagnostic_never_repeats_the_value() -> None:
    with pytest.raises(BadRequest) as refused:
        asked("birthdate=999900006&999900006=1&gender:999900006=x", "Patient")

    assert "999900006" not in " ".join(issue.diagnostics for issue in refused.value.issues)
    assert refused.value.issues[0].value == "999900006"


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge):
        parse("Slot", [("status", "free")] * 101)
    with pytest.raises(TooLarge):
        parse("Slot", [("status", ",".join(["free"] * 1001))])


def test_lenient_leaves_unknown_names_out_and_says_so() -> None:
    request = asked("staus=free&status=busy&status:nto=x&_count=5", strict=False)

    assert request.applied == (("status", "busy"), ("_count", "5"))
    assert [(issue.code, issue.severity) for issue in request.issues] == [("unknown-parameter", "warning")] * 2
    assert request.count == 5


def test_lenient_still_refuses_a_bad_value_for_leaving_it_out_would_widen_the_search() -> None:
    with pytest.raises(BadRequest):
        asked("start=gisteren", strict=False)


def test_a_count_above_the_largest_is_the_largest_and_the_self_link_will_say_so() -> None:
    request = asked("_count=5000")

    assert (request.count, request.applied) == (1000, (("_count", "1000"),))
    assert asked("_count=0").only_count
    assert asked("_summary=count").only_count


def test_a_page_link_stands_alone() -> None:
    assert asked("_page=abc&_format=json").page == Page("abc")
    with pytest.raises(BadRequest):
        asked("_page=abc&status=free")


def test_a_page_link_takes_another_size_of_page_for_some_clients_set_one() -> None:
    assert asked("_page=abc&_count=7").page == Page("abc", "7")
    assert Page("abc", "7").sized([("status", "free"), ("_count", "3")]) == (("status", "free"), ("_count", "7"))
    assert Page("abc").sized([("_count", "3")]) == (("_count", "3"),)
    with pytest.raises(BadRequest):
        asked("_page=abc&_count=7&_count=8")


def test_an_unknown_type_gets_a_suggestion() -> None:
    with pytest.raises(BadRequest, match="did you mean 'Slot'"):
        parse("Slott", [])


def test_a_query_string_is_read_with_or_without_its_path() -> None:
    assert parse_query("Slot", "Slot?status=free").applied == parse_query("Slot", "status=free").applied


def test_a_chain_that_could_go_everywhere_is_refused_quickly() -> None:
    (found,) = problems("related.subject.general-practitioner.name=x", "DocumentReference")

    assert "name the types" in found
    assert asked("related:DocumentReference.subject:Patient.name=x", "DocumentReference").conditions


@pytest.mark.parametrize("twice", ["_count=1&_count=2", "_sort=start&_sort=-start", "_summary=true&_summary=count"])
def test_what_shapes_the_result_in_one_way_is_given_once(twice: str) -> None:
    (found,) = problems(twice)

    assert "given once" in found


@pytest.mark.parametrize("query", ["composition.title=t", "_include=Bundle:composition"])
def test_a_resource_inside_a_bundle_does_not_lead_to_the_stored_one_of_its_id(query: str) -> None:
    (found,) = problems(query, "Bundle")

    assert "inside" in found
    assert asked("composition=Composition/1", "Bundle").conditions
    assert not [p for include in asked("_include=*", "Bundle").includes for p in include.parameters]
