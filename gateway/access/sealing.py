"""Messages at rest: sealed with AES-256-GCM when the operator gives keys, as they came when not.

A key is a file of 64 hexadecimal digits. The first key seals; all of them open, so that a key can be followed by
another. What is sealed is bound to the row it belongs to: under another row it does not open.
https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gateway.errors import BadSettings

_NONCE = 12  # bytes
_DIGITS = 64
_NOT_A_KEY = "GATEWAY_INBOX_KEY: {} does not hold 64 hexadecimal digits; make a key with `openssl rand -hex 32`"
_NO_KEY = (
    "this message is sealed with the key {}, which is none of those of GATEWAY_INBOX_KEY: "
    "add the file of that key to it, after the present one"
)
_NOT_OPENED = (
    "what is stored of this message is not what was sealed under this row: it was changed, or is of another row"
)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the inbox by their names, the one that seals first; without any nothing is sealed."""

    by_name: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Keys:
        """Return the keys in some files. Raises BadSettings for a file that holds no key."""
        keys = [_key(path) for path in paths]
        return cls(tuple((sha256(b"inbox key " + key).hexdigest()[:16], key) for key in keys))

    @property
    def present(self) -> str | None:
        """Return the name of the key that seals, None when nothing is sealed."""
        return self.by_name[0][0] if self.by_name else None

    def seal(self, content: bytes, row: bytes) -> tuple[str | None, bytes]:
        """Return the name of the key and what it made of the content; None and the content where there is none."""
        if not self.by_name or not content:
            return None, content
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
        if key is None:
            raise BadSettings(_NO_KEY.format(name))
        try:
            return AESGCM(key).decrypt(content[:_NONCE], content[_NONCE:], row)
        except InvalidTag as error:
            raise BadSettings(_NOT_OPENED) from error


NO_KEYS = Keys()


def row_name(provider: str, received_at: int) -> bytes:
    """Return what a sealed content is bound to: whose message it is, and when it was received."""
    return f"{provider}\x1f{received_at}".encode()


def _key(path: Path) -> bytes:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        key = bytes.fromhex(text) if len(text) == _DIGITS else b""
    except ValueError:
        key = b""
    if not key:
        raise BadSettings(_NOT_A_KEY.format(path))
    return key
