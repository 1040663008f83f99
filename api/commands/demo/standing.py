"""Services of every day in the first micro-grids: plates at doors, leaders who go round, notes; and one series."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.serving import quietly
from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.service import activities, changing, checkins, plates, series, standing, visit_notes
from ledger.service.activities import ActivityPlan
from ledger.service.changing import Change
from ledger.service.checkins import Kind, Via
from ledger.service.models import NO_END, Activity, ActivityKind, FollowUp, NoteCategory, Plate
from ledger.service.series import Every, Repeats
from ledger.service.standing import Daily
from ledger.service.visit_notes import VisitNote

MICRO_GRIDS = 3
DAYS = 4
DAILY = Daily(opens_minute=8 * 60, closes_minute=20 * 60)

NOTES = (
    VisitNote(NoteCategory.ALL_WELL),
    VisitNote(NoteCategory.ELDERS, "老人一个人住，买菜不方便。", "请送餐队周一上门问一问。"),
    VisitNote(NoteCategory.REPAIRS, "楼道灯不亮。", "报给物业。"),
    VisitNote(NoteCategory.SAFETY, "门口堆着纸箱。"),
)


def tell_last_days(town: Town, story: Story) -> None:
    """In the last days of the story leaders go from door to door; some follow-ups are done, some wait."""
    opens = town.until - timedelta(days=DAYS + 1)
    if opens > clock.now():
        story.tell(opens + timedelta(hours=10), partial(_open_all, town, story))


def _open_all(town: Town, story: Story) -> None:
    leaders = {
        post.unit_id: member.id
        for post, member in grants.holders_of(town.community.id)
        if post.kind == PostKind.MICRO_GRID_LEADER
    }
    actors = {resident.member_id: resident.actor for resident in town.residents}
    for number, part in enumerate(town.micro_grids[:MICRO_GRIDS]):
        service = _open(town, part.id, f"{part.name} · 每日走访")
        doors = plates.add_plates_below(town.cast["admin"], service.id)
        leader = actors.get(leaders.get(part.id, part.id))
        if leader is not None and len(doors) > 1:
            _tell_rounds(town, story, leader, service, doors, number)
    story.tell(town.until - timedelta(hours=5), partial(_follow_up, town))
    _end_one(town)


def _open(town: Town, unit_id: UUID, name: str) -> Activity:
    plan = ActivityPlan(
        name=name, place="微网格内", instructions="问需求、看安全、记下来。", starts_at=NO_END, ends_at=NO_END
    )
    programme = town.programmes[4]
    return standing.open_standing(town.cast["admin"], programme, unit_id=unit_id, plan=plan, daily=DAILY)


def _tell_rounds(town: Town, story: Story, leader: Actor, service: Activity, doors: list[Plate], number: int) -> None:
    """Two doors a day; the second of the last day is left without a check-out."""
    for day in range(1, DAYS + 1):
        begins = clock.start_of_day(clock.today() + timedelta(days=day)) + timedelta(hours=9, minutes=7 * number)
        for place, plate in enumerate((doors[day % len(doors)], doors[(day + 1) % len(doors)])):
            arrives = begins + timedelta(minutes=25 * place)
            scan = partial(checkins.record_checkin, leader, service.id, via=Via(plate_code=plate.code))
            story.tell(arrives, partial(quietly, partial(scan, kind=Kind.IN)))
            if day < DAYS or place == 0:
                note = NOTES[(day + place + number) % len(NOTES)]
                story.tell(arrives + timedelta(minutes=12), partial(quietly, partial(scan, kind=Kind.OUT, note=note)))


def _follow_up(town: Town) -> None:
    """The coordinator's part is done but for the newest; a plate was torn off and taken out of use."""
    admin = town.cast["admin"]
    for one in visit_notes.list_notes(admin, follow_up=FollowUp.OPEN)[2:]:
        visit_notes.close_follow_up(admin, one.checkin.id)
    hanging = plates.list_plates(admin, limit=1)
    if hanging:
        plates.retire_plate(admin, hanging[0].plate.id)


def _end_one(town: Town) -> None:
    """One that nobody took up is ended the day it began."""
    service = _open(town, town.grids[-1].id, f"{town.grids[-1].name} · 晨间值守")
    standing.end_standing(town.cast["admin"], service.id, reason="并入夜间巡逻")


def plan_series(town: Town) -> None:
    """Every Saturday for six weeks, the third one cancelled, the fourth elsewhere; and days ahead that differ."""
    today = clock.today()
    first = clock.start_of_day(today + timedelta(days=5 - today.weekday() if today.weekday() < 5 else 7))
    starts_at = first + timedelta(hours=9, minutes=30)
    plan = ActivityPlan(
        name="周末亲子手工", place="红色驿站", starts_at=starts_at, ends_at=starts_at + timedelta(hours=2),
        instructions="提前布置桌椅，收好剪刀。",
    )  # fmt: skip
    repeats = Repeats(every=Every.WEEK, until=clock.local_day(starts_at) + timedelta(days=35))
    admin = town.cast["admin"]
    dates = series.plan_series(admin, town.programmes[2], unit_id=town.root.id, plan=plan, repeats=repeats)
    activities.cancel_activity(admin, dates[2].id, reason="驿站检修")
    changing.change_activity(admin, dates[3].id, change=Change(place="社区活动室", capacity=12))
    _change_days(town)


def _change_days(town: Town) -> None:
    """One service of every day is closed on one day ahead and opens later on the next."""
    admin = town.cast["admin"]
    found = [one.activity for one in activities.list_activities(admin, limit=200)]
    service = next((one for one in found if one.kind is ActivityKind.STANDING and one.until is None), None)
    if service is None:
        return
    off, later = (clock.today() + timedelta(days=days) for days in (3, 4))
    changing.cancel_day(admin, service.id, day=off, reason="消防演练")
    opens = clock.start_of_day(later) + timedelta(hours=10)
    changing.change_activity(admin, service.id, day=later, change=Change(starts_at=opens))
