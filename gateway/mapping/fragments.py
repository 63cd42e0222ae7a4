"""The folders of a library, and the fragments in them, read when a mapping first uses one."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gateway.mapping import ir, yaml_front
from gateway.mapping.fml import installed
from gateway.mapping.spans import Problems
from gateway.mapping.yaml_tree import text_of

_CASES = "cases"
_ENDINGS = (".yaml", ".json", *installed.ENDINGS)


@dataclass(frozen=True)
class Root:
    """One folder of a library; files are named after it, never with a path of the machine."""

    folder: Path

    def name(self, path: Path) -> str:
        """Return how a file of it is called."""
        return f"{self.folder.name}/{path.relative_to(self.folder).as_posix()}"

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every file but those of cases, which are ten times as many; looked for once."""
        found = []
        for at, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if name != _CASES]
            found += [Path(at, name) for name in files if name.endswith(_ENDINGS)]
        return tuple(sorted(found))


class Fragments:
    """Fragment files, read when first used."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self.roots = roots
        self.problems = Problems()
        self.stepped: dict[str, frozenset[str]] = {}
        self._read: dict[str, ir.Fragment | None] = {}
        self._paths: dict[tuple[str, str], Path | None] = {}
        self._files: dict[Path, Path | None] = {}

    def find(self, use: ir.Use, problems: Problems) -> ir.Fragment | None:
        """Return the fragment in the file that an alias names: beside the file that uses it, or in a root."""
        key = (use.span.file, use.target)
        if key not in self._paths:
            self._paths[key] = next(self._candidates(use), None)
        path = self._paths[key]
        if path is None:
            problems.add(use.span, f"no file '{use.target}' beside this file or in a mappings folder")
            return None
        return self.load(path, problems)

    def load(self, path: Path, problems: Problems) -> ir.Fragment | None:
        """Return the fragment in a file, read once."""
        at = str(path)  # a path is compared by its parts, which takes longer
        if at not in self._read:
            self._read[at] = self.read(path, problems)
        return self._read[at]

    def read(self, path: Path, problems: Problems) -> ir.Fragment | None:
        """Return the fragment in a file, or None when it holds none."""
        name = next(root.name(path) for root in self.roots if path.is_relative_to(root.folder))
        unit = yaml_front.read(text_of(path, name, problems), name, path.stem, problems)
        if isinstance(unit, ir.Mapping):
            problems.add(unit.span, "a mapping cannot be used as a fragment")
        return unit if isinstance(unit, ir.Fragment) else None

    def all(self) -> Iterator[tuple[Path, str]]:
        """Yield every fragment file there is, with its name."""
        for root in self.roots:
            for path in root.files:
                other = path.suffix != ".yaml" or path.name == "mapping.yaml"
                if not other and path.relative_to(root.folder).parts[0] != "providers":
                    yield path, root.name(path)

    def _candidates(self, use: ir.Use) -> Iterator[Path]:
        first, _, inside = use.span.file.partition("/")
        for root in self.roots:
            beside = [root.folder / inside.rpartition("/")[0]] if first == root.folder.name else []
            for base in (*beside, root.folder):
                path = self._file(base / use.target, root)
                if path is not None:
                    yield path

    def _file(self, path: Path, root: Root) -> Path | None:
        """Return where a file of a root really is; None where there is none, or a link leads out of the root."""
        if path not in self._files:
            real = path.resolve() if path.is_file() else None
            self._files[path] = real if real and real.is_relative_to(root.folder) else None
        return self._files[path]
