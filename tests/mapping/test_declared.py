"""What a mapping declares beside its resources."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.mapping.declared import Order, Stay
from gateway.mapping.mapped import Mapped


def parameters(id_: str, **values: Any) -> tuple[dict[str, Any], str, str]:
    named = [{"name": name, "valueString": value} for name, value in values.items()]
    return {"resourceType": "Parameters", "id": id_, "parameter": named}, "PUT", f"Parameters/{id_}"


TASK = ({"resourceType": "Task", "id": "t"}, "PUT", "Task/t")


def mapped(*resources: tuple[dict[str, Any], str, str]) -> Mapped:
    return Mapped("json/x", "1.0.0", list(resources), [], None)


def test_a_stay_is_set_apart_from_the_resources() -> None:
    made = mapped(TASK, parameters("stay", kind="transfer", visit="7", bed="A/1/B", left="U"))

    assert made.resources == [TASK]
    assert made.stay == Stay("transfer", visit="7", bed="A/1/B", left="U")


def test_an_order_gives_the_moment_and_the_number() -> None:
    made = mapped(parameters("order", at="2026-01-05T10:00:00+01:00", number=3))

    assert made.resources == []
    assert made.order == Order("2026-01-05T10:00:00+01:00", 3)
    assert (made.event_time, made.number) == (datetime(2026, 1, 5, 9, tzinfo=UTC), 3)


def test_other_parameters_are_a_resource() -> None:
    assert mapped(parameters("other")).resources == [parameters("other")]


def test_a_parameter_without_a_value_says_nothing() -> None:
    bare = {
        "resourceType": "Parameters",
        "id": "stay",
        "parameter": [{"name": "kind", "valueCode": "admit"}, {"name": "bed"}],
    }

    assert mapped((bare, "PUT", "Parameters/stay")).stay == Stay("admit")


def test_a_kind_of_stay_that_there_is_not_is_a_mistake_of_the_mapping() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        mapped(parameters("stay", kind="leave"))
