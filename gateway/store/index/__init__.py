"""What a resource can be found by: its index rows, made by compiled search parameters.

`rows(resource)` is pure and the same for both engines; the store adds the surrogate key and the type.
"""

from gateway.store.index.extract import rows
from gateway.store.index.model import OPEN_HIGH, OPEN_LOW, IndexRows, SlotRow
from gateway.store.index.references import plain

__all__ = ["OPEN_HIGH", "OPEN_LOW", "IndexRows", "SlotRow", "plain", "rows"]
