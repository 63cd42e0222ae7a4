"""What counts as a rule of a mapping: not what a fragment asks for and this mapping never gives."""

from pathlib import Path

import pytest

from gateway.mapping.coverage import Coverage, measure
from tests.conftest import library
from tests.golden import cases
from tests.mapping.writing import resource, written

PHONE = """
    fragment: phones
    type: Patient
    parameters: [number, mail, note]
    use: {point: point.yaml}
    let:
      wanted: iif(note.exists(), note.upper(), {})
    emit:
      telecom:
        - "{% if number.exists() %}": {system: phone, value: "{{ number }}"}
        - "{{ point(mail) }}"
        - "{% if mail.exists() and number.exists() %}": {system: other, value: "{{ mail & number }}"}
      name:
        - {text: "aan {{ wanted }}"}
        - "{% for one in wanted %}": {text: "{{ one }}"}
    """
POINT = """
    fragment: point
    type: ContactPoint
    parameters: [mail]
    emit:
      "{% if mail.trim() != '' %}": {system: email, value: "{{ mail }}"}
    """
FILES = {"phones.yaml": PHONE, "point.yaml": POINT}


def covered(folder: Path, call: str) -> Coverage:
    body = "use: {phones: phones.yaml}\n" + resource(f'"{{% merge %}}": ["{{{{ {call} }}}}"]')
    library = written(folder, body, files=FILES)
    return measure(library, library.mapping("written"), [])


def names(rules: set[object]) -> set[str]:
    return {str(getattr(rule, "name", "")) for rule in rules}


def test_what_a_fragment_is_never_given_does_not_count(tmp_path: Path) -> None:
    found = covered(tmp_path, "phones(PID-13.1, {}, {})")

    beyond = names({*found.beyond})
    assert {"phones.telecom[0] if", "phones.telecom[0].value"} <= names({*found.rules})
    assert {"point if", "point.system", "point.value", "phones.telecom[2] if", "phones.telecom[2].value"} <= beyond
    assert {"phones.name", "phones.name[0]", "phones.name[0].text", "phones.name[1].text"} <= beyond
    assert found.rules & found.beyond == set()


def test_what_a_message_may_hold_counts_whatever_the_cases_say(tmp_path: Path) -> None:
    found = covered(tmp_path, "phones(PID-13.1, PID-13.4, PID-13.9)")

    assert found.beyond == set()
    assert {"point.value", "phones.telecom[2].value", "phones.name[1].text"} <= names({*found.rules})


def test_what_a_provider_says_decides_nothing(tmp_path: Path) -> None:
    found = covered(tmp_path, "phones(iif(%provider.share = 'clinical', PID-13.1), %provider.nobody.says, {})")

    assert {"phones.telecom[0].value", "point.value"} <= names({*found.rules})


def test_a_literal_that_decides_a_branch_counts_only_that_branch(tmp_path: Path) -> None:
    text = """
        fragment: phones
        type: Patient
        parameters: [kind]
        emit:
          "{% if kind = 'a' %}": {gender: male}
          "{% elif kind = 'b' %}": {gender: female}
          "{% else %}": {gender: unknown}
        """
    body = "use: {phones: phones.yaml}\n" + resource('"{% merge %}": ["{{ phones(\'b\') }}"]')
    library = written(tmp_path, body, files={"phones.yaml": text})
    found = measure(library, library.mapping("written"), [])

    assert "phones if" in names({*found.beyond})
    assert "phones elif" in names({*found.rules})


def test_over_all_mappings_every_rule_counts(tmp_path: Path) -> None:
    found = covered(tmp_path, "phones(PID-13.1, {}, {})")

    whole = Coverage("all")
    whole.add(found)
    assert whole.rules == found.rules | found.beyond


@pytest.mark.parametrize("name", [m.name for m in library().mappings])
def test_the_cases_of_every_shipped_mapping_fire_its_rules(name: str) -> None:
    found = measure(library(), library().mapping(name), cases()[name])

    assert found.share >= 0.95, [f"{rule.name} {rule.span}" for rule in found.silent]
