"""The weeks of service: activities in every grid, people who come, some who forget to leave, stamps on Friday."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Event, Story
from api.commands.demo.town import Resident, Town
from ledger.core import clock
from ledger.core.errors import Refused
from ledger.core.tenancy import Actor
from ledger.service import activities, checkins, programmes, queue, sign_ups, stamps, undoing
from ledger.service.activities import ActivityPlan
from ledger.service.checkins import Kind, Via
from ledger.service.models import Activity, Basis, CheckinState, Decision
from ledger.service.programmes import RuleTerms

PATROL = RuleTerms(basis=Basis.PER_HOUR, points=5, rounding_minutes=15)
MEALS = RuleTerms(basis=Basis.PER_VISIT, points=8)
CRAFTS = RuleTerms(basis=Basis.PER_HOUR, points=4, rounding_minutes=10, max_points=10)
DOGS = RuleTerms(basis=Basis.PER_HOUR, points=5, max_points=8)
VISITS = RuleTerms(basis=Basis.PER_VISIT, points=6)
ROUNDS = RuleTerms(basis=Basis.PER_VISIT, points=5)

PROGRAMMES = (
    ("夜间巡逻", PATROL, 2, "穿好马甲，两人一组，沿楼栋走一圈。"),
    ("为老送餐", MEALS, 1, "到红色驿站取餐，送到门口，问一声好。"),
    ("亲子手工", CRAFTS, 2, "提前布置桌椅，收好剪刀。"),
    ("文明养犬劝导", DOGS, 2, "劝导时微笑、不争执。"),
    ("入户走访", VISITS, 1, "问需求、看安全、记下来。"),
    ("环境巡护", ROUNDS, 1, "随手捡拾垃圾，发现隐患拍照上报。"),
)
"""Name, rule, length in hours, what to do."""

DAYS_AND_HOURS = ((0, 19), (2, 10), (4, 9), (5, 9))
PEOPLE_AT_ONE = (5, 11)
FAVOURITES = (0, 1)
"""The demo volunteer comes to everything in these grids, so the wallet of `demo token volunteer` is never empty."""


def open_programmes(town: Town) -> None:
    for name, terms, _, _ in PROGRAMMES:
        town.programmes.append(programmes.create_programme(town.cast["admin"], name, terms=terms).programme.id)


def tell_week(town: Town, story: Story, monday: datetime) -> None:
    """A week's activities and its stamping are told to the story."""
    for grid in range(len(town.grids)):
        for day, hour in town.chance.sample(DAYS_AND_HOURS, 3):
            starts_at = monday + timedelta(days=day, hours=hour)
            story.tell(starts_at - timedelta(days=2), partial(_plan, town, story, grid, starts_at))
    for day, hour in ((2, 17), (4, 17)):
        story.tell(monday + timedelta(days=day, hours=hour), partial(stamp_what_waits, town))


def _plan(town: Town, story: Story, grid: int, starts_at: datetime) -> None:
    which = town.chance.randrange(len(PROGRAMMES))
    name, _, hours, instructions = PROGRAMMES[which]
    plan = ActivityPlan(
        name=f"{town.grids[grid].name} · {name}",
        place=f"{town.chance.randint(1, 9)} 号门",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        instructions=instructions,
    )
    unit = town.grids[grid]
    activity = activities.plan_activity(town.cast["admin"], town.programmes[which], unit_id=unit.id, plan=plan)
    if town.chance.random() < 0.04:
        story.tell(
            starts_at - timedelta(hours=20),
            partial(activities.cancel_activity, town.cast["admin"], activity.id, reason="天气不好"),
        )
        return
    people = _who_comes(town, grid)
    for resident in people:
        _tell_visit(town, story, activity, resident, grid)


def _who_comes(town: Town, grid: int) -> list[Resident]:
    near = [one for one in town.residents if one.grid == grid]
    people = town.chance.sample(near, min(len(near), town.chance.randint(*PEOPLE_AT_ONE)))
    main = next(one for one in town.residents if one.actor.person_id == town.cast["volunteer"].person_id)
    return [*people, main] if grid in FAVOURITES and main not in people else people


def _tell_visit(town: Town, story: Story, activity: Activity, resident: Resident, grid: int) -> None:
    """In around the start, out around the end; most are scanned by the coordinator, some scan the poster.

    A few forget altogether and enter their service days later: that takes two stampers.
    """
    chance = town.chance
    if chance.random() < 0.02:
        _tell_late_entry(story, activity, resident)
        return
    arrives = activity.starts_at + timedelta(minutes=chance.randint(-10, 12), seconds=chance.randint(0, 59))
    leaves = activity.ends_at - timedelta(minutes=chance.randint(-8, 15))
    scanned = chance.random() < 0.75 and resident.actor.person_id != town.coordinators[grid].person_id
    actor = town.coordinators[grid] if scanned else resident.actor
    via = Via(member_id=resident.member_id) if scanned else Via(poster_code=activity.poster_code)
    story.tell(arrives, partial(_record, actor, activity.id, Kind.IN, via))
    if chance.random() < 0.95:
        story.tell(leaves, partial(_record, actor, activity.id, Kind.OUT, via))


def _tell_late_entry(story: Story, activity: Activity, resident: Resident) -> None:
    length = activity.ends_at - activity.starts_at
    late = partial(
        checkins.record_checkin,
        resident.actor,
        activity.id,
        kind=Kind.IN,
        via=Via(poster_code=activity.poster_code),
        happened_at=activity.starts_at,
        minutes=int(length.total_seconds()) // 60,
    )
    story.tell(activity.ends_at + timedelta(days=1), partial(quietly, late))


def quietly(act: Event) -> None:
    """What the rules refuse is refused in a real week too, and life goes on."""
    with suppress(Refused):
        act()


def _record(actor: Actor, activity_id: UUID, kind: Kind, via: Via) -> None:
    """Overlaps and visits of people who went elsewhere happen."""
    quietly(partial(checkins.record_checkin, actor, activity_id, kind=kind, via=via))


def stamp_what_waits(town: Town) -> None:
    """Everything pending is stamped but for a few that are returned or void; now and then a stamp is undone."""
    _stamp_second(town)
    stamper = town.cast["stamper"]
    ids = _waiting(stamper, CheckinState.PENDING)
    set_aside = {checkin_id for checkin_id in ids if town.chance.random() < 0.03}
    decided = stamps.stamp_checkins(stamper, [one for one in ids if one not in set_aside], decision=Decision.STAMP)
    for n, checkin_id in enumerate(sorted(set_aside)):
        decision = Decision.RETURN if n % 2 else Decision.VOID
        stamps.stamp_checkins(stamper, [checkin_id], decision=decision, note="请补充说明" if n % 2 else "重复登记")
    done = [result.stamp_id for result in decided.results if result.stamp_id]
    if done and town.chance.random() < 0.3:
        undoing.undo_stamp(stamper, done[0])


def _stamp_second(town: Town) -> None:
    """What the stamper stamped first is seen by a second person, unless it came in only lately."""
    admin = town.cast["admin"]
    old = _waiting(admin, CheckinState.AWAITING_SECOND)[3:]
    if old:
        stamps.stamp_checkins(admin, old, decision=Decision.STAMP)


def _waiting(actor: Actor, state: CheckinState) -> list[UUID]:
    return [view.checkin.id for view in queue.list_checkins(actor, status=state, limit=200)]


def plan_days_ahead(town: Town, days: int) -> None:
    """From today on there is an activity open at every hour, for whoever tries the product."""
    today = clock.start_of_day(clock.today())
    for n in range(days):
        starts_at = today + timedelta(days=n)
        plan = ActivityPlan(
            name="小区环境巡护（全天）",
            place="社区服务中心门口",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=24),
            instructions=PROGRAMMES[-1][3],
        )
        activities.plan_activity(town.cast["admin"], town.programmes[-1], unit_id=town.root.id, plan=plan)


def sign_up_for_a_tea(town: Town) -> None:
    """Places and a line in every state, at an activity with few places."""
    starts_at = clock.start_of_day(clock.today()) + timedelta(days=5, hours=15)
    plan = ActivityPlan(
        name="邻里茶话会帮厨",
        place="红色驿站",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        instructions="洗杯子、摆点心、陪老人说话。",
        capacity=3,
    )
    admin = town.cast["admin"]
    tea = activities.plan_activity(admin, town.programmes[2], unit_id=town.root.id, plan=plan)
    crowd = town.residents[:7]
    rows = [sign_ups.sign_up(one.actor, tea.id) for one in crowd]
    sign_ups.cancel(crowd[0].actor, rows[0].id)  # Offered to the fourth, who takes it.
    sign_ups.confirm(crowd[3].actor, rows[3].id)
    sign_ups.cancel(crowd[1].actor, rows[1].id)  # Offered to the fifth, who does not answer …
    with clock.set_to(clock.now() + timedelta(hours=sign_ups.OFFERED_HOURS)):
        sign_ups.lapse_offers(tea.community_id, "")  # … so the sixth is asked, and the seventh waits.
