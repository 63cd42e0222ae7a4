"""The keys that clients sign with: as they were registered, or as they stand at the address that was registered.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.access.partners import Client
from gateway.identities.published_keys import Key, PublishedKeys, named


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """Finds the key of a client by its name."""

    published: PublishedKeys

    def key(self, client: Client, kid: str, at: datetime) -> Key | None:
        """Return the key of this name that is good at a moment, None when there is none, or it cannot be had now."""
        for known in client.keys_at(at):
            key = self.published.at(known.url, kid) if known.url else named(known.jwks or {}).get(kid)
            if key is not None:
                return key
        return None
