"""The grade of a sighting, without a database: place, time and hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.service.evidence import SENTENCES, Location, Review, Sighting, distance_bucket, grade
from ledger.service.models import Activity, Evidence
from tests.ledger.service.day import NINE, PLACE_E6, SECOND

HERE = Location(PLACE_E6[0] / 1e6, PLACE_E6[1] / 1e6)
DEGREE_METRES = 111_195
"""A degree of latitude."""


def site(**position: int | None) -> Activity:
    latitude, longitude = PLACE_E6
    return Activity(**({"latitude_e6": latitude, "longitude_e6": longitude} | position))


def north_by(metres: float) -> Location:
    return Location(HERE.latitude + metres / DEGREE_METRES, HERE.longitude)


@pytest.mark.parametrize(
    ("metres", "bucket"),
    [(0, "100m"), (99, "100m"), (101, "300m"), (299, "300m"), (301, "1km"), (999, "1km"), (1001, "far")],
)
def test_a_position_becomes_a_bucket(metres, bucket):
    assert distance_bucket(site(), north_by(metres)) == bucket


def test_without_a_position_there_is_no_distance():
    assert distance_bucket(site(), None) is None
    assert distance_bucket(site(latitude_e6=None), HERE) is None


@pytest.mark.parametrize("there", [Location(-38.486, -73.722), Location(90, 0), Location(-90, 180)])
def test_the_other_end_of_the_world_is_far(there):
    assert distance_bucket(site(), there) == "far"


@pytest.mark.parametrize(
    ("basis", "distance", "grade_expected"),
    [
        (Evidence.POSTER, "100m", Evidence.POSTER_LOCATED),
        (Evidence.POSTER, "300m", Evidence.POSTER_LOCATED),
        (Evidence.POSTER, "1km", Evidence.POSTER),
        (Evidence.POSTER, "far", Evidence.POSTER),
        (Evidence.POSTER, None, Evidence.POSTER),
        (Evidence.LIVE_CODE, "100m", Evidence.LIVE_CODE),
        (Evidence.LIVE_CODE, "far", Evidence.LIVE_CODE),
        (Evidence.COORDINATOR_SCAN, None, Evidence.COORDINATOR_SCAN),
    ],
)
def test_a_position_lifts_the_poster_and_nothing_else(basis, distance, grade_expected):
    seen = Sighting(basis=basis, happened_at=NINE, received_at=NINE, distance=distance)
    assert grade(seen)[0] is grade_expected


def test_a_far_position_is_pointed_out():
    seen = Sighting(basis=Evidence.LIVE_CODE, happened_at=NINE, received_at=NINE, distance="far")
    assert grade(seen)[1] == [Review.FAR_AWAY]


@pytest.mark.parametrize("basis", [Evidence.COORDINATOR_SCAN, Evidence.LIVE_CODE, Evidence.POSTER])
@pytest.mark.parametrize(
    "sighting",
    [
        {"by_hand": True},
        {"recorded_own": True},
        {"received_at": NINE + timedelta(hours=72) + SECOND},
        {"received_at": NINE - timedelta(minutes=15) - SECOND},
        {"witnessed_at": NINE + timedelta(minutes=15) + SECOND},
        {"witnessed_at": NINE - timedelta(minutes=15) - SECOND},
    ],
)
def test_what_is_entered_by_hand_late_or_by_a_wrong_clock_is_a_late_entry(basis, sighting):
    asked = {"basis": basis, "happened_at": NINE, "received_at": NINE, "distance": "100m"} | sighting
    assert grade(Sighting(**asked))[0] is Evidence.LATER


def test_every_reason_has_its_sentence_in_both_languages():
    assert set(SENTENCES) == set(Review)
    assert all(zh and en for zh, en in SENTENCES.values())
