"""How the value of a setting is read from its text. Each raises ValueError, in words for the operator."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from gateway.notify.endpoints import Refused
from gateway.notify.endpoints import read as read_endpoint

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NAMES_KEYS = "names a file or folder with what is secret; there is none there, and what was given is not repeated"


def text(value: str) -> str:
    """Return it as it is."""
    return value


def database(value: str) -> str:
    """Return the URL of a store, which may hold a password: nothing of it is ever repeated."""
    if value.startswith(("postgresql://", "postgres://")):
        authority = value.partition("://")[2].partition("/")[0]
        if authority.count("@") > 1 or _BROKEN_ESCAPE.search(value):
            raise ValueError("what is special in a password stands percent-encoded: %40 for @, %25 for %")
    elif not value.startswith("sqlite:///") and value != "sqlite://":
        raise ValueError("must be sqlite:///PATH or postgresql://USER@HOST/DATABASE")
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number between two others."""

    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value[:20]) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def zero_or(low: int, high: int) -> Callable[[str], int]:
    """Return what reads 0, or a whole number between two others."""

    def read(value: str) -> int:
        return 0 if value == "0" else whole(low, high)(value)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Return what reads one of some words, however it is capitalised."""

    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value.lower()

    return read


def file(value: str) -> Path:
    """Return a file that is there."""
    if not Path(value).is_file():
        raise ValueError(f"no file {value}")
    return Path(value)


def folder(value: str) -> Path:
    """Return a folder that is there."""
    if not Path(value).is_dir():
        raise ValueError(f"no folder {value}")
    return Path(value)


def folders(value: str) -> tuple[Path, ...]:
    """Return folders that are there, separated by `:`."""
    found = tuple(Path(part) for part in value.split(":") if part)
    if absent := [str(one) for one in found if not one.is_dir()]:
        raise ValueError(f"no folder {', '.join(absent)}")
    return found


def files(value: str) -> tuple[Path, ...]:
    """Return files that are there, separated by `:`."""
    found = tuple(Path(part) for part in value.split(":") if part)
    if absent := [str(path) for path in found if not path.is_file()]:
        raise ValueError(f"no file {', '.join(absent)}")
    return found


def key_file(value: str) -> Path:
    """Return a file of keys that is there. What was given in its place may be a key: it is not repeated."""
    try:
        return file(value)
    except (OSError, ValueError):
        raise ValueError(_NAMES_KEYS) from None


def key_files(value: str) -> tuple[Path, ...]:
    """Return files of keys that are there, separated by `:`."""
    try:
        return files(value)
    except (OSError, ValueError):
        raise ValueError(_NAMES_KEYS) from None


def key_folder(value: str) -> Path:
    """Return a folder of keys that is there."""
    try:
        return folder(value)
    except (OSError, ValueError):
        raise ValueError(_NAMES_KEYS) from None


def words(value: str) -> tuple[str, ...]:
    """Return words, separated by spaces."""
    return tuple(value.split())


def url(value: str) -> str:
    """Return a URL without a slash at its end. It is shown, so it holds no password."""
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    if "@" in value.partition("://")[2].partition("/")[0]:
        raise ValueError("must hold no user and no password")
    return value.rstrip("/")


def issuer(value: str) -> str:
    """Return an issuer exactly as it is written, for it is compared so."""
    try:
        found = read_endpoint(value)
    except Refused as error:
        raise ValueError("must be an https URL") from error
    if found.scheme != "https" or "?" in value:
        raise ValueError("must be an https URL without a query")
    return value
