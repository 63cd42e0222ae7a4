"""What seals the store: the keys of GATEWAY_DATA_KEYS as they are now, followed as the file changes.

Sealed is with AES-256-GCM under a nonce of its own; hidden is with HMAC-SHA-256, of which 128 bits are kept. A process
never forgets a key that it had, so that nothing it wrote becomes unreadable while it runs.
https://csrc.nist.gov/pubs/sp/800/38/d/final, https://www.rfc-editor.org/rfc/rfc2104
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.access.data_keys import NAME_BYTES, DataKeys
from gateway.access.kms import Kms
from gateway.access.watched import Watched
from gateway.errors import BadSettings

MARK = b"\xc1GW\x01"
"""What everything sealed begins with, the version last: see gateway.store.sealed, which knows it too."""
_NONCE = 12
_HEAD = len(MARK) + NAME_BYTES
_HIDDEN_BYTES = 16
_LOOK_SECONDS = 0.2  # how often the moment is looked at from which a key is the present one

_NO_KEY = (
    "what is stored is sealed with the key {}, which is not in the file of GATEWAY_DATA_KEYS: put that file back, or a "
    "copy that holds the key"
)
_NOT_OPENED = "what is stored is not what was sealed for its row: it was cut, changed, or is of another row (key {})"


@dataclass(frozen=True, slots=True)
class Hider:
    """A key by which numbers are found that are not to be read. See gateway.store.sealed.Finder."""

    name: str
    secret: bytes = field(repr=False)

    @property
    def generation(self) -> int:
        """Return the number of the key, which is never 0 and fits a signed column of eight bytes."""
        return int(self.name, 16) >> 1 or 1

    def hidden(self, number: str) -> str:
        """Return what stands in the place of a number. It begins with a character that no value in FHIR has."""
        made = hmac.digest(self.secret, number.encode(), "sha256")[:_HIDDEN_BYTES]
        return f"\x1f{urlsafe_b64encode(made).rstrip(b'=').decode()}"


@dataclass(frozen=True, slots=True)
class _State:
    """The keys at a moment."""

    seals: tuple[bytes, AESGCM]  # the present one: mark and name, and the cipher
    name: str
    opens: Mapping[bytes, AESGCM]
    finders: Sequence[Hider]
    names: Mapping[str, str]


class DataSeals:
    """The keys of a file. See gateway.store.sealed.Seals. Raises BadSettings, when it is made, for a wrong file."""

    def __init__(
        self, path: Path, kms: Kms | None, clock: Callable[[], datetime], seconds: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._secrets: dict[str, bytes] = {}
        self._all: dict[str, tuple[str, bytes]] = {}
        self._names: Mapping[str, str] = MappingProxyType({})
        self._watched = Watched([path], lambda: DataKeys.read(path, kms, self._secrets), seconds)
        self._state = self._stated(self._watched.now())
        self._next = seconds() + _LOOK_SECONDS

    @property
    def present(self) -> str:
        """Return the name of the key that seals."""
        return self._now().name

    @property
    def finders(self) -> Sequence[Hider]:
        """Return the keys by which numbers are found, the present one first."""
        return self._now().finders

    @property
    def names(self) -> Mapping[str, str]:
        """Return what each key is for, by its name: the same object as long as the keys are the same."""
        return self._now().names

    def seal(self, content: bytes, *row: str | int) -> bytes:
        """Return the content sealed for a row."""
        head, cipher = self._now().seals
        nonce = os.urandom(_NONCE)
        return head + nonce + cipher.encrypt(nonce, content, _bound(row))

    def open(self, content: bytes, *row: str | int) -> bytes:
        """Return what was sealed for a row, or the content as it is where it was not sealed. BadSettings."""
        head = content[:_HEAD]
        cipher = self._now().opens.get(head)
        if cipher is None:
            if head[:1] != MARK[:1]:
                return content
            cipher = self._other(head)
        try:
            return cipher.decrypt(content[_HEAD : _HEAD + _NONCE], content[_HEAD + _NONCE :], _bound(row))
        except (InvalidTag, ValueError) as error:
            raise BadSettings(_NOT_OPENED.format(head[len(MARK) :].hex())) from error

    def _other(self, head: bytes) -> AESGCM:
        """Return the cipher of a key that is not known yet: another process may have used it first. BadSettings."""
        cipher = self._looked().opens.get(head)
        if cipher is None:
            is_whole = head.startswith(MARK) and len(head) == _HEAD
            raise BadSettings((_NO_KEY if is_whole else _NOT_OPENED).format(head[len(MARK) :].hex()))
        return cipher

    def _now(self) -> _State:
        if self._seconds() >= self._next:
            self._next = self._seconds() + _LOOK_SECONDS
            self._state = self._stated(self._watched.now())
        return self._state

    def _looked(self) -> _State:
        """Look into the file at once."""
        self._state = self._stated(self._watched.fresh())
        return self._state

    def _stated(self, keys: DataKeys) -> _State:
        at = self._clock()
        for key in keys.keys:
            self._all.setdefault(key.name, (key.use, key.secret))
            self._secrets[key.name] = key.secret
        names = {key.name: str(key.use) for key in keys.keys}
        if self._names != names:
            self._names = MappingProxyType(names)
        sealing, finding = keys.present("seal", at), keys.present("find", at)
        opens = {_head(name): AESGCM(secret) for name, (use, secret) in self._all.items() if use == "seal"}
        hiders = [Hider(name, secret) for name, (use, secret) in self._all.items() if use == "find"]
        hiders.sort(key=lambda hider: hider.name != finding.name)
        head = _head(sealing.name)
        return _State((head, opens[head]), sealing.name, opens, tuple(hiders), self._names)


def _head(name: str) -> bytes:
    return MARK + bytes.fromhex(name)


def _bound(row: tuple[str | int, ...]) -> bytes:
    return "\x1f".join(map(str, row)).encode()
