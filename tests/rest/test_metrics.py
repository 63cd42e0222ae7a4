"""What Prometheus is told: what happened, and never whom it concerned."""

from dataclasses import replace

from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services
from tests.messages import bed_message, unmapped_message
from tests.rest.test_health import Gone

ER7 = "application/hl7-v2+er7"


def test_requests_are_counted_by_rule_and_never_by_url(client: FlaskClient) -> None:
    client.get("/fhir/Patient/very-private")
    client.get("/fhir/Patient/other-private")

    told = client.get("/metrics").text

    counted = 'gateway_requests_total{method="GET",rule="/fhir/<fhir_type:type>/<fhir_id:id>",status="404"} 2.0'
    assert counted in told
    assert "private" not in told


def test_a_method_of_the_clients_own_is_no_label(client: FlaskClient) -> None:
    client.open("/fhir/metadata", method="BSN999900006")

    assert "999900006" not in client.get("/metrics").text


def test_messages_are_counted_by_provider_and_outcome(client: FlaskClient) -> None:
    client.post("/ingest/dev", data=bed_message(), content_type=ER7)
    client.post("/ingest/dev", data=unmapped_message(), content_type=ER7)
    client.post("/ingest/nobody", data=bed_message(), content_type=ER7)

    told = client.get("/metrics").text

    assert 'gateway_messages_total{format="hl7v2",outcome="accepted",provider="dev"} 1.0' in told
    assert 'gateway_messages_total{format="hl7v2",outcome="refused",provider="dev"} 1.0' in told
    assert "nobody" not in told


def test_when_a_provider_was_last_heard_is_told(client: FlaskClient) -> None:
    before = client.get("/metrics").text
    client.post("/ingest/dev", data=bed_message(), content_type=ER7)

    heard = "gateway_provider_last_message_timestamp_seconds"
    assert f'{heard}{{provider="dev"}}' not in before
    assert f'{heard}{{provider="dev"}} 1.7676036e+09' in client.get("/metrics").text  # the clock of these tests


def test_without_the_store_there_are_metrics_and_they_say_so(services: Services) -> None:
    gone = create_app(replace(services, store=Gone())).test_client()  # type: ignore[arg-type] # all it is asked is this

    assert 'gateway_up{part="store"} 0.0' in gone.get("/metrics").text
    assert 'gateway_up{part="store"} 1.0' in create_app(services).test_client().get("/metrics").text
