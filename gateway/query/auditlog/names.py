"""The ids of AuditEvents: each names a row of the audit, and tells nobody how many rows there are.

A row is known by its lane and its number there. Out of these an id is made with a key that all nodes on a store share,
and it is the same for everybody who is told of the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.fhir.frozen import frozen
from gateway.store.auditing.index import Name
from gateway.store.search import page_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    from gateway.store import Database

_BLOCK = 16  # bytes: the lane, the number, and nothing, which tells what was made here from what was not
_LANE, _NUMBER = 4, 8


@frozen()
class Names:
    """What makes ids of the names of rows, and names of ids."""

    key: bytes

    @classmethod
    def of(cls, db: Database) -> Names:
        """Return those of a store."""
        return cls(page_secret(db, "AuditEvent"))

    def id(self, name: Name) -> str:
        """Return the id of the AuditEvent of a row."""
        plain = name.lane.to_bytes(_LANE) + name.seq.to_bytes(_NUMBER)
        return self._cipher().encryptor().update(plain.ljust(_BLOCK, b"\0")).hex()

    def name(self, id_: str) -> Name | None:
        """Return the row that an id names, None where it is no id of ours."""
        try:
            sealed = bytes.fromhex(id_)
        except ValueError:
            return None
        if len(sealed) != _BLOCK:
            return None
        plain = self._cipher().decryptor().update(sealed)
        if any(plain[_LANE + _NUMBER :]):
            return None
        return Name(int.from_bytes(plain[:_LANE]), int.from_bytes(plain[_LANE : _LANE + _NUMBER]))

    def _cipher(self) -> Cipher[modes.ECB]:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - slow to load

        return Cipher(algorithms.AES(self.key), modes.ECB())  # noqa: S305 - one block, and no two names are alike
