"""The month's summary: every total counted again by plain SQL, the same bytes for the same rows, and a closed month."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from ledger.book.accounts import issuance_of, wallet_of
from ledger.book.checking import run_checks
from ledger.book.codes import Code
from ledger.book.errors import MonthClosed, MonthNotOver
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Role
from ledger.people import grants
from ledger.people.members import load_community
from ledger.people.models import PostKind
from ledger.recognition import contents, figures, summaries, summary_rows
from ledger.recognition.errors import DocumentChanged
from ledger.recognition.figures import Cell
from ledger.recognition.models import Summary, SummaryState
from ledger.recognition.parts import part_of
from ledger.recognition.summaries import SummaryView
from ledger.rewards import redemptions, refunds, vouchers
from ledger.service import feedback
from ledger.service.feedback import Given
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from ledger.service.undoing import undo_stamp
from tests.ledger.recognition.month import DECEMBER, NOVEMBER, Month
from tests.ledger.recognition.recounting import add_up, counted_again, rows_of
from tests.ledger.rewards.street import at_once
from tests.ledger.service.day import ELEVEN, NINE
from tests.stories import Neighbour, open_neighbourhood

FIRST, AFTER = datetime(2026, 10, 31, 16, tzinfo=UTC), DECEMBER


def busy(november: Month) -> list[Neighbour]:
    """Four people serve, one of them is undone; two buy, one gets a part back; a post is held; money is granted."""
    people = november.volunteers("林秀芳", "陈刚", "王桂兰", "赵德福")
    grants.give_post(
        november.admin.actor, people[0].member_id, kind=PostKind.UNIT_STEWARD, unit_id=november.day.place.grid.id
    )
    stamps = november.serve(*people)
    undo_stamp(november.street.place.stamper.actor, stamps[3])
    november.street.award(people[0], 100)
    november.street.award(people[1], 100)
    november.street.buy(people[0])
    bought = november.street.buy(people[1])
    refunds.refund(november.street.place.treasurer.actor, bought.id, points=5, reason="少了一片")
    return people


def drafted(november: Month, month: date = NOVEMBER) -> dict[str, Any]:
    found = summaries.see_summary(november.admin.actor, month).document
    assert found is not None
    return found


def test_each_total_is_what_plain_sql_counts_and_each_part_adds_up_to_it(november):
    busy(november)
    document = drafted(november)
    totals = document["totals"]
    assert counted_again(november.id, viewed(november)) == totals
    assert (totals["people"], totals["visits"], totals["taken_back"]) == (3, 3, 10)
    assert totals["refunded"] == 5
    for part in ("programmes", "grids", "posts", "evidence", "days"):
        assert sum(row["visits"] for row in document[part]) == totals["visits"]
        assert sum(row["minutes"] for row in document[part]) == totals["minutes"]
    assert sum(shop["points"] for shop in document["shops"]) == totals["redeemed"] - totals["refunded"]
    assert sum(shop["brought_fen"] for shop in document["shops"]) == totals["brought_fen"] - totals["refunded_fen"]
    assert sum(shop["settled_fen"] for shop in document["shops"]) == totals["settled_fen"]
    assert sum(fund["left_fen"] for fund in document["funds"]) == 100_000 - 350
    assert [shop["name"] for shop in document["shops"]] == ["麦香面包"]


def viewed(november: Month) -> SummaryView:
    return summaries.see_summary(november.admin.actor, NOVEMBER)


def test_the_rows_of_each_part_of_the_service_add_up_to_it_and_so_do_those_that_are_pooled(november):
    """Two programmes, a second grid, somebody with a post, a day later, and what fewer than three people did."""
    people, day, admin = busy(november), november.day, november.admin.actor
    terms = RuleTerms(Basis.PER_VISIT, points=3)
    other = replace(day, programme=create_programme(admin, "送餐", terms=terms).programme)
    beside, everywhere, stamper = (
        day.place.grid_beside(),
        day.place.root,
        november.street.place.staff(Role.STAMPER, unit=day.place.root),
    )
    tomorrow = {"starts_at": NINE + timedelta(days=1), "ends_at": ELEVEN + timedelta(days=1)}
    for unit, helpers in ((beside, people[:3]), (everywhere, people[3:])):
        activity = other.another_activity(unit=unit, **tomorrow)
        for person in helpers:
            clock.move_to(tomorrow["starts_at"])
            other.arrive(person, to=activity)
            clock.move_to(tomorrow["ends_at"])
            other.stamp([other.leave(person, to=activity).id], by=stamper)
    document = drafted(november)
    keys = {of: [row["key"] for row in document[of]] for of in ("programmes", "grids", "posts")}
    assert [len(keys["programmes"]), keys["grids"][-1], keys["posts"]] == [2, "pooled", ["pooled"]]
    assert [row["visits"] for row in document["days"] if row["visits"]] == [3, 4]
    assert add_up(november.admin.actor, viewed(november)) == []
    for of, key in (("grids", "0" * 32), ("posts", ""), ("days", "2026-12-01"), ("weeks", "")):
        with pytest.raises(NotFound):
            part_of(document, of, key)


def test_the_rows_behind_each_figure_add_up_to_it_and_open_only_to_whoever_sees_the_whole_community(november):
    people, street = busy(november), november.street
    used = vouchers.buy(people[0].actor, street.loaf.id)
    begun = vouchers.use(street.clerk.actor, used.id, way=street.code_of(people[0]))
    redemptions.confirm(people[0].actor, begun.id)
    given = feedback.give_feedback(people[0].actor, november.day.place.grid.id, clock.today(), Given(None, ""))
    assert add_up(november.admin.actor, viewed(november)) == []
    span = figures.month_span(november.id, NOVEMBER, clock.now())
    assert rows_of(november.admin.actor, viewed(november), "feedback_nothing") == 1
    [(row_id, _)] = summary_rows.list_rows(november.admin.actor, span, "feedback_nothing").shown
    assert row_id == given.id
    for name, person in (("visits", november.street.place.coordinator), ("awarded", people[0])):
        with pytest.raises(Forbidden):
            summary_rows.list_rows(person.actor, span, name)
    for name, owner_id in (("nothing", None), ("shop_points", None), ("visits", street.bakery.id)):
        with pytest.raises(NotFound):
            summary_rows.list_rows(november.admin.actor, span, name, owner_id=owner_id)


def test_a_voucher_counts_as_redeemed_when_it_is_used_and_not_while_it_is_kept(november):
    street, [lin] = november.street, november.volunteers("林秀芳")
    street.award(lin, 100)
    used, kept, back = (vouchers.buy(lin.actor, street.loaf.id) for _ in range(3))
    begun = vouchers.use(street.clerk.actor, used.id, way=street.code_of(lin))
    redemptions.confirm(lin.actor, begun.id)
    vouchers.return_voucher(lin.actor, back.id)
    totals = drafted(november)["totals"]
    assert counted_again(november.id, viewed(november)) == totals
    assert (totals["put_into_vouchers"], totals["vouchers_returned"]) == (60, 20)
    assert (totals["redeemed"], totals["redemptions"], totals["refunded"]) == (20, 1, 0)
    assert totals["outstanding"] == 100 - 20 - kept.points


def test_the_same_rows_give_the_same_bytes_whatever_happens_afterwards(november):
    people = busy(november)
    known_at = clock.now()
    community = load_community(november.id)
    first = summaries.bytes_of(community, NOVEMBER, known_at)
    assert summaries.bytes_of(community, NOVEMBER, known_at) == first
    clock.advance(minutes=1)
    november.street.buy(people[0])
    november.street.award(people[2], 7)
    db.session.expire_all()
    assert summaries.bytes_of(community, NOVEMBER, known_at) == first
    assert summaries.bytes_of(community, NOVEMBER, clock.now()) != first


def test_what_few_people_did_stands_in_no_row_of_its_own():
    rows = [Cell("a", "巡逻", 9, 90, 900), Cell("b", "送餐", 3, 30, 300), Cell("c", "理发", 2, 5, 50)]
    shown = contents.pooled(rows)
    assert [(row["key"], row["people"], row["visits"]) for row in shown] == [("a", 9, 90), ("pooled", None, 35)]
    assert [row["key"] for row in contents.pooled(rows[:2])] == ["a", "b"]
    assert [row["key"] for row in contents.pooled(rows[2:])] == ["pooled"]


def test_a_month_is_signed_off_once_it_is_over_by_the_admin_and_published_by_another(november):
    busy(november)
    admin, supervisor = november.admin, november.supervisor
    with pytest.raises(MonthNotOver):
        summaries.sign_off(admin.actor, NOVEMBER)
    november.in_december()
    for person in (supervisor, november.street.place.treasurer, november.street.place.coordinator):
        with pytest.raises(Forbidden):
            summaries.sign_off(person.actor, NOVEMBER)
    with pytest.raises(NotFound):
        summaries.sign_off(admin.actor, date(2026, 10, 1))
    with pytest.raises(NotFound):
        summaries.publish(supervisor.actor, NOVEMBER)
    draft = drafted(november)
    signed = summaries.sign_off(admin.actor, NOVEMBER)
    assert json.loads(signed.document) == draft | {"known_at": json.loads(signed.document)["known_at"]}
    with pytest.raises(WrongState):
        summaries.sign_off(admin.actor, NOVEMBER)
    with pytest.raises(NotFound):
        summaries.see_published(november.id, NOVEMBER)
    with pytest.raises(Forbidden):
        summaries.publish(admin.actor, NOVEMBER)
    assert summaries.publish(supervisor.actor, NOVEMBER).state == SummaryState.PUBLISHED
    with pytest.raises(WrongState):
        summaries.publish(supervisor.actor, NOVEMBER)
    assert summaries.see_published(november.id, NOVEMBER).document == json.loads(signed.document)
    elsewhere = open_neighbourhood("北塔社区")
    with pytest.raises(NotFound):
        summaries.see_published(elsewhere.id, NOVEMBER)


def test_nobody_publishes_what_they_signed_off_themselves(november):
    both = november.street.place.staff(Role.SUPERVISOR)
    grants.give_role(november.admin.actor, both.member_id, role=Role.ADMIN, unit_id=november.street.place.root.id)
    november.in_december()
    summaries.sign_off(both.actor, NOVEMBER)
    with pytest.raises(OwnStep):
        summaries.publish(both.actor, NOVEMBER)


def test_the_month_before_is_compared_as_it_was_signed(november):
    busy(november)
    november.in_december()
    signed = json.loads(summaries.sign_off(november.admin.actor, NOVEMBER).document)
    december = drafted(november, date(2026, 12, 1))
    assert december["compared"]["last_month"] == signed["totals"]
    assert december["compared"]["last_year"]["visits"] == 0
    months = [(view.month, view.status) for view in summaries.list_summaries(november.admin.actor)]
    assert months == [(date(2026, 12, 1), SummaryState.DRAFT), (NOVEMBER, SummaryState.SIGNED)]
    assert summaries.list_published(november.id) == []


@atomic
def backdate(november: Month, to: datetime) -> None:
    """An award of one point that takes effect at a past moment."""
    [person] = november.volunteers("王明")
    draft = Draft(
        code=Code.AWARD,
        debit=issuance_of(november.id),
        credit=wallet_of(person.member_id),
        amount=1,
        source=Source("test", new_id(), b""),
        effective_at=to,
    )
    post_transfers(november.street.place.system, [draft])


def test_nothing_takes_effect_in_a_month_that_was_signed_off(november):
    november.in_december()
    backdate(november, NINE)
    summaries.sign_off(november.admin.actor, NOVEMBER)
    with pytest.raises(MonthClosed):
        backdate(november, NINE)
    with pytest.raises(MonthClosed):
        backdate(november, DECEMBER - timedelta(microseconds=1))
    backdate(november, DECEMBER)
    backdate(november, FIRST - timedelta(microseconds=1))  # October was never signed off.


@pytest.mark.breaks_books
def test_a_changed_document_is_found_and_not_published(november):
    november.in_december()
    summaries.sign_off(november.admin.actor, NOVEMBER)

    @atomic
    def change() -> None:
        db.session.execute(update(Summary).values(document=b'{"totals":{}}'))

    change()
    assert [finding.check for finding in run_checks()] == ["summaries_match"]
    with pytest.raises(DocumentChanged):
        summaries.publish(november.supervisor.actor, NOVEMBER)
    with pytest.raises(DocumentChanged):
        summaries.see_summary(november.admin.actor, NOVEMBER)


@pytest.mark.long
def test_a_backdated_transfer_and_the_closing_of_its_month_wait_for_one_another(app, november):
    """Whichever comes first: what was booked into the month stands in its summary, and nothing else."""
    november.in_december()

    def book() -> str:
        backdate(november, NINE)
        return "booked"

    def sign() -> str:
        return summaries.sign_off(november.admin.actor, NOVEMBER).state

    answers = at_once(app, [book, book, book, sign, book, book, book])
    assert set(answers) <= {"booked", "month_closed", "signed"}
    counted = counted_again(november.id, viewed(november))["awarded"]
    assert drafted(november)["totals"]["awarded"] == answers.count("booked") == counted
