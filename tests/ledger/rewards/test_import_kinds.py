"""Shops from a file: each with its branches, poster codes and owners, as if they had been entered one by one."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.outbox import OutboxEvent
from ledger.core.tenancy import Role
from ledger.people import imports, phones
from ledger.people.errors import ImportFaulty
from ledger.people.import_models import ImportState
from ledger.people.models import CounterStaff
from ledger.rewards import agreements, merchants
from ledger.rewards.agreements import AgreementTerms
from ledger.rewards.errors import OwnCounter
from ledger.rewards.models import Branch, Merchant
from tests.ledger.people.importing import check, csv_of, faults, sheet_of, take
from tests.ledger.rewards.street import Street
from tests.stories import Neighbourhood, next_phone, open_neighbourhood

SHOPS = "店名,做什么的,门店,地址,店主,店主手机"


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


def shops(*rows: str) -> bytes:
    return csv_of(*rows, headings=SHOPS)


def test_rows_with_one_shop_are_its_branches(place: Neighbourhood) -> None:
    take(place, shops("麦香,面包,东门店,1 号,,", "剪艺,理发,,9 号,,", "麦香,面包,,2 号,,"), "merchants")
    found = {one.name: one for one in merchants.list_merchants(place.admin.actor)}
    assert {name: one.trade for name, one in found.items()} == {"麦香": "面包", "剪艺": "理发"}
    branches = {
        name: sorted((one.name, one.address) for one in merchants.list_branches(place.admin.actor, merchant_id=shop.id))
        for name, shop in found.items()
    }
    assert branches == {"麦香": [("东门店", "1 号"), ("麦香", "2 号")], "剪艺": [("剪艺", "9 号")]}


def test_a_workbook_with_english_headings_is_read_too(place: Neighbourhood) -> None:
    sheet = sheet_of(["Shop name", "Trade", "Address"], ["麦香", "面包", "1 号"])
    assert take(place, sheet, "merchants").state == ImportState.DONE
    assert [one.name for one in merchants.list_branches(place.admin.actor)] == ["麦香"]


def test_every_branch_has_a_poster_of_its_own(place: Neighbourhood) -> None:
    take(place, shops("麦香,面包,东门店,1 号,,", "麦香,面包,西门店,2 号,,"), "merchants")
    branches = merchants.list_branches(place.admin.actor)
    codes = {merchants.poster_code(place.admin.actor, one) for one in branches}
    assert {merchants.read_poster(code)[1].id for code in codes} == {one.id for one in branches}


def test_an_owner_signs_in_with_the_number_whether_known_or_not(place: Neighbourhood) -> None:
    known, phone = place.volunteer(), next_phone()
    number = phones.number_of(known.person_id)
    take(place, shops(f"麦香,面包,,1 号,林秀芳,{number}", f"剪艺,理发,,9 号,王老板,{phone}"), "merchants")
    owners = {one.name: one for one in db.session.scalars(select(CounterStaff))}
    assert {one.role for one in owners.values()} == {Role.OWNER}
    assert owners["林秀芳"].person_id == known.person_id
    assert owners["王老板"].person_id == phones.person_with(phone)
    assert [counter.merchant_id for counter in known.actor.counters] == [owners["林秀芳"].merchant_id]


def test_an_owner_in_several_rows_is_one_and_may_own_several_shops(place: Neighbourhood) -> None:
    phone = next_phone()
    rows = (f"麦香,面包,东门店,1 号,王老板,{phone}", f"麦香,面包,西门店,2 号,王老板,{phone}")
    take(place, shops(*rows, f"剪艺,理发,,9 号,王先生,{phone}"), "merchants")
    owned = db.session.scalars(select(CounterStaff.name).order_by(CounterStaff.id)).all()
    assert owned == ["王老板", "王先生"]
    assert db.session.scalars(select(CounterStaff.person_id).distinct()).all() == [phones.person_with(phone)]


def test_an_imported_shop_comes_under_an_agreement_as_any_other(street: Street) -> None:
    place = street.place
    take(place, shops("剪艺,理发,,1 号,,"), "merchants")
    [shop] = [one for one in merchants.list_merchants(place.admin.actor) if one.name == "剪艺"]
    day = street.agreement.created_at.date()
    terms = AgreementTerms(
        fund_id=street.fund.id, rate_fen=1, rate_points=1, starts_on=day, ends_on=day, signatory="王老板"
    )
    assert agreements.draft_agreement(place.admin.actor, shop.id, terms=terms).merchant_id == shop.id


def test_all_that_one_shop_tells_is_told_of_each(place: Neighbourhood) -> None:
    done = take(place, shops(f"麦香,面包,东门店,1 号,王老板,{next_phone()}", "麦香,面包,西门店,2 号,,"), "merchants")
    kinds = ("merchant.created", "branch.added", "counter.opened")
    query = select(OutboxEvent.kind, func.count()).where(OutboxEvent.kind.in_(kinds)).group_by(OutboxEvent.kind)
    assert dict(db.session.execute(query).tuples().all()) == {
        "merchant.created": 1, "branch.added": 2, "counter.opened": 1
    }  # fmt: skip
    [line] = db.session.scalars(select(AuditLine).where(AuditLine.action == "rewards.import_merchants")).all()
    assert (line.thing_id, line.detail) == (done.id, {"count": 1, "branches": 2, "owners": 1})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((",面包,,1 号,,",), [(2, "shop", "missing")]),
        (("麦香,,,1 号,,",), [(2, "trade", "missing")]),
        (("麦香,面包,,,,",), [(2, "address", "missing")]),
        (("麦" * 81 + ",面包,,1 号,,",), [(2, "shop", "too_long")]),
        (("麦香,面包,,1 号,王老板,",), [(2, "owner_phone", "missing")]),
        (("麦香,面包,,1 号,,13911111111",), [(2, "owner", "missing")]),
        (("麦香,面包,,1 号,王老板,139",), [(2, "owner_phone", "phone_malformed")]),
        (
            ("麦香,面包,东门店,1 号,王老板,13911111111", "麦香,面包,西门店,2 号,李老板,139 1111 1111"),
            [(3, "owner", "owner_twice")],
        ),
        (("麦香,面包,东门店,1 号,,", "麦香,糕点,西门店,2 号,,"), [(3, "trade", "differs")]),
        (("麦香,面包,,1 号,,", "麦香,面包,麦香,2 号,,"), [(2, "branch", "name_twice"), (3, "branch", "name_twice")]),
    ],
)
def test_what_is_wrong_is_said_by_row_and_column(
    place: Neighbourhood, rows: tuple[str, ...], expected: list[tuple[int, str, str]]
) -> None:
    row = check(place, shops(*rows), "merchants")
    assert (row.state, faults(row)) == (ImportState.FAULTY, expected)


def test_a_shop_that_is_there_gets_further_branches_and_nothing_else(street: Street) -> None:
    name, trade, [branch] = street.bakery.name, street.bakery.trade, merchants.list_branches(street.place.admin.actor)
    wrong = shops(
        f"{name},{trade},{branch.name},1 号,,",
        f"{name},别的,南门店,1 号,,",
        f"{name},{trade},北门店,1 号,王老板,{next_phone()}",
    )
    assert faults(check(street.place, wrong, "merchants")) == [
        (2, "branch", "already_there"), (3, "trade", "differs"), (4, "owner", "owner_by_hand")
    ]  # fmt: skip
    take(street.place, shops(f"{name},{trade},南门店,1 号,,"), "merchants")
    [shop] = merchants.list_merchants(street.place.admin.actor)
    found = merchants.list_branches(street.place.admin.actor, merchant_id=shop.id)
    assert {one.name for one in found} == {branch.name, "南门店"}
    own = check(open_neighbourhood("北塔社区"), wrong, "merchants")
    assert "already_there" not in {why for _, _, why in faults(own)}, "another community's shop does not count"


def test_a_shop_entered_meanwhile_leaves_everything_out(place: Neighbourhood) -> None:
    row = imports.ask_import(
        place.admin.actor,
        check(place, shops(f"麦香,面包,,1 号,王老板,{next_phone()}", "剪艺,理发,,2 号,,"), "merchants").id,
    )
    merchants.create_merchant(place.admin.actor, "麦香", trade="面包")
    with pytest.raises(ImportFaulty):
        imports.approve_import(place.treasurer.actor, row.id)
    assert [one.name for one in merchants.list_merchants(place.admin.actor)] == ["麦香"]


def test_nobody_approves_a_list_that_makes_them_an_owner(place: Neighbourhood) -> None:
    content = shops(f"麦香,面包,,1 号,马会计,{phones.number_of(place.treasurer.person_id)}")
    with pytest.raises(OwnCounter):
        take(place, content, "merchants")
    assert [db.session.scalar(select(func.count()).select_from(model)) for model in (Merchant, Branch)] == [0, 0]
    assert take(place, content, "merchants", second=place.staff(Role.ADMIN)).state == ImportState.DONE
    with pytest.raises(OwnCounter):
        check(place, shops(f"剪艺,理发,,1 号,李社工,{phones.number_of(place.admin.person_id)}"), "merchants")
