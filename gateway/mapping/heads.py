"""The heads of mapping files, read without the engine: for `gateway map list`, which must answer at once."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_KEY = re.compile(r"^(map|version|title|source):(?:[ \t]+(.*))?$")
_TEST = re.compile(r"MSH-9\.([12]) *= *'([^']*)'")
_TYPE, _EVENT = r"MSH-9\.1 *= *'[A-Z]{3}'", r"MSH-9\.2 *= *'[^']*'"
_KIND = rf"{_TYPE}(?: and (?:{_EVENT}|\({_EVENT}(?: or {_EVENT})*\)))?"
_LISTED = re.compile(rf"{_KIND}|\({_KIND}\)(?: or \({_KIND}\))*")
_FORMAT = re.compile(r"\bformat:\s*(\w+)")
_WHEN = re.compile(r"\bwhen:\s*(\"[^\"]*\"|'[^']*'|[^,}\n]+)")
_ROOT = re.compile(r"\broot:\s*([^\s,}]+)")
_COLUMNS = re.compile(r"\bcolumns:\s*\[([^\]]*)\]")


_LINE = re.compile(r"^/// *(\w+) *= *'([^']*)'", re.MULTILINE)
_ELEMENT = re.compile(r'^ {0,2}"(url|version|title)": *"([^"]*)"', re.MULTILINE)
_USES = re.compile(r"""(?:uses\s+|"url": *)["']([^"']*/StructureDefinition/[^"']*)["']([^\n]*)""")
_MAPS = (".fml", ".map", ".json")


class Head(NamedTuple):
    """What the first lines of a mapping say."""

    name: str
    url: str
    version: str
    title: str
    format: str
    accepts: str

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Return the columns of the list."""
        return self.name, self.version, self.accepts, self.title

    def as_json(self) -> dict[str, Any]:
        """Return it for a machine."""
        return self._asdict()


def heads(folders: Sequence[Path]) -> list[Head]:
    """Return the heads of all mappings in some folders, by name."""
    written = [_head(path, folder) for folder in folders for path in sorted(folder.rglob("mapping.yaml"))]
    found = ((path, folder) for folder in folders for path in sorted(folder.rglob("mapping.*")))
    return written + [
        _map(path, folder) for path, folder in found if path.suffix in _MAPS and "cases" not in path.parts
    ]


def _map(path: Path, folder: Path) -> Head:
    """Return the head of a map in FML, or of a StructureMap: what its lines, or its elements, say of it."""
    text = path.read_text(encoding="utf-8")
    said = dict(_ELEMENT.findall(text) if path.suffix == ".json" else _LINE.findall(text))
    uses = _USES.search(text)
    kind = uses[1].rpartition("/")[2].replace("_", "^") if uses else ""
    told = _FORMAT.search(uses[2]) if uses else None
    format_ = told[1] if told else "csv" if kind == "CSV" else "hl7v2" if uses and "/v2/" in uses[1] else "resource"
    name = path.parent.relative_to(folder).as_posix()
    accepts = f"{kind}, by name" if "named: true" in text or format_ == "resource" else kind
    return Head(name, said.get("url", ""), said.get("version", ""), said.get("title", ""), format_, accepts)


def _head(path: Path, folder: Path) -> Head:
    said = dict(_keys(path.read_text(encoding="utf-8")))
    source = said.get("source", "")
    format_ = _FORMAT.search(source)
    url, version, title = (_plain(said.get(key, "")) for key in ("map", "version", "title"))
    name = path.parent.relative_to(folder).as_posix()
    return Head(name, url, version, title, format_[1] if format_ else "", _accepts(source))


def _keys(text: str) -> Iterator[tuple[str, str]]:
    """Yield the top-level keys that a head has, each with the text up to the next key at the margin."""
    key = ""
    held: list[str] = []
    for line in text.splitlines():
        match = _KEY.match(line)
        if match or (line[:1] not in {" ", "\t", "#", ""}):
            if key:
                yield key, "\n".join(held)
            key, held = (match[1], [match[2] or ""]) if match else ("", [])
        elif key:
            held.append(line)
    if key:
        yield key, "\n".join(held)


def _accepts(source: str) -> str:
    """Return `ADT^A20` or `SIU^S12, S13` for the usual condition on MSH-9, else the condition, or the columns."""
    when, root = _WHEN.search(source), _ROOT.search(source)
    if when and root:
        return f"<{root[1]}> {_plain(when[1])}"
    if when:
        return _kinds(_plain(when[1])) or _plain(when[1])
    if root:
        return f"<{root[1]}>"
    columns = _COLUMNS.search(source)
    return f"columns {', '.join(c.strip() for c in columns[1].split(','))}" if columns else "everything"


def _kinds(condition: str) -> str:
    """Return the kinds that a condition lists, each type with its events; "" when it says anything else."""
    if not _LISTED.fullmatch(condition):
        return ""
    kinds: list[str] = []
    for part, code in _TEST.findall(condition):
        if part == "2" and kinds[-1].isalpha():
            kinds[-1] += f"^{code}"
        else:
            kinds.append(code)
    return ", ".join(kinds)


def _plain(text: str) -> str:
    text = text.partition(" #")[0].strip()
    return text[1:-1] if text[:1] in {"'", '"'} and text[-1:] == text[:1] else text
