"""Spans at a real collector: whose trace they are in, what they tell, and that nobody's number is in them."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.access.correlation import Correlation
from gateway.deliver.feeds import register
from gateway.notify.feeds import Feed
from gateway.services import Services
from gateway.transact import Put, transact
from tests.deliver.telling import CALLER as DEVELOPER
from tests.deliver.telling import alive, eventually, queue, telling
from tests.receivers import Receiver, Request, failing, outward, receiving
from tests.servers import clean_environment, free_port, send_mllp, serving
from tests.telling import check

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")

ROOT = Path(__file__).parents[2]
MESSAGE = ROOT / "mappings/hl7v2/adt_a01_admit/cases/good-clinical-anna.hl7"
INSTANCE = "/fhir/<fhir_type:type>/<fhir_id:id>"
BSN = "999900006"
NAME = "Achter de blauwe deur"  # of a place: what is told of it stands in no span
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{CALLER}-01"
FEEDS = "feeds: [{{name: region, to: '{}/fhir', resources: [Location]}}]"


def spans(collector: Receiver) -> list[dict[str, Any]]:
    """Return every span that the collector was sent."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    found = []
    for body in collector.bodies("/v1/traces"):
        check(body.decode("latin-1"), "a trace")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            assert about["service.name"] == "msb-gateway"
            found += [_span(span) for scope in resource.scope_spans for span in scope.spans]
    return found


def _span(span: Any) -> dict[str, Any]:
    attributes = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
    return {
        "name": span.name, "kind": span.kind, "trace": span.trace_id.hex(), "id": span.span_id.hex(),
        "parent": span.parent_span_id.hex(), "failed": span.status.code == 2, "text": span.status.message,
        "events": len(span.events), "links": len(span.links), "about": attributes,
    }  # fmt: skip


def span(collector: Receiver, name: str, parent: str | None = None) -> dict[str, Any]:
    """Return the one span of this name, and with this parent."""
    (found,) = [one for one in spans(collector) if one["name"] == name and parent in {None, one["parent"]}]
    return found


def id_of(traceparent: str) -> str:
    return traceparent.split("-")[2]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Receiver, Request, dict[str, str]]]:
    """Have a gateway do all it does; return the collector, what its partner was sent, and what callers were told."""
    folder = tmp_path_factory.mktemp("otlp")
    with receiving(None) as collector, receiving(None) as partner:
        (folder / "feeds.yaml").write_text(FEEDS.format(partner.base))
        feeds = str(folder / "feeds.yaml")
        with serving(
            folder, f"sqlite:///{folder}/store.sqlite",
            OTLP_ENDPOINT=collector.base, ENDPOINTS=partner.base, FEEDS=feeds,
        ) as running:  # fmt: skip
            answers = _asked(running.base)
            assert b"MSA|A" in send_mllp(running.mllp_port, MESSAGE.read_bytes())
            partner.wait_for(lambda receiver: bool(receiver.requests))
            assert running.stop() == 0
        yield collector, partner.requests[0], answers


def _asked(base: str) -> dict[str, str]:
    """Ask for something of each kind, and return the `traceparent` of each answer."""
    sent = {"traceparent": SENT}
    location = {"resourceType": "Location", "id": "ic", "status": "active", "name": "IC"}
    answers = {
        "put": requests.put(f"{base}/fhir/Location/ic", json=location, headers=sent, timeout=60),
        "message": requests.post(f"{base}/ingest/dev", data=MESSAGE.read_bytes(), headers=sent, timeout=60),
        "number": requests.get(f"{base}/fhir/Patient?identifier={BSN}", headers=sent, timeout=60),
        "alone": requests.get(f"{base}/fhir/Location/ic", timeout=60),
        "unsampled": requests.get(f"{base}/fhir/Slot", headers={"traceparent": f"{SENT[:-2]}00"}, timeout=60),
    }
    assert [answer.status_code for answer in answers.values()] == [201, 200, 400, 200, 200]
    return {name: answer.headers["traceparent"] for name, answer in answers.items()}


Told = tuple[Receiver, Request, dict[str, str]]


def test_a_request_is_a_span_of_the_callers_trace(told: Told) -> None:
    collector, _, answers = told
    put = span(collector, f"PUT {INSTANCE}")

    assert answers["put"] == f"00-{put['trace']}-{put['id']}-01"
    assert (put["trace"], put["parent"], put["kind"], put["failed"]) == (TRACE, CALLER, 2, False)
    assert put["about"] == {
        "http.request.method": "PUT", "http.route": INSTANCE, "http.response.status_code": 201
    }  # fmt: skip


def test_a_message_tells_provider_format_outcome_and_counts(told: Told) -> None:
    collector, _, answers = told
    posted, over_mllp = span(collector, "POST /ingest/<provider>"), span(collector, "MLLP")

    assert id_of(answers["message"]) == posted["id"]
    for one in (posted, over_mllp):
        about = {key: value for key, value in one["about"].items() if key.startswith("gateway.")}
        assert about == {
            "gateway.provider": "dev", "gateway.format": "hl7v2", "gateway.outcome": "accepted",
            "gateway.messages": 1, "gateway.messages.refused": 0,
        }  # fmt: skip
    assert (posted["parent"], over_mllp["parent"]) == (CALLER, "")


def test_what_is_delivered_goes_on_in_the_trace_of_what_led_to_it(told: Told) -> None:
    collector, received, answers = told
    delivery = span(collector, "deliver feed", id_of(answers["put"]))
    request = span(collector, "POST", delivery["id"])

    assert (delivery["trace"], delivery["kind"], delivery["about"]["gateway.deliveries"]) == (TRACE, 5, 1)
    assert (request["trace"], request["kind"]) == (TRACE, 3)
    assert request["about"]["http.response.status_code"] == 200
    assert received.headers["traceparent"] == f"00-{TRACE}-{request['id']}-01"


def test_who_sends_no_trace_gets_one_and_who_does_not_record_is_not_recorded(told: Told) -> None:
    collector, _, answers = told
    alone = span(collector, f"GET {INSTANCE}")

    assert answers["alone"] == f"00-{alone['trace']}-{alone['id']}-01"
    assert (alone["parent"], alone["trace"] == TRACE) == ("", False)
    assert answers["unsampled"].startswith(f"00-{TRACE}-")
    assert answers["unsampled"].endswith("-00")
    assert [one for one in spans(collector) if one["id"] == id_of(answers["unsampled"])] == []


def test_nothing_of_a_patient_is_in_any_byte_that_is_sent(told: Told) -> None:
    collector, _, answers = told
    assert f"||{BSN}^".encode() in MESSAGE.read_bytes()

    asked = span(collector, "GET /fhir/<fhir_type:type>")
    assert (asked["id"], asked["about"]["http.response.status_code"]) == (id_of(answers["number"]), 400)
    for request in collector.requests:
        body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
        for word in (BSN, "Jansen", "Patient"):
            assert word.encode() not in body
            assert word not in str(request.headers) + request.path
    assert [one for one in spans(collector) if one["text"] or one["events"]] == []


def test_several_that_led_to_a_delivery_are_linked_and_a_failure_is_told_without_its_text(
    services: Services, certificates: Path
) -> None:
    def put(id_: str, trace: str) -> None:
        resource = {"resourceType": "Location", "id": id_, "status": "active", "name": NAME}
        transact([Put(resource)], replace(DEVELOPER, correlation=Correlation(id_, trace_id=trace * 16, flags="01")), to)

    with receiving(None) as collector, receiving(certificates) as partner:
        partner.answers["/fhir"] = failing(1, 503)
        from gateway.telemetry.otlp import Otlp  # after it is known to be installed

        telemetry = Otlp(collector.base, "1")
        way = replace(outward(certificates, partner), telemetry=telemetry)
        feed = Feed("region", partner.base + "/fhir", ("Location",))
        to = replace(alive(services, way), telemetry=telemetry, feeds=(feed,))
        register(to)
        put("a", "4b")
        put("b", "5c")
        with telling(to):
            eventually(lambda: queue(to, feed.queue).told == 2)
        telemetry.close()

        first, second = [one for one in spans(collector) if one["name"] == "deliver feed"]
        assert (first["links"], first["failed"], first["about"]["gateway.attempt"]) == (2, True, 1)
        assert (second["links"], second["failed"], second["about"]["gateway.attempt"]) == (2, False, 2)
        assert {first["parent"], second["parent"]} == {""}
        assert first["about"]["error.type"] == "NotSent"
        assert (first["text"], first["events"]) == ("", 0)
        assert b"".join(request.body for request in collector.requests).find(NAME.encode()) == -1


def test_a_collector_that_is_away_hinders_nobody(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", OTLP_ENDPOINT=nobody) as running:
        assert requests.get(f"{running.base}/fhir/Slot", timeout=60).status_code == 200
        assert running.stop() == 0


def test_it_does_not_start_when_it_is_asked_for_and_not_installed(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()  # found before the one that is installed
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"],
        env=clean_environment() | {
            "PYTHONPATH": f"{tmp_path}:{ROOT}", "GATEWAY_OTLP_ENDPOINT": "http://127.0.0.1:1", "GATEWAY_PORT": "0",
            "GATEWAY_MLLP_PORT": "0", "GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.sqlite",
        },
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "GATEWAY_OTLP_ENDPOINT: OpenTelemetry is not installed: pip install 'msb-gateway[otel]'" in done.stderr


def test_nothing_of_it_is_loaded_unless_it_is_asked_for(tmp_path: Path) -> None:
    ask = """
import sys
from gateway.app import create_app
from gateway.cli import serve
from gateway.services import build
from gateway.settings import Settings
create_app(build(Settings(database=sys.argv[1]))).test_client().get("/fhir/Slot")
print(sorted(name for name in sys.modules if name.startswith(("opentelemetry", "google"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", ask, f"sqlite:///{tmp_path}/store.sqlite"],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "[]\n"
