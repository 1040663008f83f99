"""The community next door, of the same street: small, opened as ours was; somebody of it has moved to us."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Town, enter, person_with
from ledger.core.tenancy import Actor, Role, system_actor
from ledger.people import communities, leaving, members, units
from ledger.people.communities import Staff
from ledger.people.models import Member, PlaceUnit, UnitKind
from ledger.service import activities, checkins, programmes, queue, stamps
from ledger.service.activities import ActivityPlan
from ledger.service.checkins import Kind, Via
from ledger.service.models import Activity, Basis, CheckinState, Decision
from ledger.service.programmes import RuleTerms

NAME, SHORT_CODE, TELEPHONE = "北苑社区", "BY", "0951-0000001"
STAFF = (
    Staff("罗桂芳", "13900090001", roles=(Role.ADMIN, Role.STAMPER)),
    Staff("金小刚", "13900090002", roles=(Role.TREASURER, Role.ADMIN)),
)
NEIGHBOURS = ("纳玉兰", "拜志军", "冶秀英", "杨春生", "买小军")
"""The last of them moves to us."""

CLEANING = RuleTerms(basis=Basis.PER_HOUR, points=4)
LENGTH = timedelta(hours=2)


def tell_beside(town: Town, story: Story) -> None:
    """Its people serve together on three mornings; one of the staff records them, the other stamps; then one moves."""
    community = communities.open_community(
        system_actor(None), NAME, staff=STAFF, street_id=town.community.street_id, short_code=SHORT_CODE, is_demo=True
    )
    admin, treasurer = (enter(community.id, person_with(one.phone)) for one in STAFF)
    communities.set_telephone(admin, TELEPHONE)
    grid = units.add_unit(admin, "第 1 网格", kind=UnitKind.GRID, parent_id=units.root_of(community.id).id)
    people = [_add(admin, grid, name, f"139000900{number}") for number, name in enumerate(NEIGHBOURS, start=11)]
    programme = programmes.create_programme(admin, "楼道清洁", terms=CLEANING).programme
    for days in (4, 3, 2):
        begins = town.until - timedelta(days=days) + timedelta(hours=9)
        plan = ActivityPlan(name="楼道清洁", place="2 号楼", starts_at=begins, ends_at=begins + LENGTH)
        planned = partial(activities.plan_activity, admin, programme.id, unit_id=grid.id, plan=plan)
        story.tell(begins - timedelta(hours=1), partial(_tell_morning, story, planned, admin, treasurer, people))
    story.tell(town.until - timedelta(hours=4), partial(_move, town, people[-1]))


def _add(admin: Actor, grid: PlaceUnit, name: str, phone: str) -> Member:
    member = members.add_member(admin, name, unit_id=grid.id, phone=phone)
    person_with(phone)
    return member


def _tell_morning(
    story: Story, planned: Callable[[], Activity], admin: Actor, treasurer: Actor, people: list[Member]
) -> None:
    activity = planned()
    for kind, moment in ((Kind.IN, activity.starts_at), (Kind.OUT, activity.ends_at)):
        for one in people:
            via = Via(member_id=one.id)
            story.tell(moment, partial(checkins.record_checkin, treasurer, activity.id, kind=kind, via=via))
    story.tell(activity.ends_at + timedelta(hours=1), partial(_stamp, admin, activity))


def _stamp(admin: Actor, activity: Activity) -> None:
    waiting = queue.list_checkins(admin, status=CheckinState.PENDING, activity_id=activity.id)
    stamps.stamp_checkins(admin, [view.checkin.id for view in waiting], decision=Decision.STAMP)


def _move(town: Town, member: Member) -> None:
    leaving.move_to(enter(member.community_id, member.person_id), town.community.id)
