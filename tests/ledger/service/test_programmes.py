"""What a programme earns, and that its rules only change by version."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, VersionChanged
from ledger.core.ids import new_id
from ledger.core.tenancy import Role
from ledger.service.earning import ROUNDINGS, RuleTerms, award_for
from ledger.service.models import Basis
from ledger.service.programmes import (
    change_rule,
    create_programme,
    list_programmes,
    see_programme,
)
from tests.ledger.service.day import NINE, Day
from tests.stories import open_neighbourhood, street_officer

rules = some.builds(
    RuleTerms,
    basis=some.sampled_from(Basis),
    points=some.integers(1, 1000),
    rounding_minutes=some.sampled_from(ROUNDINGS),
    max_points=some.none() | some.integers(1, 5000),
)
times = some.integers(0, 24 * 60)


def per_hour(points: int, **more: int) -> RuleTerms:
    return RuleTerms(Basis.PER_HOUR, points, **more)


@given(rules, times)
def test_an_award_is_never_more_than_the_time_is_worth(rule, minutes):
    award = award_for(rule, minutes)
    worth = rule.points if rule.basis is Basis.PER_VISIT else rule.points * minutes / 60
    assert 0 <= award.points <= worth


@given(rules, times)
def test_an_award_never_exceeds_its_cap(rule, minutes):
    assert rule.max_points is None or award_for(rule, minutes).points <= rule.max_points


@given(rules, times, times)
def test_longer_service_never_earns_less(rule, one, other):
    shorter, longer = sorted((one, other))
    assert award_for(rule, shorter).points <= award_for(rule, longer).points


@given(rules, times)
def test_minutes_stay_exact_whatever_the_rounding(rule, minutes):
    assert award_for(rule, minutes).minutes == minutes


@given(some.integers(1, 1000), some.sampled_from(ROUNDINGS[1:]), times)
def test_rounding_down_earns_what_the_rounded_time_earns(points, rounding, minutes):
    rounded = award_for(per_hour(points, rounding_minutes=rounding), minutes)
    assert rounded.points == award_for(per_hour(points), minutes // rounding * rounding).points


@given(rules, times)
def test_an_explanation_fits_where_it_is_kept_and_names_the_points(rule, minutes):
    award = award_for(rule, minutes)
    assert all(len(words) <= 300 and str(award.points) in words for words in (award.explanation, award.explanation_en))


@pytest.mark.parametrize(
    ("rule", "minutes", "points", "explanation"),
    [
        (per_hour(5), 120, 10, "2 小时 × 5 = 10 朵"),
        (per_hour(5), 119, 9, "1 小时 59 分钟 × 5 = 9 朵"),
        (per_hour(5, rounding_minutes=15), 130, 10, "2 小时 10 分钟，按 15 分钟取整为 2 小时 × 5 = 10 朵"),
        (per_hour(5, max_points=8), 120, 8, "2 小时 × 5 = 10 朵，每次最多 8 朵"),
        (per_hour(5), 0, 0, "0 分钟 × 5 = 0 朵"),
        (RuleTerms(Basis.PER_VISIT, 3), 7, 3, "1 次 × 3 = 3 朵"),
    ],
)
def test_an_award_is_explained_in_a_sentence(rule, minutes, points, explanation):
    award = award_for(rule, minutes)
    assert (award.points, award.explanation) == (points, explanation)


def test_an_award_is_explained_in_english_too():
    assert award_for(per_hour(5, rounding_minutes=15), 130).explanation_en == (
        "2 h 10 min, rounded down to 2 h × 5 = 10 flowers"
    )


def test_a_programme_starts_with_version_one(day: Day):
    found = see_programme(day.place.volunteer().actor, day.programme.id)
    assert (found.programme.name, found.rule.version, found.rule.points) == ("巡逻", 1, 5)


def test_a_name_is_used_once(day: Day):
    with pytest.raises(AlreadyExists):
        create_programme(day.place.admin.actor, "巡逻", terms=per_hour(1))


def test_only_an_admin_makes_programmes(day: Day):
    with pytest.raises(Forbidden):
        create_programme(day.place.coordinator.actor, "送餐", terms=per_hour(1))


def test_a_changed_rule_is_a_new_version(day: Day):
    changed = change_rule(day.place.admin.actor, day.programme.id, version=1, terms=per_hour(7))
    assert (changed.programme.rule_version, changed.rule.points) == (2, 7)


def test_a_rule_cannot_be_changed_by_who_read_an_older_one(day: Day):
    change_rule(day.place.admin.actor, day.programme.id, version=1, terms=per_hour(7))
    with pytest.raises(VersionChanged):
        change_rule(day.place.admin.actor, day.programme.id, version=1, terms=per_hour(8))


def test_only_an_admin_changes_rules(day: Day):
    with pytest.raises(Forbidden):
        change_rule(day.place.stamper.actor, day.programme.id, version=1, terms=per_hour(7))


def test_another_communitys_programme_does_not_exist(day: Day):
    elsewhere = open_neighbourhood("北塔社区")
    with pytest.raises(NotFound):
        change_rule(elsewhere.admin.actor, day.programme.id, version=1, terms=per_hour(7))
    with pytest.raises(NotFound):
        see_programme(elsewhere.admin.actor, day.programme.id)


def test_service_earns_by_the_rule_of_its_own_time(day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    change_rule(day.place.admin.actor, day.programme.id, version=1, terms=per_hour(50))
    day.stamp([visit.id])
    assert member_balance(day.place.id, person.member_id).posted == 10


def test_service_after_the_change_earns_by_the_new_rule(day: Day):
    change_rule(day.place.admin.actor, day.programme.id, version=1, terms=per_hour(50))
    person = day.place.volunteer()
    day.stamped(person)
    assert member_balance(day.place.id, person.member_id).posted == 100


def test_programmes_are_listed_newest_first(day: Day):
    clock.move_to(NINE + timedelta(minutes=1))
    create_programme(day.place.admin.actor, "送餐", terms=per_hour(1))
    names = [found.programme.name for found in list_programmes(day.place.volunteer().actor)]
    assert names == ["送餐", "巡逻"]


def test_a_page_of_programmes_goes_on_after_the_cursor(day: Day):
    create_programme(day.place.admin.actor, "送餐", terms=per_hour(1))
    first = list_programmes(day.place.admin.actor, limit=1)
    rest = list_programmes(day.place.admin.actor, after=first[0].programme.id)
    assert [found.programme.name for found in rest] == ["巡逻"]


def test_the_street_sees_programmes(day: Day):
    assert list_programmes(street_officer(day.place.community).actor)


def test_a_shop_does_not_see_programmes(day: Day):
    from ledger.core.tenancy import Actor, Counter

    clerk = Actor(person_id=new_id(), community_id=day.place.id, counters=(Counter(Role.CLERK, new_id()),))
    with pytest.raises(Forbidden):
        list_programmes(clerk)
