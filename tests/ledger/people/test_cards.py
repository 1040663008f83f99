"""Paper cards: made in sheets, handed out with a PIN, lost, replaced, withdrawn; codes and PINs that nobody guesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, Reason, TooManyRequests, WrongState
from ledger.core.ids import new_id
from ledger.core.registry import exporters
from ledger.core.tenancy import Role
from ledger.people import card_pins, card_sheets, cards, guesses, inbox
from ledger.people.card_errors import (
    CardBlank,
    CardHolderLeft,
    CardLive,
    CardLost,
    CardReplaced,
    CardTaken,
    CardVoid,
    MixedParts,
    NoCard,
    PinBlocked,
    PinTooSimple,
    UnknownCard,
)
from ledger.people.models import Member, MemberState
from tests.counting import counted_statements
from tests.ledger.rewards.street import at_once
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood

AFTERNOON = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


@pytest.fixture
def place(context: Flask) -> Iterator[Neighbourhood]:
    try:
        clock.move_to(AFTERNOON)
        yield open_neighbourhood()
    finally:
        clock.move_to(None)


@pytest.fixture
def lin(place: Neighbourhood) -> Neighbour:
    return place.volunteer()


def hand_out(place: Neighbourhood, person: Neighbour, **more: Any) -> cards.HandedOut:
    return cards.hand_out(place.coordinator.actor, person.member_id, **more)


@atomic
def settled(call: Any) -> str:
    """What the refusal of the call leaves behind, as `perform` would; its code, or "right"."""
    try:
        with db.session.begin_nested():
            call()
    except Reason as reason:
        if reason.afterwards:
            reason.afterwards()
        return reason.code
    return "right"


def try_pin(actor: Any, code: str, pin: str) -> str:
    def check() -> None:
        guesses.refuse_guessing(actor)
        card_pins.check_pin(actor, cards.look_up(actor, code), pin)

    return settled(check)


def blank_codes(place: Neighbourhood, count: int = 2) -> list[str]:
    sheet = card_sheets.make_sheet(place.admin.actor, count=count)
    return [one.code for one in card_sheets.open_sheet(place.admin.actor, sheet.id)[1]]


# --- handing out ------------------------------------------------------------------------------------------------


def test_a_blank_card_of_a_sheet_becomes_its_holders_and_names_them_when_printed_again(place, lin):
    sheet = card_sheets.make_sheet(place.admin.actor, count=3)
    _, printed = card_sheets.open_sheet(place.admin.actor, sheet.id)
    assert [one.name for one in printed] == ["", "", ""]
    handed = hand_out(place, lin, code=printed[1].code.lower().replace("-", " "), pin="4827")
    assert (handed.code, handed.pin, handed.card.state) == (printed[1].code, "4827", "issued")
    assert cards.holder_of(place.coordinator.actor, printed[1].code).id == lin.member_id
    assert [one.name for one in card_sheets.open_sheet(place.admin.actor, sheet.id)[1]] == ["", "林秀芳", ""]
    assert [notice.notice.kind for notice in inbox.list_notices(lin.actor)] == ["card.handed_out"]


def test_a_code_has_eight_letters_that_nobody_mistakes(place):
    for code in blank_codes(place, 20):
        assert len(code.replace("-", "")) == 8
        assert not set(code) & set("01OI")


def test_a_card_made_for_a_member_is_handed_out_to_nobody_else(place, lin):
    other = place.volunteer("邻居")
    sheet = card_sheets.make_sheet(place.coordinator.actor, member_ids=[lin.member_id])
    [made] = card_sheets.open_sheet(place.coordinator.actor, sheet.id)[1]
    assert made.name == "林秀芳"
    with pytest.raises(CardTaken):
        hand_out(place, other, code=made.code)
    assert hand_out(place, lin).code == made.code


def test_a_pin_that_we_choose_has_four_digits_and_is_not_simple(place, lin):
    pin = hand_out(place, lin).pin
    assert len(pin) == 4
    assert pin.isdecimal()
    for simple in ("1111", "1234", "987654"):
        with pytest.raises(PinTooSimple):
            cards.reset_pin(place.coordinator.actor, lin.member_id, pin=simple)


def test_a_second_card_replaces_the_first_only_when_that_is_said(place, lin):
    first = hand_out(place, lin)
    with pytest.raises(CardLive):
        hand_out(place, lin)
    second = hand_out(place, lin, replaces=True)
    with pytest.raises(CardReplaced):
        cards.holder_of(place.coordinator.actor, first.code)
    assert cards.holder_of(place.coordinator.actor, second.code).id == lin.member_id
    assert cards.see_card(lin.actor, lin.member_id).id == second.card.id


@pytest.mark.parametrize("state", ["lost", "replaced", "void", "blank", "left", "unknown"])
def test_each_dead_card_is_refused_with_its_own_reason(place, lin, state):
    code = blank_codes(place)[0] if state == "blank" else hand_out(place, lin).code
    if state == "lost":
        cards.report_lost(lin.actor, lin.member_id)
    elif state == "replaced":
        hand_out(place, lin, replaces=True)
    elif state == "void":
        cards.withdraw_card(place.coordinator.actor, cards.see_card(lin.actor, lin.member_id).id)
    elif state == "left":
        leave(lin)
    elif state == "unknown":
        code = "2222-2222"
    expected = {"lost": CardLost, "replaced": CardReplaced, "void": CardVoid, "blank": CardBlank}
    with pytest.raises(expected.get(state, CardHolderLeft if state == "left" else UnknownCard)):
        cards.holder_of(place.coordinator.actor, code)


@atomic
def leave(person: Neighbour) -> None:
    db.session.execute(
        Member.__table__.update().where(Member.id == person.member_id).values(state=MemberState.LEFT)  # type: ignore[attr-defined]
    )


def test_who_left_gets_no_card(place, lin):
    leave(lin)
    with pytest.raises(CardHolderLeft):
        cards.hand_out(place.admin.actor, lin.member_id)
    with pytest.raises(CardHolderLeft):
        card_sheets.make_sheet(place.admin.actor, member_ids=[lin.member_id])


def test_a_dead_or_taken_card_is_not_handed_out(place, lin):
    taken, void = blank_codes(place)
    hand_out(place, lin, code=taken)
    [card] = [card for card, _ in card_sheets.list_cards(place.admin.actor) if card.state == "blank"]
    cards.withdraw_card(place.admin.actor, card.id)
    with pytest.raises(WrongState):
        cards.withdraw_card(place.admin.actor, card.id)
    other = place.volunteer("邻居")
    for code, refusal in ((taken, CardTaken), (void, CardVoid), ("ABCD2345", UnknownCard)):
        with pytest.raises(refusal):
            hand_out(place, other, code=code)


def test_a_member_reports_the_card_lost_and_staff_hand_out_another(place, lin):
    hand_out(place, lin)
    assert cards.report_lost(lin.actor, lin.member_id).state == "lost"
    with pytest.raises(NoCard):
        cards.report_lost(lin.actor, lin.member_id)
    assert hand_out(place, lin).card.state == "issued"
    assert exporters["cards"](lin.person_id)["cards"][0]["state"] == "lost"
    assert [row["state"] for row in exporters["cards"](lin.person_id)["cards"]] == ["lost", "issued"]


# --- who may ----------------------------------------------------------------------------------------------------


def test_a_coordinator_hands_out_cards_in_the_own_part_only(place):
    beside = place.grid_beside()
    foreign = place.staff(Role.COORDINATOR, unit=beside, name="隔壁")
    lin = place.volunteer()
    handed = hand_out(place, lin)
    for refused in (
        lambda: cards.hand_out(foreign.actor, lin.member_id, replaces=True),
        lambda: cards.report_lost(foreign.actor, lin.member_id),
        lambda: cards.reset_pin(foreign.actor, lin.member_id),
        lambda: cards.withdraw_card(foreign.actor, handed.card.id),
        lambda: cards.see_card(foreign.actor, lin.member_id),
        lambda: card_sheets.open_sheet(foreign.actor, handed.card.sheet_id),
        lambda: card_sheets.make_sheet(foreign.actor, count=1),
        lambda: cards.hand_out(place.treasurer.actor, lin.member_id, replaces=True),
        lambda: cards.reset_pin(lin.actor, lin.member_id),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert card_sheets.list_cards(foreign.actor) == []
    assert card_sheets.list_sheets(foreign.actor) == []
    assert card_sheets.make_sheet(foreign.actor, count=1, unit_id=beside.id).unit_id == beside.id
    assert len(card_sheets.list_cards(foreign.actor)) == 1
    assert len(card_sheets.list_cards(place.supervisor.actor)) == 2
    assert [card.id for card, _ in card_sheets.list_cards(lin.actor)] == [handed.card.id]


def test_a_sheet_for_members_of_two_parts_belongs_to_who_manages_both(place):
    beside = place.grid_beside()
    people = [place.volunteer("甲").member_id, place.volunteer("乙", unit=beside).member_id]
    both = place.staff(Role.COORDINATOR, unit=place.grid, name="两格")
    from ledger.people import grants

    grants.give_role(place.admin.actor, both.member_id, role=Role.COORDINATOR, unit_id=beside.id)
    with pytest.raises(MixedParts):
        card_sheets.make_sheet(both.actor, member_ids=people)
    assert card_sheets.make_sheet(place.admin.actor, member_ids=people).unit_id == place.root.id
    assert card_sheets.make_sheet(both.actor, member_ids=people[:1]).unit_id == place.micro_grid.id


def test_another_communitys_codes_and_cards_are_unknown(place, lin):
    handed = hand_out(place, lin)
    other = open_neighbourhood("北塔社区")
    with pytest.raises(UnknownCard):
        cards.holder_of(other.admin.actor, handed.code)
    for stranger in (
        lambda: cards.withdraw_card(other.admin.actor, handed.card.id),
        lambda: cards.hand_out(other.admin.actor, lin.member_id),
        lambda: card_sheets.open_sheet(other.admin.actor, handed.card.sheet_id),
        lambda: cards.report_lost(place.admin.actor, new_id()),
    ):
        with pytest.raises(NotFound):
            stranger()


# --- secrets and guessing ---------------------------------------------------------------------------------------


def test_no_code_and_no_pin_stands_in_the_database(place, lin):
    handed = hand_out(place, lin, pin="482759")
    db.session.remove()
    found = []
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(table.select()):
            shown = repr(tuple(row))
            if handed.code in shown or handed.code.replace("-", "") in shown or "482759" in shown:
                found.append(table.name)
    assert found == []


def test_five_wrong_pins_block_the_card_and_a_reset_opens_it(place, lin):
    handed, till = hand_out(place, lin, pin="4827"), place.volunteer("店员").actor
    assert [try_pin(till, handed.code, f"00{number}5") for number in range(5)] == ["pin_wrong"] * 5
    assert try_pin(till, handed.code, "4827") == "pin_blocked"
    kinds = [notice.notice.kind for notice in inbox.list_notices(lin.actor)]
    assert kinds == ["card.pin_blocked", "card.handed_out"]
    cards.reset_pin(place.coordinator.actor, lin.member_id, pin="9071")
    assert try_pin(till, handed.code, "4827") == "pin_wrong"
    assert try_pin(till, handed.code, "9071") == "right"
    actions = [line.action for line in db.session.query(AuditLine).order_by(AuditLine.id)]
    assert "people.block_pin" in actions
    assert "people.reset_card_pin" in actions


def test_a_right_pin_forgets_the_wrong_ones(place, lin):
    handed, till = hand_out(place, lin, pin="4827"), place.volunteer("店员").actor
    for _ in range(2):
        assert [try_pin(till, handed.code, "0005") for _ in range(4)] == ["pin_wrong"] * 4
        assert try_pin(till, handed.code, "4827") == "right"


@pytest.mark.parametrize("tried", [60, pytest.param(10_000, marks=pytest.mark.long)])
def test_of_many_guesses_one_person_gets_ten(place, lin, tried):
    hand_out(place, lin)
    till = place.volunteer("店员").actor
    answers = [settled(partial(guess_code, till, f"{number:08d}")) for number in range(tried)]
    assert answers == ["unknown_card"] * 10 + ["too_many_requests"] * (tried - 10)
    with pytest.raises(TooManyRequests):
        guesses.refuse_guessing(till)
    lines = db.session.query(AuditLine).filter_by(action="people.stop_guessing").all()
    assert [(line.actor_id, line.detail) for line in lines] == [(till.person_id, {"tries": 10})]
    clock.advance(minutes=10)
    assert settled(lambda: guess_code(till, "ABCD2345")) == "unknown_card"


def guess_code(actor: Any, code: str) -> None:
    guesses.refuse_guessing(actor)
    cards.holder_of(actor, code)


def test_one_pin_over_many_cards_is_stopped_as_well(place):
    till = place.volunteer("店员").actor
    codes = [hand_out(place, place.volunteer(f"邻居{number}"), pin="4827").code for number in range(12)]
    answers = [try_pin(till, code, "0005") for code in codes]
    assert answers == ["pin_wrong"] * 10 + ["too_many_requests"] * 2


def test_an_unknown_card_costs_the_same_work_as_a_wrong_pin(place, lin, monkeypatch):
    handed, till, seen = hand_out(place, lin, pin="4827"), place.volunteer("店员").actor, []

    def watched(card_id: Any, salt: bytes, pin: str) -> bytes:
        seen.append(pin)
        return cards.digest_of_pin(card_id, salt, pin)

    monkeypatch.setattr("ledger.people.card_pins.digest_of_pin", watched)
    work = []
    for code, refusal in (("ABCD2345", "unknown_card"), (handed.code, "pin_wrong")):
        with counted_statements() as asked:
            assert try_pin(till, code, "0005") == refusal
        work.append([" ".join(one.split()[:2]) for one in asked if "SAVEPOINT" not in one])
    assert seen == ["0005", "0005"]
    assert Counter(work[0]) == Counter(work[1])


def test_a_blocked_pin_says_so(place, lin):
    handed = hand_out(place, lin, pin="4827")
    db.session.execute(text("UPDATE cards SET pin_tries = 5"))
    db.session.commit()
    with pytest.raises(PinBlocked):
        card_pins.check_pin(lin.actor, cards.look_up(lin.actor, handed.code), "4827")


def test_of_eight_hand_outs_at_once_one_wins(app, place, lin):
    actor = place.coordinator.actor
    calls = [lambda: cards.hand_out(actor, lin.member_id).card.state for _ in range(8)]
    assert sorted(at_once(app, calls)) == ["card_live"] * 7 + ["issued"]


def test_one_blank_card_goes_to_one_of_many(app, place):
    actor, [code, _] = place.coordinator.actor, blank_codes(place)
    people = [place.volunteer(f"邻居{number}").member_id for number in range(6)]
    calls = [lambda who=who: cards.hand_out(actor, who, code=code).card.state for who in people]
    assert sorted(at_once(app, calls)) == ["card_taken"] * 5 + ["issued"]
