"""Bad inputs 51 to 68: searches that want more than they ask, cost too much, or mean nothing."""

import json
from urllib.parse import quote, urlencode

import pytest

from tests.attacks.target import FAMILY, Attack, Target, cases, check_refused, on_both, patient

pytestmark = pytest.mark.slow

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SQL = (
    "' OR 1=1 --",
    "'; DROP TABLE resource; --",
    "x') UNION SELECT * FROM inbox --",
    '" OR ""="',
    "x\\' OR 1=1 --",
    "1; SELECT pg_sleep(10)",
    "$1",
    "?",
    ":name",
    "%(name)s",
)
COUNTS = ("-1", "abc", "1e9", "1" + "0" * 20, "", "1.5", "%EF%BC%91", "0x10", "1_0")
DATES = (
    "2026-02-30",
    "2026-13",
    "26-01-01",
    "yesterday",
    "2026-01-01T25:00",
    "zz2026-01-01",
    "0000-00-00",
    "2026-01-01T10:00:00+99:00",
    "2026-W01",
    "99999-01-01",
    "gt",
    "2026-01-01T10:00:61",
)
QUANTITIES = ("1e999999999", "-1e-999999999", "abc", "5|a|b|c", "NaN", "Infinity", "||", "gtgt5", "5 kg", "\u0665")
QUESTIONS = (
    "name",
    "name:exact",
    "name:contains",
    "identifier",
    "identifier:of-type",
    "_id",
    "birthdate",
    "organization",
    "organization:identifier",
    "organization.name",
    "address-city",
    "telecom",
    "gender",
    "active",
    "_lastUpdated",
    "_tag",
    "_profile",
    "_text",
    "_sort",
    "_include",
    "_revinclude",
    "_count",
    "_total",
    "_summary",
    "_elements",
    "_has:Encounter:patient:status",
)


def search(number: int, name: str, says: str, query: str, *, type_: str = "Patient", status: int = 400) -> Attack:
    return Attack(number, name, status, says, path=f"/fhir/{type_}?{query}")


def form(number: int, name: str, says: str, body: str, status: int = 400) -> Attack:
    return Attack(number, name, status, says, path="/fhir/Patient/_search", body=body.encode(), headers=FORM)


REFUSED = [
    *(search(53, f"count-{count[:8]}", "_count", f"_count={count}") for count in COUNTS),
    *(search(54, f"date-{quote(date, safe='')}", "birthdate", f"birthdate={quote(date)}") for date in DATES),
    *(
        search(
            55,
            f"quantity-{quote(text, safe='')[:30]}",
            "value-quantity",
            f"value-quantity={quote(text)}",
            type_="Observation",
        )
        for text in QUANTITIES
    ),
    search(56, "chain-of-30", "references deep", "organization" + ".partof" * 30 + ".name=x"),
    search(57, "has-of-15", "references deep", "_has:Location:partof:" * 15 + "name=x", type_="Location"),
    form(58, "20000-values", "1000 values", "name=" + ",".join(["a"] * 20_000), 413),
    form(58, "one-value-of-1-mb", "1000 characters", "name=" + "a" * 1_000_000),
    search(59, "include-everything", "_include", "_include:iterate=*"),
    search(59, "include-nothing", "_include", "_include="),
    search(60, "unknown-parameter", "no parameter", "frobnicate=1"),
    search(60, "unknown-parameter-with-a-dot", "no parameter|reference", "name.x=1"),
    search(60, "empty-name", "no parameter", "=1"),
    search(60, "name-that-is-sql", "no parameter", "name%27--=1"),
    search(60, "name-of-7-kb", "no parameter", "a" * 7000 + "=1"),
    search(60, "two-misspelt", "did you mean", "famly=x&gendr=y"),
    search(61, "unknown-modifier", "modifier", "name:frobnicate=1"),
    search(61, "modifier-of-another-type", "modifier", "birthdate:exact=2026"),
    search(61, "two-modifiers", "modifier", "name:exact:contains=x"),
    search(61, "missing-maybe", "missing", "name:missing=maybe"),
    search(62, "forged-page", "page", "_page=abc"),
    search(62, "forged-page-of-base64", "page", "_page=eyJsaW1pdCI6MTAwMDAwMDAwfQ=="),
    search(62, "forged-page-of-7-kb", "page", "_page=" + "A" * 7000),
    search(63, "near-of-words", "near", "near=a|b", type_="Location"),
    search(64, "filter", "_filter", "_filter=name%20eq%20x"),
    search(64, "query", "_query", "_query=everything"),
    search(64, "text-without-words", "_text", "_text=%25%20--"),
    search(64, "text-of-a-modifier", "_text", "_text:exact=x"),
    form(64, "text-of-10000-words", "_text", "_text=" + "+".join(f"w{each}" for each in range(10_000))),
    search(64, "content", "_content", "_content=x"),
    search(65, "markup-in-format", "application/fhir", "_format=%3Cscript%3Ealert(1)%3C/script%3E", status=406),
    form(66, "sort-of-10000", "_sort", "_sort=" + ",".join(["name"] * 900)),
    form(66, "sort-of-10000-in-a-form", "1000 values|_sort", "_sort=" + ",".join(["name"] * 10_000), 413),
    form(66, "elements-of-10000", "1000 values|_elements", "_elements=" + ",".join(["name"] * 10_000), 413),
    form(67, "contains-of-wildcards", "name", "name:contains=" + quote("%" * 10_000)),
    search(52, "percent", "letter or digit", "name=%25"),
    search(52, "underscore", "letter or digit", "name:contains=_"),
    search(52, "star", "letter or digit", "name=*"),
]


@pytest.mark.parametrize("attack", cases(REFUSED))
def test_it_is_refused(target: Target, attack: Attack) -> None:
    check_refused(target.send(*attack.request), attack.status, attack.says)


@pytest.mark.threat(51)
@on_both
@pytest.mark.parametrize("question", QUESTIONS)
def test_51_sql_finds_nothing_and_changes_nothing(target: Target, question: str) -> None:
    target.post("/fhir/Patient", patient())
    before = target.rows()

    for text in SQL:
        answer = target.get(f"/fhir/Patient?{urlencode({question: text})}")
        if answer.status == 200:
            assert answer.json().get("entry", []) == [], text
        else:
            check_refused(answer, 400, question.partition(":")[0].partition(".")[0])

    assert target.rows() == before


@pytest.mark.threat(52)
@on_both
@pytest.mark.parametrize(
    "pattern", ["Geheim%", "Gehe_mstra", "%heimstra", "[A-Z]*", "Geheim*", "Geheim\\%", "Gehéimstraa"]
)
def test_52_a_wildcard_is_a_letter_like_any_other(target: Target, pattern: str) -> None:
    target.post("/fhir/Patient", patient())

    found = target.get(f"/fhir/Patient?{urlencode({'family:exact': pattern})}")

    assert found.status == 200
    assert found.json()["total"] == 0


@pytest.mark.threat(53)
def test_53_a_huge_page_is_cut_to_the_limit_and_says_so(target: Target) -> None:
    (link,) = [
        one["url"] for one in target.get("/fhir/Patient?_count=99999").json()["link"] if one["relation"] == "self"
    ]

    assert link.endswith("_count=1000")


@pytest.mark.threat(60)
def test_60_lenient_handling_passes_over_what_it_does_not_know_and_says_so(target: Target) -> None:
    answer = target.send("GET", "/fhir/Patient?frobnicate=1&_count=1", headers={"Prefer": "handling=lenient"})

    assert answer.status == 200
    (link,) = [link["url"] for link in answer.json()["link"] if link["relation"] == "self"]
    assert "frobnicate" not in link


@pytest.mark.threat(62)
@on_both
def test_62_a_page_is_no_way_into_another_search(target: Target) -> None:
    for _ in range(3):
        target.post("/fhir/Patient", patient())
    links = target.get(f"/fhir/Patient?family={FAMILY}&_count=1").json()["link"]
    (next_,) = [link["url"].removeprefix(target.base) for link in links if link["relation"] == "next"]

    assert target.get(next_).status == 200
    check_refused(target.get(next_ + "&gender=male"), 400, "page")
    check_refused(target.get(next_.replace("/Patient?", "/Observation?")), 400, "page")
    check_refused(target.get(next_[:-4] + "AAAA"), 400, "page")


@pytest.mark.threat(68)
@on_both
@pytest.mark.parametrize("text", ["2026-10-25T02:30", "2026-03-29T02:30", "2026-10-25T02:30:00", "2026-03-29"])
def test_68_a_local_time_that_is_twice_or_never_is_answered(target: Target, text: str) -> None:
    found = target.get(f"/fhir/Slot?start={text}")

    assert found.status == 200
    assert found.json()["total"] == 0


@pytest.mark.threat(68)
@on_both
def test_68_a_day_search_holds_the_hour_that_is_there_twice(target: Target) -> None:
    schedule = target.post("/fhir/Schedule", {"resourceType": "Schedule", "actor": [{"display": "x"}]})
    reference = {"reference": f"Schedule/{schedule.json()['id']}"}
    for zone in ("+02:00", "+01:00"):
        at = f"2026-10-25T02:30:00{zone}"
        slot = {"resourceType": "Slot", "status": "free", "schedule": reference, "start": at, "end": at}
        assert target.post("/fhir/Slot", slot).status == 201

    def count(question: str) -> int:
        path = f"/fhir/Slot?schedule={reference['reference']}&{question}&_summary=count"
        return int(json.loads(target.get(path).body)["total"])

    assert count("start=2026-10-25") == 2
    assert count("start=2026-10-25T02:30:00%2B02:00") == 1
