"""What became of a message or a table, for its sender's administrator and for programs.

The reader may be the administrator of a nursing home, at a desk: the report names row and column, says what is wrong
there, what stands there (when that was asked for), what should stand there, and what became of the rest. In Dutch or
in English; as text, as JSON, and as CSV for a spreadsheet.

`told` says what one finding is to its reader; `places`, `phrases` and `dutch` are the words; `lines`, `table` and
`tree` are the forms.
"""

from gateway.report.lines import summary, text
from gateway.report.phrases import Language, in_language
from gateway.report.table import table
from gateway.report.told import findings
from gateway.report.tree import rows

__all__ = ["Language", "findings", "in_language", "rows", "summary", "table", "text"]
