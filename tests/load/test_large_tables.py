"""A table of tens of thousands of rows and single messages at the same time: the messages do not wait for the table."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from gateway.rest.lanes import LARGE
from gateway.store import open_store
from tests.load.clients import ER7
from tests.messages import bed_list, bed_message, bed_row
from tests.servers import Running, send_mllp, serving

pytestmark = pytest.mark.slow

ROWS = 12_000
CSV = "text/csv"


def post(running: Running, data: bytes, content_type: str, provider: str = "dev") -> requests.Response:
    url = f"{running.base}/ingest/{provider}"
    return requests.post(url, data=data, headers={"Content-Type": content_type}, timeout=300)


def test_single_messages_go_in_while_a_table_is_read(tmp_path: Path, database_url: str) -> None:
    table = bed_list(bed_row(str(n)) for n in range(ROWS))
    another = bed_list([bed_row("0")]) + b"\r\n" * LARGE
    with serving(tmp_path, database_url, DURABILITY="normal") as running:
        answers: list[requests.Response] = []
        reading = threading.Thread(target=lambda: answers.append(post(running, table, CSV)))
        began = time.monotonic()
        reading.start()
        http, mllp, same, other = [], [], set(), set()
        number = 0
        while reading.is_alive():
            number += 1
            data = {door: bed_message(f"{door}{number}", bed=f"{door}{number}") for door in "HM"}
            http.append(timed(lambda: assert_taken(post(running, data["H"], ER7).content)))  # noqa: B023 - called here
            mllp.append(timed(lambda: assert_taken(send_mllp(running.mllp_port, data["M"]))))  # noqa: B023
            if number % 10 == 5:
                same.add(told(post(running, another, CSV)))
                other.add(told(post(running, another, CSV, "gouwe")))
        took = time.monotonic() - began
        reading.join()
        assert running.stop() == 0

    assert answers[0].status_code == 200
    assert len(http) > 20
    assert max(*http, *mllp) < took / 4
    assert (429, "10") in same <= {(429, "10"), (200, "")}  # the last of them may have come after the table
    assert (503, "5") in other <= {(503, "5"), (200, "")}
    store = open_store(database_url)
    with store.reading() as database:
        assert database.rows("select count(*) from current where type = 'Slot'") == [
            (ROWS + 2 * number + ((200, "") in other),)
        ]
    store.close()


def timed(send: Callable[[], None]) -> float:
    began = time.monotonic()
    send()
    return time.monotonic() - began


def assert_taken(answer: bytes) -> None:
    assert b"MSA|AA|" in answer, answer


def told(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("Retry-After", "")
