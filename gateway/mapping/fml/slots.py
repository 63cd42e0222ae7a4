"""Where a target element keeps its value: its name in JSON, whether it repeats, the names of a choice."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from gateway.fhir.elements import child, children, is_primitive, parent_type
from gateway.fhir.frozen import frozen
from gateway.mapping.fml.structures import DOCUMENT
from gateway.mapping.spans import suggestion


@frozen()
class Slot:
    """One element of a target. `listed` None: it shows only when it is made. `choices`: JSON name for each type."""

    key: str
    listed: bool | None
    types: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    open: bool = False  # of a v3 document

    def __repr__(self) -> str:
        return f"Slot({self.key!r}, {self.listed}, {self.types})"

    @property
    def type(self) -> str | None:
        """Return the type, where there is only one."""
        return self.types[0] if len(self.types) == 1 else None

    @property
    def primitive(self) -> bool:
        """Return whether its value is a plain one."""
        return self.type is not None and is_primitive(self.type)

    def chosen(self, type_name: str | None) -> str | None:
        """Return the JSON name for a value of a type; None where a choice does not have that type.

        >>> slot("Extension", "value").chosen("positiveInt"), slot("Patient", "name").chosen(None)
        ('valuePositiveInt', 'name')
        """
        if not self.choices:
            return self.key
        bare = type_name.removeprefix("System.") if type_name else ""
        named = bare[:1].lower() + bare[1:] if type_name and type_name.startswith("System.") else bare
        return self.choices.get(named) or self._wider(named)

    def _wider(self, name: str) -> str | None:
        """Return the JSON name for the type that a type specialises."""
        wider = parent_type(name)
        return (self.choices.get(wider) or self._wider(wider)) if wider else None


def slot(type_name: str | None, element: str) -> Slot | None:
    """Return where an element of a type stands; None when the type has no such element."""
    if type_name is None or type_name == DOCUMENT:
        return Slot(element, None, (), open=type_name == DOCUMENT)
    if element.startswith("_") and (partner := child(type_name, element[1:])):  # id and extensions of a primitive
        return Slot(element, partner.is_list, ("Element",))
    if is_primitive(type_name) and element == "value":
        return Slot("value", listed=False, types=(type_name,))
    found = child(type_name, element)
    if found is None:
        return None
    if found.choice:
        return Slot(
            element, found.is_list, found.types, MappingProxyType(dict(zip(found.types, found.json_names, strict=True)))
        )
    return Slot(found.name, found.is_list, found.types)


def missing(type_name: str, element: str) -> str:
    """Return what is said of an element that a type does not have."""
    return f"R4 {type_name} has no element '{element}'{suggestion(element, children(type_name))}"
