"""What is told of beds: each by its Location, and by the names that its source gives it."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import Issue

Labels = Mapping[str, str]
"""Beds: the ids of their Locations, and what their source calls them."""

_TWO_BEDS = "this patient is in more than one bed now: {}; all of them stay occupied"
_SHARED = "more than one visit is in this bed now: {}; it stays occupied until all of them have left"
_PRIOR = "PV1-6 names no bed and none is known of this visit: no bed is freed by this transfer"
_UNLISTED_ONE = "this list no longer has a bed that an earlier one had; it is not offered any more: {}"
_UNLISTED = "this list no longer has {} beds that an earlier one had; they are not offered any more: {}"
_REPORTED_ONE = "this list no longer has a bed that an earlier one had; nothing was changed: {}"
_REPORTED = "this list no longer has {} beds that an earlier one had; nothing was changed: {}"
_MOST_LOCATED = 20


def in_two_beds(beds: Labels) -> Issue:
    """Return that a patient is in several beds."""
    return _warning("patient-in-two-beds", _TWO_BEDS.format(_located(beds)), beds)


def occupied_twice(beds: Labels) -> Issue:
    """Return that several visits are in a bed."""
    return _warning("bed-occupied-twice", _SHARED.format(_located(beds)), beds)


def not_listed(beds: Labels) -> Issue:
    """Return that a list left beds out, and that they are closed."""
    return _warning("bed-not-listed", _counted(_UNLISTED_ONE, _UNLISTED, beds), beds)


def only_reported(beds: Labels) -> Issue:
    """Return that a list left beds out, of a provider whose beds stay as they are then."""
    return _warning("bed-not-listed", _counted(_REPORTED_ONE, _REPORTED, beds), beds)


def prior_bed_unknown() -> Issue:
    """Return that nobody knows which bed a transfer left."""
    return _warning("prior-bed-unknown", _PRIOR, {})


def _warning(code: str, text: str, beds: Labels) -> Issue:
    return Issue(code, text, "warning", about=tuple(sorted(beds.values())))


def _counted(one: str, several: str, beds: Labels) -> str:
    return one.format(_located(beds)) if len(beds) == 1 else several.format(len(beds), _located(beds))


def _located(beds: Labels) -> str:
    """Return some beds by their Locations, in the order of their names, and how many more there are."""
    ids = sorted(beds, key=lambda id_: (beds[id_], id_))
    more = f" and {len(ids) - _MOST_LOCATED} more" if len(ids) > _MOST_LOCATED else ""
    return ", ".join(f"Location/{id_}" for id_ in ids[:_MOST_LOCATED]) + more
