"""Public keys that partners register: only public, only of kinds that they may sign with, and strong enough.

https://www.rfc-editor.org/rfc/rfc7517, https://www.rfc-editor.org/rfc/rfc7518
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any

CURVES = {"P-256": 32, "P-384": 48}
"""The curves, and of how many bytes their numbers are."""

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SHORTEST_RSA = 2048
_MOST = 10
_NOT_KEYS = 'must be a JWKS: {"keys": [...]}, with 1 to 10 public keys'


def problems(jwks: Any) -> Iterator[str]:
    """Yield everything that is wrong with a JWKS; none of it holds a value of it."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= _MOST:
        yield _NOT_KEYS
        return
    for number, key in enumerate(keys):
        yield from (f"keys[{number}] {problem}" for problem in _of_key(key))
    names = [key.get("kid") for key in keys if isinstance(key, dict)]
    if any(names.count(name) > 1 for name in names):
        yield "two keys have the same kid"


def _of_key(key: Any) -> Iterator[str]:
    if not isinstance(key, dict):
        yield "is no object"
        return
    if key.keys() & _PRIVATE or key.get("kty") == "oct":
        yield "is a secret: register the public key alone, and make a new pair, for this one has been shown"
        return
    if not isinstance(key.get("kid"), str) or not key["kid"]:
        yield "has no kid"
    if key.get("use", "sig") != "sig":
        yield "is not for signing (use)"
    if not _is_key(key):
        yield f"must be an EC key on {' or '.join(CURVES)}, or an RSA key of {_SHORTEST_RSA} bits or more"


def _is_key(key: Mapping[str, Any]) -> bool:
    try:
        if key.get("kty") == "EC":
            return _is_on_its_curve(key)
        return (
            key.get("kty") == "RSA" and _number(key["n"]).bit_length() >= _SHORTEST_RSA and _number(key["e"]) % 2 == 1
        )
    except (KeyError, TypeError, ValueError):
        return False


def _is_on_its_curve(key: Mapping[str, Any]) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - 50 ms to load, and not for `--help`

    curve: ec.EllipticCurve = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[key["crv"]]
    ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve).public_key()  # ValueError when it is not
    return True


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def published(pem: bytes) -> dict[str, Any]:
    """Return what is published of a private key on P-256, as PEM: its JWK, named by its digest.

    https://www.rfc-editor.org/rfc/rfc7638
    """
    from joserfc.jwk import ECKey  # noqa: PLC0415 - slow to load, and not for `--help`

    key = ECKey.import_key(pem)
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
