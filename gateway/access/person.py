"""A person who asks, on behalf of a partner and in one role; who it is says the provider where the person logs in.

https://openid.net/specs/openid-connect-core-1_0.html#IDToken
"""

from __future__ import annotations

from msgspec import Struct


class Person(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who logged in.

    `id` is what `issuer` calls the person, the same at each login; `role` a code of `CodeSystem-person-role`;
    `organisation` the id of a partner; `acr` how surely it is this person, in the words of the provider; `session` the
    id of the session, '' where a token was shown instead.
    """

    id: str
    issuer: str
    name: str
    role: str
    organisation: str
    acr: str = ""
    session: str = ""
