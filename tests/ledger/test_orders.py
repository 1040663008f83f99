"""Every order of every list: pages of one row make the whole list, and a row that ended a page may go meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from ledger.book import reading
from ledger.book.reversal_reading import list_reversals
from ledger.book.reversal_requests import ask_reversal
from ledger.core import audit
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.orders import Age
from ledger.core.tenancy import Actor
from ledger.people import corrections, households, imports, inbox, teams
from ledger.people.correction_models import About, CorrectionState
from ledger.people.households import HouseholdOrder
from ledger.people.members import MemberOrder, list_members
from ledger.people.notices import declare, tell
from ledger.people.teams import TeamOrder
from ledger.recognition import certificates
from ledger.rewards import merchants, offers, vouchers
from ledger.rewards.merchants import MerchantOrder, list_merchants
from ledger.rewards.offers import OfferOrder, list_offers
from ledger.rewards.receipts import RedemptionOrder, list_redemptions
from ledger.rewards.voucher_reading import VoucherOrder, list_vouchers
from ledger.service import feedback, feedback_reading, objections, visit_notes
from ledger.service.activities import ActivityOrder, list_activities
from ledger.service.feedback_reading import Wanted
from ledger.service.models import CheckinState, Decision, Evidence, FollowUp
from ledger.service.objection_models import Grievance, ObjectionState
from ledger.service.queue import list_checkins
from ledger.service.stamps import stamp_checkins
from ledger.service.waiting import QueueFilter, QueueOrder, list_waiting
from ledger.settlement.reading import SettlementOrder, list_settlements
from tests.ledger.people.importing import check as check_file
from tests.ledger.people.importing import csv_of
from tests.ledger.rewards.street import open_street
from tests.ledger.service.day import ELEVEN, NINE, open_day
from tests.ledger.service.doors import LAMP, open_doors
from tests.ledger.service.feedback_giving import give, leader
from tests.ledger.settlement.office import NEXT_WEEK, THIS_WEEK, Office

Read = Callable[..., Sequence[Any]]
Key = Callable[[Any], Any]

HOUR = timedelta(hours=1)

TOLD = declare("test.sorted", zh="记了 {points} 朵。", en="{points} points were written.")
said = atomic(tell)

AGE: Key = lambda _row: 0  # noqa: E731
"""All are alike: ids decide."""


def pages(read: Read, actor: Actor, key: Callable[[Any], UUID], order: Any) -> list[UUID]:
    """The ids of the list, read one by one."""
    seen: list[UUID] = []
    while found := read(actor, order=order, after=seen[-1] if seen else None, limit=1):
        seen += [key(row) for row in found]
    return seen


def check(read: Read, actor: Actor, key: Callable[[Any], UUID], sorts: dict[Any, tuple[Key, bool]]) -> None:
    """Each order is the whole list sorted by what it says (those alike by id), read at once and one by one."""
    every = read(actor, order=next(iter(sorts)), limit=100)
    assert len(every) > 3
    for order, (by, falls) in sorts.items():
        told = [key(row) for row in sorted(every, key=lambda row: (by(row), key(row)), reverse=falls)]
        assert [key(row) for row in read(actor, order=order, limit=100)] == told, order
        assert pages(read, actor, key, order) == told, order
        assert by is AGE or read(actor, order=order, after=new_id(), limit=100) == [], "of nobody's place"


def test_members_are_sorted(context: Flask) -> None:
    place = open_day().place
    for name in ("赵一", "阿明", "赵一", "Bo", "林秀芳"):
        place.volunteer(name)
    sorts = {MemberOrder.NEWEST: (AGE, True), MemberOrder.NAME: (lambda row: row[0].sort_key, False)}
    check(list_members, place.admin.actor, lambda row: row[0].id, sorts)


def test_activities_are_sorted(context: Flask) -> None:
    day = open_day()
    for hours in (3, 1, 3, 2):
        day.another_activity(starts_at=NINE + hours * HOUR, ends_at=ELEVEN + hours * HOUR)
    starts: Key = lambda view: view.activity.starts_at  # noqa: E731
    sorts = {
        ActivityOrder.NEWEST: (AGE, True),
        ActivityOrder.EARLIEST: (starts, False),
        ActivityOrder.LATEST: (starts, True),
    }
    check(list_activities, day.place.admin.actor, lambda view: view.activity.id, sorts)


def test_shops_are_sorted(context: Flask) -> None:
    street = open_street()
    for name in ("张记修鞋", "阿香理发", "张记修鞋", "Bakery"):
        merchants.create_merchant(street.place.admin.actor, name, trade="店")
    sorts = {MerchantOrder.NEWEST: (AGE, True), MerchantOrder.NAME: (lambda shop: shop.sort_key, False)}
    check(list_merchants, street.place.admin.actor, lambda shop: shop.id, sorts)
    named = [shop.name for shop in list_merchants(street.place.admin.actor, order=MerchantOrder.NAME)]
    assert named == ["阿香理发", "Bakery", "麦香面包", "张记修鞋", "张记修鞋"]


def test_offers_are_sorted_by_the_points_in_force(context: Flask) -> None:
    street = open_street()
    for price in (5, 20, 50):
        street.offer(points=price)
    street.change(street.loaf, points=7)
    points: Key = lambda view: view.terms.points  # noqa: E731
    sorts = {
        OfferOrder.NEWEST: (AGE, True),
        OfferOrder.CHEAPEST: (points, False),
        OfferOrder.DEAREST: (points, True),
    }
    actor = street.volunteer().actor
    check(list_offers, actor, lambda view: view.terms.offer_id, sorts)
    cheapest = list_offers(actor, order=OfferOrder.CHEAPEST, limit=1)[0].terms
    offers.end_offer(street.place.admin.actor, cheapest.offer_id)
    following = list_offers(actor, order=OfferOrder.CHEAPEST, after=cheapest.offer_id, limit=1)
    assert following[0].terms.points == 7, "what ended meanwhile still has its place"


def test_redemptions_are_sorted(context: Flask) -> None:
    street = open_street()
    for price in (20, 5, 20, 50):
        street.buy(street.volunteer(price), street.offer(points=price))
    sorts = {
        RedemptionOrder.NEWEST: (AGE, True),
        RedemptionOrder.OLDEST: (AGE, False),
        RedemptionOrder.MOST: (lambda one: one.redemption.points, True),
    }
    check(list_redemptions, street.place.treasurer.actor, lambda one: one.redemption.id, sorts)


def test_the_desk_of_the_stamper_is_sorted(context: Flask) -> None:
    day = open_day()
    for name in ("赵一", "阿明", "赵一"):
        day.served(day.place.volunteer(name))
    day.served_late(day.place.volunteer("林秀芳"))
    ranks = list(Evidence)
    sorts: dict[Any, tuple[Key, bool]] = {
        QueueOrder.EVIDENCE: (lambda row: -ranks.index(row.checkin.evidence), True),
        QueueOrder.NEWEST: (AGE, True),
        QueueOrder.OLDEST: (AGE, False),
        QueueOrder.NAME: (lambda row: row.member.sort_key, False),
        QueueOrder.LONGEST: (lambda row: row.checkin.minutes or 0, True),
    }

    def read(actor: Actor, **asked: Any) -> Sequence[Any]:
        return list_waiting(actor, QueueFilter(), **asked)

    check(read, day.place.stamper.actor, lambda row: row.checkin.id, sorts)
    checkins: dict[Any, tuple[Key, bool]] = {Age.NEWEST: (AGE, True), Age.OLDEST: (AGE, False)}
    check(list_checkins, day.place.admin.actor, lambda view: view.checkin.id, checkins)


@pytest.mark.parametrize("order", QueueOrder)
def test_a_page_of_the_desk_goes_on_behind_a_visit_stamped_meanwhile(context: Flask, order: QueueOrder) -> None:
    day = open_day()
    for name in ("赵一", "阿明", "林秀芳"):
        day.served(day.place.volunteer(name))
    actor = day.place.stamper.actor
    first, *rest = list_waiting(actor, QueueFilter(), order=order)
    stamp_checkins(actor, [first.checkin.id], decision=Decision.STAMP)
    following = list_waiting(actor, QueueFilter(), order=order, after=first.checkin.id)
    assert [one.checkin.id for one in following] == [one.checkin.id for one in rest]
    assert list_checkins(actor, status=CheckinState.STAMPED)[0].checkin.id == first.checkin.id


def test_statements_are_sorted(context: Flask) -> None:
    street = open_street()
    office = Office(street)
    for week in (THIS_WEEK, NEXT_WEEK):
        office.buy(points=20 if week == THIS_WEEK else 50)
        office.close(week)
    office.buy()
    office.buy(points=50)
    office.close("2026-W49")
    office.buy()
    office.close("2026-W50")
    sorts: dict[Any, tuple[Key, bool]] = {
        SettlementOrder.NEWEST: (AGE, True),
        SettlementOrder.SHOP: (lambda row: row[1].sort_key, False),
        SettlementOrder.MOST: (lambda row: row[0].payable_fen, True),
    }
    check(list_settlements, street.place.treasurer.actor, lambda row: row[0].id, sorts)


def test_vouchers_are_sorted_by_their_last_day(context: Flask) -> None:
    street = open_street()
    for days in (30, 7, 30, 90):
        vouchers.buy(street.volunteer(20).actor, street.offer(voucher_days=days).id)
    sorts: dict[Any, tuple[Key, bool]] = {
        VoucherOrder.NEWEST: (AGE, True),
        VoucherOrder.ENDING: (lambda view: view.voucher.valid_until, False),
    }
    check(list_vouchers, street.place.treasurer.actor, lambda view: view.voucher.id, sorts)


def test_what_is_worked_down_by_age_is_sorted_as_asked(context: Flask) -> None:
    day = open_day()
    actor = day.place.admin.actor
    for name in ("赵一", "阿明", "林秀芳", "王强"):
        person = day.place.volunteer(name)
        visit = day.served(person)
        objections.raise_objection(person.actor, visit.id, reason=Grievance.MINUTES, words="")
    sorts: dict[Any, tuple[Key, bool]] = {Age.NEWEST: (AGE, True), Age.OLDEST: (AGE, False)}
    check(audit.list_lines, actor, lambda line: line.id, sorts)
    check(objections.list_objections, actor, lambda view: view.objection.id, sorts)
    waiting = partial(objections.list_objections, status=ObjectionState.ASKED)
    check(waiting, actor, lambda view: view.objection.id, sorts)
    assert waiting(actor) == waiting(actor, order=Age.OLDEST), "unasked, what waits is worked down from the oldest"


BY_AGE: dict[Any, tuple[Key, bool]] = {Age.NEWEST: (AGE, True), Age.OLDEST: (AGE, False)}


def test_households_are_sorted_by_pinyin_and_by_number(context: Flask) -> None:
    place = open_day().place
    names = ("12 号楼 501", "3 号楼 1001", "张家", "3 号楼 501", "阿明家", "张家")
    homes = {
        households.form_household(place.admin.actor, name, member_ids=[place.volunteer(name).member_id]).id: name
        for name in names
    }
    renamed = next(iter(homes))
    households.rename_household(place.admin.actor, renamed, "2 号楼 501")
    empty = households.form_household(place.admin.actor, "空户", member_ids=[])

    def read(actor: Actor, **asked: Any) -> Sequence[Any]:
        return list(households.households_of(actor.tenant, **asked))

    sorts: dict[Any, tuple[Key, bool]] = {
        HouseholdOrder.NEWEST: (AGE, True),
        HouseholdOrder.NAME: (lambda home: home.sort_key, False),
    }
    check(read, place.admin.actor, lambda home: home.id, sorts)
    inhabited = read(place.admin.actor, order=HouseholdOrder.NAME, with_empty=False)
    assert [home.name for home in inhabited] == ["2 号楼 501", "3 号楼 501", "3 号楼 1001", "阿明家", "张家", "张家"]
    following = read(place.admin.actor, order=HouseholdOrder.NAME, with_empty=False, after=empty.id)
    assert [home.name for home in following] == ["张家", "张家"], "a row that left the list still has its place"


def test_teams_are_sorted(context: Flask) -> None:
    place = open_day().place
    lin = place.volunteer("林秀芳")
    for name in ("晚霞", "阿明的队", "晚霞", "Bo"):
        teams.form_team(place.admin.actor, name, unit_id=place.grid.id, leader_id=lin.member_id)
    newest = teams.list_teams(place.admin.actor)[0].team
    teams.change_team(place.admin.actor, newest.id, name="朝阳")
    sorts: dict[Any, tuple[Key, bool]] = {
        TeamOrder.NEWEST: (AGE, True),
        TeamOrder.NAME: (lambda view: view.team.sort_key, False),
    }
    check(teams.list_teams, place.admin.actor, lambda view: view.team.id, sorts)
    named = [view.team.name for view in teams.list_teams(place.admin.actor, order=TeamOrder.NAME)]
    assert named == ["阿明的队", "晚霞", "晚霞", "朝阳"]


def test_notices_are_sorted(context: Flask) -> None:
    lin = open_day().place.volunteer("林秀芳")
    for number in range(4):
        said(lin.actor.tenant, lin.person_id, TOLD, points=number)
    check(inbox.list_notices, lin.actor, lambda seen: seen.notice.id, BY_AGE)
    first = inbox.list_notices(lin.actor, unread=True, order=Age.OLDEST, limit=1)[0].notice
    inbox.read_notice(lin.actor, first.id)
    following = inbox.list_notices(lin.actor, unread=True, order=Age.OLDEST, after=first.id)
    assert len(following) == 3, "what was read meanwhile still has its place"


def test_corrections_and_certificates_are_sorted(context: Flask) -> None:
    day = open_day()
    admin = day.place.admin.actor
    for name in ("赵一", "阿明", "林秀芳", "王强"):
        person = day.place.volunteer(name)
        day.stamped(person)
        corrections.ask_correction(person.actor, About.NAME, f"{name}二")
        day_served = NINE.date()
        certificates.ask_certificate(
            person.actor, member_id=person.member_id, starts_on=day_served, ends_on=day_served, purpose="入学申请"
        )
    check(corrections.list_corrections, admin, lambda view: view.correction.id, BY_AGE)
    check(certificates.list_certificates, admin, lambda view: view.certificate.id, BY_AGE)
    asked = corrections.list_corrections(admin, status=CorrectionState.ASKED, order=Age.OLDEST)
    corrections.make_correction(admin, asked[0].correction.id)
    following = corrections.list_corrections(
        admin, status=CorrectionState.ASKED, order=Age.OLDEST, after=asked[0].correction.id
    )
    assert [view.correction.id for view in following] == [view.correction.id for view in asked[1:]]


def test_imports_are_sorted(context: Flask) -> None:
    place = open_day().place
    for _ in range(4):
        check_file(place, csv_of("李强,,,"))
    check(imports.list_imports, place.admin.actor, lambda row: row.id, BY_AGE)


def test_visit_notes_are_sorted(context: Flask) -> None:
    doors = open_doors(open_day())
    for days in range(4):
        doors.come(0, NINE + days * 24 * HOUR)
        doors.go(0, NINE + days * 24 * HOUR + HOUR, LAMP)
    actor = doors.day.place.coordinator.actor
    read = partial(visit_notes.list_notes, follow_up=FollowUp.OPEN)
    check(read, actor, lambda noted: noted.checkin.id, BY_AGE)
    first, *rest = read(actor, order=Age.OLDEST)
    visit_notes.close_follow_up(actor, first.checkin.id)
    following = read(actor, order=Age.OLDEST, after=first.checkin.id)
    assert [one.checkin.id for one in following] == [one.checkin.id for one in rest]


def test_requests_of_reversals_are_sorted(context: Flask) -> None:
    street = open_street()
    actor = street.place.admin.actor
    lin = street.volunteer(20)
    award = next(one for one in reading.list_transfers(lin.actor) if one.code == "award")
    for _ in range(4):
        ask_reversal(actor, award.id, reason="记了两次", amount=1)
    check(list_reversals, actor, lambda seen: seen[0].id, BY_AGE)


def test_feedback_is_sorted_by_age_and_unasked_what_waits_by_its_due(context: Flask) -> None:
    place = open_day().place
    for name in ("赵一", "阿明", "林秀芳", "王强"):
        give(place, leader(place, name))
    actor = place.admin.actor
    check(feedback_reading.list_feedback, actor, lambda view: view.feedback.id, BY_AGE)
    waiting = partial(feedback_reading.list_feedback, status=Wanted.WAITING)
    by_due: dict[Any, tuple[Key, bool]] = {None: (lambda view: view.feedback.due_at, False)}
    check(waiting, actor, lambda view: view.feedback.id, by_due)
    check(waiting, actor, lambda view: view.feedback.id, BY_AGE)
    first, *rest = waiting(actor)
    feedback.answer_feedback(actor, first.feedback.id, answer="换了")
    assert [view.feedback.id for view in waiting(actor, after=first.feedback.id)] == [view.feedback.id for view in rest]
