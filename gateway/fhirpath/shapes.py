"""Flows in the shape an operation needs: as System values, with their types, or as members of a set."""

from gateway.fhirpath.flow import Flow

__all__ = ["as_members", "boxed", "by_python", "comparable", "is_json", "system"]

_NUMBERS = {"integer", "decimal"}


def system(flow: Flow) -> Flow:
    """Return a flow of JSON dates, times or Quantities as one of values that can be compared and reckoned with."""
    reader = _READERS.get(flow.kind)
    if reader is None:
        return flow
    name, type_ = reader
    return flow.to(f"{name}({flow.item})", type_)


_READERS = {
    "date": ("fp_date", "System.Date"),
    "dateTime": ("fp_date_time", "System.DateTime"),
    "time": ("fp_time", "System.Time"),
    "Quantity": ("fp_quantity", "System.Quantity"),
}


def boxed(flow: Flow) -> Flow:
    """Return a flow whose values carry their types."""
    if flow.type is None or flow.type.startswith("System.") or flow.empty:
        return Flow(
            flow.item, None, flow.many, flow.clauses, flow.present, flow.whole, ordered=flow.ordered, value=flow.value
        )
    return flow.to(f"fp_typed({flow.item}, {flow.type!r})", None, present=flow.present)


def as_members(flow: Flow) -> Flow:
    """Return a flow whose values can be told apart as members of a set, elements kept as they are."""
    return boxed(flow) if flow.kind in _READERS else flow


def by_python(flow: Flow) -> bool:
    """Return whether Python's own == tells the values of a flow apart."""
    return flow.kind == "text" or (flow.kind == "complex" and flow.type != "Element")


def is_json(flow: Flow) -> bool:
    """Return whether the values of a flow are plain JSON as they stand."""
    return flow.empty or flow.kind not in {"any", "moment", "quantity"}


def comparable(left: Flow, right: Flow) -> bool:
    """Return whether Python's own == answers as FHIRPath's does."""
    if left.kind in _NUMBERS and right.kind in _NUMBERS:
        return True
    return left.kind == right.kind and left.kind in {"text", "boolean"}
