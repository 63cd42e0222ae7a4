"""Page tokens: a search and a position, sealed, so that a page link needs no memory on the server.

A token is encrypted and authenticated (AES-GCM) with a key that all nodes on the store share: what a link holds can
neither be read, so no patient data stands in a URL, nor be changed, nor used by another caller than it was given to. It
proves nothing about who may see what: a page is authorised like any search. The nonce is derived from the content, so
the same page has the same link.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.errors import BadRequest
from gateway.fhir.search import Page
from gateway.store.sealed import secret
from gateway.store.search.order import Position

if TYPE_CHECKING:
    from gateway.store.search.scope import Database

_NONCE = 12
_BLOCK = 64  # bytes that a token's content is a multiple of: its length is not to tell how many resources there are


class Link(msgspec.Struct, array_like=True, frozen=True):
    """What a page link says: the search as it was applied, and where the page begins (None: at the beginning)."""

    resource_type: str
    pairs: tuple[tuple[str, str], ...]
    values: tuple[Any, ...] | None
    key: int

    @property
    def position(self) -> Position | None:
        """Return where the page begins."""
        return None if self.values is None else Position(self.values, self.key)


_LINK = msgspec.msgpack.Decoder(Link)  # made at import: see gateway.fhir.tables


def link(resource_type: str, pairs: tuple[tuple[str, str], ...], position: Position | None) -> Link:
    """Return the link to the page after `position`."""
    return Link(resource_type, pairs, position.values if position else None, position.key if position else 0)


def page_secret(db: Database, *whose: str) -> bytes:
    """Return the key that seals the pages of one caller: the same at every node on the store, and after a restart."""
    return hmac.digest(secret(db, "page"), "\x1f".join(whose).encode(), "sha256")


def seal(content: Link, secret: bytes) -> str:
    """Return the token of a link."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - slow to load, and few searches page

    plain = _padded(msgspec.msgpack.encode(content))
    nonce = hmac.digest(secret, plain, "sha256")[:_NONCE]
    return urlsafe_b64encode(nonce + AESGCM(secret).encrypt(nonce, plain, None)).rstrip(b"=").decode()


def unseal(page: Page, secret: bytes) -> Link:
    """Return what a page link says, with the size of page that is asked; BadRequest when it is not one of ours."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    try:
        sealed = urlsafe_b64decode(page.token + "=" * (-len(page.token) % 4))
        plain = AESGCM(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        found = _LINK.decode(plain.rstrip(b"\0")[:-1])
    except (ValueError, InvalidTag, msgspec.DecodeError) as error:
        raise BadRequest("this is not a page link of this gateway: begin the search again") from error
    return msgspec.structs.replace(found, pairs=page.sized(found.pairs))


def _padded(plain: bytes) -> bytes:
    """Return it with an end, and zeros after that up to whole blocks."""
    return plain + b"\x01" + bytes(-(len(plain) + 1) % _BLOCK)
