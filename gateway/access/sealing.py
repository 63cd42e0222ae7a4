"""Messages at rest: sealed with AES-256-GCM when the operator gives keys, as they came when not.

With the data keys of the store these seal messages too. Else a key is a file of 64 hexadecimal digits: the first key
seals; all of them open, so that a key can be followed by another, and by the data keys. What is sealed is bound to the
row it belongs to: under another row it does not open.
https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from gateway.errors import BadSettings

_NONCE = 12  # bytes
_TABLE = "inbox"
_DIGITS = 64
_NOT_A_KEY = "{}: {} does not hold 64 hexadecimal digits; make a key with `openssl rand -hex 32`"
_NO_KEY = (
    "this message is sealed with the key {}, which is none of those of GATEWAY_INBOX_KEY or GATEWAY_DATA_KEYS: "
    "add the file of that key to GATEWAY_INBOX_KEY, after the present one, or put the file of the data keys back"
)
_NOT_OPENED = (
    "what is stored of this message is not what was sealed under this row: it was changed, or is of another row"
)


class StoreKeys(Protocol):
    """The keys of the whole store: as much of `gateway.store.sealed.Seals` as is needed here."""

    @property
    def present(self) -> str | None:
        """Return the name of the key that seals."""

    def seal(self, content: bytes, *row: str | int) -> bytes:
        """Return the content sealed for a row."""

    def open(self, content: bytes, *row: str | int) -> bytes:
        """Return what was sealed for a row. BadSettings."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the inbox by their names, the one that seals first; without any nothing is sealed.

    `data` are the keys of the whole store: where they are, they seal, and the others open what they sealed before.
    """

    by_name: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    data: StoreKeys | None = None

    @classmethod
    def read(cls, paths: Sequence[Path], setting: str = "GATEWAY_INBOX_KEY") -> Keys:
        """Return the keys in some files, which a setting names. Raises BadSettings for a file that holds no key."""
        keys = [_key(path, setting) for path in paths]
        return cls(tuple((sha256(b"inbox key " + key).hexdigest()[:16], key) for key in keys))

    @property
    def present(self) -> str | None:
        """Return the name of the key that seals, None when nothing is sealed."""
        if self.data is not None:
            return self.data.present
        return self.by_name[0][0] if self.by_name else None

    def seal(self, content: bytes, row: bytes) -> tuple[str | None, bytes]:
        """Return the name of the key and what it made of the content; None and the content where there is none."""
        if self.present is None or not content:
            return None, content
        if self.data is not None:
            sealed = self.data.seal(content, _TABLE, row.decode())
            return name_in(sealed), sealed
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only for who seals

        name, key = self.by_name[0]
        nonce = os.urandom(_NONCE)
        return name, nonce + AESGCM(key).encrypt(nonce, content, row)

    def open(self, name: str | None, content: bytes, row: bytes) -> bytes:
        """Return what was sealed. Raises BadSettings when its key is not here, or it was not sealed for this row."""
        if name is None or not content:
            return content
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only for who seals
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

        key = dict(self.by_name).get(name)
        if key is None and self.data is not None and name_in(content) == name:
            return self.data.open(content, _TABLE, row.decode())
        if key is None:
            raise BadSettings(_NO_KEY.format(name))
        try:
            return AESGCM(key).decrypt(content[:_NONCE], content[_NONCE:], row)
        except InvalidTag as error:
            raise BadSettings(_NOT_OPENED) from error


NO_KEYS = Keys()


def name_in(sealed: bytes) -> str:
    """Return the name of the data key that something was sealed with."""
    from gateway.access.data_keys import NAME_BYTES  # noqa: PLC0415 - as above
    from gateway.access.data_seals import MARK  # noqa: PLC0415 - only for who has data keys

    return sealed[len(MARK) : len(MARK) + NAME_BYTES].hex() if sealed.startswith(MARK) else ""


def row_name(provider: str, received_at: int) -> bytes:
    """Return what a sealed content is bound to: whose message it is, and when it was received."""
    return f"{provider}\x1f{received_at}".encode()


def _key(path: Path, setting: str) -> bytes:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        key = bytes.fromhex(text) if len(text) == _DIGITS else b""
    except ValueError:
        key = b""
    if not key:
        raise BadSettings(_NOT_A_KEY.format(setting, path))
    return key
