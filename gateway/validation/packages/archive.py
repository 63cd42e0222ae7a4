"""A `.tgz` package read without trust: names, kinds, sizes and counts are checked before a byte is written.

Only regular files below `package/` are taken. A link, a device, a path that leads out, a name twice, a bomb: refused
as a whole. https://hl7.org/fhir/R4/packages.html
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from gateway.errors import GatewayError, MalformedMessage, TooLarge
from gateway.validation.packages.manifest import Manifest, read_manifest

ROOT = "package/"
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
_LONGEST_PATH = 240


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a package may be, packed and unpacked."""

    packed: int = 100_000_000
    unpacked: int = 600_000_000
    one_file: int = 64_000_000
    files: int = 30_000
    ratio: int = 200  # unpacked to packed; definitions are some 10 to 30


@dataclass(frozen=True, slots=True)
class Contents:
    """A package in memory: what it says of itself, and its files by their path below `package/`."""

    manifest: Manifest
    files: Mapping[str, bytes]


def read(content: bytes, limits: Limits | None = None) -> Contents:
    """Return what a package holds. Raises MalformedMessage or TooLarge (bad-package), and nothing is half read."""
    allowed = limits or Limits()
    if len(content) > allowed.packed:
        raise TooLarge(f"a package is at most {allowed.packed} bytes", code="bad-package")
    try:
        files = dict(_files(content, allowed))
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError) as wrong:
        raise MalformedMessage("this is not a whole .tgz archive", code="bad-package") from wrong
    if "package.json" not in files:
        raise MalformedMessage("the package has no package/package.json", code="bad-package")
    return Contents(read_manifest(files["package.json"]), files)


def _files(content: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Yield (path below `package/`, bytes) of each file that is taken."""
    most = min(limits.unpacked, max(len(content), 4_096) * limits.ratio)
    seen: set[str] = set()
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
        stream = _Measured(unpacked, most, limits.one_file)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for count, member in enumerate(archive, start=1):
                if count > limits.files:
                    raise TooLarge(f"a package holds at most {limits.files} files", code="bad-package")
                path = _path(member, seen)
                if path is not None:
                    yield path, _bytes(archive, member, limits)


class _Measured(io.RawIOBase):
    """The unpacked bytes, which say when they become more than they may be."""

    def __init__(self, stream: gzip.GzipFile, most: int, at_once: int) -> None:
        self._stream = stream
        self._most = most
        self._at_once = at_once

    def _check(self, end: int) -> None:
        if end > self._most:
            raise TooLarge("the package unpacks to more than it may", code="bad-package")

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._at_once:
            raise TooLarge("one file of the package is larger than it may be", code="bad-package")
        found = self._stream.read(size)
        self._check(self._stream.tell())
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        self._check(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _path(member: tarfile.TarInfo, seen: set[str]) -> str | None:
    """Return the path below `package/` of a file that is taken; None for a folder or a file elsewhere."""
    name = member.name.removeprefix("./")
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name or not name.isprintable() or len(name) > _LONGEST_PATH:
        raise _refusal("a path in the package leads out of it, or is no path")
    if member.isdir():
        return None
    if member.type not in _PLAIN:
        raise _refusal("the package holds a link, a device or another thing that is no plain file")
    if not name.startswith(ROOT) or any(part.startswith("-") or ":" in part for part in pure.parts):
        return None
    path = str(PurePosixPath(name.removeprefix(ROOT)))
    if path.lower() in seen:
        raise _refusal("the package holds the same path twice")
    seen.add(path.lower())
    return path


def _refusal(text: str) -> GatewayError:
    return MalformedMessage(text, code="bad-package")


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo, limits: Limits) -> bytes:
    if member.size > limits.one_file:
        raise TooLarge(f"one file of a package is at most {limits.one_file} bytes", code="bad-package")
    stream = archive.extractfile(member)
    content = stream.read() if stream else b""
    if len(content) != member.size:
        raise _refusal("the package ends in the middle of a file")
    return content
