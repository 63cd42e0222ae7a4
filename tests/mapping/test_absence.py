"""What a mapping says of the elements that a message does not have, and what is wrong with what it says."""

from pathlib import Path

import pytest

from gateway.mapping.keeping import ABSENT, Keep, parted, shown
from tests.mapping.test_checks import complaints
from tests.mapping.writing import MESSAGE, mapped, resource, written


def said(folder: Path, absent: str, *, message: str = MESSAGE) -> Keep:
    """Return what a mapping of a Patient says of it."""
    found = mapped(written(folder, resource(f'"{{% absent %}}": {absent}')), message)
    assert found.resources == [({"resourceType": "Patient", "id": "x"}, "PUT", "Patient/x")]
    (keep,) = found.keeps.values()
    return keep


def test_it_is_said_beside_the_resource_and_is_no_part_of_it(tmp_path: Path) -> None:
    assert said(tmp_path, "keep") == Keep()


def test_lists_removals_and_presumptions_are_said_for_this_message(tmp_path: Path) -> None:
    absent = """{keep: {identifier: system type, link: each},
        remove: {birthDate: isDelete(PID-7), "telecom[work]": isDelete(PV1-4), name: isDelete(PID-5)},
        presume: {gender: PID-8.empty(), active: PID-8.exists()}, outdate: {photo: PID-40.empty()}}"""

    found = said(tmp_path, " ".join(absent.split()))

    assert dict(found.by) == {"identifier": "system type", "link": "each"}
    assert found.removed == {"telecom[work]"}
    assert [set(found.presumed), set(found.outdated)] == [{"active"}, {"photo"}]


def test_an_empty_condition_does_not_hold(tmp_path: Path) -> None:
    assert said(tmp_path, "{remove: {photo: PID-40 = 'x'}}").removed == set()


def test_another_modifier_extension_stays() -> None:
    other = {"url": "https://voorbeeld.example/other", "valueBoolean": True}
    ours = {"url": ABSENT, "extension": [{"url": "keep", "valueString": "*"}]}

    resources, keeps = parted([({"resourceType": "Patient", "modifierExtension": [ours, other]}, "PUT", "Patient/1")])

    assert resources[0][0] == {"resourceType": "Patient", "modifierExtension": [other]}
    assert keeps == {"Patient/1": Keep()}


@pytest.mark.parametrize(
    ("absent", "complaint"),
    [
        ("yes", "7:5 'absent' is the word keep, or an object of keep, remove, presume and outdate"),
        ("{keeps: {}}", "7:22 unknown key 'keeps'; did you mean 'keep'?"),
        ("{remove: birthDate}", "7:30 'remove' must be an object of elements"),
        ('{remove: {birthdate: "true"}}', "7:31 Patient has no element 'birthdate'; did you mean 'birthDate'?"),
        ('{remove: {contact.nam: "true"}}', "7:31 Patient.contact has no element 'nam'; did you mean 'name'?"),
        ('{remove: {"telecom[work]": "true"}}', "7:31 nothing says by what the items of Patient.telecom "
         "are told apart"),
        ('{remove: {"name and gender": "true"}}', "7:31 'name and gender' names no element: write birthDate, "
         "period.end or telecom[work]"),
        ("{remove: {name: isDelete(PID-5) &}}", "7:54 not an expression: an expression is missing before the end"),
        ("{keep: {birthDate: each}}", "7:29 Patient.birthDate is no list of objects: it is kept whole"),
        ("{keep: {identifier: sistem}}", "7:29 items are told apart by each, apart or elements of Patient.identifier, "
         "not by 'sistem'; did you mean 'system'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_so_is_told(tmp_path: Path, absent: str, complaint: str) -> None:
    assert complaint in complaints(written(tmp_path, resource(f'"{{% absent %}}": {absent}')), severity="error")


def test_it_is_said_in_a_resource_alone(tmp_path: Path) -> None:
    library = written(tmp_path, resource('name: [{family: x, "{% absent %}": keep}]'))

    assert any("'absent' stands in a resource" in found for found in complaints(library))


def test_it_is_not_for_what_follows_from_all_that_is_known_of_beds(tmp_path: Path) -> None:
    body = 'emit:\n  - resourceType: Location\n    id: x\n    "{% absent %}": keep\n'

    found = complaints(written(tmp_path, body))

    assert any("'absent' is not for it" in one for one in found)


def test_mappings_tell_the_items_of_a_list_apart_alike(tmp_path: Path) -> None:
    two = resource('"{% absent %}": {keep: {identifier: system}}') + resource(
        '"{% absent %}": {keep: {identifier: each}}'
    ).removeprefix("emit:\n")

    found = complaints(written(tmp_path, two))

    assert any("Patient.identifier is kept by 'system' in" in one for one in found)


def test_what_a_map_makes_on_demand_is_shown_without_it() -> None:
    said = {"resourceType": "Patient", "modifierExtension": [{"url": ABSENT}], "active": True}
    plain = {"resourceType": "Patient", "active": True}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": said}, {"request": {}}]}

    assert shown(said) == shown(plain) == plain
    assert shown(bundle)["entry"] == [{"resource": plain}, {"request": {}}]
