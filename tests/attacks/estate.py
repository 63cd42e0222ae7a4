"""Who is registered at a gateway that is attacked: who attacks it, whom that would hurt, and somebody who logs in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gateway.access import passwords, totp
from gateway.access.partners import Partner
from gateway.fhir.owner import SYSTEM as OWNER
from gateway.fhir.types import resource_types
from tests.authentication.asking import SCOPES, clients
from tests.trust import World, partner

ATTACKER = "duinrand"
CARE = "00000006"
"""The URA of a nursing home, of which nothing is known but what others say."""


class _Doctor(NamedTuple):
    """Somebody who logs in, and is called what would be a script on a page."""

    id: str = "dokter"
    name: str = "A. <script>alert(1)</script> Dokter"
    password: str = "attacked battery staple"
    secret: str = totp.new_secret()


DOCTOR = _Doctor()


def partners(world: World, *providers: str) -> Iterator[Partner]:
    """Yield the attacker, of whom one client has few scopes, one who sees its own alone, and others."""
    few = clients(datetime.now(UTC), scopes=SCOPES)
    yield partner(ATTACKER, world.client(ATTACKER), providers=providers, clients=few, rate=1_000_000)
    own = tuple(f"{type_}?_security={OWNER}|gouwe" for type_ in sorted(resource_types()))
    yield partner("gouwe", world.client("gouwe"), sees=own, rate=1_000_000)
    yield partner("duinhof", world.client("duinhof"), kind="vvt", ura=CARE, rate=1_000_000)
    yield partner("revoked", world.client("revoked"))
    yield partner("idle", scopes=())


def directory(folder: Path) -> Path:
    """Write who may log in: the doctor, of the nursing home."""
    said = {"id": DOCTOR.id, "name": DOCTOR.name, "role": "referrer", "organisation": "duinhof"}
    secret = {"password": passwords.kept(DOCTOR.password), "totp": DOCTOR.secret}
    path = folder / "people.yaml"
    path.write_text(json.dumps({"people": [said | secret]}), encoding="utf-8")
    path.chmod(0o600)
    return path
