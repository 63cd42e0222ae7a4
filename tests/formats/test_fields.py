"""A field has one name in every message of its kind."""

import pytest

from gateway.formats.fields import element_name, field_at, field_name


@pytest.mark.parametrize(
    ("path", "field", "name"),
    [
        ("PID-3[2].1", "PID-3", "PID-3"),
        ("OBX[3]-5.2", "OBX[3]-5", "OBX-5"),
        ("NAD(HP)-2.1", "NAD(HP)-2", "NAD(HP)-2"),
        ("PID", None, None),
        ('row 17 column "Vrij"', 'row 17 column "Vrij"', "Vrij"),
        ("row 17", None, None),
        ("/bedden/0/vrij", "/bedden/0/vrij", "bedden/vrij"),
        ("/Dagopgave/Instelling[2]/@agb", "/Dagopgave/Instelling[2]/@agb", "Dagopgave/Instelling/@agb"),
        ("#", None, None),
        ("/", None, None),
        ("XML text", None, None),
    ],
)
def test_a_place_is_in_a_field_of_a_name(path: str, field: str | None, name: str | None) -> None:
    assert field_at(path) == field
    assert field_name(path) == name


def test_an_element_is_named_without_numbers() -> None:
    assert element_name("Bundle.entry[0].resource.status") == "Bundle.entry.resource.status"
