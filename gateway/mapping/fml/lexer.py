"""FML text to tokens. Embedded FHIRPath has the same tokens, so that the parser can find where an expression ends.

http://hl7.org/fhir/R4/mapping-language.html, https://hl7.org/fhirpath/N1/grammar.html
"""

import re
from collections.abc import Iterator
from dataclasses import field

from gateway.fhir.frozen import frozen
from gateway.mapping.spans import Problems, Span

MAX_LENGTH = 2_000_000  # characters
_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<meta>///[^\n]*)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<long>\"\"\".*?\"\"\")
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<date>@[0-9T][0-9T:.+Z-]*)
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<constant>%(?:[A-Za-z_]\w*|`[^`]*`|'[^']*'))
    |(?P<special>\$\w+)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>->|<<|>>|\.\.|==|!=|<=|>=|--|<-|>-|!~|[-+*/&|<>=~.,:;()\[\]{}])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


@frozen()
class Comment:
    """A comment before a token: its text without slashes, and the line it stands on."""

    text: str
    line: int


@frozen()
class Token:
    """`kind` is a group of the token pattern, or `end`; `value` is a text without its quotes."""

    kind: str
    text: str
    start: int
    span: Span
    comments: tuple[Comment, ...] = field(default=())

    @property
    def end(self) -> int:
        """Return the offset behind it."""
        return self.start + len(self.text)

    @property
    def value(self) -> str:
        """Return what a text or a quoted name says; any other token as it is written."""
        if self.kind in {"text", "quoted"}:
            return unescape(self.text[1:-1])
        return self.text[3:-3].strip("\r\n") if self.kind == "long" else self.text


def unescape(text: str) -> str:
    """Return a text with its escapes resolved; an unknown escape stands for its own letter.

    >>> unescape(r"it\\'s \\u0041")
    "it's A"
    """
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)


def tokens(text: str, file: str, problems: Problems) -> list[Token]:
    """Return the tokens of FML text, the last of kind `end`; what cannot be read goes to `problems`."""
    if len(text) > MAX_LENGTH:
        problems.add(Span(file), f"the map is longer than {MAX_LENGTH} characters")
        text = ""
    return list(_scan(text.removeprefix("\ufeff"), file, problems))


def _scan(text: str, file: str, problems: Problems) -> Iterator[Token]:
    at, line, begin = 0, 1, 0
    comments: list[Comment] = []
    while at < len(text):
        found = _TOKEN.match(text, at)
        span = Span(file, line, at - begin + 1)
        if not found or not found.lastgroup or text.startswith("/*", at) != found[0].startswith("/*"):
            problems.add(span, _unreadable(text, at))
            at += 1
            continue
        kind, written = found.lastgroup, found[0]
        if kind == "comment":
            comments.append(Comment(_said(written), line))
        elif kind != "blank":
            yield Token(kind, written, at, span, tuple(comments))
            comments = []
        at = found.end()
        if newlines := written.count("\n"):
            line, begin = line + newlines, found.start() + written.rindex("\n") + 1
    yield Token("end", "", len(text), Span(file, line, at - begin + 1), tuple(comments))


def _said(comment: str) -> str:
    return (comment[2:-2] if comment.startswith("/*") else comment[2:]).strip()


def _unreadable(text: str, at: int) -> str:
    if text.startswith("/*", at):
        return "the comment does not end: '*/' is missing"
    if text[at] in "'\"`":
        return f"the text does not end: {text[at]} is missing"
    return f"{text[at]!r} does not belong in a map"
