"""Corrections: asked by the member, made or refused by staff with an answer, never by the member themself."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest
from flask import Flask

from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Actor, Role
from ledger.people import corrections, inbox, members
from ledger.people.correction_models import About, CorrectionState
from tests.ledger.book.town import at_once
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


@pytest.fixture
def lin(place: Neighbourhood) -> Neighbour:
    return place.volunteer("林秀方")


def states(place: Neighbourhood) -> list[str]:
    return [view.correction.state for view in corrections.list_corrections(place.admin.actor)]


def test_a_wrong_name_is_put_right_everywhere_and_found_by_its_sound(place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.NAME, "林秀芳", note="方字错了")
    assert corrections.count_waiting(place.admin.actor) == 1
    corrections.make_correction(place.admin.actor, row.id)
    [(member, _)] = members.list_members(place.admin.actor, search="林秀芳")
    assert (member.id, member.name) == (lin.member_id, "林秀芳")
    assert inbox.list_notices(lin.actor)[0].notice.kind == "people.corrected"
    assert corrections.count_waiting(place.admin.actor) == 0


def test_a_wrong_place_is_put_right_by_moving_the_member(place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.PLACE, "东门那个网格")
    corrections.make_correction(place.admin.actor, row.id, answer="已改到网格", unit_id=place.grid.id)
    _, unit = members.see_member(place.admin.actor, _id(lin))
    assert unit.id == place.grid.id


def test_a_place_of_nowhere_changes_nothing(place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.PLACE, "别处")
    with pytest.raises(NotFound):
        corrections.make_correction(place.admin.actor, row.id, unit_id=row.id)
    assert states(place) == ["asked"]


def test_a_refusal_has_its_answer_and_the_same_can_be_asked_again(place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.OTHER, "我的入会日期")
    with pytest.raises(AlreadyExists):
        corrections.ask_correction(lin.actor, About.OTHER, "还是入会日期")
    corrections.refuse_correction(place.admin.actor, row.id, answer="以登记表为准")
    [shown] = corrections.list_corrections(lin.actor, is_mine=True)
    assert (shown.correction.state, shown.correction.answer) == (CorrectionState.REFUSED, "以登记表为准")
    corrections.ask_correction(lin.actor, About.OTHER, "我有登记表的照片")


def test_the_member_takes_it_back_and_nobody_else_does(place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.NAME, "林秀芳")
    for other in (place.volunteer(), place.admin):
        with pytest.raises(Forbidden):
            corrections.withdraw_correction(other.actor, row.id)
    corrections.withdraw_correction(lin.actor, row.id)
    with pytest.raises(WrongState):
        corrections.withdraw_correction(lin.actor, row.id)
    with pytest.raises(Forbidden):
        corrections.make_correction(lin.actor, row.id)
    with pytest.raises(WrongState):
        corrections.make_correction(place.admin.actor, row.id)


def test_nobody_decides_on_their_own(place: Neighbourhood) -> None:
    row = corrections.ask_correction(place.admin.actor, About.NAME, "李社工")
    assert corrections.count_waiting(place.admin.actor) == 0, "it waits for a colleague"
    with pytest.raises(OwnStep):
        corrections.make_correction(place.admin.actor, row.id)
    with pytest.raises(OwnStep):
        corrections.refuse_correction(place.admin.actor, row.id, answer="不")
    corrections.make_correction(place.staff(Role.ADMIN).actor, row.id)


def test_who_sees_and_decides(place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.NAME, "林秀芳")
    assert corrections.see_correction(lin.actor, row.id).member.id == lin.member_id
    for other in (place.volunteer(), place.stamper, place.treasurer):
        for ask in (corrections.see_correction, corrections.make_correction):
            with pytest.raises(Forbidden):
                ask(other.actor, row.id)
        with pytest.raises(Forbidden):
            corrections.list_corrections(other.actor)
        assert corrections.count_waiting(other.actor) == 0


def test_of_two_who_decide_at_once_one_does(app: Flask, place: Neighbourhood, lin: Neighbour) -> None:
    row = corrections.ask_correction(lin.actor, About.NAME, "林秀芳")
    staff = [place.admin.actor, place.staff(Role.ADMIN).actor]

    def decide(actor: Actor) -> str:
        try:
            corrections.make_correction(actor, row.id)
        except WrongState as refused:
            return refused.code
        return "done"

    outcomes = at_once(app, [partial(decide, one) for one in staff])
    assert sorted(outcomes) == ["done", "wrong_state"]


def test_the_file_has_the_words_and_erasing_takes_them(place: Neighbourhood, lin: Neighbour) -> None:
    corrections.refuse_correction(
        place.admin.actor, corrections.ask_correction(lin.actor, About.OTHER, "电话", note="旧的").id, answer="请到柜台"
    )
    corrections.ask_correction(lin.actor, About.NAME, "林秀芳")
    assert [one["wanted"] for one in exporters["corrections"](lin.person_id)["corrections"]] == ["电话", "林秀芳"]
    erasers["corrections"](lin.person_id)
    kept = exporters["corrections"](lin.person_id)["corrections"]
    assert {(one["wanted"], one["note"]) for one in kept} == {("", "")}
    assert [one["state"] for one in kept] == ["refused", "withdrawn"]
    assert "请到柜台" not in str(kept)


def _id(one: Neighbour) -> UUID:
    assert one.member_id is not None
    return one.member_id
