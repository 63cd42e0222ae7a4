"""The settings by which people, and the partners of other issuers, are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gateway.settings import reading
from gateway.settings.environment import by as _by


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OfPeople:
    """A part of the settings."""

    issuers: Path | None = field(
        default=None,
        metadata=_by(
            reading.file, "File with the issuers of others whose tokens are taken too (YAML); by default none."
        ),
    )
    oidc_issuer: str = field(
        default="",
        metadata=_by(
            reading.issuer,
            "Issuer of OpenID Connect where people log in, `https://login.example`; by default nobody does.",
        ),
    )
    oidc_client_id: str = field(
        default="",
        metadata=_by(reading.text, "What the gateway is called there; people come back at `/login/callback`."),
    )
    oidc_role_claim: str = field(
        default="roles",
        metadata=_by(
            reading.text, "Claim with the roles of a person, codes of `CodeSystem-person-role`; `a.b` is b in a."
        ),
    )
    oidc_organisation_claim: str = field(
        default="organization", metadata=_by(reading.text, "Claim with the URA, or the id, of the partner of a person.")
    )
    oidc_acr: tuple[str, ...] = field(
        default=(),
        metadata=_by(reading.words, "Levels of assurance (`acr`) of which one is demanded, separated by spaces."),
    )
    directory: Path | None = field(
        default=None,
        metadata=_by(
            reading.key_file,
            "File with people who log in here instead, for demonstration on loopback: `gateway people add`.",
        ),
    )
    session_key: tuple[Path, ...] = field(
        default=(),
        metadata=_by(
            reading.key_files,
            "Files with the keys that sessions are sealed with, separated by `:`; without, they end with the gateway.",
        ),
    )
    roles: Path | None = field(
        default=None,
        metadata=_by(reading.file, "File with a table of what each role may (YAML); by default ours."),
    )
