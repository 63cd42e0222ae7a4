"""JSON that is signed (JWS, compact): read strictly, before and after the signature is looked at.

What a header says of keys (`jku`, `jwk`, `x5u`) is never followed, and what must be understood (`crit`) is not.
https://www.rfc-editor.org/rfc/rfc7515, https://www.rfc-editor.org/rfc/rfc8725
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 8192
"""Characters of a compact JWS that are looked at."""

_MOST_OF_A_NAME = 256
DIGESTS = frozenset({"x5t", "x5t#S256"})
"""What a header may say of a certificate without holding it or leading to it."""
_KEYS_IN_HEADER = frozenset({"jku", "jwk", "x5u", "x5c"}) | DIGESTS
_TYPES: Mapping[str, str] = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_CURVES: Mapping[str, str] = {"ES256": "P-256", "ES384": "P-384"}

Raised = Callable[[str], Exception]


@dataclass(frozen=True, slots=True)
class Signed:
    """A JWS whose signature was not looked at: nothing of it may be believed yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def kid(self) -> str:
        """Return the name of the key it says it is signed with."""
        return str(self.header["kid"])

    @property
    def algorithm(self) -> str:
        """Return how it says it is signed."""
        return str(self.header["alg"])


def read(
    text: str,
    algorithms: Collection[str],
    types: Collection[str | None],
    refused: Raised,
    *,
    passed_over: Collection[str] = (),
    is_named: bool = True,
) -> Signed:
    """Return a JWS, its signature not looked at. Raises what `refused` makes of a word that says what is wrong.

    `types` are what `typ` may be, None for where it is absent; `passed_over` is what the header may say of keys,
    and `is_named` whether it must name one.
    """
    parts = text.split(".")
    if len(parts) != 3 or len(text) > LONGEST or not text.isascii() or not all(parts):
        raise refused("not-a-jws")
    header, claims = _object(parts[0], refused), _object(parts[1], refused)
    if header.get("alg") not in algorithms:
        raise refused("algorithm-refused")
    if "crit" in header or "b64" in header:
        raise refused("critical-header")
    if header.keys() & _KEYS_IN_HEADER - set(passed_over):
        raise refused("key-in-header")
    if _type(header.get("typ")) not in types:
        raise refused("wrong-type")
    if is_named and not is_name(header.get("kid")):
        raise refused("no-kid")
    return Signed(text, header, claims)


def issuer_of(text: str) -> str:
    """Return who a JWS says it is of, '' when that cannot be read: by it is chosen who looks at it, and no more."""
    try:
        found = _object(text.split(".", 2)[1], ValueError) if len(text) <= LONGEST else {}
    except (ValueError, IndexError):
        return ""
    said = found.get("iss")
    return said if isinstance(said, str) else ""


def verify(signed: Signed, key: Mapping[str, Any], refused: Raised) -> None:
    """Return when a JWS is signed with the private half of a key (JWK). Raises what `refused` makes of the reason."""
    from joserfc import jws  # noqa: PLC0415 - 60 ms to load, and only where there are tokens
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above
    from joserfc.jwk import import_key  # noqa: PLC0415 - as above

    algorithm = signed.algorithm
    fits = key.get("kty") == _TYPES[algorithm[:2]] and key.get("crv") == _CURVES.get(algorithm)
    if not fits or key.get("alg", algorithm) != algorithm:
        raise refused("key-does-not-fit")
    registry = jws.JWSRegistry(algorithms=[algorithm])
    registry.max_header_length = LONGEST  # of joserfc's own 512 a certificate takes more
    try:
        jws.deserialize_compact(signed.text, import_key(dict(key)), registry=registry)
    except (JoseError, ValueError, TypeError) as error:
        raise refused("bad-signature") from error


def moment(claims: Mapping[str, Any], name: str, refused: Raised) -> int | None:
    """Return a claim that is a moment in seconds, None when it is absent. Raises what `refused` makes."""
    found = claims.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 2**40:
        raise refused(f"{name}-is-no-moment")
    return int(found)


def is_name(found: object) -> bool:
    """Return whether something is text that can name a key, a client or a token."""
    return isinstance(found, str) and 0 < len(found) <= _MOST_OF_A_NAME and found.isprintable()


def _type(said: object) -> object:
    """Return `typ` as it is compared. https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9"""
    return said.lower().removeprefix("application/") if isinstance(said, str) else said


def _object(part: str, refused: Raised) -> dict[str, Any]:
    """Return the object that a part of a JWS is."""
    try:
        content = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        found = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise refused("not-a-jws") from error
    if not isinstance(found, dict):
        raise refused("not-a-jws")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")
