"""Volunteers object to what was recorded of them: answered, withdrawn, waiting and overdue."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core.tenancy import Actor
from ledger.service import objections, queue
from ledger.service.models import Checkin, CheckinState
from ledger.service.objection_models import Grievance, Objection, Outcome

LOOKED_AT = 100
"""Among so many of the newest visits those are found to which somebody objects."""


def tell_objections(town: Town, story: Story) -> None:
    """In the last days of the story; the oldest has waited longer than it should."""
    last = town.until
    story.tell(last - timedelta(days=10), partial(_wait, town, Grievance.MINUTES, "签退时忘了扫码，实际待到结束"))
    story.tell(last - timedelta(days=2, hours=5), partial(_answer, town))
    story.tell(last - timedelta(days=1, hours=8), partial(_withdraw, town))
    story.tell(last - timedelta(hours=9), partial(_wait, town, Grievance.POINTS, "同组的人都是 10 朵"))
    story.tell(last - timedelta(hours=8), partial(_answer_volunteer, town))


def _wait(town: Town, reason: Grievance, words: str) -> None:
    _raise(town, reason, words)


def _answer(town: Town) -> None:
    """One record stays, of another something was put right."""
    answers = ((Outcome.KEPT, "签到码是活动结束后扫的，以现场记录为准"), (Outcome.CHANGED, "核对了照片，已撤销重盖"))
    for outcome, words in answers:
        raised = _raise(town, Grievance.MINUTES, "")
        if raised is not None:
            objections.answer_objection(town.cast["admin"], raised[1].id, outcome, answer=words)


def _withdraw(town: Town) -> None:
    raised = _raise(town, Grievance.OTHER, "活动名字写错了")
    if raised is not None:
        objections.withdraw_objection(raised[0], raised[1].id)


def _answer_volunteer(town: Town) -> None:
    """The demo volunteer reads an answer under one of their services."""
    volunteer = town.cast["volunteer"]
    raised = _raise(town, Grievance.POINTS, "我算的是多两朵", of=volunteer)
    if raised is not None:
        objections.answer_objection(
            town.cast["admin"], raised[1].id, Outcome.KEPT, answer="按 15 分钟取整，规则写在项目里"
        )


def _raise(town: Town, reason: Grievance, words: str, *, of: Actor | None = None) -> tuple[Actor, Objection] | None:
    """Somebody objects to the newest stamped visit that nobody has objected to; in the first days there may be none."""
    people = {one.member_id: one.actor for one in town.residents}
    seen = of or town.cast["admin"]
    for view in queue.list_checkins(seen, status=CheckinState.STAMPED, limit=LOOKED_AT):
        whose = people.get(view.checkin.member_id)
        if whose is not None and _is_untouched(town, view.checkin):
            return whose, objections.raise_objection(whose, view.checkin.id, reason, words=words)
    return None


def _is_untouched(town: Town, visit: Checkin) -> bool:
    """Nobody has objected to it, and the admin, who answers, had no hand in it."""
    admin = town.cast["admin"]
    if objections.objections_to(admin, visit.id) or visit.member_id == admin.member_id:
        return False
    return not any(map(admin.is_person, (visit.recorded_by, visit.closed_by)))
