"""Finds the data that ships with the gateway: `mappings/` and `profiles/`.

In a checkout (and an editable install) they are top-level folders; in a wheel they lie in
`gateway/_data`. Nothing else in the package may compute a path from `__file__` to them.
"""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: Literal["mappings", "profiles"]) -> Path:
    """Return the folder of shipped data called `name`.

    >>> (shipped("profiles") / "package.json").is_file()
    True
    """
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
