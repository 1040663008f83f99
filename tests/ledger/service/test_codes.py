"""Codes at the place, and the grant that a scan of one gives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound
from ledger.core.secrets import ALPHABET
from ledger.service import codes
from ledger.service.activities import cancel_activity
from ledger.service.codes import live_code_now, open_grant, read_scan
from ledger.service.errors import ActivityCancelled, GrantExpired, LiveCodeExpired, UnknownCode
from ledger.service.models import Evidence
from tests.ledger.service.day import NINE, Day
from tests.stories import open_neighbourhood

STEP = timedelta(seconds=codes.STEP_SECONDS)


def test_a_live_code_is_told_from_a_poster_code_by_its_length(day: Day):
    live = live_code_now(day.place.admin.actor, day.activity.id).code
    assert codes.is_live(live)
    assert not codes.is_live(day.activity.poster_code)


def test_a_live_code_is_read_and_typed_without_doubt(day: Day):
    short, _, rest = live_code_now(day.place.admin.actor, day.activity.id).code.partition("-")
    assert short == day.place.community.short_code
    assert len(rest) == 8
    assert set(rest) <= set(ALPHABET)


def test_a_live_code_changes_every_fifteen_seconds(day: Day):
    clock.move_to(NINE)
    first = live_code_now(day.place.admin.actor, day.activity.id)
    clock.move_to(first.expires_at)
    assert first.expires_at == NINE + STEP
    assert live_code_now(day.place.admin.actor, day.activity.id).code != first.code


def test_activities_never_share_a_live_code(day: Day):
    other = day.another_activity()
    assert day.live_code(NINE) != day.live_code(NINE, of=other)


def test_only_those_who_manage_an_activity_show_its_live_code(day: Day):
    for person in (day.place.stamper, day.place.volunteer()):
        with pytest.raises(Forbidden):
            live_code_now(person.actor, day.activity.id)
    with pytest.raises(NotFound):
        live_code_now(open_neighbourhood("北塔社区").admin.actor, day.activity.id)


def test_a_scan_of_the_poster_gives_a_grant_without_sign_in(day: Day):
    scan = read_scan(day.activity.poster_code, nonce="browser")
    grant = open_grant(scan.grant)
    assert (grant.community_id, grant.activity_id, grant.evidence, grant.nonce) == (
        day.place.id,
        day.activity.id,
        Evidence.POSTER,
        "browser",
    )


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_scan_of_the_live_code_allows_one_step_either_way(day: Day, steps):
    clock.move_to(NINE)
    scan = read_scan(day.live_code(NINE + steps * STEP), nonce="browser")
    assert (scan.evidence, scan.activity.id) == (Evidence.LIVE_CODE, day.activity.id)


@pytest.mark.parametrize("steps", [-2, -20])
def test_a_live_code_of_some_minutes_ago_is_called_expired(day: Day, steps):
    clock.move_to(NINE)
    with pytest.raises(LiveCodeExpired):
        read_scan(day.live_code(NINE + steps * STEP), nonce="browser")


@pytest.mark.parametrize("steps", [-21, 2])
def test_a_live_code_of_another_time_is_unknown(day: Day, steps):
    clock.move_to(NINE)
    with pytest.raises(UnknownCode):
        read_scan(day.live_code(NINE + steps * STEP), nonce="browser")


@pytest.mark.parametrize("code", ["", "-", "NOWHERE-ABCDEFGH", "XX-2345678923", "no dash", "红花-红花红花红花红花"])
def test_codes_that_nobody_issued_are_unknown(day: Day, code):
    with pytest.raises(UnknownCode):
        read_scan(code, nonce="browser")


def test_a_code_with_the_right_start_and_a_guessed_rest_is_unknown(day: Day):
    for guess in ("22222222", "2222222222"):
        with pytest.raises(UnknownCode):
            read_scan(f"{day.place.community.short_code}-{guess}", nonce="browser")


def test_a_scan_says_that_the_activity_was_cancelled(day: Day):
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    with pytest.raises(ActivityCancelled):
        read_scan(day.activity.poster_code, nonce="browser")


def test_a_grant_lives_ten_minutes(day: Day):
    clock.move_to(NINE)
    scan = read_scan(day.activity.poster_code, nonce="browser")
    clock.move_to(NINE + timedelta(minutes=9, seconds=59))
    assert open_grant(scan.grant).scanned_at == NINE
    clock.move_to(scan.expires_at)
    with pytest.raises(GrantExpired):
        open_grant(scan.grant)


@pytest.mark.parametrize("forged", ["", ".", "e30.e30", "W10.AAAA", "红花.红花", "a" * 500])
def test_a_grant_that_is_not_ours_is_refused(day: Day, forged):
    with pytest.raises(GrantExpired):
        open_grant(forged)


def test_a_grant_cannot_be_altered(day: Day):
    content, _, signature = read_scan(day.activity.poster_code, nonce="browser").grant.partition(".")
    other, _, _ = read_scan(day.activity.poster_code, nonce="another").grant.partition(".")
    for changed in (f"{other}.{signature}", f"{content}.{signature[:-2]}AA", f"{content}."):
        with pytest.raises(GrantExpired):
            open_grant(changed)
