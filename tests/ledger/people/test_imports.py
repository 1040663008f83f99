"""Imports: read whatever office software writes, say what is wrong, and take everything or nothing by two people."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.book.balances import member_balance
from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.book.reversal_requests import approve_reversal, ask_reversal
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.files import MAX_BYTES, FileTooLarge
from ledger.core.outbox import OutboxEvent
from ledger.core.second_person import OwnStep, SecondPersonPresent, count_stand_ins
from ledger.core.tenancy import Role
from ledger.people import cards, imports, members, phones
from ledger.people.errors import ImportFaulty, ImportTooLong, ImportUnreadable, OwnOpening
from ledger.people.grants import list_posts
from ledger.people.import_models import Import, ImportState
from ledger.people.models import Household, Member, PostKind
from tests.ledger.book.town import at_once
from tests.ledger.people.importing import HEADINGS, check, csv_of, faults, named, sheet_of, take
from tests.stories import Neighbourhood, next_phone, open_neighbourhood, street_officer


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


# --- reading ------------------------------------------------------------------------------------------------------

LIN = f"林秀芳,{next_phone()},第一网格,"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_whatever_a_spreadsheet_in_china_saves_is_read(place: Neighbourhood, encoding: str) -> None:
    content = csv_of(f"欧阳晓芳,{next_phone()},第一网格,").decode().encode(encoding)
    assert check(place, content).state == ImportState.CHECKED


def test_a_workbook_is_read_and_a_number_stays_the_phone_that_it_is(place: Neighbourhood) -> None:
    phone = next_phone()
    done = take(place, sheet_of(["姓名", "手机"], ["林秀芳", int(phone)], ["陈刚", float(next_phone())], [None, None]))
    assert (done.state, done.row_count) == (ImportState.DONE, 2)
    assert phones.person_with(phone) == named(place, "林秀芳")[0].person_id


def test_a_formula_is_the_text_it_is(place: Neighbourhood) -> None:
    take(place, sheet_of(["姓名"], ["=1+1"]))
    assert [one.name for one in named(place, "=1+1")] == ["=1+1"]


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02", b"PK\x03\x04 not a zip", b"\xff\xfe\xff\xff\x80"], ids=["nul", "no zip", "no text"]
)
def test_what_is_no_list_is_refused(place: Neighbourhood, content: bytes) -> None:
    with pytest.raises(ImportUnreadable):
        check(place, content)


def test_a_zip_without_a_workbook_and_a_mountain_in_a_zip_are_refused(place: Neighbourhood) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.txt", "x")
    with pytest.raises(ImportUnreadable):
        check(place, packed.getvalue())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 61 * 1024 * 1024)
    assert len(packed.getvalue()) < 100_000
    with pytest.raises(ImportTooLong):
        check(place, packed.getvalue())


def test_a_file_is_bounded(place: Neighbourhood) -> None:
    with pytest.raises(FileTooLarge):
        check(place, b"x" * (MAX_BYTES + 1))
    with pytest.raises(ImportTooLong):
        check(place, csv_of(*["王"] * 5_001))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(1, "", "no_rows")]),
        (HEADINGS.encode(), [(1, "", "no_rows")]),
        (csv_of("13900000000", headings="手机"), [(1, "name", "heading_missing")]),
        (csv_of("林,林", headings="姓名,name"), [(1, "name", "heading_twice")]),
        (csv_of(",13900000000,,"), [(2, "name", "missing")]),
        (csv_of("林" * 81 + ",,,"), [(2, "name", "too_long")]),
        (csv_of("林\x07,,,"), [(2, "name", "unreadable")]),
        (csv_of("林,12345,,"), [(2, "phone", "phone_malformed")]),
        (csv_of("林,13911111111,,", "陈,139 1111-1111,,"), [(2, "phone", "phone_twice"), (3, "phone", "phone_twice")]),
        (csv_of("林,,月球,"), [(2, "unit", "unknown_unit")]),
    ],
)
def test_what_is_wrong_is_said_by_row_and_column(
    place: Neighbourhood, content: bytes, expected: list[tuple[int, str, str]]
) -> None:
    row = check(place, content)
    assert faults(row) == expected
    assert row.state == ImportState.FAULTY
    with pytest.raises(ImportFaulty):
        imports.ask_import(place.admin.actor, row.id)


def test_every_fault_has_its_sentence_in_both_languages() -> None:
    assert all(zh and en for zh, en in imports.FAULTS.values())


# --- members ------------------------------------------------------------------------------------------------------


def test_members_are_taken_with_their_place_their_home_and_their_accounts(place: Neighbourhood) -> None:
    phone = next_phone()
    take(place, csv_of(f"林秀芳,{phone},第一网格/第一微网格,501", "林大爷,,第一微网格,501", "赵一,,,"))
    lin, [grandfather], [zhao] = named(place, "林秀芳")[0], named(place, "林大爷"), named(place, "赵一")
    assert lin.unit_id == grandfather.unit_id == place.micro_grid.id
    assert zhao.unit_id == place.root.id
    assert lin.household_id == grandfather.household_id is not None
    assert db.session.scalars(select(Household.name)).all() == ["501"]
    assert atomic(member_balance)(place.id, lin.id).available == 0
    assert phones.person_with(phone) == lin.person_id


def test_a_household_that_is_there_is_joined(place: Neighbourhood) -> None:
    take(place, csv_of("林秀芳,,,501"))
    take(place, csv_of("林大爷,,,501"))
    assert db.session.scalar(select(func.count()).select_from(Household)) == 1


def test_a_known_number_stays_the_person_it_is(place: Neighbourhood) -> None:
    elsewhere = open_neighbourhood("北华社区")
    phone = next_phone()
    known = members.add_member(elsewhere.admin.actor, "林秀芳", phone=phone)
    take(place, csv_of(f"林秀芳,{phone},,"))
    assert named(place, "林秀芳")[0].person_id == known.person_id
    assert faults(check(place, csv_of(f"林秀芳,{phone},,"))) == [(2, "phone", "already_member")]


def test_one_bad_row_leaves_everything_out(place: Neighbourhood) -> None:
    before = db.session.scalar(select(func.count()).select_from(Member))
    rows = [f"居民{number},,," for number in range(500)]
    rows[10], rows[200], rows[499] = "甲,123,,", ",13922222222,,", "丙,,月球,"
    found = [(number, code) for number, _, code in faults(check(place, csv_of(*rows)))]
    assert found == [(12, "phone_malformed"), (202, "missing"), (501, "unknown_unit")]
    assert db.session.scalar(select(func.count()).select_from(Member)) == before


def test_who_joined_meanwhile_makes_the_file_faulty_at_the_last_step(place: Neighbourhood) -> None:
    phone = next_phone()
    row = imports.ask_import(place.admin.actor, check(place, csv_of(f"林秀芳,{phone},,", "陈刚,,,")).id)
    members.add_member(place.admin.actor, "林秀芳", phone=phone)
    with pytest.raises(ImportFaulty):
        imports.approve_import(place.treasurer.actor, row.id)
    assert named(place, "陈刚") == []


# --- posts --------------------------------------------------------------------------------------------------------

HELD = "姓名,单元,职务"


def test_a_post_is_held_on_the_rows_unit(place: Neighbourhood) -> None:
    take(place, csv_of("林秀芳,第一网格,网格员", "陈刚,第一网格/第一微网格,楼组长", "赵一,,", headings=HELD))
    held = {(member.name, post.kind, unit.id) for post, member, unit in list_posts(place.admin.actor)}
    assert held == {
        ("林秀芳", PostKind.GRID_WORKER, place.grid.id),
        ("陈刚", PostKind.BUILDING_LEADER, place.micro_grid.id),
    }
    events = db.session.scalars(select(OutboxEvent.payload).where(OutboxEvent.kind == "post.given")).all()
    assert {event["post_id"] for event in events} == {post.id.hex for post, _, _ in list_posts(place.admin.actor)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("林秀芳,第一网格,船长", ("post", "unknown_post")),
        ("林秀芳,第一网格,支部书记", ("post", "post_misplaced")),
        ("林秀芳,,网格员", ("unit", "missing")),
    ],
)
def test_what_is_wrong_with_a_post(place: Neighbourhood, line: str, expected: tuple[str, str]) -> None:
    assert faults(check(place, csv_of(line, headings=HELD))) == [(2, *expected)]


# --- two people ---------------------------------------------------------------------------------------------------


def test_nobody_approves_their_own_file(place: Neighbourhood) -> None:
    row = imports.ask_import(place.admin.actor, check(place, csv_of(LIN)).id)
    with pytest.raises(OwnStep):
        imports.approve_import(place.admin.actor, row.id)


def test_the_street_steps_in_only_after_two_working_days(place: Neighbourhood) -> None:
    officer = street_officer(place.community)
    row = imports.ask_import(place.admin.actor, check(place, csv_of("赵一,,,")).id)
    with pytest.raises(SecondPersonPresent):
        imports.approve_import(officer.actor, row.id)
    with clock.set_to(clock.now() + timedelta(days=8)):
        assert imports.approve_import(officer.actor, row.id).state == ImportState.DONE
    assert count_stand_ins(place.id) == {"second_import": 1}


def test_who_may_read_ask_and_decide(place: Neighbourhood) -> None:
    row = check(place, csv_of(LIN))
    for role in (Role.STAMPER, Role.COORDINATOR, Role.TREASURER, Role.SUPERVISOR):
        with pytest.raises(Forbidden):
            imports.check_file(place.staff(role).actor, "members", csv_of(LIN), file_name="x.csv")
    with pytest.raises(Forbidden):
        imports.ask_import(place.staff(Role.ADMIN).actor, row.id)
    with pytest.raises(NotFound):
        imports.see_import(open_neighbourhood("北华社区").admin.actor, row.id)
    with pytest.raises(Forbidden):
        imports.list_imports(place.volunteer().actor)
    assert [one.id for one in imports.list_imports(place.supervisor.actor)] == [row.id]
    assert imports.preview_of(place.supervisor.actor, row) == []
    assert imports.preview_of(place.admin.actor, row)[0][1]["name"] == "林秀芳"


def test_a_decided_file_is_forgotten_and_decided_once(place: Neighbourhood) -> None:
    row = imports.ask_import(place.admin.actor, check(place, csv_of(LIN)).id)
    assert imports.decline_import(place.treasurer.actor, row.id, note="旧名单").note == "旧名单"
    for step in (
        lambda: imports.approve_import(place.treasurer.actor, row.id),
        lambda: imports.withdraw_import(place.admin.actor, row.id),
        lambda: imports.ask_import(place.admin.actor, row.id),
    ):
        with pytest.raises(WrongState):
            step()
    assert db.session.scalars(select(Import.rows)).all() == [None]


def test_a_file_nobody_decides_on_is_forgotten_after_a_month(place: Neighbourhood) -> None:
    check(place, csv_of(LIN))
    with clock.set_to(clock.now() + timedelta(days=31)):
        atomic(imports.forget_imports)(place.id, "")
    [row] = db.session.scalars(select(Import)).all()
    assert (row.rows, row.state) == (None, ImportState.WITHDRAWN)


def test_what_is_kept_of_a_file_is_unreadable_in_the_database(place: Neighbourhood) -> None:
    row = check(place, csv_of(LIN))
    assert row.rows is not None
    assert "林秀芳".encode() not in row.rows


def test_two_who_approve_at_once_take_the_file_once(app: Flask, place: Neighbourhood) -> None:
    row = imports.ask_import(place.admin.actor, check(place, csv_of("赵一,,,")).id)
    one, two, import_id = place.treasurer.actor, place.second_treasurer.actor, row.id
    db.session.remove()
    done = at_once(
        app, [lambda: imports.approve_import(one, import_id), lambda: imports.approve_import(two, import_id)]
    )
    assert sorted(type(result).__name__ for result in done) == ["Import", "WrongState"]
    assert len(named(place, "赵一")) == 1


# --- opening balances ---------------------------------------------------------------------------------------------

OPEN = "姓名,手机,红花,分钟"


def test_opening_balances_stand_in_the_books_under_their_own_code(place: Neighbourhood) -> None:
    lin, gang = place.volunteer(), place.volunteer("陈刚")
    take(place, csv_of("林秀芳,,36,2160", "陈刚,,5,", headings=OPEN), "openings")
    figures = [atomic(member_balance)(place.id, one.member_id) for one in (lin, gang)]
    assert [(one.available, one.minutes, one.lifetime_earned) for one in figures] == [(36, 2160, 36), (5, 0, 5)]
    codes = db.session.scalars(select(Transfer.code).order_by(Transfer.id)).all()
    assert codes == [Code.OPENING, Code.HOURS, Code.OPENING]


def test_a_member_has_one_opening_balance(place: Neighbourhood) -> None:
    place.volunteer()
    take(place, csv_of("林秀芳,,36,", headings=OPEN), "openings")
    assert faults(check(place, csv_of("林秀芳,,4,", headings=OPEN), "openings")) == [(2, "name", "opened_before")]


def test_nobody_approves_a_list_that_opens_a_balance_of_their_own(place: Neighbourhood) -> None:
    with pytest.raises(OwnOpening):
        take(place, csv_of(f"{place.treasurer.name},,36,", headings=OPEN), "openings")
    take(place, csv_of(f"{place.treasurer.name},,36,", headings=OPEN), "openings", second=place.staff(Role.ADMIN))
    with pytest.raises(OwnOpening):
        check(place, csv_of(f"{place.admin.name},,36,", headings=OPEN), "openings")


def test_the_paper_card_says_whose_balance_it_is(place: Neighbourhood) -> None:
    lin, namesake = place.volunteer(), place.volunteer()
    assert lin.member_id is not None
    assert namesake.member_id is not None
    card = cards.hand_out(place.admin.actor, lin.member_id).code
    by_card = "姓名,卡号,红花"
    take(place, csv_of(f"林秀芳,{card.lower()},36", headings=by_card), "openings")
    assert [atomic(member_balance)(place.id, one).available for one in (lin.member_id, namesake.member_id)] == [36, 0]
    cards.report_lost(place.admin.actor, lin.member_id)
    wrong = check(place, csv_of(f"林秀芳,{card},36", "林秀芳,2222-2222,36", headings=by_card), "openings")
    assert faults(wrong) == [(2, "card", "unknown_card"), (3, "card", "unknown_card")]


def test_an_opening_that_was_taken_back_whole_can_be_made_anew(place: Neighbourhood) -> None:
    lin = place.volunteer()
    take(place, csv_of("林秀芳,,36,", headings=OPEN), "openings")
    [opening] = db.session.scalars(select(Transfer.id)).all()
    asked = ask_reversal(place.admin.actor, opening, reason="数错了")
    approve_reversal(place.treasurer.actor, asked.id)
    take(place, csv_of("林秀芳,,30,", headings=OPEN), "openings")
    assert lin.member_id is not None
    assert atomic(member_balance)(place.id, lin.member_id).available == 30


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("林秀芳,,0,", ("points", "not_a_number")),
        ("林秀芳,,-3,", ("points", "not_a_number")),
        ("林秀芳,,1.5,", ("points", "not_a_number")),
        ("林秀芳,,²,", ("points", "not_a_number")),
        ("林秀芳,,100001,", ("points", "out_of_range")),
        ("林秀芳,,3,x", ("minutes", "not_a_number")),
        ("无此人,,3,", ("name", "unknown_member")),
        ("林秀芳,13999999999,3,", ("name", "unknown_member")),
    ],
)
def test_what_is_wrong_with_an_opening(place: Neighbourhood, line: str, expected: tuple[str, str]) -> None:
    place.volunteer()
    assert faults(check(place, csv_of(line, headings=OPEN), "openings")) == [(2, *expected)]


def test_of_two_with_one_name_the_phone_decides(place: Neighbourhood) -> None:
    place.volunteer()
    phone = next_phone()
    second = members.add_member(place.admin.actor, "林秀芳", phone=phone)
    assert faults(check(place, csv_of("林秀芳,,3,", headings=OPEN), "openings")) == [(2, "name", "ambiguous_member")]
    take(place, csv_of(f"林秀芳,{phone},3,", headings=OPEN), "openings")
    assert atomic(member_balance)(place.id, second.id).available == 3
    twice = csv_of(f"林秀芳,{phone},3,", f"林秀芳,{phone},4,", headings=OPEN)
    assert {code for _, _, code in faults(check(place, twice, "openings"))} == {"member_twice"}


@pytest.mark.long
def test_five_thousand_members_are_taken_whole(place: Neighbourhood) -> None:
    rows = [f"居民{number},{15_000_000_000 + number},第一网格," for number in range(5_000)]
    assert take(place, csv_of(*rows)).row_count == 5_000
    opened = [f"居民{number},{15_000_000_000 + number},{1 + number % 9},60" for number in range(5_000)]
    assert take(place, csv_of(*opened, headings=OPEN), "openings").state == ImportState.DONE
