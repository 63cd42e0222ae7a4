"""Reads files of FHIR JSON, NDJSON and XML and validates each resource in them."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from gateway.cli.findings import Finding
from gateway.errors import Issue, MalformedMessage
from gateway.fhir.json import decode
from gateway.fhir.xml import Places, looks_like_xml
from gateway.fhir.xml import read as read_xml
from gateway.settings import Settings
from gateway.validation import Validator
from gateway.validation.profiles import ProfileLibrary
from gateway.validation.profiles.shipped import library

_FEW = 20  # files that need no progress bar
_SUFFIXES = {".json", ".ndjson", ".jsonl", ".xml"}


def profiles_of(packages: Sequence[Path]) -> ProfileLibrary:
    """Return the profiles of `packages`, those that are installed, and the gateway's own. Raises GatewayError."""
    return library(Settings.from_env(os.environ).profiles, packages)


def check(
    files: tuple[Path, ...], profiles: ProfileLibrary, *, asked: Sequence[str] = (), second_opinion: bool
) -> Iterator[Finding]:
    """Yield what there is to say about each resource, in the order of the files; `asked` are profiles to hold it to."""
    validator = Validator(profiles)
    for path in _with_progress([inside for given in files for inside in _inside(given)]):
        for line, document in _documents(path):
            yield Finding(str(path), line, _issues(document, validator, asked, second_opinion=second_opinion))


def _inside(path: Path) -> list[Path]:
    """Return the files of a folder, in a stable order; a file stands for itself."""
    return sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES) if path.is_dir() else [path]


def _with_progress(paths: list[Path]) -> Iterator[Path]:
    """Yield the paths; on a terminal a bar shows how far they are, on standard error."""
    if len(paths) < _FEW or not sys.stderr.isatty():
        yield from paths
        return
    with click.progressbar(paths, label="validating", file=sys.stderr) as bar:
        yield from bar


def _documents(path: Path) -> Iterator[tuple[int | None, bytes]]:
    """Yield the JSON texts of a file: the whole of it, or each line of NDJSON with its number."""
    content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    if not _is_ndjson(path, content):
        yield None, content
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _is_ndjson(path: Path, content: bytes) -> bool:
    if path.suffix in {".ndjson", ".jsonl"}:
        return True
    lines = [line for line in content.split(b"\n", 2)[:2] if line.strip()]
    return len(lines) == 2 and all(line.strip()[:1] == b"{" and line.strip()[-1:] == b"}" for line in lines)


def _issues(document: bytes, validator: Validator, asked: Sequence[str], *, second_opinion: bool) -> list[Issue]:
    try:
        resource = read_xml(document) if looks_like_xml(document) else decode(document)
    except MalformedMessage as refusal:
        return list(refusal.issues)
    issues = validator.issues(resource, asked)
    if second_opinion and not any(issue.severity == "error" for issue in issues):
        from gateway.validation.second_opinion import second_opinion as ask  # noqa: PLC0415 - only who asks pays for it

        issues += ask(resource)
    return [*map(Places(document).placed, issues)] if looks_like_xml(document) else issues
