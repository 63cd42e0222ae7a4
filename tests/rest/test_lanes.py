"""Large bodies take turns, and who is told to come back knows when."""

import multiprocessing
import os
import signal
from dataclasses import replace
from multiprocessing.connection import Connection

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.errors import Overloaded, TooManyRequests
from gateway.rest import lanes
from gateway.rest.lanes import LARGE, Lanes
from gateway.services import Services
from tests.messages import bed_list, bed_message, bed_row

CSV = "text/csv"


def _in_another_process(all_lanes: Lanes, sender: str, pipe: Connection) -> None:
    lane = all_lanes.enter(sender)
    pipe.send(lane)
    if pipe.recv() == "leave":
        all_lanes.leave(lane)
        pipe.send("left")
    signal.pause()


class Other:
    """Another process that is in a lane."""

    def __init__(self, all_lanes: Lanes, sender: str) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_in_another_process, args=(all_lanes, sender, theirs))
        self.process.start()
        self.lane = self.pipe.recv()

    def leave(self) -> None:
        self.pipe.send("leave")
        assert self.pipe.recv() == "left"

    def kill(self) -> None:
        os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join()


@pytest.fixture
def two() -> Lanes:
    return Lanes(2)


def test_a_lane_that_is_left_can_be_entered(two: Lanes) -> None:
    other = Other(two, "a")
    mine = two.enter("b")
    assert {other.lane, mine} == {0, 1}
    with pytest.raises(Overloaded, match="try again in"):
        two.enter("c")

    other.leave()

    assert two.enter("c") == other.lane
    other.kill()


def test_a_sender_has_one_lane_though_another_is_free(two: Lanes) -> None:
    other = Other(two, "a")
    with pytest.raises(TooManyRequests, match="of yours"):
        two.enter("a")

    assert two.enter("b") != other.lane
    other.kill()


def test_a_process_that_is_killed_leaves_its_lane(two: Lanes) -> None:
    Other(two, "a").kill()

    assert [two.enter("a"), two.enter("b")] == [0, 1]


def test_threads_of_one_process_have_lanes_of_their_own(two: Lanes) -> None:
    assert two.enter("a") == 0
    assert two.enter("b") == 1
    with pytest.raises(Overloaded):
        two.enter("c")
    two.leave(0)
    assert two.enter("c") == 0


@pytest.fixture
def one_lane(services: Services, monkeypatch: pytest.MonkeyPatch) -> tuple[FlaskClient, Lanes]:
    """Return a client of an application with one lane, and that lane."""
    made: list[Lanes] = []

    class Known(Lanes):
        def __init__(self, number: int) -> None:
            super().__init__(number)
            made.append(self)

    monkeypatch.setattr(lanes, "Lanes", Known)
    client = create_app(replace(services, settings=replace(services.settings, workers=2))).test_client()
    return client, made[0]


def large() -> bytes:
    return bed_list([bed_row("1")]) + b"\r\n" * (LARGE // 2)


def test_a_large_body_waits_for_its_lane_and_a_small_one_does_not(one_lane: tuple[FlaskClient, Lanes]) -> None:
    client, lane = one_lane
    taken = lane.enter("somebody")

    refused = client.post("/ingest/dev", data=large(), content_type=CSV)
    small = client.post("/ingest/dev", data=bed_message("L-1"), content_type="application/hl7-v2+er7")

    (issue,) = refused.get_json()["issue"]
    assert (refused.status_code, issue["code"]) == (503, "throttled")
    assert refused.headers["Retry-After"] == "5"
    assert small.status_code == 200
    lane.leave(taken)
    assert client.post("/ingest/dev", data=large(), content_type=CSV).status_code == 200
    assert client.post("/ingest/dev", data=large(), content_type=CSV).status_code == 200  # and it left the lane


def test_a_sender_with_a_large_body_in_work_is_asking_too_much(one_lane: tuple[FlaskClient, Lanes]) -> None:
    client, lane = one_lane
    lane.enter("development\x1fdev")

    refused = client.post("/ingest/dev", data=large(), content_type=CSV)
    other = client.post("/ingest/gouwe", data=large(), content_type=CSV)

    (issue,) = refused.get_json()["issue"]
    assert (refused.status_code, issue["code"], refused.headers["Retry-After"]) == (429, "throttled", "10")
    assert issue["details"]["coding"][0]["code"] == "too-many-requests"
    assert other.status_code == 503


def test_what_fails_in_a_lane_leaves_it(one_lane: tuple[FlaskClient, Lanes]) -> None:
    client, _ = one_lane

    for _ in range(2):
        assert client.post("/ingest/dev", data=b"hello" * LARGE, content_type=CSV).status_code in {400, 422}
        assert client.post("/ingest/nobody", data=large(), content_type=CSV).status_code == 404
