"""Development certificates: what is in them, who can read the keys, and that TLS with them lets in whom it should."""

import asyncio
import json
import multiprocessing
import socket
import ssl
import stat
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.access import public_keys
from gateway.access.certificates import CLIENTS, REFUSED, Pair, authority, client, server, write_development
from gateway.access.partners import Partners
from gateway.access.peers import PeerCertificate
from gateway.access.registration import Known, read
from gateway.access.tls import server_context
from gateway.cli.certs import certs
from gateway.cli.partner_files import document_of
from gateway.data import shipped
from gateway.errors import BadRequest, BadSettings, Conflict
from gateway.formats.hl7v2 import acknowledge, parse
from gateway.mllp import Listener, Sender, framed, run_listener

NOW = datetime.now(UTC)
MESSAGE = b"MSH|^~\\&|EPD|||||||1|T|2.5.1\r"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs") / "dev"
    write_development(folder, NOW)
    return folder


def accept(message: bytes, _sender: Sender) -> bytes:
    return acknowledge(parse(message), "AA", [], control_id="1", at=NOW)


def in_folder(folder: Path, pair: Pair, name: str) -> tuple[Path, Path]:
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(pair.certificate_pem)
    files[1].write_bytes(pair.key_pem)
    return files


def test_all_files_are_written_and_keys_are_their_owners(made: Path) -> None:
    names = {"ca", "server", *CLIENTS, *REFUSED}
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.iterdir() if path.name != ".gitignore"}
    public = {f"{name}.pem" for name in names} | {f"{name}.jwks" for name in CLIENTS} | {"ca.crl"}
    assert files == dict.fromkeys(public, 0o644) | {f"{name}.key": 0o600 for name in names}
    assert (made / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_client_certificate_names_its_care_provider(made: Path) -> None:
    certificate = x509.load_pem_x509_certificate((made / "client-hospital.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (other,) = names.get_values_for_type(x509.OtherName)
    assert other.type_id.dotted_string == "2.5.5.5"
    assert other.value == b"\x16\x3e2.16.528.1.1007.99.2110-1-900000001-S-00000002-00.000-06999901"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


@pytest.mark.parametrize("name", [name for name, provider in CLIENTS.items() if provider])
def test_each_client_names_its_provider_as_the_register_writes_it(made: Path, name: str) -> None:
    provider = CLIENTS[name]
    assert provider is not None

    found = peer(made, name).uzi

    assert found is not None
    assert (found.number, found.ura) == (provider.uzi, provider.ura)
    assert found.agb == provider.agb.replace("00000000", "")


def test_the_jwks_beside_a_certificate_is_its_key(made: Path) -> None:
    jwks = json.loads((made / "client-hospital.jwks").read_text())
    (key,) = jwks["keys"]
    certificate = x509.load_pem_x509_certificate((made / "client-hospital.pem").read_bytes())
    public = certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)

    assert int.from_bytes(urlsafe_b64decode(key["x"] + "=")) == public.public_numbers().x
    assert "d" not in key
    assert list(public_keys.problems(jwks)) == []


def test_what_is_to_be_refused_names_the_hospital_too(made: Path) -> None:
    named = peer(made, "client-hospital")
    others = {name: peer(made, name) for name in REFUSED}

    assert {one.subject for one in others.values()} == {named.subject}
    assert [name for name, one in others.items() if one.issuer != named.issuer] == ["refused-other-ca"]
    expired = x509.load_pem_x509_certificate((made / "refused-expired.pem").read_bytes())
    assert expired.not_valid_after_utc < NOW


def test_the_list_is_of_the_authority_and_holds_what_was_revoked(made: Path) -> None:
    listed = x509.load_pem_x509_crl((made / "ca.crl").read_bytes())
    signer = x509.load_pem_x509_certificate((made / "ca.pem").read_bytes())
    revoked = x509.load_pem_x509_certificate((made / "refused-revoked.pem").read_bytes())
    key = signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)

    assert listed.is_signature_valid(key)
    assert [one.serial_number for one in listed] == [revoked.serial_number]


@pytest.mark.parametrize("name", CLIENTS)
def test_clients_are_the_development_partners(made: Path, name: str) -> None:
    """A certificate of each partner that ships, and one of nobody."""
    document, lines = document_of(shipped("profiles") / "partners" / "development.yaml")
    providers = {path.stem for path in (shipped("mappings") / "providers").glob("*.yaml")}
    partners = Partners(read(document, Known(providers, lambda _: None), lines))

    found, provider = partners.by_certificate(peer(made, name), NOW), CLIENTS[name]

    assert len(partners) == len(CLIENTS) - 1
    assert (found and found.ura) == (provider and provider.ura)
    assert (found and found.agb) == (provider and provider.agb.replace("00000000", ""))


def peer(folder: Path, name: str) -> PeerCertificate:
    return PeerCertificate.read(ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text()))


def test_the_nameless_client_names_none(made: Path) -> None:
    certificate = x509.load_pem_x509_certificate((made / "client-nameless.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.OtherName) == []


def test_the_server_answers_to_its_local_names_and_to_what_is_asked(tmp_path: Path) -> None:
    write_development(tmp_path / "x", NOW, hosts=["gateway.example", "10.0.0.7"])
    certificate = x509.load_pem_x509_certificate((tmp_path / "x" / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "gateway.example"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1", "10.0.0.7"]


@pytest.mark.parametrize("host", ["", "a b", "é.nl", "-x", "x" * 300])
def test_a_host_that_is_none_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadRequest, match="neither a host name nor an address"):
        write_development(tmp_path / "x", NOW, hosts=[host])
    assert not (tmp_path / "x").exists()


def test_nothing_is_replaced_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "ca.key").write_text("mine")
    with pytest.raises(Conflict, match=r"ca\.key"):
        write_development(tmp_path, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["ca.key"]
    (tmp_path / "ca.key").chmod(0o644)
    write_development(tmp_path, NOW, force=True)
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600
    assert (tmp_path / "ca.key").read_text() != "mine"


def test_the_command_writes_and_will_not_write_twice(tmp_path: Path) -> None:
    out = str(tmp_path / "dev")
    first = CliRunner().invoke(certs, ["dev", "--out", out])
    again = CliRunner().invoke(certs, ["dev", "--out", out])
    forced = CliRunner().invoke(certs, ["dev", "--out", out, "--force"])
    assert (first.exit_code, len(first.output.splitlines())) == (0, 32)
    assert (again.exit_code, "--force replaces them" in again.output) == (1, True)
    assert forced.exit_code == 0


def talk(made: Path, context: ssl.SSLContext | None, name: str = "localhost") -> bytes:
    """Send a message over TLS and return what comes back; empty when the connection is closed on us."""

    async def scene(connect: Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]) -> bytes:
        reader, writer = await connect()
        try:
            writer.write(framed(MESSAGE))
            return await asyncio.wait_for(reader.read(4096), 20)
        finally:
            writer.close()

    async def with_listener() -> bytes:
        listener = Listener(accept)
        sock = socket.create_server(("127.0.0.1", 0))
        host, port = sock.getsockname()
        await listener.start(sock, server_context(made / "server.pem", made / "server.key", made / "ca.pem"))
        kept = name if context else None
        try:
            return await scene(lambda: asyncio.open_connection(host, port, ssl=context, server_hostname=kept))
        except (ssl.SSLError, ConnectionError):
            return b""
        finally:
            await listener.stop()

    return asyncio.run(with_listener())


def test_a_stop_waits_a_moment_for_a_handshake_that_is_going_on(made: Path) -> None:
    context = trusting(made, (made / "client-hospital.pem", made / "client-hospital.key"))

    async def scene() -> bytes:
        listener = Listener(accept)
        sock = socket.create_server(("127.0.0.1", 0))
        await listener.start(sock, server_context(made / "server.pem", made / "server.key", made / "ca.pem"))
        coming = socket.create_connection(sock.getsockname())
        for _ in range(3):  # turns in which it is accepted
            await asyncio.sleep(0)
        stopping = asyncio.create_task(listener.stop())
        reader, writer = await asyncio.open_connection(sock=coming, ssl=context, server_hostname="localhost")
        writer.write(framed(MESSAGE))
        answer = await asyncio.wait_for(reader.read(4096), 20)
        writer.close()
        await stopping
        return answer

    assert b"MSA|AA|1" in asyncio.run(scene())


def trusting(made: Path, files: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=made / "ca.pem")
    if files:
        context.load_cert_chain(*files)
    return context


@pytest.mark.parametrize("name", [*CLIENTS])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_of_the_authority_is_answered(made: Path, name: str, version: ssl.TLSVersion) -> None:
    context = trusting(made, (made / f"{name}.pem", made / f"{name}.key"))
    context.maximum_version = version
    assert b"MSA|AA|1" in talk(made, context)


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost"])
def test_a_client_can_check_the_servers_name(made: Path, name: str) -> None:
    files = made / "client-hospital.pem", made / "client-hospital.key"
    assert b"MSA|AA|1" in talk(made, trusting(made, files), name)


def test_the_servers_name_is_not_just_any(made: Path) -> None:
    files = made / "client-hospital.pem", made / "client-hospital.key"
    assert talk(made, trusting(made, files), "elsewhere.example") == b""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_certificate_is_refused(made: Path, version: ssl.TLSVersion) -> None:
    context = trusting(made, None)
    context.maximum_version = version
    assert talk(made, context) == b""


def test_a_client_without_tls_is_refused(made: Path) -> None:
    assert b"MSA" not in talk(made, None)


def test_a_client_of_another_authority_is_refused(made: Path, tmp_path: Path) -> None:
    rogue = client(authority(NOW), NOW, CLIENTS["client-hospital"], "client-hospital")  # the same names, another signer
    assert talk(made, trusting(made, in_folder(tmp_path, rogue, "rogue"))) == b""


@pytest.mark.parametrize("at", [NOW - timedelta(days=900), NOW + timedelta(days=2)], ids=["expired", "not yet valid"])
def test_a_certificate_out_of_its_time_is_refused(made: Path, tmp_path: Path, at: datetime) -> None:
    late = client(signer(made), at, CLIENTS["client-hospital"], "late")
    assert talk(made, trusting(made, in_folder(tmp_path, late, "late"))) == b""


def test_a_servers_certificate_is_no_clients(made: Path, tmp_path: Path) -> None:
    other = server(signer(made), NOW)
    assert talk(made, trusting(made, in_folder(tmp_path, other, "other"))) == b""


def signer(made: Path) -> Pair:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key((made / "ca.key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return Pair(x509.load_pem_x509_certificate((made / "ca.pem").read_bytes()), key)


def test_tls_is_1_2_or_later(made: Path) -> None:
    context = server_context(made / "server.pem", made / "server.key")
    assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE)
    assert server_context(made / "server.pem", made / "server.key", made / "ca.pem").verify_mode == ssl.CERT_REQUIRED


def test_files_that_cannot_be_used_are_all_named(made: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        server_context(made / "server.pem", made / "ca.key", tmp_path / "none.pem")
    assert ["server.pem" in str(caught.value), "none.pem" in str(caught.value)] == [True, True]


def test_a_listener_in_its_own_process_speaks_tls(made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    child = multiprocessing.get_context("fork").Process(target=_listen, args=(made, port))
    child.start()
    context = trusting(made, (made / "client-hospital.pem", made / "client-hospital.key"))
    with context.wrap_socket(_connected(port), server_hostname="localhost") as connection:
        connection.sendall(framed(MESSAGE))
        assert b"MSA|AA|1" in connection.recv(4096)
    child.terminate()
    child.join(20)
    assert child.exitcode == 0


def _listen(made: Path, port: int) -> None:
    files = {"certificate": made / "server.pem", "key": made / "server.key", "client_ca": made / "ca.pem"}
    run_listener("127.0.0.1", port, accept, **files)


def _connected(port: int) -> socket.socket:
    until = datetime.now(UTC) + timedelta(seconds=20)
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            assert datetime.now(UTC) < until
