"""Characters to tokens. https://hl7.org/fhirpath/N1/grammar.html

With `source_paths` also the paths of messages, as their own people write them (docs/mapping-language.md):
a token `source` is a whole `PID-3[2].1`, `segment` one like `OBX[3]` or `NAD(HP)`, `step` the `.4.1` after something.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from gateway.fhir.frozen import frozen
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.values import Date, DateTime, System, Time
from gateway.fhirpath.values.temporal import read_date, read_date_time, read_time

__all__ = ["MAX_LENGTH", "Token", "tokens"]

MAX_LENGTH = 20_000  # characters; the longest expression of R4 has fewer than 1,000

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<date>@(?:T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?|\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?))
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<quoted>`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*")
    |(?P<constant>%(?:[A-Za-z_]\w*|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'))
    |(?P<special>\$(?:this|index|total)\b)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<operator><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_SOURCE = re.compile(
    r"(\$this|[A-Za-z_]\w*)(?:\(([A-Z0-9+]+)\))?(?:\[(\d+)\])?-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?(?!\w)",
    re.ASCII,
)
_OCCURRENCE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\(([A-Z0-9]+)\)(?:\[(\d+)\])?|()\[(\d+)\])", re.ASCII)
_STEP = re.compile(r"\.(\d+)(?:\[(\d+)\])?((?:\.\d+)*)", re.ASCII)
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)


@frozen()
class Token:
    """`kind` is a group of the token pattern, or source, segment, step, end; `value` what it stands for."""

    kind: str
    text: str
    start: int
    end: int
    value: System | tuple[str | None, ...] | None = None


def tokens(text: str, is_source: Callable[[str], bool] | None = None) -> list[Token]:
    """Return the tokens of an expression, the last of kind `end`; FhirPathError where none can be read.

    `is_source` says which names besides `ABC` (three capitals or digits) may start a source path;
    without it there are no source paths at all.
    """
    if len(text) > MAX_LENGTH:
        raise FhirPathError(f"the expression is longer than {MAX_LENGTH} characters")
    return [*_scan(text, is_source), Token("end", "the end", len(text), len(text))]


def _scan(text: str, is_source: Callable[[str], bool] | None) -> Iterator[Token]:
    at, before = _skip(text, 0), None
    while at < len(text):
        token = (_source(text, at, before, is_source) if is_source else None) or _token(text, at)
        yield token
        before, at = token, _skip(text, token.end)


def _skip(text: str, at: int) -> int:
    if at < len(text) and text[at] != "/" and not text[at].isspace():
        return at
    found = _SKIP.match(text, at)
    return found.end() if found else at


def _token(text: str, at: int) -> Token:
    found = None if text.startswith("/*", at) else _TOKEN.match(text, at)
    if not found or not found.lastgroup:
        raise FhirPathError(_unreadable(text, at), position=at)
    kind, written = found.lastgroup, found[0]
    return Token(kind, written, at, found.end(), _VALUES[kind](written, at) if kind in _VALUES else None)


def _unreadable(text: str, at: int) -> str:
    if text.startswith("/*", at):
        return "the comment does not end"
    if text[at] in "'`\"":
        return "the text does not end"
    return f"{text[at]!r} does not belong in an expression"


def unescape(written: str, at: int) -> str:
    """Return what a text in quotes says; FhirPathError on an escape that FHIRPath does not know."""

    def one(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2] in "'\"`\\/":
            return found[2]
        if found[2] not in _ESCAPES:
            raise FhirPathError(f"no escape \\{found[2]}", position=at + 1 + found.start())
        return _ESCAPES[found[2]]

    return _ESCAPE.sub(one, written[1:-1])


def _constant(written: str, at: int) -> str:
    return written[1:] if written[1] not in "`'" else unescape(written[1:], at + 1)


def _number(written: str, _: int) -> System:
    return Decimal(written) if "." in written else int(written)


def _date(written: str, at: int) -> System:
    value: Date | DateTime | Time | None
    if written[1] == "T":
        value = read_time(written[2:])
    else:
        value = read_date_time(written[1:]) if "T" in written else read_date(written[1:])
    if value is None:
        raise FhirPathError("there is no such date or time", position=at)
    return value


_VALUES: dict[str, Callable[[str, int], System]] = {
    "date": _date,
    "number": _number,
    "string": unescape,
    "quoted": unescape,
    "constant": _constant,
    "name": lambda written, _: written,
}


def _source(text: str, at: int, before: Token | None, is_source: Callable[[str], bool]) -> Token | None:
    """Return a source path or a numeric step that begins here, or None when this is plain FHIRPath."""
    first = text[at]
    if first == ".":
        step = _STEP.match(text, at) if before is not None and before.end == at else None
        return _made("step", step) if step else None
    if not (first.isalpha() or first in "_$") or (before is not None and before.text == "."):
        return None
    path = _SOURCE.match(text, at)
    if path and (is_source(path[1]) or _SEGMENT.fullmatch(path[1])):
        return _made("source", path)
    occurrence = _OCCURRENCE.match(text, at) if first.isupper() else None
    return _made("segment", occurrence) if occurrence else None


def _made(kind: str, found: re.Match[str]) -> Token:
    return Token(kind, found[0], found.start(), found.end(), found.groups())
