"""Golden cases beside the mappings: a message, and what must become of it.

    cases/<case>.hl7            the message (any ending that is not one of these); JSON is <case>.in.json
    cases/<case>.json           the transaction Bundle it must become
    cases/<case>.issues.json    the issues it must give: all of them, without the values
    cases/<case>.yaml           options: provider, received_at (both may be left out)

A good case has the Bundle, a broken one the issues; a case that gives both (a row set apart, the rest
taken) has both. A file that is missing means: none of that.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.errors import BadMapping, GatewayError, Issue
from gateway.fhir.bundle import transaction
from gateway.fhir.json import decode, encode_pretty
from gateway.mapping import yaml_tree
from gateway.mapping.fml.installed import NAMES
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run
from gateway.mapping.spans import Problems, suggestion

RECEIVED_AT = "2026-01-05T10:00:00+01:00"
"""When a case is received that does not say otherwise."""

_OPTIONS = ("provider", "received_at")
_RESULTS = (".json", ".yaml")
_MAPPINGS = ("mapping.yaml", *NAMES)


def beside(message: Path, suffix: str) -> Path:
    """Return a file that belongs to a message: of `late.in.json` and `.yaml` it is `late.yaml`."""
    return message.with_name(message.stem.removesuffix(".in") + suffix)


@dataclass(frozen=True)
class Case:
    """One case: the message, the mapping it lies beside, and its options."""

    message: Path
    mapping: str
    provider: str
    received_at: datetime

    @property
    def name(self) -> str:
        """Return `hl7v2/adt_a20_bed/unoccupied`."""
        return f"{self.mapping}/{self._beside('').name}"

    @property
    def bundle_file(self) -> Path:
        """Return where the golden Bundle stands."""
        return self._beside(".json")

    @property
    def issues_file(self) -> Path:
        """Return where the golden issues stand."""
        return self._beside(".issues.json")

    def _beside(self, suffix: str) -> Path:
        return beside(self.message, suffix)


@dataclass(frozen=True)
class Outcome:
    """What a case gives now: the texts of its golden files (None: none), and what they were made of."""

    bundle: str | None
    issues: str | None
    mapped: Sequence[Mapped]

    @property
    def document(self) -> dict[str, Any] | None:
        """Return the Bundle."""
        return decode(self.bundle) if self.bundle is not None else None


def find_cases(folders: Sequence[Path], wanted: str | None = None) -> list[Case]:
    """Return the cases in some folders, those of one mapping (or the one case) only if `wanted` names it.

    Raises BadMapping when the options of a case cannot be read, or nothing is called so.
    """
    found = [case for folder in folders for case in _cases(folder)]
    if wanted is None:
        return found
    chosen = [case for case in found if wanted in _names(case)]
    if not chosen:
        names = [name for case in found for name in _names(case)]
        raise BadMapping(f"no mapping or case with cases is called '{wanted}'{suggestion(wanted, names)}")
    return chosen


def _names(case: Case) -> tuple[str, ...]:
    return case.name, case.mapping, case.mapping.rpartition("/")[2], str(case.message)


def _cases(folder: Path) -> Iterator[Case]:
    for mapping in sorted(path for path in folder.rglob("mapping.*") if path.name in _MAPPINGS):
        lying = mapping.parent / "cases"
        for message in sorted(lying.iterdir()) if lying.is_dir() else ():
            json = message.name.endswith(".in.json")
            if message.is_file() and not message.name.startswith(".") and (message.suffix not in _RESULTS or json):
                provider, received_at = _options(beside(message, ".yaml"))
                yield Case(message, mapping.parent.relative_to(folder).as_posix(), provider, received_at)


def _options(path: Path) -> tuple[str, datetime]:
    said: dict[str, str] = {}
    if path.is_file():
        problems = Problems()
        root = yaml_tree.read(yaml_tree.text_of(path, path.name, problems), path.name, problems)
        for key, value in root if isinstance(root, yaml_tree.Mapping) else ():
            if key.text not in _OPTIONS:
                problems.add(key.span, f"unknown option '{key.text}'{suggestion(key.text, _OPTIONS)}")
            elif isinstance(value, yaml_tree.Scalar):
                said[key.text] = value.text
        if problems.errors:
            raise BadMapping(problems.errors)
    return said.get("provider", "dev"), datetime.fromisoformat(said.get("received_at", RECEIVED_AT))


def outcome(case: Case, library: Library) -> Outcome:
    """Return what a case gives now."""
    mapped: list[Mapped] = []
    issues: list[Issue] = []
    try:
        own = _library(case, library)
        rest = run(own, case.message.read_bytes(), provider=case.provider, received_at=case.received_at)
    except GatewayError as error:
        return Outcome(None, _written(error.issues), ())
    while True:
        try:
            one = next(rest)
        except StopIteration:
            break
        except GatewayError as error:
            issues += error.issues
        else:
            mapped.append(one)
            issues += one.issues
    return Outcome(_bundle(mapped), _written(issues), mapped)


def _library(case: Case, library: Library) -> Library:
    """Return the library, in which a mapping that is used by name is used for its own cases."""
    own = next((mapping for mapping in library.mappings if mapping.name == case.mapping), None)
    return library.only(own) if own is not None and own.source.named else library


def _bundle(mapped: Sequence[Mapped]) -> str | None:
    if len(mapped) == 1 and mapped[0].whole is not None:
        return encode_pretty(mapped[0].whole).decode()
    resources = [entry for one in mapped for entry in one.resources]
    return encode_pretty(transaction(resources)).decode() if resources else None


def _written(issues: Sequence[Issue]) -> str | None:
    """Return the issues as they stand in a golden file; never a value."""
    return encode_pretty([_issue(issue) for issue in issues]).decode() if issues else None


def _issue(issue: Issue) -> dict[str, Any]:
    place = issue.place
    said: dict[str, Any] = {"severity": issue.severity, "code": issue.code, "diagnostics": issue.diagnostics}
    if place is not None:
        said["place"] = {"path": place.path, "line": place.line, "byte": place.byte}
    if issue.expression is not None:
        said["expression"] = issue.expression
    if issue.rule is not None:
        said["rule"] = issue.rule
    return said


def difference(case: Case, now: Outcome) -> list[str]:
    """Return the lines in which a case differs from its golden files; none when it does not."""
    pairs = ((case.bundle_file, now.bundle), (case.issues_file, now.issues))
    return [line for file, text in pairs for line in _difference(file, text)]


def _difference(file: Path, text: str | None) -> Iterator[str]:
    golden = file.read_text(encoding="utf-8") if file.is_file() else ""
    if golden != (text or ""):
        yield from difflib.unified_diff(
            golden.splitlines(),
            (text or "").splitlines(),
            f"{file.name} (golden)",
            f"{file.name} (now)",
            n=2,
            lineterm="",
        )


def accept(case: Case, now: Outcome) -> list[Path]:
    """Write what a case gives now to its golden files; return those that changed."""
    changed = []
    for file, text in ((case.bundle_file, now.bundle), (case.issues_file, now.issues)):
        before = file.read_text(encoding="utf-8") if file.is_file() else None
        if before != text:
            changed.append(file)
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")
    return changed
