"""Two weeks of daily feedback: some leaders give it each evening, staff answer in the morning, a few are excused."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.service import feedback, feedback_reading
from ledger.service.feedback import NOTHING, Given
from ledger.service.feedback_models import Category
from ledger.service.feedback_reading import Wanted

DAYS = 14
LEADERS = 12

SAID = (
    (Category.SAFETY, "地下车库的应急灯不亮。", "已报物业，明天换。"),
    (Category.ENVIRONMENT, "垃圾桶满了，边上堆了纸箱。", "保洁已经清走了。"),
    (Category.NEIGHBOURS, "楼上漏水，两家说不到一起。", "周三下午请两家到驿站坐坐。"),
    (Category.ELDERS, "独居的老人两天没下楼，敲门在家，腿疼。", "已联系社区医生上门。"),
    (Category.FACILITIES, "单元门的闭门器坏了。", "维修师傅周五来。"),
    (Category.OTHER, "有住户想学剪纸，问有没有课。", "下周六有亲子手工，欢迎来。"),
)
"""What is said, about what, and how it is answered."""


def tell_fortnight(town: Town, story: Story) -> None:
    """Each evening of the last two weeks, and the morning after; what was given last still waits."""
    actors = {resident.member_id: resident.actor for resident in town.residents}
    leaders = [
        (actors[member.id], post.unit_id)
        for post, member in grants.holders_of(town.community.id)
        if post.kind == PostKind.MICRO_GRID_LEADER
    ][:LEADERS]
    for back in range(DAYS, 0, -1):
        evening = town.until - timedelta(days=back, hours=-18)
        if evening > clock.now():
            story.tell(evening, partial(_give, town, leaders, back))
            story.tell(evening + timedelta(hours=15), partial(_answer, town))


def _give(town: Town, leaders: list[tuple[Actor, UUID]], back: int) -> None:
    """Most have nothing to report; now and then one is on leave or forgets."""
    today = clock.today()
    for number, (actor, unit_id) in enumerate(leaders):
        turn = (number * 5 + back) % 13
        if turn == 0:
            assert actor.member_id is not None, "a leader is a member"
            feedback.excuse_day(town.cast["admin"], member_id=actor.member_id, unit_id=unit_id, day=today)
        elif turn <= len(SAID):
            category, words, _ = SAID[turn - 1]
            feedback.give_feedback(actor, unit_id, today, Given(category, words))
        elif turn != 7:
            feedback.give_feedback(actor, unit_id, today, NOTHING)


def _answer(town: Town) -> None:
    """The coordinator answers in the own grid, then the admin what is left."""
    answers = {words: answer for _, words, answer in SAID}
    for staff in (town.cast["coordinator"], town.cast["admin"]):
        for view in feedback_reading.list_feedback(staff, status=Wanted.WAITING):
            if view.feedback.member_id not in staff.member_ids:
                feedback.answer_feedback(staff, view.feedback.id, answer=answers[view.feedback.words])
