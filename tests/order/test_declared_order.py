"""A mapping that says which number its source gives a thing: the version may go back, the present does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.data import shipped
from gateway.mapping.library import Library
from gateway.services import Services
from tests.order.test_order import resources, take

TRANSFERS = """
map: https://msb-gateway.example/fhir/StructureMap/transfer-test
version: 1.0.0
source: {format: hl7v2, when: "MSH-9.1 = 'ZTR'"}
use: {order: capacity/order.yaml}
emit:
  - resourceType: Task
    id: "{{ id('transfer', ZTR-1) }}"
    status: "{{ ZTR-2 }}"
    intent: order
  - "{{ order(MSH-7.toDateTime(), ZTR-3.toInteger()) }}"
"""


def transfer(status: str, number: int, minute: int) -> bytes:
    head = f"MSH|^~\\&|POINT|X|ZCC|Y|2026010509{minute:02}00||ZTR^Z01|{status}{number}|P|2.5.1"
    return f"{head}\rZTR|D-1|{status}|{number}\r".encode()


def test_accepted_after_withdrawn_stays_withdrawn(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "hl7v2" / "transfer_test"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(TRANSFERS, encoding="utf-8")
    to = replace(services, library=Library.load([shipped("mappings"), tmp_path]))

    seen = []
    for status, number, minute in (("requested", 1, 1), ("cancelled", 3, 2), ("accepted", 2, 5)):
        (taken,) = take(transfer(status, number, minute), to).messages
        assert taken.refusal is None
        seen.append(([task["status"] for task in resources(to, "Task")], [made.status for made in taken.made]))

    assert seen == [
        (["requested"], ["created"]),
        (["cancelled"], ["updated"]),
        (["cancelled"], ["superseded"]),
    ]
