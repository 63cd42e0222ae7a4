"""Values that are made by the hundred thousand: equal by their fields, or by what they are."""

from dataclasses import field, replace

import pytest

from gateway.fhir.frozen import changed, frozen


@frozen()
class _Place:
    file: str
    line: int = 1
    notes: tuple[str, ...] = field(default=())


@frozen(eq=False)
class _Rule:
    name: str


@frozen(kw_only=True)
class _Range:
    start: int = 0
    end: int = 0


def test_equal_fields_make_equal_values_with_the_same_hash() -> None:
    assert _Place("a", 2) == _Place("a", 2)
    assert {_Place("a", 2): "here"}[_Place("a", 2)] == "here"
    assert replace(_Place("a", 2), line=3) == _Place("a", 3)


def test_what_is_changed_is_another_value_with_the_rest_as_it_was() -> None:
    first = _Place("a", 2)
    assert changed(first, line=3) == replace(first, line=3) == _Place("a", 3)
    assert first == _Place("a", 2)


def test_without_equality_each_value_equals_itself_alone() -> None:
    one = _Rule("same")
    assert one != _Rule("same")
    assert {one: 1}.get(_Rule("same")) is None


def test_it_has_the_fields_it_was_given_and_no_others() -> None:
    assert (_Range(end=4).start, _Range(end=4).end) == (0, 4)
    with pytest.raises(AttributeError):
        setattr(_Place("a"), "column", 3)  # noqa: B010 - the type checker refuses the assignment itself


def test_it_is_shown_with_its_fields() -> None:
    assert repr(_Place("a", 2)) == "_Place(file='a', line=2, notes=())"
    assert repr(_Range()) == "_Range(start=0, end=0)"


def test_values_of_two_classes_are_not_equal() -> None:
    other: object = _Place("a")
    assert _Range() != other
    assert (_Range() == object()) is False
