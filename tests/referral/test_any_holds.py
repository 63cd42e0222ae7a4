"""Whatever is asked of one place in whatever order: nobody shares it, and no hold that was given vanishes silently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.access.policy import Caller
from gateway.errors import Conflict, Forbidden, InvalidResource
from gateway.referral import holds
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.store.contents import figures
from gateway.store.records import microseconds
from gateway.transact.holds import Hold, ended, live
from gateway.validation import Validator
from tests.conftest import NOW, counted, library
from tests.referral.test_holds import VVT, ZCC, World, appointment, slot

CALLERS = (ZCC, VVT)
REQUESTS = ("r1", "r2")
_VALIDATOR = Validator()


class Step(NamedTuple):
    """Something that is asked, by whom, and of what."""

    what: str
    caller: Caller = ZCC
    name: str = "r1"


_ANY_CALLER, _ANY_REQUEST = st.sampled_from(CALLERS), st.sampled_from(REQUESTS)
STEPS = st.one_of(
    st.builds(Step, st.just("hold"), _ANY_CALLER, _ANY_REQUEST),
    st.builds(Step, st.sampled_from(["extend", "release"]), _ANY_CALLER),
    st.builds(Step, st.sampled_from(["book", "cancel"]), _ANY_CALLER, _ANY_REQUEST),
    st.builds(Step, st.just("feed"), st.just(VVT), st.sampled_from(["free", "busy", "busy-tentative"])),
    st.builds(Step, st.just("later"), st.just(ZCC), st.sampled_from(["1", "15", "240"])),
    st.just(Step("end")),
)


class Model:
    """What was acknowledged, beside the gateway that acknowledged it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.given: list[tuple[str, str]] = []  # by whom and for what a hold was given, in order
        self.booked: set[str] = set()
        self.said = 0

    @property
    def held(self) -> Hold | None:
        """Return the hold whose time has not passed."""
        found = live(self.world.slot())
        return found if found and not found.is_over(microseconds(self.world.now())) else None

    def ask(self, step: Step) -> None:
        before = self.held
        try:
            self._asked(step)
        except (Conflict, Forbidden, InvalidResource):
            return
        if step.what == "hold" and (before is None or before.by != step.caller.organisation):
            assert before is None
            self.given.append((step.caller.organisation, f"ServiceRequest/{step.name}"))
        if step.what == "end":
            left = live(self.world.slot())
            assert left is None or left.until > microseconds(self.world.now())
        if step.what in {"extend", "release"}:
            assert before is not None
            assert before.by == step.caller.organisation
        if step.what == "book":
            name = f"{step.caller.organisation}-{step.name}"
            taken = before is not None and (before.by, before.request) != (
                step.caller.organisation, f"ServiceRequest/{step.name}",
            )  # fmt: skip
            assert name in self.booked or not taken
            self.booked.add(name)
        elif step.what == "cancel":
            self.booked.discard(f"{step.caller.organisation}-{step.name}")

    def _asked(self, step: Step) -> None:
        world, booking = self.world, f"{step.caller.organisation}-{step.name}"
        match step.what:
            case "hold":
                world.hold(step.caller, step.name)
            case "extend":
                world.extend(step.caller)
            case "release":
                world.release(step.caller)
            case "book":
                world.put(appointment(booking, based=step.name), caller=step.caller)
            case "cancel":
                world.put(appointment(booking, "cancelled", based=step.name), caller=step.caller)
            case "feed":
                self.said += 1
                world.put(slot(step.name, comment=str(self.said)))
            case "later":
                world.later(int(step.name))
            case "end":
                holds.end_due(world.to)

    def check(self) -> None:
        assert len(self.booked) <= 1
        versions = [self.world.slot(n + 1) for n in range(int(self.world.slot()["meta"]["versionId"]))]
        ends = [over for version, before in zip(versions[1:], versions, strict=False)
                if live(before) and (over := ended(version))]  # fmt: skip
        now = [hold for hold in [live(versions[-1])] if hold]
        assert [(hold.by, hold.request) for hold in (*ends, *now)] == self.given
        assert all(version["status"] == "busy-tentative" for version in versions if live(version))
        letters = [one["category"][0]["coding"][0]["code"] for one in self.world.letters()]
        assert letters == [hold.ended for hold in ends if hold.ended in {"expired", "overruled"}]


@contextmanager
def opened() -> Iterator[Model]:
    with closing(open_store("sqlite://")) as store:
        to = Services(Settings(database="sqlite://"), store, _VALIDATOR, library(), lambda: NOW, counted())
        yield Model(World(to))


@settings(max_examples=100, deadline=None)
@example([Step("hold"), Step("later", name="15"), Step("hold"), Step("hold")])
@given(st.lists(STEPS, min_size=10, max_size=30))
def test_no_place_is_shared_and_every_hold_has_an_end_that_is_told(steps: list[Step]) -> None:
    with opened() as model:
        for step in steps:
            model.ask(step)
            model.check()
        assert figures(model.world.to.store).broken == []
