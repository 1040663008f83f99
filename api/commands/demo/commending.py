"""The year's commendations in every state, and the branch secretary's two lists."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core import clock
from ledger.people.models import PostKind
from ledger.recognition import commendation_reading, commendations, freezing, priority_lists
from ledger.recognition.announcing import answer_objection, object_publicly
from ledger.recognition.candidates import Terms
from ledger.recognition.commendation_models import Commendation, PoliticalStatus, PriorityList, SubjectKind

BEGINS = timedelta(days=11)
"""So long before the end the lists are announced: five working days are over by then, but for long holidays."""

MOST_NAMED = 8

ADDRESS = "192.0.2.7"
"""An address that is nobody's: who objected had not signed in."""


def tell_commendations(town: Town, story: Story) -> None:
    """Published, frozen and announced ones, one that takes names, a draft, and one that is not held."""
    story.tell(town.until - BEGINS, partial(_begin, town, story))
    story.tell(town.until - timedelta(days=1, hours=11), partial(_keep_lists, town))


def _begin(town: Town, story: Story) -> None:
    published = _announced(town, SubjectKind.VOLUNTEER, "年度优秀志愿者", Terms(visits=1), bonus_points=20)
    frozen = _announced(town, SubjectKind.SHOP, "年度爱心商户", Terms(visits=1))
    shown = _announced(town, SubjectKind.VOLUNTEER, "年度优秀单元管家", Terms(visits=1, post=PostKind.UNIT_STEWARD))
    _named(town, _opened(town, SubjectKind.VOLUNTEER, "年度新星", Terms(visits=1, proven_percent=50)))
    _draft(town, SubjectKind.TEAM, "年度优秀服务队", Terms(hours=10))
    commendations.drop_commendation(
        town.cast["admin"], _draft(town, SubjectKind.VOLUNTEER, "季度之星", Terms(visits=5)).id
    )
    for row, publishes in ((published, True), (frozen, False)):
        if row is not None:
            story.tell(town.until - timedelta(days=1, hours=12), partial(_end, town, row.id, publishes=publishes))
    if shown is not None:
        story.tell(town.until - timedelta(days=6), partial(_object, town, shown.id))


def _draft(town: Town, kind: SubjectKind, title: str, terms: Terms, *, bonus_points: int = 0) -> Commendation:
    return commendations.draft_commendation(
        town.cast["admin"],
        year=clock.today().year,
        kind=kind,
        title=title,
        terms=terms,
        most=MOST_NAMED,
        bonus_points=bonus_points,
    )


def _opened(town: Town, kind: SubjectKind, title: str, terms: Terms, *, bonus_points: int = 0) -> Commendation:
    row = _draft(town, kind, title, terms, bonus_points=bonus_points)
    return commendations.open_commendation(town.cast["admin"], row.id)


def _named(town: Town, row: Commendation) -> list[UUID]:
    """The stamper names residents (shops); nobody who reviews, nor their household."""
    stamper, residents = town.cast["stamper"], {one.member_id for one in town.residents}
    found = commendation_reading.nominees(stamper, row.id)
    if row.kind == SubjectKind.VOLUNTEER:
        found = [one for one in found if one.subject_id in residents]
    chosen = [one.subject_id for one in found[:MOST_NAMED]]
    return [commendations.nominate(stamper, row.id, one, reason="常年坚持，邻里都认可").id for one in chosen]


def _announced(
    town: Town, kind: SubjectKind, title: str, terms: Terms, *, bonus_points: int = 0
) -> Commendation | None:
    """Named, reviewed by two and announced; None (it stays open) where nobody could be named yet."""
    row = _opened(town, kind, title, terms, bonus_points=bonus_points)
    named = _named(town, row)
    for number, nomination_id in enumerate(named):
        for reviewer in ("supervisor", "street"):
            is_for = number == 0 or number % 4 != 3
            commendations.review(
                town.cast[reviewer], row.id, nomination_id, is_for=is_for, note="看过记录" if is_for else "明年再看"
            )
    return commendations.announce(town.cast["admin"], row.id) if named else None


def _object(town: Town, commendation_id: UUID) -> None:
    """Of two objections one is answered and one waits, if the announcement still runs."""
    view = commendation_reading.see_commendation(town.community.id, None, commendation_id)
    if not view.is_announced_now:
        return
    about = view.names[-1].nomination.id
    first = object_publicly(
        town.community.id, None, commendation_id, nomination_id=about, words="他的时长好像记多了", address=ADDRESS
    )
    resident = town.residents[-1].actor
    object_publicly(town.community.id, resident, commendation_id, words="三号楼的管家也该评上", address=ADDRESS)
    answer = "核对过服务记录，时长无误"
    answer_objection(town.cast["admin"], commendation_id, first.id, is_upheld=False, answer=answer)


def _end(town: Town, commendation_id: UUID, *, publishes: bool) -> None:
    """Frozen, and perhaps published; in a long holiday the announcement simply goes on."""
    view = commendation_reading.see_commendation(town.community.id, None, commendation_id)
    if view.is_announced_now:
        return
    freezing.freeze(town.cast["admin"], commendation_id)
    if publishes:
        freezing.publish(town.cast["supervisor"], commendation_id)


def _keep_lists(town: Town) -> None:
    """Two on the lists, one of them with both facts; a third was taken off again."""
    secretary = town.cast["secretary"]
    first, second, third = (one.member_id for one in town.residents[-4:-1])
    priority_lists.put_on_list(secretary, PriorityList.COMMUNITY_RESERVE, first, note="会组织，邻居信任")
    priority_lists.put_on_list(
        secretary,
        PriorityList.PARTY_APPLICANTS,
        second,
        note="主动承担夜间巡逻",
        birth_year=1997,
        political_status=PoliticalStatus.LEAGUE_MEMBER,
        is_agreed=True,
    )
    entry = priority_lists.put_on_list(secretary, PriorityList.COMMUNITY_RESERVE, third, note="")
    priority_lists.take_off_list(secretary, entry.id)
