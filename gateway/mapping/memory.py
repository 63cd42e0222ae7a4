"""What the functions of a mapping made before of the same texts, while the rows of one table become resources.

Most of what the rows of a list say is said in every row: the site, the ward, the kind of care, the moment. A fragment
that makes something of such texts alone is run once for them, and the rows share what it made; nobody changes that.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

Function = Callable[..., Any]
MOST = 1024
"""So much is remembered of each function for a table that is one chunk, however long it is."""


class Memory:
    """What is remembered for one chunk of the rows of a table; a function to which nothing ever comes twice is noticed.

    Rows of different chunks share nothing, so what became of one chunk is not kept by the next.
    """

    def __init__(self, most: int | None = None) -> None:
        """Begin; `most` is how much is remembered of each function, None where the rows of a chunk are few."""
        self._most = most
        self._fresh: set[str] = set()
        self._kept: dict[str, Any] = {}

    def remembered(self, function: Function) -> Function:
        """Return a function that makes the same, and each thing once; the function itself where that would not pay."""
        name = function.__name__
        if name in self._fresh:
            return function
        kept = self._kept[name] = lru_cache(maxsize=self._most)(function)
        return kept

    def forget(self) -> None:
        """Forget what was made, before the next chunk; remember of which functions nothing came twice."""
        for name, kept in self._kept.items():
            seen = kept.cache_info()
            if seen.hits < seen.misses:
                self._fresh.add(name)
        self._kept.clear()
