"""Who may read which accounts and transfers, in which order and pages; and the view of both sides as entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from ledger.book import reading
from ledger.book.accounts import accounts_of_member, accounts_of_merchant, debt_of, hours_of, wallet_of
from ledger.book.codes import Code, Kind
from ledger.book.models import Transfer
from ledger.book.reading import Standing, TransferFilter
from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Counter, Grant, Role
from tests.ledger.book.town import Town, evidence, open_town
from tests.owning import owner

LIN, GANG = 0, 1
MORNING = datetime(2026, 10, 12, tzinfo=UTC)
WHOLE = (Role.ADMIN, Role.TREASURER, Role.SUPERVISOR, Role.STREET)


@pytest.fixture
def told(town: Town) -> Iterator[Town]:
    """A minute each: both members served, one bought something and gave the pot a flower; a grant in the fund."""
    lin, gang = town.member_ids
    with clock.set_to(MORNING):
        for draft in (
            town.award_of(lin, 10),
            town.award_of(gang, 7),
            town.spending_of(lin, 4),
            town.donation_of(lin, 1),
            town.grant_of(500),
        ):
            town.post(draft)
            clock.advance(minutes=1)
        yield town


def staff(town: Town, role: Role = Role.ADMIN) -> Actor:
    return replace(town.actor, grants=(Grant(role),))


def member(town: Town, number: int) -> Actor:
    return replace(town.actor, member_id=town.member_ids[number])


def behind_the_counter(town: Town, role: Role) -> Actor:
    return replace(town.actor, counters=(Counter(role, town.merchant_id),))


def codes(found: list[Transfer]) -> list[str]:
    return [transfer.code for transfer in found]


def ids_of(town: Town, *keys: object) -> set[UUID]:
    return {key.id_in(town.id) for key in keys}  # type: ignore[attr-defined]


# --- accounts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", WHOLE)
def test_who_sees_the_whole_community_sees_every_account(told: Town, role: Role) -> None:
    assert reading.visible_accounts(staff(told, role)) is None


def test_a_member_sees_their_own_accounts_alone(told: Town) -> None:
    seen = reading.list_accounts(member(told, LIN))
    assert {account.id for account in seen} == ids_of(told, *accounts_of_member(told.member_ids[LIN]))


def test_an_owner_sees_the_shops_accounts_and_a_clerk_none(told: Town) -> None:
    seen = reading.list_accounts(behind_the_counter(told, Role.OWNER))
    assert {account.id for account in seen} == ids_of(told, *accounts_of_merchant(told.merchant_id))
    with pytest.raises(Forbidden):
        reading.list_accounts(behind_the_counter(told, Role.CLERK))


def test_a_clerk_who_is_a_member_sees_only_their_own(told: Town) -> None:
    both = replace(behind_the_counter(told, Role.CLERK), member_id=told.member_ids[LIN])
    assert set(reading.visible_accounts(both) or ()) == ids_of(told, *accounts_of_member(told.member_ids[LIN]))


def test_nobody_sees_the_accounts_of_another_community(told: Town) -> None:
    elsewhere = open_town(members=1)
    assert not {one.id for one in reading.list_accounts(staff(elsewhere))} & {
        one.id for one in reading.list_accounts(staff(told))
    }


def test_accounts_come_in_pages_without_a_gap(told: Town) -> None:
    everything = [one.id for one in reading.list_accounts(staff(told), limit=50)]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 15
    first = reading.list_accounts(staff(told), limit=5)
    second = reading.list_accounts(staff(told), limit=50, before=first[-1].id)
    assert [one.id for one in (*first, *second)] == everything


def test_accounts_of_a_kind_are_listed_newest_holder_first(told: Town) -> None:
    lin, gang = told.member_ids
    wallets = reading.list_accounts_of(staff(told), [Kind.WALLET])
    assert [one.owner_id for one in wallets] == [gang, lin]
    both = reading.list_accounts_of(staff(told), [Kind.WALLET, Kind.DEBT])
    assert [(one.owner_id, one.kind) for one in both] == [
        (gang, "wallet"), (gang, "debt"), (lin, "wallet"), (lin, "debt"),
    ]  # fmt: skip
    rest = reading.list_accounts_of(staff(told), [Kind.WALLET, Kind.DEBT], before=both[0].id, limit=2)
    assert [one.id for one in rest] == [one.id for one in both[1:3]]


def test_accounts_of_some_holders_are_listed(told: Town) -> None:
    of_lin = reading.list_accounts_of(staff(told), list(Kind), owner_ids=[told.member_ids[LIN]])
    assert {one.kind for one in of_lin} == {"wallet", "debt", "hours"}
    assert reading.list_accounts_of(staff(told), list(Kind), owner_ids=[]) == []
    assert reading.list_accounts_of(member(told, GANG), [Kind.WALLET], owner_ids=[told.member_ids[LIN]]) == []


def test_how_accounts_stand_whether_their_balance_is_stored_or_summed(told: Town) -> None:
    told.hold(wallet_of(told.member_ids[LIN]), 2)
    accounts = reading.list_accounts(staff(told))
    standings = reading.standings_of(told.id, accounts)
    found = {(account.owner_id, account.kind, account.unit): standings[account.id] for account in accounts}
    lin, gang = told.member_ids
    assert found[lin, "wallet", "points"] == Standing(balance=5, held=2)
    assert found[gang, "wallet", "points"] == Standing(balance=7, held=0)
    assert found[lin, "debt", "points"] == Standing(0, 0)
    assert found[told.id, "issuance", "points"] == Standing(-17, 0)
    assert found[told.merchant_id, "merchant", "points"] == Standing(4, 0)
    assert found[told.fund_id, "fund", "fen"] == Standing(500, 0)
    assert found[told.id, "bank", "fen"] == Standing(-500, 0)
    assert len(standings) == len(accounts)


def test_one_account_is_seen_by_whoever_would_find_it_in_the_list(told: Town) -> None:
    wallet = wallet_of(told.member_ids[LIN]).id_in(told.id)
    assert reading.see_account(staff(told), wallet).id == wallet
    assert reading.see_account(member(told, LIN), wallet).id == wallet
    with pytest.raises(Forbidden):
        reading.see_account(member(told, GANG), wallet)
    with pytest.raises(NotFound):
        reading.see_account(staff(told), new_id())
    with pytest.raises(NotFound):
        reading.see_account(staff(open_town()), wallet)


def test_the_account_of_a_key_is_found_or_was_never_opened(told: Town) -> None:
    assert reading.account_of(told.id, told.shop).owner_id == told.merchant_id
    with pytest.raises(NotFound):
        reading.account_of(told.id, wallet_of(new_id()))


# --- transfers ----------------------------------------------------------------------------------------------------


def test_the_communitys_transfers_are_listed_newest_first_in_pages(told: Town) -> None:
    everything = reading.list_transfers(staff(told))
    assert codes(everything) == ["fund", "donate", "redeem", "award", "award"]
    first = reading.list_transfers(staff(told), limit=2)
    rest = reading.list_transfers(staff(told), before=first[-1].id)
    assert [one.id for one in (*first, *rest)] == [one.id for one in everything]


def test_a_member_reads_what_touched_them_and_nothing_else(told: Town) -> None:
    assert codes(reading.list_transfers(member(told, LIN))) == ["donate", "redeem", "award"]
    assert codes(reading.list_transfers(member(told, GANG))) == ["award"]


def test_an_owner_reads_what_touched_the_shop(told: Town) -> None:
    assert codes(reading.list_transfers(behind_the_counter(told, Role.OWNER))) == ["redeem"]


def test_who_sees_no_books_reads_no_transfers(told: Town) -> None:
    for stranger in (told.actor, behind_the_counter(told, Role.CLERK), staff(told, Role.COORDINATOR)):
        with pytest.raises(Forbidden):
            reading.list_transfers(stranger)


def test_an_accounts_transfers_are_in_business_order_whenever_they_were_written(told: Town) -> None:
    lin = told.member_ids[LIN]
    told.post(told.award_of(lin, 3, effective_at=MORNING - timedelta(days=1)))
    wallet = wallet_of(lin).id_in(told.id)
    found = reading.list_transfers(staff(told), account_id=wallet)
    assert [one.amount for one in found] == [1, 4, 10, 3]
    first = reading.list_transfers(staff(told), account_id=wallet, limit=2)
    rest = reading.list_transfers(staff(told), account_id=wallet, before=first[-1].id)
    assert [one.amount for one in (*first, *rest)] == [1, 4, 10, 3]
    assert [one.amount for one in reading.list_transfers(staff(told), limit=1)] == [3]


def test_a_page_after_what_is_not_there_is_empty(told: Town) -> None:
    wallet = wallet_of(told.member_ids[LIN]).id_in(told.id)
    assert reading.list_transfers(staff(told), account_id=wallet, before=new_id()) == []


def test_nobody_reads_an_account_that_is_not_theirs_through_its_transfers(told: Town) -> None:
    with pytest.raises(Forbidden):
        reading.list_transfers(member(told, GANG), account_id=wallet_of(told.member_ids[LIN]).id_in(told.id))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (TransferFilter(code=Code.AWARD), ["award", "award"]),
        (TransferFilter(kind=Kind.MERCHANT), ["redeem"]),
        (TransferFilter(kind=Kind.POT), ["donate"]),
        (TransferFilter(kind=Kind.BANK), ["fund"]),
        (TransferFilter(since=MORNING + timedelta(minutes=3)), ["fund", "donate"]),
        (TransferFilter(until=MORNING + timedelta(minutes=1)), ["award"]),
        (TransferFilter(since=MORNING + timedelta(minutes=1), until=MORNING + timedelta(minutes=2)), ["award"]),
        (TransferFilter(code=Code.REDEEM, kind=Kind.POT), []),
    ],
)
def test_what_is_wanted_narrows_the_list(told: Town, wanted: TransferFilter, expected: list[str]) -> None:
    assert codes(reading.list_transfers(staff(told), wanted=wanted)) == expected


def test_the_transfers_of_some_people_are_listed(told: Town) -> None:
    lin, gang = told.member_ids
    of = lambda *people, **more: codes(  # noqa: E731
        reading.list_transfers(staff(told), wanted=TransferFilter(owner_ids=people, **more))
    )
    assert of(gang) == ["award"]
    assert of(lin, code=Code.REDEEM) == ["redeem"]
    assert of() == []
    of_gang = TransferFilter(owner_ids=[gang])
    assert reading.list_transfers(member(told, LIN), wanted=of_gang) == []


def test_a_transfer_between_two_accounts_of_the_list_is_told_once(told: Town) -> None:
    lin, gang = told.member_ids
    told.post(told.merge_of(lin, gang, 2))
    both = TransferFilter(owner_ids=[lin, gang])
    assert codes(reading.list_transfers(staff(told), wanted=both)).count("merge") == 1


def test_what_a_source_moved_is_told_as_far_as_one_may_see_it(told: Town) -> None:
    lin, source = told.member_ids[LIN], evidence("stamp")
    told.post(told.award_of(lin, 2, source=source), told.hours_of(lin, 60, source=source))
    of = lambda actor, *wanted: codes(  # noqa: E731
        reading.list_transfers_of(actor, "stamp", [source.id], codes=wanted)
    )
    assert of(staff(told), Code.AWARD, Code.HOURS) == ["award", "hours"]
    assert of(staff(told), Code.HOURS) == ["hours"]
    assert of(member(told, LIN), Code.AWARD) == ["award"]
    assert of(member(told, GANG), Code.AWARD) == []
    assert of(told.actor, Code.AWARD) == []
    assert reading.list_transfers_of(staff(told), "visit", [source.id], codes=[Code.AWARD]) == []
    assert reading.list_transfers_of(staff(told), "stamp", [], codes=[Code.AWARD]) == []


def test_one_transfer_is_seen_from_either_side_and_by_nobody_else(told: Town) -> None:
    [redeem] = reading.list_transfers(staff(told), wanted=TransferFilter(code=Code.REDEEM))
    for reader in (staff(told), member(told, LIN), behind_the_counter(told, Role.OWNER)):
        assert reading.see_transfer(reader, redeem.id).id == redeem.id
    with pytest.raises(Forbidden):
        reading.see_transfer(member(told, GANG), redeem.id)
    with pytest.raises(NotFound):
        reading.see_transfer(staff(open_town()), redeem.id)


def test_the_view_shows_both_sides_of_every_transfer_and_adds_up_to_nothing(told: Town) -> None:
    with owner().connect() as connection:
        rows = connection.execute(text("SELECT account_id, code, unit, amount FROM entries")).all()
    assert len(rows) == 2 * 5
    for unit in ("points", "fen"):
        assert sum(row.amount for row in rows if row.unit == unit) == 0
    assert sorted(row.amount for row in rows if row.code == "redeem") == [-4, 4]


def test_hours_and_debts_have_accounts_from_the_first_day(told: Town) -> None:
    gang = told.member_ids[GANG]
    found = {one.id for one in reading.list_accounts_of(staff(told), [Kind.HOURS, Kind.DEBT], owner_ids=[gang])}
    assert found == ids_of(told, hours_of(gang), debt_of(gang))


def test_transfers_are_found_by_their_ids_newest_first_in_their_own_community(told: Town) -> None:
    ids = [transfer.id for transfer in reading.list_transfers(staff(told))]
    found = reading.transfers_by_id(told.id, [ids[3], ids[0], ids[2], new_id()])
    assert [transfer.id for transfer in found] == [ids[0], ids[2], ids[3]]
    assert reading.transfers_by_id(open_town().id, ids) == []


def test_pages_of_a_member_go_on_where_the_last_one_ended_whatever_took_effect_at_one_moment(town: Town) -> None:
    """Written in another order than it took effect, on both sides of the wallet, several at the same moment."""
    lin, gang = town.member_ids
    with clock.set_to(MORNING):
        for minutes in (60, 0, 60, 30):
            at = MORNING - timedelta(minutes=minutes)
            town.post(town.award_of(lin, 5, effective_at=at), town.award_of(gang, 5, effective_at=at))
            town.spend(lin, 1)
        whole = reading.list_transfers(member(town, LIN), limit=100)
        assert len(whole) == 8
        assert whole == sorted(whole, key=lambda one: (one.effective_at, one.id.bytes), reverse=True)
        for size in (1, 2, 3, 7, 8):
            seen: list[Transfer] = []
            while page := reading.list_transfers(member(town, LIN), before=seen[-1].id if seen else None, limit=size):
                assert len(page) <= size
                seen += page
            assert seen == whole, size


def test_a_page_has_fifty_unless_it_is_asked_otherwise(town: Town) -> None:
    town.post(*(town.award_of(town.member_ids[LIN], 1) for _ in range(60)))
    for who in (member(town, LIN), staff(town)):
        assert len(reading.list_transfers(who)) == 50
        assert len(reading.list_transfers(who, limit=60)) == 60
        assert len(reading.list_transfers(who, limit=2)) == 2
    for _ in range(20):
        town.member()
    assert len(reading.list_accounts(staff(town))) == 50
    assert len(reading.list_accounts(staff(town), limit=3)) == 3


def test_the_transfers_of_one_person_among_the_communitys_are_theirs_alone(told: Town) -> None:
    lin = told.member_ids[LIN]
    found = reading.list_transfers(staff(told), wanted=TransferFilter(owner_ids=frozenset({lin})))
    assert codes(found) == ["donate", "redeem", "award"]


def test_whoever_stands_behind_two_counters_sees_the_accounts_of_both_and_their_own(town: Town) -> None:
    other = new_id()
    who = replace(member(town, LIN), counters=(Counter(Role.OWNER, town.merchant_id), Counter(Role.OWNER, other)))
    seen = set(reading.visible_accounts(who) or ())
    expected = [*accounts_of_merchant(town.merchant_id), *accounts_of_merchant(other)]
    assert {key.id_in(town.id) for key in expected} <= seen
    assert wallet_of(town.member_ids[LIN]).id_in(town.id) in seen
