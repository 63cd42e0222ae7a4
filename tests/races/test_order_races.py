"""The same message from many at once has one effect; late and new ones at once end as they would one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from gateway.services import Services
from gateway.store.contents import figures
from tests.messages import bed_message
from tests.order.conftest import Opened, open_services
from tests.order.hospital import Hospital, wards
from tests.order.stories import STAY
from tests.order.test_absent import by_story
from tests.order.test_merges import merging
from tests.order.test_order import beds, take
from tests.races.senders import SENDERS, send

pytestmark = pytest.mark.slow
__all__ = ["open_services"]


def the_same(_: int) -> Sequence[bytes]:
    return [bed_message("ONE")]


def the_same_id(n: int) -> Sequence[bytes]:
    return [bed_message("ONE", state="O" if n % 2 else "U")]


def a_share(n: int) -> Sequence[bytes]:
    """Return a share of the messages of a small hospital, dealt at random, some of them to two senders."""
    messages = Hospital(Random(5), wards(2)).week(480)
    mine = messages[n::SENDERS] + messages[n % 7 :: 97]
    Random(n).shuffle(mine)
    return mine


def a_share_with_merges(n: int) -> Sequence[bytes]:
    """Return a share of the messages of a hospital that merges patients, dealt at random."""
    messages, _ = merging(3, 200)
    Random(3).shuffle(messages)
    return messages[n::SENDERS]


def a_share_of_stays(n: int) -> Sequence[bytes]:
    """Return a share of the messages of four stays, most of them short, dealt at random."""
    messages = [said.written(f"Q000{story}") for story in range(4) for said in STAY]
    Random(4).shuffle(messages)
    return messages[n::SENDERS]


def test_48_senders_of_one_message_have_one_effect_and_one_answer(services: Services, database_url: str) -> None:
    told = [told for (told,) in send(database_url, the_same)]

    assert all(answer == told[0] for answer in told)
    assert {status for status, *_ in told[0][1]} == {"created"}
    found = figures(services.store)
    assert found.inbox == {"accepted": 1}
    assert found.versions == found.outbox == len(told[0][1])


def test_of_48_senders_of_two_messages_with_one_id_one_half_is_refused(services: Services, database_url: str) -> None:
    told = [told for (told,) in send(database_url, the_same_id)]

    assert Counter(refusal for refusal, *_ in told) == {"": SENDERS // 2, "Conflict": SENDERS // 2}
    assert {tuple(codes) for refusal, _, codes in told if refusal} == {("duplicate-control-id",)}
    assert figures(services.store).inbox == {"accepted": 1, "refused": SENDERS // 2}


def test_late_and_new_messages_at_once_end_as_they_would_one_by_one(services: Services, database_url: str) -> None:
    hospital = Hospital(Random(5), wards(2))
    hospital.week(480)

    told = send(database_url, a_share)

    assert {refusal for answers in told for refusal, *_ in answers} == {""}
    assert beds(services) == hospital.truth()
    found = figures(services.store)
    assert found.inbox == {"accepted": len(hospital.messages)}
    assert found.broken == []


def test_merges_among_the_stays_they_are_about_end_as_they_would_one_by_one(
    services: Services, database_url: str
) -> None:
    told = send(database_url, a_share_with_merges)

    assert {refusal for answers in told for refusal, *_ in answers} == {""}
    assert beds(services) == merging(3, 200)[1]


def test_short_and_whole_messages_at_once_end_as_they_would_one_by_one(
    services: Services, database_url: str, open_services: Opened
) -> None:
    one_by_one = open_services()
    for message in (message for n in range(SENDERS) for message in a_share_of_stays(n)):
        take(message, one_by_one)

    told = send(database_url, a_share_of_stays)

    assert {refusal for answers in told for refusal, *_ in answers} == {""}
    assert by_story(services) == by_story(one_by_one)
