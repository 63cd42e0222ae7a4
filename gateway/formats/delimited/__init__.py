"""Delimited text (CSV), as spreadsheets and bed systems really export it: a stream of records with places.

`read` takes a binary stream of any length and gives a `Table` that is iterated once, in constant memory.
https://www.rfc-editor.org/rfc/rfc4180
"""

from gateway.formats.delimited.layout import Layout
from gateway.formats.delimited.lines import MAX_ROW_BYTES
from gateway.formats.delimited.opening import read
from gateway.formats.delimited.table import Record, Table

__all__ = ["MAX_ROW_BYTES", "Layout", "Record", "Table", "read"]
