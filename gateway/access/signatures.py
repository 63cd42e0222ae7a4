"""Signed webhooks: HMAC-SHA256 over the bytes as they came, checked before anything is read of them.

The secrets lie in a folder of the operator's (`GATEWAY_WEBHOOK_SECRETS`), never in the mappings: a file for each
provider, called after it, a secret a line. All of them are good, so that one can follow another. How a provider signs
stands in its overlay:

    body          X-Hub-Signature-256: sha256=HEX                    over the body
    timestamped   X-Signature: t=SECONDS,v1=HEX                      over SECONDS.body
    standard      webhook-id, webhook-timestamp, webhook-signature   over ID.SECONDS.body, in base64

https://www.rfc-editor.org/rfc/rfc2104, https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from gateway.errors import BadSettings, Issue, Unauthenticated

SHAPES = ("body", "timestamped", "standard")
WINDOW = 300  # seconds that a signature may be older, or younger, than the time of this machine

_HEADERS = {"body": "X-Hub-Signature-256", "timestamped": "X-Signature", "standard": "webhook-signature"}
_STANDARD_PREFIX = "whsec_"  # before a secret in base64
_SHORTEST = 16  # bytes
_MOST = 16  # signatures in one header: enough for any rotation, and all that one request may cost
_LONGEST_NUMBER = 12  # digits of a moment in seconds
_SIZE = 32  # bytes of a SHA-256

Header = Callable[[str], str | None]


class _Signature(NamedTuple):
    """What a request says of itself: what stands before the body in what was signed, when, and the digests."""

    before: bytes
    moment: str | None
    digests: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Signing:
    """How a provider signs. `timestamp` names a header of its own for the moment, where the shape is timestamped."""

    shape: str = "timestamped"
    header: str = ""
    timestamp: str = ""
    window: int = WINDOW

    @classmethod
    def said(cls, values: Mapping[str, Any]) -> Signing:
        """Return what an overlay says under `signature`."""
        return cls(**{name: values[name] for name in ("shape", "header", "timestamp", "window") if name in values})

    @property
    def name(self) -> str:
        """Return the header that the signature stands in."""
        return _HEADERS["standard"] if self.shape == "standard" else self.header or _HEADERS[self.shape]

    def check(self, body: bytes, header: Header, secrets: Sequence[bytes], at: datetime) -> None:
        """Return when one of `secrets` signed `body`. Raises Unauthenticated: missing, wrong, or outside the window.

        Every digest is compared with what every secret makes, in constant time, whichever of them is right.
        """
        found = self._read(header)
        made = [hmac.digest(secret, found.before + body, "sha256") for secret in secrets]
        if not any([hmac.compare_digest(one, other) for one in made for other in found.digests]):  # noqa: C419 - all
            raise Unauthenticated(
                f"the signature in {self.name} is not that of these bytes under a secret of this provider; nothing "
                "was read. The sender must sign the body as it is sent, with the secret that was agreed on",
                code="signature-wrong",
            )
        self._check_moment(found.moment, at)

    def _check_moment(self, moment: str | None, at: datetime) -> None:
        if moment is None:
            return
        if abs(at.timestamp() - int(moment)) > self.window:
            raise Unauthenticated(
                f"the signature in {self.name} was made more than {self.window} seconds before or after now; nothing "
                "was read. The sender must sign each time that it sends, and set its clock right",
                code="signature-expired",
            )

    def _read(self, header: Header) -> _Signature:
        found = {"body": self._of_body, "timestamped": self._timestamped, "standard": self._standard}[self.shape](
            (header(self.name) or "").strip(), header
        )
        if found is None:
            raise Unauthenticated(
                f"messages of this provider are signed, and this one is not; nothing was read. The sender must put "
                f"the signature in {self._wanted()}",
                code="signature-missing",
            )
        return found

    def _of_body(self, value: str, _: Header) -> _Signature | None:
        digests = _hexadecimal(part.strip().removeprefix("sha256=") for part in value.split(",")[:_MOST])
        return _Signature(b"", None, digests) if digests else None

    def _timestamped(self, value: str, header: Header) -> _Signature | None:
        parts = [part.strip() for part in value.split(",")[: _MOST + 1]]
        if self.timestamp:
            moment = (header(self.timestamp) or "").strip()
        else:
            moments = [part[2:] for part in parts if part.startswith("t=")]
            moment = moments[0] if len(moments) == 1 else ""
        digests = _hexadecimal(part.removeprefix("v1=").removeprefix("sha256=") for part in parts)
        return _Signature(f"{moment}.".encode(), moment, digests) if digests and _is_moment(moment) else None

    def _standard(self, value: str, header: Header) -> _Signature | None:
        id_, moment = (header("webhook-id") or "").strip(), (header("webhook-timestamp") or "").strip()
        signed = (part[3:] for part in value.split()[:_MOST] if part.startswith("v1,"))
        digests = [digest for digest in map(_base64, signed) if len(digest) == _SIZE]
        whole = digests and id_ and _is_moment(moment)
        return _Signature(f"{id_}.{moment}.".encode("latin-1"), moment, digests) if whole else None

    def _wanted(self) -> str:
        match self.shape:
            case "body":
                return f"{self.name}: sha256=HEX"
            case "standard":
                return "webhook-id, webhook-timestamp and webhook-signature: v1,BASE64"
            case _ if self.timestamp:
                return f"{self.name}: v1=HEX, and its moment in {self.timestamp}: SECONDS"
            case _:
                return f"{self.name}: t=SECONDS,v1=HEX"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets that providers sign with, by the provider's name; never shown."""

    by_provider: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @classmethod
    def read(cls, folder: Path | None) -> Secrets:
        """Return the secrets in a folder. Raises BadSettings that names every file that holds none, or a short one."""
        if folder is None:
            return NO_SECRETS
        found, problems = {}, []
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or not path.is_file():
                continue
            secrets = _secrets(path)
            found[path.name] = tuple(secrets)
            if not secrets or any(len(secret) < _SHORTEST for secret in secrets):
                text = (
                    f"GATEWAY_WEBHOOK_SECRETS: {path} must hold secrets of at least {_SHORTEST} characters, one a line"
                )
                problems.append(Issue("bad-settings", text))
        if problems:
            raise BadSettings(problems)
        return cls(MappingProxyType(found))

    def of(self, provider: str) -> tuple[bytes, ...]:
        """Return the secrets of a provider; none for one that does not sign."""
        return self.by_provider.get(provider, ())


NO_SECRETS = Secrets()


def check_complete(secrets: Secrets, known: Iterable[str], signing: Iterable[str], folder: Path | None) -> None:
    """Raise BadSettings when a provider that signs has no secret, or a secret is of a provider that is not `known`."""
    where = folder or "GATEWAY_WEBHOOK_SECRETS, which is not set"
    problems = [
        f"the provider {name} signs its messages, and its secret is not here: put it in the file {name} of {where}"
        for name in sorted(set(signing) - set(secrets.by_provider))
    ]
    problems += [
        f"GATEWAY_WEBHOOK_SECRETS: there is no provider {name} for the secret in the file {name} of {folder}"
        for name in sorted(set(secrets.by_provider) - set(known))
    ]
    if problems:
        raise BadSettings([Issue("bad-settings", problem) for problem in problems])


def _secrets(path: Path) -> list[bytes]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [_secret(line.strip()) for line in lines if line.strip()]


def _secret(text: str) -> bytes:
    return _base64(text.removeprefix(_STANDARD_PREFIX)) if text.startswith(_STANDARD_PREFIX) else text.encode()


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _hexadecimal(parts: Iterable[str]) -> list[bytes]:
    """Return the digests among some parts of a header."""
    return [bytes.fromhex(part) for part in parts if len(part) == 2 * _SIZE and _is_hexadecimal(part)]


def _is_hexadecimal(part: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in part)


def _is_moment(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
