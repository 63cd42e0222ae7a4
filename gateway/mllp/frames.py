"""Cuts a stream of bytes into MLLP frames, in whatever pieces it comes, and names what is wrong with one."""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.errors import Issue

START = b"\x0b"
END = b"\x1c"
HEAD = 64 * 1024  # of what is too large this much is kept: its first segment names the message


class Sender(NamedTuple):
    """Who is at the other end of a connection: the certificate (DER) it showed, None without TLS, and its address."""

    certificate: bytes | None = None
    address: str = ""


class Frame(NamedTuple):
    """What a frame held and who sent it, or why it is none; then `content` is as much of it as was kept."""

    content: bytes
    wrong: Issue | None = None
    sender: Sender = Sender()


def framed(content: bytes) -> bytes:
    """Return `content` as a frame."""
    return START + content + END + b"\r"


class Frames:
    """The state of one connection's incoming stream. After `broken` nothing that follows can be understood."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._content: bytearray | None = None  # None: between frames
        self._size = 0
        self.broken = False

    @property
    def open(self) -> bool:
        """Whether a frame was begun and not ended."""
        return self._content is not None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that end in `data`."""
        while data and not self.broken:
            if self._content is None:
                data = data.lstrip(b"\r\n")  # the CR that ends a frame, or what else some senders end it with
                if data.startswith(START):
                    self._content, self._size, data = bytearray(), 0, data[1:]
                elif data:
                    self.broken = True
                    yield Frame(data[:HEAD], _wrong("what was sent does not begin with VT (0B): it is not MLLP"))
            else:
                data, frame = self._inside(self._content, data)
                if frame:
                    yield frame

    def cut_short(self) -> Frame | None:
        """Return the frame that will never be ended, if there is one."""
        content, self._content = self._content, None
        return None if content is None else Frame(bytes(content), _wrong("the message has no end (FS, 1C)"))

    def _inside(self, content: bytearray, data: bytes) -> tuple[bytes, Frame | None]:
        """Add to the open frame; return what is left of the data, and the frame if it ended."""
        end, start = data.find(END), data.find(START)
        restarts = start >= 0 and (end < 0 or start < end)
        stop = start if restarts else end
        self._add(content, data if stop < 0 else data[:stop])
        if self._size > 2 * self._max_bytes:
            self.broken = True  # it was skipped for long enough
            return b"", self._too_large(content)
        if stop < 0:
            return b"", None
        rest = data[stop:] if restarts else data[stop + 1 :]
        if self._size > self._max_bytes:
            return rest, self._too_large(content)
        if restarts:
            return rest, self.cut_short()
        self._content = None
        return rest, Frame(bytes(content))

    def _add(self, content: bytearray, data: bytes) -> None:
        self._size += len(data)
        content += data
        if self._size > self._max_bytes:
            del content[HEAD:]

    def _too_large(self, content: bytearray) -> Frame:
        self._content = None
        text = f"the message is longer than {self._max_bytes} bytes"
        return Frame(bytes(content[:HEAD]), Issue("too-large", text))


def _wrong(text: str) -> Issue:
    return Issue("malformed", text)
