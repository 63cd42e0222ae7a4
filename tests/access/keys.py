"""Public keys as JWKs, made as they are needed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa


def jwks(*keys: Any) -> dict[str, Any]:
    """Return a set of keys."""
    return {"keys": list(keys)}


def ec_key(kid: str, curve: ec.EllipticCurve | None = None) -> dict[str, Any]:
    """Return a public key on a curve. https://www.rfc-editor.org/rfc/rfc7518#section-6.2"""
    curve = curve or ec.SECP256R1()
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    name = {256: "P-256", 384: "P-384"}[curve.key_size]
    return {"kty": "EC", "crv": name, "kid": kid, "x": _text(numbers.x, size), "y": _text(numbers.y, size)}


@cache
def _rsa(bits: int) -> rsa.RSAPublicNumbers:
    return rsa.generate_private_key(65537, bits).public_key().public_numbers()


def rsa_key(kid: str, bits: int = 2048) -> dict[str, Any]:
    """Return a public RSA key. https://www.rfc-editor.org/rfc/rfc7518#section-6.3"""
    numbers = _rsa(bits)
    return {"kty": "RSA", "kid": kid, "n": _text(numbers.n, bits // 8), "e": _text(numbers.e, 3)}


def _text(number: int, size: int) -> str:
    return urlsafe_b64encode(number.to_bytes(size)).rstrip(b"=").decode()
