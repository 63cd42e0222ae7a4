"""Validation: its cost against `orjson.loads` of the same bytes and against fhir.resources, and what each misjudges."""

import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from fhir.resources.R4B.bundle import Bundle

from bench.report import Pair, Row
from bench.validation_samples import bundle_of_ten
from gateway.data import shipped
from gateway.fhir.json import decode, encode
from gateway.validation import Validator
from gateway.validation.profiles.shipped import library
from gateway.validation.second_opinion import second_opinion
from gateway.validation.validator import quick

CASES = Path(__file__).resolve().parents[1] / "tests" / "validation" / "structural_cases.json"


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of validation. `full` takes more rounds."""
    rounds = 41 if full else 21
    return [*_speed(rounds), *_profiles(rounds), *_correctness()]


def _profiles(rounds: int) -> list[Row]:
    """Return what profiles cost those who claim none, and those who claim one."""
    plain, profiled = Validator(), Validator(library())
    bundle = bundle_of_ten()
    resources = [_without_claims(entry["resource"]) for entry in bundle["entry"]]
    slot = decode((shipped("profiles") / "examples" / "Slot-example-bed.json").read_bytes())
    assert [issue for issue in profiled.issues(slot) if issue.severity == "error"] == []

    def with_profiles() -> Any:
        return [profiled.issues(resource) for resource in resources]

    def without() -> Any:
        return [plain.issues(resource) for resource in resources]

    none = against(with_profiles, without, rounds=rounds, repeat=20)
    one = against(lambda: profiled.issues(slot), lambda: plain.issues(slot), rounds=rounds, repeat=20)
    return [
        Row(
            "ten resources that claim no profile, with profiles known against without",
            "≤ 1.1 x",
            f"{none.ratio:.2f} x",
            met=none.ratio <= 1.1,
        ),
        Row("a Slot with four extensions against the profile it claims", "", f"{one.work * 1e6:.0f} µs"),
    ]


def _without_claims(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {key: value for key, value in resource.get("meta", {}).items() if key != "profile"}
    return {key: value for key, value in resource.items() if key != "meta"} | ({"meta": meta} if meta else {})


def _speed(rounds: int) -> list[Row]:
    validator, data = Validator(), encode(bundle_of_ten())
    bundle = decode(data)
    assert validator.issues(bundle) == []
    gc.freeze()  # as the server does after its start: what is loaded once is not looked at again
    resources = [entry["resource"] for entry in bundle["entry"]]

    def floor() -> Any:
        return orjson.loads(data)

    def whole() -> Any:
        return validator.issues(decode(data))

    def schema_alone() -> Any:
        orjson.loads(data)
        return all(quick(resource["resourceType"]).is_valid(resource) for resource in resources)

    pair = against(whole, floor, rounds=rounds, repeat=20)
    alone = against(schema_alone, floor, rounds=rounds, repeat=20)
    library = against(lambda: Bundle.model_validate_json(data), whole, rounds=rounds, repeat=20)
    us = f"{pair.work * 1e6:.0f} µs"
    return [
        Row(
            f"decode and validate a Bundle of 10 ({len(data):,} bytes): structure, codes, references, invariants",
            "≤ 8 x orjson.loads",
            f"{pair.ratio:.1f} x ({us}; decoding {pair.floor * 1e6:.0f} µs)",
            met=pair.ratio <= 8,
        ),
        Row("the schemas alone, of the same", "", f"{alone.ratio:.1f} x"),
        Row(
            "the same Bundle, fhir.resources against ours",
            "≥ 14 x slower",
            f"{library.ratio:.1f} x ({library.work * 1e6:.0f} µs)",
            met=library.ratio >= 14,
        ),
    ]


def against(work: Callable[[], object], floor: Callable[[], object], *, rounds: int, repeat: int) -> Pair:
    """Measure two pieces of work in turn, in processor time: both compute only, and a busy machine does not matter."""
    times = [(_seconds(work, repeat), _seconds(floor, repeat)) for _ in range(rounds + 1)][1:]
    return Pair(
        statistics.median(w for w, _ in times),
        statistics.median(f for _, f in times),
        statistics.median(w / f for w, f in times),
    )


def _seconds(work: Callable[[], object], repeat: int) -> float:
    for _ in range(5):  # after the other work, nothing of this one is in the processor's caches
        work()
    start = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - start) / repeat


def _correctness() -> list[Row]:
    cases = decode(CASES.read_bytes())
    ours = sum(bool(Validator().issues(case["resource"])) != bool(case["issues"]) for case in cases)
    theirs = sum(bool(second_opinion(case["resource"])) != bool(case["issues"]) for case in cases)
    return [
        Row(f"structural cases judged wrongly, of {len(cases)}", "0", str(ours), met=ours == 0),
        Row("the same by fhir.resources (R4B)", "", str(theirs)),
    ]


if __name__ == "__main__":
    from bench.report import show

    show(rows())
