from __future__ import annotations

from gateway.access.policy import Caller, development_caller, may_read, may_send, may_write, visible

WARD = Caller("00000001", "ward.example", providers=frozenset({"ward"}), types=frozenset({"Slot"}))


def test_the_development_caller_may_everything_and_says_what_it_is() -> None:
    caller = development_caller()

    assert caller.development
    assert may_write(caller, "Patient")
    assert may_read(caller, "Patient")
    assert may_send(caller, "anyone")
    assert visible(caller).admits("Patient")


def test_a_caller_may_what_it_was_given() -> None:
    assert (may_write(WARD, "Slot"), may_read(WARD, "Slot"), may_send(WARD, "ward")) == (True, True, True)
    assert (may_write(WARD, "Patient"), may_read(WARD, "Patient"), may_send(WARD, "other")) == (False, False, False)
    assert visible(WARD).types == frozenset({"Slot"})


def test_without_a_list_of_types_it_may_all_and_still_sends_only_as_itself() -> None:
    caller = Caller("00000001", "hub.example")

    assert may_write(caller, "Patient")
    assert not may_send(caller, "ward")
