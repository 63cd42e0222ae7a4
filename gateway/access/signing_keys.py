"""The keys that the gateway signs its tokens with: files in a folder, which are followed by newer ones.

A file is called after the moment it was made, `20261122T134800Z.pem`, and holds a private key on P-256. A key is
published as soon as it is there and signs from ten minutes later, so that who keeps the published keys for five minutes
knows it by then. What it signed is good until the file is taken away. https://www.rfc-editor.org/rfc/rfc7517
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.errors import BadSettings, Conflict, Issue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ALGORITHM = "ES256"
AHEAD = timedelta(minutes=10)
"""So long is a key published before it signs."""
KEPT = timedelta(hours=1)
"""So long is a key kept that does not sign any more: longer than any token is good."""

_NAME = "%Y%m%dT%H%M%SZ"
_FILE = re.compile(r"\d{8}T\d{6}Z\.pem")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with the moment it was made; `public` is what is published of it (JWK)."""

    made: datetime
    private: Any = field(repr=False)
    public: Mapping[str, Any]

    @property
    def kid(self) -> str:
        """Return its name: the digest of its public half. https://www.rfc-editor.org/rfc/rfc7638"""
        return str(self.public["kid"])


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys in a folder, the oldest first."""

    keys: tuple[SigningKey, ...]

    @classmethod
    def read(
        cls, folder: Path, setting: str = "GATEWAY_TOKEN_KEYS", made_by: str = "gateway keys rotate"
    ) -> SigningKeys:
        """Return the keys in a folder. Raises BadSettings with every file that holds none, and when there is no key.

        `setting` names the folder, and `made_by` is the command that makes keys in it.
        """
        keys, problems = [], []
        for path in sorted(one for one in folder.iterdir() if not one.name.startswith(".")):
            try:
                keys.append(_read(path))
            except (OSError, ValueError, TypeError):
                problems.append(f"{setting}: {path} is no key that `{made_by}` made")
        if not keys and not problems:
            problems.append(f"{setting}: there is no key in {folder}: `{made_by}` makes one")
        if problems:
            raise BadSettings([Issue("bad-settings", problem) for problem in problems])
        return cls(tuple(keys))

    def signing(self, at: datetime) -> SigningKey:
        """Return the key that signs at a moment: the newest that was published for long enough."""
        known = [key for key in self.keys if key.made + AHEAD <= at]
        return known[-1] if known else self.keys[0]

    def public(self, kid: str) -> Mapping[str, Any] | None:
        """Return the public half of a key, None when there is none of this name."""
        return next((key.public for key in self.keys if key.kid == kid), None)

    def published(self) -> dict[str, Any]:
        """Return the public halves of all of them, as a JWKS."""
        return {"keys": [dict(key.public) for key in self.keys]}

    def past(self, at: datetime) -> Sequence[SigningKey]:
        """Return the keys of which no token can be good any more."""
        return [
            key
            for key, follower in zip(self.keys, self.keys[1:], strict=False)
            if follower.made + AHEAD + KEPT <= at and key is not self.signing(at)
        ]


def rotate(folder: Path, at: datetime) -> tuple[Path, list[Path]]:
    """Make a new key, take away those that are past, and return the new file and what were theirs.

    Raises Conflict when a key was made in this very second, BadSettings when what is in the folder is no key.
    """
    is_first = not folder.is_dir() or not any(_FILE.fullmatch(path.name) for path in folder.iterdir())
    gone = [] if is_first else [folder / _name(key.made) for key in SigningKeys.read(folder).past(at)]
    made = make(folder, at)
    for path in gone:
        path.unlink()
    return made, gone


def make(folder: Path, at: datetime) -> Path:
    """Make a new key in a folder, and return its file. Raises Conflict when one was made in this very second."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = folder / _name(at)
    _write(made, _new_key())
    return made


def _write(path: Path, content: bytes) -> None:
    """Write a whole file, or none, that only its owner can read. Raises Conflict."""
    aside = path.with_name(f".{path.name}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError as error:
        raise Conflict(f"{path} was made in this very second; there is nothing to rotate yet") from error
    finally:
        aside.unlink()


def _name(at: datetime) -> str:
    return f"{at.astimezone(UTC):{_NAME}}.pem"


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - 50 ms to load, and not for `--help`
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> SigningKey:
    """Return the key in a file. OSError, ValueError, TypeError when it is none."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above
    from joserfc.jwk import ECKey  # noqa: PLC0415 - as above

    if not _FILE.fullmatch(path.name):
        raise ValueError(path.name)
    content = path.read_bytes()
    loaded: EllipticCurvePrivateKey | Any = load_pem_private_key(content, None)
    if getattr(getattr(loaded, "curve", None), "name", "") != "secp256r1":
        raise ValueError(path.name)
    key = ECKey.import_key(content)
    public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
    return SigningKey(datetime.strptime(path.stem, _NAME).replace(tzinfo=UTC), key, public)
