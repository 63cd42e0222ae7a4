"""What a policy says of reduced forms is read whole: nothing that may hold text, and no rule that gives more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.access.test_rules import HEAD, RULE, read

FORMS = "reduced:\n  systems: [{systems}]\n  forms:\n    Task: {{{task}}}\n"


def text(
    task: str = "shows: [status]", more: str = "    reduced: true\n", rights: str = "rs", systems: str = ""
) -> str:
    return HEAD + FORMS.format(task=task, systems=systems) + RULE.format(types="Task", rights=rights) + more


@pytest.mark.parametrize(
    "task",
    [
        "shows: [status, executionPeriod, authoredOn]",
        "codes: [code, statusReason]",
        'refers: {owner: [Organization, "http://fhir.nl/fhir/NamingSystem/ura"]}',
        'extensions: ["https://x.example/care"]',
    ],
)
def test_what_is_right_is_read(tmp_path: Path, task: str) -> None:
    assert read(tmp_path, text(task, systems='"http://snomed.info/sct"')) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (text("shows: [description]"), "reduced.forms.Task.shows[0] is none of"),
        (text("shows: [note]"), "text is told by no form"),
        (text("shows: [owner]"), "text is told by no form"),
        (text("shows: [satus]"), "reduced.forms.Task.shows[0] is no element"),
        (text("codes: [status]"), "reduced.forms.Task.codes[0] is none of CodeableConcept, Coding"),
        (text("refers: {status: [Patient]}"), "reduced.forms.Task.refers.status is none of Reference"),
        (
            text("refers: {owner: [Organisation]}"),
            "reduced.forms.Task.refers.owner[0] is no resource type of R4 and no",
        ),
        (text("extensions: [care]"), "reduced.forms.Task.extensions[0] is the URL of an extension"),
        (text("hides: [for]"), "reduced.forms.Task.hides is not known"),
        (text(systems="sct"), "reduced.systems[0] is the URL of a code system"),
        (text(rights="rus"), "rights rule one: are of rs where it is reduced"),
        (text(more="    reduced: true\n    elements: [status]\n"), "reduced rule one: stands beside no elements"),
        (text(more="    reduced: perhaps\n"), "reduced rule one: must be true or false"),
        (text().replace("types: [Task]", "types: [Task, Slot]"), "types rule one: has one of which reduced.forms says"),
        (
            text().replace("types: [Task]", "types: all"),
            "types rule one: has one of which reduced.forms says nothing: all",
        ),
        (HEAD + "reduced: {systems: []}\n" + RULE.format(types="Task", rights="rs"), "reduced.forms is missing"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, said: str, wrong: str) -> None:
    found = read(tmp_path, said)

    assert any(wrong in one for one in found), found
