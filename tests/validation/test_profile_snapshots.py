"""Snapshots: what a differential comes to, against those that others have published."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import InvalidResource
from gateway.fhir.elements import children
from gateway.fhir.types import resource_types
from gateway.validation import Validator
from gateway.validation.profiles import Definitions, snapshot
from tests.shared import SHARED, needs_shared
from tests.validation.profile_kit import BASE, R4, element, library, profile, sliced

ROOT = Path(__file__).resolve().parents[2]


def made(*definitions: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the snapshot of the first definition by element id."""
    return {row["id"]: row for row in snapshot(definitions[0], library(*definitions).definitions.structure)}


def test_everything_of_the_base_is_there_and_in_its_order() -> None:
    rows = list(made(profile("Patient", element("Patient.gender", min=1))))

    assert rows[0] == "Patient"
    assert [row for row in rows if row.count(".") == 1] == [
        f"Patient.{one.name}[x]" if one.choice else f"Patient.{one.name}" for one in children("Patient").values()
    ]
    assert rows.index("Patient.contact.gender") == rows.index("Patient.contact.address") + 1


def test_what_is_said_is_laid_over_the_base() -> None:
    rows = made(profile("Patient", element("Patient.name", min=1, short="How they are called")))

    assert rows["Patient.name"]["min"] == 1
    assert rows["Patient.name"]["max"] == "*"
    assert rows["Patient.name"]["short"] == "How they are called"
    assert rows["Patient.name"]["base"] == {"path": "Patient.name", "min": 0, "max": "*"}


def test_a_type_is_opened_where_something_in_it_is_said() -> None:
    rows = made(profile("Patient", element("Patient.name.family", min=1)))

    assert rows["Patient.name.family"]["min"] == 1
    assert "Patient.name.given" in rows
    assert "Patient.telecom.value" not in rows


def test_a_slice_is_a_copy_that_is_optional() -> None:
    rows = made(
        profile(
            "Patient",
            sliced("Patient.identifier", ("value", "system"), min=2),
            element("Patient.identifier:a", max="1"),
            element("Patient.identifier:a.system", fixedUri="https://example.org/a"),
        )
    )

    assert rows["Patient.identifier"]["min"] == 2
    assert rows["Patient.identifier:a"]["min"] == 0
    assert rows["Patient.identifier:a"]["sliceName"] == "a"
    assert "slicing" not in rows["Patient.identifier:a"]
    assert "fixedUri" not in rows.get("Patient.identifier.system", {})


def test_a_base_of_ours_is_built_upon() -> None:
    below = profile("Patient", element("Patient.name.family", min=1), name="below")
    above = profile("Patient", element("Patient.name", min=1), base=BASE + "below")

    rows = made(above, below)

    assert rows["Patient.name"]["min"] == 1
    assert rows["Patient.name.family"]["min"] == 1


def test_an_extension_has_the_maximum_of_its_definition() -> None:
    once = profile("Extension", name="once")
    once["differential"]["element"][0]["max"] = "1"
    asked = profile(
        "Patient",
        sliced("Patient.extension", ("value", "url")),
        element("Patient.extension:once", type=[{"code": "Extension", "profile": [BASE + "once"]}]),
    )

    assert made(asked, once)["Patient.extension:once"]["max"] == "1"


@pytest.mark.parametrize("path", ["Patient.nothing", "Patient.name.nothing", "Patient.deceasedQuantity"])
def test_what_the_base_does_not_have_is_refused(path: str) -> None:
    with pytest.raises(InvalidResource, match="does not have"):
        made(profile("Patient", element(path, min=1)))


def test_a_snapshot_of_every_type_is_a_right_structure_definition() -> None:
    validator = Validator()
    wrong = {}
    for kind in sorted(resource_types()):
        resource = profile(kind, name="p")
        resource["snapshot"] = {"element": snapshot(resource, lambda _: None)}
        if found := validator.issues(resource):
            wrong[kind] = [str(issue) for issue in found][:3]

    assert wrong == {}


@pytest.mark.parametrize("script", ["profile_snapshots", "profile_guide"])
def test_what_is_made_of_other_files_is_up_to_date(script: str) -> None:
    """`python scripts/profile_snapshots.py` and `scripts/profile_guide.py` make it."""
    done = subprocess.run(
        [sys.executable, f"scripts/{script}.py", "--check"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, "")


# --- against published snapshots --------------------------------------------------------------------------------

# Definitions of R4's own extensions and SimpleQuantity, which those snapshots were made with, are not in the package;
# some copy the rules of a type's profile to the element. Listed one by one, so that a new difference is seen.
DIFFER = {
    "pattern-GstdSimpleQuantity", "zib-BloodPressure", "zib-ContactPerson", "zib-Encounter",
    "zib-FreedomRestrictingIntervention", "zib-FunctionalOrMentalStatus", "zib-HealthProfessional-Practitioner",
    "zib-LaboratoryTestResult.Specimen", "zib-NameInformation", "zib-Patient", "zib-TextResult.VisualResult",
    "zib-TreatmentDirective2",
}  # fmt: skip


def facts(row: dict[str, Any]) -> dict[str, Any]:
    """Return what an element says that a validator acts on."""
    types = [
        (
            "id"
            if row["path"].endswith(".id")
            else one.get("code", "").replace("http://hl7.org/fhirpath/System.S", "s"),
            tuple(one.get("profile", ())),
            frozenset(url for url in one.get("targetProfile", ()) if url != R4 + "Resource"),
        )
        for one in row.get("type", [])
    ]
    binding = row.get("binding") or {}
    return {
        "cardinality": (row.get("min"), row.get("max")),
        "types": {(code.replace("uri", "string"), *rest) for code, *rest in types},
        "values": {key: value for key, value in row.items() if key.startswith(("fixed", "pattern"))},
        "value set": binding.get("valueSet", "").partition("|")[0] if binding.get("strength") == "required" else "",
        "rules": {one["key"] for one in row.get("constraint", []) if one["key"].startswith(("zib", "vs-", "pattern"))},
    }


def compared(definition: dict[str, Any], known: Definitions) -> bool:
    """Return whether our snapshot says what the published one says, within extensions apart (they are opened there)."""
    ours = {row["id"]: row for row in snapshot(definition, known.structure, again=True)}
    theirs = {row["id"]: row for row in definition["snapshot"]["element"]}

    def counts(id_: str) -> bool:
        inside = any("extension:" in part.lower() for part in id_.split(".")[:-1])
        return not inside and not (id_.endswith(".value") and id_ not in ours)

    names = {id_ for id_ in ours | theirs if counts(id_)}
    return all(id_ in ours and id_ in theirs and facts(ours[id_]) == facts(theirs[id_]) for id_ in names)


@needs_shared
def test_our_snapshots_say_what_published_ones_say() -> None:
    assert SHARED is not None
    known = Definitions()
    known.add_folder(SHARED / "data" / "nl" / "zib2020")
    published = [known.structure(url) or {} for url in known.urls("StructureDefinition")]

    differ = {one["id"] for one in published if not compared(one, known)}

    assert len(published) == 182
    assert differ <= DIFFER
