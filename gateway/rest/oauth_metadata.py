"""What is told of how tokens are asked for: from the same tables that decide it.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html, https://www.rfc-editor.org/rfc/rfc8414#section-2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.access.assertions import ALGORITHMS
from gateway.access.scopes import LETTERS
from gateway.access.tokens import Issuer
from gateway.rest.metadata import SERVED, lists

_INTERACTIONS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search-type"}


def metadata(issuer: Issuer, grants: Sequence[str]) -> dict[str, Any]:
    """Return the document, the same for SMART and for OAuth; `grants` are those by which tokens are asked for."""
    methods = {"token": "token", "introspection": "introspect", "revocation": "revoke"}
    signing = {f"{name}_endpoint_auth_methods_supported": ["private_key_jwt"] for name in methods} | {
        f"{name}_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS) for name in methods
    }
    return {
        "issuer": issuer.url,
        "jwks_uri": f"{issuer.url}/oauth/jwks",
        **{f"{name}_endpoint": f"{issuer.url}/oauth/{path}" for name, path in methods.items()},
        **signing,
        "grant_types_supported": list(grants),
        "response_types_supported": [],
        "scopes_supported": list(_scopes()),
        "tls_client_certificate_bound_access_tokens": True,
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def _scopes() -> Iterator[str]:
    """Yield a scope with all that can be done with each type."""
    for type_ in SERVED:
        letters = "".join(letter for letter in LETTERS if lists(type_, _INTERACTIONS[letter]))  # type: ignore[arg-type]
        yield f"system/{type_}.{letters}"
