"""The place in the tokens where the parser is, and what it can ask there."""

from collections.abc import Iterable

from gateway.mapping.fml.lexer import Token
from gateway.mapping.spans import Problems, Span, suggestion

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_EXPECTED = {"=": "'='", "{": "'{'", ";": "';' at the end of the rule"}


class Wrong(Exception):
    """What is wrong in the text, and where; the parser reports it and goes on behind it."""

    def __init__(self, span: Span, text: str) -> None:
        super().__init__(text)
        self.span = span
        self.text = text


class Cursor:
    """Walks over the tokens of a map."""

    def __init__(self, text: str, found: list[Token], problems: Problems) -> None:
        self.text = text.removeprefix("\ufeff")
        self.tokens = found
        self.problems = problems
        self.at = 0

    @property
    def token(self) -> Token:
        """Return the token that is next."""
        return self.tokens[self.at]

    @property
    def before(self) -> Token:
        """Return the token that was taken last."""
        return self.tokens[self.at - 1]

    def ahead(self, steps: int) -> Token:
        """Return a token further on."""
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Take a token. Raises Wrong at the end of the text."""
        token = self.token
        if token.kind == "end":
            raise Wrong(token.span, "the map ends too early")
        self.at += 1
        return token

    def here(self, *texts: str) -> bool:
        """Return whether one of these stands here, not as a quoted text."""
        return self.token.text in texts and self.token.kind in {"mark", "name"}

    def take(self, *texts: str) -> Token | None:
        """Take one of these when it stands here."""
        return self.next() if self.here(*texts) else None

    def expect(self, text: str, known: Iterable[str] = ()) -> Token:
        """Take what must stand here. Raises Wrong, with what was perhaps meant."""
        if not self.here(text):
            shown = self.token.text or "the end"
            hint = suggestion(self.token.text, (text, *known)) if self.token.kind == "name" else ""
            raise Wrong(self.token.span, f"{_EXPECTED.get(text, repr(text))} is missing before '{shown}'{hint}")
        return self.next()

    def string(self, what: str) -> str:
        """Take a quoted text. Raises Wrong."""
        if self.token.kind != "text":
            raise Wrong(self.token.span, f"{what} must stand here in quotes, not '{self.token.text}'")
        return self.next().value

    def name(self, what: str) -> str:
        """Take a name, quoted by backticks or not. Raises Wrong."""
        if self.token.kind not in {"name", "quoted"}:
            raise Wrong(self.token.span, f"{what} must stand here, not '{self.token.text or 'the end'}'")
        return self.next().value

    def expression(self, ends: tuple[str, ...]) -> tuple[str, Span]:
        """Take the FHIRPath up to one of `ends` outside brackets; return it and where it begins. Raises Wrong.

        A text in double quotes is a text in FML; FHIRPath writes it in single ones.
        """
        first, depth = self.token, 0
        parts: list[str] = []
        end = first.start
        while not (depth == 0 and self.here(*ends)):
            token = self.next()
            depth += (token.text in _OPENING) - (token.text in _CLOSING) if token.kind == "mark" else 0
            if depth < 0:
                raise Wrong(token.span, f"'{token.text}' closes what was not opened")
            parts += [self.text[end : token.start], _single_quoted(token)]
            end = token.end
        text = "".join(parts)
        if not text.strip():
            raise Wrong(first.span, f"an expression must stand before '{self.token.text}'")
        return text, first.span

    def parenthesis(self) -> tuple[str, Span]:
        """Take `( expression )`. Raises Wrong."""
        self.expect("(")
        made = self.expression((")",))
        self.expect(")")
        return made

    def report(self, wrong: Wrong) -> None:
        """Note what is wrong."""
        self.problems.add(wrong.span, wrong.text)

    def skip(self, words: tuple[str, ...]) -> None:
        """Go on to the next line that begins with one of some words, or outside of brackets with any name."""
        line, depth = self.before.span.line if self.at else 0, 0
        while self.token.kind != "end":
            token = self.token
            begins = token.span.line > line and token.kind in {"name", "meta"}
            if begins and (depth <= 0 or self.here(*words)):
                return
            depth += (token.text in _OPENING) - (token.text in _CLOSING) if token.kind == "mark" else 0
            line = token.span.line
            self.at += 1


def _single_quoted(token: Token) -> str:
    if token.kind != "text" or token.text[0] == "'":
        return token.text
    inner = token.text[1:-1].replace('\\"', '"')
    return "'" + inner.replace("'", "\\'") + "'"
