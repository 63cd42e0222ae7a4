"""Patients that turn out to be one (A40, A47): their stays are those of one patient, in whatever order all is told."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from random import Random
from typing import NamedTuple

import msgspec
import pytest

from gateway.services import Services
from gateway.store import Batch
from tests.order.conftest import Opened
from tests.order.histories import History, place
from tests.order.hospital import START, Hospital, message, wards
from tests.order.test_order import beds, by_story, shown_by_story, take

TWO_BEDS, TWICE = "patient-in-two-beds", "bed-occupied-twice"


class Said(NamedTuple):
    """What is told of a patient, who has a visit number or is known to be admitted at 08:45.

    Of an A40 `bed` is the number that goes, and `was` the visit number that goes, if that is told too.
    """

    event: str
    minute: int
    patient: str
    bed: str
    was: str = ""
    visit: str = ""

    def written(self, story: int) -> bytes:
        at, control_id = START + timedelta(minutes=self.minute), f"{story}-{self.event}-{self.minute}-{self.patient}"
        pid = f"PID|1||{story}{self.patient}^^^ZKH_DUINRAND^PI||Jansen^J||19500101|M"
        if self.event in {"A40", "A47"}:
            mrg = f"MRG|{story}{self.bed}^^^ZKH_DUINRAND^PI||||{f'{story}{self.was}' if self.was else ''}"
            visits = [f"PV1|1||{'|' * 16}{story}{self.visit}"] if self.visit else []
            return message(self.event, control_id, at, pid, mrg, *visits)
        number = f"{story}{self.visit}" if self.visit else ""
        pv1 = f"PV1|1|I|{place(story, self.bed)}|||{place(story, self.was)}{'|' * 13}{number}{'|' * 25}202512280845"
        return message(self.event, control_id, at, pid, pv1)


MERGES = [
    History(
        "a visit without a number goes on under the number that stays",
        [
            Said("A01", 0, "OLD", "A"),
            Said("A40", 1, "NEW", "OLD"),
            Said("A08", 2, "NEW", "A"),
            Said("A03", 3, "NEW", "A"),
        ],
        "A:H",
        "A:U",
    ),
    History(
        "whoever moves after that leaves the bed of before",
        [
            Said("A01", 0, "OLD", "A"),
            Said("A40", 1, "NEW", "OLD"),
            Said("A02", 2, "NEW", "B"),
            Said("A08", 3, "NEW", "B"),
        ],
        "A:H B:O",
        "A:U B:O",
    ),
    History(
        "a discharge under the number that went",
        [
            Said("A01", 0, "NEW", "A"),
            Said("A47", 1, "NEW", "OLD"),
            Said("A03", 2, "OLD", "A"),
            Said("A13", 3, "NEW", "A"),
        ],
        "A:O",
        "A:O",
    ),
    History(
        "a number that is replaced twice",
        [Said("A01", 0, "P1", "A"), Said("A40", 1, "P2", "P1"), Said("A40", 2, "P3", "P2"), Said("A03", 3, "P3", "A")],
        "A:H",
        "A:U",
    ),
    History(
        "a merge that is told both ways",
        [Said("A01", 0, "P1", "A"), Said("A40", 1, "P2", "P1"), Said("A40", 2, "P1", "P2"), Said("A03", 3, "P2", "A")],
        "A:H",
        "A:U",
    ),
    History(
        "a visit whose number is replaced as well",
        [
            Said("A01", 0, "OLD", "A", visit="V1"),
            Said("A40", 1, "NEW", "OLD", "V1", visit="V2"),
            Said("A08", 2, "NEW", "A", visit="V2"),
            Said("A03", 3, "NEW", "A", visit="V2"),
        ],
        "A:H",
        "A:U",
    ),
    History(
        "two visits of one patient stay two",
        [
            Said("A01", 0, "OLD", "A", visit="V1"),
            Said("A01", 1, "NEW", "A", visit="V2"),
            Said("A40", 2, "NEW", "OLD"),
            Said("A03", 3, "NEW", "A", visit="V2"),
        ],
        "A:O",
        "A:O",
    ),
    History(
        "a patient who is in two beds",
        [
            Said("A01", 0, "OLD", "A", visit="V1"),
            Said("A01", 1, "NEW", "B", visit="V2"),
            Said("A40", 2, "NEW", "OLD"),
            Said("A08", 3, "NEW", "B", visit="V2"),
        ],
        "A:O B:O",
        "A:O B:O",
    ),
]


@pytest.mark.parametrize("merge", MERGES, ids=lambda merge: merge.name)
@pytest.mark.parametrize("provider", ["dev", "noordwal"])
def test_every_order_ends_alike(open_services: Opened, merge: History, provider: str) -> None:
    to = open_services()

    last: list[set[str]] = []
    for story, order in enumerate(permutations(merge.told)):
        for said in order:
            taken = take(said.written(story), to, provider)
            assert taken.refusal is None
        last.append({issue.code for issue in taken.issues} & {TWO_BEDS, TWICE})

    ends = by_story(to)
    assert len(ends) == 24
    assert set(ends) == {merge.freeing if provider == "noordwal" else merge.cleaning}
    first, *others = shown_by_story(to)
    assert all(other == first for other in others)
    assert {TWO_BEDS in codes for codes in last} == {merge.name == "a patient who is in two beds"}


def told(to: Services, *said: Said) -> list[set[str]]:
    """Return what is told of beds, message by message."""
    return [{issue.code for issue in take(one.written(0), to).issues} & {TWO_BEDS, TWICE} for one in said]


def test_the_merge_itself_tells_that_the_patient_is_in_two_beds(services: Services) -> None:
    one, other, merge = (
        Said("A01", 0, "OLD", "A", visit="V1"),
        Said("A01", 1, "NEW", "B", visit="V2"),
        Said("A40", 2, "NEW", "OLD"),
    )

    assert told(services, one, other, merge) == [set(), set(), {TWO_BEDS}]


def test_who_comes_after_the_merge_under_the_number_that_went_is_known_to_be_in_two_beds(services: Services) -> None:
    merge, one, other = (
        Said("A40", 2, "NEW", "OLD"),
        Said("A01", 0, "NEW", "B", visit="V2"),
        Said("A01", 1, "OLD", "A", visit="V1"),
    )

    assert told(services, merge, one, other) == [set(), set(), {TWO_BEDS}]


def test_a_stay_that_goes_on_under_the_other_number_is_no_second_one(services: Services) -> None:
    """Without the merge this would be two visits in one bed, of which the first would never end."""
    said = [
        Said("A01", 0, "OLD", "A"),
        Said("A40", 1, "NEW", "OLD"),
        Said("A08", 2, "NEW", "A"),
        Said("A02", 3, "NEW", "B", "A"),
    ]

    assert told(services, *said) == [set()] * 4
    assert beds(services) == {"W0/1/A": "H", "W0/1/B": "O"}


def test_a_merge_that_says_nothing_of_stays_changes_no_bed(services: Services) -> None:
    take(Said("A01", 0, "OLD", "A").written(0), services)

    (taken,) = take(Said("A40", 1, "NEW", "OTHER").written(0), services).messages

    assert {made.type for made in taken.made} == {"Patient"}
    assert beds(services) == {"W0/1/A": "O"}


def test_a_provider_that_shares_capacity_alone_leaves_no_patient_behind(services: Services) -> None:
    take(Said("A01", 0, "OLD", "A").written(0), services, "noordwal")

    (taken,) = take(Said("A40", 1, "NEW", "OLD").written(0), services, "noordwal").messages
    take(Said("A03", 2, "NEW", "A").written(0), services, "noordwal")

    assert taken.refusal is None
    assert taken.made == []
    assert beds(services) == {"W0/1/A": "U"}
    with services.store.reading() as db:
        ledger = b"".join(bytes(content) for (content,) in db.rows("select content from ledger"))
        assert db.rows("select 1 from current where type = 'Patient'") == []
    assert b"OLD" not in ledger
    assert b"NEW" not in ledger


def test_a_row_of_before_is_read(services: Services) -> None:
    """A store of an earlier version knows of a patient the beds alone."""
    take(Said("A01", 0, "P", "A", visit="V1").written(0), services)
    with services.store.reading() as db:
        ((subject, content),) = db.rows("select subject, content from ledger where subject like 'patient/%'")
    inside = msgspec.msgpack.decode(bytes(content))[0]
    ledger = [(subject, 2, msgspec.msgpack.encode(inside))]
    services.store.write(lambda _: (Batch(b"{}", ledger=ledger), None))

    assert told(services, Said("A01", 1, "P", "B", visit="V2")) == [{TWO_BEDS}]


@pytest.mark.parametrize("seed", range(2))
def test_a_hospital_that_merges_patients_is_right_in_any_order(open_services: Opened, seed: int) -> None:
    messages, truth = merging(seed, 120)
    to = open_services()

    Random(seed).shuffle(messages)
    for one in messages:
        assert take(one, to).refusal is None

    assert beds(to) == truth


def merging(seed: int, count: int) -> tuple[list[bytes], dict[str, str]]:
    """Return messages of a hospital that knows half of its patients by a second number, the merges, and the truth."""
    random = Random(seed)
    hospital = Hospital(random, wards(2))
    messages = [_renumbered(one, random) for one in hospital.week(count)]
    patients = {patient.decode() for one in messages if (patient := _patient(one)).startswith(b"P")}
    for n, number in enumerate(sorted(patients)):
        segments = f"PID|1||{number}^^^ZKH_DUINRAND^PI||Jansen^J||19500101|M", f"MRG|T{number}^^^ZKH_DUINRAND^PI"
        messages.append(message("A40", f"MERGE-{n}", START, *segments))
    return messages, hospital.truth()


def _patient(one: bytes) -> bytes:
    line = next((line for line in one.split(b"\r") if line.startswith(b"PID")), b"PID|||")
    return line.split(b"|")[3].split(b"^")[0].removeprefix(b"T")


def _renumbered(one: bytes, random: Random) -> bytes:
    """Return a message without a visit number, as often as not under the other number of its patient."""
    lines = []
    for line in one.split(b"\r"):
        fields = line.split(b"|")
        if fields[0] == b"PID" and random.random() < 0.5:
            fields[3] = b"T" + fields[3]
        if fields[0] == b"PV1":
            fields[19:] = [b"", *[b""] * 24, b"202512280845"]
        lines.append(b"|".join(fields))
    return b"\r".join(lines)
