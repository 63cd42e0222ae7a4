"""`gateway demo`: a real gateway on SQLite, the samples through every door, and what came of them.

Sends a message of each of the sixteen feeds, and broken ones, over HTTP, MLLP, from a file and by a
watched folder, then asks for the free places and explains one element back to its source byte. Run twice,
it changes nothing: a message that comes again gets its first answer, and an identical fact makes no version.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import requests

from gateway.cli.demo_samples import BROKEN, FEEDS, MORE, Sample
from gateway.cli.stores import shown
from gateway.data import shipped
from gateway.fhir.freshness import is_aged
from gateway.fhir.json import encode

_VT, _FS, _CR = b"\x0b", b"\x1c", b"\r"
_START_SECONDS = 20.0
_FHIR = "application/fhir+json"
_DROP = Path("var/demo-drop")


@dataclass(frozen=True)
class Answer:
    """What a door said: accepted or not, in one line, with the findings below it."""

    accepted: bool
    line: str
    findings: Sequence[str] = ()


@dataclass(frozen=True)
class Running:
    """The addresses of the gateway that the demo started, and its settings."""

    base: str
    mllp_port: int
    environment: dict[str, str]


@click.command()
@click.option("--database", default="sqlite:///var/demo.sqlite", show_default=True, help="The store to fill.")
def demo(database: str) -> None:
    """Start the gateway, send the samples through every door, show what came of them."""
    with _gateway(database) as running:
        click.echo(f"The gateway listens at {running.base}/fhir and, for MLLP, at 127.0.0.1:{running.mllp_port}.")
        click.echo(f"Development mode: no authentication, loopback only. Store: {shown(database)}")
        if _get(running, "Location?_summary=count")["total"]:
            click.echo(
                "The store was filled before: a message that comes again gets its first answer, a fact no version."
            )
        _show_partners(running)
        answers = [(sample, _send(sample, running)) for sample in (*FEEDS, *MORE, *BROKEN)]
        _show("WENT IN", [(s, a) for s, a in answers if a.accepted])
        _show("REFUSED, AND WHY", [(s, a) for s, a in answers if not a.accepted])
        _show_store(running)
        _show_stale_places(running)
        _show_free_places(running)
    _show_explain()


@contextmanager
def _gateway(database: str) -> Iterator[Running]:
    """Start `gateway serve` on free ports, wait until it is ready, and stop it gracefully."""
    if database.startswith("sqlite:///"):
        Path(database.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    port, mllp_port = _free_port(), _free_port()
    _DROP.mkdir(parents=True, exist_ok=True)
    ours = {"DATABASE": database, "PORT": str(port), "MLLP_PORT": str(mllp_port), "FOLDER": str(_DROP)}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    environment |= {f"GATEWAY_{name}": value for name, value in ours.items()}
    command = [sys.executable, "-m", "gateway.cli", "serve"]
    log = Path("var/demo.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        server = subprocess.Popen(command, env=environment, stdout=sink, stderr=subprocess.STDOUT)  # noqa: S603 - our own command
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/health/ready", server, log)
        yield Running(f"http://127.0.0.1:{port}", mllp_port, environment)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def _show_partners(running: Running) -> None:
    """Register the partners of the development world, as an operator does, and show them."""
    for arguments in (["add", "--development", "--replace"], ["list"]):
        command = [sys.executable, "-m", "gateway.cli", "partners", *arguments]
        done = subprocess.run(command, env=running.environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    click.echo("\nPARTNERS (with certificates they could be told apart: docs/operating.md)")
    click.echo("\n".join(f"  {line}" for line in done.stdout.splitlines()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise click.ClickException(f"the gateway did not start:\n{log.read_text(encoding='utf-8')}")
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:  # not there yet, or busy starting
            time.sleep(0.05)
    raise click.ClickException(f"the gateway was not ready after {_START_SECONDS:.0f} s; see {log}")


def _send(sample: Sample, running: Running) -> Answer:
    path = shipped("mappings") / sample.file
    send = {"HTTP": _send_http, "MLLP": _send_mllp, "file": _send_file, "folder": _send_folder}[sample.door]
    return send(path, sample, running)


def _send_http(path: Path, sample: Sample, running: Running) -> Answer:
    """POST the message to `/ingest/<provider>`, a FHIR transaction to `/fhir`."""
    url = f"{running.base}/fhir" if sample.media_type == _FHIR else f"{running.base}/ingest/{sample.provider}"
    headers = {"Content-Type": sample.media_type, "Accept": _FHIR}
    response = requests.post(url, data=path.read_bytes(), headers=headers, timeout=30)
    return Answer(response.ok, f"HTTP {response.status_code}", _findings(response.json()))


def _findings(resource: dict[str, Any]) -> list[str]:
    """Return a line for each issue of an OperationOutcome: what is wrong, where in the source, for which element."""
    return [
        " ".join((f"{i['severity']}:", *i.get("expression", ()), i["diagnostics"])) for i in resource.get("issue", [])
    ]


def _send_mllp(path: Path, _: Sample, running: Running) -> Answer:
    with socket.create_connection(("127.0.0.1", running.mllp_port), timeout=30) as wire:
        wire.sendall(_VT + path.read_bytes() + _FS + _CR)
        acknowledgement = _read_frame(wire).decode("utf-8", "replace")
    segments = [segment.split("|") for segment in acknowledgement.split("\r") if segment]
    code = next((s[1] for s in segments if s[0] == "MSA"), "no MSA")
    errors = [" ".join(part for part in (s[2], s[8] if len(s) > 8 else "") if part) for s in segments if s[0] == "ERR"]
    return Answer(code == "AA", f"MSA-1 {code}", [f"ERR {e}" for e in errors])


def _read_frame(wire: socket.socket) -> bytes:
    received = b""
    while not received.endswith(_FS + _CR):
        piece = wire.recv(65536)
        if not piece:
            break
        received += piece
    return received.strip(_VT + _FS + _CR)


def _send_file(path: Path, sample: Sample, running: Running) -> Answer:
    """Hand the file to `gateway store ingest`, as a nightly job would."""
    command = [sys.executable, "-m", "gateway.cli", "store", "ingest", str(path), "--provider", sample.provider]
    done = subprocess.run(command, env=running.environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    lines = [line for line in done.stdout.splitlines() if line.strip() and str(path) not in line]
    return Answer(done.returncode == 0, f"exit {done.returncode}", lines)


def _send_folder(path: Path, sample: Sample, _: Running) -> Answer:
    """Drop the file as an SFTP client does: under another name until it is whole. Then wait for where it goes."""
    drop = _DROP / sample.provider
    (drop / "in").mkdir(parents=True, exist_ok=True)
    name = f"{time.time_ns()}-{path.name}"
    unfinished = drop / "in" / f"{name}.part"
    unfinished.write_bytes(path.read_bytes())
    os.utime(unfinished, (0, 0))  # nobody is still writing it
    unfinished.rename(drop / "in" / name)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for outcome in ("processed", "failed"):
            for report in (drop / outcome).glob(f"*-{name}.report.txt"):
                return Answer(outcome == "processed", outcome, report.read_text(encoding="utf-8").splitlines())
        time.sleep(0.05)
    raise click.ClickException(f"{path.name} was not taken from the folder; see var/demo.log")


def _show(title: str, answers: Sequence[tuple[Sample, Answer]]) -> None:
    click.echo(f"\n{title}")
    for sample, answer in answers:
        click.echo(f"  {sample.door:6}  {answer.line:9}  {sample.note}  ({sample.file})")
        for finding in answer.findings[:6]:
            click.echo(f"        {finding}")


def _show_store(running: Running) -> None:
    click.echo("\nCAME OUT: resources in the store")
    types = (
        "Location",
        "Schedule",
        "Slot",
        "HealthcareService",
        "ServiceRequest",
        "Patient",
        "Encounter",
        "Organization",
    )
    for type_ in types:
        page = _get(running, f"{type_}?_summary=count")
        click.echo(f"  {type_:18} {page['total']:4}")


def _show_stale_places(running: Running) -> None:
    """Show that what the samples said is too old to be offered, and have the bed board say of one bed how it is now."""
    slots = [encode(entry["resource"]) for entry in _get(running, "Slot?_count=200").get("entry", ())]
    click.echo(
        f"\nSTALE PLACES: {sum(map(is_aged, slots))} were free on the days of the samples; they are offered to nobody"
    )
    sample = next(one for one in FEEDS if one.file.endswith("good-free.hl7"))
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000").encode()
    said = (shipped("mappings") / sample.file).read_bytes().replace(b"|A20-1|", b"|A20-%b|" % now[:14])
    message = re.sub(rb"20260901\d{6}\+0200", now, said)
    headers = {"Content-Type": sample.media_type, "Accept": _FHIR}
    answer = requests.post(f"{running.base}/ingest/{sample.provider}", data=message, headers=headers, timeout=30)
    click.echo(f"  The bed board says again, now, that a bed is free: HTTP {answer.status_code}")


def _show_free_places(running: Running) -> None:
    """Ask the BaRS way: free Slots with their Schedule, and the Location that is the Schedule's actor."""
    page = _get(running, "Slot?status=free&_include=Slot:schedule&_include:iterate=Schedule:actor&_count=50")
    resources = {f"{e['resource']['resourceType']}/{e['resource']['id']}": e["resource"] for e in page["entry"]}
    slots = [r for r in resources.values() if r["resourceType"] == "Slot"]
    click.echo(f"\nFREE PLACES: {page.get('total', len(slots))} (GET /fhir/Slot?status=free&_include=Slot:schedule)")
    for slot in slots:
        click.echo(f"  {_place_name(slot, resources):40} from {slot['start']} until {slot['end']}")


def _place_name(slot: dict[str, Any], resources: dict[str, dict[str, Any]]) -> str:
    schedule = resources.get(slot["schedule"]["reference"], {})
    actors = [resources.get(actor.get("reference", ""), {}).get("name") for actor in schedule.get("actor", [])]
    names: list[str] = [name for name in actors if name]
    return names[0] if names else str(slot["schedule"]["reference"])


def _get(running: Running, query: str) -> dict[str, Any]:
    response = requests.get(f"{running.base}/fhir/{query}", timeout=30)
    response.raise_for_status()
    page: dict[str, Any] = response.json()
    return page


def _show_explain() -> None:
    """Explain the first HL7 v2 sample's Slot.status, from the element back to the byte."""
    sample = shipped("mappings") / next(s.file for s in FEEDS if "a20" in s.file and s.file.endswith(".hl7"))
    click.echo("\nEXPLAIN: where Slot.status came from (gateway map explain --message … 'Slot.status')")
    command = [sys.executable, "-m", "gateway.cli", "map", "explain", "--message", str(sample), "Slot.status"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    click.echo("  " + done.stdout.strip().replace("\n", "\n  "))
