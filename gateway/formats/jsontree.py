"""JSON of any shape as a source: the value, and the JSON pointer and line of everything in it.

A message is one object. NDJSON is a message a line; an array may be a message an item. What JSON is refused,
`gateway.fhir.json` says. https://www.rfc-editor.org/rfc/rfc8259, https://www.rfc-editor.org/rfc/rfc6901
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, BinaryIO

from gateway.errors import Issue, MalformedMessage, Place, TooLarge
from gateway.fhir.frozen import frozen
from gateway.fhir.json import decode

MAX_BYTES = 32 * 1024 * 1024
"""A longer message is refused before it is read."""

MAX_LINE = 8 * 1024 * 1024
"""A longer line of NDJSON is refused, and passed over."""

_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'[\[\]{},:]|"(?:[^"\\]++|\\.)*+"|[^\s\[\]{},:"]+')


class Document:
    """A JSON message: `root` and the places of its values.

    `control_id`, `items` and `asked` are filled in by who knows the mapping: the message's id, the items of it
    that are mapped by themselves, and the elements (by their names) that told both.
    """

    issues: Sequence[Issue] = ()

    def __init__(self, root: Any, data: bytes, *, line: int = 1, byte: int = 0) -> None:
        self.root = root
        self.control_id: str | None = None
        self.asked: frozenset[tuple[str, ...]] = frozenset()
        self.items: Sequence[Item] = ()
        self._data = data
        self._line = line
        self._byte = byte

    def all(self, name: str) -> "Sequence[Item]":
        """Return the items that the message is mapped by; `name` is how the mapping writes them."""
        del name
        return self.items

    def item(self, value: Any) -> "Item":
        """Return a value of this message as an item."""
        return Item(value, self, self.pointers.get(id(value), ""))

    @cached_property
    def pointers(self) -> dict[int, str]:
        """The pointer of every object and array, by identity; they live as long as the message."""
        found: dict[int, str] = {}
        todo = [(self.root, "")]
        while todo:
            value, pointer = todo.pop()
            if isinstance(value, dict | list):
                found[id(value)] = pointer
                todo += [(inner, f"{pointer}/{key}") for key, inner in _members(value)]
        return found

    def place(self, pointer: str) -> Place:
        """Return where the value at a pointer stands; of one that is not there, the line of what it would stand in."""
        at = self._offsets.get(pointer)
        path = pointer or "#"
        if at is not None:
            return Place(path, self._line_of(at), self._byte + at)
        while at is None and pointer:
            pointer = pointer.rpartition("/")[0]
            at = self._offsets.get(pointer)
        return Place(path, self._line_of(at or 0))

    def text(self, pointer: str) -> bytes:
        """Return the bytes of the value at a pointer, as they came."""
        start = self._offsets[pointer]
        return self._data[start : _end(self._data, start)]

    def key(self, pointer: str) -> str:
        """Return what tells one leaf from another."""
        return pointer

    def names(self, place: Place) -> tuple[str, ...]:
        """Return the names on the way to a place, without the numbers of items."""
        return tuple(name for name in place.path.split("/")[1:] if not name.isdecimal())

    def leaves(self) -> Iterator[tuple[str, Place]]:
        """Yield every value that is not empty, with its place, in the order of the text."""
        for pointer in _leaves(self.root, ""):
            yield pointer, self.place(pointer)

    def _line_of(self, at: int) -> int:
        return self._line + bisect_right(self._breaks, at - 1)

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer(b"\n", self._data)]

    @cached_property
    def _offsets(self) -> dict[str, int]:
        return dict(_offsets(self._data))


@frozen()
class Item:
    """One of the values that a message is mapped by, each by itself."""

    value: Any
    document: Document
    pointer: str

    def place(self) -> Place:
        """Return where it stands."""
        return self.document.place(self.pointer)


def parse(data: bytes, *, line: int = 1, byte: int = 0) -> Document:
    """Return the JSON in `data`, whose first character stands at `line` and `byte` of what came in.

    Raises MalformedMessage when it is not JSON, or neither an object nor an array; TooLarge.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a JSON message is at most {MAX_BYTES} bytes; this one has {len(data)}")
    try:
        root = decode(data)
    except MalformedMessage as error:
        raise MalformedMessage([_moved(issue, line, byte) for issue in error.issues]) from error
    if not isinstance(root, dict | list):
        raise MalformedMessage([Issue("malformed", "a JSON message is an object", place=Place("#", line, byte))])
    return Document(root, data, line=line, byte=byte)


def _moved(issue: Issue, line: int, byte: int) -> Issue:
    """Return a finding on a part of a file as one on the file."""
    place = issue.place
    known = place is not None and place.line is not None and place.byte is not None
    moved = Place("JSON text", (place.line or 1) + line - 1, (place.byte or 0) + byte) if place and known else None
    return Issue(issue.code, issue.diagnostics, place=moved or Place("JSON text", line, byte))


# ---- several messages


@frozen()
class Part:
    """The bytes of one message of several: where they begin, and what is wrong with them, if they cannot be read."""

    content: bytes
    line: int
    byte: int
    refusal: MalformedMessage | TooLarge | None = None
    of_array: bool = False

    def document(self) -> Document:
        """Return the message. Raises MalformedMessage or TooLarge."""
        if self.refusal is not None:
            raise self.refusal
        return parse(self.content.rstrip(b"\r\n"), line=self.line, byte=self.byte)


def lines(stream: BinaryIO, *, line: int = 1) -> Iterator[Part]:
    """Yield each line of NDJSON that is not blank, with its number; constant memory whatever the length of the stream.

    A last line that was cut off (no newline, and no whole JSON) is refused as such. https://github.com/ndjson/ndjson-spec
    """
    number, byte = line - 1, 0
    while text := stream.readline(MAX_LINE + 1):
        number += 1
        whole = text.endswith(b"\n")
        if len(text) > MAX_LINE and not whole:
            yield Part(text, number, byte, _too_long(number, byte))
            byte += len(text) + _pass_over(stream)
            continue
        if text.removeprefix(_BOM).strip():
            yield Part(text, number, byte, None if whole else _cut_off(text, number, byte))
        byte += len(text)


def _pass_over(stream: BinaryIO) -> int:
    """Read to the end of a line; return how much that was."""
    passed = 0
    while text := stream.readline(MAX_LINE):
        passed += len(text)
        if text.endswith(b"\n"):
            break
    return passed


def _too_long(line: int, byte: int) -> TooLarge:
    text = f"a line of NDJSON is at most {MAX_LINE} bytes; this one was passed over"
    return TooLarge([Issue("too-large", text, place=Place("line", line, byte))])


def _cut_off(content: bytes, line: int, byte: int) -> MalformedMessage | None:
    try:
        decode(content)
    except MalformedMessage:
        text = "the last line breaks off: no newline, and no whole JSON; nothing of it was used; send it again"
        return MalformedMessage([Issue("broken-off", text, place=Place("line", line, byte))])
    return None


def items(document: Document) -> Iterator[Part]:
    """Yield each item of a message that is an array, as the bytes that came in; a null is passed over."""
    for index, value in enumerate(document.root):
        if value is not None:
            yield _part(document, f"/{index}")


def _part(document: Document, pointer: str) -> Part:
    place = document.place(pointer)
    return Part(document.text(pointer), place.line or 1, place.byte or 0, of_array=True)


def _end(data: bytes, at: int) -> int:
    """Return where the value that begins at `at` ends."""
    depth = 0
    for match in _TOKEN.finditer(data, at):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(data)


# ---- pointers


def escaped(key: str) -> str:
    """Return a name as it stands in a JSON pointer.

    >>> escaped("a/b")
    'a~1b'
    """
    return key.replace("~", "~0").replace("/", "~1")


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        return ((escaped(key), inner) for key, inner in value.items())
    return ((str(index), inner) for index, inner in enumerate(value))


def _leaves(value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, dict | list):
        for key, inner in _members(value):
            yield from _leaves(inner, f"{pointer}/{key}")
    elif value is not None and value != "":
        yield pointer


def _offsets(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield pointer and offset of every value of a JSON text that is known to be sound."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    opened: list[tuple[str, bool]] = []  # pointer of each object or array around, and whether it is an object
    pointer, index, named = "", [0], True
    for match in _TOKEN.finditer(data, start):
        token = match[0]
        if token in {b"}", b"]"}:
            opened.pop()
            index.pop()
            continue
        if token == b",":
            index[-1] += 1
            named = not opened[-1][1]
            continue
        if token == b":":
            named = True
            continue
        if opened and opened[-1][1] and not named:
            pointer = f"{opened[-1][0]}/{escaped(decode(token))}"
            continue
        if opened and not opened[-1][1]:
            pointer = f"{opened[-1][0]}/{index[-1]}"
        yield pointer, match.start()
        if token in {b"{", b"["}:
            opened.append((pointer, token == b"{"))
            index.append(0)
            named = token == b"["
