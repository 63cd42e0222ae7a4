"""What indicators are: data, read whole, with file and line for each mistake; and codes for all that is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.data import shipped
from gateway.errors import BadRequest, BadSettings
from gateway.fhir.json import decode
from gateway.kpi.definitions import definition, definitions
from gateway.kpi.results import BADGES, REASONS
from gateway.kpi.shapes import SHAPES
from gateway.report import indicators

K05 = (shipped("profiles") / "kpi" / "K-05.yaml").read_text(encoding="utf-8")


def codes(system: str) -> set[str]:
    content = decode((shipped("profiles") / f"CodeSystem-{system}.json").read_bytes())
    return {one["code"] for one in content["concept"]}


def test_each_of_the_22_is_defined_in_a_file_of_its_name() -> None:
    assert list(definitions()) == sorted(SHAPES) == [f"K-{number:02}" for number in range(1, 23)]
    assert all((shipped("profiles") / "kpi" / f"{number}.yaml").is_file() for number in definitions())


def test_each_figure_reason_and_badge_has_a_code() -> None:
    assert {figure for shape in SHAPES.values() for figure in shape.figures} == codes("kpi-figure")
    assert set(REASONS) == codes("kpi-reason")
    assert set(BADGES) == codes("kpi-badge")


def test_each_split_has_a_name_in_dutch() -> None:
    told = "".join(indicators.shown(one, "nl") for one in definitions().values())

    assert {split for shape in SHAPES.values() for split in shape.splits} <= set(indicators.SPLITS)
    assert "uitgesplitst naar: regio; zorgsoort; urgentie; zorgsoort x urgentie" in told


@pytest.mark.parametrize("said", ["K-05", "k-05", "K5", "5", "05"])
def test_an_indicator_is_known_by_its_number(said: str) -> None:
    assert definition(said).id == "K-05"


@pytest.mark.parametrize("said", ["K-23", "0", "wachttijd", "../K-05"])
def test_one_that_there_is_not_is_refused(said: str) -> None:
    with pytest.raises(BadRequest, match="there are K-01 to K-22"):
        definition(said)


def test_a_region_has_its_own_in_the_place_of_ours(tmp_path: Path) -> None:
    own = K05.replace("version: 1.0.0", "version: 2.1.0").replace("settles_hours: 72", "settles_hours: 24")
    (tmp_path / "ours.yaml").write_text(own, encoding="utf-8")

    found = definitions(tmp_path)

    assert (found["K-05"].version, found["K-05"].settles, found["K-06"]) == ("2.1.0", 24, definition("K-06"))


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("version: 1.0.0", "version: first", r"version.*must be a version: 1\.0\.0 \(K\.yaml:2\)"),
        ("owner: Netwerk", "eigenaar: Netwerk", r"eigenaar.*is not known"),
        ("owner: Netwerk Acute Zorg West\n", "", r"owner.*is missing"),
        ("kpi: K-05", "kpi: K-99", r"must be one of K-01"),
        ("figure: p90,", "figure: p95,", r"figures\[1\]\.figure.*must be one of"),
        ("  - {figure: open,", "  - {figure: p90,", r"figures.*says nothing of open"),
        ("decimals: 0", "decimals: 9", r"decimals.*whole number from 0 to 6"),
        ("[care, urgency]", "[care, weather]", r"splits\[3\].*must be of region, care, urgency, each once"),
        ("settles_hours: 72", "settles_hours: -1", r"settles_hours.*whole number from 0"),
        ('  en: "Time to placement"\n', "", r"name\.en.*is missing"),
    ],
)
def test_each_mistake_has_its_file_and_line(tmp_path: Path, before: str, after: str, problem: str) -> None:
    assert before in K05
    (tmp_path / "K.yaml").write_text(K05.replace(before, after, 1), encoding="utf-8")

    with pytest.raises(BadSettings) as caught:
        definitions(tmp_path)

    told = [str(issue) for issue in caught.value.issues]
    assert any(re.search(problem, one) for one in told), told
    assert all(re.search(r"\(K\.yaml:\d+\)$", one) for one in told), told


def test_parameters_are_those_of_the_formula(tmp_path: Path) -> None:
    text = (shipped("profiles") / "kpi" / "K-03.yaml").read_text(encoding="utf-8")
    wrong = text.replace("gap_minutes: 5", "gap: 5\n  statuses: [shut]").replace("  statuses: [stop]\n", "", 1)
    (tmp_path / "a.yaml").write_text(wrong, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("kpi: [", encoding="utf-8")
    baseline = (shipped("profiles") / "kpi" / "K-01.yaml").read_text(encoding="utf-8")
    (tmp_path / "c.yaml").write_text(re.sub(r"baseline: .*", "baseline: {grz: veel}", baseline), encoding="utf-8")

    with pytest.raises(BadSettings) as caught:
        definitions(tmp_path)

    told = "\n".join(str(issue) for issue in caught.value.issues)
    assert "parameters.gap" in told
    assert "parameters.gap_minutes" in told
    assert "is not known here" in told
    assert "parameters.baseline.grz" in told
    assert "b.yaml:2" in told


def test_two_files_that_define_one_are_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(K05, encoding="utf-8")

    with pytest.raises(BadSettings, match="another file defines K-05 too"):
        definitions(tmp_path)


def test_a_baseline_is_read(tmp_path: Path) -> None:
    text = (shipped("profiles") / "kpi" / "K-01.yaml").read_text(encoding="utf-8")
    own = re.sub(r"baseline: .*", "baseline: {elv-hoog: 5.0, grz: 3}", text)
    (tmp_path / "K-01.yaml").write_text(own, encoding="utf-8")

    assert dict(definition("1", tmp_path).parameters["baseline"]) == {"elv-hoog": 5, "grz": 3}
