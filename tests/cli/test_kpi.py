"""`gateway kpi`: what it tells, keeps and refuses."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import counted, library
from tests.kpi.worlds import World, request, task

DAYS = ("--from", "2024-04-12", "--to", "2024-04-12")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = f"sqlite:///{tmp_path_factory.mktemp('kpi')}/store.sqlite"
    with closing(open_store(found, durability="normal")) as store:
        now = datetime(2024, 4, 1, tzinfo=UTC)
        world = World(Services(Settings(database=found), store, Validator(), library(), lambda: now, counted()))
        for number in range(6):
            world.put("2024-04-12 09:00", request(f"r{number}", "2024-04-12 09:00"), task(f"r{number}"))
            world.put("2024-04-12 09:25", task(f"r{number}", "accepted"))
    return found


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["kpi", *arguments], env=environment)


def test_it_lists_and_shows_them_in_both_languages() -> None:
    assert len(run("list").output.splitlines()) == 22
    assert "K-05  Tijd tot plaatsing  (1.0.0, Netwerk Acute Zorg West, draft)" in run("list", "--lang", "nl").output
    assert "beware: Requests that are still open are counted" in run("show", "5").output
    assert "there is no indicator of this number" in run("show", "99").output


def test_it_tells_text_json_csv_and_fhir(url: str) -> None:
    text = run("compute", "K-05", *DAYS, "--lang", "nl", "--database", url).stdout
    found = json.loads(run("compute", "K-05", *DAYS, "--format", "json", "--database", url).stdout)
    bundle = json.loads(run("compute", "K-05", "6", *DAYS, "--format", "fhir", "--database", url).stdout)
    table = run("compute", "K-05", *DAYS, "--format", "csv", "--database", url).stdout

    assert "mediaan 25 min, p90 25 min" in text
    assert found[0]["cells"][0]["figures"][0] == {"figure": "median", "value": 25, "unit": "min", "n": 6, "part": None}
    assert [one["resource"]["measure"].rpartition("/")[2] for one in bundle["entry"]] == ["K-05|1.0.0", "K-06|1.0.0"]
    assert table.splitlines()[1].startswith(
        "K-05;1.0.0;2024-04-12T00:00:00+02:00;2024-04-13T00:00:00+02:00;;;median;25;min"
    )


def test_it_hides_what_is_small_from_others(url: str) -> None:
    outside = run("compute", "K-05", *DAYS, "--outside", "--database", url).stdout
    partner = run("compute", "K-05", *DAYS, "--partner", "ander", "--database", url).stdout

    for told in (outside, partner):
        assert "median 25 min" in told  # of six requests and two providers
    assert "there is no partner of this id" in run("compute", *DAYS, "--partner", "x", "--database", url).output


def test_it_freezes_once(url: str) -> None:
    first = run("compute", "K-06", *DAYS, "--freeze", "--database", url)
    again = run("compute", "K-06", *DAYS, "--freeze", "--database", url)
    for_others = run("compute", "K-06", *DAYS, "--freeze", "--outside", "--database", url)

    assert (first.exit_code, again.exit_code, for_others.exit_code) == (0, 1, 0)
    assert first.stderr.splitlines()[-1].startswith("MeasureReport/kpi-K-06-20240412-20240412-")
    assert "this was frozen before, and stays as it is" in again.output
    assert for_others.stderr.splitlines()[-1].endswith("-public")


def test_what_is_computed_stands_in_the_audit(url: str) -> None:
    run("compute", "K-05", *DAYS, "--database", url)

    with closing(open_store(url)) as store, store.reading() as db:
        rows = [bytes(content) for (content,) in db.rows("select content from audit")]

    assert any(b'"action":"kpi"' in row and b'"entities":["K-05"]' in row for row in rows)


def test_usage_and_research(url: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(32))

    used = run("usage", *DAYS, "--database", url).stdout
    rows = run("research", *DAYS, "--key", str(key), "--database", url).stdout.splitlines()

    assert "00000004: asked 6, placed 6" in used
    assert len(rows) == 7
    assert "2024-W15" in rows[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("compute", "K-05", "--from", "2024-04-12"), "--to"),
        (("compute", "K-05", "--from", "2024-04-13", "--to", "2024-04-11"), "the period ends after it begins"),
        (("compute", "K-05", "--from", "12-04-2024", "--to", "2024-04-12"), "2024"),
        (("compute", "K-99", *DAYS), "there is no indicator of this number"),
    ],
)
def test_what_cannot_be_computed_is_refused(url: str, arguments: tuple[str, ...], told: str) -> None:
    found = run(*arguments, GATEWAY_DATABASE=url)

    assert found.exit_code != 0
    assert told in found.output


def test_a_regions_own_definitions_hold(url: str, tmp_path: Path) -> None:
    (tmp_path / "K-05.yaml").write_text("kpi: K-05\nversion: x\n", encoding="utf-8")

    found = run("list", GATEWAY_KPIS=str(tmp_path), GATEWAY_DATABASE=url)

    assert found.exit_code == 1
    assert "(K-05.yaml:2)" in found.output
