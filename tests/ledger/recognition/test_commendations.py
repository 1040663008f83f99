"""每年一表彰: criteria, names, reviews, the announcement with its objections, the freeze, honours, what is private."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import update

from ledger.book.balances import member_balance
from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, Reason, WrongState
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Role
from ledger.people import consents, grants, teams
from ledger.people.models import PostKind, Purpose
from ledger.recognition import announcing, freezing, honours, years
from ledger.recognition.announcing import answer_objection, object_publicly, objections_of
from ledger.recognition.candidates import Terms, candidates_of, kept, read_terms
from ledger.recognition.commendation_models import (
    Commendation,
    CommendationState,
    Honour,
    Nomination,
    NominationState,
    PublicObjection,
    Review,
    SubjectKind,
)
from ledger.recognition.commendation_reading import (
    count_waiting_for,
    frozen_bytes,
    list_commendations,
    see_candidates,
    see_commendation,
)
from ledger.recognition.commendations import (
    announce,
    draft_commendation,
    drop_commendation,
    nominate,
    nominations_of,
    open_commendation,
    review,
    set_criteria,
)
from ledger.recognition.errors import (
    AnnouncementOver,
    AnnouncementRunning,
    CriteriaNotMet,
    CriterionNotForKind,
    DocumentChanged,
    NobodyChosen,
    ObjectionsOpen,
    OwnHonour,
    ReviewIncomplete,
    TooManyObjections,
    YearInFuture,
)
from ledger.recognition.verifying import Verdict, verify
from tests.ledger.recognition import commending
from tests.ledger.recognition.commending import ADDRESS, Commended
from tests.ledger.recognition.month import Month
from tests.stories import Neighbour, street_officer


@pytest.fixture
def told(context: object) -> Iterator[object]:
    """Tells a commendation up to a state; the clock is given back afterwards."""
    try:
        yield commending.open_commendation
    finally:
        clock.move_to(None)


def names_of(candidates: object) -> list[str]:
    return [one.name for one in candidates]  # type: ignore[attr-defined]


def test_the_criteria_count_who_meets_them_now(november: Month) -> None:
    place, admin = november.street.place, november.admin.actor
    lin, chen, wang = november.volunteers("林秀芳", "陈刚", "王桂兰")
    november.serve(lin, chen)
    grants.give_post(admin, chen.member_id, kind=PostKind.UNIT_STEWARD, unit_id=place.micro_grid.id)
    team = teams.form_team(admin, "夜巡队", unit_id=place.grid.id, leader_id=lin.member_id, member_ids=[wang.member_id])

    def met(kind: SubjectKind = SubjectKind.VOLUNTEER, **terms: Any) -> list[str]:
        asked = Terms(**terms)
        assert read_terms(json.loads(json.dumps(kept(asked)))) == asked
        return names_of(candidates_of(november.id, kind, 2026, asked))

    assert met() == met(visits=1, proven_percent=100, unit_id=place.micro_grid.id) == ["林秀芳", "陈刚"]
    assert met(hours=2, team_id=team.id) == ["林秀芳"]
    assert met(hours=3) == met(visits=2) == []
    assert met(post=PostKind.UNIT_STEWARD) == ["陈刚"]
    assert met(stars=1) == met(unit_id=place.grid_beside().id) == []
    assert met(programme_id=november.day.programme.id, nothing_open=True) == ["林秀芳", "陈刚"]
    assert met(SubjectKind.TEAM, hours=2) == ["夜巡队"]
    assert met(SubjectKind.TEAM, hours=3) == met(SubjectKind.SHOP) == []
    november.street.award(lin, 20)
    november.street.buy(lin)
    assert met(SubjectKind.SHOP, visits=1, nothing_open=True) == ["麦香面包"]
    assert candidates_of(november.id, SubjectKind.VOLUNTEER, 2025, Terms()) == []
    what = {"title": "优秀商户", "most": 3}
    with pytest.raises(CriterionNotForKind):
        draft_commendation(admin, year=2026, kind=SubjectKind.SHOP, terms=Terms(hours=1), **what)
    with pytest.raises(YearInFuture):
        draft_commendation(admin, year=2027, kind=SubjectKind.SHOP, terms=Terms(), **what)
    with pytest.raises(NotFound):
        draft_commendation(admin, year=2026, kind=SubjectKind.TEAM, terms=Terms(unit_id=lin.member_id), **what)


def test_names_are_put_forward_in_ones_part_and_judged_by_two_others(told) -> None:
    year: Commended = told()
    place = year.month.street.place
    lin, chen = year.people["林秀芳"], year.people["陈刚"]
    beside = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    for person in (beside, year.admin, year.supervisor, lin):
        with pytest.raises(Forbidden):
            nominate(person.actor, year.id, lin.member_id, reason="好")
    [idle] = year.month.volunteers("马兰")
    with pytest.raises(CriteriaNotMet):
        nominate(year.coordinator.actor, year.id, idle.member_id, reason="好")
    [first] = year.name("林秀芳")
    with pytest.raises(AlreadyExists):
        year.name("林秀芳")
    grants.give_role(year.admin.actor, chen.member_id, role=Role.COORDINATOR, unit_id=place.grid.id)
    with pytest.raises(OwnHonour):
        nominate(chen.actor, year.id, chen.member_id, reason="我")
    for person in (year.admin, year.coordinator):
        with pytest.raises(Forbidden):
            review(person.actor, year.id, first, is_for=True, note="")
    grants.give_role(year.admin.actor, chen.member_id, role=Role.SUPERVISOR, unit_id=place.root.id)
    second = nominate(chen.actor, year.id, year.people["王桂兰"].member_id, reason="好").id
    with pytest.raises(OwnStep):
        review(chen.actor, year.id, second, is_for=True, note="")
    [third] = year.name("陈刚")
    with pytest.raises(OwnHonour):
        review(chen.actor, year.id, third, is_for=True, note="")
    review(year.supervisor.actor, year.id, first, is_for=False, note="再看看")
    review(year.supervisor.actor, year.id, first, is_for=True, note="好")
    with pytest.raises(ReviewIncomplete):
        announce(year.admin.actor, year.id)
    assert count_waiting_for(year.supervisor.actor).to_review == 2
    year.judge(first, is_for=False)
    year.judge(second, is_for=False)
    year.judge(third, is_for=False)
    with pytest.raises(NobodyChosen):
        announce(year.admin.actor, year.id)


def test_of_too_many_those_stay_whom_most_were_for(told) -> None:
    year: Commended = told(CommendationState.DRAFT)
    set_criteria(year.admin.actor, year.id, Terms(), most=1)
    open_commendation(year.admin.actor, year.id)
    first, second = year.name("林秀芳", "陈刚")
    year.judge(first)
    year.judge(second)
    review(year.month.street.place.staff(Role.SUPERVISOR).actor, year.id, second, is_for=True, note="")
    announce(year.admin.actor, year.id)
    assert [one.id for one in nominations_of(year.community_id, year.id, NominationState.ANNOUNCED)] == [second]


def test_every_step_is_refused_out_of_its_order_and_by_whom_it_is_not_for(told) -> None:
    year: Commended = told(CommendationState.DRAFT)
    admin, supervisor, coordinator = year.admin.actor, year.supervisor.actor, year.coordinator.actor
    lin = year.people["林秀芳"].member_id

    def steps() -> dict[str, type[Reason]]:
        found = {}
        for name, step in {
            "criteria": lambda: set_criteria(admin, year.id, Terms()),
            "open": lambda: open_commendation(admin, year.id),
            "nominate": lambda: nominate(coordinator, year.id, lin, reason="好"),
            "review": lambda: review(supervisor, year.id, lin, is_for=True, note=""),
            "announce": lambda: announce(admin, year.id),
            "object": lambda: object_publicly(year.community_id, None, year.id, words="不好", address=ADDRESS),
            "answer": lambda: answer_objection(admin, year.id, lin, is_upheld=False, answer="看过"),
            "freeze": lambda: freezing.freeze(admin, year.id),
            "publish": lambda: freezing.publish(supervisor, year.id),
            "print": lambda: honours.see_papers(admin, year.id),
        }.items():
            try:
                tried(step)
            except Reason as reason:
                found[name] = type(reason)
        return found

    refused = steps()
    assert {refused[name] for name in ("nominate", "review", "announce", "answer", "freeze", "publish", "print")} == {
        WrongState
    }
    assert refused["object"] is NotFound
    for person in (supervisor, coordinator, year.officer.actor, year.people["陈刚"].actor):
        for step in (open_commendation, announce, freezing.freeze, drop_commendation):
            with pytest.raises(Forbidden):
                step(person, year.id)
    with pytest.raises(Forbidden):
        freezing.publish(admin, year.id)
    drop_commendation(admin, year.id)
    assert set(steps().values()) == {WrongState, NotFound}
    assert list_commendations(year.community_id, None) == []
    with pytest.raises(NotFound):
        see_commendation(year.community_id, year.people["陈刚"].actor, year.id)


def test_a_list_is_public_five_working_days_and_frozen_once_every_objection_is_answered(told) -> None:
    year: Commended = told(CommendationState.ANNOUNCED)
    public = see_commendation(year.community_id, None, year.id)
    assert sorted(names_of(public.names)) == ["林秀芳", "王*兰", "陈*"]  # Only Lin agreed to be published.
    assert f"{clock.local_day(public.commendation.ends_at):%m-%d}" == "11-28"  # Friday the 20th and five more.
    about = public.names[1].nomination.id
    chen = year.people["陈刚"].actor
    first = object_publicly(year.community_id, chen, year.id, words="漏了李大爷", address=ADDRESS)
    second = object_publicly(year.community_id, None, year.id, nomination_id=about, words="时长不对", address=ADDRESS)
    passed_over = nominations_of(year.community_id, year.id, NominationState.PASSED_OVER)[0].id
    with pytest.raises(NotFound):
        object_publicly(year.community_id, None, year.id, nomination_id=passed_over, words="?", address=ADDRESS)
    for _ in range(announcing.MOST_OF_ADDRESS - 2):
        last = object_publicly(year.community_id, None, year.id, words="不公平", address=ADDRESS)
    with pytest.raises(TooManyObjections):
        object_publicly(year.community_id, None, year.id, words="不公平", address=ADDRESS)
    with pytest.raises(AnnouncementRunning):
        freezing.freeze(year.admin.actor, year.id)
    with pytest.raises(Forbidden):
        answer_objection(year.supervisor.actor, year.id, first.id, is_upheld=False, answer="看过")
    year.wait()
    with pytest.raises(AnnouncementOver):
        object_publicly(year.community_id, None, year.id, words="晚了", address=ADDRESS)
    with pytest.raises(ObjectionsOpen) as refusal:
        freezing.freeze(year.admin.actor, year.id)
    assert refusal.value.facts == {"left": announcing.MOST_OF_ADDRESS}
    answer_objection(year.admin.actor, year.id, second.id, is_upheld=True, answer="属实")
    with pytest.raises(WrongState):
        answer_objection(year.admin.actor, year.id, second.id, is_upheld=True, answer="属实")
    for one in objections_of(year.community_id, year.id):
        if one.answered_at is None:
            answer_objection(year.admin.actor, year.id, one.id, is_upheld=False, answer="核过了")
    assert last.id == objections_of(year.community_id, year.id)[-1].id
    frozen = freezing.freeze(year.admin.actor, year.id)
    assert hashlib.sha256(frozen.document).digest() == frozen.digest
    assert {one.address_index for one in objections_of(year.community_id, year.id)} == {None}
    said = frozen.document.decode()
    assert not any(word in said for word in ("林秀芳", "陈刚", "王", "随叫随到", "时长不对", "属实"))
    public = see_commendation(year.community_id, None, year.id)
    assert len(public.names) == 2
    assert {one.words for one in public.objections} == {""}
    with pytest.raises(NotFound):
        frozen_bytes(year.community_id, year.id)  # Not yet published.


def test_publishing_honours_each_with_a_certificate_and_a_bonus_through_the_books(told) -> None:
    year: Commended = told(CommendationState.FROZEN)
    lin, chen, wang = (year.people[name] for name in ("林秀芳", "陈刚", "王桂兰"))
    both = year.month.street.place.staff(Role.SUPERVISOR)
    grants.give_role(year.admin.actor, both.member_id, role=Role.ADMIN, unit_id=year.month.street.place.root.id)
    grants.give_role(year.admin.actor, lin.member_id, role=Role.SUPERVISOR, unit_id=year.month.street.place.root.id)
    with pytest.raises(OwnHonour):
        freezing.publish(lin.actor, year.id)
    before = member_balance(year.community_id, lin.member_id)
    row = freezing.publish(year.supervisor.actor, year.id)
    after = member_balance(year.community_id, lin.member_id)
    assert (after.posted - before.posted, after.minutes - before.minutes) == (50, 0)
    assert member_balance(year.community_id, wang.member_id).posted == 10  # Struck.
    assert frozen_bytes(year.community_id, year.id) == row.document
    [mine] = years.see_year(lin.actor, lin.member_id, 2026).honours
    assert (mine.title, mine.is_revoked) == ("年度优秀志愿者", False)
    found = verify(mine.number, address=ADDRESS)
    assert (found.status, found.certificate["name"]) == (Verdict.VALID, "林秀芳")
    [theirs] = honours.honours_of(year.community_id, [chen.member_id])
    assert verify(theirs.number, address=ADDRESS).certificate["name"] == "陈*"
    consents.give(chen.person_id, [Purpose.PUBLICATION])
    assert verify(theirs.number, address=ADDRESS).certificate["name"] == "陈刚"
    assert sorted(paper.name for paper in honours.see_papers(year.admin.actor, year.id)) == ["林秀芳", "陈刚"]
    assert honours.see_paper(chen.actor, theirs.id).name == "陈刚"
    assert honours.see_paper(year.officer.actor, theirs.id).name == "陈*"
    for refused in (lambda: honours.see_paper(wang.actor, theirs.id), lambda: honours.see_papers(chen.actor, year.id)):
        with pytest.raises(Forbidden):
            refused()
    with pytest.raises(Forbidden):
        honours.revoke_honour(year.supervisor.actor, theirs.id, reason="不")
    honours.revoke_honour(year.admin.actor, theirs.id, reason="查实弄虚作假")
    with pytest.raises(WrongState):
        honours.revoke_honour(year.admin.actor, theirs.id, reason="再一次")
    assert verify(theirs.number, address=ADDRESS).status is Verdict.REVOKED
    assert [one.reason for one in honours.honours_of(year.community_id, [chen.member_id])] == ["查实弄虚作假"]
    with pytest.raises(WrongState):
        freezing.publish(year.supervisor.actor, year.id)
    assert run_checks() == []


def test_nobody_publishes_what_they_drafted_or_froze(told) -> None:
    year: Commended = told(CommendationState.ANNOUNCED)
    both = year.month.street.place.staff(Role.SUPERVISOR)
    grants.give_role(year.admin.actor, both.member_id, role=Role.ADMIN, unit_id=year.month.street.place.root.id)
    year.wait()
    freezing.freeze(both.actor, year.id)
    with pytest.raises(OwnStep):
        freezing.publish(both.actor, year.id)
    assert count_waiting_for(year.supervisor.actor).to_publish == 1


def test_teams_and_shops_are_commended_without_points(november: Month) -> None:
    place = november.street.place
    lin, chen = november.volunteers("林秀芳", "陈刚")
    november.serve(lin, chen)
    team = teams.form_team(november.admin.actor, "夜巡队", unit_id=place.grid.id, leader_id=lin.member_id)
    november.street.award(lin, 20)
    november.street.buy(lin)
    shop = november.street.loaf.merchant_id
    officer = street_officer(place.community)
    for kind, subject, name in ((SubjectKind.TEAM, team.id, "夜巡队"), (SubjectKind.SHOP, shop, "麦香面包")):
        row = draft_commendation(
            november.admin.actor, year=2026, kind=kind, title="优秀", terms=Terms(visits=1), bonus_points=50
        )
        assert row.bonus_points == 0
        one = Commended(november, row.id, officer, {})
        open_commendation(november.admin.actor, row.id)
        nomination = nominate(one.coordinator.actor, row.id, subject, reason="好")
        one.judge(nomination.id)
        announce(november.admin.actor, row.id)
        assert names_of(see_commendation(november.id, None, row.id).names) == [name]
        one.publish()
        [paper] = honours.see_papers(november.admin.actor, row.id)
        assert verify(paper.honour.number, address=ADDRESS).certificate["name"] == name
    assert member_balance(november.id, lin.member_id).lifetime_earned == 30


def test_staff_see_what_their_right_reaches(told) -> None:
    year: Commended = told(CommendationState.ANNOUNCED)
    whole = see_commendation(year.community_id, year.supervisor.actor, year.id)
    assert (len(whole.names), whole.names[0].reason, len(whole.names[0].reviews)) == (4, "随叫随到", 2)
    masked = see_commendation(year.community_id, year.officer.actor, year.id)
    assert sorted(names_of(masked.names)) == ["林*芳", "王*兰", "赵*", "陈*"]
    assert {one.reason for one in masked.names} == {""}
    assert sorted(names_of(see_candidates(year.officer.actor, year.id))) == ["林*芳", "王*兰", "赵*", "陈*"]
    assert sorted(names_of(see_candidates(year.admin.actor, year.id))) == ["林秀芳", "王桂兰", "赵敏", "陈刚"]
    with pytest.raises(Forbidden):
        see_candidates(year.people["陈刚"].actor, year.id)


@pytest.mark.breaks_books
def test_whatever_is_changed_after_the_freeze_is_found(told) -> None:
    year: Commended = told(CommendationState.PUBLISHED)
    assert run_checks() == []
    plants = {
        "criteria": update(Commendation).values(terms={"hours": 1}),
        "title": update(Commendation).values(title="别的"),
        "figures": update(Nomination).values(minutes=9999),
        "who": update(Nomination)
        .where(Nomination.state == NominationState.STRUCK)
        .values(state=NominationState.ANNOUNCED),
        "subject": update(Nomination)
        .where(Nomination.member_id == year.people["陈刚"].member_id)
        .values(member_id=year.month.street.place.treasurer.member_id),
        "reason": update(Nomination).values(reason="别的理由"),
        "vote": update(Review).values(is_for=False),
        "note": update(Review).values(note="改过"),
        "objection": update(PublicObjection).values(words="改过"),
        "outcome": update(PublicObjection).values(is_upheld=False),
        "bytes": update(Commendation).values(document=b"{}"),
    }
    for name, plant in plants.items():
        assert _found_by(plant) == {"commendations_match"} | ({"honours_match"} if name == "who" else set()), name
    assert _found_by(update(Honour).values(document=b"{}")) == {"honours_match"}
    assert _found_by(update(Commendation).values(bonus_points=51)) == {"commendations_match", "honours_match"}

    @atomic
    def change() -> None:
        db.session.execute(plants["figures"])

    change()
    with pytest.raises(DocumentChanged):
        see_commendation(year.community_id, None, year.id)
    with pytest.raises(DocumentChanged):
        frozen_bytes(year.community_id, year.id)


class TakenBack(Exception):
    """Ends a transaction that is not to be kept."""


def tried(step: Callable[[], Any]) -> None:
    """What the step does is taken back; what it raises is raised."""

    @atomic
    def try_it() -> None:
        step()
        raise TakenBack

    with suppress(TakenBack):
        try_it()


def _found_by(plant: Any) -> set[str]:
    """What the checks find while the plant stands; it is taken back."""
    found: set[str] = set()

    def look() -> None:
        db.session.execute(plant)
        found.update(finding.check for finding in run_checks())

    tried(look)
    return found


def test_an_erasure_forgets_the_words_and_breaks_no_proof(told) -> None:
    year: Commended = told(CommendationState.PUBLISHED)
    lin: Neighbour = year.people["林秀芳"]
    [mine] = exporters["commendations"](lin.person_id)["honours"]
    [named] = exporters["commendations"](lin.person_id)["nominations"]
    assert (named["reason"], named["title"], named["state"]) == ("随叫随到", "年度优秀志愿者", "announced")
    for erase in ("commitments", "commendations"):
        erasers[erase](lin.person_id)
    assert exporters["commendations"](lin.person_id)["nominations"][0]["reason"] == ""
    assert verify(mine["number"], address=ADDRESS).certificate["name"] is None
    assert run_checks() == []
    assert len(see_commendation(year.community_id, None, year.id).names) == 2
