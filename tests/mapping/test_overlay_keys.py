"""A key of an overlay that is nearly one with a meaning is a slip of the pen: `shre: clinical` would share nothing."""

from pathlib import Path

import pytest

from gateway.errors import BadMapping
from gateway.mapping.library import Library


def loaded(folder: Path, line: str) -> Library:
    (folder / "providers").mkdir(parents=True)
    (folder / "providers" / "nieuw.yaml").write_text(f"provider: nieuw\n{line}\n", encoding="utf-8")
    return Library.load([folder])


@pytest.mark.parametrize(
    ("line", "meant"), [("shre: clinical", "share"), ("snapshots: {}", "snapshot"), ("partsofday: {}", "partsOfDay")]
)
def test_a_slip_of_the_pen_is_told_with_its_place_and_what_was_meant(tmp_path: Path, line: str, meant: str) -> None:
    with pytest.raises(BadMapping, match=f"did you mean '{meant}'"):
        loaded(tmp_path, line)


def test_a_key_of_a_mapping_s_own_is_taken(tmp_path: Path) -> None:
    assert loaded(tmp_path, "wardColours: {3B: red}").provider("nieuw").value(("wardColours", "3B")) == "red"


def test_a_key_of_a_mapping_s_own_that_sounds_like_another_is_taken(tmp_path: Path) -> None:
    system = "https://voorbeeld.example/bed"

    assert loaded(tmp_path, f"bedSystem: {system}").provider("nieuw").value(("bedSystem",)) == system
