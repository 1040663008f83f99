"""Who acts for whom: links in every state, a neighbour who is taken along each week, notices read and unread."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.serving import quietly
from api.commands.demo.story import Story
from api.commands.demo.town import Town, enter
from ledger.core import clock
from ledger.people import helping, inbox, members, notice_delivery
from ledger.people.consents import give
from ledger.people.helping import Found
from ledger.people.helping_models import Relation
from ledger.people.models import Member, Purpose
from ledger.rewards import redemptions
from ledger.rewards.ways import ByPoster
from ledger.service import activities, checkins
from ledger.service.checkins import Kind, Via
from ledger.service.models import Activity, ActivityState

ELDER = "王桂兰"
"""The demo volunteer's aunt, who has no phone."""


def name_helpers(town: Town) -> None:
    """The volunteer acts for her aunt and has asked her daughter; another elder's helpers declined, or ended it."""
    lin = town.cast["volunteer"]
    aunt, other = _resident(town, ELDER), _resident(town, "赵玉珍")
    daughter, son, neighbour = (
        _resident(town, name, f"1390005000{n}") for n, name in enumerate(("林小燕", "赵立", "赵梅"), start=1)
    )
    assert lin.member_id is not None, "the volunteer is a member"
    helping.agree(lin, _register(town, aunt, lin.member_id, Relation.RELATIVE))
    named = Found(name=daughter.name, phone="13900050001")
    helping.name_helper(lin, lin.member_id, found=named, relation=Relation.CHILD)
    for helper, agrees in ((son, True), (neighbour, False)):
        link_id = _register(town, other, helper.id, Relation.CHILD)
        actor = enter(town.community.id, helper.person_id)
        if agrees:
            helping.agree(actor, link_id)
        helping.end_help(actor, link_id)
    town.cast["volunteer"] = enter(town.community.id, lin.person_id)
    town.helped = aunt.id


def _register(town: Town, member: Member, helper_id: UUID, relation: Relation) -> UUID:
    """The community registers the helper as the member said in person."""
    note = "在家中当面同意，社区两人在场"
    return helping.name_helper(
        town.cast["admin"], member.id, found=Found(helper_id), relation=relation, note=note, is_in_presence=True
    ).id


def _resident(town: Town, name: str, phone: str | None = None) -> Member:
    member = members.add_member(town.cast["admin"], name, unit_id=town.micro_grids[0].id, phone=phone)
    give(member.person_id, [Purpose.SERVICE])
    return member


def tell_week(town: Town, story: Story, monday: datetime) -> None:
    """The volunteer takes her aunt along once a week, and on Sunday brings her something from the first shop."""
    story.tell(monday + timedelta(days=2, hours=9), partial(_take_along, town, story))
    story.tell(monday + timedelta(days=6, hours=10), partial(quietly, partial(_bring, town)))


def tell_last_days(town: Town, story: Story) -> None:
    """Two notices are read; two slips are handed over, the rest waits for the next visit."""
    story.tell(town.until - timedelta(hours=5), partial(_read_and_hand_over, town))


def _take_along(town: Town, story: Story) -> None:
    now = clock.now()
    found = activities.list_activities(town.cast["volunteer"], since=now, until=now + timedelta(days=4), limit=200)
    near = [view.activity for view in found if view.activity.unit_id == town.grids[0].id]
    planned = sorted((one for one in near if one.state == ActivityState.PLANNED), key=_start)
    for activity in planned[:1]:
        for moment, kind in ((activity.starts_at, Kind.IN), (activity.ends_at, Kind.OUT)):
            story.tell(moment, partial(quietly, partial(_record, town, activity.id, activity.poster_code, kind)))


def _start(activity: Activity) -> datetime:
    return activity.starts_at


def _record(town: Town, activity_id: UUID, poster_code: str, kind: Kind) -> None:
    via = Via(poster_code=poster_code)
    checkins.record_checkin(town.cast["volunteer"], activity_id, kind=kind, via=via, on_behalf_of=town.helped)


def _bring(town: Town) -> None:
    lin, counter = town.cast["volunteer"], town.counters[0]
    offer_id, _ = min(counter.offers, key=lambda offer: offer[1])
    reserved = redemptions.reserve(lin, offer_id, way=ByPoster(counter.poster_code), on_behalf_of=town.helped)
    redemptions.confirm(lin, reserved.id)


def _read_and_hand_over(town: Town) -> None:
    lin, admin = town.cast["volunteer"], town.cast["admin"]
    for seen in inbox.list_notices(lin)[-2:]:
        inbox.read_notice(lin, seen.notice.id)
    waiting = notice_delivery.list_paper_notices(admin)[-2:]
    notice_delivery.hand_over(admin, [one.notice.id for one in waiting])
