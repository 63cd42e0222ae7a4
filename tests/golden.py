"""The golden cases beside the mappings: which file is a message, and what belongs to it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from gateway.data import shipped
from gateway.mapping.cases import Case, beside, find_cases

_RESULTS = {".json", ".yaml"}


def is_message(path: Path) -> bool:
    """Return whether a file is a message; of JSON that is `<case>.in.json`."""
    return path.is_file() and (path.name.endswith(".in.json") or path.suffix not in _RESULTS)


def is_bundle(path: Path) -> bool:
    """Return whether a file is the Bundle that a message must become."""
    return path.suffix == ".json" and not path.name.endswith((".in.json", ".issues.json"))


def messages(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """Yield the messages of a folder of cases."""
    yield from (path for path in sorted(folder.glob(pattern)) if is_message(path))


def provider(message: Path) -> str:
    """Return whose message a case is."""
    options = beside(message, ".yaml")
    text = options.read_text("utf-8") if options.is_file() else ""
    return next((line.removeprefix("provider: ") for line in text.splitlines() if "provider: " in line), "dev")


@cache
def cases() -> Mapping[str, Sequence[Case]]:
    """Return the cases of the mappings that ship, by the name of their mapping."""
    found: dict[str, list[Case]] = {}
    for case in find_cases([shipped("mappings")]):
        found.setdefault(case.mapping, []).append(case)
    return found
