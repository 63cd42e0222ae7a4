"""The ids of a request: taken when they can be logged, made when not, and all found from one."""

import re

import pytest

from gateway.access.correlation import Correlation
from gateway.errors import BadRequest

UUID = "0b0e6f1e-7b1a-4a51-9c43-1f2d3c4b5a69"
OTHER = "8d3c2b1a-0f9e-4d8c-8b7a-665544332211"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def of(**headers: str) -> Correlation:
    return Correlation.of({name.replace("_", "-"): value for name, value in headers.items()}.get, lambda: UUID)


def test_what_was_sent_comes_back() -> None:
    aorta = f"initialRequestID={UUID}; requestID={OTHER}"

    back = of(X_Request_Id="a-1", X_Correlation_Id="c-9", AORTA_ID=aorta, traceparent=TRACE).headers()

    assert back["X-Request-Id"] == "a-1"
    assert back["X-Correlation-Id"] == "c-9"
    assert back["AORTA-ID"] == aorta
    assert back["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert back["traceparent"].split("-")[2] != "00f067aa0ba902b7"  # a span of our own
    assert back["traceparent"].endswith("-01")


def test_what_was_not_sent_is_made_of_the_request_id() -> None:
    back = of().headers()

    assert back["X-Request-Id"] == back["X-Correlation-Id"] == UUID
    assert back["AORTA-ID"] == f"initialRequestID={UUID}; requestID={UUID}"
    assert re.fullmatch(rf"00-{UUID.replace('-', '')}-[0-9a-f]{{16}}-00", back["traceparent"])
    assert of().headers() == back


def test_a_request_id_that_is_no_uuid_leads_to_one_that_is_always_the_same() -> None:
    first, again, other = (of(X_Request_Id=id_).headers()["AORTA-ID"] for id_ in ("order-7", "order-7", "order-8"))

    assert first == again != other


@pytest.mark.parametrize("unsafe", ["a\tb", "a b", "", "x" * 65, "é", "999900006", 'a"b'])
def test_what_cannot_be_logged_is_as_good_as_absent(unsafe: str) -> None:
    found = of(X_Request_Id=unsafe, X_Correlation_Id=unsafe)

    assert (found.request_id, found.correlation_id) == (UUID, "")


@pytest.mark.parametrize(
    "trace",
    [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "nonsense",
    ],
)
def test_a_trace_that_is_none_begins_anew(trace: str) -> None:
    assert of(traceparent=trace).trace_id == ""


@pytest.mark.parametrize("aorta", ["", "x", f"requestID={UUID}", f"initialRequestID={UUID}; requestID=999900006"])
def test_an_aorta_id_of_another_shape_is_refused(aorta: str) -> None:
    with pytest.raises(BadRequest, match="initialRequestID=<uuid>; requestID=<uuid>"):
        of(AORTA_ID=aorta)


def test_the_audit_keeps_what_does_not_follow_from_the_request_id() -> None:
    assert of(X_Request_Id="a-1").noted() == {"request": "a-1"}
    assert of(X_Request_Id="a-1", traceparent=TRACE).noted() == {
        "request": "a-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
