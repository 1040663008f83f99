"""The detectors: what they find among honest neighbours, and what they leave alone."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people import helping
from ledger.people.models import Phone, SignInCode
from ledger.rewards import redemptions
from ledger.risk import flags
from ledger.risk.explaining import explain, explain_to_shop
from ledger.risk.models import FlagKind
from tests.ledger.risk.market import tell_four_weeks
from tests.ledger.settlement.office import Office
from tests.stories import Neighbour

HONEST, PAIRS = 200, 3


def kinds(office: Office) -> list[str]:
    return sorted(flag.kind for flag in flags.find_flags(office.id))


def serve(office: Office, person: Neighbour) -> Any:
    """The clerk serves the person, who confirms."""
    return redemptions.confirm(person.actor, office.street.serve(person).id)


# --- F2: a shop and a volunteer together ------------------------------------------------------------------------


def test_f2_three_colluding_pairs_among_two_hundred_are_flagged_and_hardly_anybody_else(office: Office) -> None:
    town = tell_four_weeks(office.street, honest=HONEST, pairs=PAIRS, seed=47)
    found = flags.find_flags(office.id)
    rings = {(flag.member_id, flag.merchant_id) for flag in found if flag.kind == FlagKind.RING}
    assert rings >= {(person.id, stall.merchant_id) for person, stall in town.pairs}
    colluding = {person.id for person, _ in town.pairs}
    wrongly = {flag.member_id for flag in found if flag.member_id} - colluding
    assert len(wrongly) <= HONEST * 2 // 100
    [example] = [flag for flag in found if flag.member_id == town.pairs[0][0].id]
    assert example.facts["count"] == 8
    assert example.facts["of_member"] == 100
    assert f"兑换 8 次、{example.facts['points']} 朵" in explain(example.kind, example.facts, language="zh")
    assert "redeemed 8 times here" in explain(example.kind, example.facts, language="en")
    assert flags.find_flags(office.id) == [], "the same is not flagged twice"


def test_a_small_community_has_nothing_to_compare_a_pair_with(office: Office) -> None:
    regular = office.street.volunteer(400)
    for _ in range(8):
        clock.advance(hours=24)
        office.street.buy(regular)
    assert kinds(office) == []


# --- the other patterns -----------------------------------------------------------------------------------------


def test_one_exchange_is_normal_and_a_second_round_trip_is_flagged(office: Office) -> None:
    buyer = office.street.volunteer(400)
    for expected in ([], ["round_trip"]):
        bought = office.street.buy(buyer)
        clock.advance(minutes=5)
        office.refund(bought)
        clock.advance(minutes=5)
        office.street.buy(buyer)
        assert kinds(office) == expected
        clock.advance(days=1)


def test_five_redemptions_of_one_week_at_night_are_flagged_unless_the_offer_names_its_hours(office: Office) -> None:
    late = office.street.offer(points=10, from_time=time(8), until_time=time(23, 59))
    clock.advance(hours=11, minutes=30)
    for _ in range(4):
        office.buy()
        office.street.buy(office.street.volunteer(10), late)
    assert kinds(office) == []
    office.buy()
    [flag] = flags.find_flags(office.id)
    assert (flag.kind, flag.facts["count"], flag.facts["members"]) == ("after_hours", 5, 5)
    assert "23:00 and 05:00" in explain_to_shop(flag.kind, language="en")


def test_eight_redemptions_of_a_clerk_in_a_minute_are_a_burst_and_a_crowd_at_a_poster_is_none(office: Office) -> None:
    crowd = [office.street.volunteer(100) for _ in range(8)]
    for person in crowd:
        office.street.buy(person)
    assert kinds(office) == []
    clock.advance(minutes=1)
    for person in crowd:
        serve(office, person)
    [flag] = flags.find_flags(office.id)
    assert (flag.kind, flag.facts["count"], flag.facts["at"]) == ("burst", 8, "2026-11-20 12:01")


# --- F12: flowers bought up -------------------------------------------------------------------------------------


@atomic
def signed_in_on(person: Neighbour, device: bytes) -> None:
    """The person's number was proven on this device."""
    phone = db.session.scalars(select(Phone).where(Phone.person_id == person.person_id)).one()
    now = clock.now()
    db.session.add(
        SignInCode(
            id=new_id(),
            phone_index=phone.blind_index,
            address_index=b"a",
            code_hash=b"h",
            tries=0,
            created_at=now,
            expires_at=now + timedelta(minutes=5),
            used_at=now,
            device_index=device,
        )
    )


def test_f12_flowers_bought_up_on_one_phone_are_flagged(office: Office) -> None:
    """Points cannot be given to strangers; who buys them up redeems as their owners, from one phone at one shop."""
    sellers = [office.street.volunteer(100) for _ in range(3)]
    for person in sellers:
        signed_in_on(person, b"one phone")
        for _ in range(2):
            office.street.buy(person)
            clock.advance(hours=1)
    [flag] = flags.find_flags(office.id)
    assert (flag.kind, flag.member_id, flag.facts["members"], flag.facts["count"]) == ("shared_device", None, 3, 6)


def test_f12_flowers_bought_up_by_a_helper_of_many_are_flagged(office: Office) -> None:
    place, buyer = office.street.place, office.street.volunteer(0)
    for number in range(3):
        seller = office.street.volunteer(100, f"邻居{number}")
        link = place.helper_link(seller, buyer)
        helping.agree(buyer.actor, link.id)
        for _ in range(2):
            reserved = office.street.reserve(seller)
            redemptions.confirm(buyer.actor, reserved.id)
            clock.advance(hours=1)
    [flag] = flags.find_flags(office.id)
    assert (flag.kind, flag.facts["members"], flag.facts["count"]) == ("shared_helper", 3, 6)


def test_a_couple_on_one_phone_and_the_phone_of_a_red_station_are_left_alone(office: Office) -> None:
    couple = [office.street.volunteer(200) for _ in range(2)]
    crowd = [office.street.volunteer(40) for _ in range(11)]
    for device, people in ((b"couple", couple), (b"station", crowd)):
        for person in people:
            signed_in_on(person, device)
            office.street.buy(person)
            clock.advance(hours=1 if clock.now().hour < 14 else 10)
    assert "shared_device" not in kinds(office)


def test_every_kind_is_explained_in_both_languages_with_its_own_figures() -> None:
    facts = dict.fromkeys(
        ("days", "count", "points", "members", "of_member", "of_shop", "of_all", "shops", "times", "week", "at"), 7
    )
    for kind in FlagKind:
        for language in ("zh", "en"):
            assert "7" in explain(kind, facts, language=language)
            assert "{" not in explain(kind, facts, language=language) + explain_to_shop(kind, language=language)
