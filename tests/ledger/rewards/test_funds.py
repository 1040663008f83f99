"""Money comes into a fund by grants and leaves it by confirmed redemptions; it is never overspent."""

from __future__ import annotations

import pytest

from ledger.book.accounts import bank_of
from ledger.book.balances import account_balance
from ledger.book.errors import AmountOutOfRange
from ledger.core.errors import AlreadyExists, Forbidden, NotFound
from ledger.rewards import funds, redemptions
from ledger.rewards.funds import FundFigures
from tests.ledger.rewards.street import Street
from tests.stories import open_neighbourhood, street_officer


def test_a_grant_comes_from_the_bank(street: Street):
    funds.grant_money(street.place.admin.actor, street.fund.id, amount_fen=5_000, donor="王总")
    assert account_balance(street.id, bank_of(street.id)) == -105_000
    grants = funds.grants_of(street.place.supervisor.actor, street.fund.id)
    assert [(one.amount_fen, one.donor) for one in grants] == [(5_000, "王总"), (100_000, "红色合伙人")]


def test_figures_follow_a_redemption(street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    assert street.figures() == FundFigures(granted=100_000, reserved=200, spent=0, left=99_800)
    redemptions.confirm(lin.actor, reserved.id)
    assert street.figures() == FundFigures(granted=100_000, reserved=0, spent=200, left=99_800)


def test_an_empty_fund_has_nothing_left(street: Street):
    empty = funds.create_fund(street.place.treasurer.actor, "备用金")
    assert funds.see_fund(street.place.admin.actor, empty.id)[1] == FundFigures(0, 0, 0, 0)
    assert [fund.name for fund, _ in funds.list_funds(street.place.supervisor.actor)] == ["备用金", "微基金"]


def test_two_funds_never_share_a_name(street: Street):
    with pytest.raises(AlreadyExists):
        funds.create_fund(street.place.admin.actor, "微基金")


@pytest.mark.parametrize("amount", [0, -1, 2**53])
def test_a_grant_is_a_positive_amount(street: Street, amount: int):
    with pytest.raises(AmountOutOfRange):
        funds.grant_money(street.place.admin.actor, street.fund.id, amount_fen=amount, donor="王总")


def test_only_the_communitys_own_staff_touch_money(street: Street):
    place = street.place
    officer = street_officer(place.community)
    for person in (street.volunteer(), place.stamper, place.supervisor, street.owner, street.clerk, officer):
        with pytest.raises(Forbidden):
            funds.create_fund(person.actor, "我的基金")
        with pytest.raises(Forbidden):
            funds.grant_money(person.actor, street.fund.id, amount_fen=1, donor="我")
    for person in (street.volunteer(), street.owner, street.clerk):
        with pytest.raises(Forbidden):
            funds.list_funds(person.actor)
    with pytest.raises(NotFound):
        funds.see_fund(open_neighbourhood("北塔社区").admin.actor, street.fund.id)
