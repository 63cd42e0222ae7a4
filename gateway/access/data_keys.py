"""The keys that the store is sealed with, in a file: some seal and open, some hide the numbers that are searched.

The file is JSON, made by `gateway keys data`, and is read by its owner alone. Each key has a moment from which it is
the present one, so that every process of every node knows it before it is used; those before it go on opening and
finding. A key is named by its digest. Where a key management system wraps them, the file holds none that can be read.
"""

from __future__ import annotations

import fcntl
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from gateway.access.kms import Kms
from gateway.errors import BadSettings, Conflict, Issue, ResourceNotFound

Use = Literal["seal", "find"]
USES: tuple[Use, ...] = ("seal", "find")
BYTES = 32
NAME_BYTES = 8
_EVERYWHERE = timedelta(seconds=5)  # so long after its moment every process uses a key

_NAMED = "GATEWAY_DATA_KEYS: {}"


class Line(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A key as it stands in the file: `key` in base64, or `wrapped` as the key management system gave it."""

    id: str
    use: Use
    since: datetime
    key: str | None = None
    wrapped: str | None = None

    def __repr__(self) -> str:
        """Return its name alone."""
        return f"Line(id={self.id!r}, use={self.use!r})"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keys: list[Line]


_FILE = msgspec.json.Decoder(_File)  # made at import: see gateway.fhir.tables


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key, and from which moment it is the present one."""

    name: str
    use: Use
    since: datetime
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DataKeys:
    """The keys of a file, the newest last."""

    keys: tuple[DataKey, ...]

    @classmethod
    def read(cls, path: Path, kms: Kms | None, known: Mapping[str, bytes]) -> DataKeys:
        """Return the keys in a file. Raises BadSettings with everything that is wrong with it.

        `known` are keys that were unwrapped before.
        """
        keys, problems = list[DataKey](), list[Issue]()
        for line in lines(path):
            try:
                keys.append(DataKey(line.id, line.use, line.since, known.get(line.id) or _secret(line, kms)))
            except BadSettings as error:
                problems += error.issues
        uses = {key.use for key in keys}
        if not problems and len(uses) < len(USES):
            problems.append(_issue(f"{path} lacks a key to {' and to '.join(set(USES) - uses)} with"))
        if problems:
            raise BadSettings(problems)
        return cls(tuple(sorted(keys, key=lambda key: (key.since, key.name))))

    def present(self, use: Use, at: datetime) -> DataKey:
        """Return the key that is in use at a moment: the newest whose time has come, the first where none's has."""
        own = [key for key in self.keys if key.use == use]
        begun = [key for key in own if key.since <= at]
        return begun[-1] if begun else own[0]


def name_of(use: Use, secret: bytes) -> str:
    """Return the name of a key, of which the key itself does not follow."""
    return sha256(b"gateway data key\x1f%b\x1f%b" % (use.encode(), secret)).hexdigest()[: 2 * NAME_BYTES]


def lines(path: Path) -> list[Line]:
    """Return the keys in a file as they stand there. BadSettings, also when others than its owner can read it."""
    try:
        open_to_others = path.stat().st_mode & 0o077
        content = path.read_bytes()
    except OSError as error:
        raise BadSettings([_issue(f"{path} cannot be read: {error.strerror}")]) from error
    if open_to_others:
        raise BadSettings([_issue(f"{path} can be read by others than its owner: chmod 600 {path}")])
    try:
        return _FILE.decode(content).keys
    except msgspec.DecodeError as error:
        raise BadSettings([_issue(f"{path} is no file of keys that `gateway keys data new` made")]) from error


def _secret(line: Line, kms: Kms | None) -> bytes:
    text = line.key
    if text is None and line.wrapped is not None:
        if kms is None:
            raise BadSettings([_issue(f"the key {line.id} is wrapped, and GATEWAY_KMS_COMMAND is not set")])
        text = kms.unwrap(line.id, line.wrapped)
    try:
        secret = b64decode(text or "", validate=True)
    except ValueError:
        secret = b""
    if len(secret) != BYTES or name_of(line.use, secret) != line.id:
        raise BadSettings([_issue(f"the key {line.id} is not the key of that name")])
    return secret


def _issue(text: str) -> Issue:
    return Issue("bad-settings", _NAMED.format(text))


def add(path: Path, use: Use, since: datetime, kms: Kms | None) -> Line:
    """Make a key that is the present one from a moment on, and return it as it stands in the file. BadSettings."""
    secret = os.urandom(BYTES)
    name, text = name_of(use, secret), b64encode(secret).decode()
    line = Line(name, use, since, wrapped=kms.wrap(name, text)) if kms else Line(name, use, since, key=text)
    _change(path, lambda before: [*before, line])
    return line


def take_away(path: Path, name: str, at: datetime) -> None:
    """Take a key out of the file. Raises what `check_followed` raises."""

    def without(before: list[Line]) -> list[Line]:
        check_followed(before, name, at)
        return [line for line in before if line.id != name]

    _change(path, without)


def check_followed(held: Sequence[Line], name: str, at: datetime) -> None:
    """Raise Conflict unless another key is in use in the place of this one; ResourceNotFound when it is not there."""
    gone = next((line for line in held if line.id == name), None)
    if gone is None:
        raise ResourceNotFound(f"there is no key {name} in the file of GATEWAY_DATA_KEYS")
    if not any(line.use == gone.use and gone.since < line.since <= at - _EVERYWHERE for line in held):
        raise Conflict(
            f"{name} is in use: make another one first, and wait until that has been in use for some seconds"
        )


def _change(path: Path, changed: Callable[[list[Line]], list[Line]]) -> None:
    """Write the file anew, whole or not at all; of several who change it at once each waits for the one before."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(path.parent):
        content = msgspec.json.encode(_File(changed(lines(path) if path.exists() else [])))
        aside = path.with_name(f".{path.name}.new")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(content, indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
