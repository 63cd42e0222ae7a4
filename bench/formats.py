"""How fast the formats are read, and how many messages MLLP takes; each against the least that could be done."""

import asyncio
import csv
import io
import socket
import ssl
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import hl7

from bench.report import Pair, Row, against, percentile
from gateway.access.certificates import write_development
from gateway.access.tls import server_context
from gateway.formats.delimited import Layout, read
from gateway.formats.hl7v2 import Segment, acknowledge, parse
from gateway.mllp import Listener, framed

_AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
ADMIT = (
    b"MSH|^~\\&|EPD|ZKH-A|GW|ZCC|20260901103000+0200||ADT^A01^ADT_A01|A01-000001|T|2.5.1|||AL|NE|NLD|8859/1\r"
    b"EVN|A01|20260901102900+0200|||b.test^Test^B\r"
    b"PID|1||999910589^^^NLMINBIZA^NNNLD~7654321^^^ZKH-A^PI||van Test&van&Test^Anna^M^^^^L||19510412|F|||Dorpsstraat "
    b"12&Dorpsstraat&12^^Utrecht^^3511AB^NL^H||^PRN^PH^^31^30^5550101|||||||||||||||||N\r"
    b"PV1|1|I|IC^K11^B2^ZKH-A^^B|E|||01999901^Test^P^^^^^^VEKTIS|||INT||||9|||01999901^Test^P|IP|OPN1^^^ZKH-A^VN\r"
    b"PV2|||^Pneumonie||||||20260905\r"
    b"ZBE|OPN1-1|20260901102900||INSERT|N|||3B\r"
    + b"".join(b"OBX|%d|NM|8867-4^Hartslag^LN||%d|/min|||||F|||20260901102900\r" % (n, 60 + n) for n in range(1, 5))
)
LONG = ADMIT + b"".join(b"NTE|%d||%s\r" % (n, b"tekst " * 60) for n in range(1, 21))


def rows(*, full: bool) -> list[Row]:
    """Return the rows of the scoreboard."""
    return [*_messages(), *_tables(400_000 if full else 40_000), *asyncio.run(_mllp(40_000 if full else 8_000))]


def _floor(data: bytes) -> list[list[str]]:
    return [line.split("|") for line in data.decode("ascii").split("\r")]


def _twelve(segments: dict[str, Segment]) -> list[str | None]:
    patient, visit = segments["PID"].value, segments["PV1"].value
    return [
        patient(3), patient(3, 1, 4), patient(3, 2), patient(5), patient(5, 1, 1, 2), patient(5, 1, 2), patient(7),
        patient(8), visit(2), visit(3), visit(3, 1, 2), visit(3, 1, 3),
    ]  # fmt: skip


def _read_twelve(data: bytes) -> list[str | None]:
    message = parse(data)
    return _twelve({segment.name: segment for segment in message.segments})


def _messages() -> list[Row]:
    short = against(lambda: parse(ADMIT), lambda: _floor(ADMIT), repeat=2000)
    values = against(lambda: _read_twelve(ADMIT), lambda: _floor(ADMIT), repeat=2000)
    long = against(lambda: parse(LONG), lambda: _floor(LONG), repeat=1000)
    peer = against(lambda: hl7.parse(ADMIT.decode()), lambda: parse(ADMIT), repeat=20)
    return [
        _row("HL7 v2, 10 segments: parse", "≤ 3 x line and field split", short, 3),
        _row("HL7 v2, 10 segments: parse and read 12 values", "", values),
        _row(f"HL7 v2, {len(LONG) / 1000:.0f} kB: parse", "≤ 3 x line and field split", long, 3),
        Row("HL7 v2: faster than python-hl7", "≥ 10 x", f"{peer.ratio:.0f} x", peer.ratio >= 10),
    ]


def _row(work: str, bar: str, pair: Pair, most: float | None = None) -> Row:
    figure = f"{pair.work * 1e6:.1f} µs, {pair.ratio:.2f} x the floor of {pair.floor * 1e6:.1f} µs"
    return Row(work, bar, figure, None if most is None else pair.ratio <= most)


def _bed_list(count: int) -> bytes:
    header = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Specialisme;Categorie;Peilmoment\r\n"
    row = "DUINRAND-W;IC;IC1;{};VRIJ;INT;IC-VOLW;12-04-2024 08:15\r\n"
    return (header + "".join(row.format(n) for n in range(count))).encode()


def _tables(count: int) -> list[Row]:
    data = _bed_list(count)

    def ours() -> int:
        return sum(record.get("Bed") is not None for record in read(io.BytesIO(data), Layout()))

    def floor() -> int:
        return sum(bool(record["Bed"]) for record in csv.DictReader(io.StringIO(data.decode()), delimiter=";"))

    pair = against(ours, floor, rounds=5)
    tracemalloc.start()
    ours()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [
        Row(
            f"delimited text, {count:,} rows of 8 cells",
            "≤ 3 x csv.DictReader",
            f"{count / pair.work:,.0f} rows/s, {pair.ratio:.2f} x",
            pair.ratio <= 3,
        ),
        Row("delimited text: memory while it is read", "≤ 2 MB", f"{peak / 1e6:.1f} MB", peak <= 2e6),
    ]


async def _mllp(count: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_development(folder, datetime.now(UTC))
        client = ssl.create_default_context(cafile=folder / "ca.pem")
        client.load_cert_chain(folder / "client-hospital.pem", folder / "client-hospital.key")
        server = server_context(folder / "server.pem", folder / "server.key", folder / "ca.pem")
        return [
            await _through("plain, 1 connection", count // 8, 1, None, None),
            await _through("plain, 8 connections", count, 8, None, None),
            await _through("mutual TLS, 8 connections", count, 8, server, client),
        ]


async def _through(
    name: str, count: int, connections: int, server: ssl.SSLContext | None, client: ssl.SSLContext | None
) -> Row:
    listener = Listener(lambda data, _: acknowledge(parse(data), "AA", [], control_id="1", at=_AT))
    sock = socket.create_server(("127.0.0.1", 0))
    host, port = sock.getsockname()
    await listener.start(sock, server)
    started = time.perf_counter()
    taken = await asyncio.gather(*(_send(host, port, client, count // connections) for _ in range(connections)))
    rate = count / (time.perf_counter() - started)
    await listener.stop()
    waits = [wait for part in taken for wait in part]
    figure = f"{rate:,.0f}/s; p50 {percentile(waits, 0.5) * 1e3:.1f} ms, p99 {percentile(waits, 0.99) * 1e3:.1f} ms"
    return Row(f"MLLP, parse and acknowledge, sender in the same process: {name}", "", figure)


async def _send(host: str, port: int, tls: ssl.SSLContext | None, count: int) -> list[float]:
    """Send messages one after the other, as senders do: the next when the last is answered."""
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname="localhost" if tls else None)
    frame, waits = framed(ADMIT), []
    for _ in range(count):
        sent = time.perf_counter()
        writer.write(frame)
        await reader.readuntil(b"\x1c\r")
        waits.append(time.perf_counter() - sent)
    writer.close()
    return waits
