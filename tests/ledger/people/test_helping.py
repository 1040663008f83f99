"""Helpers: named by the member or registered by staff, live once both agreed, over at once when either ends it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, TooManyRequests, WrongState
from ledger.core.permissions import RIGHTS, Scope, may
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import count_stand_ins
from ledger.core.tenancy import Role
from ledger.people import deaths, helping, inbox, leaving, members, sessions
from ledger.people.errors import HelperLimit, HelperUnknown, OwnHelp
from ledger.people.helping import Found
from ledger.people.helping_models import HelperLink, HelpState, Relation
from ledger.people.models import Notice, Purpose
from tests.stories import Neighbour, Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


@pytest.fixture
def lin(place: Neighbourhood) -> Neighbour:
    return place.volunteer("林秀芳")


@pytest.fixture
def daughter(place: Neighbourhood) -> Neighbour:
    return place.volunteer("林小燕")


def named(actor: Neighbour, member: Neighbour, helper: Neighbour, **more: object) -> HelperLink:
    """Asked for, by the helper's id: what is found is another test's matter."""
    asked = {"found": Found(helper.member_id), "relation": Relation.CHILD} | more
    return helping.name_helper(actor.actor, member.member_id, **asked)


def live(place: Neighbourhood, member: Neighbour, helper: Neighbour) -> HelperLink:
    """Registered in presence and accepted."""
    link = named(place.admin, member, helper, note="在家中口头同意", is_in_presence=True)
    return helping.agree(helper.actor, link.id)


def kinds(person: Neighbour) -> list[str]:
    return [seen.notice.kind for seen in inbox.list_notices(person.actor)]


# --- how it begins ----------------------------------------------------------------------------------------------


def test_a_member_names_by_name_and_number_and_the_helper_accepts(place, lin):
    phone = next_phone()
    member = members.add_member(place.admin.actor, "林小燕", phone=phone)
    found = Found(name="林小燕", phone=phone)
    link = helping.name_helper(lin.actor, lin.member_id, found=found, relation=Relation.CHILD)
    assert (link.state, link.helper_id, link.consented_at is not None) == (HelpState.ASKED, member.id, True)


def test_it_is_live_only_when_the_helper_agreed_and_both_are_told(place, lin, daughter):
    link = named(place.admin, lin, daughter, note="当面", is_in_presence=True)
    assert not daughter.actor.helps
    assert kinds(daughter) == ["helping.asked"]
    assert helping.agree(daughter.actor, link.id).state == HelpState.LIVE
    assert daughter.actor.helps == {lin.member_id}
    assert kinds(lin) == ["helping.begun", "helping.registered"]
    assert kinds(daughter) == ["helping.may_act", "helping.asked"]


def test_what_staff_register_without_the_member_present_needs_the_members_own_yes(place, lin, daughter):
    link = named(place.coordinator, lin, daughter)
    assert helping.agree(daughter.actor, link.id).state == HelpState.ASKED
    assert not daughter.actor.helps
    assert helping.agree(lin.actor, link.id).state == HelpState.LIVE
    assert daughter.actor.helps == {lin.member_id}


def test_nobody_agrees_twice_or_for_another(place, lin, daughter):
    link = named(place.coordinator, lin, daughter)
    for other in (place.coordinator, place.admin, place.volunteer("邻居")):
        with pytest.raises(Forbidden):
            helping.agree(other.actor, link.id)
    helping.agree(lin.actor, link.id)
    with pytest.raises(WrongState):
        helping.agree(lin.actor, link.id)


@pytest.mark.parametrize(("name", "number"), [("林大燕", True), ("林小燕", False)])
def test_name_and_number_must_belong_together(place, lin, name, number):
    phone = next_phone()
    members.add_member(place.admin.actor, "林小燕", phone=phone)
    found = Found(name=name, phone=phone if number else next_phone())
    with pytest.raises(HelperUnknown):
        helping.name_helper(lin.actor, lin.member_id, found=found, relation=Relation.CHILD)


def test_a_member_of_another_community_is_unknown_here(place, lin):
    phone = next_phone()
    members.add_member(open_neighbourhood("北塔社区").admin.actor, "林小燕", phone=phone)
    with pytest.raises(HelperUnknown):
        helping.name_helper(lin.actor, lin.member_id, found=Found(name="林小燕", phone=phone), relation=Relation.CHILD)


def test_who_guesses_ten_times_waits(place, lin):
    def guess() -> None:
        found = Found(name="林小燕", phone=next_phone())
        with pytest.raises(HelperUnknown) as refused:
            helping.name_helper(lin.actor, lin.member_id, found=found, relation=Relation.CHILD)
        atomic(refused.value.afterwards)()

    for _ in range(helping.TRIES_AN_HOUR):
        guess()
    with pytest.raises(TooManyRequests):
        helping.name_helper(lin.actor, lin.member_id, found=Found(name="谁", phone="13900000001"), relation="child")


def test_nobody_helps_themself_and_staff_do_not_register_themselves(place, lin):
    with pytest.raises(OwnHelp):
        named(place.admin, lin, lin)
    with pytest.raises(OwnHelp):
        named(place.admin, lin, place.admin, note="当面", is_in_presence=True)


def test_the_same_person_is_not_asked_twice_while_it_is_open(place, lin, daughter):
    link = named(place.admin, lin, daughter)
    with pytest.raises(AlreadyExists):
        named(place.admin, lin, daughter)
    helping.end_help(lin.actor, link.id)
    assert named(place.admin, lin, daughter).state == HelpState.ASKED


def test_helpers_and_helped_are_counted(place, lin, daughter):
    for number in range(helping.MOST_HELPERS):
        named(place.admin, lin, place.volunteer(f"家人{number}"))
    with pytest.raises(HelperLimit):
        named(place.admin, lin, daughter)
    for number in range(helping.MOST_HELPED):
        named(place.admin, place.volunteer(f"老人{number}"), daughter)
    with pytest.raises(HelperLimit):
        named(place.admin, place.volunteer("又一位老人"), daughter)


# --- who may ----------------------------------------------------------------------------------------------------


def test_staff_register_within_their_part_only(place, lin, daughter):
    beside = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    for other in (beside, place.stamper, place.treasurer, daughter, place.volunteer("邻居")):
        if other is not place.treasurer:  # The second staff account of a community is an administrator too.
            with pytest.raises(Forbidden):
                named(other, lin, daughter)
    assert named(place.coordinator, lin, daughter).state == HelpState.ASKED


def test_a_helper_names_no_other_helper_and_ends_none(place, lin, daughter):
    live(place, lin, daughter)
    son = place.volunteer("林小军")
    with pytest.raises(Forbidden):
        named(daughter, lin, son)
    other = named(place.admin, lin, son)
    with pytest.raises(Forbidden):
        helping.end_help(daughter.actor, other.id)
    with pytest.raises(Forbidden):
        helping.helpers_of(daughter.actor, lin.member_id)


def test_links_are_seen_by_the_two_and_by_staff(place, lin, daughter):
    link = live(place, lin, daughter)
    for person in (lin, daughter, place.admin, place.coordinator, place.supervisor):
        assert helping.see_link(person.actor, link.id).helper.name == "林小燕"
    beside = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    for person in (place.volunteer("邻居"), beside):
        with pytest.raises(Forbidden):
            helping.see_link(person.actor, link.id)
        with pytest.raises(Forbidden):
            helping.helpers_of(person.actor, lin.member_id)
    with pytest.raises(NotFound):
        helping.see_link(open_neighbourhood("北塔社区").admin.actor, link.id)


def test_a_helper_of_one_community_helps_in_no_other(place, lin, daughter):
    live(place, lin, daughter)
    north = open_neighbourhood("北塔社区")
    atomic(members.join_community)(sessions.actor_of(daughter.token), north.id, name="林小燕", given=[Purpose.SERVICE])
    inside = sessions.enter(sessions.actor_of(daughter.token), north.id)
    assert (inside.helps, daughter.actor.helps) == (frozenset(), {lin.member_id})


# --- how it ends ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["lin", "daughter", "coordinator"])
def test_either_side_and_staff_end_it_and_the_right_is_gone_at_once(place, lin, daughter, who):
    link = live(place, lin, daughter)
    assert may(daughter.actor, "act_for_member", member_id=lin.member_id)
    person = {"lin": lin, "daughter": daughter, "coordinator": place.coordinator}[who]
    assert helping.end_help(person.actor, link.id).state == HelpState.ENDED
    assert not may(daughter.actor, "act_for_member", member_id=lin.member_id)
    told = {"lin": [daughter], "daughter": [lin], "coordinator": [lin, daughter]}[who]
    assert [kinds(one)[0] for one in told] == ["helping.ended"] * len(told)
    with pytest.raises(WrongState):
        helping.end_help(person.actor, link.id)
    with pytest.raises(WrongState):
        helping.agree(daughter.actor, link.id)


def test_what_was_only_asked_is_declined_and_stays_in_the_history(place, lin, daughter):
    first = named(place.admin, lin, daughter)
    helping.end_help(daughter.actor, first.id)
    live(place, lin, daughter)
    states = [view.link.state for view in helping.helpers_of(lin.actor, lin.member_id)]
    assert states == [HelpState.LIVE, HelpState.DECLINED]
    assert [view.member.name for view in helping.helped_by(daughter.actor, daughter.member_id)] == ["林秀芳"] * 2


def test_whoever_leaves_helps_nobody_and_is_helped_by_nobody(place, lin, daughter):
    live(place, lin, daughter)
    leaving.leave(lin.actor, lin.member_id)
    assert daughter.actor.helps == frozenset()
    assert kinds(daughter)[0] == "helping.ended"
    assert db.session.scalar(select(func.count()).where(HelperLink.state == HelpState.ENDED)) == 1


def test_nobody_writes_to_the_dead(place, lin, daughter):
    live(place, lin, daughter)
    to_lin = select(func.count()).where(Notice.person_id == lin.person_id)
    before = db.session.scalar(to_lin)
    death = deaths.record_death(place.admin.actor, lin.member_id, died_on=clock.today())
    deaths.confirm_death(place.treasurer.actor, death.id)
    assert (kinds(daughter)[0], db.session.scalar(to_lin)) == ("helping.ended", before)
    assert count_stand_ins(place.id) == {}, "the community did it itself"


def test_the_data_of_both_tell_of_the_link_and_erasing_one_ends_it(place, lin, daughter):
    live(place, lin, daughter)
    roles = [exporters["helpers"](one.person_id)["helpers"][0]["as"] for one in (lin, daughter)]
    assert roles == ["member", "helper"]
    erasers["helpers"](lin.person_id)
    db.session.remove()
    row = db.session.scalars(select(HelperLink)).one()
    assert (row.state, row.note, daughter.actor.helps) == (HelpState.ENDED, "", frozenset())


# --- what it gives ----------------------------------------------------------------------------------------------

FOR_THE_HELPED = {
    "see_own", "see_members", "see_checkins", "see_objections", "see_books", "see_reversals", "see_redemptions",
    "act_for_member", "confirm_redemption", "cancel_own_redemption", "complain", "see_complaints",
    "ask_certificate", "see_certificates",
}  # fmt: skip


def test_a_helper_reads_and_acts_and_nothing_more(place, lin, daughter):
    """No consent, code, card, erasure, helper or role: only what the table names for those who help."""
    helped = {verb for verb, row in RIGHTS.items() if row.get(Role.VOLUNTEER, Scope(0)) & Scope.HELPED}
    assert helped == FOR_THE_HELPED
    live(place, lin, daughter)
    allowed = {verb for verb in RIGHTS if may(daughter.actor, verb, member_id=lin.member_id)}
    assert allowed == FOR_THE_HELPED


def test_the_list_of_members_shows_a_helper_whom_they_help(place, lin, daughter):
    place.volunteer("邻居")
    live(place, lin, daughter)
    assert {member.name for member, _ in members.list_members(daughter.actor)} == {"林秀芳", "林小燕"}
    assert members.see_member(daughter.actor, lin.member_id)[0].name == "林秀芳"
