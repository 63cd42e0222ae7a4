"""What a mapping says beside its resources: whose stay in which bed a message is about, and which of its facts come
first.

A mapping emits it as `Parameters` with the id `stay` or `order`. Neither is stored as a resource: the door in reads it,
and keeps of a visit or a patient nothing but a keyed hash.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from gateway.fhir.datetime import read
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal[
    "update", "admit", "transfer", "discharge", "cancel-discharge", "cancel-transfer", "cancel-admit"
]  # in the order in which events of one moment are taken
KINDS: tuple[Kind, ...] = get_args(Kind)

AS_IT_CAME = "fhir"
"""What stands in the place of a mapping's name where FHIR passes as it came: its sender says what becomes of what."""

Made = tuple[Resource, str, str]
_DECLARED = frozenset({"Parameters/stay", "Parameters/order"})


@frozen()
class Stay:
    """One event of a visit. Beds are named by their path; `left` is the state of a bed that is left.

    `was_patient` and `was_visit`: the numbers by which `patient` and `visit` were known too. Without a visit a stay
    tells no event.
    """

    kind: Kind
    visit: str | None = None
    patient: str | None = None
    bed: str | None = None
    was: str | None = None
    left: str = "H"
    recorded: str | None = None
    was_patient: str | None = None
    was_visit: str | None = None


@frozen()
class Order:
    """When what a message says was so, and its number where the source counts its versions."""

    at: str | None = None
    number: int | None = None

    @property
    def moment(self) -> datetime | None:
        """Return when it was so; None where that is not said, or cannot be read."""
        moment = read(self.at) if self.at else None
        return _EPOCH + timedelta(microseconds=moment.low) if moment else None


def declared(resources: Sequence[Made]) -> tuple[list[Made], Stay | None, Order | None]:
    """Return the resources without what is declared, and what is declared. ValueError for a kind that there is not."""
    if _DECLARED.isdisjoint([made[2] for made in resources]):
        return list(resources), None, None
    kept: list[Made] = []
    stay: Stay | None = None
    order: Order | None = None
    for made in resources:
        match made[2]:
            case "Parameters/stay":
                stay = _stay(_values(made[0]))
            case "Parameters/order":
                values = _values(made[0])
                order = Order(values.get("at"), values.get("number"))
            case _:
                kept.append(made)
    return kept, stay, order


def _stay(values: dict[str, Any]) -> Stay:
    kind = values.get("kind")
    if kind not in KINDS:
        raise ValueError(f"the kind of a stay must be one of {', '.join(KINDS)}")
    return Stay(**values)


def _values(parameters: Resource) -> dict[str, Any]:
    """Return the value of each parameter that has one."""
    found = {}
    for parameter in parameters.get("parameter", ()):
        for name, value in parameter.items():
            if name.startswith("value"):
                found[parameter["name"]] = value
    return found
