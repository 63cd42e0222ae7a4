"""The settings: environment variables `GATEWAY_*`, read once, checked whole, frozen.

Without `tls_client_ca` nobody is authenticated: the gateway then runs in development mode and binds to loopback only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from gateway.access.kms import Kms
from gateway.errors import BadSettings, Issue
from gateway.notify.endpoints import Network, read_networks, read_origins
from gateway.settings import reading
from gateway.settings.contradictions import contradictions
from gateway.settings.environment import by as _by
from gateway.settings.environment import values_of
from gateway.settings.people import OfPeople


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # some hold what is secret: nothing shows all of them
class Settings(OfPeople):
    """Everything an operator can set. Each field says in its metadata, under `doc`, what it is for."""

    database: str = field(
        default="sqlite:///var/gateway.sqlite",
        metadata=_by(reading.database, "The store: `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`."),
    )
    host: str = field(default="127.0.0.1", metadata=_by(reading.text, "Address that HTTP listens on."))
    node: str = field(
        default="",
        metadata=_by(reading.text, "Name of this machine in the audit; by default what it calls itself."),
    )
    port: int = field(default=8080, metadata=_by(reading.whole(0, 65535), "Port that HTTP listens on."))
    socket: Path | None = field(
        default=None,
        metadata=_by(
            Path,
            "Path of a UNIX socket that HTTP listens on instead, for a proxy on this machine that ends TLS and tells "
            "the certificate.",
        ),
    )
    socket_access: Literal["owner", "group"] = field(
        default="owner",
        metadata=_by(
            reading.one_of("owner", "group"),
            "Who may open that socket: `owner`, the user of the gateway; `group`, its group too.",
        ),
    )
    mllp_host: str = field(default="127.0.0.1", metadata=_by(reading.text, "Address that MLLP listens on."))
    mllp_port: int = field(default=2575, metadata=_by(reading.whole(0, 65535), "Port that MLLP listens on."))
    workers: int = field(default=2, metadata=_by(reading.whole(1, 256), "Number of processes that answer HTTP."))
    max_waiting: int = field(
        default=128,
        metadata=_by(
            reading.whole(1, 100_000),
            "Requests, and messages over MLLP, that may wait for their turn; more are told to come back.",
        ),
    )
    wait_seconds: int = field(
        default=10,
        metadata=_by(
            reading.whole(1, 60),
            "Seconds that one may wait for its turn, and again for the store, before it is told to come back.",
        ),
    )
    mappings: tuple[Path, ...] = field(
        default=(), metadata=_by(reading.folders, "More folders with mappings, separated by `:`.")
    )
    profiles: Path = field(
        default=Path("var/profiles"),
        metadata=_by(Path, "Folder of the FHIR packages that are installed, with `profiles.lock`."),
    )
    base_url: str = field(
        default="", metadata=_by(reading.url, "Public address of the FHIR API; by default `http://HOST:PORT/fhir`.")
    )
    max_body: int = field(
        default=20_000_000, metadata=_by(reading.whole(1, 2**31), "Largest body that is read, in bytes.")
    )
    max_attachment: int = field(
        default=10_000_000,
        metadata=_by(reading.whole(1, 2**31), "Largest document (a PDF) inside a message that is taken, in bytes."),
    )
    durability: Literal["full", "normal"] = field(
        default="full",
        metadata=_by(
            reading.one_of("full", "normal"),
            "`full`: what is acknowledged survives a power cut; `normal`: it survives a crash.",
        ),
    )
    folder: Path | None = field(
        default=None,
        metadata=_by(reading.folder, "Folder that is watched: what lies in `<provider>/in` of it is taken in."),
    )
    folder_language: Literal["nl", "en"] = field(
        default="nl",
        metadata=_by(reading.one_of("nl", "en"), "Language of the reports beside the files: `nl` or `en`."),
    )
    folder_days: int = field(
        default=7, metadata=_by(reading.whole(0, 3650), "Days after which a file that was processed is deleted.")
    )
    inbox_key: tuple[Path, ...] = field(
        default=(),
        metadata=_by(
            reading.key_files,
            "Files with keys that messages alone are sealed with, separated by `:`. The first seals unless there are "
            "data keys; all open.",
        ),
    )
    data_keys: Path | None = field(
        default=None,
        metadata=_by(
            reading.key_file,
            "File with the keys that the store is sealed with, made by `gateway keys data new`; by default it is not.",
        ),
    )
    kms_command: Kms | None = field(
        default=None,
        metadata=_by(
            Kms.read, "Program, with its arguments, that unwraps the keys in that file (`docs/operating.md`)."
        ),
    )
    inbox_days: int = field(
        default=30,
        metadata=_by(
            reading.whole(0, 36500), "Days after which the content of a message is deleted from the inbox; 0: never."
        ),
    )
    webhook_secrets: Path | None = field(
        default=None,
        metadata=_by(
            reading.key_folder, "Folder with the secrets of signed webhooks: a file called after each provider."
        ),
    )
    references: Literal["lenient", "strict"] = field(
        default="lenient",
        metadata=_by(
            reading.one_of("lenient", "strict"),
            "A reference to a resource that is not here: `lenient` warns, `strict` refuses.",
        ),
    )
    message_destinations: tuple[str, ...] = field(
        default=(),
        metadata=_by(
            reading.words,
            "Endpoints that FHIR messages are taken for, beside its own, separated by spaces; by default all are, "
            "and it is told.",
        ),
    )
    tls_certificate: Path | None = field(
        default=None, metadata=_by(reading.file, "Certificate chain (PEM) of the gateway itself.")
    )
    tls_key: Path | None = field(default=None, metadata=_by(reading.key_file, "Private key (PEM) of that certificate."))
    tls_client_ca: Path | None = field(
        default=None, metadata=_by(reading.file, "Authorities (PEM) whose certificates clients must show.")
    )
    tls_client_crl: Path | None = field(
        default=None,
        metadata=_by(
            reading.file,
            "What each of them has revoked (CRLs, PEM), read again when it changes; by default not looked at.",
        ),
    )
    tls_client_certificate: Literal["required", "optional"] = field(
        default="required",
        metadata=_by(
            reading.one_of("required", "optional"),
            "`required`: an HTTP client without a certificate is not heard; `optional`: a token alone will do.",
        ),
    )
    proxies: tuple[Network, ...] = field(
        default=(),
        metadata=_by(
            read_networks,
            "Addresses of proxies that end TLS and tell the certificate in `Client-Cert` or `X-Client-Cert`.",
        ),
    )
    audit_keys: Path | None = field(
        default=None,
        metadata=_by(
            reading.key_folder, "Folder with the keys that heads of the audit are signed with; by default none are."
        ),
    )
    audit_heads: Path | None = field(
        default=None,
        metadata=_by(Path, "File that signed heads of the audit are added to, out of reach of the database."),
    )
    audit_days: int = field(
        default=1827,
        metadata=_by(reading.zero_or(1827, 36500), "Days (five years or more) that the audit is kept; 0: for good."),
    )
    token_keys: Path | None = field(
        default=None,
        metadata=_by(
            reading.key_folder, "Folder with the keys that tokens are signed with; by default no tokens are given out."
        ),
    )
    policy: Path | None = field(
        default=None,
        metadata=_by(
            reading.file, "File with the policy, who may do and see what (YAML); by default ours, `dutch-acute-care`."
        ),
    )
    endpoints: tuple[str, ...] = field(
        default=(),
        metadata=_by(
            read_origins,
            "Origins that may be sent to, `https://ehr.example`, separated by commas; `http` for development.",
        ),
    )
    endpoint_networks: tuple[Network, ...] = field(
        default=(),
        metadata=_by(read_networks, "Networks that are not public in which those origins may be, `10.20.0.0/16`."),
    )
    endpoint_ca: Path | None = field(
        default=None,
        metadata=_by(reading.file, "Authorities (PEM) that sign those origins; by default the public ones."),
    )
    endpoint_certificate: Path | None = field(
        default=None, metadata=_by(reading.file, "Certificate chain (PEM) that the gateway shows to those origins.")
    )
    endpoint_key: Path | None = field(
        default=None, metadata=_by(reading.key_file, "Private key (PEM) of that certificate.")
    )
    feeds: Path | None = field(
        default=None, metadata=_by(reading.file, "File with the feeds to partners' FHIR servers (YAML).")
    )
    hold_durations: Path | None = field(
        default=None,
        metadata=_by(reading.file, "File with a region's table of how long places are held (YAML); by default ours."),
    )
    freshness: Path | None = field(
        default=None,
        metadata=_by(reading.file, "File with a region's table of how long figures count (YAML); by default ours."),
    )
    kpis: Path | None = field(
        default=None,
        metadata=_by(
            reading.folder, "Folder with a region's own definitions of indicators (YAML), each in the place of ours."
        ),
    )
    closed_question: str = field(
        default="",
        metadata=_by(
            reading.url,
            "Register of consents that is asked about a patient whom nothing else opens, `https://mitz.example`; by "
            "default none.",
        ),
    )
    delivery_days: int = field(
        default=3,
        metadata=_by(reading.whole(1, 30), "Days that delivery to a receiver that fails is tried, with longer pauses."),
    )
    otlp_endpoint: str = field(
        default="",
        metadata=_by(reading.url, "Collector of traces (OpenTelemetry over HTTP), `https://otel.example:4318`."),
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info",
        metadata=_by(
            reading.one_of("debug", "info", "warning", "error"),
            "How much is logged: `debug`, `info`, `warning` or `error`.",
        ),
    )

    def __post_init__(self) -> None:
        if not self.base_url:
            object.__setattr__(self, "base_url", self.own_base_url)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings that `environ` holds. Raises BadSettings with every problem there is.

        An empty variable is one that is not set.
        """
        values, problems = values_of(environ, {one.name: one.metadata["read"] for one in fields(cls)})
        settings = cls(**values)
        problems += contradictions(settings)
        if problems:
            raise BadSettings([Issue("bad-settings", problem) for problem in problems])
        return settings

    @property
    def development(self) -> bool:
        """Return whether nobody is authenticated."""
        return self.tls_client_ca is None

    @property
    def own_base_url(self) -> str:
        """Return the address of the FHIR API where none is set."""
        scheme = "https" if self.tls_certificate else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/fhir"

    def with_port(self, port: int) -> Settings:
        """Return the same settings on another port, its default `base_url` with it."""
        return replace(self, port=port, base_url="" if self.base_url == self.own_base_url else self.base_url)
